"""What is known of a store, and how exactly: the same in pages, by the command and in analysts' SQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from clique_app import clock
from clique_app.attribution import service as attribution
from clique_app.cli import app
from clique_app.components import metric_views
from clique_app.components.open_number import Asked, Opened, read_opened
from clique_app.database import owner_session, store_session
from clique_app.metrics import grouping_service, overview_service, registry, service
from clique_app.metrics.definition import Dimension, Figure, Period
from clique_app.tables import Order, Store, StoreSettings, Touch
from clique_app.warehouse import logins_service
from tasks.warehouse import refresh_now
from tests.conftest import Servers
from tests.integration.full_store import WHOLE, ZONE, make_full_store, own_database

JULY = Period(date(2026, 7, 1), date(2026, 7, 31))
REST_ON_ALL_ORDERS = (
    "customers_to_date", "active_customers", "active_customer_rate", "repeat_orders", "gap_days",
    "days_between_purchases", "days_between_purchases_mean", "active_at_start", "lost_customers", "churn_rate",
    "vip_net_sales", "vip_revenue_share", "new_customers", "cac", "ltv", "payback_days",
)  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """A store with everything, asked in three ways."""

    name: str
    store_id: int
    analyst: psycopg.Connection = field(compare=False)

    def figure(self, key: str, period: Period) -> Figure:
        with store_session(self.store_id) as session:
            return service.figure(session, self.store_id, key, period)

    def sql(self, asked: str) -> Any:
        return self.analyst.execute(f"select {asked}").fetchall()[0][0]  # pyright: ignore

    def function(self, key: str, period: Period, narrowed: str = "") -> Decimal | None:
        return self.sql(f"clique.{key}('{period.start}', '{period.end}'{narrowed})")

    def command(self, key: str, period: Period, *options: str) -> dict[str, Any]:
        done = self.run(key, period.start.isoformat(), period.end.isoformat(), "--json", *options)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def run(self, key: str, start: str, end: str, *options: str) -> Any:
        asked = ["metrics", "show", key, "--store", self.name, "--from", start, "--to", end, *options]
        return CliRunner().invoke(app, asked)

    def page(self, key: str, period: Period) -> Opened:
        with store_session(self.store_id) as session:
            query = {"period": "custom", "from": period.start.isoformat(), "to": period.end.isoformat()}
            scope = overview_service.scope(session, self.store_id, query)
            asked = Asked(key=key, start=period.start.isoformat(), end=period.end.isoformat())
            return read_opened(session, self.store_id, scope, asked, 0)

    def members(self, key: str, by: Dimension, period: Period) -> dict[str, Decimal | None]:
        with store_session(self.store_id) as session:
            rows = grouping_service.grouped(session, self.store_id, [key], period, by).rows
        return {row.member: row.figures[key].value for row in rows}


def _in_shares(store_id: int) -> None:
    """Every order with a touch of an ad has two touches more, of others; all are given alike."""
    with store_session(store_id) as session:
        session.get_one(StoreSettings, store_id).attribution_model = "linear"
        of_ads = session.execute(text("select distinct order_id from touch where channel = 'meta'")).scalars().all()
        for order_id in of_ads:
            at = session.get_one(Order, (store_id, order_id)).processed_at
            for position, channel in enumerate(("email", "organic"), start=1):
                occurred_at = at - timedelta(hours=9 - position)
                session.add(
                    Touch(store_id=store_id, order_id=order_id, position=position, channel=channel,
                          occurred_at=occurred_at)
                )  # fmt: skip
        session.flush()
        attribution.credit_orders(session, store_id, None)


def _before_all_is_read(store_id: int) -> None:
    with store_session(store_id) as session:
        session.get_one(Store, store_id).history_complete = False


def _in_euros(store_id: int) -> None:
    with store_session(store_id) as session:
        session.execute(text("update ad_account set currency = 'EUR'"))
        session.execute(text("update ad_day set currency = 'EUR'"))


def _partly_tracked(store_id: int) -> None:
    with store_session(store_id) as session:
        session.execute(text("update variant set tracked = false where variant_id = 3"))
        session.execute(text("update store_settings set other_marketing_per_month = 1000, overhead_per_month = 100"))


SHOPS: dict[str, tuple[int, Callable[[int], None]]] = {
    "shared": (1, _in_shares), "young": (3, _before_all_is_read), "euro": (5, _in_euros),
    "partly": (7, _partly_tracked),
}  # fmt: skip


@pytest.fixture(scope="module")
def shops(make_database: Callable[[], str], servers: Servers) -> Iterator[dict[str, Shop]]:
    with own_database(make_database(), servers):
        made: dict[str, Shop] = {}
        for name, (scale, change) in SHOPS.items():
            store_id = make_full_store(f"{name}.myshopify.com", scale)
            change(store_id)
            with owner_session() as session:
                login = logins_service.give(session, store_id)
            made[name] = Shop(f"{name}.myshopify.com", store_id, psycopg.connect(login.url, autocommit=True))
        refresh_now()
        yield made
        for shop in made.values():
            shop.analyst.close()
            with owner_session() as session:
                logins_service.take_away(session, shop.store_id)


def test_shares_of_orders_are_told_as_they_are(shops: dict[str, Shop]) -> None:
    shop = shops["shared"]
    for key in ("attributed_orders", "attributed_orders_all", "attributed_new_customers"):
        value = shop.figure(key, JULY).value
        assert value is not None
        assert shop.command(key, JULY)["value"] == float(value), key
        assert shop.function(key, JULY) == value
        by_channel = shop.members(key, "channel", JULY)
        rows = shop.command(key, JULY, "--by", "channel")["rows"]
        assert {row["channel"]: row["value"] for row in rows} == {
            channel: float(part or 0) for channel, part in by_channel.items()
        }
        assert sum(part or 0 for part in by_channel.values()) == value
    attributed = shop.figure("attributed_orders", JULY).value or Decimal(0)
    assert attributed != int(attributed)
    opened = shop.page("cpa", JULY)
    [given] = [line.value for line in opened.formula if line.key == "attributed_orders"]
    assert given == f"{attributed:.2f}".rstrip("0")
    assert shop.page("attributed_orders", JULY).value == given
    whole = shop.command("orders", JULY)["value"]
    assert isinstance(whole, int)


def test_before_all_orders_ever_are_read_nothing_is_told_that_rests_on_them(shops: dict[str, Shop]) -> None:
    shop = shops["young"]
    period = Period(WHOLE.start + timedelta(days=12), WHOLE.end)
    for key in REST_ON_ALL_ORDERS:
        figure = shop.figure(key, period)
        assert (figure.value, figure.reason) == (None, "All orders ever must be read first, to know who is new."), key
        assert shop.function(key, period) is None, key
        told = shop.command(key, period)
        assert (told["value"], told["reason"]) == (None, figure.reason)
        assert shop.page(key, period).reason == figure.reason
    for key in ("repeat_purchase_rate", "customers", "net_sales", "orders"):
        assert shop.figure(key, period).value == shop.function(key, period) is not None, key


@pytest.mark.parametrize("by", ["new_returning", "cohort"])
def test_before_all_orders_ever_are_read_nobody_is_new(shops: dict[str, Shop], by: Dimension) -> None:
    young, old = shops["young"], shops["euro"]
    for key in ("net_sales", "orders", "customers", "aov"):
        assert old.members(key, by, JULY)
        assert young.members(key, by, JULY) == {}
        told = young.command(key, JULY, "--by", by)
        assert (told["rows"], [note.partition(": ")[2] for note in told["notes"]]) == (
            [],
            ["All orders ever must be read first, to know who is new."],
        )
        asked = f"(select count(*) from clique.{key}_by('{by}', '{JULY.start}', '{JULY.end}'))"
        assert (young.sql(asked), old.sql(asked) > 0) == (0, True)
        member = "new" if by == "new_returning" else "2026-07-01"
        assert young.function(key, JULY, f", {by} => '{member}'") is None
        assert old.function(key, JULY, f", {by} => '{member}'") is not None


@pytest.mark.parametrize(("key", "month_costs"), [("other_marketing", 1000), ("overhead", 100)])
def test_the_days_of_a_month_cost_what_was_entered(shops: dict[str, Shop], key: str, month_costs: int) -> None:
    shop = shops["partly"]
    for month, last in ((1, 31), (2, 28), (4, 30)):
        period = Period(date(2026, month, 1), date(2026, month, last))
        assert shop.figure(key, period).value == shop.function(key, period) == month_costs
        with store_session(shop.store_id) as session:
            rows = service.source_rows(session, shop.store_id, key, period)
        assert sum(row[-1] for row in rows.rows) == rows.total == month_costs
        assert len({row[-1] for row in rows.rows}) <= 2  # a cent more or less, no more
        halves = [Period(period.start, date(2026, month, 13)), Period(date(2026, month, 14), period.end)]
        assert sum(shop.figure(key, half).value or 0 for half in halves) == month_costs


def test_what_is_to_come_has_cost_nothing_yet(shops: dict[str, Shop]) -> None:
    shop, today = shops["partly"], clock.today(ZONE)
    until_today = Period(today - timedelta(days=40), today)
    longer = Period(until_today.start, today + timedelta(days=40))
    for key in ("other_marketing", "overhead"):
        value = shop.figure(key, until_today).value
        assert value
        assert shop.figure(key, longer).value == shop.function(key, longer) == shop.function(key, until_today) == value
        to_come = Period(today + timedelta(days=1), longer.end)
        assert shop.figure(key, to_come).value == shop.function(key, to_come) == 0


def test_what_is_not_tracked_is_not_sold_from_stock(shops: dict[str, Shop]) -> None:
    shop = shops["partly"]
    with store_session(shop.store_id) as session:
        [sold, left] = session.execute(
            text(
                "select (select sum(quantity) from sale_entry where day between :start and :end and variant_id <> 3 "
                "and kind in ('sale', 'edit', 'refund', 'cancellation')), "
                "(select sum(available) from inventory_day where day = :end and inventory_item_id <> 3)"
            ),
            {"start": JULY.start, "end": JULY.end},
        ).one()
    value = shop.figure("sell_through_rate", JULY).value
    assert value == Decimal(sold) / (sold + left)
    assert float(shop.function("sell_through_rate", JULY) or 0) == pytest.approx(float(value or 0), abs=1e-12)
    by_product = shop.members("sell_through_rate", "product", JULY)
    assert by_product.get("3") is None
    assert by_product["1"]


def test_how_things_stand_is_told_until_the_last_day_that_orders_are_read_of(shops: dict[str, Shop]) -> None:
    shop, read_until = shops["shared"], WHOLE.end + timedelta(days=1)
    reached, longer = Period(date(2026, 9, 1), read_until), Period(date(2026, 9, 1), date(2027, 3, 31))
    later = Period(read_until + timedelta(days=1), longer.end)
    for key in ("churn_rate", "lost_customers", "active_customers", "active_customer_rate", "vip_net_sales"):
        value = shop.figure(key, reached).value
        assert value is not None, key
        assert shop.figure(key, longer).value == value
        assert shop.function(key, longer) == shop.function(key, reached) == pytest.approx(value)
        assert "Told as of 18 Sep 2026, the last day that orders are read of." in shop.page(key, longer).note
        assert shop.command(key, longer)["notes"] == ["Told as of 18 Sep 2026, the last day that orders are read of."]
        assert shop.command(key, reached)["notes"] == []
        after = shop.figure(key, later)
        assert (after.value, shop.function(key, later)) == (None, None), key
        assert after.reason == "Orders are read until 18 Sep 2026; how things stand after it is not known yet."
    assert shop.figure("churn_rate", longer).value == 0  # all of them ordered in the last weeks that are read
    for by in ("geography", "cohort"):
        told = [shop.members("active_customers", by, period) for period in (reached, longer, later)]
        assert told[0] == told[1] != {}
        assert told[2] == {}
        asked = "(select array_agg(f::text order by 1) from clique.active_customers_by('{}', '{}', '{}') f)"
        rows = [shop.sql(asked.format(by, period.start, period.end)) for period in (reached, longer, later)]
        assert rows[0] == rows[1] is not None
        assert rows[2] is None
    with store_session(shop.store_id) as session:
        rows = service.source_rows(session, shop.store_id, "lost_customers", longer)
    assert rows.total == shop.figure("lost_customers", longer).value


def test_the_command_says_how_many_are_left_out(shops: dict[str, Shop]) -> None:
    shop = shops["shared"]
    told = shop.command("repeat_visit_7d_rate", WHOLE)
    with store_session(shop.store_id) as session:
        item = registry.metric("repeat_visit_7d_rate")
        left = {leaf.key: count for leaf, count in service.left_out(session, shop.store_id, item, WHOLE)}
    assert left
    assert told["left_out"] == left
    shown = shop.run("repeat_visit_7d_rate", WHOLE.start.isoformat(), WHOLE.end.isoformat()).stdout
    for count, note in zip(left.values(), told["notes"], strict=True):
        assert f"{count} in this period" in note
        assert note in shown
        assert note in shop.page("repeat_visit_7d_rate", WHOLE).note


@pytest.mark.parametrize("key", ["customers", "churn_rate", "net_sales"])
@pytest.mark.parametrize(
    "days", [("0001-01-01", "9999-12-31"), ("0001-01-01", "0001-01-02"), ("2026-01-01", "2040-01-01")]
)
def test_a_period_that_is_too_long_or_too_far_is_refused_in_words(
    shops: dict[str, Shop], key: str, days: tuple[str, str]
) -> None:
    done = shops["shared"].run(key, *days)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert days[0] in done.stderr


def test_of_ads_in_a_currency_without_rates_only_money_is_unknown(shops: dict[str, Shop]) -> None:
    shop, read = shops["euro"], Period(WHOLE.start + timedelta(days=12), WHOLE.end)
    for key in ("impressions", "clicks", "ctr", "reported_conversions", "ad_cvr"):
        value = shop.figure(key, read).value
        assert value, key
        assert float(shop.function(key, read) or 0) == pytest.approx(float(value))
        assert shop.members(key, "campaign", read)
    for key in ("ad_spend", "cpc", "cpm", "roas", "reported_revenue", "mer", "payback_days"):
        figure = shop.figure(key, read)
        assert (figure.value, shop.function(key, read)) == (None, None), key
        assert figure.reason.startswith("Ads are billed in EUR. The European Central Bank's rates of some days are not")


def test_a_target_is_told_beside_the_value(shops: dict[str, Shop]) -> None:
    shop = shops["shared"]
    read = Period(WHOLE.start + timedelta(days=12), WHOLE.end)
    third = (shop.figure("ltv", read).value or Decimal(0)) / 3
    assert shop.page("cac", read).target == f"Target: below LTV / 3, here ${third:,.2f}."
    assert shop.command("cac", read)["target"] == {"side": "below", "than": "ltv / 3", "value": round(float(third), 2)}
    numbers = {"mer": ("above", 3), "ltv_cac": ("above", 3), "payback_days": ("below", 90), "roas": ("above", 2)}
    for key, (side, number) in numbers.items():
        assert shop.page(key, read).target == f"Target: {side} {number}."
        assert shop.command(key, read)["target"] == {"side": side, "than": str(number), "value": number}
        assert f"Target: {side} {number}" in shop.run(key, read.start.isoformat(), read.end.isoformat()).stdout
        assert ["Target", f"{side.capitalize()} {number}"] in metric_views.definition_of(registry.metric(key))
    assert shop.page("aov", read).target == ""
    assert "target" not in shop.command("aov", read)
    assert shops["young"].page("cac", read).target == "Target: below LTV / 3, here –."
