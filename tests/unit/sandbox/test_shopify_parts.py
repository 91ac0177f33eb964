"""Laws of the Shopify emulator's pure parts: search, cursors, points, ids, signatures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from clique_app.sandbox.shopify.cost import BUCKET_SIZE, Bucket, page_weight
from clique_app.sandbox.shopify.listing import Listing, page_of
from clique_app.sandbox.shopify.oauth import signature_of
from clique_app.sandbox.shopify.search import Searchable, search_for
from clique_app.sandbox.shopify.values import level_gid, parse_gid

BERLIN = ZoneInfo("Europe/Berlin")
FIELDS = {
    "created_at": Searchable("time", lambda x: x.at),
    "id": Searchable("number", lambda x: x.id),
    "status": Searchable("word", lambda x: x.status),
    "test": Searchable("flag", lambda x: x.test),
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = SimpleNamespace(at=NOON, id=7, status="open", test=False)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("created_at:>='2026-03-01T12:00:00Z'", True),
        ("created_at:>'2026-03-01T12:00:00Z'", False),
        ("created_at:2026-03-01", True),
        ("created_at:<2026-03-01", False),
        ("created_at:>=2026-03-01 created_at:<2026-03-02 id:7", True),
        ("id:8 OR (status:any AND test:false)", True),
        ("-status:open", False),
        ("NOT test:true", True),
        ("id:gid://shopify/Order/7", True),
    ],
)
def test_a_search_finds_what_it_says(query: str, found: bool) -> None:
    assert search_for(query, FIELDS, BERLIN).matches(ROW) is found


@pytest.mark.parametrize("query", ["created_at:yesterday", "nope:1", "(id:7", "just words"])
def test_a_search_that_is_not_understood_is_refused(query: str) -> None:
    with pytest.raises(GraphQLError):
        search_for(query, FIELDS, BERLIN).matches(ROW)


@given(st.sets(st.integers(0, 200)), st.integers(1, 9), st.booleans(), st.integers(0, 200))
def test_pages_stay_whole_when_something_is_inserted_meanwhile(
    ids: set[int], size: int, reverse: bool, late: int
) -> None:
    seen: list[int] = []
    args: dict[str, object] = {"first": size}
    present = set(ids)
    while True:
        page = page_of(Listing(sorted(present), lambda x: (0, x), reverse), args)
        seen += [edge.node for edge in page.edges]
        present.add(late)
        if not page.has_next:
            break
        args["after"] = page.edges[-1].cursor
    assert len(seen) == len(set(seen))
    assert ids <= set(seen)


@given(st.lists(st.tuples(st.integers(0, 1000), st.floats(0, 30)), max_size=30))
def test_a_bucket_never_holds_more_than_its_size_nor_less_than_nothing(
    takes: list[tuple[int, float]],
) -> None:
    bucket, now = Bucket(), 0.0
    for cost, seconds in takes:
        now += seconds
        before = bucket.points
        taken = bucket.take(cost, now)
        assert 0 <= bucket.points <= BUCKET_SIZE
        assert taken or cost > before


def test_page_weights_are_those_that_were_fitted() -> None:
    sizes = (1, 2, 3, 5, 10, 20, 50, 100, 200, 250)
    assert [page_weight(n) for n in sizes] == [1, 1, 2, 3, 4, 5, 7, 9, 10, 11]


def test_an_inventory_levels_id_names_its_item() -> None:
    parsed = parse_gid(level_gid(5, 9))
    assert parsed is not None
    assert (parsed.kind, parsed.number, parsed.inventory_item_id) == ("InventoryLevel", 5, 9)


def test_the_callbacks_signature_does_not_depend_on_the_order_of_its_fields() -> None:
    one = signature_of({"shop": "a&b", "code": "x%"}, "s")
    assert one == signature_of({"code": "x%", "shop": "a&b"}, "s")
    assert one != signature_of({"code": "x", "shop": "a&b"}, "s")


def test_the_lower_bound_of_a_search_is_known_only_where_it_holds_alone() -> None:
    assert search_for("created_at:>='2026-03-01T12:00:00Z'", FIELDS, BERLIN).since("created_at") == NOON
    assert search_for("id:1 OR created_at:>2026-03-01", FIELDS, BERLIN).since("created_at") is None
    later = NOON + timedelta(days=1)
    query = f"created_at:>='{NOON.isoformat()}' created_at:>='{later.isoformat()}'"
    assert search_for(query, FIELDS, BERLIN).since("created_at") == later
