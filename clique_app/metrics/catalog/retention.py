"""Who comes back, how soon, and who is lost."""

from __future__ import annotations

from dataclasses import replace

from clique_app.metrics.catalog import groups
from clique_app.metrics.catalog.sales import CUSTOMERS, NET_SALES
from clique_app.metrics.definition import Formula, Groups, Reading, Shown, Total
from clique_app.tables.orders import BY_SUBSCRIPTION

ACTIVE_DAYS = 90
SUBSCRIBED_DAYS = 45  # a subscription that has made no order for so long has ended
VIP_PERCENT = 10
VIP_YEAR_DAYS = 364  # before the period's last day
_ORDERS = ("shopify_orders",)
_WHO = Shown("Customer", "r.customer_id::text")
_OF_CUSTOMER: Groups = {"geography": groups.place("b"), "cohort": groups.MONTH_WON.format(customer="b")}
_CUSTOMER = "a customer"


def _customers(columns: str, days: str, where: str = "true", having: str = "true") -> str:
    """A row for each customer with orders on these days."""
    return f"""(
  select o.store_id, o.customer_id, max(o.processed_at) as last_order_at, max(o.day) as last_day, {columns}
  from shop_order o
  where not o.test and o.customer_id is not null and o.day between {days} and {where}
  group by o.store_id, o.customer_id having {having}
) r{groups.buyer("r")}"""  # noqa: S608  # our own text


_SEEN = (Shown("Last order", "r.last_order_at", "time"), _WHO)
_BEFORE = f"cast(:start as date) - {ACTIVE_DAYS}"

REPEAT_CUSTOMERS = Reading(
    key="repeat_customers",
    name="Customers with two orders or more",
    unit="count",
    meaning="Different customers with at least two orders in the period.",
    good="up",
    source=_customers("count(*) as orders", ":start and :end"),
    groups=groups.of_customer("b"),
    grain=_CUSTOMER,
    within="true",
    where="r.orders > 1",
    value="count(*)",
    amount="1",
    shown=(*_SEEN, Shown("Orders", "r.orders", "count")),
    sources=_ORDERS,
)
REPEAT_PURCHASE_RATE = Formula(
    key="repeat_purchase_rate",
    name="Repeat purchase rate",
    unit="percent",
    meaning="Of the customers who ordered in the period, those who ordered twice or more in it.",
    good="up",
    origin="Common: customers with 2+ orders / customers with 1+",
    expression="repeat_customers / customers",
    example=({"repeat_customers": "240", "customers": "1000"}, "0.24"),
)

_GAPS = f"""shop_order r
join lateral (
  select p.day from shop_order p
  where p.store_id = r.store_id and p.customer_id = r.customer_id and not p.test
    and (p.processed_at, p.order_id) < (r.processed_at, r.order_id)
  order by p.processed_at desc, p.order_id desc limit 1
) p on true{groups.buyer("r")}"""  # noqa: S608  # our own text
_GAP_ROWS = (
    Shown("When", "r.processed_at", "time"),
    Shown("Order", "r.name"),
    _WHO,
    Shown("Order before", "p.day", "day"),
)
_TEN = {"r.day": "date '2026-03-11'", "p.day": "date '2026-03-01'"}
_TWENTY = {"r.day": "date '2026-03-11'", "p.day": "date '2026-02-19'"}
DAYS_BETWEEN_PURCHASES = Reading(
    key="days_between_purchases",
    name="Days between purchases",
    unit="ratio",
    meaning="Median of the days from a customer's order before to an order in the period.",
    good="down",
    source=_GAPS,
    groups=_OF_CUSTOMER,
    grain="an order of a customer who had ordered before",
    where="not r.test",
    value="percentile_cont(0.5) within group (order by r.day - p.day)",
    amount="r.day - p.day",
    shown=_GAP_ROWS,
    sources=_ORDERS,
    needs=("history",),
    nothing="Nobody ordered again.",
    example=((_TEN, _TWENTY), "15"),
)
REPEAT_ORDERS = Total(
    key="repeat_orders",
    name="Repeat orders",
    unit="count",
    meaning="Orders of customers who had ordered before.",
    good="up",
    source=_GAPS,
    groups=_OF_CUSTOMER,
    grain="an order of a customer who had ordered before",
    where="not r.test",
    amount="1",
    shown=_GAP_ROWS,
    sources=_ORDERS,
    needs=("history",),
    moved_by=("order_gap",),
)
GAP_DAYS = replace(
    REPEAT_ORDERS,
    key="gap_days",
    name="Days since the order before",
    meaning="Days from a customer's order before, added over repeat orders.",
    good="neither",
    amount="r.day - p.day",
    example=((_TEN, _TWENTY), "30"),
)
DAYS_BETWEEN_MEAN = Formula(
    key="days_between_purchases_mean",
    name="Days between purchases, mean",
    unit="ratio",
    meaning="Mean of the days from a customer's order before to an order in the period.",
    good="down",
    expression="gap_days / repeat_orders",
    example=({"gap_days": "4200", "repeat_orders": "100"}, "42.00"),
)

