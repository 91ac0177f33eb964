"""Ads in other currencies, over HTTP from the platform and the central bank to pages, commands and analysts' SQL."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import stamina
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs
from typer.testing import CliRunner

from clique_app import clock
from clique_app.cli import app
from clique_app.components.open_number import Asked, Opened, read_opened
from clique_app.connections import service as connections
from clique_app.database import owner_session, store_session, system_session
from clique_app.integrations.meta import client
from clique_app.integrations.shopify.reads import ShopFacts
from clique_app.metrics import grouping_service, overview_service, performance_service, performance_sql, service
from clique_app.metrics.definition import Dimension, Figure, Period
from clique_app.settings import settings
from clique_app.tables import Ad, AdGroup, Campaign, SyncCursor
from clique_app.warehouse import logins_service
from tasks import rates, rollups, runs, sync
from tasks.connections import begin_import
from tasks.warehouse import refresh_now
from tests.conftest import Sandbox
from tests.integration.channels.accounts import NEW_YORK, Ads, follow_clock
from tests.integration.stores import make_store, use_ad_account

IMPORTED = 35
NUMBERS = itertools.count(1)
MONEY = ("ad_spend", "reported_revenue", "cpc", "mer", "reported_roas")
NOT_HERE = "The European Central Bank's rates of some days are not here yet, or it publishes none."
SIX, TWELVE = Decimal(1).scaleb(-6), Decimal(1).scaleb(-12)


@dataclass(frozen=True)
class Abroad:
    """A store in dollars with Meta accounts in pounds, yen and dollars."""

    ads: Ads
    ids: dict[str, str]  # account by currency

    @property
    def period(self) -> Period:
        yesterday = clock.today(NEW_YORK) - timedelta(days=1)
        return Period(yesterday - timedelta(days=27), yesterday)

    def bank(self, currency: str) -> dict[date, Decimal]:
        """What the central bank says of the last months."""
        span = {"from": str(self.period.start - timedelta(days=40)), "to": str(self.period.end + timedelta(days=2))}
        told = self.ads.sandbox.control("GET", "ecb/rates", params={"currency": currency, **span})
        return {date.fromisoformat(day): Decimal(value) for day, value in told.items()}

    def rate(self, currency: str, day: date) -> Decimal:
        """To dollars, of the last business day by then."""
        if currency == "USD":
            return Decimal(1)
        of, dollars = ({"EUR": {day: Decimal(1)}}.get(one) or self.bank(one) for one in (currency, "USD"))
        last = max(known for known in dollars if known <= day)
        return (dollars[last] / (of.get(last) or of[day])).quantize(TWELVE, ROUND_HALF_UP)

    def spent(self, *currencies: str) -> Decimal:
        """In dollars, by the platform's and the bank's own words."""
        found = Decimal(0)
        for currency in currencies or tuple(self.ids):
            for day, told in self.ads.truth(self.ids[currency], self.period.start).items():
                found += told["spend"] * self.rate(currency, date.fromisoformat(day))
        return found

    def figure(self, key: str) -> Figure:
        with store_session(self.ads.store_id) as session:
            return service.figure(session, self.ads.store_id, key, self.period)

    def members(self, key: str, by: Dimension) -> dict[Any, Decimal]:
        with store_session(self.ads.store_id) as session:
            rows = grouping_service.grouped(session, self.ads.store_id, [key], self.period, by).rows
        return {row.member: row.figures[key].value or Decimal(0) for row in rows}

    def page(self, key: str) -> Opened:
        start, end = self.period.start.isoformat(), self.period.end.isoformat()
        with store_session(self.ads.store_id) as session:
            query = {"period": "custom", "from": start, "to": end}
            scope = overview_service.scope(session, self.ads.store_id, query)
            return read_opened(session, self.ads.store_id, scope, Asked(key=key, start=start, end=end), 0)

    def command(self, key: str) -> dict[str, Any]:
        asked = ["--store", self.ads.shop, "--from", str(self.period.start), "--to", str(self.period.end), "--json"]
        done = CliRunner().invoke(app, ["metrics", "show", key, *asked])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def source_rows(self, key: str) -> service.SourceRows:
        with store_session(self.ads.store_id) as session:
            return service.source_rows(session, self.ads.store_id, key, self.period, limit=100_000)

    def function(self, key: str) -> Any:
        with owner_session() as session:
            login = logins_service.give(session, self.ads.store_id)
        with psycopg.connect(login.url, autocommit=True) as analyst:
            start, end = self.period.start, self.period.end
            return analyst.execute(f"select clique.{key}('{start}', '{end}')").fetchall()[0][0]  # pyright: ignore

    def late(self, since: date | None) -> None:
        self.ads.sandbox.control("POST", "ecb/late", json={"from": str(since) if since else None})


@pytest.fixture(scope="module")
def platform(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox("--no-default-store")


@pytest.fixture
def reach(database_env: None, platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    for name, value in platform.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FIRST_IMPORT_DAYS", str(IMPORTED))
    settings.cache_clear()
    follow_clock(platform, monkeypatch)
    monkeypatch.setattr(runs, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(runs, "time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    monkeypatch.setattr(client, "REPORT_ASK_AGAIN_SECONDS", (0.01,))
    monkeypatch.setattr(rates.convert, "send", lambda *args: rates.convert.fn(*args))
    stamina.set_testing(True, attempts=client.READ_ATTEMPTS)
    yield platform
    stamina.set_testing(False)
    platform.control("DELETE", "faults")
    platform.control("POST", "ecb/late", json={"from": None})


@pytest.fixture
def make(reach: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Abroad]:
    def made(**budgets: str) -> Abroad:
        number = next(NUMBERS)
        shop, since = f"abroad-{number}.myshopify.com", str(clock.now().date() - timedelta(days=60))
        ids = {currency: f"80{number:04d}{place}" for place, currency in enumerate(budgets)}
        accounts = [
            {
                "id": ids[currency], "name": f"{currency} ads", "currency": currency, "time_zone": NEW_YORK,
                "campaigns": [{"name": f"In {currency}", "since": since, "daily_budget": budget, "ads": 2}],
            }
            for currency, budget in budgets.items()
        ]  # fmt: skip
        products = [{"title": "Amber candle", "sku": "A1", "price": "20.00", "stock": 9}]
        reach.control(
            "POST", "stores", json={"shop": shop, "products": products, "orders": [], "ad_accounts": accounts}
        )
        main, *_, second = ids.values()
        ads = Ads(reach, monkeypatch, shop, make_store(shop), main, second)
        ads.zone = lambda account_id: NEW_YORK
        ads.keep_off_midnight()
        with owner_session() as session:
            session.execute(text("update store set history_complete = true"))
        ads.connect(*ids.values())
        return Abroad(ads, ids)

    return made


def test_three_currencies_make_one_figure_and_all_ways_to_it_agree(make: Callable[..., Abroad]) -> None:
    abroad = make(GBP="45.00", JPY="9000", USD="30.00")
    assert abroad.ads.sync("first_import").state == "whole"
    for key in MONEY:
        figure = abroad.figure(key)
        assert (figure.value, figure.reason) == (None, f"Ads are billed in GBP. {NOT_HERE}"), key
        assert (abroad.command(key)["value"], abroad.command(key)["reason"]) == (None, figure.reason)
        assert abroad.page(key).reason == figure.reason
        assert abroad.function(key) is None, key
    for key in ("impressions", "clicks", "ctr"):
        assert abroad.figure(key).value
    assert abroad.command("ad_spend")["notes"] == []

    rates.read_rates.fn()
    rollups.roll_up_now(abroad.ads.store_id)
    value = abroad.figure("ad_spend").value
    assert value is not None
    assert abs(value - abroad.spent()) < Decimal("0.0001")
    assert abroad.command("ad_spend")["value"] == float(round(value, 2))
    assert abroad.function("ad_spend") == value
    opened = abroad.page("ad_spend")
    assert opened.value == f"${value:,.2f}"
    said = "Ad spend and claims in GBP and JPY are converted at the European Central Bank's rate of each day"
    assert said in opened.note
    assert said in abroad.command("ad_spend")["notes"][0]
    assert said in abroad.page("mer").note
    assert said not in abroad.page("impressions").note
    for by in ("day", "channel", "campaign", "ad"):
        assert sum(abroad.members("ad_spend", by).values()) == value, by
    for by in performance_sql.CUTS:
        with store_session(abroad.ads.store_id) as session:
            told = performance_service.performance(session, abroad.ads.store_id, abroad.period, by)
        assert sum(row.figures["ad_spend"].value or 0 for row in told) == value, by
    by_campaign = {amount: currency for currency in abroad.ids for amount in [abroad.spent(currency)]}
    assert [round(amount, 2) for amount in sorted(by_campaign)] == [
        round(amount, 2) for amount in sorted(abroad.members("ad_spend", "campaign").values())
    ]

    rows = abroad.source_rows("ad_spend")
    assert [column.label for column in rows.columns] == ["Day", "Channel", "Campaign", "Ad", "Billed", "Rate"]
    assert sum(row[-1] for row in rows.rows) == rows.total == value
    for day, *_, billed, rate, amount in rows.rows:
        spend, currency = billed.split()
        assert rate == ("" if currency == "USD" else f"{abroad.rate(currency, day).normalize():f}")
        assert amount == (Decimal(spend) * abroad.rate(currency, day)).quantize(SIX, ROUND_HALF_UP)
        assert currency != "JPY" or Decimal(spend) == int(Decimal(spend))
    assert {row[4].split()[1] for row in rows.rows} == {"GBP", "JPY", "USD"}
    weekend = [row for row in rows.rows if row[0].weekday() == 6 and row[4].endswith("GBP")]
    assert weekend
    for day, *_, rate, _ in weekend:
        friday = {row[5] for row in rows.rows if row[0] == day - timedelta(days=2) and row[4].endswith("GBP")}
        assert friday in ({rate}, set())

    # the platform's own amounts stay, for what is held against it
    abroad.ads.assert_true(27, abroad.ids.values())
    refresh_now()
    with store_session(abroad.ads.store_id) as session:
        spent = session.scalar(
            text("select sum(store_spend) from campaign_region_day where day between :start and :end"),
            {"start": abroad.period.start, "end": abroad.period.end},
        )
    assert spent is not None
    assert abs(spent - value) < Decimal("0.001")  # in parts that are rounded by themselves


def test_a_store_in_euros_has_its_dollars_converted(make: Callable[..., Abroad]) -> None:
    abroad = make(EUR="40.00", USD="30.00")
    with owner_session() as session:
        session.execute(text("update store set currency = 'EUR'"))
    abroad.ads.sync("first_import")
    rates.read_rates.fn()
    expected = sum(
        told["spend"] / abroad.rate("EUR", date.fromisoformat(day))
        for day, told in abroad.ads.truth(abroad.ids["USD"], abroad.period.start).items()
    ) + sum(told["spend"] for told in abroad.ads.truth(abroad.ids["EUR"], abroad.period.start).values())
    assert abs((abroad.figure("ad_spend").value or 0) - expected) < Decimal("0.0001")
    with system_session() as session:
        assert session.execute(text("select distinct currency, source from exchange_rate")).all() == [("USD", "ecb")]


def test_while_the_bank_is_away_it_stays_unknown_and_the_next_reading_mends_it(make: Callable[..., Abroad]) -> None:
    abroad = make(GBP="45.00", USD="30.00")
    abroad.ads.sync("first_import")
    fault = {"platform": "ecb", "fault": "5xx", "times": None, "match": {}}
    abroad.ads.sandbox.control("POST", "faults", json=fault)
    with capture_logs() as logged:
        rates.read_rates.fn()
    told = [line for line in logged if line["event"] == "rates_not_read"]
    assert [line["currencies"] for line in told] == [["GBP", "USD"]]
    assert "not available" in told[0]["problem"]
    assert abroad.figure("ad_spend").value is None
    abroad.ads.sandbox.control("DELETE", "faults")
    rates.read_rates.fn()
    assert abs((abroad.figure("ad_spend").value or 0) - abroad.spent()) < Decimal("0.0001")


def test_a_currency_without_rates_leaves_money_unknown_and_says_so(make: Callable[..., Abroad]) -> None:
    abroad = make(ARS="45000.00", GBP="40.00")
    abroad.ads.sync("first_import")
    with capture_logs() as logged:
        rates.read_rates.fn()
    assert [line["currencies"] for line in logged if line["event"] == "rates_not_published"] == [["ARS"]]
    figure = abroad.figure("ad_spend")
    assert (figure.value, figure.reason) == (None, f"Ads are billed in ARS. {NOT_HERE}")
    assert abroad.function("ad_spend") is None
    assert abroad.figure("impressions").value


def test_days_follow_when_their_own_rate_comes_out_or_the_platform_restates(make: Callable[..., Abroad]) -> None:
    abroad = make(GBP="45.00", USD="30.00")
    abroad.ads.sync("first_import")
    last = (abroad.period.end - timedelta(days=n) for n in range(14))
    late = next(day for day in last if day in abroad.bank("GBP") and day - timedelta(days=1) in abroad.bank("GBP"))
    abroad.late(late)
    rates.read_rates.fn()
    rollups.roll_up_now(abroad.ads.store_id)
    assert abs((abroad.figure("ad_spend").value or 0) - abroad.spent()) < Decimal("0.0001")  # at the day's before
    before = abroad.members("ad_spend", "day")

    abroad.late(None)
    rates.read_rates.fn()
    assert abroad.rate("GBP", late) != abroad.rate("GBP", late - timedelta(days=1))
    for kept in (False, True):
        now = abroad.members("ad_spend", "day")
        assert abs((abroad.figure("ad_spend").value or 0) - abroad.spent()) < Decimal("0.0001")
        assert {day for day in now if now[day] != before[day]} == {day for day in now if day >= late.isoformat()}
        assert kept or rollups.roll_up_now(abroad.ads.store_id) > 0
    rates.read_rates.fn()
    marked = abroad.ads.rows("select count(*) from metric_change")
    assert marked == [(0,)]  # nothing is written that stays as it was

    abroad.ads.advance(days=1)
    assert abroad.ads.sync("final").state == "whole"
    assert abroad.ads.rows("select count(*) > 0 from ad_day_former where spend <> 0") == [(True,)]
    rates.read_rates.fn()
    assert abs((abroad.figure("ad_spend").value or 0) - abroad.spent()) < Decimal("0.0001")


def test_a_reading_that_meets_a_currency_without_rates_asks_for_them(
    make: Callable[..., Abroad], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(rates.read_rates, "send", lambda: asked.append("rates"))
    abroad = make(GBP="45.00", USD="30.00")
    begin_import(abroad.ads.store_id, "meta")
    assert asked == ["rates"]
    sync.run_source.fn(abroad.ads.store_id, "meta_ads", "first_import")
    assert asked == ["rates"] * 2
    rates.read_rates.fn()
    sync.run_source.fn(abroad.ads.store_id, "meta_ads", "catch_up")
    assert asked == ["rates"] * 2


def test_a_store_that_sells_in_another_currency_has_its_ads_converted_anew(make: Callable[..., Abroad]) -> None:
    abroad = make(GBP="45.00", USD="30.00")
    abroad.ads.sync("first_import")
    rates.read_rates.fn()
    in_dollars = abroad.figure("ad_spend").value or Decimal(0)
    facts = ShopFacts(abroad.ads.shop, "Abroad", "GBP", NEW_YORK, "GB", ())
    with store_session(abroad.ads.store_id) as session:
        connections.keep_facts(session, abroad.ads.store_id, facts)
    wrong = "select count(*) from ad_day where (currency = 'GBP') <> (rate = 1)"
    assert abroad.ads.rows(wrong) == [(0,)]
    in_pounds = abroad.figure("ad_spend").value or Decimal(0)
    assert in_pounds < in_dollars
    a_pound = [abroad.rate("GBP", day) for day in abroad.period.each_day()]
    assert in_dollars / max(a_pound) < in_pounds < in_dollars / min(a_pound)


AMOUNTS = st.decimals(0, 100_000, places=6, allow_nan=False)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 9), st.integers(1, 4), st.sampled_from(("USD", "GBP", "JPY", "EUR", "AUD")), AMOUNTS, AMOUNTS
    ),
    min_size=1, max_size=25, unique_by=lambda row: row[:2],
)  # fmt: skip
RATES = st.fixed_dictionaries(
    {one: st.decimals("0.0001", "20000", places=4) for one in ("USD", "GBP", "JPY", "AUD")}
)  # fmt: skip
MONDAY = date(2026, 6, 1)


@examples(max_examples=25)
@given(rows=ROWS, told=st.lists(RATES, min_size=10, max_size=10))
def test_parts_sum_to_the_whole_however_they_are_grouped(
    small: int, rows: list[tuple[int, int, str, Decimal, Decimal]], told: list[dict[str, Decimal]]
) -> None:
    with system_session() as session:
        session.execute(text("delete from exchange_rate"))
        for number, of_day in enumerate(told):
            day = MONDAY + timedelta(days=number)
            if day.weekday() < 5:
                values = [{"currency": one, "day": day, "rate": rate} for one, rate in of_day.items()]
                session.execute(
                    text("insert into exchange_rate values (:currency, :day, :rate, 'ecb', now())"), values
                )  # fmt: skip
    expected, claimed = Decimal(0), Decimal(0)
    with store_session(small) as session:
        session.execute(text("delete from ad_day"))
        for number, ad_id, currency, spend, revenue in rows:
            day = MONDAY + timedelta(days=number)
            fixed = told[number - max(0, day.weekday() - 4)] | {"EUR": Decimal(1)}
            rate = (fixed["USD"] / fixed[currency]).quantize(TWELVE, ROUND_HALF_UP)
            expected += (spend * rate).quantize(SIX, ROUND_HALF_UP)
            claimed += (revenue * rate).quantize(SIX, ROUND_HALF_UP)
            values = {"ad": ad_id, "day": day, "currency": currency, "spend": spend, "revenue": revenue}
            session.execute(text(AN_AD_DAY), {"store": small, **values})
        period = Period(MONDAY, MONDAY + timedelta(days=9))
        figures = service.figures(session, small, ["ad_spend", "reported_revenue"], period)
        assert (figures["ad_spend"].value, figures["reported_revenue"].value) == (expected, claimed)
        assert service.source_rows(session, small, "ad_spend", period).total == expected
        for by in ("day", "week", "month", "channel", "campaign", "ad_group", "ad"):
            grouped = grouping_service.grouped(session, small, ["ad_spend", "reported_revenue"], period, by).rows
            for key, whole in (("ad_spend", expected), ("reported_revenue", claimed)):
                assert sum(row.figures[key].value or 0 for row in grouped) == whole, by


AN_AD_DAY = """
insert into ad_day (store_id, day, ad_id, channel, campaign_id, currency, spend, impressions, clicks, link_clicks,
                    landing_page_views, add_to_carts, checkouts, video_views, reported_conversions, reported_revenue,
                    reach, read_at)
select :store, :day, ad_id, channel, campaign_id, :currency, :spend, 1, 1, 1, 0, 0, 0, 0, 0, :revenue, 1, now()
from ad where store_id = :store and platform_id = cast(:ad as text)
"""


@pytest.fixture
def small(database_env: None) -> int:
    """A store with four ads in two campaigns at two channels; no day of them yet."""
    store_id = make_store()
    with store_session(store_id) as session:
        use_ad_account(session, store_id)
        session.add(SyncCursor(store_id=store_id, source="meta_ads", fresh_at=clock.now()))
        for channel in ("meta", "tiktok"):
            terms = {"store_id": store_id, "channel": channel, "status": "active", "read_at": clock.now()}
            campaign = Campaign(**terms, platform_id=channel, account_id="1", name=channel, currency="USD")
            session.add(campaign)
            session.flush()
            for number in (1, 2) if channel == "meta" else (3, 4):
                of = {**terms, "platform_id": str(number), "name": str(number), "campaign_id": campaign.campaign_id}
                group = AdGroup(**of, currency="USD")
                session.add(group)
                session.flush()
                session.add(Ad(**of, ad_group_id=group.ad_group_id))
    return store_id
