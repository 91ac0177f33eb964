"""Google Ads over HTTP, in good days and bad: logged in by clicks, read whole, written and read back."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
import redis
import sqlalchemy as sa
import stamina
from pyrate_limiter import Duration, Rate
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clique_app import clock
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.endpoints.connect import ROUTES
from clique_app.errors import AccessExpired, InvalidInput, RateLimited, Rejected
from clique_app.integrations.channels import Level
from clique_app.integrations.google import client, write
from clique_app.integrations.google.channel import GOOGLE
from clique_app.settings import settings
from clique_app.sync.ads_service import AdsSource
from clique_app.sync.source import Kind
from clique_app.tables import Connection, Product, SyncRun
from tasks import runs
from tests.conftest import Sandbox
from tests.integration.meta.accounts import NEW_YORK, USER, follow_clock
from tests.integration.stores import make_store

NUMBERS = itertools.count(1)
IMPORTED = 35  # days


@dataclass
class Google:
    """A store with a Google Ads account in the sandbox."""

    sandbox: Sandbox
    patch: pytest.MonkeyPatch
    store_id: int
    account: str

    def connect(self, account_id: str = "") -> None:
        """Through the consent screen and back; then the choice of the account."""
        browser = TestClient(Starlette(routes=list(ROUTES)), base_url=settings().shopify_app_url)
        with store_session(self.store_id) as session:
            begin = ad_accounts.start(session, self.store_id, "google", USER)
        dialog = browser.get(begin, follow_redirects=False).headers["location"]
        with httpx.Client(trust_env=False) as person:
            back = urlsplit(person.post(dialog, data={"choice": "continue"}).headers["location"])
        landed = browser.get(f"{back.path}?{back.query}", follow_redirects=False).headers["location"]
        assert "connected=google" in landed, landed
        with store_session(self.store_id) as session:
            ad_accounts.choose(session, self.store_id, "google", [account_id or self.account], USER)

    def fault(self, name: str, **match: str) -> None:
        self.sandbox.control("POST", "faults", json={"platform": "google", "fault": name, "times": 1, "match": match})

    def advance(self, **span: float) -> None:
        self.sandbox.control("POST", "clock", json={"advance_seconds": timedelta(**span).total_seconds()})
        follow_clock(self.sandbox, self.patch)

    def sync(self, kind: Kind) -> SyncRun:
        run = runs.Run(AdsSource(GOOGLE), self.store_id)
        run.begin(kind)
        run.go()
        with store_session(self.store_id) as session:
            return list(session.scalars(sa.select(SyncRun).order_by(sa.text("run_id"))))[-1]

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with store_session(self.store_id) as session:
            return [tuple(row) for row in session.connection().execute(sa.text(query), values)]

    def connection(self) -> Connection:
        with store_session(self.store_id) as session:
            return session.get_one(Connection, (self.store_id, "google"))

    def token(self) -> str:
        return access(self.store_id, "google").token

    def assert_true(self, days: int) -> None:
        """Every day and region of the last days is what the platform says."""
        first, last = (clock.today(NEW_YORK) - timedelta(days=ago) for ago in (days, 1))
        asked = {"account": self.account, "from": str(first), "to": str(last)}
        true = self.sandbox.control("GET", "google/truth", params=asked)
        by_day = self.rows(
            "select day, sum(spend), sum(impressions), sum(reported_conversions) from ad_day"
            " where day between :first and :last group by 1 having sum(impressions) > 0",
            first=first, last=last,
        )  # fmt: skip
        assert len(by_day) >= days - 1
        assert {str(day): (spend, shown, int(bought)) for day, spend, shown, bought in by_day} == {
            day: (Decimal(one["spend"]), one["impressions"], one["purchases"]) for day, one in true["by_day"].items()
        }
        regions = self.rows(
            "select c.platform_id || '/' || d.country || '/' || d.region, sum(d.spend) from campaign_region_day d"
            " join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id"
            " where d.day between :first and :last group by 1 having sum(d.spend) > 0",
            first=first, last=last,
        )  # fmt: skip
        assert dict(cast(Any, regions)) == {key: Decimal(one) for key, one in true["by_region"].items()}


def _book(shop: str, account: str, since: date) -> dict[str, Any]:
    usual = {"since": str(since), "daily_budget": "40.00"}
    campaigns = [
        {**usual, "name": "Generic search", "objective": "SEARCH", "ads": 2, "sku": "A1"},
        {**usual, "name": "Shopping", "objective": "SHOPPING", "catalogue": ["A1", "B1"], "countries": ["US", "CA"]},
        {**usual, "name": "Everything", "objective": "PERFORMANCE_MAX", "ads": 2},
    ]
    return {
        "shop": shop,
        "products": [{"title": f"{name} candle", "sku": sku, "price": "20.00", "stock": 9}
                     for name, sku in (("Amber", "A1"), ("Birch", "B1"))],
        "orders": [],
        "ad_accounts": [{"id": account, "name": "Main", "channel": "google", "campaigns": campaigns}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def platform(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox("--no-default-store")


@pytest.fixture
def google(database_env: None, platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    for name, value in platform.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    settings.cache_clear()
    follow_clock(platform, monkeypatch)
    monkeypatch.setattr(runs, "FIRST_IMPORT_DAYS", IMPORTED)
    monkeypatch.setattr(runs, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(runs, "time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    stamina.set_testing(True, attempts=client.READ_ATTEMPTS)
    monkeypatch.setattr(client, "ACCOUNT_RATES", (Rate(1000, Duration.SECOND),))
    number = next(NUMBERS)
    shop, account = f"google-{number}.myshopify.com", f"6{number:09d}"
    platform.control("POST", "stores", json=_book(shop, account, clock.today(NEW_YORK) - timedelta(days=60)))
    yield Google(platform, monkeypatch, make_store(shop), account)
    stamina.set_testing(False)
    platform.control("DELETE", "faults")
    platform.control("POST", "google/limits", json={})


@pytest.fixture
def ads(google: Google) -> Google:
    google.connect()
    return google


def _no_rest() -> None:
    """The rest a platform asked for is over."""
    with redis.Redis.from_url(settings().redis_url) as store:
        store.flushdb()


def _have_products(ads: Google) -> None:
    """The two products of the shop, by the ids that Merchant Center has them under."""
    given = access(ads.store_id, "google")
    parts = GOOGLE.reader(given.token, given.accounts[0]).structure(full=True)
    ids = {row["product"] for part in parts for row in part.rows if row.get("found_by") == "product_set"}
    with store_session(ads.store_id) as session:
        for product_id, name in zip(sorted(ids), ("amber-candle", "birch-candle"), strict=True):
            product = {"product_id": product_id, "title": name, "handle": name, "updated_at": clock.now()}
            session.add(Product.model_validate({"store_id": ads.store_id, **product}))


def test_an_account_is_read_whole_with_performance_max_and_searches(ads: Google) -> None:
    _have_products(ads)
    run = ads.sync("first_import")
    assert (run.state, run.message, run.read) == ("whole", "", run.written)
    ads.assert_true(IMPORTED)
    assert ads.rows("select name, objective, daily_budget from campaign order by name") == [
        ("Everything", "Performance max", 40), ("Generic search", "Search", 40), ("Shopping", "Shopping", 40),
    ]  # fmt: skip
    assert ads.rows(
        "select g.platform_id = a.platform_id, k.title <> '' from ad a"
        " join ad_group g on g.store_id = a.store_id and g.ad_group_id = a.ad_group_id"
        " join creative k on k.store_id = a.store_id and k.creative_id = a.creative_id"
        " where a.platform_id like 'assetGroups/%'"
    ) == [(True, True)]
    assert ads.rows(
        "select distinct c.name, q.handle, p.found_by from ad_product p"
        " join product q on q.store_id = p.store_id and q.product_id = p.product_id"
        " join ad a on a.store_id = p.store_id and a.ad_id = p.ad_id"
        " join campaign c on c.store_id = a.store_id and c.campaign_id = a.campaign_id order by 1, 2"
    ) == [
        ("Generic search", "amber-candle", "link"),
        ("Shopping", "amber-candle", "product_set"), ("Shopping", "birch-candle", "product_set"),
    ]  # fmt: skip
    today = clock.today(NEW_YORK)  # it goes on between two questions
    spend = dict(
        cast(Any, ads.rows("select kind, sum(spend) from search_day where day < :today group by 1", today=today))
    )
    search = ads.rows(
        "select sum(d.spend) from ad_day d join campaign c on c.store_id = d.store_id"
        " and c.campaign_id = d.campaign_id where c.name = 'Generic search' and d.day < :today",
        today=today,
    )[0][0]
    assert 0 < spend["term"] < spend["keyword"] == search


def test_what_google_restates_is_restated_here_and_the_former_value_kept(ads: Google) -> None:
    ads.sync("first_import")
    ads.advance(days=3)
    assert ads.sync("manual").state == "whole"
    ads.assert_true(28)
    assert ads.rows("select count(*) > 0 from ad_day_former") == [(True,)]


def test_an_access_of_an_hour_is_renewed_and_one_taken_back_asks_for_a_reconnect(ads: Google) -> None:
    ads.sync("first_import")
    first = ads.token()
    ads.advance(hours=2)
    assert ads.sync("catch_up").state == "whole"
    assert ads.token() != first
    ads.sandbox.control("POST", "google/tokens", json={"how": "revoke"})
    with pytest.raises(AccessExpired):
        access(ads.store_id, "google", refused=ads.token())
    assert ads.connection().state == "expired"
    ads.connect()
    assert ads.sync("catch_up").state == "whole"


def test_whatever_stumbles_on_the_way_is_overcome(ads: Google) -> None:
    ads.fault("5xx", path=":search")
    ads.fault("error_in_200", object="FROM campaign")
    ads.fault("truncated_page", object="FROM ad_group_ad")
    ads.fault("expired_token", object="metrics.cost_micros")
    ads.fault("empty_page", object="FROM user_location_view")
    assert ads.sync("first_import").state == "whole"
    ads.assert_true(IMPORTED)
    assert ads.sandbox.control("GET", "faults") == {"faults": []}


def test_a_limit_stops_the_reading_where_it_is_and_it_goes_on_there(ads: Google) -> None:
    ads.sandbox.control("POST", "google/limits", json={"operations_per_day": 7})
    with pytest.raises(RateLimited) as caught:
        ads.sync("first_import")
    assert caught.value.retry_after == 3600
    ads.sandbox.control("POST", "google/limits", json={})
    _no_rest()
    assert ads.sync("first_import").state == "whole"
    ads.assert_true(IMPORTED)


def test_rows_that_were_left_out_make_a_reading_incomplete(ads: Google) -> None:
    ads.fault("rows_dropped", object="metrics.cost_micros")
    assert ads.sync("first_import").state != "whole"


def test_an_account_below_a_manager_is_chosen_and_read_through_it(google: Google) -> None:
    manager = google.sandbox.control("POST", "google/manage", json={"account": google.account})["manager"]
    google.connect(f"{google.account}@{manager}")
    assert google.sync("first_import").state == "whole"
    google.assert_true(IMPORTED)


def test_budget_and_status_of_every_level_are_written_and_read_back(ads: Google) -> None:
    ads.sync("first_import")
    token = ads.token()
    ids = dict(cast(Any, ads.rows("select name, platform_id from campaign")))

    def read(level: Level, platform_id: str) -> Any:
        return GOOGLE.read(token, ads.account, level, platform_id)

    write.set_daily_budget(token, ads.account, "campaign", ids["Shopping"], Decimal("41.50"), "USD")
    assert read("campaign", ids["Shopping"]).daily_budget == Decimal("41.5")
    for level in ("campaign", "ad_group", "ad"):
        listed = [platform_id for (platform_id,) in ads.rows(f"select platform_id from {level} order by 1")]
        for platform_id in (listed[0], listed[-1]):  # the last is an asset group
            write.set_status(token, ads.account, level, platform_id, "paused")
            assert read(level, platform_id).status == "paused"
    with pytest.raises(InvalidInput):
        write.set_daily_budget(token, ads.account, "campaign", ids["Shopping"], Decimal("41.505"), "USD")
    ads.sandbox.control("POST", "google/shared_budget", json={"campaign": ids["Shopping"]})
    assert read("campaign", ids["Shopping"]).daily_budget is None
    with pytest.raises(Rejected):
        write.set_daily_budget(token, ads.account, "campaign", ids["Shopping"], Decimal(50), "USD")
    with pytest.raises(Rejected):
        read("campaign", "999")
