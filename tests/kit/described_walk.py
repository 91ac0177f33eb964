"""Sends what schemathesis makes of the description: the least and most of each part, what is forbidden, and chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, core
from hypothesis import settings as examples
from hypothesis.internal import entropy
from hypothesis.internal.conjecture import engine
from hypothesis.strategies._internal import collections
from hypothesis.strategies._internal import core as strategies
from requests import PreparedRequest
from starlette.types import ASGIApp

from tests.kit.openapi import ENDPOINTS, document

with (
    pytest.MonkeyPatch.context() as kept
):  # it changes hypothesis for the whole process: no test would tell what failed
    for module, name in (
        (core, "RepresentationPrinter"),
        (core, "BUFFER_SIZE"),
        (engine, "BUFFER_SIZE"),
        (collections, "BUFFER_SIZE"),
        (strategies, "is_first_param_referenced_in_function"),
        (entropy, "register_random"),
    ):
        kept.setattr(module, name, getattr(module, name))
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.result import Ok
    from schemathesis.core.transport import Response
    from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

WALK = examples(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

Sign = Callable[[PreparedRequest], PreparedRequest]
Answers = dict[str, list[Response]]  # of each endpoint


def walk(app: ASGIApp, sign_of: Callable[[str], Sign | None]) -> Answers:
    """What every endpoint answered, all of it as described."""
    described = schemathesis.openapi.from_dict(document())
    described.app = app
    answers: Answers = defaultdict(list)

    @WALK
    def send(case: schemathesis.Case) -> None:
        label = case.operation.label
        answer = case.call(auth=sign_of(label), allow_redirects=False)
        case.validate_response(answer, checks=CHECKS)
        if answer.request.method == case.operation.method.upper():
            assert ENDPOINTS[label].answers[answer.status_code] or not answer.content, "a body that is not described"
            answers[label].append(answer)

    for found in described.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        config = HypothesisTestConfig(project=described.config, modes=list(HypothesisTestMode))
        create_test(operation=operation, test_func=send, config=config)()
    assert set(answers) == set(ENDPOINTS)
    return answers
