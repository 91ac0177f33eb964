"""Who is credited with what, by which model, how surely, and one order's journey, as text. Reads; draws nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from clique_app.attribution import orders_service, overview_service
from clique_app.attribution.models import MODELS
from clique_app.attribution.orders_service import CreditedOrder
from clique_app.attribution.overview_service import OrderJourney, Overview, Restatement, Touched
from clique_app.components.tables import Cell, Column, Paging, Row
from clique_app.connections import setting_ranges
from clique_app.integrations.registry import channel_label
from clique_app.metrics import format
from clique_app.metrics.overview_service import Scope

ORDERS_SHOWN = 15
MODEL_NAMES = {key: name for key, name, _ in setting_ranges.MODEL.options}
RESTATED_SHOWN = 15
BY_DAY_BOOKED, BY_ORDER_DAY = "books", "orders"  # which day a refund counts on
KNOWN_BY = {"visit": "visit", "survey": "survey answer", "place": "region and product", "": "nothing"}
CREDIT_COLUMNS = (
    Column("Channel", main=True),
    Column("Net sales", right=True),
    Column("Orders", right=True),
    Column("90 % range", right=True),
    Column("All models", right=True),
    Column("Platform claims", right=True),
    Column("Ad spend", right=True),
    Column("ROAS", right=True),
)
MODEL_COLUMNS = (Column("Channel", main=True), *(Column(MODEL_NAMES[model], right=True) for model in MODELS))
RESTATED_COLUMNS = (
    Column("Day", main=True),
    Column("Channel"),
    Column("Model"),
    Column("Before", right=True),
    Column("After", right=True),
    Column("Change", right=True),
    Column("Restated"),
    Column("Why"),
)
ORDER_COLUMNS = (
    Column("Order", main=True),
    Column("When"),
    Column("Net sales", right=True),
    Column("Credited to"),
    Column("Known by"),
    Column("Visits before", right=True),
)
TOUCH_COLUMNS = (
    Column("Touch", main=True),
    *(Column(MODEL_NAMES[model], right=True, named=True) for model in MODELS),
)


def credits_view(session: Session, store_id: int, scope: Scope, channel: str, counted: str) -> dict[str, Any]:
    """Who is credited, and by which model with how much; a channel: its campaigns. counted: on which day refunds do."""
    period, currency = scope.choice.period, scope.currency
    if not scope.has_orders:
        return {"has_orders": False}
    cohort = counted == BY_ORDER_DAY
    if channel:
        found = overview_service.by_campaign(session, store_id, period, channel, cohort=cohort)
    else:
        found = overview_service.by_channel(session, store_id, period, cohort=cohort)
    rows = [*found.rows, *([found.unattributed] if found.unattributed else [])]
    return {
        "has_orders": True,
        "rule": f"{MODEL_NAMES[found.model]}, {found.window_days}-day window. "
        + (
            "The orders of the period with all that was booked since; other models are told by day booked."
            if cohort
            else "All models: from the least to the most that any of the eight gives."
        ),
        "credits": [_credited(row, currency, into=not channel, cohort=cohort) for row in rows],
        "credits_total": _whole(found, currency, channel, cohort=cohort),
        "agrees": "" if channel else _agrees(found, currency, cohort=cohort),
        "by_model": [_models(row, currency, channel) for row in rows if row.by_model],
        "days_left": _left(found),
    }


def orders_view(
    session: Session, store_id: int, scope: Scope, channel: str, offset: int, restated_offset: int
) -> dict[str, Any]:
    """The orders behind it, the latest first, and days that were told otherwise before; a channel: its own."""
    return {
        **_restated(session, store_id, scope, channel, restated_offset),
        **_orders(session, store_id, scope, channel, offset),
    }


def journey_view(told: OrderJourney, scope: Scope) -> dict[str, Any]:
    """One order's panel."""
    zone, at = ZoneInfo(scope.time_zone), told.at.astimezone(ZoneInfo(scope.time_zone))
    visits = [touch for touch in told.touches if touch.at is not None]
    counted, later = sum(visit.in_window for visit in visits), sum(_is_later(visit, told) for visit in visits)
    earlier = len(visits) - counted - later
    also = [f"{earlier} earlier than that"] * bool(earlier) + [f"{later} after the order"] * bool(later)
    return {
        "journey_customer": "" if told.customer_id is None else str(told.customer_id),
        "journey_title": f"Order {told.name}",
        "journey_facts": [
            ["Placed", f"{format.day(at.date(), year=True)}, {at:%H:%M}"],
            ["Net sales", format.exact(told.net_sales, "money", scope.currency)],
            ["Credited by", f"{MODEL_NAMES[told.model]}, {told.window_days} days before the order"],
            ["Visits", ", ".join([f"{counted} counted", *also]) if visits else "None is known"],
        ],
        "journey_touches": [_touch(number, touch, told, zone) for number, touch in enumerate(told.touches)],
    }


