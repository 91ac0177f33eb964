"""Home: what happened and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx
from sqlmodel import Session

from clique_app import clock
from clique_app.components.advice import Advice
from clique_app.components.advice_parts import advice_overlays, next_to_do
from clique_app.components.charts import chart_card
from clique_app.components.figure_views import against_normal, rounded, tile_view
from clique_app.components.figures import Tile, opens, tiles
from clique_app.components.frame import data_age, header
from clique_app.components.open_number import SOURCE_NAMES, OpenNumber, open_number_panel
from clique_app.components.page import Page
from clique_app.components.session import PageState, in_store
from clique_app.components.setup_card import SetupCard, setup_card
from clique_app.components.status import bone, card, empty, icon, page_link
from clique_app.components.tables import Cell, Column, Row, data_table
from clique_app.integrations.registry import channel_label
from clique_app.metrics import format, grouping_service, overview_service, service
from clique_app.metrics.definition import Figure, Period
from clique_app.metrics.overview_service import Scope
from clique_app.tables.attribution import UNATTRIBUTED

TILES = ("net_sales", "contribution_profit", "ad_spend", "mer", "cac", "roas", "aov", "orders")
CHARTED = (("net_sales", "sales"), ("contribution_profit", "profit"), ("ad_spend", "spend"))
CHANNEL_KEYS = ("ad_spend", "credited_sales", "reported_revenue", "roas", "channel_cac")
STORE_KEYS = ("ad_spend", "net_sales", "reported_revenue", "roas", "cac")
MOST_DAYS_LISTED = 62  # in the chart's table
CHANNEL_COLUMNS = (
    Column("Channel"),
    Column("Ad spend", right=True),
    Column("Net sales credited", right=True),
    Column("Platform claims", right=True),
    Column("ROAS", right=True),
    Column("CAC", right=True),
)
DAY_COLUMNS = (
    Column("Day"),
    Column("Net sales", right=True),
    Column("Contribution profit", right=True),
    Column("Ad spend", right=True),
)


class HomeState(PageState):
    """What Home shows, as text."""

    loaded: bool = False
    store_name: str = ""
    has_orders: bool = True
    headline: list[list[str]] = []  # [text, metric key or '']
    age_line: str = ""
    tiles: list[Tile] = []
    chart_title: str = ""
    chart: dict[str, Any] = {}
    chart_label: str = ""
    days: list[Row] = []
    channels: list[Row] = []
    channels_total: Row = Row("", [])
    health: list[list[str]] = []  # [source, age, icon, tone]

    @rx.event(background=True)
    async def load(self) -> None:
        """Read what the page shows. In the background: a long read must not hold up the tab's other clicks."""
        async with self:
            scope, store_id, asked = await self.read_scope(), self.store_id, self._ask()
        view = await in_store(store_id, home_view, scope)
        await self._show(asked, store_id, {**view, "loaded": True})

    @rx.event
    def open_channel(self, cell: str) -> Any:
        """Open a cell of the channels table: 'metric@channel', or a metric of the whole store."""
        key, _, channel = cell.partition("@")
        if not channel:
            return OpenNumber.show(key)
        return OpenNumber.show_for({"key": key, "channel": channel})


def home_view(session: Session, store_id: int, scope: Scope) -> dict[str, Any]:
    """All of Home in one session."""
    now, period, currency = clock.now(), scope.choice.period, scope.currency
    wanted = [*TILES, "reported_roas", "reported_revenue"]
    basis = service.basis(session, store_id)
    read = overview_service.tiles(session, store_id, wanted, period, compare=scope.choice.compare, rests_on=basis)
    split = grouping_service.split(session, store_id, CHANNEL_KEYS, period, "channel", rests_on=basis)
    by_key = {tile.metric.key: tile for tile in read}
    shown = [by_key[key] for key in TILES]
    claim = by_key["reported_roas"].figure.value
    notes = {"roas": f"platforms claim {format.exact(claim, 'ratio', currency)}" if claim is not None else ""}
    views = [tile_view(tile, currency, now, notes.get(tile.metric.key, "")) for tile in shown]
    return {
        "store_name": scope.name,
        "has_orders": scope.has_orders,
        "headline": _headline(by_key, currency, scope),
        "age_line": _age_line(shown, scope, now),
        "tiles": views,
        **_chart(by_key, period, currency),
        **_channels(split, by_key, currency),
        "health": [
            [SOURCE_NAMES.get(age.source, age.source), format.age(age.fresh_at, now), *_mark(age.fresh_at)]
            for age in dict.fromkeys(age for tile in shown for age in tile.ages)
        ],
    }


