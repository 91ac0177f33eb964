"""Cohorts, payback, the best customers and one customer's way as text. Reads; draws nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from clique_app.components.tables import Cell, Column, Row
from clique_app.customers import bgnbd, gamma_gamma, service
from clique_app.customers.cohorts import LTV_DAYS
from clique_app.customers.grid import Cohort, Cohorts, Ltv, Payback, merged
from clique_app.customers.journey_service import Journey, Step
from clique_app.integrations.registry import channel_label
from clique_app.metrics import format
from clique_app.metrics import service as metrics
from clique_app.metrics.catalog.retention import ACTIVE_DAYS
from clique_app.metrics.definition import Figure
from clique_app.metrics.overview_service import Scope
from clique_app.tables import ModelVersion

SHOWN_MONTHS = 12
MOST_ROWS = 60
MOST_VIPS = 25
PAYBACK_TABLE_DAYS = (0, 7, 14, 30, 60, 90, 120, 180, 270, 365)
COHORT_COLUMNS = (
    Column("First order", main=True),
    Column("Customers", right=True),
    *(Column(f"{days} days", right=True) for days in LTV_DAYS),
)
MODEL_COLUMNS = (Column("Parameter", main=True), Column("Learnt", right=True), Column("95 % range", right=True))
RETURN_COLUMNS = (
    Column("First order", main=True),
    Column("Customers", right=True),
    *(Column(f"+{age}", right=True) for age in range(1, SHOWN_MONTHS + 1)),
)
VIP_COLUMNS = (
    Column("Customer", main=True),
    Column("First order"),
    Column("Last order"),
    Column("Orders", right=True),
    Column("Last 365 days", right=True),
    Column("To date", right=True),
    Column("Still a customer", right=True),
    Column("Expected in a year", right=True),
    Column("Next order", right=True),
)
FIGURES = (
    "repeat_purchase_rate", "days_between_purchases", "active_customer_rate", "churn_rate", "ltv_net_sales", "ltv",
)  # fmt: skip
NOTES = {
    "repeat_purchase_rate": "ordered twice or more in the period",
    "days_between_purchases": "median, to an order in the period",
    "active_customer_rate": f"of all, with an order in the last {ACTIVE_DAYS} days",
    "churn_rate": f"of those active at the start, none for {ACTIVE_DAYS} days at the end",
    "ltv_net_sales": "to date, customers won in the period",
    "ltv": "contribution before ads, the same customers",
}
STEP_NAMES = {
    "visit": "Visit",
    "order": "Order",
    "delivery": "Delivered",
    "refund": "Refund",
    "survey": "Survey answer",
    "review": "Review",
    "ugc": "Picture or post",
    "loyalty": "Joined the loyalty program",
}


def figures_view(session: Session, store_id: int, scope: Scope) -> dict[str, Any]:
    """The figures of the period: the first part of the page, and whether there is more."""
    if not service.has_customers(session, store_id):
        return {"has_customers": False}
    basis = metrics.basis(session, store_id)
    told = service.retention(session, store_id, scope.choice.period, basis)
    end = service.last_day(session, store_id, basis)
    return {
        "has_customers": True,
        "age_line": f"As of {format.day(end, year=True)}. {scope.currency}.",
        "figures": [_figure(told[key], scope.currency) for key in FIGURES],
    }


def cohorts_view(session: Session, store_id: int, scope: Scope, by: str, segment: str) -> dict[str, Any]:
    """What each month's new customers brought, and who of them came back: all orders are in it."""
    return _cohorts(service.cohorts(session, store_id, by), segment, scope.currency)


def payback_view(session: Session, store_id: int, scope: Scope) -> dict[str, Any]:
    """When the customers of the period have paid for what winning them cost."""
    period = scope.choice.period
    return _payback(service.payback_of(session, store_id, period), scope.currency, format.days(period))


def best_view(session: Session, store_id: int, scope: Scope) -> dict[str, Any]:
    """The best customers: all have to be ranked for it."""
    currency = scope.currency
    best = service.vips(session, store_id, limit=MOST_VIPS)
    share = "" if best.share is None else f" They brought {format.exact(best.share, 'percent', currency)} of it."
    return {
        "vips": [_vip(one, currency) for one in best.rows],
        "vips_note": f"The top tenth by net sales of the last 365 days, {best.customers:,} customers.{share}",
        **_model(session, store_id),
    }