def _is_later(touch: Touched, told: OrderJourney) -> bool:
    return touch.at is not None and touch.at > told.at


def _credited(row: overview_service.Row, currency: str, *, into: bool, cohort: bool) -> Row:
    """In the cohort view what is credited opens to nothing: the catalogue's figure is by the day booked."""
    key = row.channel if into else str(row.campaign_id or "")
    place = f"@{row.channel}" if into else f"@{row.channel}@{row.campaign_id}" if row.campaign_id else ""
    opens = into and (row.spend is not None or row.channel != "unattributed")
    name = channel_label(row.channel) if into else row.name or "No known campaign"
    cells = [
        Cell(name, sub=_unsure(row), opens=f"into@{row.channel}" if opens else ""),
        Cell(
            format.exact(row.amount, "money", currency),
            opens=f"credited_sales{place}" if place and not cohort else "",
            raw=str(row.amount),
            strong=True,
        ),
        Cell(f"{row.orders:,.1f}".removesuffix(".0"), raw=str(row.orders)),
        _between(row.interval.low, row.interval.high, currency)
        if row.interval
        else Cell("too few days", tone="second"),
        _between(row.low, row.high, currency) if row.low is not None and row.high is not None else _nothing(),
        _money(row.claimed, currency, f"reported_revenue{place}", place),
        _money(row.spend, currency, f"ad_spend{place}", place),
        _roas(row, "" if cohort else place, currency),
    ]
    return Row(key or row.name or "-", cells)


def _unsure(row: overview_service.Row) -> str:
    share = row.unsure_share
    if not share or share < Decimal("0.005"):
        return ""
    how = " and ".join(
        word for word, part in (("survey", row.surveyed), ("region and product", row.placed)) if part
    )  # fmt: skip
    return f"{share:.0%} known only by {how}"


def _roas(row: overview_service.Row, place: str, currency: str) -> Cell:
    if row.roas is None:
        return _nothing()
    between = row.roas_interval
    return Cell(
        format.exact(row.roas, "ratio", currency),
        sub=f"{between.low:.2f}–{between.high:.2f}" if between else "",
        opens=f"roas{place}" if place else "",
        raw=str(row.roas),
    )


def _money(amount: Decimal | None, currency: str, opens: str, place: str) -> Cell:
    if amount is None:
        return _nothing()
    return Cell(format.exact(amount, "money", currency), opens=opens if place else "", raw=str(amount))


def _between(low: Decimal, high: Decimal, currency: str) -> Cell:
    if low == high:
        return Cell(format.brief(low, "money", currency), tone="second", raw=str(low))
    shown = f"{format.brief(low, 'money', currency)} – {format.brief(high, 'money', currency)}"
    return Cell(shown, tone="second", raw=f"{low} {high}")


def _nothing() -> Cell:
    return Cell(format.UNKNOWN, tone="second")


def _whole(found: Overview, currency: str, channel: str, *, cohort: bool) -> Row:
    orders = sum((row.orders for row in found.rows), Decimal(0))
    orders += found.unattributed.orders if found.unattributed else Decimal(0)
    spends = [row.spend for row in found.rows if row.spend is not None]
    claims = [row.claimed for row in found.rows if row.claimed is not None]
    place = f"@{channel}" if channel else ""
    cells = [
        Cell(channel_label(channel) if channel else "Store", strong=True),
        Cell(
            format.exact(found.whole, "money", currency),
            opens="" if cohort else f"credited_sales{place}" if channel else "net_sales",
            strong=True,
            raw=str(found.whole),
        ),
        Cell(f"{orders:,.1f}".removesuffix(".0"), strong=True, raw=str(orders)),
        Cell(""),
        Cell(""),
        _sum(claims, currency, f"reported_revenue{place}"),
        _sum(spends, currency, f"ad_spend{place}"),
        Cell(""),
    ]
    return Row("whole", cells)


def _sum(amounts: list[Decimal], currency: str, opens: str) -> Cell:
    if not amounts:
        return _nothing()
    whole = sum(amounts, Decimal(0))
    return Cell(format.exact(whole, "money", currency), opens=opens, strong=True, raw=str(whole))


