"""Customers: who comes back, what they are worth, and when they have paid for what winning them cost."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import reflex as rx

from clique_app.components.charts import chart_card
from clique_app.components.customer_views import (
    COHORT_COLUMNS,
    MODEL_COLUMNS,
    RETURN_COLUMNS,
    VIP_COLUMNS,
    best_view,
    cohorts_view,
    figures_view,
    journey_view,
    payback_view,
)
from clique_app.components.figures import opens
from clique_app.components.frame import data_age, header
from clique_app.components.open_number import OpenNumber, open_number_panel
from clique_app.components.overlays import block, panel
from clique_app.components.page import Page
from clique_app.components.session import PageState, in_store
from clique_app.components.status import banner, bone, card, empty, page_link, segments, skeleton_card
from clique_app.components.tables import Column, Row, csv_button, data_table
from clique_app.customers import journey_service

SPLITS = (
    ("all", "All"),
    ("channel", "Channel"),
    ("product", "Product"),
    ("discount", "Discount"),
    ("region", "Region"),
)
STEP_COLUMNS = (Column("When"), Column("What", main=True), Column("Net sales", right=True))


class CustomersState(PageState):
    """What the page shows, as text."""

    loaded: bool = False
    has_customers: bool = True
    by: str = "all"
    segment: str = ""
    age_line: str = ""
    figures: list[list[str]] = []  # [key, name, value, note]; key is empty where nothing is there to open
    cohorts_read: bool = False
    cohorts: list[Row] = []
    cohorts_total: Row = Row("", [])
    returns: list[Row] = []
    agrees: str = ""
    payback_read: bool = False
    payback_title: str = ""
    payback_chart: dict[str, Any] = {}
    payback_rows: list[Row] = []
    payback_reason: str = ""
    ranked: bool = False
    vips: list[Row] = []
    vips_note: str = ""
    model_line: str = ""
    model_problem: str = ""
    model_rows: list[Row] = []
    opened: bool = False
    journey_title: str = ""
    journey_facts: list[list[str]] = []
    journey_steps: list[Row] = []
    journey_left_out: str = ""

    @rx.event
    async def start(self) -> Any:
        """Open the customer that the URL names."""
        if "customer" in self.query:
            await self._open(self.query["customer"])
        return CustomersState.load

    @rx.event(background=True)
    async def load(self) -> None:
        """Read what the page shows, part by part; the book of orders is long, and other clicks go on meanwhile."""
        async with self:
            scope, store_id, query = await self.read_scope(), self.store_id, self.query
            self.by = query.get("by", "") if query.get("by", "") in dict(SPLITS) else "all"
            self.segment = query.get("segment", "") if self.by != "all" else ""
            asked, by, segment = self._ask(), self.by, self.segment
        first = await in_store(store_id, figures_view, scope)
        if not await self._show(asked, store_id, {**first, "loaded": True}) or not first["has_customers"]:
            return
        cohorts = partial(cohorts_view, by="" if by == "all" else by, segment=segment)
        rest = (("cohorts_read", cohorts), ("payback_read", payback_view), ("ranked", best_view))
        await self._show_parts(asked, store_id, scope, rest)

    @rx.event
    def choose_split(self, by: str) -> Any:
        """Split the cohorts by another property of the first order; it stays in the URL."""
        return rx.redirect(self.url_with(by="" if by == "all" else by, segment=""))

    @rx.event
    def open_segment(self, segment: str) -> Any:
        """One segment by month; nothing: all segments."""
        return rx.redirect(self.url_with(segment=segment))

    @rx.event
    async def open_customer(self, customer_id: str) -> None:
        """The way of one customer."""
        await self._open(customer_id)

    @rx.event
    def close_customer(self) -> None:
        self.opened = False

    async def _open(self, customer_id: str) -> None:
        scope = await self.read_scope()
        told = await self.in_session(journey_service.journey, _number(customer_id))
        for name, value in journey_view(told, scope).items():
            setattr(self, name, value)
        self.opened = True


def _number(customer_id: str) -> int:
    """A claim of the browser's; what is no id finds nobody."""
    return int(customer_id) if re.fullmatch(r"-?\d{1,18}", customer_id, re.ASCII) else 0


def _figures() -> rx.Component:
    return rx.el.dl(
        rx.foreach(
            CustomersState.figures,
            lambda one: rx.fragment(
                rx.el.dt(one[1]),
                rx.el.dd(
                    rx.cond(one[0] != "", opens(one[2], OpenNumber.show(one[0]), label="Open " + one[1]), one[2]),
                    rx.cond(one[3] != "", rx.el.span(" · ", one[3], class_name="c-second")),
                ),
            ),
        ),
        class_name="c-facts",
    )