def journey_view(told: Journey, scope: Scope) -> dict[str, Any]:
    """One customer's panel."""
    currency, expected = scope.currency, told.expected
    lines = [
        ["Orders", f"{told.orders:,}"],
        ["Net sales", format.exact(told.net_sales, "money", currency)],
        ["Region", ", ".join(filter(None, (told.country, told.region))) or format.UNKNOWN],
    ]
    if expected is not None:
        lines += [
            ["Still a customer", format.exact(expected.p_alive, "percent", currency)],
            ["Orders again within 30 days", format.exact(expected.reorder_30, "percent", currency)],
            ["Expected orders in a year", f"{expected.purchases_365:.1f}"],
            ["Expected net sales in a year", format.exact(expected.value_365, "money", currency)],
            ["Next order, as likely as not by", _day(expected.next_order_on)],
        ]
    zone = ZoneInfo(scope.time_zone)
    return {
        "journey_title": f"Customer {told.customer_id}",
        "journey_facts": lines,
        "journey_steps": [_step(number, step, zone, currency) for number, step in enumerate(told.steps)],
        "journey_left_out": f"{told.left_out:,} steps after the first one are not shown." if told.left_out else "",
    }


def _step(number: int, step: Step, zone: ZoneInfo, currency: str) -> Row:
    at = step.at.astimezone(zone)
    about = STEP_NAMES[step.kind]
    about += f", {channel_label(step.channel)}" if step.kind == "visit" else f" {step.order}" if step.order else ""
    detail = ", ".join(filter(None, (step.detail, _score(step))))
    amount = "" if step.amount is None else format.exact(step.amount, "money", currency)
    when = f"{format.day(at.date(), year=True)}, {at:%H:%M}"
    return Row(str(number), [Cell(when, tone="second"), Cell(about, sub=detail), Cell(amount)])


def _score(step: Step) -> str:
    if step.score is None:
        return ""
    return f"{step.score} of 10 to recommend" if step.kind == "survey" else f"{step.score} of 5 stars"


def _figure(figure: Figure, currency: str) -> list[str]:
    if figure.value is None:
        return ["", figure.name, format.UNKNOWN, figure.reason]
    days = figure.key == "days_between_purchases"
    shown = f"{figure.value:g} days" if days else format.exact(figure.value, figure.unit, currency)
    return [figure.key, figure.name, shown, NOTES[figure.key]]


def _cohorts(found: Cohorts, segment: str, currency: str) -> dict[str, Any]:
    """By month; split and no segment chosen: by segment over all months."""
    if found.by and not segment:
        of_segments: dict[str, list[Cohort]] = defaultdict(list)
        for row in found.rows:
            of_segments[row.segment].append(row)
        groups = [merged(rows, found.end, name) for name, rows in of_segments.items()]
        groups.sort(key=lambda row: (-row.customers, row.segment))
        named = [(row, channel_label(row.segment) if found.by == "channel" else row.segment) for row in groups]
    else:
        months = [row for row in found.rows if row.segment == segment]
        named = [(row, f"{row.month:%b %Y}") for row in reversed(months)]
    named = named[:MOST_ROWS]
    opens = bool(found.by and not segment)
    whole = merged([row for row in found.rows if not segment or row.segment == segment], found.end, "")
    without = format.exact(found.without_customer, "money", currency)
    return {
        "cohorts": [_cohort(row, name, currency, opens=opens) for row, name in named],
        "cohorts_total": _cohort(whole, "All", currency, strong=True),
        "returns": [_returns(row, name) for row, name in named],
        "agrees": f"All cohorts and {without} of orders without a customer are net sales to date: "
        f"{format.exact(found.sales, 'money', currency)}.",
    }


def _cohort(row: Cohort, name: str, currency: str, *, opens: bool = False, strong: bool = False) -> Row:
    cells = [Cell(name, opens=row.segment if opens else "", strong=strong), Cell(f"{row.customers:,}", strong=strong)]
    return Row(name, [*cells, *(_ltv(one, currency, strong=strong) for one in row.ltv)])


def _ltv(one: Ltv, currency: str, *, strong: bool) -> Cell:
    if one.sales is None:
        return Cell(format.UNKNOWN, sub="too young", tone="second")
    old = one.customers * 100 // (one.customers + one.left_out)
    return Cell(
        format.exact(one.sales, "money", currency),
        sub=f"of {old} %" if one.censored else "",
        tone="second" if one.censored else "",
        strong=strong,
        raw=str(one.sales),
    )


