"""Every metric of the catalogue against arithmetic of the test's own, its groups against the whole, its rows against
its value, and its worked example in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlmodel import Session

from clique_app import database
from clique_app.attribution import service as attribution
from clique_app.database import store_session
from clique_app.metrics import examples, grouping_service, overview_service, registry, service
from clique_app.metrics.definition import NAMES, Dimension, Formula, Leaf, Period, Reading, Total
from clique_app.roles import APP_ROLE, SYSTEM_ROLE
from clique_app.settings import settings
from clique_app.tables import StoreSettings
from tests.conftest import TEST_SETTINGS, Servers
from tests.conftest import _apply as apply_settings
from tests.integration import small_store
from tests.integration.metric_arithmetic import LEAVES, World, margin_of_expected, worked_out

PERIODS = (
    Period(date(2026, 2, 1), date(2026, 3, 15)),
    Period(date(2026, 3, 8), date(2026, 3, 8)),  # a day of 23 hours
    Period(date(2026, 1, 5), date(2026, 3, 20)),
)


@pytest.fixture(scope="module")
def stores(make_database: Callable[[], str], servers: Servers) -> Iterator[dict[int, int]]:
    """Stores by their seed, for all tests here: they only read."""
    url = make_database()
    with pytest.MonkeyPatch.context() as patch:
        apply_settings(patch, {**TEST_SETTINGS, "DATABASE_URL": url, "REDIS_URL": servers.redis_url})
        yield {seed: small_store.make(seed, f"small{seed}.myshopify.com") for seed in (1, 2)}
        for role in (APP_ROLE, SYSTEM_ROLE):
            database._engine(url, role).dispose()
    settings.cache_clear()


@pytest.fixture
def small(request: pytest.FixtureRequest, stores: dict[int, int]) -> Iterator[tuple[Session, int]]:
    store_id = stores[getattr(request, "param", 1)]
    with store_session(store_id) as session:
        yield session, store_id


def leaves() -> list[Leaf]:
    return [item for item in registry.METRICS if not isinstance(item, Formula)]


@pytest.mark.parametrize("small", [1, 2], indirect=True)
def test_every_metric_is_what_its_meaning_says_by_other_arithmetic(small: tuple[Session, int]) -> None:
    session, store_id = small
    assert {leaf.key for leaf in leaves()} == set(LEAVES)
    for period in PERIODS:
        world = World(session, period.start, period.end)
        found = service.figures(session, store_id, [item.key for item in registry.METRICS], period)
        own = worked_out(world)
        for item in registry.METRICS:
            figure, wanted = found[item.key], own[item.key]
            assert (figure.value is None) == (wanted is None), (item.key, period, figure, wanted)
            assert figure.value is not None or figure.reason, item.key
            if figure.value is not None and wanted is not None:
                assert float(figure.value) == pytest.approx(float(wanted), abs=1e-9), (item.key, period)
        if len(world.expected) > 1:
            margin = found["expected_net_sales"].margin
            assert float(margin or 0) == pytest.approx(float(margin_of_expected(world)))
            assert found["ltv_predicted"].margin is not None


def test_source_rows_give_the_value_and_days_and_groups_add_up_to_it(small: tuple[Session, int]) -> None:
    session, store_id = small
    period = PERIODS[0]
    whole = service.figures(session, store_id, [leaf.key for leaf in leaves()], period)
    for leaf in leaves():
        rows = service.source_rows(session, store_id, leaf.key, period, limit=100_000)
        assert rows.total == whole[leaf.key].value, leaf.key
        assert rows.count == len(rows.rows)
        if isinstance(leaf, Total):
            assert sum((Decimal(row[-1]) for row in rows.rows), Decimal(0)) == rows.total, leaf.key
    for by in NAMES:
        able = [leaf.key for leaf in leaves() if registry.has(leaf, [by])]
        split = grouping_service.grouped(session, store_id, able, period, by)
        for leaf in (registry.metric(key) for key in able):
            parts = [row.figures[leaf.key].value for row in split.rows]
            if isinstance(leaf, Total) and not (leaf.undivided and by not in ("day", "week", "month")):
                assert sum(part or 0 for part in parts) == whole[leaf.key].value, (leaf.key, by)
            if isinstance(leaf, Reading) and leaf.each and by == "cohort":
                assert sum(part or 0 for part in parts) == whole[leaf.key].value, (leaf.key, by)


def test_a_group_is_what_the_metric_is_narrowed_to_it(small: tuple[Session, int]) -> None:
    session, store_id = small
    period = PERIODS[0]
    asked: list[tuple[str, Dimension]] = [
        ("net_sales", "product"), ("aov", "geography"), ("net_sales", "channel"), ("cac", "channel"),
        ("spend_share", "campaign"), ("customers", "cohort"), ("ltv", "channel"), ("cpa", "ad"),
        ("source_roi", "channel"), ("days_between_purchases", "geography"), ("email_open_rate", "stage"),
        ("new_customer_net_sales", "new_returning"), ("days_of_cover", "product"),
        ("contribution_profit", "channel"), ("contribution_profit", "product"), ("contribution_profit", "geography"),
        ("roi", "campaign"), ("contribution_margin", "ad"), ("cpc", "product"), ("cac", "geography"),
        ("bounce_rate", "landing"), ("visitors", "landing"), ("cart_abandonment_rate", "landing"),
        ("email_click_rate", "program"), ("engagement_decay_rate", "program"),
    ]  # fmt: skip
    for key, by in asked:
        split = grouping_service.grouped(session, store_id, [key], period, by, compare="previous")
        assert split.rows, (key, by)
        assert split.comparison is not None
        for row in split.rows:
            member = grouping_service.member_of(by, row.member)
            assert service.figure(session, store_id, key, period, {by: member}).value == row.figures[key].value, row
    by_channel = grouping_service.grouped(session, store_id, ["overhead", "spend_share"], period, "channel")
    assert all("not by channel" in row.figures["overhead"].reason for row in by_channel.rows)
    assert sum(row.figures["spend_share"].value or 0 for row in by_channel.rows) == pytest.approx(1)
    weeks = grouping_service.grouped(session, store_id, ["churn_rate"], period, "week").rows
    assert [row.member for row in weeks[:2]] == ["2026-02-01", "2026-02-02"]
    last = Period(date(2026, 3, 9), date(2026, 3, 15))
    assert weeks[-1].figures["churn_rate"].value == service.figure(session, store_id, "churn_rate", last).value


def test_groups_as_the_whole_are_not_compared_with_days_before_the_first_order(small: tuple[Session, int]) -> None:
    session, store_id = small
    period = Period(date(2026, 1, 10), date(2026, 2, 20))  # the days before it begin on 29 November
    [tile] = overview_service.tiles(session, store_id, ["net_sales"], period)
    assert (tile.before, tile.change) == (None, None)
    by_product = grouping_service.grouped(session, store_id, ["net_sales"], period, "product", compare="previous")
    assert by_product.compared_from == small_store.FIRST
    assert by_product.rows
    assert not any(row.before or row.changes for row in by_product.rows)
    weeks = grouping_service.grouped(session, store_id, ["net_sales"], period, "week", compare="previous").rows
    assert [bool(row.before) for row in weeks] == [False] * 4 + [True] * 3  # four begin before 20 December
    later = Period(date(2026, 1, 20), date(2026, 2, 18))
    by_product = grouping_service.grouped(session, store_id, ["net_sales"], later, "product", compare="previous")
    assert by_product.compared_from is None
    assert any(row.changes["net_sales"] for row in by_product.rows)


@pytest.mark.parametrize("by", ["channel", "campaign", "ad_group", "ad", "product", "geography"])
def test_what_is_left_after_costs_and_ads_is_told_of_every_part_and_sums_to_the_whole(
    small: tuple[Session, int], by: Dimension
) -> None:
    session, store_id = small
    keys = ["contribution_before_ads", "contribution_profit", "roi", "contribution_margin"]
    split = grouping_service.grouped(session, store_id, keys, PERIODS[0], by)
    for key in keys[:2]:
        assert sum(row.figures[key].value or 0 for row in split.rows) == split.whole[key].value, key
    if by != "geography":  # no platform told of places here: all spend stands beside none of them
        assert sum(row.figures["roi"].value is not None for row in split.rows) > 1


@pytest.mark.parametrize("small", [1, 2], indirect=True)
@pytest.mark.parametrize("model", ["last", "linear"])
def test_a_channel_bears_the_costs_of_orders_in_the_shares_it_is_credited_with(
    small: tuple[Session, int], model: str
) -> None:
    session, store_id = small
    chosen = session.get_one(StoreSettings, store_id)
    chosen.attribution_model, chosen.attribution_window_days = model, 30
    session.flush()
    attribution.credit_orders(session, store_id, None)
    world = World(session, PERIODS[0].start, PERIODS[0].end)
    own: dict[str, Decimal] = {}
    shares: dict[int, dict[str, Decimal]] = {}
    for credit in world.rows("credit"):
        of = shares.setdefault(credit.order_id, {})
        of[credit.channel] = of.get(credit.channel, Decimal(0)) + credit.orders
        if world.within(credit.day):
            own[credit.channel] = own.get(credit.channel, Decimal(0)) + credit.amount
    assert any(0 < share < 1 for of in shares.values() for share in of.values()) == (model == "linear")
    costs = [(row.order_id, world.goods(row)) for row in world.on_days("sale_entry") if row.quantity]
    for order in world.orders.values():
        if world.within(order.day):
            costs.append((order.order_id, world.fulfilling(order) + world.fee(order)))
    for order_id, cost in costs:
        for channel, share in shares[order_id].items():
            own[channel] = own.get(channel, Decimal(0)) - cost * share
    for row in world.on_days("ad_day"):
        own[row.channel] = own.get(row.channel, Decimal(0)) - row.spend
    split = grouping_service.grouped(session, store_id, ["contribution_profit"], PERIODS[0], "channel")
    told = {row.member: row.figures["contribution_profit"].value for row in split.rows}
    assert told == {channel: value for channel, value in own.items() if channel in told}
    assert not any(value for channel, value in own.items() if channel not in told)
    session.rollback()


@pytest.mark.parametrize("small", [1, 2], indirect=True)
def test_it_is_told_how_many_are_left_out_because_they_are_too_young(small: tuple[Session, int]) -> None:
    session, store_id = small
    period = PERIODS[-1]
    world = World(session, period.start, period.end)
    young = {
        "cart_abandonment_rate": world.visits(lambda row: row.added_to_cart and not world.old(row, hours=24)),
        "repeat_visit_7d_rate": world.visits(lambda row: not world.week_old(row)),
        "replenishment_accuracy": sum(world.within(row.expected_on) for row in world.rows("order_forecast"))
        - len(world.foretold),
        "net_sales": 0,
    }
    for key, count in young.items():
        told = service.left_out(session, store_id, registry.metric(key), period)
        assert sum(rows for _, rows in told) == count, key
        assert bool(told) == bool(count)
    assert sum(young.values()) > 0


def test_a_worked_example_of_rows_gives_its_value(small: tuple[Session, int]) -> None:
    session, _ = small
    for leaf in leaves():
        found = session.connection().execute(
            text(examples.statement(leaf)), {"start": PERIODS[0].start, "end": PERIODS[0].end}
        )
        assert Decimal(str(found.scalar_one())) == Decimal(examples.of(leaf)[1]), leaf.key
