"""What customers are worth, by the day they were won, against what winning them cost. Cohort view: a refund counts with
its order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from clique_app.metrics import examples
from clique_app.metrics.catalog import groups
from clique_app.metrics.catalog.ads import AD_SPEND
from clique_app.metrics.catalog.costs import (
    COST_OF_GOODS,
    FULFILMENT,
    OTHER_MARKETING,
    PAYMENT_FEES,
)
from clique_app.metrics.catalog.sales import NET_SALES
from clique_app.metrics.definition import Formula, Reading, Shown, Target, Total
from clique_app.tables.attribution import UNATTRIBUTED

LONGEST_PAYBACK_DAYS = 365
_WON = Shown("Won on", "b.first_order_day", "day")


def _to_date(total: Total, what: str) -> Total:
    """All of it until now, by the day the customer was won."""
    return replace(
        total,
        key=f"cohort_{total.key}",
        name=f"{total.name} to date",
        meaning=f"{what} of all orders until now of the customers whose first order falls in the period.",
        groups=groups.of_won("b"),
        day="b.first_order_day",
        shown=(_WON, *total.shown),
        needs=(*total.needs, "history"),
        partners=(f"credited_cohort_{total.key}",),
    )


def first_credits(customer: str) -> str:
    """What the first order of a customer is credited to, as k; an order that has no credit yet counts once."""
    return f"""
left join credit k on k.store_id = {customer}.store_id and k.order_id = {customer}.first_order_id
  and k.day = {customer}.first_order_day and k.orders <> 0"""


SHARE = "coalesce(k.orders, 1)"
BY_FIRST_CREDIT = {"channel": f"coalesce(k.channel, '{UNATTRIBUTED}')", "campaign": "k.campaign_id"}
_CHANNEL = (Shown("Channel", BY_FIRST_CREDIT["channel"]), Shown("Share", f"round(100 * {SHARE}, 1) || ' %'"))
_IN_SHARES = "Given to the channels of the first order's touches, in its shares, as new customers are."


def _by_first_credit(total: Total) -> Total:
    """A total of customers by the channels that won them, each in its share."""
    rows, value = examples.of(total)
    return replace(
        total,
        key=f"credited_{total.key}",
        name=f"{total.name}, by channel",
        meaning=f"{total.meaning} {_IN_SHARES}",
        source=f"{total.source}{first_credits('b')}",
        groups=BY_FIRST_CREDIT,
        grain=f"a share of {total.grain}",
        amount=f"({total.amount}) * {SHARE}",
        example=(tuple({**row, "k.orders": "0.5"} for row in rows), str(Decimal(value) / 2)),
        shown=(*total.shown, *_CHANNEL),
        partners=(),
    )


COHORT_NET_SALES = _to_date(NET_SALES, "Net sales, less refunds whenever they came,")
COHORT_COSTS = (
    _to_date(COST_OF_GOODS, "Cost of goods"),
    _to_date(FULFILMENT, "Cost of fulfilling"),
    _to_date(PAYMENT_FEES, "Payment fees"),
)
CREDITED_COHORTS = tuple(map(_by_first_credit, (COHORT_NET_SALES, *COHORT_COSTS)))
COHORT_CONTRIBUTION = Formula(
    key="cohort_contribution",
    name="Contribution to date",
    unit="money",
    meaning="Contribution before ads until now of the customers whose first order falls in the period.",
    good="up",
    expression="cohort_net_sales - cohort_cost_of_goods - cohort_fulfilment - cohort_payment_fees",
    example=(
        {
            "cohort_net_sales": "9000",
            "cohort_cost_of_goods": "3400",
            "cohort_fulfilment": "900",
            "cohort_payment_fees": "300",
        },
        "4400",
    ),
)
COHORT_MARGIN = Formula(
    key="cohort_margin",
    name="Contribution margin to date",
    unit="percent",
    meaning="Contribution before ads as a share of net sales, of the customers won in the period.",
    good="up",
    expression="cohort_contribution / cohort_net_sales",
    example=({"cohort_contribution": "4400", "cohort_net_sales": "8800"}, "0.50"),
)
LTV_NET_SALES = Formula(
    key="ltv_net_sales",
    name="LTV, net sales",
    unit="money",
    meaning="Net sales until now of the customers whose first order falls in the period, for each of them.",
    good="up",
    expression="cohort_net_sales / new_customers",
    example=({"cohort_net_sales": "9000", "new_customers": "100"}, "90.00"),
)
LTV = Formula(
    key="ltv",
    name="LTV",
    unit="money",
    meaning="Contribution before ads until now of the customers whose first order falls in the period, for each of "
    "them.",
    good="up",
    expression="cohort_contribution / new_customers",
    example=({"cohort_contribution": "4400", "new_customers": "100"}, "44.00"),
)


def margin_of_expected(customers: str, value: str, squares: str, missed: str) -> str:
    """Half the 95 % interval, from how many customers there are, the sums of what is expected of each and of its
    squares, and by what share the model missed the days held out."""
    variance = f"greatest(({squares} - {value} * {value} / {customers}) / nullif({customers} - 1, 0), 0)"
    return f"sqrt(3.8416 * {customers} * coalesce({variance}, 0) + power({value} * coalesce({missed}, 0), 2))"


# by what share a model missed the days held out
MISSED = "coalesce((score ->> 'came')::numeric / nullif((score ->> 'expected')::numeric, 0) - 1, 0)"
EXPECTED_NET_SALES = Reading(
    key="expected_net_sales",
    name="Net sales expected in a year",
    unit="money",
    meaning="What the models of repeat purchase expect within 365 days of the customers whose first order falls in the "
    "period. The margin holds how much customers differ and how far the model missed the days held out.",
    good="up",
    origin="BG/NBD (Fader, Hardie and Lee 2005) times Gamma-Gamma (Fader and Hardie 2013)",
    source=f"""customer r