def _mark(fresh_at: datetime | None) -> tuple[str, str]:
    return ("check-circle", "success") if fresh_at else ("alert-triangle", "caution")


def _headline(tiles: dict[str, overview_service.Tile], currency: str, scope: Scope) -> list[list[str]]:
    """One sentence of what the period left; each number in it opens."""
    sales, profit = tiles["net_sales"], tiles["contribution_profit"]
    days = "today" if scope.choice.preset == "today" else f"in {format.days(scope.choice.period)}"
    sold = format.brief(sales.figure.value, "money", currency)
    kept = profit.figure.value
    if kept is None:
        return [["You sold ", ""], [sold, "net_sales"], [f" {days}.", ""]]
    verb = "You kept " if kept >= 0 else "You lost "
    parts = [
        [verb, ""],
        [format.brief(abs(kept), "money", currency), "contribution_profit"],
        [" of " if kept >= 0 else " on ", ""],
        [sold, "net_sales"],
        [f" in sales {days}", ""],
    ]
    if sales.change is not None and sales.comparison:
        way = "up" if sales.change > 0 else "down" if sales.change < 0 else "the same as"
        moved = format.signed_percent(abs(sales.change)).lstrip("+")
        before = format.against(sales.comparison.against, sales.comparison.days)
        parts += [[f"; sales {way} ", ""], [moved, "net_sales"], [f" on {before}", ""]]
    return [*parts, [".", ""]]


def _age_line(tiles: list[overview_service.Tile], scope: Scope, now: datetime) -> str:
    ages = dict.fromkeys(age for tile in tiles for age in tile.ages)
    told = ", ".join(f"{SOURCE_NAMES.get(a.source, a.source)} {format.age(a.fresh_at, now)}" for a in ages)
    whole = any(tile.comparison and tile.comparison.whole_days_only for tile in tiles)
    city = scope.time_zone.rsplit("/", 1)[-1].replace("_", " ")
    local = now.astimezone(ZoneInfo(scope.time_zone))
    return f"{told}. Store time, {city}, {local:%H:%M}. {scope.currency}." + (
        " Changes compare whole days, without today." if whole else ""
    )


def _chart(tiles: dict[str, overview_service.Tile], period: Period, currency: str) -> dict[str, Any]:
    lines = {key: tiles[key].line for key, _ in CHARTED}
    sales = lines["net_sales"]
    title = against_normal("Net sales", sales, period) or "Net sales, contribution profit and ad spend by day"
    names = {"net_sales": "Net sales", "contribution_profit": "Profit", "ad_spend": "Ad spend"}
    chart: dict[str, Any] = {
        "x": [day.day.isoformat() for day in sales],
        "series": [{"name": names[key], "role": role, "y": rounded(lines[key])} for key, role in CHARTED],
        "highlight": [period.start.isoformat(), period.end.isoformat()] if period.days < len(sales) else [],
        "prefix": "$" if currency == "USD" else "",
        "suffix": "" if currency == "USD" else f" {currency}",
    }
    if all(day.low is not None and day.high is not None for day in sales):
        chart["band"] = {
            "low": [float(day.low) for day in sales if day.low is not None],
            "high": [float(day.high) for day in sales if day.high is not None],
        }
    rows = [
        Row(
            day.day.isoformat(),
            [
                Cell(f"{day.day:%a} {format.day(day.day)}"),
                *(
                    Cell(format.exact(lines[key][n].value, "money", currency), raw=str(lines[key][n].value or ""))
                    for key, _ in CHARTED
                ),
            ],
        )
        for n, day in reversed(list(enumerate(sales))[-MOST_DAYS_LISTED:])
    ]
    return {
        "chart": chart,
        "chart_title": title,
        "chart_label": f"{title}. The table {'says the same' if len(rows) == len(sales) else 'lists the last days'}.",
        "days": rows,
    }


