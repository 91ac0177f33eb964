"""A store with two ad accounts at one platform, connected as a person does it, and what they should come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clique_app import clock
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.database import store_session
from clique_app.endpoints.connect import ROUTES
from clique_app.integrations.registry import ad_channel
from clique_app.settings import settings
from clique_app.sync.ads_service import AdsSource
from clique_app.sync.source import Kind
from clique_app.tables import Connection, Product, SyncRun
from tasks import runs
from tests.conftest import Sandbox
from tests.integration.stores import make_store
from tests.kit.plain_http import PLAIN_HTTP

USER = 77
NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
LONGEST_TEST = timedelta(minutes=10)


@dataclass
class Ads:
    """The store, its accounts at a platform, and the sandbox's hand on both."""

    sandbox: Sandbox
    patch: pytest.MonkeyPatch
    shop: str
    store_id: int
    main: str
    second: str
    channel: str = "meta"

    # what a person does

    def connect(self, *account_ids: str) -> None:
        """Through the dialog and back with two tickets; then the choice of accounts."""
        browser = TestClient(Starlette(routes=list(ROUTES)), base_url=settings().shopify_app_url)
        with store_session(self.store_id) as session:
            begin = ad_accounts.start(session, self.store_id, self.channel, USER)
        dialog = browser.get(begin, follow_redirects=False).headers["location"]
        back = urlsplit(PLAIN_HTTP.post(dialog, data={"choice": "continue"}).headers["location"])
        landed = browser.get(f"{back.path}?{back.query}", follow_redirects=False).headers["location"]
        assert landed.endswith(f"connected={self.channel}"), landed
        self.choose(*(account_ids or (self.main, self.second)))

    def choose(self, *account_ids: str) -> None:
        with store_session(self.store_id) as session:
            ad_accounts.choose(session, self.store_id, self.channel, account_ids, USER)

    # what happens

    def fault(self, name: str, times: int | None = 1, **match: str) -> None:
        spec = {"platform": self.channel, "fault": name, "times": times, "match": match}
        self.sandbox.control("POST", "faults", json=spec)

    def advance(self, **span: float) -> None:
        """Time passes, there and here."""
        self.sandbox.control("POST", "clock", json={"advance_seconds": timedelta(**span).total_seconds()})
        follow_clock(self.sandbox, self.patch)
        self.keep_off_midnight()

    def keep_off_midnight(self) -> None:
        """No day may end between a reading and what is said of it: the day that was not over would be one that is."""
        soon = clock.now() + LONGEST_TEST
        if any(clock.day_of(soon, zone) != clock.today(zone) for zone in (NEW_YORK, BERLIN)):
            self.advance(seconds=LONGEST_TEST.total_seconds())

    def sync(self, kind: Kind) -> SyncRun:
        """One reading, from where an unfinished one stopped."""
        run = runs.Run(AdsSource(ad_channel(self.channel)), self.store_id)
        run.begin(kind)
        run.go()
        return self.last_run()

    # what is here, and what should be

    def last_run(self) -> SyncRun:
        return self.log()[-1]

    def log(self) -> list[SyncRun]:
        with store_session(self.store_id) as session:
            return list(session.scalars(sa.select(SyncRun).order_by(sa.text("run_id"))))

    def connection(self) -> Connection:
        with store_session(self.store_id) as session:
            return session.get_one(Connection, (self.store_id, self.channel))

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with store_session(self.store_id) as session:
            return [tuple(row) for row in session.connection().execute(sa.text(query), values)]

    def kept(self, account_id: str, first: date) -> dict[str, dict[str, Any]]:
        """Our days of an account that are over, without those on which nothing is left."""
        found = self.rows(
            "select d.day, sum(d.spend), sum(d.impressions), sum(d.reported_conversions) from ad_day d"
            " join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id"
            " where c.account_id = :account and d.day between :first and :last"
            " group by 1 having sum(d.spend) <> 0 or sum(d.impressions) <> 0",
            account=account_id, first=first, last=self.yesterday(account_id),
        )  # fmt: skip
        return {
            day.isoformat(): {"spend": spend, "impressions": shown, "purchases": int(bought)}
            for day, spend, shown, bought in found
        }

    def truth(self, account_id: str, first: date) -> dict[str, dict[str, Any]]:
        asked = {"account": account_id, "from": str(first), "to": str(self.yesterday(account_id))}
        by_day = self.sandbox.control("GET", f"{self.channel}/truth", params=asked)["by_day"]
        return {day: {**one, "spend": Decimal(one["spend"])} for day, one in by_day.items()}

    def regions(self, account_id: str, first: date) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        """Spend by campaign, country and region: ours, and the truth."""
        last = self.yesterday(account_id)
        found = self.rows(
            "select c.platform_id || '/' || d.country || '/' || d.region, sum(d.spend) from campaign_region_day d"
            " join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id"
            " where c.account_id = :account and d.day between :first and :last group by 1",
            account=account_id, first=first, last=last,
        )  # fmt: skip
        asked = {"account": account_id, "from": str(first), "to": str(last)}
        true = self.sandbox.control("GET", f"{self.channel}/truth", params=asked)["by_region"]
        return dict(cast(Any, found)), {key: Decimal(spend) for key, spend in true.items()}

    def zone(self, account_id: str) -> str:
        return NEW_YORK if account_id.split("@")[0] == self.main else BERLIN  # below a manager it is named after it

    def yesterday(self, account_id: str) -> date:
        return clock.today(self.zone(account_id)) - timedelta(days=1)

    def assert_true(self, days: int, accounts: Iterable[str] = ()) -> None:
        """Every day and region of the last days is what the platform says."""
        for account_id in accounts or (self.main, self.second):
            first = clock.today(self.zone(account_id)) - timedelta(days=days)
            true = self.truth(account_id, first)
            assert len(true) >= days - 1
            assert self.kept(account_id, first) == true
            ours, theirs = self.regions(account_id, first)
            assert {key: spend for key, spend in ours.items() if spend} == theirs


