"""Facts from rows, and how cards live: made, kept, renewed, withdrawn, dismissed, expired."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from clique_app import clock
from clique_app.database import store_session, system_session
from clique_app.errors import Refused
from clique_app.recommendations import facts_service, service
from clique_app.tables import (
    Action,
    Ad,
    AdDay,
    AdGroup,
    Campaign,
    ConnectedAccount,
    Connection,
    Credit,
    InventoryDay,
    InventoryLevel,
    Location,
    Member,
    Order,
    OrderLine,
    Product,
    Recommendation,
    SaleEntry,
    Store,
    StoreSettings,
    SyncCursor,
    UnitCost,
    Variant,
)

OWNER = 11
OUT, STOCKED = 1, 2  # products, variants and items alike
ON_CAMPAIGN, ON_GROUP = 1, 2


@pytest.fixture
def store_id(database_env: None) -> int:
    with system_session() as session:
        store = Store(shop_domain="cards.myshopify.com", currency="USD", time_zone="UTC", installed_at=clock.now())
        session.add(store)
        session.flush()
        store_id = store.store_id
    with store_session(store_id) as session:
        Book(session, store_id).write()
    return store_id


class Book:
    """35 days of a store: product 1 ran out 4 days ago and its campaign spends on; product 2's campaign is strong."""

    def __init__(self, session: Session, store_id: int) -> None:
        self.session, self.store_id = session, store_id
        self.now, self.today = clock.now(), clock.today("UTC")
        self.order_id = 0

    def add(self, table: type, **values: object) -> None:
        self.session.add(table(store_id=self.store_id, **values))

    def write(self) -> None:
        now = self.now
        self.add(
            StoreSettings, payment_fee_pct=Decimal(0), payment_fee_fixed=Decimal(0), fulfilment_per_order=Decimal(0)
        )
        self.add(Member, user_id=OWNER, role="owner", first_seen_at=now, last_seen_at=now)
        self.add(Connection, channel="meta", state="connected")
        self.add(
            ConnectedAccount,
            channel="meta",
            account_id="1",
            name="A",
            currency="USD",
            time_zone="America/New_York",
            chosen_at=now,
        )
        for source in ("meta_ads", "shopify_inventory"):
            self.add(SyncCursor, source=source, fresh_at=now)
        self.add(Location, location_id=1, name="Portland")
        self.add(Location, location_id=2, name="Closed", active=False)
        self.session.flush()
        for product, title in ((OUT, "Winter Candle"), (STOCKED, "Gift Set")):
            self.add(Product, product_id=product, title=title, handle=str(product), updated_at=now)
            self.session.flush()
            self.add(
                Variant, variant_id=product, product_id=product, inventory_item_id=product, title="", price=Decimal(50)
            )
            self.session.flush()
            self.add(UnitCost, variant_id=product, valid_from=date(2020, 1, 1), cost=Decimal(25))
        self.add(InventoryLevel, inventory_item_id=OUT, location_id=1, available=0, updated_at=now)
        self.add(InventoryLevel, inventory_item_id=OUT, location_id=2, available=40, updated_at=now)
        self.add(InventoryLevel, inventory_item_id=STOCKED, location_id=1, available=1000, updated_at=now)
        for back, available in ((20, 60), (4, 0)):
            day = self.today - timedelta(days=back)
            self.add(InventoryDay, day=day, inventory_item_id=OUT, location_id=1, available=available)
        self._ads()
        for back in range(35, -1, -1):
            day = self.today - timedelta(days=back)
            if back > 4:
                self._sell(day, OUT, units=3, campaign=ON_CAMPAIGN)
            for _ in range(6):
                self._sell(day, STOCKED, units=2, campaign=ON_GROUP)

    def _ads(self) -> None:
        now = self.now
        for number, on_group in ((ON_CAMPAIGN, False), (ON_GROUP, True)):
            money = {"daily_budget": Decimal(170), "currency": "USD", "read_at": now}
            none = {**money, "daily_budget": None}
            self.add(
                Campaign,
                campaign_id=number,
                channel="meta",
                platform_id=f"10{number}",
                account_id="1",
                name=f"C{number}",
                status="active",
                **(none if on_group else money),
            )
            self.session.flush()
            self.add(
                AdGroup,
                ad_group_id=number,
                channel="meta",
                platform_id=f"20{number}",
                campaign_id=number,
                name="G",
                status="active",
                **(money if on_group else none),
            )
            self.session.flush()
            self.add(
                Ad,
                ad_id=number,
                channel="meta",
                platform_id=f"30{number}",
                ad_group_id=number,
                campaign_id=number,
                name="A",
                status="active",
                product_id=number,
                read_at=now,
            )
            self.session.flush()
            for back in range(35, -1, -1):
                self.add(
                    AdDay,
                    day=self.today - timedelta(days=back),
                    ad_id=number,
                    channel="meta",
                    campaign_id=number,
                    currency="USD",
                    spend=Decimal(165),
                    reported_revenue=Decimal(700),
                    read_at=now,
                )

    def _sell(self, day: date, product: int, *, units: int, campaign: int) -> None:
        self.order_id += 1
        number, amount = self.order_id, Decimal(50) * units
        at = datetime.combine(day, time(12), UTC)
        self.add(
            Order,
            order_id=number,
            name=f"#{number}",
            processed_at=at,
            day=day,
            created_at=at,
            updated_at=at,
            currency="USD",
            presentment_currency="USD",
            total=amount,
            stated_total=amount,
        )
        self.session.flush()
        self.add(
            OrderLine,
            line_id=number,
            order_id=number,
            product_id=product,
            variant_id=product,
            quantity=units,
            current_quantity=units,
            unit_price=Decimal(50),
        )
        self.add(
            SaleEntry,
            sale_id=number,
            kind="sale",
            order_id=number,
            line_id=number,
            product_id=product,
            variant_id=product,
            happened_at=at,
            day=day,
            quantity=units,
            amount=amount,
            unit_cost=Decimal(25),
        )
        self.add(
            Credit,
            order_id=number,
            day=day,
            position=0,
            channel="meta",
            campaign_id=campaign,
            ad_id=campaign,
            amount=amount,
            orders=1,
        )


