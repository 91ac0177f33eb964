"""What the Attribution page shows: credits by channel or campaign by every model, platforms' claims beside, how sure
each is, what was restated, and one order's journey."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app.attribution import bootstrap, credit_sql, days_service, service
from clique_app.attribution.bootstrap import Interval
from clique_app.attribution.models import MODELS, Model
from clique_app.errors import NotFound
from clique_app.metrics import service as metrics
from clique_app.metrics.definition import Period
from clique_app.tables import CreditRestatement, Order
from clique_app.tables.attribution import BY_PLACE, BY_SURVEY, NO_TOUCH, UNATTRIBUTED
from clique_app.tables.orders import NET_SALES_KINDS

# ruff: noqa: S608  (composed of our own names only)

DAYS_AT_ONCE = 3  # that are worked out while the page waits, where they have just changed
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Row:
    """A channel or campaign: what the store's model credits it with, and what the others would.

    by_model and the spread are empty and None while models are still being worked out. spend and what platforms claim
    are None where no ads are read for it.
    """

    channel: str
    campaign_id: int | None  # None: the channel as a whole, or its touches that name no known campaign
    name: str
    amount: Decimal
    orders: Decimal
    by_model: Mapping[Model, Decimal]
    orders_by_model: Mapping[Model, Decimal]
    low: Decimal | None  # of the models
    high: Decimal | None
    interval: Interval | None  # of amount, 90 %; None: too few days
    surveyed: Decimal  # of amount: known by the buyer's answer only
    placed: Decimal  # of amount: known by region and product only
    spend: Decimal | None
    claimed: Decimal | None
    claimed_orders: Decimal | None
    roas: Decimal | None  # of what rests on visits, as the metric has it
    roas_interval: Interval | None

    @property
    def unsure_share(self) -> Decimal | None:
        """The part that rests on no visit; None of nothing."""
        return (self.surveyed + self.placed) / self.amount if self.amount else None


@dataclass(frozen=True)
class Overview:
    """Rows, the largest first; with unattributed they sum to `whole`: the store's net sales, or the channel's credits.

    differences: by model, what the rows and unattributed lack of the whole: 0, or the credits are wrong.
    """

    model: Model
    window_days: int
    period: Period
    rows: tuple[Row, ...]
    unattributed: Row | None  # None where a channel is looked into
    whole: Decimal
    differences: Mapping[Model, Decimal]
    days_left: int  # of the period, that other models are still being worked out for


@dataclass(frozen=True)
class Restatement:
    """A channel's credit of a day that was over, before and after."""

    made_at: datetime
    day: date
    model: Model
    channel: str
    before: Decimal
    after: Decimal
    cause: str  # in words


@dataclass(frozen=True)
class Touched:
    """A touch of an order, and the share of the order that each model gives it."""

    position: int
    at: datetime | None  # None: no visit, what stands in for one
    channel: str
    source: str
    medium: str
    campaign: str  # the known campaign's name, else as the link said
    landing_path: str
    known_by: str  # visit | survey | place | ''
    in_window: bool
    shares: Mapping[Model, Decimal]


@dataclass(frozen=True)
class OrderJourney:
    """The touches that led to an order, earliest first, the ones that do not count among them."""

    order_id: int
    name: str
    at: datetime
    net_sales: Decimal  # until now, refunds taken off
    model: Model
    window_days: int
    touches: tuple[Touched, ...]


CAUSES = {
    "orders": "orders were read or changed since",
    "journeys": "visits became known later",
    "survey": "buyers answered the survey",
    "ads": "campaigns and regions were read",
    "settings": "the model or window was changed",
    "files": "a file was imported or removed",
    "import": "history was read",
    "first": "first credited by this version",
}

_KEPT = """
select day, model, channel, campaign_id, known_by, amount, orders from credit_day
where store_id = :store_id and day between :start and :end and not day = any(:changed) {narrowed}
"""
# what the store's own model credits is exact at any moment
_OWN = f"""
select r.day, cast(:model as text) as model, r.channel, coalesce(r.campaign_id, 0) as campaign_id,
       case r.position when {BY_SURVEY} then 'survey' when {BY_PLACE} then 'place' when {NO_TOUCH} then ''
            else 'visit' end as known_by,
       r.amount, r.orders
from credit r where r.store_id = :store_id and r.day = any(:changed) {{narrowed}}
"""
_ADS = """
select day, {key}, sum(spend), sum(reported_revenue), sum(reported_conversions)
from ad_day where store_id = :store_id and day between :start and :end {narrowed} group by 1, 2
"""
_ORDER_DAYS = """
select o.day, c.channel, sum(c.amount), sum(c.orders)
from credit c join shop_order o on o.store_id = :store_id and o.order_id = c.order_id
where c.store_id = :store_id and o.day between :start and :end group by 1, 2 order by 1, 2
"""
_TOUCHES = """
select t.position, t.occurred_at, t.channel, t.source, t.medium, t.campaign, t.landing_path
from touch t where t.store_id = :store_id and t.order_id = any(:order_ids) order by t.occurred_at, t.position
"""


