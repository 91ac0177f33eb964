"""The world: the same from the same seed, a past that stays, changes that survive, ads that answer to budgets."""

from __future__ import annotations

import copy
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from clique_app.sandbox import orders_file
from clique_app.sandbox.ad_facts import ad_days, by_region
from clique_app.sandbox.catalog import DISCONTINUED
from clique_app.sandbox.default_store import DOMAIN
from clique_app.sandbox.records import AdDayFact, WorldEvent
from clique_app.sandbox.scenarios import HARBOR_LANE, SPENDING_ON_STOCK_OUT, STRONG_WITH_STOCK, Scenario
from clique_app.sandbox.truth import truth
from clique_app.sandbox.world import World
from tests.book import BOOK, FIRST_DAY, LAST_DAY, NET_SALES_BY_DAY, SHOP
from tests.unit.sandbox.worlds import BEGAN, Time, harbor_lane, orders_of, shop


def _facts(world: World, first: date, last: date) -> list[AdDayFact]:
    accounts = [a.account_id for a in world.ads.accounts.values() if a.owner_shop == DOMAIN]
    return [fact for one in accounts for fact in ad_days(world.ads, one, first, last, world.now())]


def _campaign(world: World, scenario: Scenario) -> str:
    return next(c.campaign_id for c in world.ads.campaigns.values() if c.scenario == scenario.key)


def _spend(world: World, campaign_id: str, day: date) -> Decimal:
    of_campaign = [f for f in _facts(world, day, day) if world.ads.ads[f.ad_id].campaign_id == campaign_id]
    return sum((f.spend for f in of_campaign), Decimal(0))


def test_the_same_seed_makes_the_same_world() -> None:
    assert orders_of(harbor_lane(Time())) == orders_of(harbor_lane(Time()))
    assert orders_of(harbor_lane(Time())) != orders_of(harbor_lane(Time(), seed=4))


def test_growing_in_small_steps_or_at_once_gives_the_same_orders_and_leaves_the_past_alone() -> None:
    small, whole = Time(), Time()
    steps, leap = harbor_lane(small), harbor_lane(whole)
    placed = {o.order_id: (o.created_at, copy.deepcopy(o.agreements)) for o in orders_of(steps)}
    for _ in range(30):
        small.pass_by(hours=1.7)
        steps.advance()
    whole.at = small.at
    leap.advance()
    assert orders_of(steps) == orders_of(leap)
    assert len(orders_of(steps)) > len(placed)
    for order_id, (created_at, agreements) in placed.items():
        order = shop(steps).orders[order_id]
        assert order.created_at == created_at
        assert order.agreements[: len(agreements)] == agreements


def test_nothing_lies_in_the_future() -> None:
    world = harbor_lane(Time())
    for order in orders_of(world):
        assert order.updated_at <= world.now()
        assert order.fulfilled_at is None or order.fulfilled_at <= world.now()


def test_orders_are_found_by_the_time_they_changed_in_order() -> None:
    world = harbor_lane(Time())
    since = BEGAN - timedelta(days=3)
    found = list(shop(world).orders_by("updated_at", since))
    assert [o.order_id for o in found] == [
        o.order_id for o in sorted(orders_of(world), key=lambda o: (o.updated_at, o.order_id)) if o.updated_at >= since
    ]


def test_the_truth_is_what_the_agreements_of_the_orders_say() -> None:
    world = harbor_lane(Time())
    store = shop(world)
    net: dict[date, Decimal] = {}
    for order in orders_of(world):
        for agreement in order.agreements if not order.test else ():
            day = store.day_of(agreement.happened_at)
            sales = [s for s in agreement.sales if s.line_type == "PRODUCT"]
            net[day] = net.get(day, Decimal(0)) + sum((s.total_amount - s.total_tax for s in sales), Decimal(0))
    told = truth(world, DOMAIN, store.shop.history_from, store.day_of(world.now()))
    assert {row["day"]: row["net_sales"] for row in told["by_day"] if row["day"] in net} == net
    assert told["net_sales"] == sum(net.values())
    assert told["orders"] == sum(not order.test for order in orders_of(world))


def test_the_truth_of_the_book_is_as_worked_out_by_hand() -> None:
    world = World(real_time=Time())
    world.create_store(BOOK)
    told = truth(world, SHOP, date.fromisoformat(FIRST_DAY), date.fromisoformat(LAST_DAY))
    assert {str(row["day"]): float(row["net_sales"]) for row in told["by_day"]} == NET_SALES_BY_DAY
    assert (told["gross_sales"], told["discounts"], told["refunds"], told["edits"]) == (315, 23, 50, 10)
    assert (told["orders"], told["customers"], told["new_customers"], told["units"]) == (12, 11, 11, 12)
    assert told["spend"] == Decimal("32.34")


