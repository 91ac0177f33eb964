"""Attribution: who is credited with net sales, by every model, how surely, and what was restated."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any

import reflex as rx

from clique_app.attribution import overview_service
from clique_app.components.attribution_views import (
    BY_DAY_BOOKED,
    BY_ORDER_DAY,
    CREDIT_COLUMNS,
    MODEL_COLUMNS,
    ORDER_COLUMNS,
    ORDERS_SHOWN,
    RESTATED_COLUMNS,
    RESTATED_SHOWN,
    TOUCH_COLUMNS,
    credits_view,
    journey_view,
    orders_view,
)
from clique_app.components.frame import header
from clique_app.components.open_number import OpenNumber, open_number_panel
from clique_app.components.overlays import block, panel
from clique_app.components.page import Page
from clique_app.components.session import PageState, in_store
from clique_app.components.status import banner, card, empty, page_link, segments, skeleton_card
from clique_app.components.tables import Column, Paging, Row, agrees, csv_button, data_table
from clique_app.integrations.registry import channel_label

# on which day what is booked of an order later counts
COUNTED = ((BY_DAY_BOOKED, "By day booked"), (BY_ORDER_DAY, "By order’s day"))


class AttributionState(PageState):
    """What the page shows, as text."""

    loaded: bool = False
    has_orders: bool = True
    channel: str = ""  # looked into
    channel_name: str = ""
    counted: str = BY_DAY_BOOKED
    rule: str = ""
    credits: list[Row] = []
    credits_total: Row = Row("", [])
    agrees: str = ""
    by_model: list[Row] = []
    days_left: str = ""
    restated: list[Row] = []
    restated_paging: Paging = Paging()
    orders_read: bool = False
    orders: list[Row] = []
    orders_paging: Paging = Paging()
    opened: bool = False
    journey_title: str = ""
    journey_customer: str = ""  # whose order it was; empty: nobody's who is known
    journey_facts: list[list[str]] = []
    journey_touches: list[Row] = []

    _offset: int = 0
    _restated_offset: int = 0

    @rx.event
    def start(self) -> Any:
        """Begin at the latest orders."""
        self._offset = self._restated_offset = 0
        return AttributionState.load

    @rx.event(background=True)
    async def load(self) -> None:
        """Read what the page shows, part by part; other clicks go on meanwhile."""
        async with self:
            scope, store_id = await self.read_scope(), self.store_id
            asked_for = self.query.get("channel", "")
            self.channel = asked_for if re.fullmatch(r"\w{1,40}", asked_for) else ""
            counted = self.query.get("counted", "")
            self.counted = counted if counted in dict(COUNTED) else BY_DAY_BOOKED
            asked, channel, counted = self._ask(), self.channel, self.counted
            offset, restated = self._offset, self._restated_offset
        view = await in_store(store_id, credits_view, scope, channel, counted)
        named = channel_label(channel) if channel else ""
        if await self._show(asked, store_id, {**view, "channel_name": named, "loaded": True}) and view["has_orders"]:
            orders = partial(orders_view, channel=channel, offset=offset, restated_offset=restated)
            await self._show_parts(asked, store_id, scope, [("orders_read", orders)])

    @rx.event
    def open_cell(self, cell: str) -> Any:
        """'into@channel', or a metric with the channel and campaign it is narrowed to."""
        key, _, place = cell.partition("@")
        channel, _, campaign = place.partition("@")
        if key == "into":
            return rx.redirect(self.url_with(channel=channel))
        if not channel:
            return OpenNumber.show(key)
        asked: dict[str, Any] = {"key": key, "channel": channel}
        return OpenNumber.show_for({**asked, "campaign_id": int(campaign)} if campaign.isdecimal() else asked)

    @rx.event
    def count_by(self, counted: str) -> Any:
        """On which day refunds count; it stays in the URL."""
        return rx.redirect(self.url_with(counted="" if counted == BY_DAY_BOOKED else counted))

    @rx.event
    def show_all(self) -> Any:
        """Back from a channel to all of them."""
        return rx.redirect(self.url_with(channel=""))

    @rx.event
    def newer(self) -> Any:
        """The orders before these."""
        self._offset = max(0, self._offset - ORDERS_SHOWN)
        return AttributionState.load

    @rx.event
    def older(self) -> Any:
        """The orders after these."""
        self._offset += ORDERS_SHOWN if self.orders_paging.has_next else 0
        return AttributionState.load

    @rx.event
    def restated_later(self) -> Any:
        """The restatements before these."""
        self._restated_offset = max(0, self._restated_offset - RESTATED_SHOWN)
        return AttributionState.load

    @rx.event
    def restated_earlier(self) -> Any:
        """The restatements after these."""
        self._restated_offset += RESTATED_SHOWN if self.restated_paging.has_next else 0
        return AttributionState.load

    @rx.event
    async def open_order(self, order_id: str) -> None:
        """The journey of one order, and each model's share for every touch."""
        scope = await self.read_scope()
        number = int(order_id) if re.fullmatch(r"-?\d{1,18}", order_id, re.ASCII) else 0
        told = await self.in_session(overview_service.order_journey, number)
        for name, value in journey_view(told, scope).items():
            setattr(self, name, value)
        self.opened = True

    @rx.event
    def close_order(self) -> None:
        self.opened = False


