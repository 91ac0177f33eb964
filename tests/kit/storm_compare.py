"""Whether the orders here are Shopify's: all of them read again and written, to see what would change; nothing is."""

from __future__ import annotations

from typing import Any

from clique_app.connections import service
from clique_app.connections.access import access
from clique_app.database import store_session, system_session
from clique_app.integrations.shopify import documents, reads
from clique_app.integrations.shopify.values import number
from clique_app.sync import reading
from clique_app.sync.orders_service import write_orders
from tests.kit.storm import SHOP


class Kept(Exception):
    """Ends a transaction without its changes."""


def differences() -> dict[str, int]:
    """How many of Shopify's orders differ from the rows here, how many are not here, and how many there are."""
    with system_session() as session:
        store_id = service.find_store(session, SHOP)
    assert store_id is not None
    client = reading.client(access(store_id, "shopify"))
    records: list[dict[str, Any]] = []
    for chunk in reads.exported(client, documents.ORDERS, "", {}):
        records += chunk.records
    found = {number(record["id"]) for record in records}
    changed = 0
    try:
        with store_session(store_id) as session:
            here = {i for (i,) in session.connection().exec_driver_sql("select order_id from shop_order")}
            changed = write_orders(session, store_id, records).written
            raise Kept
    except Kept:
        pass
    return {"different": changed - len(found - here), "missing": len(found - here), "source": len(found)}
