"""What ads cost, what they are credited with, and what platforms claim."""

from __future__ import annotations

from dataclasses import replace

from clique_app.metrics.catalog import groups
from clique_app.metrics.definition import Formula, Groups, Reading, Shown, Target, Total, Unit
from clique_app.tables.ads import FILE_ACCOUNT
from clique_app.tables.attribution import BY_PLACE, BY_SURVEY, resting_on

RESPONSE = "response"  # the kind of model that would know a marginal return

_AD_DAY = """ad_day r
left join ad a on a.store_id = r.store_id and a.ad_id = r.ad_id
left join campaign c on c.store_id = r.store_id and c.campaign_id = r.campaign_id"""
_AD_ROWS = (
    Shown("Day", "r.day", "day"),
    Shown("Channel", "r.channel"),
    Shown("Campaign", "c.name"),
    Shown("Ad", "a.name"),
)
# what the platform says in the account's currency stands beside what it comes to in the store's
_AT_RATE = "Another currency is converted at the European Central Bank's rate of the day."
_IN_STORE_CURRENCY = {"spend": "store_spend", "reported_revenue": "store_revenue"}


def _ads(key: str, name: str, unit: Unit, meaning: str, column: str, good: str = "up") -> Total:
    return Total(
        key=key,
        name=name,
        unit=unit,
        meaning=meaning,
        good="up" if good == "up" else "neither",
        source=_AD_DAY,
        amount=f"coalesce(r.{_IN_STORE_CURRENCY[column]}, 0)" if unit == "money" else f"r.{column}",
        shown=(*_AD_ROWS, *_converted(column)) if unit == "money" else _AD_ROWS,
        sources=("ads",),
        groups={**groups.OF_AD, "product": "a.product_id"},
        grain="an ad's day",
        origin="The ad platforms' own reports",
        needs=("ads", "rates") if unit == "money" else ("ads",),
        example=_example(column) if unit == "money" else None,
    )


def _example(column: str) -> tuple[tuple[dict[str, str], ...], str]:
    amount = f"r.{_IN_STORE_CURRENCY[column]}"
    return ({amount: "30"}, {amount: "12.50"}), "42.50"


def _converted(column: str) -> tuple[Shown, ...]:
    """Of what each row was converted, and at which rate; empty where there was nothing to convert."""
    rate = "case when r.rate <> 1 then rtrim(rtrim(cast(r.rate as text), '0'), '.') else '' end"
    return Shown("Billed", f"trim_scale(r.{column}) || ' ' || r.currency"), Shown("Rate", rate)


AD_SPEND = replace(
    _ads(
        "ad_spend",
        "Ad spend",
        "money",
        f"What the ad platforms charged, by their own day. {_AT_RATE}",
        "spend",
        good="neither",
    ),
    groups=groups.OF_AD,
    partners=("product_ad_spend", "placed_ad_spend"),
    no_further="What ads cost is not told of those who saw them.",
)
ALL_AD_SPEND = replace(
    AD_SPEND,
    key="all_ad_spend",
    name="Ad spend of the store",
    meaning="Ad spend of all channels, whatever the figure is narrowed to.",
    groups={},
    undivided=True,
)
PROMOTED_SPEND = _ads(
    "promoted_spend",
    "Ad spend, by the product linked",
    "money",
    "What the ad platforms charged, with the product that the ad links to: what clicks on the same ads are divided by. "
    f"{_AT_RATE}",
    "spend",
    good="neither",
)
IMPRESSIONS = replace(
    _ads("impressions", "Impressions", "count", "Times ads were shown.", "impressions"),
    partners=("placed_impressions",),
)
CLICKS = replace(
    _ads("clicks", "Clicks", "count", "Clicks on ads, of any kind.", "clicks"), partners=("placed_clicks",)
)
REPORTED_REVENUE = replace(
    _ads(
        "reported_revenue",
        "Revenue claimed by platforms",
        "money",
        f"What the platforms claim their ads sold. Claims overlap and are restated for 28 days. {_AT_RATE}",
        "reported_revenue",
    ),
    partners=("placed_reported_revenue",),
)
REPORTED_CONVERSIONS = _ads(
    "reported_conversions",
    "Purchases claimed by platforms",
    "count",
    "Purchases the platforms claim.",
    "reported_conversions",
)