def open_cards(store_id: int) -> dict[str, Recommendation]:
    with store_session(store_id) as session:
        return {card.kind: card for card in session.exec(select(Recommendation).where(Recommendation.state == "open"))}


def look(store_id: int):
    with store_session(store_id) as session:
        return service.refresh(session, store_id)


def run(store_id: int, statement: str) -> None:
    with store_session(store_id) as session:
        session.connection().execute(text(statement))


def test_facts_are_what_the_rows_say(store_id: int) -> None:
    with store_session(store_id) as session:
        facts = facts_service.read(session, store_id)
    assert facts.margin == Decimal("0.5")
    assert facts.break_even == 2
    assert facts.spend_week == 165 * 2 * 7
    assert facts.account_room == {("meta", "1"): Decimal(5000 - 340)}
    group, campaign = sorted(facts.budgets, key=lambda budget: budget.level)
    assert (campaign.platform_id, campaign.spend_month, campaign.spend_week) == ("101", 165 * 30, 165 * 7)
    assert (campaign.credited_month, campaign.credited_orders_month) == (26 * 150, 26)
    assert campaign.reported_month == 700 * 30
    (out,) = campaign.products
    assert (out.out, out.sellable, out.out_since) == (True, 0, facts.today - timedelta(days=4))
    assert out.per_day == 3  # over the 30 days before it ran out, not over the empty ones
    assert (out.spend_week, out.spend_recent, out.spend_out, out.credited_out) == (1155, 330, 165 * 5, 0)
    assert (group.platform_id, group.credited_month, group.credited_orders_month) == ("202", 30 * 600, 180)
    assert group.credited_squares_month == 180 * 100 * 100
    (stocked,) = group.products
    assert (stocked.out, stocked.sellable, stocked.per_day) == (False, 1000, 12)
    assert stocked.out_since is None


