"""What the Attribution page shows: credits by channel or campaign by every model, platforms' claims beside, how sure
each is, what was restated, and one order's journey."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app.attribution import bootstrap, credit_sql, days_service, service
from clique_app.attribution.bootstrap import Interval
from clique_app.attribution.models import MODELS, Model
from clique_app.errors import NotFound
from clique_app.metrics import kept_service, sums_service
from clique_app.metrics.catalog.ads import AD_SPEND, REPORTED_CONVERSIONS, REPORTED_REVENUE
from clique_app.metrics.catalog.sales import NET_SALES
from clique_app.metrics.definition import Dimension, Filters, Period
from clique_app.metrics.kept import ORDER_CREDITS
from clique_app.metrics.sums_service import Moment
from clique_app.tables import CreditRestatement, Order
from clique_app.tables.attribution import BY_PLACE, BY_SURVEY, NO_TOUCH, UNATTRIBUTED, resting_on
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
    customer_id: int | None
    net_sales: Decimal  # until now, refunds taken off
    model: Model
    window_days: int
    touches: tuple[Touched, ...]


CAUSES = {
    "orders": "orders were read or changed since",
    "journeys": "visits became known later",
    "survey": "buyers answered the survey",
    "ads": "campaigns and regions were read",
    "zone": "the store’s time zone was changed",
    "settings": "the model or window was changed",
    "files": "a file was imported or removed",
    "import": "history was read",
    "first": "first credited by this version",
}

_KEPT = """
from {table} where store_id = :store_id and day between :start and :end and not day = any(:changed) {narrowed}
"""
_OTHERS = f"select {{key}}, model, sum(amount) {_KEPT} and model <> :model group by 1, 2"
# of the store's own model; a row for many days
_BY_DAY = f"""
select {{key}}, known_by, array_agg(day), array_agg(amount), sum(orders) {_KEPT} and model = :model group by 1, 2
"""
_MADE = "select day, model, {key}, known_by, amount, orders from ({made}) made where true {narrowed}"
# what the store's own model credits is exact at any moment
_OWN = f"""
select r.day, cast(:model as text), {{key}}, {resting_on("r.position")}, sum(r.amount), sum(r.orders)
from credit r where r.store_id = :store_id and r.day = any(:changed) {{narrowed}} group by 1, 3, 4
"""
_BY_ORDER_DAY = """
select {key}, known_by, array_agg(day), array_agg(amount), sum(orders)
from (select {key}, known_by, day, sum(amount) as amount, sum(orders) as orders
      from {made} made where true {narrowed} group by 1, 2, 3) told group by 1, 2
"""
_TOUCHES = """
select t.position, t.occurred_at, t.channel, t.source, t.medium, t.campaign, t.landing_path
from touch t where t.store_id = :store_id and t.order_id = any(:order_ids) order by t.occurred_at, t.position
"""


def by_channel(session: Session, store_id: int, period: Period, *, cohort: bool = False) -> Overview:
    """The channels that the period's net sales are credited to.

    cohort: what is booked of an order, whenever that is, counts on the order's own day, so the period's orders come
    with what they are worth until now. Told by the store's model alone; what others would say is kept by day booked.
    """
    return _overview(session, store_id, period, None, cohort=cohort)


def by_campaign(session: Session, store_id: int, period: Period, channel: str, *, cohort: bool = False) -> Overview:
    """The campaigns that a channel's credits belong to; those that name none are a row without an id."""
    return _overview(session, store_id, period, channel, cohort=cohort)


def restatements(
    session: Session,
    store_id: int,
    period: Period | None = None,
    *,
    model: Model | None = None,
    channel: str = "",
    limit: int = 100,
    offset: int = 0,
) -> list[Restatement]:
    """Days that were over and came out otherwise since, the latest first; of a channel: its own."""
    asked = select(CreditRestatement).where(CreditRestatement.store_id == store_id)
    if period:
        asked = asked.where(col(CreditRestatement.day).between(period.start, period.end))
    if model:
        asked = asked.where(CreditRestatement.model == model)
    if channel:
        asked = asked.where(CreditRestatement.channel == channel)
    found = session.exec(asked.order_by(col(CreditRestatement.restatement_id).desc()).limit(limit).offset(offset))
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
        order_id,
        order.name,
        order.processed_at,
        order.customer_id,
        Decimal(net or 0),
        used.model,
        used.window_days,
        tuple(touches),
    )