_CREDIT = """credit r
left join shop_order o on o.store_id = r.store_id and o.order_id = r.order_id
left join campaign c on c.store_id = r.store_id and c.campaign_id = r.campaign_id
left join ad a on a.store_id = r.store_id and a.ad_id = r.ad_id""" + groups.buyer("o")
_CREDIT_GROUPS: Groups = {**groups.OF_AD, **groups.of_order("o")}
_CREDIT_GRAIN = "what a touch is credited with of an order on a day"
_CREDIT_ROWS = (
    Shown("Day", "r.day", "day"),
    Shown("Order", "o.name"),
    Shown("Channel", "r.channel"),
    Shown("Campaign", "coalesce(c.name, '')"),
    Shown("Known by", resting_on("r.position")),
)
# channels whose spend is here: crediting others against it would flatter it, and so would what rests on no visit
_PAID = f"""r.position not in ({BY_SURVEY}, {BY_PLACE}) and (
  exists (select from ad_account k where k.store_id = r.store_id and k.channel = r.channel)
  or exists (
    select from campaign k
    where k.store_id = r.store_id and k.channel = r.channel and k.account_id = '{FILE_ACCOUNT}'))"""  # noqa: S608


def _credited(
    key: str, name: str, unit: Unit, meaning: str, amount: str, where: str = "true", moved_by: tuple[str, ...] = ()
) -> Total:
    return Total(
        key=key,
        name=name,
        unit=unit,
        meaning=meaning,
        good="up",
        source=_CREDIT,
        where=where,
        amount=amount,
        shown=_CREDIT_ROWS,
        sources=("shopify_orders",),
        groups=_CREDIT_GROUPS,
        grain=_CREDIT_GRAIN,
        moved_by=moved_by,
    )


CREDITED_SALES = _credited(
    "credited_sales",
    "Net sales by channel",
    "money",
    "Net sales given to the touches before each order by the store's model; with unattributed they equal net sales.",
    "r.amount",
)
ATTRIBUTED_ORDERS_ALL = _credited(
    "attributed_orders_all",
    "Orders by channel",
    "count",
    "Orders given to the channels of their touches by the store's model, unattributed among them.",
    "r.orders",
    "r.orders <> 0",
)
ATTRIBUTED_REVENUE = _credited(
    "attributed_revenue",
    "Attributed revenue",
    "money",
    "Net sales credited to ads of connected channels that were touched within the window.",
    "r.amount",
    _PAID,
    moved_by=("ad_account", "campaign"),
)
ATTRIBUTED_ORDERS = _credited(
    "attributed_orders",
    "Attributed orders",
    "count",
    "Orders credited to ads of connected channels that were touched within the window.",
    "r.orders",
    f"{_PAID} and r.orders <> 0",
    moved_by=("ad_account", "campaign"),
)
ATTRIBUTED_NEW_CUSTOMERS = Total(
    key="attributed_new_customers",
    name="New customers by channel",
    unit="count",
    meaning="New customers given to the channels of their first order's touches, in its shares.",
    good="up",
    source=f"""{_CREDIT}
join customer f on f.store_id = r.store_id and f.first_order_id = r.order_id""",
    where="r.orders <> 0",
    amount="r.orders",
    shown=_CREDIT_ROWS,
    sources=("shopify_orders",),
    groups=_CREDIT_GROUPS,
    grain=_CREDIT_GRAIN,
    needs=("history",),
    moved_by=("customer",),
)

