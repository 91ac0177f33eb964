"""A store with a Klaviyo account in the platform sandbox, connected as a person does it, and what it should come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clique_app import clock
from clique_app.connections import ad_accounts_service, klaviyo_service, service
from clique_app.database import store_session
from clique_app.endpoints.connect import ROUTES
from clique_app.integrations.shopify.mapping import email_hmac
from clique_app.settings import settings
from clique_app.sync.customers_service import email_key
from clique_app.sync.email_service import KlaviyoEmail
from clique_app.sync.source import Kind
from clique_app.tables import Connection, Customer, SyncRun
from tasks import runs
from tests.conftest import Sandbox
from tests.integration.channels.accounts import follow_clock
from tests.integration.stores import make_store

USER = 77
ZONE = "America/New_York"


@dataclass
class Letters:
    """The store, and the sandbox's hand on its account."""

    sandbox: Sandbox
    patch: pytest.MonkeyPatch
    shop: str
    store_id: int

    # what a person does

    def log_in(self, choice: str = "allow") -> str:
        """Through Klaviyo's consent and back; where the browser lands."""
        browser = TestClient(Starlette(routes=list(ROUTES)), base_url=settings().shopify_app_url)
        with store_session(self.store_id) as session:
            begin = ad_accounts_service.start(session, self.store_id, "klaviyo", USER)
        dialog = browser.get(begin, follow_redirects=False).headers["location"]
        with httpx.Client(trust_env=False) as person:
            sent = person.post(dialog, data={"choice": choice, "account": self.shop})
            back = urlsplit(sent.headers["location"])
        return browser.get(f"{back.path}?{back.query}", follow_redirects=False).headers["location"]

    def key(self) -> str:
        return self.sandbox.control("GET", "klaviyo/key", params={"shop": self.shop})["key"]

    def use_key(self, key: str = "") -> None:
        text = key or self.key()
        with store_session(self.store_id) as session:
            klaviyo_service.connect_with_key(session, self.store_id, text, USER)

    # what happens

    def fault(self, name: str, times: int | None = 1, **match: str) -> None:
        spec = {"platform": "klaviyo", "fault": name, "times": times, "match": match}
        self.sandbox.control("POST", "faults", json=spec)

    def limits(self, **given: int | None) -> None:
        self.sandbox.control("POST", "klaviyo/limits", json={"shop": self.shop, **given})

    def advance(self, **span: float) -> None:
        """Time passes, there and here."""
        self.sandbox.control("POST", "clock", json={"advance_seconds": timedelta(**span).total_seconds()})
        follow_clock(self.sandbox, self.patch)

    def sync(self, kind: Kind) -> SyncRun:
        """One reading, from where an unfinished one stopped."""
        run = runs.Run(KlaviyoEmail(), self.store_id)
        run.begin(kind)
        run.go()
        return self.log()[-1]

    def calls(self, how: str = "answered") -> int:
        return self.sandbox.control("GET", "klaviyo/calls", params={"shop": self.shop})[how]

    # what is here, and what should be

    def log(self) -> list[SyncRun]:
        with store_session(self.store_id) as session:
            return list(session.scalars(sa.select(SyncRun).order_by(sa.text("run_id"))))

    def connection(self) -> Connection:
        with store_session(self.store_id) as session:
            return session.get_one(Connection, (self.store_id, "klaviyo"))

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with store_session(self.store_id) as session:
            return [tuple(row) for row in session.connection().execute(sa.text(query), values)]

    def truth(self, days: int) -> dict[str, Any]:
        today = clock.today(ZONE)
        asked = {"shop": self.shop, "from": str(today - timedelta(days=days)), "to": str(today - timedelta(days=1))}
        return self.sandbox.control("GET", "klaviyo/truth", params=asked)

    def assert_true(self, days: int) -> None:
        """Every day of the last days that is over is what Klaviyo says, of each campaign and flow, and of each list."""
        true, today = self.truth(days), clock.today(ZONE)
        span = {"first": today - timedelta(days=days), "last": today - timedelta(days=1)}
        found = self.rows(
            "select d.day || '/' || p.platform_id, sum(recipients), sum(delivered), sum(unique_opens),"
            " sum(unique_clicks), sum(unsubscribes), sum(reported_orders), sum(reported_revenue) from email_day d"
            " join email_program p using (store_id, program_id) where day between :first and :last group by 1",
            **span,
        )
        ours = {key: [*map(int, counts), revenue] for key, *counts, revenue in found}
        theirs = {key: [*counts, Decimal(cents) / 100] for key, (*counts, cents) in true["by_day"].items()}
        assert len(theirs) > days
        assert ours == theirs
        joined = self.rows(
            "select day, list_name, signups from email_signup_day where day between :first and :last", **span
        )
        assert {(str(day), name): count for day, name, count in joined} == {
            (day, name): count for day, lists in true["signups"].items() for name, count in lists.items() if count
        }

    def expected(self) -> dict[bytes, tuple[Decimal, Decimal]]:
        """By the hash of the address, of those who are customers here."""
        key = email_key(self.store_id)
        return {
            email_hmac(email, key): (Decimal(str(clv)), Decimal(str(churn)))
            for email, (clv, churn) in self.truth(1)["predictions"].items()
        }

    def predictions(self) -> dict[bytes, tuple[Decimal, Decimal]]:
        found = self.rows("select email_hmac, expected_clv, churn_probability from profile_prediction")
        return {bytes(hashed): (clv, churn) for hashed, clv, churn in found}


def make_letters(sandbox: Sandbox, patch: pytest.MonkeyPatch, number: int, *, since_days: int = 130) -> Letters:
    """A fresh store with buyers, who are customers here, and orders since so many days."""
    shop, now = f"letters-{number}.myshopify.com", clock.now()
    orders = [
        {
            "processed_at": (now - timedelta(days=since_days - 9 * n)).isoformat(),
            "customer": f"buyer{n % 5}",
            "lines": [{"sku": "A1", "quantity": 1}],
        }
        for n in range(12)
    ]
    candle = {"title": "Amber candle", "sku": "A1", "price": "20.00", "stock": 99}
    sandbox.control("POST", "stores", json={"shop": shop, "products": [candle], "orders": orders})
    store_id = make_store(shop)
    made = Letters(sandbox, patch, shop, store_id)
    made.limits(a_minute=None, a_day=None)
    with store_session(store_id) as session:
        service.seen(session, store_id, USER)
        for number, hashed in enumerate(list(made.expected())[:-1]):  # the last buyer is not here yet
            session.add(Customer(store_id=store_id, customer_id=number + 1, email_hmac=hashed))
    return made
