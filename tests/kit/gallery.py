"""A page with every component in every state, built by the same build_app as the product; for tests and screenshots."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from typing import Any

import reflex as rx

from clique_app.components import (
    cards,
    charts,
    figures,
    forms,
    overlays,
    status,
    tables,
)
from clique_app.components.frame import data_age, header
from clique_app.components.page import Page
from clique_app.components.polaris import s_button
from clique_app.components.session import PageState
from clique_app.errors import InvalidInput
from clique_app.metrics import periods

DAYS = [f"2026-{10 + (23 + i) // 31:02d}-{(23 + i) % 31 + 1:02d}" for i in range(28)]
SALES = [16_500 + 1_500 * math.sin(i / 1.1) + 90 * i for i in range(28)]


def _tile(key: str, label: str, value: str, before: str, shown: str, **more: Any) -> figures.Tile:
    change = figures.delta(Decimal(value) / Decimal(before) - 1, "vs 7–13 Nov", good=more.pop("good", "up"))
    points = [1.0 + 0.2 * math.sin(i + len(key)) + i / 40 for i in range(14)]
    line = figures.spark(points, [p - 0.15 for p in points[::-1]][::-1], [p + 0.1 for p in points])
    return figures.Tile(key, label, shown, change, line, **{"status": "Within normal", "age": "41 min ago", **more})


TILES = [
    _tile("net_sales", "Net sales", "126732", "118441", "$126,732", status="Above normal", age="6 s ago"),
    _tile("profit", "Contribution profit", "27234", "24360", "$27,234", status="Above normal"),
    _tile("spend", "Ad spend", "29400", "27893", "$29,400", good="neither"),
    _tile("mer", "MER", "4.31", "4.25", "4.31"),
    _tile("cac", "New-customer CAC", "28.00", "28.31", "$28.00", good="down"),
    _tile("roas", "ROAS", "3.12", "3.05", "3.12", note="platforms claim 3.90"),
    figures.Tile(
        "aov", "AOV", "–", state="unknown", reason="No order yet in this period. The first one gives it.", age="6 s ago"
    ),
    _tile(
        "stock",
        "Stock at risk",
        "25121",
        "11161",
        "$25,121",
        good="down",
        state="stale",
        age="9 h ago",
        note="2 products",
    ),
]
COLUMNS = (
    tables.Column("Channel", sort="channel"),
    tables.Column("Spend", right=True, sort="spend"),
    tables.Column("Attributed", right=True, sort="attributed"),
    tables.Column("Claimed", right=True),
    tables.Column("ROAS", right=True),
    tables.Column("Verdict"),
)


def _row(name: str, spend: str, attributed: str, claimed: str, roas: str, verdict: str, state: str) -> tables.Row:
    return tables.Row(
        name,
        [
            tables.Cell(name, strong=True),
            tables.Cell(spend, opens=f"spend:{name}", raw=spend.replace("$", "").replace(",", "")),
            tables.Cell(attributed, opens=f"attributed:{name}"),
            tables.Cell(claimed, tone="second"),
            tables.Cell(roas, opens=f"roas:{name}"),
            tables.Cell(verdict, badge=state),
        ],
    )


ROWS = [
    _row("Meta", "$14,820", "$43,719", "$58,704", "2.95", "Hold", "neutral"),
    _row("Google", "$8,640", "$35,942", "$38,101", "4.16", "Room to scale", "up"),
    _row("TikTok", "$4,410", "$6,968", "$12,348", "1.58", "Reduce", "down"),
    _row("Pinterest", "$1,530", "$5,202", "$5,508", "3.40", "Not enough data", "waiting"),
]
TOTAL = tables.Row("total", [tables.Cell(t) for t in ("Store", "$29,400", "$126,732", "$139,621", "MER 4.31", "")])
CHECK_COLUMNS = (
    tables.Column("Safety check"),
    tables.Column("Value", right=True),
    tables.Column("Limit", right=True),
    tables.Column("Result", main=True),
)
CHECKS = [
    tables.Row(n, [tables.Cell(n), tables.Cell(v), tables.Cell(x, tone="second"), tables.Cell("Pass", badge="success")])
    for n, v, x in (
        ("Step size", "+20.0%", "20% at most"),
        ("Account budget a day", "$2,268", "$2,600 at most"),
        ("Meta data age", "41 min", "3 h at most"),
    )
]
CHART: dict[str, Any] = {
    "x": DAYS,
    "series": [
        {"name": "Net sales", "role": "sales", "y": SALES},
        {"name": "Profit", "role": "profit", "y": [s * 0.21 for s in SALES]},
        {"name": "Ad spend", "role": "spend", "y": [3_900 + 8 * i for i in range(28)]},
    ],
    "band": {"low": [s - 1_500 for s in SALES], "high": [s + 900 for s in SALES]},
    "events": [
        {"x": DAYS[12], "text": "5–6 Nov Holiday preview, 15% off"},
        {"x": DAYS[19], "text": "12 Nov Clique raised Google Shopping"},
    ],
    "highlight": [DAYS[21], DAYS[27]],
    "prefix": "$",
    "suffix": "",
}


class GalleryState(PageState):
    """Fixed figures, real behaviour."""

    tiles: list[figures.Tile] = []
    rows: list[tables.Row] = []
    total: tables.Row = tables.Row("", [])
    checks: list[tables.Row] = []
    paging: tables.Paging = tables.Paging()
    chart: dict[str, Any] = {}
    events: list[dict[str, str]] = []
    steps: list[dict[str, str]] = []
    calls: list[str] = []
    range_: figures.Interval = figures.Interval("0%", "0%", "0%", "0%", "neither", "")
    sort: str = "spend"
    opened: str = ""
    deciding: bool = False
    step_limit: str = "20"
    step_error: str = ""
    budget: str = "5000"
    stopped: bool = False
    refreshed: int = 0

    @rx.event
    def load(self) -> None:
        """Show everything."""
        assert self.store_id
        self.show_choice(periods.choice(self.query, date(2026, 11, 20)), date(2026, 11, 21))
        self.tiles, self.rows, self.total, self.checks = TILES, ROWS, TOTAL, CHECKS
        self.paging = tables.Paging("4 of 9 channels", False, True)
        self.chart, self.events = CHART, CHART["events"]
        self.calls = [
            "Read the daily budget of campaign Gift Sets. If it is not $640.00, stop and tell you.",
            "Set the daily budget to $768.00.",
            "Read it back. Only $768.00 counts as applied.",
        ]
        self.steps = [
            {"icon": "check-circle", "tone": "success", "title": "Accepted", "note": "Maya Lind, 14:01"},
            {"icon": "check-circle", "tone": "success", "title": "Applied", "note": "$768.00 set, 14:02"},
            {"icon": "check-circle", "tone": "success", "title": "Verified", "note": "Read back 14:02: $768.00"},
            {"icon": "clock", "tone": "info", "title": "Measuring", "note": "Day 1 of 14, until 4 Dec"},
        ]
        self.range_ = figures.interval(110, 830, 420, least=-300, most=1000, label="$110 to $830, zero is outside")

    @rx.event
    def refresh(self) -> None:
        """A live push came."""
        self.refreshed += 1

    @rx.event
    def open_figure(self, key: str) -> None:
        """Open a number."""
        self.opened = key

    @rx.event
    def close(self) -> None:
        """Close panel and dialog."""
        self.opened, self.deciding = "", False

    @rx.event
    def decide(self) -> None:
        """Open the Accept dialog."""
        self.deciding = True

    @rx.event
    def sort_by(self, key: str) -> None:
        """Sort the table."""
        self.sort = key

    @rx.event
    def set_step(self, value: str) -> None:
        """Take a limit."""
        self.step_limit = value
        self.step_error = "" if value.isdigit() and int(value) <= 100 else "Enter a whole number from 0 to 100."

    @rx.event
    def set_stopped(self, value: bool) -> None:
        """Switch."""
        self.stopped = value

    @rx.event
    def set_budget(self, value: str) -> None:
        """Take an amount."""
        self.budget = value

    @rx.event
    def fail(self) -> None:
        """What a service does when it cannot go on."""
        raise InvalidInput("Meta did not answer. Your figures are still here; nothing was changed.")


S = GalleryState


def _cards() -> rx.Component:
    return cards.card_grid(
        cards.recommendation_card(
            badges=(status.badge("High priority", "warning"), status.badge("Pause")),
            headline="Pause 2 Meta ads for Winter Spice 3-wick",
            profit_range="+$480 to +$1,010",
            why="Out of stock since 19 Nov and still spending $168 a day. Restock is due 2 Dec.",
            rests_on="Rests on 30 days of these ads",
            confidence="High confidence, low risk, can be undone",
            actions=(
                s_button("Review and accept", variant="primary", on_click=S.decide),
                s_button("Dismiss", variant="tertiary"),
                status.page_link("Details", "/gallery"),
            ),
        ),
        cards.recommendation_card(
            badges=(status.badge("Medium priority", "info"), status.badge("Budget")),
            headline="Raise Meta Gift Sets budget from $640 to $768 a day",
            profit_range=rx.fragment(figures.opens("+$110 to +$830", S.open_figure("range"))),
            why="Next dollar returns 3.4 against a break-even of 2.24. Stock covers 31 days after the change.",
            rests_on="Rests on 21 weeks of spend changes",
            confidence="Medium confidence, low risk, can be undone",
            actions=(
                s_button("Review", on_click=S.decide),
                s_button("Dismiss", variant="tertiary"),
                status.page_link("Details", "/gallery"),
            ),
        ),
        cards.recommendation_card(
            badges=(status.badge("Blocked by 1 check", "blocked"), status.badge("Budget")),
            headline="Raise Google Shopping budget from $345 to $397 a day",
            profit_range="+$60 to +$510",
            why="Change in 14 days would compound to +32.3%, limit 30%.",
            actions=(s_button("Review", disabled=True), s_button("Change limit", variant="tertiary")),
        ),
    )


def _overlays() -> rx.Component:
    panel = overlays.panel(
        "figure",
        overlays.block(
            figures.big_value("$27,234.17", TILES_DELTA, status.badge("Above normal", "info")),
            rx.el.p("What is left of net sales after goods, fulfilment, payment fees and ads."),
        ),
        overlays.block(
            overlays.pair(
                rx.el.div(
                    rx.el.h3("What it covers"),
                    status.facts(
                        ("Period", "14–20 Nov 2026, 7 days"), ("Time zone", "New York (GMT−5)"), ("Currency", "USD")
                    ),
                ),
                rx.el.div(rx.el.h3("Data age"), status.facts(("Shopify orders", "6 s"), ("Meta", "41 min"))),
            ),
        ),
        overlays.block(
            tables.data_table("figure-rows", COLUMNS, S.rows, label="Source rows", total=S.total),
            tables.agrees("Total equals the value above to the cent"),
            title="Source rows",
            action=tables.csv_button("figure-rows", "rows"),
            flush=True,
        ),
        open=S.opened != "",
        title="Contribution profit",
        on_close=S.close,
    )
    dialog = overlays.dialog(
        "decision",
        overlays.block(
            cards.before_after("$640 a day", "$768 a day", status.badge("+20%", "info")),
            rx.el.div(
                rx.el.span("Expected profit a week, 90% range ", class_name="c-small c-second"),
                rx.el.b("+$110 to +$830 "),
                figures.interval_bar(S.range_),
            ),
        ),
        overlays.halves(
            tables.data_table("evidence", CHECK_COLUMNS, S.checks, label="Evidence", stacked=True),
            tables.data_table("checks", CHECK_COLUMNS, S.checks, label="Safety checks", stacked=True),
        ),
        overlays.block(cards.numbered(S.calls), title="What happens at Meta"),
        open=S.deciding,
        title="Raise Meta Gift Sets budget from $640 to $768 a day",
        on_close=S.close,
        foot=(
            tables.agrees("10 of 10 checks pass. They run again on Accept."),
            rx.el.div(
                s_button("Cancel", on_click=S.close),
                s_button("Accept, set $768 a day", variant="primary", on_click=S.close),
                class_name="c-actions",
            ),
        ),
    )
    return rx.fragment(panel, dialog)


TILES_DELTA = rx.Var.create(TILES[1].delta)


def content() -> rx.Component:
    """Everything."""
    return rx.fragment(
        header("Gallery", "Every part in every state", s_button("Fail", on_click=S.fail), period=True),
        rx.el.p(
            "You kept ",
            figures.opens("$27,234", S.open_figure("profit")),
            " of ",
            figures.opens("$126,732", S.open_figure("net_sales")),
            " in sales, up ",
            figures.opens("11.8%", S.open_figure("delta")),
            " on the week before.",
            class_name="c-headline",
        ),
        data_age("Orders to 21 Nov 13:58, ads to 13:17. Store time, New York. USD."),
        figures.tiles(S.tiles, S.open_figure),
        rx.el.p(
            "Shaded band: normal range. Refreshed ",
            rx.el.span(S.refreshed, id="refreshed"),
            " times.",
            class_name="c-note",
        ),
        status.section_head(
            "Do next", "3 of 5, by expected profit and confidence", status.page_link("See all", "/gallery")
        ),
        _cards(),
        charts.chart_card(
            "sales",
            title="Net sales ran above normal on 4 of 7 days",
            chart=S.chart,
            label="Net sales, ad spend and profit by day",
            events=S.events,
            keys=(
                ("sales", "Net sales"),
                ("spend", "Ad spend"),
                ("profit", "Contribution profit"),
                ("band", "Normal range, net sales"),
            ),
            table=tables.data_table("sales-rows", COLUMNS[:3], S.rows, label="Net sales by day"),
        ),
        status.card(
            "Google has room, TikTok spends below break-even",
            tables.data_table(
                "channels",
                COLUMNS,
                S.rows,
                label="Channels",
                total=S.total,
                on_open=S.open_figure,
                on_sort=S.sort_by,
                sort=S.sort,
                paging=S.paging,
                on_previous=S.load,
                on_next=S.load,
            ),
            note="Last touch, 7-day window. Credits plus unattributed equal net sales.",
            actions=(tables.csv_button("channels", "channels"),),
            flush=True,
        ),
        status.card("Applied", cards.steps(S.steps)),
        status.card(
            "Importing Meta history",
            status.progress(
                "Orders", "18,402", "29,680", share=0.62, note="About 2 min left. You can leave this page."
            ),
            status.progress("Products", "1,918", "1,918", share=1, whole=True),
        ),
        status.banner(
            "TikTok is incomplete: 3 of 41,233 rows missing",
            "At most $7 of spend from 18 Nov is affected. Everything else is whole.",
            tone="warning",
            action=status.banner_action("Fetch again", S.load),
        ),
        status.card(
            "Limits",
            forms.fields(
                forms.percent_field(
                    "Largest step", S.step_limit, S.set_step, error=S.step_error, details="A change may not be larger."
                ),
                forms.money_field("Account budget a day", S.budget, S.set_budget, currency="USD"),
                forms.select("Window", "7", S.set_budget, (("7", "7 days"), ("28", "28 days"))),
                forms.switch(
                    "Stop all writes", S.stopped, S.set_stopped, details="Nothing is changed anywhere while this is on."
                ),
            ),
            forms.save_bar(S.stopped, on_save=S.close, on_discard=S.close),
        ),
        status.card(
            "No recommendation now",
            status.empty(
                "Nothing is worth changing today",
                "Every campaign is within its normal range. The next look is tomorrow at 06:00.",
                s_button("Look again"),
            ),
        ),
        status.skeleton_card("120px"),
        _overlays(),
    )


PAGE = Page(
    route="/", title="Gallery", content=content, on_load=(GalleryState.load,), live={"figures": GalleryState.refresh}
)