def by_channel(session: Session, store_id: int, period: Period) -> Overview:
    """The channels that the period's net sales are credited to."""
    return _overview(session, store_id, period, None)


def by_campaign(session: Session, store_id: int, period: Period, channel: str) -> Overview:
    """The campaigns that a channel's credits belong to; those that name none are a row without an id."""
    return _overview(session, store_id, period, channel)


def by_order_day(session: Session, store_id: int, period: Period) -> list[tuple[date, str, Decimal, Decimal]]:
    """The cohort view: (day of the order, channel, amount, orders), everything booked since on the order's own day."""
    asked = {"store_id": store_id, "start": period.start, "end": period.end}
    return [tuple(row) for row in session.connection().execute(text(_ORDER_DAYS), asked)]  # pyright: ignore


def restatements(
    session: Session, store_id: int, period: Period | None = None, *, model: Model | None = None, limit: int = 100
) -> list[Restatement]:
    """Days that were over and came out otherwise since, the latest first."""
    asked = select(CreditRestatement).where(CreditRestatement.store_id == store_id)
    if period:
        asked = asked.where(col(CreditRestatement.day).between(period.start, period.end))
    if model:
        asked = asked.where(CreditRestatement.model == model)
    found = session.exec(asked.order_by(col(CreditRestatement.restatement_id).desc()).limit(limit))
    return [
        Restatement(
            row.made_at,
            row.day,
            cast(Model, row.model),
            row.channel,
            row.before,
            row.after,
            "; ".join(CAUSES.get(cause, cause) for cause in row.cause.split(",")),
        )
        for row in found
    ]


def order_journey(session: Session, store_id: int, order_id: int) -> OrderJourney:
    """NotFound where the store has no such order."""
    order = session.get(Order, (store_id, order_id))
    if order is None:
        raise NotFound("This store has no such order any more.")
    used, connection = service.terms(session, store_id), session.connection()
    asked = {**used.values, "order_ids": [order_id]}
    shares: dict[int, dict[Model, Decimal]] = defaultdict(dict)
    counted: dict[int, tuple[str, str, int | None]] = {}
    for position, channel, known_by, model, share, campaign_id in connection.execute(
        text(credit_sql.journey(MODELS)), asked
    ):
        shares[position][model] = Decimal(str(round(share, 6)))
        counted[position] = (channel, known_by, campaign_id)
    names = _names(session, store_id)
    touches = [
        Touched(
            position, at, channel, source, medium,
            _campaign(names, counted.get(position), campaign),
            landing_path, "visit", position in counted, _all(shares.get(position, {})),
        )
        for position, at, channel, source, medium, campaign, landing_path in connection.execute(text(_TOUCHES), asked)
    ]  # fmt: skip
    touches += [
        Touched(position, None, channel, "", "", names.get(campaign_id or 0, ""), "", known_by, True, _all(given))
        for position, given in shares.items()
        if position in (NO_TOUCH, BY_SURVEY, BY_PLACE)
        for channel, known_by, campaign_id in [counted[position]]
    ]
    net = connection.scalar(
        text(
            "select coalesce(sum(amount), 0) from sale_entry"
            " where store_id = :store_id and order_id = any(:order_ids) and kind = any(:net_sales_kinds)"
        ),
        {**asked, "net_sales_kinds": list(NET_SALES_KINDS)},
    )
    return OrderJourney(
        order_id, order.name, order.processed_at, Decimal(net or 0), used.model, used.window_days, tuple(touches)
    )


def _overview(session: Session, store_id: int, period: Period, channel: str | None) -> Overview:
    used = service.terms(session, store_id)
    credited, left = _credited(session, store_id, period, used.model, channel)
    ads = _ads(session, store_id, period, channel)
    names = _names(session, store_id) if channel else {}
    shown = [*ads, UNATTRIBUTED] if channel is None else [*ads]  # also where nothing is credited to them
    rows = [
        _row(key, channel, names, cells, ads.get(key, {}), used.model, period, known=not left)
        for key, cells in {**{key: [] for key in shown}, **credited}.items()
    ]
    unattributed = next((row for row in rows if row.channel == UNATTRIBUTED), None)
    if channel is None:
        whole = metrics.figure(session, store_id, "net_sales", period).value or NOTHING
    else:
        whole = sum((row.amount for row in rows), NOTHING)
    sums: dict[Model, Decimal] = {
        model: sum((row.by_model.get(model, NOTHING) for row in rows), NOTHING) for model in MODELS if not left
    }
    sums[used.model] = sum((row.amount for row in rows), NOTHING)
    return Overview(
        used.model,
        used.window_days,
        period,
        tuple(sorted((r for r in rows if r is not unattributed), key=lambda r: (-r.amount, r.channel, r.name))),
        unattributed,
        whole,
        _differences(whole, sums) if channel is None else {},
        left,
    )


