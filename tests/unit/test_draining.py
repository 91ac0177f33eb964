"""What is read next of what webhooks hinted at: laws that hold for any queue."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from clique_app.errors import InvalidInput
from clique_app.sync.draining import CHANGED_TOGETHER, NEW_TOGETHER, Hinted, next_together
from clique_app.sync.topics import TOPICS, object_in, object_of_event, topic_of_event

hinted = st.builds(
    Hinted,
    kind=st.sampled_from(["order", "product", "customer"]),
    object_id=st.integers(1, 400),
    number=st.integers(1, 10_000),
    attempts=st.sampled_from([0, 0, 0, 1, 9]),
)
queues = st.lists(hinted, max_size=300, unique_by=(lambda one: (one.kind, one.object_id), lambda one: one.number))


def key(one: Hinted) -> tuple[str, int]:
    return one.kind, one.object_id


@given(
    queues, st.sets(st.tuples(st.sampled_from(["order", "product", "customer"]), st.integers(1, 400))), st.booleans()
)
def test_a_batch_is_of_one_kind_and_what_failed_goes_alone(queue, missing, changes) -> None:
    batch = next_together(queue, missing, changes=changes)
    assert len({one.kind for one in batch}) <= 1
    assert len(batch) == 1 or not any(one.attempts for one in batch)
    assert len(batch) <= CHANGED_TOGETHER


@given(queues, st.sets(st.tuples(st.sampled_from(["order", "product", "customer"]), st.integers(1, 400))))
def test_what_is_not_here_yet_comes_before_any_change_and_the_oldest_of_it_first(queue, missing) -> None:
    new = [one for one in queue if key(one) in missing and not one.attempts]
    batch = next_together(queue, missing)
    if new:
        assert {key(one) for one in batch} <= missing
        assert min(new, key=lambda one: one.number) == batch[0]
        assert len(batch) <= NEW_TOGETHER
    assert bool(batch) == bool(queue)


@given(queues)
def test_taken_again_and_again_everything_has_its_turn_and_the_oldest_is_never_passed_over(queue) -> None:
    left, taken = list(queue), []
    while batch := next_together(left, set()):
        assert min(left, key=lambda one: one.number) in batch
        taken += batch
        left = [one for one in left if one not in batch]
    assert sorted(taken, key=key) == sorted(queue, key=key)


@given(queues)
def test_while_changes_rest_only_what_is_missing_is_read(queue) -> None:
    assert next_together(queue, set(), changes=False) == []


@given(st.binary(max_size=40) | st.integers(-5, 2**70).map(lambda i: b'{"id": %d, "order_id": %d}' % (i, i)))
def test_any_body_names_an_object_or_is_refused(body: bytes) -> None:
    for topic in TOPICS.values():
        with contextlib.suppress(InvalidInput):
            assert 0 < object_in(topic, body) < 2**63


@given(st.sampled_from(sorted(TOPICS)), st.integers(1, 2**63 - 1), st.booleans(), st.sampled_from([None, 2]))
def test_the_object_is_found_wherever_its_id_stands(name: str, object_id: int, first: bool, indent: int | None) -> None:
    topic = TOPICS[name]
    fields: list[tuple[str, object]] = [(topic.field, object_id), ("note", 'a "quoted" {text}'), ("lines", [{"id": 5}])]
    body = json.dumps(dict(fields if first else reversed(fields)), indent=indent).encode()
    assert object_in(topic, body) == object_id


@given(st.text(), st.text())
def test_an_event_s_resource_is_an_id_or_refused(name: str, resource: str) -> None:
    topic_of_event(name, "update")
    for topic in TOPICS.values():
        with contextlib.suppress(InvalidInput):
            assert object_of_event(topic, resource) > 0