def _returns(row: Cohort, name: str) -> Row:
    by_age = {cell.age: cell for cell in row.cells}
    cells = [Cell(name), Cell(f"{row.customers:,}")]
    for age in range(1, SHOWN_MONTHS + 1):
        cell = by_age.get(age)
        shown = f"{Decimal(100 * cell.customers) / cell.of:.0f} %{'' if cell.whole else ' …'}" if cell else ""
        cells.append(Cell(shown, tone="" if cell and cell.whole else "second"))
    return Row(name, cells)


def _payback(found: Payback, currency: str, days: str) -> dict[str, Any]:
    cac = found.cac
    curve = found.curve
    if found.days is not None:
        title = f"Customers won {days} paid for themselves on day {found.days}"
    elif cac is not None and found.recovered is not None:
        title = f"Customers won {days} have paid back {found.recovered:.0%} of what winning them cost"
    else:
        title = "When customers pay for what winning them cost is not known"
    series: list[dict[str, Any]] = [
        {"name": "Contribution", "role": "profit", "y": [round(float(y), 2) for y in curve]}
    ]
    if cac is not None:
        series.append({"name": "CAC", "role": "spend", "y": [round(float(cac), 2)] * len(curve)})
    rows = [
        Row(
            str(day),
            [
                Cell(f"Day {day}"),
                Cell(format.exact(curve[day], "money", currency), raw=str(curve[day])),
                Cell(f"{curve[day] / cac:.0%}" if cac else format.UNKNOWN),
            ],
        )
        for day in PAYBACK_TABLE_DAYS
        if day < len(curve)
    ]
    chart = {
        "x": [str(day) for day in range(len(curve))],
        "series": series,
        "prefix": "$" if currency == "USD" else "",
        "suffix": "" if currency == "USD" else f" {currency}",
    }
    return {
        "payback_title": f"{title}.",
        "payback_chart": chart,
        "payback_rows": rows,
        "payback_reason": found.reason or "By days since the first order, contribution before ads.",
    }


def _vip(one: service.Vip, currency: str) -> Row:
    alive = "" if one.p_alive is None else format.exact(one.p_alive, "percent", currency)
    return Row(
        str(one.customer_id),
        [
            Cell(f"{one.customer_id}", opens=str(one.customer_id)),
            Cell(_day(one.first_order_day)),
            Cell(_day(one.last_order_day)),
            Cell(f"{one.orders:,}"),
            Cell(format.exact(one.trailing, "money", currency), strong=True, raw=str(one.trailing)),
            Cell(format.exact(one.to_date, "money", currency), raw=str(one.to_date)),
            Cell(alive or format.UNKNOWN),
            Cell(format.exact(one.value_365, "money", currency)),
            Cell(_day(one.next_order_on)),
        ],
    )


def _model(session: Session, store_id: int) -> dict[str, Any]:
    """Which model the expectations are of, with its parameters, and why there is none."""
    latest, used = service.models(session, store_id)
    if used is None:
        why = latest.note if latest else "It is learnt once a day, and after all orders ever were read."
        return {"model_line": "", "model_problem": why, "model_rows": []}
    line = (
        f"Expected by BG/NBD and Gamma-Gamma, learnt {format.day(used.made_at.date(), year=True)} from "
        f"{used.learnt_from:,} customers, {used.came_back:,} of whom came back."
    )
    if "came" in used.score:
        line += (
            f" Of the {used.score['days']:g} days before, held out, it expected {used.score['expected']:,.0f} repeat "
            f"purchases; {used.score['came']:,.0f} came."
        )
    if latest and latest.state == "refused":
        line += f" A newer one was not taken: {latest.note}"
    return {"model_line": line, "model_problem": "", "model_rows": [*_parameters(used)]}


def _parameters(used: ModelVersion) -> Iterator[Row]:
    """What was learnt, each with its interval, and how likely that makes the history."""
    named = [("BG/NBD", name) for name in bgnbd.NAMES] + [("Gamma-Gamma", name) for name in gamma_gamma.NAMES]
    for model, name in named:
        if name not in used.parameters:  # no spending is told of
            continue
        value = used.parameters[name]
        low, high = used.intervals.get(name, (None, None))
        between = format.UNKNOWN if low is None else f"{low:,.3f} – {high:,.3f}"
        yield Row(name, [Cell(f"{model} {name}"), Cell(f"{value:,.3f}", raw=str(value)), Cell(between, tone="second")])
    for model, key in (("BG/NBD", "log_likelihood"), ("Gamma-Gamma", "spend_log_likelihood")):
        if key in used.score:
            yield Row(key, [Cell(f"{model} log-likelihood"), Cell(f"{used.score[key]:,.1f}"), Cell("")])


def _day(day: Any) -> str:
    return format.day(day, year=True) if day else format.UNKNOWN