join customer_value v on v.store_id = r.store_id and v.customer_id = r.customer_id
left join (
  select store_id, model_id, {MISSED} as missed from model_version
) m on m.store_id = v.store_id and m.model_id = v.model_id""",  # noqa: S608  # our own text
    groups=groups.of_won("r"),
    grain="a customer",
    day="r.first_order_day",
    value="sum(v.value_365)",
    margin=margin_of_expected(
        "count(v.value_365)", "sum(v.value_365)", "sum(v.value_365 * v.value_365)", "max(abs(m.missed))"
    ),
    amount="v.value_365",
    shown=(
        Shown("First order", "r.first_order_day", "day"),
        Shown("Customer", "r.customer_id::text"),
        Shown("Still a customer", "round(100 * v.p_alive, 1) || ' %'"),
        Shown("Orders expected", "round(v.purchases_365, 2)::text"),
    ),
    sources=("shopify_orders",),
    needs=("history", "expected"),
    nothing="What an order of these customers is worth cannot be told yet.",
    no_past="Only what is expected now is kept.",
    example=(({"v.value_365": "40.00"}, {"v.value_365": "25.50"}), "65.50"),
    partners=("credited_expected_net_sales",),
)
CREDITED_EXPECTED = replace(
    EXPECTED_NET_SALES,
    key="credited_expected_net_sales",
    name="Net sales expected in a year, by channel",
    meaning=f"{EXPECTED_NET_SALES.meaning} {_IN_SHARES}",
    source=f"{EXPECTED_NET_SALES.source}{first_credits('r')}",
    groups=BY_FIRST_CREDIT,
    grain="a share of a customer",
    value=f"sum(v.value_365 * {SHARE})",
    margin=margin_of_expected(
        f"sum({SHARE}) filter (where v.value_365 is not null)",
        f"sum(v.value_365 * {SHARE})",
        f"sum(v.value_365 * v.value_365 * {SHARE})",
        "max(abs(m.missed))",
    ),
    amount=f"v.value_365 * {SHARE}",
    shown=(*EXPECTED_NET_SALES.shown, *_CHANNEL),
    example=(({"v.value_365": "40.00", "k.orders": "0.5"}, {"v.value_365": "25.50", "k.orders": "1"}), "45.50"),
    partners=(),
)
LTV_PREDICTED = Formula(
    key="ltv_predicted",
    name="Predicted LTV",
    unit="money",
    meaning="What a customer won in the period is worth with the year to come: net sales until now and those expected "
    "within 365 days, times the contribution margin of these customers. The margin is half the 95 % interval.",
    good="up",
    expression="(cohort_net_sales + expected_net_sales) * cohort_margin / new_customers",
    example=(
        {
            "cohort_net_sales": "9000",
            "expected_net_sales": "3000",
            "cohort_margin": "0.5",
            "new_customers": "100",
        },
        "60.00",
    ),
)
CLV_CAC_RATIO = Formula(
    key="clv_cac_ratio",
    name="Predicted LTV to CAC",
    unit="ratio",
    meaning="Predicted LTV for each dollar that winning a customer cost.",
    good="up",
    expression="ltv_predicted / cac",
    example=({"ltv_predicted": "60", "cac": "28"}, "2.14"),
)
LTV_CAC = Formula(
    key="ltv_cac",
    name="LTV to CAC",
    unit="ratio",
    meaning="LTV until now for each dollar that winning a customer cost.",
    good="up",
    target=Target("above", "3"),
    expression="ltv / cac",
    example=({"ltv": "44", "cac": "28"}, "1.57"),
)
SOURCE_ROI = Formula(
    key="source_roi",
    name="Return of a source",
    unit="ratio",
    meaning="Predicted LTV of a channel's new customers for each dollar of the channel's CAC.",
    good="up",
    expression="ltv_predicted / cac",
    example=({"ltv_predicted": "63", "cac": "31.50"}, "2.00"),
)


def _brought(total: Total, sign: str, order: str) -> str:
    """What each row of a total brought, by days since the customer's first order."""
    return f"""select b.store_id, {order}.day - b.first_order_day as age, {sign}({total.amount}) as amount
      from {total.source} where {total.where} and b.first_order_day between :start and :end"""  # noqa: S608  # our own