ACTIVE_CUSTOMERS = replace(
    CUSTOMERS,
    key="active_customers",
    name="Active customers",
    meaning=f"Different customers with an order in the {ACTIVE_DAYS} days up to the period's end.",
    groups=_OF_CUSTOMER,
    within=f"r.day between cast(:end as date) - {ACTIVE_DAYS - 1} and :end",
    needs=("history",),
    as_of_end=True,
)
CUSTOMERS_TO_DATE = Reading(
    key="customers_to_date",
    name="Customers to date",
    unit="count",
    meaning="Different customers with an order up to the period's end.",
    good="up",
    source="customer r",
    groups={"geography": groups.place("r"), "cohort": groups.MONTH_WON.format(customer="r")},
    grain=_CUSTOMER,
    within="r.first_order_day <= :end",
    value="count(*)",
    amount="1",
    shown=(Shown("First order", "r.first_order_at", "time"), _WHO),
    sources=_ORDERS,
    needs=("history",),
)
ACTIVE_CUSTOMER_RATE = Formula(
    key="active_customer_rate",
    name="Active customers, share",
    unit="percent",
    meaning=f"Of all customers so far, those with an order in the {ACTIVE_DAYS} days up to the period's end.",
    good="up",
    expression="active_customers / customers_to_date",
    example=({"active_customers": "420", "customers_to_date": "1200"}, "0.35"),
)
ACTIVE_AT_START = Reading(
    key="active_at_start",
    name="Customers active at the start",
    unit="count",
    meaning=f"Different customers with an order in the {ACTIVE_DAYS} days before the period.",
    good="up",
    source=_customers("count(*) as orders", f"{_BEFORE} and cast(:start as date) - 1"),
    groups=_OF_CUSTOMER,
    grain=_CUSTOMER,
    within="true",
    value="count(*)",
    amount="1",
    shown=(Shown("Last order before the period", "r.last_order_at", "time"), _WHO),
    sources=_ORDERS,
    needs=("history",),
)
LOST_CUSTOMERS = replace(
    ACTIVE_AT_START,
    key="lost_customers",
    name="Customers lost",
    meaning=f"Customers active at the period's start who by its end had not ordered for {ACTIVE_DAYS} days.",
    good="down",
    where=f"""not exists (
  select from shop_order n where n.store_id = r.store_id and n.customer_id = r.customer_id and not n.test
  and n.day between cast(:end as date) - {ACTIVE_DAYS - 1} and :end)""",
    as_of_end=True,
)
CHURN_RATE = Formula(
    key="churn_rate",
    name="Churn rate",
    unit="percent",
    meaning=f"Of the customers active at the period's start, those with no order for {ACTIVE_DAYS} days at its end.",
    good="down",
    expression="lost_customers / active_at_start",
    example=({"lost_customers": "90", "active_at_start": "600"}, "0.15"),
)

