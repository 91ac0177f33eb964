"""Every endpoint is as its description says, whatever schemathesis makes of that description and sends.

Two walks over the same document: one with no proof of who is sending, which leaves nothing behind, and one where each
request is rightly signed once it is made, so that what it holds comes to what reads it. What the description forbids is
sent as well.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from starlette.routing import compile_path
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from clique_app import clock
from clique_app.database import store_session
from clique_app.sandbox.default_store import DOMAIN
from clique_app.settings import settings
from clique_app.tables import Member
from tests.integration.stores import make_store
from tests.kit.every_table import rows

if TYPE_CHECKING:
    from tests.kit.proofs import Proofs

# schemathesis draws a little from Python's own random numbers, which hypothesis seeds
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
OWNER = 7
RECORDS = ("review", "ugc", "referral", "loyalty_member", "social_day")
WRITTEN = {  # what signed requests may change
    "inbox_event", "page_event", "visitor_waiting", "imported_file", "survey_response", "connect_ticket",
    "metric_change", *RECORDS,
}  # fmt: skip


@pytest.fixture
def store_id(app_env: None, monkeypatch: pytest.MonkeyPatch) -> int:
    from clique_app.endpoints import connect, files, ingest, survey

    for module in (connect, files, ingest, survey):  # all come from one address here
        for limit in ("CALLS_PER_WINDOW", "UPLOADS_PER_WINDOW", "CALLS_OF_ADDRESS", "CALLS_OF_LINK"):
            monkeypatch.setattr(module, limit, 10**6, raising=False)
    monkeypatch.setenv("COLLECTOR_EVENTS_PER_SECOND", "100000")
    settings.cache_clear()
    made, now = make_store(DOMAIN), clock.now()
    with store_session(made) as session:
        session.add(Member(store_id=made, user_id=OWNER, role="owner", first_seen_at=now, last_seen_at=now))
    return made


@pytest.fixture
def app(store_id: int, tmp_path: Path) -> ASGIApp:
    from tests.kit.whole_app import whole_app

    return whole_app(tmp_path)


@pytest.fixture
def proofs(store_id: int) -> Proofs:
    from tests.kit.proofs import Proofs

    return Proofs(store_id, DOMAIN)


def test_the_description_names_what_the_product_serves_and_nothing_else() -> None:
    from tests.kit.openapi import ENDPOINTS, registered

    served = registered()
    raw = {label.removeprefix("* ") for label in served if label.startswith("* ")}
    told = {label for label in ENDPOINTS if label.partition(" ")[2] not in raw}
    assert told == {label for label in served if not label.startswith("* ")}
    assert raw == {label.partition(" ")[2] for label in set(ENDPOINTS) - told}


def test_a_method_that_is_not_described_is_refused_with_those_that_are(app: ASGIApp) -> None:
    from tests.kit.openapi import document

    client = TestClient(app, follow_redirects=False)
    told = {path: {method.upper() for method in methods} for path, methods in document()["paths"].items()}
    for path, own in told.items():
        address = path.replace("{", "any-").replace("}", "")
        known = set().union(*(methods for one, methods in told.items() if compile_path(one)[0].match(address)))
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - known:
            answer = client.request(method, address)
            assert answer.status_code == 405, (method, path)
            assert {*answer.headers["allow"].split(", ")} - {"HEAD"} == own, (method, path)


def test_what_nobody_signed_is_refused_and_leaves_nothing(app: ASGIApp, proofs: Proofs) -> None:
    from tests.kit.described_walk import walk

    before = rows()
    answers = walk(app, lambda label: None)
    for label, got in answers.items():
        least = min(answer.status_code for answer in got)
        assert least >= 400 if proofs.of(label) else least < 400, label
    assert rows() == before


def test_what_is_signed_is_taken_in_whole_or_not_at_all(app: ASGIApp, proofs: Proofs) -> None:
    from tests.kit.described_walk import walk
    from tests.kit.openapi import ENDPOINTS
    from tests.kit.proofs import body_of

    before = rows()
    answers = walk(app, proofs.of)
    taken = {label: [one for one in got if one.status_code < 400] for label, got in answers.items()}
    assert {label for label in ENDPOINTS if not taken[label]} == {"GET /auth/shopify/callback"}  # its codes are made up
    assert all(len({one.status_code for one in got}) > 1 for label, got in answers.items() if ENDPOINTS[label].takes)

    def sent(label: str) -> list[tuple[Any, bytes]]:
        return [(one.request.headers, body_of(one.request)) for one in taken[label]]

    def delivery(headers: Any) -> str:
        family = "X-Shopify" if "X-Shopify-Hmac-SHA256" in headers else "Shopify"
        return headers[f"{family}-Webhook-Id"]

    deliveries = {("shopify", delivery(headers)) for headers, _ in sent("POST /webhooks/shopify")}
    for _, body in sent("POST /webhooks/meta"):
        changes = sum(len(entry["changes"]) for entry in json.loads(body)["entry"])
        deliveries |= {("meta", f"{sha256(body).hexdigest()}/{number}") for number in range(changes)}
    beacons = [json.loads(body) for _, body in sent("POST /collect")]
    counts = [one.json() for one in taken["POST /ingest/{kind}"]]
    with psycopg.connect(settings().database_url) as connection:

        def found(statement: Any) -> list[tuple[Any, ...]]:
            return connection.execute(statement).fetchall()

        assert set(found("select source, delivery_id from inbox_event")) == deliveries
        assert found("select count(*) from page_event") == [
            (len({(b["visitor"], b["id"] + b["kind"]) for b in beacons}),)
        ]
        assert found("select file_id from imported_file") == [(taken["POST /files"][-1].json()["file_id"],)]
        assert found("select count(*) from survey_response") == [(1,)]  # all had the same link
    after = rows()
    assert sum(after[table][0] for table in RECORDS) == sum(one["new"] for one in counts)
    assert {table for table in after if after[table] != before[table]} <= WRITTEN
