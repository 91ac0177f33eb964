"""In whatever order what was read of stock is written, repeated and cut, the levels are those that were read last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clique_app.database import store_session
from clique_app.sync.inventory_service import write_inventory
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")
START = datetime(2026, 3, 2, 17, tzinfo=UTC)


def zulu(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def level(place: int, available: int, changed: int) -> dict[str, Any]:
    address = {"countryCode": "DE", "province": None}
    location = {"id": f"gid://shopify/Location/{place}", "name": f"At {place}", "isActive": True, "address": address}
    quantities = [{"name": "available", "quantity": available}]
    return {"location": location, "updatedAt": zulu(changed), "quantities": quantities}


@st.composite
def life(draw: st.DrawFn, item: int) -> list[dict[str, Any]]:
    """What is read of an item, one time after the other: of its changes the item itself does not tell."""
    places: dict[int, dict[str, Any]] = {}
    found: list[dict[str, Any]] = []
    for minute in range(1, draw(st.integers(2, 5))):
        place = draw(st.integers(1, 3))
        if draw(st.booleans()):
            places = {**places, place: level(place, draw(st.integers(0, 9)), 2 * minute)}
        else:
            places = {key: held for key, held in places.items() if key != place}
        found.append(
            {"id": f"gid://shopify/InventoryItem/{item}", "updatedAt": zulu(0), "unitCost": None,
             "inventoryLevels": list(places.values()), "readAt": zulu(2 * minute + 1)}
        )  # fmt: skip
    return found


def deliver(store_id: int, *records: dict[str, Any]) -> None:
    with store_session(store_id) as session:
        written = write_inventory(session, store_id, list(records))
        assert written.read == written.written + sum(written.skipped.values())


def dump(database_url: str, store_id: int) -> list[Any]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "select inventory_item_id, location_id, available, updated_at from inventory_level "
            "where store_id = %s order by 1, 2",
            (store_id,),
        ).fetchall()


@settings(max_examples=30)
@given(st.tuples(life(1), life(2)), st.data())
def test_stock_that_is_written_in_any_order_is_as_it_was_read_last(
    database_url: str, lives: tuple[list[dict[str, Any]], ...], data: st.DataObject
) -> None:
    at_once = make_store(f"stock-once-{id(lives)}.myshopify.com")
    deliver(at_once, *(states[-1] for states in lives))
    anyhow = make_store(f"stock-anyhow-{id(lives)}.myshopify.com")
    everything = [state for states in lives for state in states]
    rest = data.draw(st.permutations([*everything, *data.draw(st.lists(st.sampled_from(everything), max_size=4))]))
    while rest:
        size = data.draw(st.integers(1, 3))
        deliver(anyhow, *rest[:size])
        rest = rest[size:]
    assert dump(database_url, anyhow) == dump(database_url, at_once)