CHANCE_OF_ANOTHER = "coalesce(1 - p.churn_probability, v.reorder_30)"
# of the customer of a row r, who is known as b
EXPECTED = """
left join customer_value v on v.store_id = r.store_id and v.customer_id = r.customer_id
left join profile_prediction p on p.store_id = b.store_id and p.email_hmac = b.email_hmac"""
REORDER_PROBABILITY = Reading(
    key="reorder_probability",
    name="Reorder probability",
    unit="percent",
    meaning="Mean chance that a customer of the period orders again: Klaviyo's own where it states one (that they are "
    "not lost), else the chance of an order within 30 days that the model of repeat purchase gives.",
    good="up",
    origin="Klaviyo, predictive analytics; else BG/NBD (Fader, Hardie and Lee 2005)",
    source=_customers("count(*) as orders", ":start and :end") + EXPECTED,
    groups=groups.of_customer("b"),
    grain=_CUSTOMER,
    within="true",
    where=f"{CHANCE_OF_ANOTHER} is not null",
    value=f"avg({CHANCE_OF_ANOTHER})",
    amount=CHANCE_OF_ANOTHER,
    shown=(*_SEEN, Shown("Said by", "case when p.churn_probability is null then 'the model' else 'Klaviyo' end")),
    sources=_ORDERS,
    nothing="Nothing is expected of these customers: no model has been learnt yet, and Klaviyo says nothing.",
    no_past="Only what is expected now is kept.",
    example=(
        (
            {"p.churn_probability": "0.70", "v.reorder_30": "0.10"},
            {"p.churn_probability": "null::numeric", "v.reorder_30": "0.20"},
        ),
        "0.25",
    ),
)

WITHIN_DAYS = 7
_DUE = f"""r.expected_on + {WITHIN_DAYS} <= (
    select max(o.day) from shop_order o where o.store_id = r.store_id and not o.test)"""  # noqa: S608  # our own
FORECASTS_DUE = Total(
    key="forecasts_due",
    name="Next orders foretold",
    unit="count",
    meaning="Customers' next orders that the model of repeat purchase had expected in the period.",
    good="neither",
    matures=f"Those expected in the last {WITHIN_DAYS} days are left out.",
    source=f"order_forecast r{groups.buyer('r')}",
    groups=_OF_CUSTOMER,
    grain="a forecast",
    day="r.expected_on",
    where=_DUE,
    too_young=f"({_DUE}) is not true",
    amount="1",
    shown=(Shown("Expected", "r.expected_on", "day"), Shown("Told on", "r.made_on", "day"), _WHO),
    sources=_ORDERS,
    needs=("forecasts",),
    rolled=False,
)
FORECASTS_MET = replace(
    FORECASTS_DUE,
    key="forecasts_met",
    too_young="",
    name="Next orders that came as foretold",
    meaning=f"Next orders foretold for the period that came within {WITHIN_DAYS} days of the day.",
    good="up",
    where=f"""{FORECASTS_DUE.where} and exists (
    select from shop_order n where n.store_id = r.store_id and n.customer_id = r.customer_id and not n.test
      and n.day > r.made_on and n.day between r.expected_on - {WITHIN_DAYS} and r.expected_on + {WITHIN_DAYS})""",
)
REPLENISHMENT_ACCURACY = Formula(
    key="replenishment_accuracy",
    name="Replenishment accuracy",
    unit="percent",
    meaning=f"Of customers' next orders foretold for the period, those that came within {WITHIN_DAYS} days of the day.",
    good="up",
    expression="forecasts_met / forecasts_due",
    example=({"forecasts_met": "42", "forecasts_due": "120"}, "0.35"),
)

