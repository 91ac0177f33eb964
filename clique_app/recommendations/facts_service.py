"""Reads the facts that recommendations rest on."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlmodel import Session, select

from clique_app import clock
from clique_app.actions import service as actions
from clique_app.metrics import service as metrics
from clique_app.metrics.definition import Figure, Period
from clique_app.recommendations.definition import MONTH, WEEK, BudgetFacts, PromotedProduct, StoreFacts
from clique_app.recommendations.facts_sql import BUDGETS, COUNTED, PROMOTED
from clique_app.tables import SyncCursor

VELOCITY_DAYS = 90  # in which the last 30 days in stock are looked for

Home = tuple[str, str, str]  # channel, level, platform id


def read(session: Session, store_id: int) -> StoreFacts:
    """Everything the kinds look at, as it is now. Whole days only, besides what stock and spend are today."""
    store = metrics.store(session, store_id)
    today = clock.today(store.time_zone)
    yesterday = today - timedelta(days=1)
    week = Period(today - timedelta(days=WEEK), yesterday)
    month = _month(session, store_id)
    kept = margin(session, store_id)
    net_sales = metrics.figure(session, store_id, "net_sales", week).value
    spend = metrics.figure(session, store_id, "ad_spend", week).value
    asked = {
        "store_id": store_id,
        "currency": store.currency,
        "today": today,
        "yesterday": yesterday,
        "week_start": week.start,
        "month_start": month.start,
        "velocity_start": today - timedelta(days=VELOCITY_DAYS),
    }
    budgets = _budgets(session, store_id, asked)
    fresh = {cursor.source: cursor.fresh_at for cursor in session.exec(select(SyncCursor)).all()}
    limits = actions.limits(session, store_id)
    return StoreFacts(
        currency=store.currency,
        now=clock.now(),
        today=today,
        week=week,
        month=month,
        margin=kept.value,
        no_margin=kept.reason,
        net_sales_week=net_sales or Decimal(0),
        spend_week=spend or Decimal(0),
        account_room={
            account: limits.max_account_daily_budget - total
            for account, total in actions.account_budgets(session, store_id).items()
        },
        limits=limits,
        ads_fresh_at=max((at for source, at in fresh.items() if source.endswith("_ads") and at), default=None),
        stock_fresh_at=fresh.get(actions.STOCK_SOURCE),
        budgets=budgets,
    )


def margin(session: Session, store_id: int) -> Figure:
    """What is left of a month's sales before ads: what ads must return rests on it."""
    return metrics.figure(session, store_id, "contribution_margin", _month(session, store_id))


def count_budgets(session: Session, store_id: int) -> int:
    """The active budgets in the store's currency."""
    asked = {"store_id": store_id, "currency": metrics.store(session, store_id).currency}
    return session.connection().scalar(text(COUNTED), asked) or 0


def _month(session: Session, store_id: int) -> Period:
    today = clock.today(metrics.store(session, store_id).time_zone)
    return Period(today - timedelta(days=MONTH), today - timedelta(days=1))


def _budgets(session: Session, store_id: int, asked: dict[str, object]) -> tuple[BudgetFacts, ...]:
    connection = session.connection()
    products: dict[Home, list[PromotedProduct]] = defaultdict(list)
    for row in connection.execute(text(PROMOTED), asked).mappings():
        values = dict(row)
        home = (values.pop("channel"), values.pop("level"), values.pop("platform_id"))
        products[home].append(PromotedProduct(**values))
    changed = actions.last_changes(session, store_id)
    return tuple(
        BudgetFacts(
            **row,
            products=tuple(products[row["channel"], row["level"], row["platform_id"]]),
            changed_at=changed.get((row["channel"], row["platform_id"])),
        )
        for row in connection.execute(text(BUDGETS), asked).mappings()
    )