def make_ads(
    sandbox: Sandbox, patch: pytest.MonkeyPatch, number: int, *, since_days: int = 120, channel: str = "meta"
) -> Ads:
    """A fresh store with two ad accounts, one of them in another currency and time zone."""
    shop, main, second = f"ads-{number}.myshopify.com", f"70000{number:04d}1", f"70000{number:04d}2"
    since = str(clock.now().date() - timedelta(days=since_days))
    carousel = {"name": "Carousel", "since": since, "daily_budget": "20.00", "cards": ["A1", "B1", "B1"]}
    book = {
        "shop": shop,
        "products": [
            {"title": "Amber candle", "sku": "A1", "price": "20.00", "stock": 9},
            {"title": "Birch candle", "sku": "B1", "price": "30.00", "stock": 9},
        ],
        "orders": [],
        "ad_accounts": [
            {
                "id": main,
                "channel": channel,
                "name": "Main",
                "campaigns": [
                    {"name": "Always on", "since": since, "daily_budget": "90.00", "ads": 2, "sku": "A1"},
                    {**carousel, "countries": ["US", "CA"]},
                ],
            },
            {
                "id": second,
                "channel": channel,
                "name": "Zweites",
                "currency": "EUR",
                "time_zone": BERLIN,
                "campaigns": [{"name": "Katalog", "since": since, "daily_budget": "15.00", "catalogue": ["A1", "B1"]}],
            },
        ],
    }
    sandbox.control("POST", "stores", json=book)
    store_id = make_store(shop)
    with store_session(store_id) as session:
        for product_id, handle in ((501, "amber-candle"), (502, "birch-candle")):
            session.add(
                Product(
                    store_id=store_id, product_id=product_id, title=handle, handle=handle, updated_at=clock.now()
                )
            )  # fmt: skip
    made = Ads(sandbox, patch, shop, store_id, main, second, channel)
    made.keep_off_midnight()
    return made


def at_meta(session: Session, store_id: int) -> ad_accounts.Overview:
    return next(one for one in ad_accounts.connections(session, store_id) if one.channel == "meta")


def follow_clock(sandbox: Sandbox, patch: pytest.MonkeyPatch) -> None:
    """Here it is as late as in the sandbox."""
    there = datetime.fromisoformat(sandbox.control("GET", "clock")["now"])
    patch.setenv("CLOCK_OFFSET_SECONDS", "0")
    settings.cache_clear()
    offset = round((there - clock.now()).total_seconds())
    patch.setenv("CLOCK_OFFSET_SECONDS", str(offset))
    settings.cache_clear()
