"""The registry of where customers are held, against the tables; and how a person is recognised."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.errors import InvalidInput
from clique_app.keeping.personal_data import DELIVERIES, HELD, NO_CUSTOMERS, Held, Person, asked_of
from clique_app.tables import METADATA

EVERY = (*HELD, DELIVERIES)
TELLING = re.compile(
    r"customer|buyer|e_?mail|phone|postal|zip$|address|first_name|last_name|ip_|order_id|landing_path|payload"
)
PERSON = Person(7200000000001, "ann@example.com", "+1 (207) 555-0134", bytes(range(32)), (6100000000001,))


def test_every_table_is_placed_once() -> None:
    placed = [entry.table for entry in EVERY] + list(NO_CUSTOMERS)
    assert sorted(placed) == sorted(set(placed))
    assert set(placed) == set(METADATA.tables), "place new tables in keeping/personal_data.py"


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.table)
def test_every_column_of_a_table_that_holds_customers_is_placed_once(entry: Held) -> None:
    placed = [*entry.redacted, *entry.kept.split()]
    assert sorted(placed) == sorted(set(placed))
    assert set(placed) == set(METADATA.tables[entry.table].columns.keys()) - {"store_id"}


@pytest.mark.parametrize("table", NO_CUSTOMERS)
def test_no_other_table_has_a_column_that_sounds_like_a_customer(table: str) -> None:
    sounding = {name for name in METADATA.tables[table].columns.keys() if TELLING.search(name)}  # noqa: SIM118
    assert not sounding, "it belongs into HELD"


@pytest.mark.parametrize(
    "text",
    [
        "7200000000001",
        "gid://shopify/Customer/7200000000001",
        '{"id":7200000000001}',
        "order 6100000000001.",
        "ANN@example.com",
        "to ann@example.com.",
        "<ann@example.com>",
        "+1 (207) 555-0134",
        "12075550134",
        bytes(range(32)).hex(),
    ],
)
def test_a_person_is_recognised_however_named(text: str) -> None:
    assert PERSON.is_in(text)
    assert PERSON.is_in_payload(json.dumps({"note": text}).encode())


@pytest.mark.parametrize(
    "text", ["", "17200000000001", "72000000000010", "jo-ann@example.com", "ann@example.com-shop.org", "207555013"]
)
def test_another_person_is_not(text: str) -> None:
    assert not PERSON.is_in(text)


def test_a_body_is_read_through_its_escapes_and_whatever_it_is() -> None:
    zoe = Person(1, "zoë@example.com")
    assert zoe.is_in_payload(b'{"email": "zo\\u00eb@example.com"}')
    assert zoe.is_in_payload("not json zoë@example.com".encode())
    assert not zoe.is_in_payload(b"\xff\xfe[[[[")
    assert not zoe.is_in_payload(b"[" * 100_000)


@given(st.text(max_size=40), st.text(max_size=40), st.binary(max_size=40))
def test_whatever_the_names_are_the_pattern_holds(email: str, phone: str, hashed: bytes) -> None:
    person = Person(7200000000001, email, phone, hashed)
    assert person.is_in("7200000000001")
    assert not person.is_in("0")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(("customer", "orders_requested", "orders_to_redact", "data_request")),
        JSON | st.fixed_dictionaries({"id": JSON, "email": JSON, "phone": JSON}),
    )
)
def test_whatever_is_asked_names_somebody_or_is_refused(payload: dict[str, object]) -> None:
    try:
        asked = asked_of(payload)
    except InvalidInput:
        return
    assert 0 < asked["customer_id"] < 2**63
    assert all(isinstance(order, int) for order in asked["orders"])
    assert "\0" not in asked["email"] + asked["phone"]
    json.dumps(asked)
