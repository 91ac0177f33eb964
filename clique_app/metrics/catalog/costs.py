"""What sales cost, and what is left of them."""

from __future__ import annotations

from clique_app.metrics.catalog import groups
from clique_app.metrics.definition import Formula, Shown, Total

# the line is looked up for those units alone whose cost is not known
_UNIT_COST = """coalesce(r.unit_cost, s.default_cost_pct / 100 * (
    select p.unit_price from order_line p where p.store_id = r.store_id and p.line_id = r.line_id
))"""
_ORDERS = "shop_order r join store_settings s on s.store_id = r.store_id" + groups.buyer("r")
_COST_AMOUNT = f"round(r.quantity * coalesce({_UNIT_COST}, 0), 2)"

COST_OF_GOODS = Total(
    key="cost_of_goods",
    name="Cost of goods",
    unit="money",
    meaning="Unit cost on the day of sale times units; returned units are taken off on the day of the return.",
    good="down",
    source="""sale_entry r
join store_settings s on s.store_id = r.store_id
left join shop_order o on o.store_id = r.store_id and o.order_id = r.order_id
left join order_line l on l.store_id = r.store_id and l.line_id = r.line_id"""
    + groups.buyer("o"),
    groups={**groups.of_order("o"), "product": "r.product_id"},
    grain="an entry of the sales ledger",
    where="r.kind in ('sale', 'edit', 'refund', 'cancellation') and r.quantity <> 0",
    amount=_COST_AMOUNT,
    shown=(
        Shown("When", "r.happened_at", "time"),
        Shown("Order", "o.name"),
        Shown("Line", "coalesce(l.title, '')"),
        Shown("Units", "r.quantity", "count"),
        Shown("Unit cost", _UNIT_COST, "money"),
    ),
    sources=("shopify_orders", "shopify_products"),
    needs=("costs",),
    partners=("credited_cost_of_goods",),
    worked="units x unit cost",
    example=(
        (
            {
                "r.store_id": "0",
                "r.line_id": "0",
                "r.quantity": "2",
                "r.unit_cost": "8",
                "s.default_cost_pct": "null::numeric",
            },
            {
                "r.store_id": "0",
                "r.line_id": "0",
                "r.quantity": "-1",
                "r.unit_cost": "8",
                "s.default_cost_pct": "null::numeric",
            },
        ),
        "8.00",
    ),
    moved_by=("store_settings",),
)
FULFILMENT = Total(
    key="fulfilment",
    name="Fulfilment",
    unit="money",
    meaning="The cost of fulfilling each order placed, from Settings: by its country or region where that has its own.",
    good="down",
    source=_ORDERS,
    groups=groups.of_order("r"),
    grain="an order",
    where="not r.test",
    amount="""coalesce(
  (s.fulfilment_by_place ->> (r.country || '-' || lower(r.region collate "C")))::numeric,
  (s.fulfilment_by_place ->> r.country)::numeric, s.fulfilment_per_order)""",
    shown=(
        Shown("When", "r.processed_at", "time"),
        Shown("Order", "r.name"),
        Shown("Place", f"coalesce({groups.place('r')}, '')"),
    ),
    sources=("shopify_orders",),
    partners=("credited_fulfilment", "product_fulfilment"),
    worked="cost of fulfilling an order to its place",
    example=(
        tuple(
            {
                "r.country": f"'{country}'",
                "r.region": f"'{region}'",
                "s.fulfilment_per_order": "6.50",
                "s.fulfilment_by_place": """'{"US-hawaii": "14.00", "CA": "9.50"}'::jsonb""",
            }
            for country, region in (("US", "Maine"), ("US", "Hawaii"), ("CA", "Quebec"))
        ),
        "30.00",
    ),
    moved_by=("store_settings",),
)
PAYMENT_FEES = Total(
    key="payment_fees",
    name="Payment fees",
    unit="money",
    meaning="What the payments cost, as Shopify Payments states it; of other payments a percentage of what was charged "
    "plus a fixed fee, from Settings. Fees are not given back on refunds.",
    good="down",
    source=_ORDERS,
    groups=groups.of_order("r"),
    grain="an order",
    where="not r.test and (r.total > 0 or r.payment_fee is not null)",
    amount="coalesce(r.payment_fee, round(r.total * s.payment_fee_pct / 100, 2) + s.payment_fee_fixed)",
    shown=(
        Shown("When", "r.processed_at", "time"),
        Shown("Order", "r.name"),
        Shown("Charged", "r.total", "money"),
        Shown("Fee", "case when r.payment_fee is null then 'estimated' else 'stated by Shopify' end"),
    ),
    sources=("shopify_orders",),
    partners=("credited_payment_fees", "product_payment_fees"),
    worked="stated fees, else charged x fee % + fixed fee",
    example=(
        (
            {"r.payment_fee": "1.75", "r.total": "48.60", "s.payment_fee_pct": "2.9", "s.payment_fee_fixed": "0.30"},
            {
                "r.payment_fee": "null::numeric",
                "r.total": "30.00",
                "s.payment_fee_pct": "2.9",
                "s.payment_fee_fixed": "0.30",
            },
        ),
        "2.92",
    ),
    moved_by=("store_settings",),
)