def _overview(session: Session, store_id: int, period: Period, channel: str | None, *, cohort: bool) -> Overview:
    used, moment = service.terms(session, store_id), sums_service.now(session, store_id)
    if cohort:
        credited, left = _credited_by_order_day(session, store_id, period, used.model, channel, moment), 0
    else:
        credited, left = _credited(session, store_id, period, used.model, channel)
    alone = cohort or bool(left)  # the store's model is all that is told
    ads = _ads(session, store_id, period, channel, moment)
    names = _names(session, store_id) if channel else {}
    shown = [*ads, UNATTRIBUTED] if channel is None else [*ads]  # also where nothing is credited to them
    each = {**{key: _Credits() for key in shown}, **credited}
    days, paid = period.each_day(), [key for key in each if key in ads]
    intervals = bootstrap.of_sums([_on(days, credits.days) for credits in each.values()])
    ratios = bootstrap.of_ratios([(_on(days, each[key].visits), _on(days, ads[key].spend)) for key in paid])
    of_paid = dict(zip(paid, ratios, strict=True))
    rows = [
        _row(key, channel, names, credits, ads.get(key), used.model, interval, of_paid.get(key), known=not alone)
        for (key, credits), interval in zip(each.items(), intervals, strict=True)
    ]
    unattributed = next((row for row in rows if row.channel == UNATTRIBUTED), None)
    if channel is None and cohort:
        whole = kept_service.cohort_days(session, store_id, period, moment).brought()[NET_SALES.key]
    elif channel is None:
        sold = sums_service.sums(session, store_id, [NET_SALES], period, "day", moment=moment)
        whole = sum(sold[NET_SALES.key].values(), NOTHING)
    else:
        whole = sum((row.amount for row in rows), NOTHING)
    sums: dict[Model, Decimal] = {
        model: sum((row.by_model.get(model, NOTHING) for row in rows), NOTHING) for model in MODELS if not alone
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


@dataclass
class _Credits:
    """What a channel or campaign is credited with."""

    amounts: dict[Model, Decimal] = field(default_factory=lambda: dict.fromkeys(MODELS, NOTHING))
    # by the store's own model
    orders: Decimal = NOTHING
    days: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    visits: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))  # what of it rests on visits
    known_by: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def count(
        self, model: Model, known_by: str, days: Sequence[date], amounts: Sequence[Decimal], orders: Decimal
    ) -> None:
        """What the store's own model gives it on many days."""
        self.amounts[model] += sum(amounts, NOTHING)
        self.orders += orders
        for day, amount in zip(days, amounts, strict=True):
            self.add(known_by, day, amount)

    def add(self, known_by: str, day: date, amount: Decimal) -> None:
        """What the store's own model gives it."""
        self.days[day] += amount
        self.known_by[known_by] += amount
        if known_by == "visit":
            self.visits[day] += amount