SUBSCRIBERS_AT_START = Reading(
    key="subscribers_at_start",
    name="Subscribers at the start",
    unit="count",
    meaning=f"Customers whose subscription made an order in the {SUBSCRIBED_DAYS} days before the period.",
    good="up",
    source=_customers(
        "min(o.day) as first_day",
        f"cast(:start as date) - {SUBSCRIBED_DAYS} and :end",
        where=BY_SUBSCRIPTION,
        having="min(o.day) < :start",
    ),
    groups=_OF_CUSTOMER,
    grain=_CUSTOMER,
    within="true",
    value="count(*)",
    amount="1",
    shown=_SEEN,
    sources=_ORDERS,
    needs=("subscriptions", "history"),
)
SUBSCRIBERS_KEPT = replace(
    SUBSCRIBERS_AT_START,
    key="subscribers_kept",
    name="Subscribers kept",
    meaning=f"Of the subscribers at the start, those whose subscription made an order in the {SUBSCRIBED_DAYS} days "
    "up to the period's end.",
    where=f"r.last_day > cast(:end as date) - {SUBSCRIBED_DAYS}",
    as_of_end=True,
)
SUBSCRIPTION_RETENTION_RATE = Formula(
    key="subscription_retention_rate",
    name="Subscription retention",
    unit="percent",
    meaning="Of the subscriptions active at the period's start, those active at its end. A subscription is known by "
    f"the orders it makes; without one for {SUBSCRIBED_DAYS} days it has ended.",
    good="up",
    expression="subscribers_kept / subscribers_at_start",
    example=({"subscribers_kept": "180", "subscribers_at_start": "200"}, "0.90"),
)

_YEAR = f"r.day between cast(:end as date) - {VIP_YEAR_DAYS} and :end"
_VIPS = f"""(
  select v.store_id, v.customer_id
  from (
    select *, row_number() over (partition by store_id order by spent desc, customer_id) as place
    from (
      select o.store_id, o.customer_id, sum({NET_SALES.amount}) as spent
      from {NET_SALES.source} where o.customer_id is not null and {_YEAR} and {NET_SALES.where} group by 1, 2
    ) y
  ) v join (
    select store_id, greatest(1, floor(count(*) * {VIP_PERCENT} / 100.0)) as places
    from customer where first_order_day <= :end group by store_id
  ) n on n.store_id = v.store_id
  where v.spent > 0 and v.place <= n.places
) v"""  # noqa: S608  # our own text


VIP_NET_SALES = Reading(
    key="vip_net_sales",
    name="Net sales from VIPs",
    unit="money",
    meaning=f"Net sales of the period from the best {VIP_PERCENT} % of all customers by net sales of the year up to "
    "the period's end.",
    good="up",
    source=f"{NET_SALES.source} join {_VIPS} on v.store_id = r.store_id and v.customer_id = o.customer_id",
    groups=NET_SALES.groups,
    grain=NET_SALES.grain,
    where=NET_SALES.where,
    value="coalesce(sum(r.amount), 0)",
    amount="r.amount",
    shown=NET_SALES.shown,
    sources=_ORDERS,
    needs=("history",),
    as_of_end=True,
)
# the same of the customers :best, who are ranked beforehand; a join would be planned as if they were few
VIP_NET_SALES_OF = replace(
    VIP_NET_SALES,
    source=NET_SALES.source,
    where=f"{NET_SALES.where} and o.customer_id = any(cast(:best as bigint[]))",
)
VIP_REVENUE_SHARE = Formula(
    key="vip_revenue_share",
    name="VIPs' share of net sales",
    unit="percent",
    meaning=f"Share of net sales from the best {VIP_PERCENT} % of all customers by net sales of the trailing year.",
    good="neither",
    expression="vip_net_sales / net_sales",
    example=({"vip_net_sales": "36000", "net_sales": "120000"}, "0.30"),
)

RETENTION = (
    REPEAT_CUSTOMERS,
    REPEAT_PURCHASE_RATE,
    DAYS_BETWEEN_PURCHASES,
    REPEAT_ORDERS,
    GAP_DAYS,
    DAYS_BETWEEN_MEAN,
    ACTIVE_CUSTOMERS,
    CUSTOMERS_TO_DATE,
    ACTIVE_CUSTOMER_RATE,
    ACTIVE_AT_START,
    LOST_CUSTOMERS,
    CHURN_RATE,
    REORDER_PROBABILITY,
    FORECASTS_DUE,
    FORECASTS_MET,
    REPLENISHMENT_ACCURACY,
    SUBSCRIBERS_AT_START,
    SUBSCRIBERS_KEPT,
    SUBSCRIPTION_RETENTION_RATE,
    VIP_NET_SALES,
    VIP_REVENUE_SHARE,
)
