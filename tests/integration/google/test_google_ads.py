"""What only Google Ads has: Performance Max, searches, managers, a day's allowance, budgets that are objects.

What holds for every channel is in tests/integration/channels.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis

from clique_app import clock
from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.errors import InvalidInput, RateLimited, Rejected
from clique_app.integrations.channels import Level, LiveObject
from clique_app.integrations.google import write
from clique_app.integrations.google.channel import GOOGLE
from clique_app.settings import settings
from clique_app.tables import Product
from tasks import runs
from tests.conftest import Sandbox
from tests.integration.channels.accounts import NEW_YORK, Ads, follow_clock
from tests.integration.stores import make_store

NUMBERS = itertools.count(1)
IMPORTED = 15  # days
LEVELS: tuple[Level, ...] = ("campaign", "ad_group", "ad")


@pytest.fixture(scope="module")
def platform(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox("--no-default-store")


@pytest.fixture
def ads(database_env: None, platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ads]:
    """A store with a campaign of each kind, not connected yet."""
    for name, value in platform.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("FIRST_IMPORT_DAYS", str(IMPORTED))
    settings.cache_clear()
    follow_clock(platform, monkeypatch)
    monkeypatch.setattr(runs, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(runs, "time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    number = next(NUMBERS)
    shop, account = f"google-{number}.myshopify.com", f"6{number:09d}"
    usual = {"since": str(clock.today(NEW_YORK) - timedelta(days=60)), "daily_budget": "90.00"}
    campaigns = [
        {**usual, "name": "Search", "objective": "SEARCH", "ads": 2, "sku": "A1"},
        {**usual, "name": "Shopping", "objective": "SHOPPING", "catalogue": ["A1", "B1"], "countries": ["US", "CA"]},
        {**usual, "name": "Everything", "objective": "PERFORMANCE_MAX", "ads": 2},
    ]
    products = [{"title": f"{name} candle", "sku": f"{name[0]}1", "price": "20.00"} for name in ("Amber", "Birch")]
    accounts = [{"id": account, "channel": "google", "campaigns": campaigns}]
    book = {"shop": shop, "products": products, "orders": [], "ad_accounts": accounts}
    platform.control("POST", "stores", json=book)
    yield Ads(platform, monkeypatch, shop, make_store(shop), account, account, "google")
    platform.control("POST", "google/quota", json={})


def _have_products(ads: Ads) -> None:
    """The two products of the shop, by the ids that Merchant Center has them under."""
    given = access(ads.store_id, "google")
    parts = GOOGLE.reader(given.token, given.accounts[0]).structure(full=True)
    ids = {row["product"] for part in parts for row in part.rows if row.get("found_by") == "product_set"}
    with store_session(ads.store_id) as session:
        for product_id, name in zip(sorted(ids), ("amber-candle", "birch-candle"), strict=True):
            product = {"product_id": product_id, "title": name, "handle": name, "updated_at": clock.now()}
            session.add(Product.model_validate({"store_id": ads.store_id, **product}))


def test_performance_max_shopping_and_searches_are_read_whole(ads: Ads) -> None:
    ads.connect(ads.main)
    _have_products(ads)
    run = ads.sync("first_import")
    assert (run.state, run.message, run.read) == ("whole", "", run.written)
    ads.assert_true(IMPORTED, [ads.main])
    assert ads.rows("select name, objective, daily_budget from campaign order by name") == [
        ("Everything", "Performance max", 90), ("Search", "Search", 90), ("Shopping", "Shopping", 90),
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
        ("Search", "amber-candle", "link"),
        ("Shopping", "amber-candle", "product_set"), ("Shopping", "birch-candle", "product_set"),
    ]  # fmt: skip
    today = clock.today(NEW_YORK)  # it goes on between two questions
    searched = "select kind, sum(spend) from search_day where day < :today group by 1"
    spend = dict(cast(Any, ads.rows(searched, today=today)))
    whole = ads.rows(
        "select sum(d.spend) from ad_day d join campaign c on c.store_id = d.store_id"
        " and c.campaign_id = d.campaign_id where c.name = 'Search' and d.day < :today",
        today=today,
    )
    assert 0 < spend["term"] < spend["keyword"] == whole[0][0]


def test_when_a_days_operations_are_used_up_the_reading_waits_and_goes_on_where_it_was(ads: Ads) -> None:
    ads.connect(ads.main)
    ads.sandbox.control("POST", "google/quota", json={"operations_per_day": 7})
    with pytest.raises(RateLimited) as caught:
        ads.sync("first_import")
    assert caught.value.retry_after == 3600
    ads.sandbox.control("POST", "google/quota", json={})
    with redis.Redis.from_url(settings().redis_url) as store:  # an hour later
        store.flushdb()
    assert ads.sync("first_import").state == "whole"
    ads.assert_true(IMPORTED, [ads.main])


def test_an_account_below_a_manager_is_read_through_it_with_an_access_that_is_renewed(ads: Ads) -> None:
    manager = ads.sandbox.control("POST", "google/manage", json={"account": ads.main})["manager"]
    ads.connect(f"{ads.main}@{manager}")
    first_token = access(ads.store_id, "google").token
    ads.advance(hours=2)
    assert ads.sync("first_import").state == "whole"
    first = clock.today(NEW_YORK) - timedelta(days=IMPORTED)
    assert ads.kept(f"{ads.main}@{manager}", first) == ads.truth(ads.main, first)
    assert access(ads.store_id, "google").token != first_token


def test_budget_and_status_of_every_level_are_written_and_read_back(ads: Ads) -> None:
    ads.connect(ads.main)
    ads.sync("first_import")
    token = access(ads.store_id, "google").token
    shopping = dict(cast(Any, ads.rows("select name, platform_id from campaign")))["Shopping"]

    def read(level: Level, platform_id: str) -> LiveObject:
        return GOOGLE.read(token, ads.main, level, platform_id)

    def set_budget(amount: str) -> None:
        write.set_daily_budget(token, ads.main, "campaign", shopping, Decimal(amount), "USD")

    set_budget("41.50")
    assert read("campaign", shopping).daily_budget == Decimal("41.5")
    for level in LEVELS:
        listed = [platform_id for (platform_id,) in ads.rows(f"select platform_id from {level} order by 1")]
        for platform_id in (listed[0], listed[-1]):  # the last is an asset group
            write.set_status(token, ads.main, level, platform_id, "paused")
            assert read(level, platform_id).status == "paused"
    with pytest.raises(InvalidInput):
        set_budget("41.505")
    ads.sandbox.control("POST", "google/shared_budget", json={"campaign": shopping})
    assert read("campaign", shopping).daily_budget is None
    with pytest.raises(Rejected):
        set_budget("50")
    with pytest.raises(Rejected):
        read("campaign", "999")
