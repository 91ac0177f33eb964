"""Onboarding: connect the store, connect ads, review and launch; beside it the first profit view fills in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import reflex as rx
from sqlmodel import Session

from clique_app.components.charts import chart_card
from clique_app.components.connect import Connect, connect_list, disconnect_dialog
from clique_app.components.figures import opens
from clique_app.components.frame import header
from clique_app.components.open_number import OpenNumber, open_number_panel
from clique_app.components.page import Page
from clique_app.components.polaris import s_button, s_progress
from clique_app.components.session import PageState
from clique_app.components.source_views import STEP_STATES, ProgressView, import_view, seconds
from clique_app.components.status import badge, bone, card, facts, icon, import_bar, page_link
from clique_app.components.tables import Cell, Column, Row, data_table
from clique_app.integrations.registry import has_ad_accounts
from clique_app.metrics import format, overview_service, registry, service
from clique_app.metrics.definition import Figure, Period
from clique_app.metrics.figures import Daily
from clique_app.sync import setup_service
from clique_app.sync.overview_service import Standing
from clique_app.sync.setup_service import Costs, Setup

TILES = ("net_sales", "contribution_before_ads", "ad_spend", "contribution_profit", "cac", "roas")
BESIDE = ("orders", "aov", "new_customers", "reported_roas")
NEED_ADS = ("contribution_profit", "cac", "roas")  # half-read ads would make these look too good
WEEK = 7
WEEK_COLUMNS = (Column("Week of"), Column("Net sales", right=True), Column("Contribution before ads", right=True))
DONE_MARK = {
    "done": ("check-circle", "success"),
    "running": ("refresh", "info"),
    "problem": ("alert-triangle", "caution"),
}


@dataclass(frozen=True)
class FirstFigure:
    """A tile of the first profit view. An empty value: not known yet, and the note says why or when."""

    key: str
    label: str
    value: str
    note: str


class OnboardingState(PageState):
    """What Onboarding shows, as text."""

    loaded: bool = False
    domain: str = ""
    done: str = ""
    done_share: float = 0.0
    marks: list[list[str]] = [["", "plain", "clock", ""]] * 3  # [badge, state, icon, tone] of each step
    imports: list[ProgressView] = []
    launched: bool = False
    payment_fee: str = ""
    fulfilment: str = ""
    unit_costs: str = ""
    budget_step: str = ""
    days: str = ""
    filling: bool = True
    figures: list[FirstFigure] = []
    weeks: list[Row] = []
    chart: dict[str, Any] = {}
    start: str = ""
    end: str = ""

    @rx.event
    async def load(self) -> None:
        """Read the steps and the first profit view."""
        for name, value in (await self.in_session(onboarding_view)).items():
            setattr(self, name, value)
        self.loaded = True

    @rx.event
    async def launch(self) -> Any:
        """Costs and limits are reviewed: go to work."""
        await self.in_session(setup_service.launch, self.user_id)
        return rx.redirect("/")

    @rx.event
    def open_figure(self, key: str) -> Any:
        """Open a figure over the days of the first profit view."""
        return OpenNumber.show_for({"key": key, "start": self.start, "end": self.end})


def onboarding_view(session: Session, store_id: int) -> dict[str, Any]:
    """All of Onboarding in one session."""
    setup = setup_service.setup(session, store_id)
    scope = overview_service.scope(session, store_id, {"period": "last_90_days", "compare": "none"})
    period = first_days(setup, scope.choice.period)
    shown = service.daily(session, store_id, [registry.metric(key) for key in (*TILES, *BESIDE)], period)
    coverage = service.cost_coverage(session, store_id, period)
    return {
        "domain": setup.shop_domain,
        "done": f"{setup.done} of 3 done",
        "done_share": round(setup.done / 3, 2),
        "marks": [
            [*STEP_STATES[step], *DONE_MARK.get(step, ("clock", ""))] for step in (setup.store, setup.ads, setup.launch)
        ],
        "imports": [import_view(one) for one in setup.sources if one.channel == "shopify"],
        "launched": setup.launched,
        **cost_lines(setup_service.costs(session, store_id)),
        "days": f"{format.days(period, year=True)}, {period.days} days",
        "filling": any(one.state == "importing" for one in setup.sources),
        "figures": first_figures(setup, shown, period, scope.currency, coverage),
        **weekly(shown, period, scope.currency),
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
    }


def first_days(setup: Setup, period: Period) -> Period:
    """The days of the first profit view: no more than the orders that are here reach back."""
    orders = next(one for one in setup.sources if one.source == "shopify_orders")
    start = max(period.start, orders.history_from or period.start)
    return Period(min(start, period.end), period.end)


def cost_lines(costs: Costs) -> dict[str, str]:
    """The costs and limits that step three asks to be reviewed."""
    money = lambda value: format.exact(value, "money", costs.currency)  # noqa: E731
    known = costs.variants - costs.without_cost
    return {
        "payment_fee": f"{costs.payment_fee_pct.normalize():f}% + {money(costs.payment_fee_fixed)}",
        "fulfilment": f"{money(costs.fulfilment_per_order)} an order",
        "unit_costs": f"{known:,} of {costs.variants:,} variants known" if costs.variants else "Not read yet",
        "budget_step": f"{costs.max_step_pct.normalize():f}% at most",
    }


def first_figures(
    setup: Setup, daily: Daily, period: Period, currency: str, coverage: tuple[Decimal, Decimal]
) -> list[FirstFigure]:
    """Each figure with its value, or why it is not known and when it will be."""
    known = {key: daily.figure(registry.metric(key), period) for key in (*TILES, *BESIDE)}
    text = {key: format.exact(one.value, one.unit, currency) for key, one in known.items()}
    sales, left = known["net_sales"].value, known["contribution_before_ads"].value
    share = format.exact(left / sales, "percent", currency) if sales and left is not None else ""
    costed = format.exact(coverage[0] / coverage[1], "percent", currency) if coverage[1] else ""
    profit = known["contribution_profit"].value
    notes = {
        "net_sales": f"{text['orders']} orders, AOV {text['aov']}",
        "contribution_before_ads": f"{share} of net sales; {costed} of sales have a unit cost" if share else "",
        "ad_spend": _ads_read(setup),
        "contribution_profit": f"{format.exact(profit / sales, 'percent', currency)} of net sales"
        if profit is not None and sales
        else "",
        "cac": f"{text['new_customers']} new customers",
        "roas": f"Credited; platforms claim {text['reported_roas']}",
    }
    return [_first_figure(known[key], notes[key], currency, setup) for key in TILES]


def _first_figure(figure: Figure, note: str, currency: str, setup: Setup) -> FirstFigure:
    name = "Ad spend so far" if figure.key == "ad_spend" else figure.name
    waiting = _waiting(figure, setup)
    if figure.value is None or waiting:
        return FirstFigure(figure.key, name, "", waiting or figure.reason)
    return FirstFigure(figure.key, name, format.brief(figure.value, figure.unit, currency), note)


def _waiting(figure: Figure, setup: Setup) -> str:
    """What has to be read before the figure can be said."""
    orders = next(one for one in setup.sources if one.source == "shopify_orders")
    ads = [one for one in setup.sources if has_ad_accounts(one.channel) and one.state != "not_connected"]
    if not orders.rows:
        return _when("orders are read", orders)
    if figure.key in NEED_ADS and ads and not all(one.first_import_done for one in ads):
        return _when(f"{ads[0].label} are read", ads[0])
    if figure.key == "cac" and ads and figure.value is None and not orders.history_done:
        return _when("all orders ever are read, to know who is new", orders)
    return ""


def _when(what: str, source: Standing) -> str:
    left = source.current.seconds_left if source.current else None
    return f"When {what}" + (f", in about {seconds(left)}" if left is not None else "")


def _ads_read(setup: Setup) -> str:
    parts = []
    for one in setup.sources:
        if has_ad_accounts(one.channel) and one.state != "not_connected":
            share = one.current.share if one.current else None
            done = "whole" if one.first_import_done else f"{share:.0%} read" if share else "being read"
            parts.append(f"{one.label} {done}")
    return ", ".join(parts)


def weekly(daily: Daily, period: Period, currency: str) -> dict[str, Any]:
    """Net sales by week and what was left of them before ads: bars, and the same as a table."""
    spans = [
        Period(start, min(start + timedelta(days=WEEK - 1), period.end))
        for start in (period.start + timedelta(days=n) for n in range(0, period.days, WEEK))
    ]
    sold, left = (
        [daily.figure(registry.metric(key), span).value for span in spans]
        for key in ("net_sales", "contribution_before_ads")
    )
    rows = [
        Row(span.start.isoformat(), [Cell(format.days(span)), *(_money_cell(one[n], currency) for one in (sold, left))])
        for n, span in enumerate(spans)
    ]
    series = [("Net sales", "sales", sold), ("Contribution before ads", "profit", left)]
    return {
        "weeks": rows,
        "chart": {
            "x": [_short(span.start) for span in spans],
            "series": [
                {"name": name, "role": role, "bars": True, "y": [None if v is None else round(float(v), 2) for v in ys]}
                for name, role, ys in series
            ],
            "prefix": "$" if currency == "USD" else "",
            "suffix": "" if currency == "USD" else f" {currency}",
        },
    }


def _short(day: date) -> str:
    return format.day(day)


def _money_cell(value: Decimal | None, currency: str) -> Cell:
    return Cell(format.exact(value, "money", currency), raw="" if value is None else str(value))


def _step(index: int, title: str, *content: rx.Component) -> rx.Component:
    mark: Any = OnboardingState.marks[index]
    return rx.el.li(
        icon(mark[2], mark[3]),
        rx.el.div(
            rx.el.div(rx.el.h3(f"{index + 1}. {title}"), badge(mark[0], mark[1]), class_name="c-step-head"),
            *content,
            class_name="c-stack",
        ),
    )


def _steps() -> rx.Component:
    imports = rx.cond(
        OnboardingState.loaded,
        rx.foreach(OnboardingState.imports, import_bar),
        rx.fragment(*(bone("100%", "40px") for _ in range(4))),
    )
    edit = lambda value, text: rx.fragment(value, " ", page_link(text, "/settings"))  # noqa: E731
    review = facts(
        ("Payment fee", edit(OnboardingState.payment_fee, "Edit")),
        ("Fulfilment", edit(OnboardingState.fulfilment, "Edit")),
        ("Unit costs", edit(OnboardingState.unit_costs, "Add a default")),
        ("Budget step", edit(OnboardingState.budget_step, "Edit")),
    )
    launch = rx.cond(
        OnboardingState.launched,
        rx.el.p("Launched. ", page_link("Go to Home", "/"), class_name="c-small"),
        rx.el.div(
            s_button("Review and launch", variant="primary", on_click=OnboardingState.launch),
            page_link("Later", "/"),
            class_name="c-actions",
        ),
    )
    head = rx.el.div(
        rx.el.h2("Set up Clique"),
        rx.el.div(
            rx.el.span(OnboardingState.done),
            s_progress(value=OnboardingState.done_share, max=1, accessibility_label="Steps done"),
            class_name="c-step-head c-small c-second",
        ),
        class_name="c-stack c-setup-head",
    )
    return rx.el.section(
        head,
        rx.el.ol(
            _step(0, "Connect store", rx.el.p(OnboardingState.domain, class_name="c-small c-second"), imports),
            _step(
                1,
                "Connect ads",
                connect_list(),
                rx.el.p("Clique reads only, until you accept an action.", class_name="c-small c-second"),
            ),
            _step(
                2,
                "Review and launch",
                rx.el.p("Check costs and limits. Every action waits for your Accept.", class_name="c-small c-second"),
                review,
                launch,
            ),
            class_name="c-setup",
        ),
        class_name="c-card",
        custom_attrs={"data-flush": "true", "aria-label": "Set up Clique"},
    )


def _figure(one: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(
            one.value != "",
            rx.fragment(
                opens(one.label, OnboardingState.open_figure(one.key)),
                rx.el.div(one.value, class_name="c-value"),
            ),
            rx.fragment(rx.el.b(one.label), rx.el.div(bone("96px", "20px"), class_name="c-value")),
        ),
        rx.el.p(one.note, class_name="c-reason"),
        class_name="c-tile",
        custom_attrs={"data-figure": one.key},
    )


def _first_view() -> rx.Component:
    skeleton = rx.fragment(
        *(rx.el.div(bone("50%"), bone("40%", "20px"), bone("70%"), class_name="c-tile") for _ in TILES)
    )
    state = rx.cond(OnboardingState.filling, badge("Filling in", "running"), rx.fragment())
    return card(
        "Your first profit view",
        rx.el.div(
            rx.cond(OnboardingState.loaded, rx.foreach(OnboardingState.figures, _figure), skeleton),
            class_name="c-first-figures",
        ),
        note=OnboardingState.days,
        actions=(state,),
    )


def content() -> rx.Component:
    """The page."""
    table = data_table("weeks", WEEK_COLUMNS, OnboardingState.weeks, label="Net sales and contribution by week")
    weeks = chart_card(
        "weeks",
        title="Net sales by week, and what was left before ads",
        chart=OnboardingState.chart,
        label="Net sales and contribution before ads by week. The table says the same.",
        table=table,
        keys=(("sales-bars", "Net sales"), ("profit-bars", "Contribution before ads")),
        note="The last bar may cover fewer days.",
    )
    return rx.fragment(
        header("Welcome to Clique", "Three steps to see what each sale leaves"),
        rx.el.div(_steps(), rx.el.div(_first_view(), weeks, class_name="c-column"), class_name="c-onboarding"),
        open_number_panel(),
        disconnect_dialog(),
    )


PAGE = Page(
    route="/onboarding",
    title="Onboarding",
    content=content,
    on_load=(OnboardingState.load, Connect.load),
    live={
        "sync": (OnboardingState.load, Connect.load),
        "figures": (OnboardingState.load, Connect.load, OpenNumber.read),
        "connections": (OnboardingState.load, Connect.load),
    },
    in_navigation=False,
)