def _credited(
    session: Session, store_id: int, period: Period, model: Model, channel: str | None
) -> tuple[dict[Any, _Credits], int]:
    """What is credited, by channel or campaign, and how many days lack the other models."""
    connection = session.connection()
    changed = [day for day in days_service.days_left(session, store_id) if period.start <= day <= period.end]
    asked = {"store_id": store_id, "start": period.start, "end": period.end, "changed": changed, "model": model}
    key, table, narrowed = "channel", "credit_channel_day", ""
    if channel is not None:
        key, table, narrowed, asked["channel"] = "campaign_id", "credit_day", "and channel = :channel", channel
    found: dict[Any, _Credits] = defaultdict(_Credits)

    def rows(statement: str, **values: Any) -> Iterable[Any]:
        return connection.execute(text(statement), {**asked, **values})

    for of, by, amount in rows(_OTHERS.format(key=key, table=table, narrowed=narrowed)):
        found[of].amounts[by] = amount
    for of, known_by, days, amounts, orders in rows(_BY_DAY.format(key=key, table=table, narrowed=narrowed)):
        found[of].count(model, known_by, days, amounts, orders)
    left = len(changed) if len(changed) > DAYS_AT_ONCE else 0
    now: Iterable[Any] = ()
    if left:
        own = "r.channel" if channel is None else "coalesce(r.campaign_id, 0)"
        now = rows(_OWN.format(key=own, narrowed=narrowed))
    elif changed:
        made, values = days_service.by_day(session, store_id, changed)
        now = rows(_MADE.format(key=key, made=made, narrowed=narrowed), **values)
    for day, by, of, known_by, amount, orders in now:
        found[of].amounts[by] += amount
        if by == model:
            found[of].orders += orders
            found[of].add(known_by, day, amount)
    return found, left


def _credited_by_order_day(
    session: Session, store_id: int, period: Period, model: Model, channel: str | None, moment: Moment
) -> dict[Any, _Credits]:
    """What is credited of the orders of the period, by channel or campaign."""
    made, asked = sums_service.relation(store_id, ORDER_CREDITS, period, moment)
    key, narrowed = "channel", ""
    if channel is not None:
        key, narrowed, asked["channel"] = "campaign_id", "and channel = :channel", channel
    statement = text(_BY_ORDER_DAY.format(key=key, made=made, narrowed=narrowed))
    found: dict[Any, _Credits] = defaultdict(_Credits)
    for of, known_by, days, amounts, orders in session.connection().execute(statement, asked):
        found[of].count(model, known_by, days, amounts, orders)
    return found


@dataclass
class _Ads:
    """What the platform says of a channel or campaign."""

    spend: dict[date, Decimal] = field(default_factory=dict)
    revenue: Decimal = NOTHING
    conversions: Decimal = NOTHING


def _ads(session: Session, store_id: int, period: Period, channel: str | None, moment: Moment) -> dict[Any, _Ads]:
    by: Dimension = "channel" if channel is None else "campaign"
    filters: Filters | None = None if channel is None else {"channel": channel}
    spent = sums_service.by_day_and(session, store_id, [AD_SPEND], period, by, filters, moment)
    claims = (REPORTED_REVENUE, REPORTED_CONVERSIONS)
    claimed = sums_service.sums(session, store_id, claims, period, by, filters, moment)
    found: dict[Any, _Ads] = defaultdict(_Ads)
    for (day, of), spend in spent[AD_SPEND.key].items():
        found[of].spend[day] = spend
    for of, revenue in claimed[REPORTED_REVENUE.key].items():
        found[of].revenue = revenue
    for of, conversions in claimed[REPORTED_CONVERSIONS.key].items():
        found[of].conversions = conversions
    return found


def _on(days: Sequence[date], amounts: Mapping[date, Decimal]) -> list[Decimal]:
    return [amounts.get(day, NOTHING) for day in days]


def _row(
    key: Any,
    channel: str | None,
    names: Mapping[int, str],
    credits: _Credits,
    ads: _Ads | None,
    model: Model,
    interval: Interval | None,
    roas_interval: Interval | None,
    known: bool,
) -> Row:
    amounts = credits.amounts
    spend = sum(ads.spend.values(), NOTHING) if ads else NOTHING
    return Row(
        channel=key if channel is None else channel,
        campaign_id=None if channel is None else key or None,
        name=key if channel is None else names.get(key, ""),
        amount=amounts[model],
        orders=credits.orders,
        by_model=amounts if known else {},
        low=min(amounts.values()) if known else None,
        high=max(amounts.values()) if known else None,
        interval=interval,
        surveyed=credits.known_by["survey"],
        placed=credits.known_by["place"],
        spend=spend if ads else None,
        claimed=ads.revenue if ads else None,
        claimed_orders=ads.conversions if ads else None,
        roas=sum(credits.visits.values(), NOTHING) / spend if spend else None,
        roas_interval=roas_interval,
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
