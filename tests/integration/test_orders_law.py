"""However the same orders are delivered and imported (repeated, reordered, interleaved, cut), the rows are the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clique_app.attribution import service as attribution
from clique_app.database import store_session
from clique_app.sync import order_rows
from clique_app.sync.orders_service import write_lines, write_orders
from tests.integration.stores import make_store
from tests.unit.integrations.shopify_records import agreement, line, order, sale

pytestmark = pytest.mark.usefixtures("database_env")
ZONE = "America/New_York"
PLACED = datetime(2026, 3, 2, 17, tzinfo=UTC)
plans = st.sampled_from([None, None, {"name": "Every month"}])
TABLES = {
    "shop_order": "true",
    "order_line": "true",
    "sale_entry": "true",
    "touch": "true",
    "credit": "true",
    # who is no buyer of any order in its last state keeps a bare row
    "customer": "exists (select from shop_order o where (o.store_id, o.customer_id) = (t.store_id, t.customer_id))",
}


def zulu(hours: int) -> str:
    return (PLACED + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@st.composite
def life(draw: st.DrawFn, number: int) -> list[dict[str, Any]]:
    """The states an order goes through, each as Shopify would give it then."""
    placed = draw(st.integers(0, 72))
    lines = [
        line(number * 10 + n, title=draw(st.text(max_size=5)), sellingPlan=draw(plans))
        for n in range(draw(st.integers(1, 3)))
    ]
    first = [sale(number * 100 + n, "20.0", "1.5", draw(st.sampled_from(["0.0", "2.5"])), line=number * 10 + n)
             for n in range(len(lines))]  # fmt: skip
    visits = [
        {"id": f"gid://shopify/CustomerVisit/{number * 10 + n}", "occurredAt": zulu(placed - draw(st.integers(1, 300))),
         "landingPage": f"https://x.com/?utm_source={draw(st.sampled_from(['facebook', 'google', 'klaviyo']))}"}
        for n in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    state: dict[str, Any] = {
        "processedAt": zulu(placed),
        "test": draw(st.sampled_from([False, False, False, True])),
        "customer": {"id": f"gid://shopify/Customer/{draw(st.integers(1, 3))}"},
        "lineItems": lines,
        "customerJourneySummary": {"ready": False},
    }
    agreements = [agreement("ORDER", zulu(placed), *first)]
    states = [order(number, *agreements, **state)]
    for step in range(1, draw(st.integers(1, 4))):
        at = zulu(placed + 10 * step)
        match draw(st.sampled_from(["ready", "refund", "edit", "cancel", "buyer", "ship"])):
            case "ready":  # without being updated
                state |= {"customerJourneySummary": {"ready": True}, "moments": visits}
                states.append(order(number, *agreements, **state))
                continue
            case "refund":
                back = sale(number * 100 + 20 + step, "-20.0", "-1.5", action="RETURN", quantity=1, line=number * 10)
                agreements = [*agreements, agreement("REFUND", at, back)]
            case "edit":
                more = sale(number * 100 + 30 + step, "9.0", line=number * 10 + 5)
                agreements = [*agreements, agreement("ORDER_EDIT", at, more)]
                state |= {"lineItems": [*lines, line(number * 10 + 5)]}
            case "cancel":
                state |= {"cancelledAt": at}
            case "buyer":
                state |= {"customer": draw(st.sampled_from([None, {"id": "gid://shopify/Customer/4"}]))}
            case "ship":
                place = {"id": "gid://shopify/Location/5"}
                state |= {
                    "fulfillments": [{"createdAt": at, "status": "SUCCESS", "deliveredAt": None, "location": place}]
                }
        state |= {"updatedAt": at}
        states.append(order(number, *agreements, **state))
    return states


lives = st.integers(1, 4).flatmap(lambda count: st.tuples(*(life(number) for number in range(1, count + 1))))


def dump(database_url: str, store_id: int) -> dict[str, list[Any]]:
    with psycopg.connect(database_url) as connection:
        return {
            table: [
                row
                for (row,) in connection.execute(  # pyright: ignore[reportCallIssue]
                    f"select to_jsonb(t) - 'store_id' from {table} t where store_id = {store_id} and {among} "  # pyright: ignore[reportArgumentType]
                    "order by (to_jsonb(t) - 'store_id')::text"
                )
            ]
            for table, among in TABLES.items()
        }


class Cut(Exception):
    """The process died before the commit."""


def deliver(store_id: int, records: list[dict[str, Any]], *, as_import: bool, cut: bool) -> None:
    try:
        with store_session(store_id) as session:
            if as_import:
                written = write_lines(session, store_id, [order_rows.of(record, ZONE) for record in records])
            else:
                written = write_orders(session, store_id, records)
            attribution.credit_orders(session, store_id, list(written.order_ids))
            assert written.read == written.written + sum(written.skipped.values())
            if cut:
                raise Cut
    except Cut:
        pass


@settings(max_examples=30)
@given(lives, st.data())
def test_any_deliveries_that_end_with_the_last_states_give_the_same_rows(
    database_url: str, lives: tuple[list[dict[str, Any]], ...], data: st.DataObject
) -> None:
    at_once = make_store(f"once-{id(lives)}.myshopify.com")
    deliver(at_once, [states[-1] for states in lives], as_import=True, cut=False)
    anyhow = make_store(f"anyhow-{id(lives)}.myshopify.com")
    everything = [state for states in lives for state in states]
    again = data.draw(st.lists(st.sampled_from(everything), max_size=6))
    rest = data.draw(st.permutations([*everything, *again]))
    while rest:
        size = data.draw(st.integers(1, 5))
        batch, as_import = rest[:size], data.draw(st.booleans())
        if data.draw(st.booleans()):
            deliver(anyhow, batch, as_import=as_import, cut=True)
        deliver(anyhow, batch, as_import=as_import, cut=False)
        rest = rest[size:]
    assert dump(database_url, anyhow) == dump(database_url, at_once)
