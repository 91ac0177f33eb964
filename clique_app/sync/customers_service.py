"""Shopify customers into the tables, with as little of the person as joins need."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from clique_app.integrations.shopify import documents, mapping, reads
from clique_app.integrations.shopify.mapping import CustomerRow
from clique_app.settings import settings
from clique_app.sync import reading
from clique_app.sync.source import Access, Aside, Batch, Plan, Written
from clique_app.sync.staging_service import cursor, stage

CUSTOMER_COLUMNS = (
    "customer_id bigint", "created_at timestamptz", "updated_at timestamptz", "email_hmac bytea", "country text",
    "region text", "postal_code text",
)  # fmt: skip

UPSERT_CUSTOMERS = """
insert into customer as c
  (store_id, customer_id, created_at, updated_at, email_hmac, country, region, postal_code)
select %(store)s, customer_id, created_at, updated_at, email_hmac, country, region, postal_code
from stage_customer order by customer_id
on conflict (store_id, customer_id) do update set
  created_at = excluded.created_at, updated_at = excluded.updated_at, email_hmac = excluded.email_hmac,
  country = excluded.country, region = excluded.region, postal_code = excluded.postal_code
where (c.created_at, c.updated_at, c.email_hmac, c.country, c.region, c.postal_code)
      is distinct from (excluded.created_at, excluded.updated_at, excluded.email_hmac, excluded.country,
                        excluded.region, excluded.postal_code)
  and (c.updated_at is null or c.updated_at <= excluded.updated_at)
returning customer_id
"""
DELETE = """
delete from customer c where c.store_id = %(store)s and c.customer_id = any(%(gone)s)
  and not exists (select from shop_order o where o.store_id = %(store)s and o.customer_id = c.customer_id)
"""
# what a plan should have brought
KEPT = """
select customer_id from customer where store_id = %(store)s and updated_at is not null
  and (%(since)s::timestamptz is null or updated_at >= %(since)s)
  and (%(until)s::timestamptz is null
       or case when %(since)s::timestamptz is null then created_at else updated_at end < %(until)s)
"""


class ShopifyCustomers:
    """The source of customers."""

    key = "shopify_customers"
    label = "Shopify customers"
    channel = "shopify"
    tables: tuple[str, ...] = ("customer",)
    cadence = "Webhooks, hourly catch-up"
    stale_after = timedelta(hours=6)

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        return reading.batches(access, plan, documents.CUSTOMERS, reading.updated_since(plan), "Customers")

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        return write_customers(session, store_id, batch.records)

    def source_count(self, access: Access, plan: Plan) -> int | None:
        search = reading.before(plan, reading.updated_since(plan), "customer_date")
        return reads.count(reading.client(access), documents.CUSTOMERS, search)

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        with cursor(session) as run:
            row = run.execute(f"select count(*) from ({KEPT}) kept", _kept(store_id, plan)).fetchone()  # noqa: S608
            return row[0] if row else 0

    def kept_ids(self, session: Session, store_id: int, plan: Plan) -> list[int]:
        """Without those that are only known from an order so far."""
        with cursor(session) as run:
            return [customer_id for (customer_id,) in run.execute(KEPT, _kept(store_id, plan))]

    def aside(self, access: Access, plan: Plan, ids: list[int]) -> Aside:
        return reading.aside(access, plan, documents.CUSTOMERS, ids)


def _kept(store_id: int, plan: Plan) -> dict[str, Any]:
    return {"store": store_id, "since": reading.since(plan), "until": reading.until(plan)}


def fetch_customers(access: Access, ids: list[int]) -> list[dict[str, Any]]:
    """Customers by id, as write_customers takes them."""
    return reads.by_ids(reading.client(access), documents.CUSTOMERS, ids)


def write_customers(session: Session, store_id: int, records: list[dict[str, Any]]) -> Written:
    """Bring customers to the state of these records."""
    key = email_key(store_id)
    newest: dict[int, CustomerRow] = {}
    for record in records:
        row = mapping.customer(record, key)
        known = newest.get(row.customer_id)
        if known is None or known.updated_at <= row.updated_at:
            newest[row.customer_id] = row
    if not newest:
        return Written(len(records), 0)
    stage(session, "stage_customer", CUSTOMER_COLUMNS, newest.values())
    with cursor(session) as run:
        changed = len(run.execute(UPSERT_CUSTOMERS, {"store": store_id}).fetchall())
    same = len(records) - changed
    return Written(len(records), changed, {"unchanged": same} if same else {})


def delete_customers(session: Session, store_id: int, gone: Collection[int]) -> int:
    """Forget customers that were deleted in Shopify. Who has orders here stays: the orders were a customer's."""
    with cursor(session) as run:
        return run.execute(DELETE, {"store": store_id, "gone": list(gone)}).rowcount


def email_key(store_id: int) -> bytes:
    """The key of a store's e-mail hashes: the same address is not to be recognised across stores."""
    secret = settings().session_secret.get_secret_value().encode()
    return hmac.new(secret, f"customer e-mail of store {store_id}".encode(), sha256).digest()