def _headed(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The first column is of campaigns where a channel is looked into."""
    first = rx.cond(AttributionState.channel != "", "Campaign", "Channel")
    return replace(columns[0], label=first), *columns[1:]


def _credits() -> rx.Component:
    back = rx.cond(
        AttributionState.channel != "",
        rx.el.button("All channels", type="button", class_name="c-plain-button", on_click=AttributionState.show_all),
    )
    counted = segments(
        "counted",
        COUNTED,
        "Refunds and changes of orders count",
        current=AttributionState.counted,
        on_choose=AttributionState.count_by,
    )
    shown = card(
        rx.cond(
            AttributionState.channel != "",
            "Campaigns of " + AttributionState.channel_name,
            "Who net sales are credited to",
        ),
        data_table(
            "credits",
            _headed(CREDIT_COLUMNS),
            AttributionState.credits,
            label="Credits",
            total=AttributionState.credits_total,
            on_open=AttributionState.open_cell,
        ),
        rx.cond(AttributionState.agrees != "", agrees(AttributionState.agrees)),
        note=rx.fragment(
            AttributionState.rule,
            " Credited, not caused. Platform claims overlap; ROAS counts what rests on visits. ",
            page_link("Change model or window", "/settings"),
        ),
        actions=(back, csv_button("credits", "attribution.csv")),
        flush=True,
    )
    return rx.fragment(rx.el.div(counted, class_name="c-tabs"), shown)


def _models() -> rx.Component:
    return card(
        "What each model would say",
        rx.cond(
            AttributionState.days_left != "",
            banner("Still being worked out", AttributionState.days_left),
        ),
        data_table("models", _headed(MODEL_COLUMNS), AttributionState.by_model, label="Net sales by model"),
        note="The same orders, eight ways of sharing them. Where they differ much, none of them is certain.",
        actions=(csv_button("models", "attribution-models.csv"),),
        flush=True,
    )


def _orders() -> rx.Component:
    return card(
        "Orders",
        data_table(
            "orders",
            ORDER_COLUMNS,
            AttributionState.orders,
            label="Orders and their credit",
            on_open=AttributionState.open_order,
            paging=AttributionState.orders_paging,
            on_previous=AttributionState.newer,
            on_next=AttributionState.older,
        ),
        note="An order opens to the touches before it and the share that each model gives them.",
        flush=True,
    )


def _restated() -> rx.Component:
    nothing = empty("Nothing was restated", "Credits of days that were over have stayed as they were first told.")
    return card(
        "Restated",
        rx.cond(
            AttributionState.restated.length() > 0,  # pyright: ignore[reportAttributeAccessIssue]
            data_table(
                "restated",
                RESTATED_COLUMNS,
                AttributionState.restated,
                label="Restated credits",
                paging=AttributionState.restated_paging,
                on_previous=AttributionState.restated_later,
                on_next=AttributionState.restated_earlier,
            ),
            rx.el.div(nothing, class_name="c-padded"),
        ),
        note="Credits of days that were over and came out otherwise since, with the cause. "
        "All of them are in SQL: clique.restatements.",
        actions=(csv_button("restated", "restated.csv"),),
        flush=True,
    )


def _journey() -> rx.Component:
    told = rx.el.dl(
        rx.foreach(AttributionState.journey_facts, lambda one: rx.fragment(rx.el.dt(one[0]), rx.el.dd(one[1]))),
        class_name="c-facts",
    )
    touches = data_table("touches", TOUCH_COLUMNS, AttributionState.journey_touches, label="Touches and their shares")
    return panel(
        "order",
        block(
            told,
            rx.cond(
                AttributionState.journey_customer != "",
                page_link("The customer’s whole journey", "/customers?customer=" + AttributionState.journey_customer),
            ),
        ),
        block(touches, title="Touches before the order, and each model's share", flush=True),
        open=AttributionState.opened,
        title=AttributionState.journey_title,
        on_close=AttributionState.close_order,
    )


def content() -> rx.Component:
    """The page."""
    nothing = empty(
        "No orders yet",
        "Credits appear with the first orders; Clique reads what led to them from Shopify, the pixel and the survey.",
        page_link("See what is being read", "/data"),
    )
    loading = rx.fragment(skeleton_card("420px"), skeleton_card("320px"), skeleton_card("320px"))
    behind = rx.fragment(_orders(), _restated())
    models = rx.cond(AttributionState.counted == BY_DAY_BOOKED, _models())  # the others are kept by the day booked
    shown = rx.fragment(_credits(), models, rx.cond(AttributionState.orders_read, behind, skeleton_card("320px")))
    return rx.fragment(
        header("Attribution", "Who is credited with sales, and how sure that is", period=True),
        rx.cond(AttributionState.loaded, rx.cond(AttributionState.has_orders, shown, nothing), loading),
        _journey(),
        open_number_panel(),
    )


PAGE = Page(
    route="/attribution",
    title="Attribution",
    content=content,
    on_load=(AttributionState.start,),
    live={"figures": (AttributionState.load, OpenNumber.read)},
)