def _agrees(found: Overview, currency: str, *, cohort: bool) -> str:
    """What the table adds up to, or what is wrong with it."""
    wrong = {model: found.differences[model] for model in MODELS if found.differences.get(model)}
    if wrong:
        said = ", ".join(f"{MODEL_NAMES[m]} {format.exact(lack, 'money', currency)}" for m, lack in wrong.items())
        return f"Credits differ from net sales: {said}. They are being worked out again."
    models = "every model" if len(found.differences) == len(MODELS) else "this model"
    sold = format.exact(found.whole, "money", currency)
    if cohort:
        return f"Credits and unattributed equal {sold}, the net sales until now of the orders placed in the period."
    return f"Credits and unattributed equal net sales of {sold} by {models}."


def _left(found: Overview) -> str:
    if not found.days_left:
        return ""
    days = f"{found.days_left} day{'' if found.days_left == 1 else 's'}"
    return f"Other models are still being worked out for {days} of this period; the table fills by itself."


def _models(row: overview_service.Row, currency: str, channel: str) -> Row:
    name = row.name or "No known campaign" if channel else channel_label(row.channel)
    cells = [Cell(format.brief(row.by_model[m], "money", currency), raw=str(row.by_model[m])) for m in MODELS]
    return Row(f"{row.channel}{row.campaign_id or row.name}", [Cell(name), *cells])


def _restated(session: Session, store_id: int, scope: Scope, channel: str, offset: int) -> dict[str, Any]:
    found = overview_service.restatements(
        session, store_id, scope.choice.period, channel=channel, limit=RESTATED_SHOWN + 1, offset=offset
    )
    more, shown = len(found) > RESTATED_SHOWN, found[:RESTATED_SHOWN]
    place = f"{offset + 1:,} to {offset + len(shown):,}, the latest first"
    return {
        "restated": [_restatement(number, one, scope) for number, one in enumerate(shown)],
        "restated_paging": Paging(place, offset > 0, more),
    }


def _restatement(number: int, one: Restatement, scope: Scope) -> Row:
    moved, made = one.after - one.before, one.made_at.astimezone(ZoneInfo(scope.time_zone))
    sign = "+" if moved > 0 else ""
    cells = [
        Cell(format.day(one.day, year=True)),
        Cell(channel_label(one.channel)),
        Cell(MODEL_NAMES[one.model]),
        Cell(format.exact(one.before, "money", scope.currency), raw=str(one.before)),
        Cell(format.exact(one.after, "money", scope.currency), raw=str(one.after)),
        Cell(f"{sign}{format.exact(moved, 'money', scope.currency)}", raw=str(moved)),
        Cell(f"{format.day(made.date())}, {made:%H:%M}", tone="second"),
        Cell(one.cause.capitalize(), tone="second"),
    ]
    return Row(str(number), cells)


def _orders(session: Session, store_id: int, scope: Scope, channel: str, offset: int) -> dict[str, Any]:
    found = orders_service.latest(
        session, store_id, scope.choice.period, channel, limit=ORDERS_SHOWN + 1, offset=offset
    )
    more, shown = len(found) > ORDERS_SHOWN, found[:ORDERS_SHOWN]
    place = f"{offset + 1:,} to {offset + len(shown):,}, the latest first" if shown else "No orders in this period"
    return {
        "orders": [_order(one, scope) for one in shown],
        "orders_paging": Paging(place, offset > 0, more),
    }


def _order(one: CreditedOrder, scope: Scope) -> Row:
    at = one.at.astimezone(ZoneInfo(scope.time_zone))
    cells = [
        Cell(one.name, opens=str(one.order_id)),
        Cell(f"{format.day(at.date())}, {at:%H:%M}", tone="second"),
        Cell(format.exact(one.net_sales, "money", scope.currency), raw=str(one.net_sales)),
        Cell(", ".join(channel_label(channel) for channel in one.channels) or format.UNKNOWN),
        Cell(KNOWN_BY[one.known_by], tone="second"),
        Cell(f"{one.touches:,}"),
    ]
    return Row(str(one.order_id), cells)


def _touch(number: int, touch: Touched, told: OrderJourney, zone: ZoneInfo) -> Row:
    if touch.at is None:
        about = f"Known by {KNOWN_BY[touch.known_by]}" if touch.known_by else "No touch is known"
    else:
        at = touch.at.astimezone(zone)
        link = " / ".join(filter(None, (touch.source, touch.medium)))
        about = f"{format.day(at.date())}, {at:%H:%M}" + (f" · {link}" if link else "")
    if touch.campaign:
        about += f" · {touch.campaign}"
    if not touch.in_window:
        about += " · after the order" if _is_later(touch, told) else " · before the window"
    shares = [
        Cell(f"{touch.shares[m]:.0%}" if touch.shares[m] else "–", tone="" if touch.shares[m] else "second")
        for m in MODELS
    ]
    return Row(str(number), [Cell(channel_label(touch.channel), sub=about), *shares])