def test_both_kinds_make_a_card_and_the_same_facts_keep_it(store_id: int) -> None:
    assert len(look(store_id).made) == 2
    first = open_cards(store_id)
    cut, raised = first["stock_out_spend"], first["scale_strong_campaign"]
    assert (cut.proposal["level"], cut.proposal["after"], cut.priority) == ("campaign", "136", "high")
    assert (raised.proposal["level"], raised.proposal["after"]) == ("ad_group", "204")
    assert not look(store_id).anything
    assert {kind: card.recommendation_id for kind, card in open_cards(store_id).items()} == {
        kind: card.recommendation_id for kind, card in first.items()
    }
    with store_session(store_id) as session:
        board = service.list_cards(session, store_id)
    assert [card.kind for card in board.open] == [
        card.kind for card in sorted(first.values(), key=lambda card: -card.rank)
    ]
    assert board.next_look_at is not None
    assert board.nothing == ""


def test_another_budget_makes_the_card_anew_and_new_stock_withdraws_it(store_id: int) -> None:
    look(store_id)
    old = open_cards(store_id)["stock_out_spend"].recommendation_id
    run(store_id, "update campaign set daily_budget = 168 where campaign_id = 1")
    changed = look(store_id)
    assert (changed.withdrawn, len(changed.made)) == ((old,), 1)
    assert open_cards(store_id)["stock_out_spend"].proposal["after"] == "135"
    run(store_id, "update inventory_level set available = 500 where inventory_item_id = 1 and location_id = 1")
    assert len(look(store_id).withdrawn) == 1
    assert "stock_out_spend" not in open_cards(store_id)


def test_newer_evidence_renews_the_card_it_is_on(store_id: int) -> None:
    look(store_id)
    run(store_id, "update ad_day set spend = 166 where ad_id = 1")
    changed = look(store_id)
    # the other card shows its share of all spend, which moved too
    assert (len(changed.updated), changed.made, changed.withdrawn) == (2, (), ())


def test_a_dismissed_subject_rests_until_much_more_is_at_stake(store_id: int) -> None:
    look(store_id)
    card = open_cards(store_id)["stock_out_spend"]
    with store_session(store_id) as session:
        service.dismiss(session, store_id, card.recommendation_id, OWNER, "restock is on its way")
    with store_session(store_id) as session, pytest.raises(Refused, match="dismissed already"):
        service.dismiss(session, store_id, card.recommendation_id, OWNER, "")
    assert not look(store_id).anything
    run(store_id, "update ad_day set spend = 300 where ad_id = 1")
    run(store_id, "update campaign set daily_budget = 300 where campaign_id = 1")
    assert len(look(store_id).made) == 1


def test_a_card_expires_and_is_made_anew_while_the_facts_hold(store_id: int) -> None:
    look(store_id)
    run(store_id, "update recommendation set expires_at = created_at")
    changed = look(store_id)
    assert (len(changed.expired), len(changed.made)) == (2, 2)


def test_an_undone_card_rests_and_an_applied_one_waits_for_its_effect(store_id: int) -> None:
    look(store_id)
    card = open_cards(store_id)["scale_strong_campaign"]
    run(store_id, f"update recommendation set state = 'accepted' where recommendation_id = {card.recommendation_id}")
    with store_session(store_id) as session:
        for undo_of in (None, 1):
            session.add(
                Action(
                    store_id=store_id,
                    recommendation_id=card.recommendation_id,
                    undo_of=undo_of,
                    kind="change_budget",
                    channel="meta",
                    account_id="1",
                    level="ad_group",
                    platform_id="202",
                    name="G",
                    before=Decimal(170),
                    after=Decimal(204),
                    currency="USD",
                    state="applied",
                    checks=[],
                    asked_by=OWNER,
                    asked_at=clock.now() - timedelta(days=8),
                    settled_at=clock.now() - timedelta(days=8),
                )
            )
    assert not look(store_id).made, "undone 8 days ago: it rests"
    run(store_id, "delete from action where undo_of is not null")
    assert len(look(store_id).made) == 1, "applied 8 days ago: its effect is in the figures"
    run(store_id, f"update action set asked_at = '{clock.now() - timedelta(days=3)}'")
    assert len(look(store_id).withdrawn) == 1, "changed 3 days ago: too early to tell"


def test_an_empty_board_says_why(store_id: int) -> None:
    run(store_id, "update campaign set status = 'paused'")
    with store_session(store_id) as session:
        board = service.list_cards(session, store_id)
    assert board.open == ()
    assert board.nothing == "No active campaign has a daily budget in the store's currency."
