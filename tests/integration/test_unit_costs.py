"""What goods cost: sales at the cost of their day, and what comes back at the cost it was sold with."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from clique_app.database import store_session
from clique_app.integrations.shopify.mapping import CostRow
from clique_app.metrics import grouping_service, periods
from clique_app.sync.costs_service import write_costs
from clique_app.sync.orders_service import write_orders
from tests.integration.stores import make_store
from tests.unit.integrations.shopify_records import agreement, sale
from tests.unit.integrations.shopify_records import order as shopify_order

pytestmark = pytest.mark.usefixtures("database_env")


def cost_from(store_id: int, at: str, cost: str) -> None:
    with store_session(store_id) as session:
        write_costs(session, store_id, [CostRow(100, Decimal(cost), datetime.fromisoformat(at))])


def costs_by_day(store_id: int) -> dict[str, Decimal]:
    with store_session(store_id) as session:
        asked = periods.between("2026-03-01", "2026-03-31")
        rows = grouping_service.grouped(session, store_id, ["cost_of_goods"], asked, "day").rows
        return {
            row.member: row.figures["cost_of_goods"].value or Decimal(0)
            for row in rows
            if row.figures["cost_of_goods"].value
        }


@pytest.mark.parametrize("costs_first", [True, False])
def test_what_comes_back_is_taken_off_at_the_cost_it_was_booked_with(costs_first: bool) -> None:
    store_id = make_store()
    with store_session(store_id) as session:
        for statement in (
            "insert into product (store_id, product_id, title, handle, product_type, vendor, status, active,"
            " updated_at) values (:s, 10, 'Candle', 'candle', '', '', 'ACTIVE', true, now())",
            "insert into variant (store_id, variant_id, product_id, inventory_item_id, title, sku, price, tracked,"
            " backorder, active) values (:s, 100, 10, 100, '', 'A1', 20, true, false, true)",
        ):
            session.execute(text(statement), {"s": store_id})
    sold = agreement("ORDER", "2026-03-02T17:00:00Z", sale(1, "60.0", quantity=3))
    back = agreement("REFUND", "2026-03-20T17:00:00Z", sale(2, "-40.0", action="RETURN", quantity=-2))
    more = agreement("ORDER_EDIT", "2026-03-20T18:00:00Z", sale(3, "20.0", line=2))  # another line, sold on that day

    def ordered() -> None:
        lines = [shopify_order(1)["lineItems"][0] | {"id": f"gid://shopify/LineItem/{n}"} for n in (1, 2)]
        with store_session(store_id) as session:
            write_orders(session, store_id, [shopify_order(1, sold, back, more, lineItems=lines)])

    if not costs_first:
        ordered()
    cost_from(store_id, "2026-03-01T12:00:00Z", "8.00")
    cost_from(store_id, "2026-03-10T12:00:00Z", "9.10")
    if costs_first:
        ordered()
    assert costs_by_day(store_id) == {"2026-03-02": 24, "2026-03-20": Decimal("-6.90")}  # -2 x 8.00 + 9.10
