"""Costs and what ads brought, divided by what their rows do not name: by channel in the shares of an order's credits,
by product and place as Performance divides them. Parts sum to the whole; what is not known of one stands under no
member."""

from __future__ import annotations

from dataclasses import replace

from clique_app.metrics import examples
from clique_app.metrics.catalog.ads import AD_SPEND, CLICKS, CPC, CPM, IMPRESSIONS, REPORTED_REVENUE, REPORTED_ROAS
from clique_app.metrics.catalog.costs import COST_OF_GOODS, FULFILMENT, PAYMENT_FEES
from clique_app.metrics.definition import Dimension, Formula, Shown, Total
from clique_app.tables.attribution import UNATTRIBUTED

PERFORMANCE_DAY = "performance_day r"  # rows of all cuts: which one says `where`
_SHARE = "coalesce(k.orders, 1)"
_ID = "cast(r.members[1] as bigint)"  # of a row of products; another's is no number
_TITLE = f"(select p.title from product p where p.store_id = r.store_id and p.product_id = {_ID})"  # noqa: S608
_BY_PRODUCT = "as Performance divides them: an order's are its dearest product's"
_BY_PLACE = "as the platforms tell it of places; what they do not place has none."


def _credited(total: Total) -> Total:
    """A cost of orders by what these are credited to, in the shares of their own day: an order without a credit counts
    once."""
    rows, value = examples.of(total)
    return replace(
        total,
        key=f"credited_{total.key}",
        name=f"{total.name} by channel",
        meaning=f"{total.meaning} Given to the touches before each order, in the shares of its credits.",
        source=f"""{total.source}
left join credit k on k.store_id = r.store_id and k.order_id = r.order_id and k.orders <> 0
left join ad a on a.store_id = k.store_id and a.ad_id = k.ad_id""",
        groups={
            "channel": f"coalesce(k.channel, '{UNATTRIBUTED}')",
            "campaign": "k.campaign_id",
            "ad_group": "a.ad_group_id",
            "ad": "k.ad_id",
        },
        grain=f"a share of {total.grain}",
        amount=f"({total.amount}) * {_SHARE}",
        shown=(
            *total.shown,
            Shown("Channel", f"coalesce(k.channel, '{UNATTRIBUTED}')"),
            Shown("Share", f"round(100 * {_SHARE}, 1) || ' %'"),
        ),
        example=(tuple({**row, "k.orders": "0.25"} for row in rows), f"{float(value) / 4:.4f}"),
        moved_by=(*total.moved_by, "credit"),
        partners=(),
    )


def _performance(
    total: Total, key: str, what: str, meaning: str, by: Dimension, group: str, column: str, *shown: Shown
) -> Total:
    """A total as Performance has it by a dimension."""
    return replace(
        total,
        key=f"{key}_{total.key}",
        name=f"{total.name} by {what}",
        meaning=meaning,
        source=PERFORMANCE_DAY,
        where=f"r.cut = '{by}' and r.{column} <> 0",
        day="r.day",
        amount=f"r.{column}",
        groups={by: group},
        grain=f"a {what}'s day",
        shown=(Shown("Day", "r.day", "day"), *shown),
        worked="",
        example=None,
        moved_by=(),
        partners=(),
        no_further="",
    )


def _of_product(total: Total, meaning: str, column: str, *shown: Shown) -> Total:
    told = _performance(
        total, "product", "product", meaning, "product", f"case when r.cut = 'product' then {_ID} end", column,
        Shown("Product", f"coalesce({_TITLE}, '')"), *shown,
    )  # fmt: skip
    return replace(told, sources=tuple(dict.fromkeys((*total.sources, "shopify_orders"))))


def _of_place(total: Total, meaning: str, column: str) -> Total:
    place = Shown("Place", "coalesce(r.members[1], '')")
    return _performance(total, "placed", "place", meaning, "geography", "r.members[1]", column, place)


PRODUCT_AD_SPEND = _of_product(
    AD_SPEND,
    "What ads cost, given to products: of ads that promote some to these alike, of others by what their campaign, else "
    "its channel, else the store sold that day.",
    "spend",
    Shown("By what ads promote", "r.spend_by_link", "money"),
)
_BY_LINK = "Of ads that link to one product, the spend with it."


def _promoted(formula: Formula, value: str) -> Formula:
    """A formula over ad spend, with the spend of the same ads as what it is divided by."""
    return replace(
        formula,
        key=f"promoted_{formula.key}",
        name=f"{formula.name}, by the product linked",
        meaning=f"{formula.meaning} {_BY_LINK}",
        expression=formula.expression.replace(AD_SPEND.key, "promoted_spend"),
        example=(
            {("promoted_spend" if key == AD_SPEND.key else key): one for key, one in formula.example[0].items()},
            value,
        ),
        partners=(),
    )


DIVIDED_COSTS = (
    *map(_credited, (COST_OF_GOODS, FULFILMENT, PAYMENT_FEES)),
    _of_product(FULFILMENT, f"What fulfilling orders cost, by product {_BY_PRODUCT}.", "fulfilment"),
    _of_product(PAYMENT_FEES, f"What payments cost, by product {_BY_PRODUCT}.", "payment_fees"),
)
DIVIDED_ADS = (
    PRODUCT_AD_SPEND,
    _of_place(AD_SPEND, f"What ads cost, by place {_BY_PLACE}", "spend"),
    _of_place(IMPRESSIONS, f"Times ads were shown, by place {_BY_PLACE}", "impressions"),
    _of_place(CLICKS, f"Clicks on ads, by place {_BY_PLACE}", "clicks"),
    _of_place(REPORTED_REVENUE, f"What platforms claim their ads sold, by place {_BY_PLACE}", "reported_revenue"),
    *(_promoted(formula, formula.example[1]) for formula in (REPORTED_ROAS, CPC, CPM)),
)