def _cohorts() -> rx.Component:
    back = rx.cond(
        CustomersState.segment != "",
        rx.el.button(
            "All segments",
            type="button",
            class_name="c-plain-button",
            on_click=CustomersState.open_segment(""),
        ),
    )
    split = segments("by", SPLITS, "Split by", current=CustomersState.by, on_choose=CustomersState.choose_split)
    return rx.fragment(
        rx.el.div(split, back, class_name="c-tabs"),
        card(
            "LTV by cohort",
            data_table(
                "cohorts",
                COHORT_COLUMNS,
                CustomersState.cohorts,
                label="LTV by cohort",
                total=CustomersState.cohorts_total,
                on_open=CustomersState.open_segment,
            ),
            rx.cond(
                CustomersState.agrees != "", rx.el.div(rx.el.span(CustomersState.agrees), class_name="c-table-foot")
            ),
            note="Net sales per customer within so many days of the first order, of those who have been here as long. "
            "Grey, of n %: the others are too young. Refunds count on their order's day.",
            actions=(csv_button("cohorts", "cohorts.csv"),),
            flush=True,
        ),
        card(
            "Who came back",
            data_table(
                "returns", RETURN_COLUMNS, CustomersState.returns, label="Customers who ordered, by months since"
            ),
            note="Share of the cohort with an order, by months since the first one's. … is a month under way.",
            actions=(csv_button("returns", "returns.csv"),),
            flush=True,
        ),
    )


def _payback() -> rx.Component:
    columns = (Column("Day"), Column("Contribution per customer", right=True), Column("Share of CAC", right=True))
    return chart_card(
        "payback",
        title=rx.cond(CustomersState.payback_title != "", CustomersState.payback_title, "Payback"),
        chart=CustomersState.payback_chart,
        label=CustomersState.payback_title + " The table says the same.",
        table=data_table("payback-days", columns, CustomersState.payback_rows, label="Payback by day"),
        keys=(("profit", "Contribution per customer since the first order"), ("spend", "What winning one cost (CAC)")),
        note=CustomersState.payback_reason,
    )


def _vips() -> rx.Component:
    return card(
        "Best customers",
        rx.cond(
            CustomersState.model_problem != "",
            banner("What they will buy is not known yet", CustomersState.model_problem),
        ),
        rx.cond(
            CustomersState.ranked,
            data_table(
                "vips", VIP_COLUMNS, CustomersState.vips, label="Best customers", on_open=CustomersState.open_customer
            ),
            bone("100%", "240px"),
        ),
        rx.cond(
            CustomersState.model_line != "",
            rx.fragment(
                rx.el.div(rx.el.span(CustomersState.model_line), class_name="c-table-foot"),
                rx.el.details(
                    rx.el.summary("What the models have learnt"),
                    data_table("model", MODEL_COLUMNS, CustomersState.model_rows, label="Parameters of the models"),
                    class_name="c-padded",
                ),
            ),
        ),
        note=CustomersState.vips_note,
        flush=True,
    )


def _journey() -> rx.Component:
    told = rx.el.dl(
        rx.foreach(CustomersState.journey_facts, lambda one: rx.fragment(rx.el.dt(one[0]), rx.el.dd(one[1]))),
        class_name="c-facts",
    )
    steps = data_table("journey", STEP_COLUMNS, CustomersState.journey_steps, label="Steps", stacked=True)
    return panel(
        "customer",
        block(told),
        block(
            steps,
            rx.cond(
                CustomersState.journey_left_out != "",
                rx.el.div(rx.el.span(CustomersState.journey_left_out), class_name="c-table-foot"),
            ),
            title="From the first touch to what they say of the store",
            flush=True,
        ),
        open=CustomersState.opened,
        title=CustomersState.journey_title,
        on_close=CustomersState.close_customer,
    )


def content() -> rx.Component:
    """The page."""
    shown = rx.fragment(
        data_age(CustomersState.age_line),
        card("In the period", _figures()),
        rx.cond(CustomersState.cohorts_read, _cohorts(), rx.fragment(skeleton_card("320px"), skeleton_card("320px"))),
        rx.cond(CustomersState.payback_read, _payback(), skeleton_card("320px")),
        _vips(),
    )
    nothing = empty(
        "No customers yet",
        "Cohorts appear with the first orders. Clique reads all orders ever to know who is new.",
        page_link("See what is being read", "/data"),
    )
    loading = rx.fragment(skeleton_card("120px"), skeleton_card("320px"), skeleton_card("320px"))
    return rx.fragment(
        header("Customers", "Who comes back, and what they are worth", period=True),
        rx.cond(CustomersState.loaded, rx.cond(CustomersState.has_customers, shown, nothing), loading),
        _journey(),
        open_number_panel(),
    )


PAGE = Page(
    route="/customers",
    title="Customers",
    content=content,
    on_load=(CustomersState.start,),
    live={"customers": (CustomersState.load, OpenNumber.read)},
)