def test_everything_changed_from_outside_survives_a_restart(tmp_path: Path) -> None:
    clock = Time()
    world = harbor_lane(clock, data=tmp_path)
    clock.pass_by(hours=2)
    placed = world.place_random_orders(DOMAIN, 3)
    line = placed[0].lines[0]
    clock.pass_by(minutes=5)
    world.refund_order(DOMAIN, placed[0].order_id, [(line.line_id, 1)])
    world.cancel_order(DOMAIN, placed[1].order_id)
    world.create_store(BOOK)
    world.update_ad_object(_campaign(world, STRONG_WITH_STOCK), daily_budget="5.00")
    world.move_clock(86400)
    clock.pass_by(days=2)
    world.advance()
    again = harbor_lane(clock, data=tmp_path)
    assert again.now() == world.now()
    assert again.store(SHOP).orders == world.store(SHOP).orders
    assert orders_of(again) == orders_of(world)
    assert again.ads.campaigns == world.ads.campaigns
    assert again.ads.steps == world.ads.steps


def test_a_line_cut_off_by_a_crash_is_dropped_from_the_journal(tmp_path: Path) -> None:
    clock = Time()
    world = harbor_lane(clock, data=tmp_path)
    world.place_random_orders(DOMAIN, 1)
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"at": "2026-11-')
    assert orders_of(harbor_lane(clock, data=tmp_path)) == orders_of(world)


def test_a_budget_changes_spend_from_then_on_and_nothing_before() -> None:
    clock, other = Time(), Time()
    world, untouched = harbor_lane(clock), harbor_lane(other)
    campaign_id = _campaign(world, STRONG_WITH_STOCK)
    budget = world.ads.campaigns[campaign_id].daily_budget or Decimal(0)
    day = shop(world).day_of(BEGAN)
    world.update_ad_object(campaign_id, daily_budget=str(budget * 2))
    for clock_, world_ in ((clock, world), (other, untouched)):
        clock_.pass_by(days=3)
        world_.advance()

    def ratio(on: date) -> float:
        return float(_spend(world, campaign_id, on) / _spend(untouched, campaign_id, on))

    assert ratio(day - timedelta(days=1)) == 1
    assert 1.4 < ratio(day) < 1.75  # at 10 in the morning, 14 of 24 hours are left
    assert 1.95 < ratio(day + timedelta(days=1)) < 2.05
    ads = {ad.ad_id for ad in world.ads.ads.values() if ad.campaign_id == campaign_id}

    def driven(of: World) -> int:
        return sum(n for (ad_id, on), (n, _) in of.ads.driven.items() if ad_id in ads and on >= day)

    assert driven(world) >= driven(untouched)


def test_a_paused_campaign_stops_spending() -> None:
    clock = Time()
    world = harbor_lane(clock)
    campaign_id = _campaign(world, STRONG_WITH_STOCK)
    world.update_ad_object(campaign_id, status="PAUSED")
    before = _spend(world, campaign_id, shop(world).day_of(BEGAN))
    clock.pass_by(days=2)
    world.advance()
    assert before > 0
    assert _spend(world, campaign_id, shop(world).day_of(BEGAN)) == pytest.approx(before, rel=Decimal("0.02"))
    assert _spend(world, campaign_id, shop(world).day_of(BEGAN) + timedelta(days=1)) == 0


def test_claims_of_a_day_only_grow_and_over_count_while_spend_moves_a_little() -> None:
    clock = Time()
    world = harbor_lane(clock, orders_per_day=60)
    day = shop(world).day_of(BEGAN) - timedelta(days=1)
    purchases, spends = [], []
    for _ in range(31):
        facts = _facts(world, day, day)
        purchases.append(sum(f.purchases for f in facts))
        spends.append(sum((f.spend for f in facts), Decimal(0)))
        clock.pass_by(days=1)
        world.advance()
    assert purchases == sorted(purchases)
    assert purchases[0] < purchases[-1]
    assert len(set(spends)) > 1
    assert all(abs(s - spends[0]) < spends[0] / 50 for s in spends)
    first = shop(world).shop.history_from
    true = sum(n for (_, on), (n, _) in world.ads.driven.items() if first <= on <= day)
    claimed = sum(f.purchases for f in _facts(world, first, day))
    assert 1.15 < claimed / true < 1.6


def test_regions_sum_to_their_day_and_carry_no_purchases() -> None:
    world = harbor_lane(Time())
    day = shop(world).day_of(BEGAN) - timedelta(days=2)
    for fact in _facts(world, day, day):
        parts = by_region(world.ads, fact)
        assert sum(part.spend for part in parts) == fact.spend
        assert sum(part.impressions for part in parts) == fact.impressions
        assert not any(part.purchases for part in parts)