_MONTH_DAYS = "extract(day from (date_trunc('month', r.day) + interval '1 month - 1 day'))"
_DAY = "extract(day from r.day)"
# the days up to today: what is to come has cost nothing yet
_DAYS = """(
    select s.store_id, d::date as day, s.other_marketing_per_month, s.overhead_per_month
    from store_settings s join store t on t.store_id = s.store_id
    cross join lateral generate_series(
        cast(:start as date), least(cast(:end as date), cast(now() at time zone t.time_zone as date)), interval '1 day'
    ) d
) r"""


def _by_day(per_month: str) -> str:
    """A day's part of what a month costs: what is due by its end less what was due the day before, each rounded, so
    that the days of a month are the month to the cent."""
    due = [f"round({per_month} * ({day}) / {_MONTH_DAYS}, 2)" for day in (_DAY, f"{_DAY} - 1")]
    return " - ".join(due)


OTHER_MARKETING = Total(
    key="other_marketing",
    name="Other marketing",
    unit="money",
    meaning="Agency, tools and e-mail platform, from Settings, spread over the days of the month, up to today.",
    good="down",
    source=_DAYS,
    grain="a day",
    amount=_by_day("r.other_marketing_per_month"),
    example=(
        (
            {"r.day": "date '2026-02-14'", "r.other_marketing_per_month": "1000"},
            {"r.day": "date '2026-02-15'", "r.other_marketing_per_month": "1000"},
        ),
        "71.42",
    ),
    shown=(Shown("A month", "r.other_marketing_per_month", "money"),),
    sources=(),
    no_further="Other marketing is one amount of the whole store, which nothing divides fairly.",
)
OVERHEAD = Total(
    key="overhead",
    name="Overhead",
    unit="money",
    meaning="Rent, wages and the like, from Settings, spread over the days of the month, up to today.",
    good="down",
    source=_DAYS,
    grain="a day",
    amount=_by_day("r.overhead_per_month"),
    example=(({"r.day": "date '2026-02-14'", "r.overhead_per_month": "1400"},), "50.00"),
    shown=(Shown("A month", "r.overhead_per_month", "money"),),
    sources=(),
    no_further="Overhead is one amount of the whole store, which nothing divides fairly.",
)
CONTRIBUTION_BEFORE_ADS = Formula(
    key="contribution_before_ads",
    name="Contribution before ads",
    unit="money",
    meaning="What is left of net sales after goods, fulfilment and payment fees.",
    good="up",
    expression="net_sales - cost_of_goods - fulfilment - payment_fees",
    example=(
        {"net_sales": "126731.84", "cost_of_goods": "48164.26", "fulfilment": "17613.60", "payment_fees": "4319.62"},
        "56634.36",
    ),
)
CONTRIBUTION_PROFIT = Formula(
    key="contribution_profit",
    name="Contribution profit",
    unit="money",
    meaning="What is left of net sales after goods, fulfilment, payment fees and ads. Overhead such as rent and wages "
    "is not taken off.",
    good="up",
    expression="net_sales - cost_of_goods - fulfilment - payment_fees - ad_spend",
    example=(
        {
            "net_sales": "126731.84",
            "cost_of_goods": "48164.26",
            "fulfilment": "17613.60",
            "payment_fees": "4319.62",
            "ad_spend": "29400.19",
        },
        "27234.17",
    ),
)
NET_PROFIT = Formula(
    key="net_profit",
    name="Net profit",
    unit="money",
    meaning="Contribution profit less other marketing and overhead.",
    good="up",
    expression="contribution_profit - other_marketing - overhead",
    example=({"contribution_profit": "27234.17", "other_marketing": "1234.17", "overhead": "6000"}, "20000.00"),
)
CONTRIBUTION_MARGIN = Formula(
    key="contribution_margin",
    name="Contribution margin before ads",
    unit="percent",
    meaning="Contribution before ads as a share of net sales.",
    good="up",
    expression="contribution_before_ads / net_sales",
    example=({"contribution_before_ads": "447", "net_sales": "1000"}, "0.447"),
)
GROSS_MARGIN = Formula(
    key="gross_margin",
    name="Gross margin",
    unit="percent",
    meaning="Net sales less goods, as a share of net sales.",
    good="up",
    expression="(net_sales - cost_of_goods) / net_sales",
    example=({"net_sales": "1000", "cost_of_goods": "380"}, "0.62"),
)
BREAK_EVEN_ROAS = Formula(
    key="break_even_roas",
    name="Break-even ROAS",
    unit="ratio",
    meaning="The return a dollar of ads must bring to pay for itself: 1 / contribution margin before ads.",
    good="down",
    expression="1 / contribution_margin",
    example=({"contribution_margin": "0.5"}, "2"),
)

COSTS = (
    COST_OF_GOODS,
    FULFILMENT,
    PAYMENT_FEES,
    OTHER_MARKETING,
    OVERHEAD,
    CONTRIBUTION_BEFORE_ADS,
    CONTRIBUTION_PROFIT,
    NET_PROFIT,
    CONTRIBUTION_MARGIN,
    GROSS_MARGIN,
    BREAK_EVEN_ROAS,
)