ACQUISITION = (AD_SPEND, OTHER_MARKETING)  # what winning customers costs


def _spent(store: str) -> str:
    """Marketing spend of the period."""
    return " + ".join(
        f"(select {total.value} from {total.source} where r.store_id = {store}.store_id and {total.period})"  # noqa: S608
        for total in ACQUISITION
    )


_MONEY = "\n      union all ".join(
    (
        _brought(NET_SALES, "", "o"),
        _brought(COST_OF_GOODS, "-", "o"),
        _brought(FULFILMENT, "-", "r"),
        _brought(PAYMENT_FEES, "-", "r"),
    )
)
_LAST_DAY = """select s.store_id, (
      select max(o.day) from shop_order o where o.store_id = s.store_id and not o.test
    ) as last_day from store_settings s offset 0"""  # else it is asked for each customer


def _payback(won: str, money: str, spent: str) -> str:
    """Age by age: who is here, what they brought and what winning them cost. Each day's contribution counts over
    those who have been here that long, so that young customers do not thin it out. won: store_id, day and customers;
    money: store_id, age and amount; spent: by the store c."""
    return f"""(
  select h.store_id, h.age, h.here,
         sum(coalesce(g.amount, 0) / h.here) over (partition by h.store_id order by h.age) as recovered,
         h.spent / max(h.here) over (partition by h.store_id) as cac
  from (
    select n.store_id, n.age, n.spent,
           sum(coalesce(a.customers, 0)) over (partition by n.store_id order by n.age desc) as here
    from (
      select t.store_id, t.spent, age from (
        select c.store_id, c.oldest, {spent} as spent from (
          select k.store_id, least(o.last_day - min(k.day), {LONGEST_PAYBACK_DAYS}) as oldest
          from ({won}) k join ({_LAST_DAY}) o on o.store_id = k.store_id group by k.store_id, o.last_day
        ) c offset 0
      ) t cross join lateral generate_series(0, t.oldest) as age
    ) n
    left join (
      select k.store_id, least(o.last_day - k.day, {LONGEST_PAYBACK_DAYS}) as age, sum(k.customers) as customers
      from ({won}) k join ({_LAST_DAY}) o on o.store_id = k.store_id group by 1, 2
    ) a on a.store_id = n.store_id and a.age = n.age
  ) h
  left join (
    select m.store_id, m.age, sum(m.amount) as amount from (
      {money}
    ) m group by m.store_id, m.age
  ) g on g.store_id = h.store_id and g.age = h.age
) r"""  # noqa: S608  # our own text