def test_the_scenarios_are_there() -> None:
    world = harbor_lane(Time(), orders_per_day=40)
    store, today = shop(world), shop(world).day_of(BEGAN)
    titles = {plan.scenario: plan.product for plan in HARBOR_LANE}

    def stock(scenario: Scenario) -> int:
        product = next(p for p in store.products.values() if p.title == titles[scenario])
        return sum(store.available(v) for v in product.variants)

    assert stock(SPENDING_ON_STOCK_OUT) == 0
    assert _spend(world, _campaign(world, SPENDING_ON_STOCK_OUT), today) > 0
    assert stock(STRONG_WITH_STOCK) > 0
    assert len(store.products) >= 60
    assert len(store.locations) == 3
    assert {a.currency for a in world.ads.accounts.values()} == {"USD", "EUR"}


def test_the_catalogue_lives_as_a_real_one_does() -> None:
    clock = Time()
    world = harbor_lane(clock, months=2, orders_per_day=40)
    store = shop(world)
    gone = [p for p in store.products.values() if p.deleted]
    assert [p.title for p in gone] == [DISCONTINUED]
    assert any(line.product_id == gone[0].product_id for order in orders_of(world) for line in order.lines)
    [backordered] = [v for v in store.variants.values() if v.backorder]
    assert store.available(backordered) <= 0
    assert sum(level.incoming for level in store.levels_of(backordered.inventory_item_id)) > 0
    assert sum(level.incoming > 0 for level in store.stock.values()) > 1
    before = {v.variant_id: v.unit_cost for v in store.variants.values()}
    clock.pass_by(days=14)  # over the first of December
    world.advance()
    dearer = [v for v in store.variants.values() if v.unit_cost != before[v.variant_id]]
    assert dearer
    assert len({v.product_id for v in dearer}) == 1
    assert all(v.unit_cost and v.unit_cost > (before[v.variant_id] or 0) for v in dearer)


def test_units_are_promised_from_the_order_to_its_parcel() -> None:
    clock = Time()
    world = harbor_lane(clock, orders_per_day=30)
    store = shop(world)
    open_orders = [o for o in orders_of(world) if o.fulfilled_at is None and o.cancelled_at is None]
    wanted: Counter[tuple[int, int]] = Counter()
    for order in open_orders:
        for line in order.lines:
            variant = store.variants.get(line.variant_id or 0)
            if variant and variant.tracked:
                wanted[variant.inventory_item_id, order.fulfilled_from] += line.current_quantity
    assert sum(wanted.values()) > 10
    assert {key: level.committed for key, level in store.stock.items() if level.committed} == +wanted


def test_what_happens_as_time_passes_is_announced() -> None:
    clock = Time()
    world = harbor_lane(clock)
    heard: list[WorldEvent] = []
    world.subscribe(heard.append)
    clock.pass_by(days=4)
    world.advance()
    topics = {event.topic for event in heard}
    assert {"orders/create", "orders/updated", "refunds/create", "inventory_levels/update"} <= topics
    assert all(BEGAN <= event.at <= clock.at for event in heard)


def test_a_refused_change_is_not_journaled(tmp_path: Path) -> None:
    world = harbor_lane(Time(), data=tmp_path)
    on_ad_sets = next(c for c in world.ads.campaigns.values() if c.daily_budget is None)
    with pytest.raises(ValueError, match="budget sits on the ad sets"):
        world.update_ad_object(on_ad_sets.campaign_id, daily_budget="5")
    assert not (tmp_path / "journal.jsonl").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customer_id,order_date,quantity\n1,1997-01-01,1\n", "line 1: no column amount"),
        ("customer_id,order_date,quantity,amount\n1,1997-01-01,1,2.00\n2,1997-13-01,1,2.00\n", "line 3"),
        ("customer_id,order_date,quantity,amount\n1,1997-01-01,x,2.00\n", "line 2"),
        ("customer_id,order_date,quantity,amount\n1,1997-01-01,1,abc\n", "line 2: 'abc' is not an amount"),
        ("customer_id,order_date,quantity,amount\n", "no orders"),
    ],
)
def test_a_bad_orders_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(text)
    with pytest.raises(orders_file.BadOrdersFile, match=message):
        orders_file.create_store(World(), path)


def test_every_row_of_an_orders_file_is_an_order_and_the_amounts_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = ["1,1997-01-01,3,10.00", "1,1997-01-01,3,10.00", "2,1997-01-02,0,0.00", "2,1997-01-02T10:00:00,1,5.01"]
    path.write_text("customer_id,order_date,quantity,amount_usd\n" + "\n".join(rows) + "\n")
    world = World()
    orders_file.create_store(world, path)
    told = truth(world, orders_file.DOMAIN, date(1997, 1, 1), date(1997, 1, 31))
    assert (told["net_sales"], told["orders"], told["customers"]) == (Decimal("25.01"), 4, 2)