Cell = tuple[date, Model, str, Decimal, Decimal]  # day, model, known by, amount, orders


def _credited(
    session: Session, store_id: int, period: Period, model: Model, channel: str | None
) -> tuple[dict[Any, list[Cell]], int]:
    """What is credited, by channel or campaign, and how many days lack the other models."""
    connection = session.connection()
    changed = [day for day in days_service.days_left(session, store_id) if period.start <= day <= period.end]
    asked = {"store_id": store_id, "start": period.start, "end": period.end, "changed": changed, "model": model}
    narrowed = ""
    if channel is not None:
        narrowed, asked["channel"] = "and channel = :channel", channel
    rows = list(connection.execute(text(_KEPT.format(narrowed=narrowed)), asked))
    left = 0
    if changed and len(changed) <= DAYS_AT_ONCE:
        statement, values = days_service.by_day(session, store_id, changed)
        rows += [row for row in connection.execute(text(statement), values) if channel in (None, row.channel)]
    elif changed:
        left = len(changed)
        rows = [row for row in rows if row.model == model]
        rows += list(connection.execute(text(_OWN.format(narrowed=narrowed)), asked))
    found: dict[Any, list[Cell]] = defaultdict(list)
    for row in rows:
        key = row.channel if channel is None else row.campaign_id
        found[key].append((row.day, row.model, row.known_by, row.amount, row.orders))
    return found, left


def _ads(session: Session, store_id: int, period: Period, channel: str | None) -> dict[Any, dict[date, Sequence[Any]]]:
    key, narrowed = ("channel", "") if channel is None else ("campaign_id", "and channel = :channel")
    asked = {"store_id": store_id, "start": period.start, "end": period.end, "channel": channel}
    found: dict[Any, dict[date, Sequence[Any]]] = defaultdict(dict)
    for day, member, *facts in session.connection().execute(text(_ADS.format(key=key, narrowed=narrowed)), asked):
        found[member][day] = facts
    return found


def _row(
    key: Any,
    channel: str | None,
    names: Mapping[int, str],
    cells: Sequence[Cell],
    ads: Mapping[date, Sequence[Any]],
    model: Model,
    period: Period,
    known: bool,
) -> Row:
    amounts: dict[Model, Decimal] = dict.fromkeys(MODELS, NOTHING)
    orders: dict[Model, Decimal] = dict.fromkeys(MODELS, NOTHING)
    own: dict[date, Decimal] = defaultdict(Decimal)
    visits: dict[date, Decimal] = defaultdict(Decimal)
    by: dict[str, Decimal] = defaultdict(Decimal)
    for day, of, known_by, amount, count in cells:
        amounts[of] += amount
        orders[of] += count
        if of == model:
            own[day] += amount
            by[known_by] += amount
            if known_by == "visit":
                visits[day] += amount
    days = period.each_day()
    spent = [ads[day][0] if day in ads else NOTHING for day in days]
    spend = sum(spent, NOTHING)
    return Row(
        channel=key if channel is None else channel,
        campaign_id=None if channel is None else key or None,
        name=key if channel is None else names.get(key, ""),
        amount=amounts[model],
        orders=orders[model],
        by_model=amounts if known else {},
        orders_by_model=orders if known else {},
        low=min(amounts.values()) if known else None,
        high=max(amounts.values()) if known else None,
        interval=bootstrap.of_sum([own[day] for day in days]),
        surveyed=by["survey"],
        placed=by["place"],
        spend=spend if ads else None,
        claimed=sum((facts[1] for facts in ads.values()), NOTHING) if ads else None,
        claimed_orders=sum((facts[2] for facts in ads.values()), NOTHING) if ads else None,
        roas=by["visit"] / spend if spend else None,
        roas_interval=bootstrap.of_ratio([visits[day] for day in days], spent) if spend else None,
    )


def _differences(whole: Decimal, sums: Mapping[Model, Decimal]) -> dict[Model, Decimal]:
    return {model: whole - credited for model, credited in sums.items()}


def _campaign(names: Mapping[int, str], counted: tuple[str, str, int | None] | None, said: str) -> str:
    return names.get(counted[2] or 0, said) if counted else said


def _names(session: Session, store_id: int) -> dict[int, str]:
    asked = text("select campaign_id, name from campaign where store_id = :store_id")
    return {campaign_id: name for campaign_id, name in session.connection().execute(asked, {"store_id": store_id})}


def _all(given: Mapping[Model, Decimal]) -> dict[Model, Decimal]:
    return {model: given.get(model, NOTHING) for model in MODELS}