_WON_ON = """select store_id, first_order_day as day, count(*) as customers from customer
          where first_order_day between :start and :end group by 1, 2"""
# the same by what is kept of customers and of the orders of each day
PAYBACK_OF = _payback(
    """select cast(:store_id as bigint) as store_id, day, customers
          from unnest(cast(:won_on as date[]), cast(:won as bigint[])) k (day, customers)""",
    """select cast(:store_id as bigint) as store_id, age, amount
      from unnest(cast(:ages as int[]), cast(:brought as numeric[])) k (age, amount)""",
    "cast(:spent as numeric)",
)


PAYBACK_DAYS = Reading(
    key="payback_days",
    name="Payback",
    unit="count",
    meaning="Days after the first order until the contribution before ads of the customers won in the period covers "
    "what winning them cost, each day counted over those who have been here that long.",
    good="down",
    target=Target("below", "90"),
    matures="Unknown until it is reached; then the share recovered says how far it is.",
    source=_payback(_WON_ON, _MONEY, _spent("c")),
    grain="a day of age",
    within="true",
    value="min(r.age) filter (where r.recovered >= r.cac)",
    amount="round(r.recovered, 6)",
    shown=(
        Shown("Days since the first order", "r.age", "count"),
        Shown("Customers here as long", "r.here", "count"),
        Shown("CAC", "r.cac", "money"),
    ),
    sources=("shopify_orders", "ads"),
    needs=("ads", "rates", "costs", "history"),
    nothing="It is not covered yet.",
    no_past="It is told until now, and customers of earlier weeks have had longer.",
    example=(
        (
            {"r.age": "0", "r.recovered": "20", "r.cac": "28"},
            {"r.age": "31", "r.recovered": "27", "r.cac": "28"},
            {"r.age": "44", "r.recovered": "30", "r.cac": "28"},
        ),
        "44",
    ),
)
PAYBACK_RECOVERED = replace(
    PAYBACK_DAYS,
    key="payback_recovered",
    name="CAC recovered",
    target=None,
    unit="percent",
    meaning="Share of what winning a customer cost that the contribution of those won in the period has covered.",
    good="up",
    matures="",
    value="(array_agg(r.recovered / nullif(r.cac, 0) order by r.age desc))[1]",
    nothing="Winning customers cost nothing in this period, or nobody was won.",
    example=(
        ({"r.age": "0", "r.recovered": "7.00", "r.cac": "28"}, {"r.age": "31", "r.recovered": "21.00", "r.cac": "28"}),
        "0.75",
    ),
)
PAYBACK = {reading.key: reading for reading in (PAYBACK_DAYS, PAYBACK_RECOVERED)}

VALUE = (
    COHORT_NET_SALES,
    *COHORT_COSTS,
    *CREDITED_COHORTS,
    COHORT_CONTRIBUTION,
    COHORT_MARGIN,
    LTV_NET_SALES,
    LTV,
    EXPECTED_NET_SALES,
    CREDITED_EXPECTED,
    LTV_PREDICTED,
    CLV_CAC_RATIO,
    LTV_CAC,
    SOURCE_ROI,
    PAYBACK_DAYS,
    PAYBACK_RECOVERED,
)