MARKETING_SPEND = Formula(
    key="marketing_spend",
    name="Marketing spend",
    unit="money",
    meaning="Ad spend of all channels plus other marketing costs from Settings.",
    good="neither",
    expression="ad_spend + other_marketing",
    example=({"ad_spend": "29400.19", "other_marketing": "0"}, "29400.19"),
)
MER = Formula(
    key="mer",
    name="MER",
    unit="ratio",
    meaning="Marketing efficiency ratio: net sales of the whole store for each dollar of marketing.",
    good="up",
    target=Target("above", "3"),
    expression="net_sales / marketing_spend",
    example=({"net_sales": "126731.84", "marketing_spend": "29400.19"}, "4.31"),
)
AMER = Formula(
    key="amer",
    name="aMER",
    unit="ratio",
    meaning="Acquisition marketing efficiency ratio: net sales to new customers for each dollar of marketing.",
    good="up",
    expression="new_customer_net_sales / marketing_spend",
    example=({"new_customer_net_sales": "58800", "marketing_spend": "29400"}, "2.00"),
)
SPEND_SHARE = Formula(
    key="spend_share",
    name="Share of spend",
    unit="percent",
    meaning="A channel's, campaign's or ad's part of all ad spend.",
    good="neither",
    expression="ad_spend / all_ad_spend",
    example=({"ad_spend": "14700", "all_ad_spend": "29400"}, "0.50"),
)
MARGINAL_ROAS = Reading(
    key="marginal_roas",
    name="Marginal ROAS",
    unit="ratio",
    meaning="What the next dollar of ad spend brings, by the response curve in use.",
    good="up",
    source="model_version r",
    grain="a model",
    where=f"r.kind = '{RESPONSE}' and r.state = 'current'",
    within="r.data_to >= :start",
    value="avg((r.parameters ->> 'marginal_roas')::numeric)",
    amount="(r.parameters ->> 'marginal_roas')::numeric",
    shown=(Shown("Learnt", "r.made_at", "time"), Shown("From", "r.data_from", "day"), Shown("To", "r.data_to", "day")),
    sources=(),
    nothing="No response curve has been learnt yet.",
    no_past="Only the response curve in use tells it.",
    example=(({"r.parameters": """'{"marginal_roas": 1.4}'::jsonb"""},), "1.4"),
)
ROAS = Formula(
    key="roas",
    name="ROAS",
    unit="ratio",
    meaning="Net sales credited to ads for each dollar of ad spend. Credited by the store's model, not caused.",
    good="up",
    target=Target("above", "2"),
    expression="attributed_revenue / ad_spend",
    example=({"attributed_revenue": "91831", "ad_spend": "29400"}, "3.12"),
)
REPORTED_ROAS = Formula(
    key="reported_roas",
    name="ROAS claimed by platforms",
    unit="ratio",
    meaning="What platforms claim their ads sold for each dollar of ad spend.",
    good="neither",
    expression="reported_revenue / ad_spend",
    example=({"reported_revenue": "114661", "ad_spend": "29400"}, "3.90"),
    partners=("promoted_reported_roas",),
)
CAC = Formula(
    key="cac",
    name="New-customer CAC",
    unit="money",
    meaning="Customer acquisition cost: marketing spend for each new customer.",
    good="down",
    target=Target("below", "ltv / 3"),
    expression="marketing_spend / new_customers",
    example=({"marketing_spend": "29400", "new_customers": "1050"}, "28.00"),
    partners=("channel_cac",),
)
CHANNEL_CAC = Formula(
    key="channel_cac",
    name="CAC of a channel",
    unit="money",
    meaning="Ad spend for each new customer whose first order is credited to the channel.",
    good="down",
    expression="ad_spend / attributed_new_customers",
    example=({"ad_spend": "14820", "attributed_new_customers": "470"}, "31.53"),
)
CPA = Formula(
    key="cpa",
    name="CPA",
    unit="money",
    meaning="Ad spend for each order credited to ads.",
    good="down",
    expression="ad_spend / attributed_orders",
    example=({"ad_spend": "300", "attributed_orders": "12"}, "25"),
)
AD_CVR = Formula(
    key="ad_cvr",
    name="Ads' conversion rate",
    unit="percent",
    meaning="Orders credited to ads for each click on them.",
    good="up",
    expression="attributed_orders / clicks",
    example=({"attributed_orders": "12", "clicks": "480"}, "0.025"),
)
CTR = Formula(
    key="ctr",
    name="CTR",
    unit="percent",
    meaning="Clicks for each time an ad was shown.",
    good="up",
    expression="clicks / impressions",
    example=({"clicks": "20", "impressions": "1000"}, "0.02"),
)
CPC = Formula(
    key="cpc",
    name="CPC",
    unit="money",
    meaning="Ad spend for each click.",
    good="down",
    expression="ad_spend / clicks",
    example=({"ad_spend": "30", "clicks": "20"}, "1.50"),
    partners=("promoted_cpc",),
)
CPM = Formula(
    key="cpm",
    name="CPM",
    unit="money",
    meaning="Ad spend for 1,000 impressions.",
    good="down",
    expression="1000 * ad_spend / impressions",
    example=({"ad_spend": "30", "impressions": "2000"}, "15"),
    partners=("promoted_cpm",),
)
ROI = Formula(
    key="roi",
    name="ROI",
    unit="percent",
    meaning="Contribution profit for each dollar of ad spend.",
    good="up",
    expression="contribution_profit / ad_spend",
    example=({"contribution_profit": "27234.17", "ad_spend": "29400.19"}, "0.926"),
)
RPMO = Formula(
    key="rpmo",
    name="Revenue per 1,000 impressions",
    unit="money",
    meaning="Attributed revenue for 1,000 impressions.",
    good="up",
    expression="1000 * attributed_revenue / impressions",
    example=({"attributed_revenue": "45", "impressions": "3000"}, "15"),
)

ADS = (
    AD_SPEND,
    ALL_AD_SPEND,
    PROMOTED_SPEND,
    IMPRESSIONS,
    CLICKS,
    REPORTED_REVENUE,
    REPORTED_CONVERSIONS,
    CREDITED_SALES,
    ATTRIBUTED_ORDERS_ALL,
    ATTRIBUTED_REVENUE,
    ATTRIBUTED_ORDERS,
    ATTRIBUTED_NEW_CUSTOMERS,
    MARKETING_SPEND,
    MER,
    AMER,
    SPEND_SHARE,
    MARGINAL_ROAS,
    ROAS,
    REPORTED_ROAS,
    CAC,
    CHANNEL_CAC,
    CPA,
    AD_CVR,
    CTR,
    CPC,
    CPM,
    ROI,
    RPMO,
)