def _channels(found: grouping_service.Split, tiles: dict[str, overview_service.Tile], currency: str) -> dict[str, Any]:
    """Spend and credit by channel; credits and unattributed sum to net sales."""

    def place(channel: str) -> tuple[bool, float, float]:
        return (
            channel == UNATTRIBUTED,
            -_amount(found[channel], "credited_sales"),
            -_amount(found[channel], "ad_spend"),
        )

    rows = [_channel_row(channel, found[channel], currency) for channel in sorted(found, key=place)]
    whole = {key: tiles[key].figure for key in STORE_KEYS}
    total = Row(
        "store",
        [
            Cell("Store", strong=True),
            *(Cell(format.brief(one.value, one.unit, currency), opens=key, strong=True) for key, one in whole.items()),
        ],
    )
    return {
        "channels": rows,
        "channels_total": total,
    }


def _amount(figures: Mapping[str, Figure], key: str) -> float:
    return float(figures[key].value or 0)


def _channel_row(channel: str, figures: Mapping[str, Figure], currency: str) -> Row:
    spends = _amount(figures, "ad_spend") > 0
    cells = [Cell(channel_label(channel))]
    for key in CHANNEL_KEYS:
        one = figures[key]
        if not spends and key != "credited_sales":
            cells.append(Cell(format.UNKNOWN, tone="second"))
        else:
            tone = "second" if key == "reported_revenue" else ""
            cells.append(Cell(format.brief(one.value, one.unit, currency), opens=f"{key}@{channel}", tone=tone))
    return Row(channel, cells)


def _headline_part() -> rx.Component:
    return rx.el.p(
        rx.cond(
            HomeState.loaded,
            rx.foreach(
                HomeState.headline,
                lambda part: rx.cond(part[1] != "", opens(part[0], OpenNumber.show(part[1])), rx.fragment(part[0])),
            ),
            bone("80%", "20px"),
        ),
        class_name="c-headline",
    )


def _figures() -> rx.Component:
    table = data_table("days", DAY_COLUMNS, HomeState.days, label="Net sales, profit and spend by day")
    return rx.fragment(
        _headline_part(),
        data_age(HomeState.age_line),
        tiles(HomeState.tiles, OpenNumber.show),
        next_to_do(),
        chart_card(
            "trend",
            title=rx.cond(HomeState.chart_title != "", HomeState.chart_title, "Net sales by day"),
            chart=HomeState.chart,
            label=HomeState.chart_label,
            table=table,
            keys=(
                ("sales", "Net sales"),
                ("profit", "Contribution profit"),
                ("spend", "Ad spend"),
                ("band", "Normal range, net sales"),
            ),
        ),
        card(
            "Where net sales came from",
            data_table(
                "channels",
                CHANNEL_COLUMNS,
                HomeState.channels,
                label="Channels",
                total=HomeState.channels_total,
                on_open=HomeState.open_channel,
            ),
            note="By the store’s attribution model. Credits and unattributed equal net sales. Platform claims overlap.",
            flush=True,
        ),
        card(
            "Data health",
            rx.el.ul(
                rx.foreach(
                    HomeState.health,
                    lambda one: rx.el.li(
                        icon(one[2], one[3]), rx.el.b(one[0]), rx.el.span(one[1], class_name="c-second")
                    ),
                ),
                class_name="c-health",
            ),
            actions=(page_link("Data and sync", "/data"),),
        ),
    )


def content() -> rx.Component:
    """The page."""
    nothing = empty(
        "No orders yet",
        "Clique reads your orders first. The first profit view appears minutes after the store is connected.",
        page_link("See what is being read", "/onboarding"),
    )
    return rx.fragment(
        header("Home", "What happened and what to do next", period=True),
        setup_card(),
        rx.cond(HomeState.has_orders, _figures(), nothing),
        advice_overlays(),
        open_number_panel(),
    )


PAGE = Page(
    route="/",
    title="Home",
    content=content,
    on_load=(HomeState.load, Advice.load, SetupCard.load),
    live={
        "figures": (HomeState.load, OpenNumber.read, SetupCard.load),
        "recommendations": Advice.read,
        "actions": Advice.read,
        "sync": SetupCard.load,
        "connections": SetupCard.load,
    },
)
