"""Stores and small sources for tests of the runner and the drain."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from clique_app import clock
from clique_app.connections import service
from clique_app.database import store_session, system_session
from clique_app.integrations.channels import Grant
from clique_app.integrations.shopify.reads import ShopFacts
from clique_app.integrations.shopify.scopes import REQUIRED_SCOPES
from clique_app.sync.source import Access, Batch, Plan, Written
from clique_app.tables import ConnectedAccount


def make_store(shop_domain: str = "one.myshopify.com", *, expires_at: datetime | None = None) -> int:
    """An installed, connected store."""
    with system_session() as session:
        store_id = service.make_store(session, shop_domain)
    grant = Grant("shpat_first", "shprt_first", expires_at or clock.now() + timedelta(hours=1))
    facts = ShopFacts(shop_domain, "One", "USD", "America/New_York", "US", REQUIRED_SCOPES)
    with store_session(store_id) as session:
        service.install(session, store_id, grant, facts)
    return store_id


def use_ad_account(session: Session, store_id: int, account_id: str = "1", **stated: Any) -> None:
    """A connected Meta ad account."""
    terms = {"name": f"Account {account_id}", "currency": "USD", "time_zone": "America/New_York", **stated}
    values = {"store_id": store_id, "channel": "meta", "account_id": account_id, "chosen_at": clock.now(), **terms}
    session.add(ConnectedAccount.model_validate(values))


class CustomerSource:
    """A source of `total` customers, some at a time; each row says when it was written."""

    key, label, channel, cadence = "paced", "Paced", "shopify", "never"
    tables: tuple[str, ...] = ("customer",)
    stale_after = timedelta(hours=1)

    def __init__(self, total: int, batch: int = 10, pause: float = 0.0, claims: int | None = None) -> None:
        self.total, self.batch, self.pause = total, batch, pause
        self.claims = total if claims is None else claims
        self.positions: list[dict[str, Any]] = []

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        self.positions.append(dict(plan.position))
        for start in range(plan.position.get("next", 0), self.total, self.batch):
            end = min(start + self.batch, self.total)
            time.sleep(self.pause)
            records = [{"id": i} for i in range(start, end)]
            yield Batch(records, {"next": end}, f"Customers, {end:,} of {self.total:,}", self.total)

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        for record in batch.records:
            session.execute(
                sa.text(
                    "insert into customer (store_id, customer_id, country, region, postal_code)"
                    " values (:store, :id, '', '', '1') on conflict (store_id, customer_id)"
                    " do update set postal_code = (customer.postal_code::int + 1)::text"
                ),
                {"store": store_id, "id": record["id"]},
            )
        return Written(len(batch.records), len(batch.records))

    def source_count(self, access: Access, plan: Plan) -> int | None:
        return self.claims

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        found = session.scalar(sa.text("select count(*) from customer where store_id = :store"), {"store": store_id})
        return int(found or 0)
