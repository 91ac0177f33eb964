"""What was sold, from the ledger and the orders."""

from __future__ import annotations

from clique_app.metrics.catalog import groups
from clique_app.metrics.definition import Formula, Groups, Reading, Shown, Total
from clique_app.tables.orders import NET_SALES_KINDS

_LEDGER = """sale_entry r
left join shop_order o on o.store_id = r.store_id and o.order_id = r.order_id
left join order_line l on l.store_id = r.store_id and l.line_id = r.line_id""" + groups.buyer("o")
_LEDGER_GROUPS: Groups = {**groups.of_order("o"), "product": "r.product_id"}
_ENTRY = "an entry of the sales ledger"
_ORDERS = "shop_order r" + groups.buyer("r")
_LEDGER_ROWS = (
    Shown("When", "r.happened_at", "time"),
    Shown("Order", "o.name"),
    Shown("What", "r.kind"),
    Shown("Line", "coalesce(l.title, '')"),
    Shown("Units", "r.quantity", "count"),
)


def _kinds(*kinds: str) -> str:
    return f"r.kind in ({', '.join(repr(kind) for kind in kinds)})"


NET_SALES = Total(
    key="net_sales",
    name="Net sales",
    unit="money",
    meaning="What was sold after discounts and refunds, before shipping and tax. Refunds count on the refund's day, "
    "as in Shopify's own report.",
    good="up",
    origin="Shopify, net sales by day",
    source=_LEDGER,
    groups=_LEDGER_GROUPS,
    grain=_ENTRY,
    where=_kinds(*NET_SALES_KINDS),
    amount="r.amount",
    shown=_LEDGER_ROWS,
    sources=("shopify_orders",),
    partners=("credited_sales",),
)
GROSS_SALES = Total(
    key="gross_sales",
    origin="Shopify, gross sales",
    name="Gross sales",
    unit="money",
    meaning="Price times units as ordered, before discounts and refunds, without tax.",
    good="up",
    source=_LEDGER,
    groups=_LEDGER_GROUPS,
    grain=_ENTRY,
    where=_kinds("sale"),
    amount="r.amount",
    shown=_LEDGER_ROWS,
    sources=("shopify_orders",),
)
DISCOUNTS = Total(
    key="discounts",
    origin="Shopify, discounts",
    name="Discounts",
    unit="money",
    meaning="What was taken off gross sales at purchase, as a positive amount, without tax.",
    good="down",
    source=_LEDGER,
    groups=_LEDGER_GROUPS,
    grain=_ENTRY,
    where=_kinds("discount"),
    amount="-r.amount",
    shown=_LEDGER_ROWS,
    sources=("shopify_orders",),
)
REFUNDS = Total(
    key="refunds",
    name="Refunds",
    unit="money",
    meaning="Product money given back by refunds and cancellations, as a positive amount, without tax.",
    good="down",
    source=_LEDGER,
    groups=_LEDGER_GROUPS,
    grain=_ENTRY,
    where=_kinds("refund", "cancellation"),
    amount="-r.amount",
    shown=_LEDGER_ROWS,
    sources=("shopify_orders",),
)
ORDERS = Total(
    key="orders",
    name="Orders",
    unit="count",
    meaning="Orders placed, cancelled and zero-value ones too, without test orders.",
    good="up",
    source=_ORDERS,
    groups=groups.of_order("r"),
    grain="an order",
    where="not r.test",
    amount="1",
    shown=(
        Shown("When", "r.processed_at", "time"),
        Shown("Order", "r.name"),
        Shown("Charged", "r.total", "money"),
        Shown("State", "case when r.cancelled_at is null then lower(r.financial_status) else 'cancelled' end"),
        Shown(
            "Delivery",
            "case when r.delivered_at is not null then 'delivered' when r.fulfilled_at is not null then 'on the way' "
            "else '' end",
        ),
    ),
    sources=("shopify_orders",),
    partners=("attributed_orders_all",),
)
UNITS = Total(
    key="units",
    name="Units",
    unit="count",
    meaning="Units sold less units returned.",
    good="up",
    source=_LEDGER,
    groups=_LEDGER_GROUPS,
    grain=_ENTRY,
    where=_kinds("sale", "edit", "refund", "cancellation"),
    amount="r.quantity",
    shown=_LEDGER_ROWS,
    sources=("shopify_orders",),
)
CUSTOMERS = Reading(
    key="customers",
    name="Customers",
    unit="count",
    meaning="Different customers with an order in the period.",
    good="up",
    source=_ORDERS,
    groups=groups.of_customer("b"),
    grain="a customer",
    where="not r.test and r.customer_id is not null",
    each="r.customer_id",
    value="count(distinct r.customer_id)",
    amount="1",
    shown=(Shown("Last order", "max(r.processed_at)", "time"), Shown("Customer", "r.customer_id::text")),
    sources=("shopify_orders",),
)
NEW_CUSTOMERS = Total(
    key="new_customers",
    name="New customers",
    unit="count",
    meaning="Customers whose first order ever falls in the period.",
    good="up",
    source="customer r left join shop_order o on o.store_id = r.store_id and o.order_id = r.first_order_id",
    groups={"geography": groups.place("r"), "cohort": groups.MONTH_WON.format(customer="r")},
    grain="a customer",
    day="r.first_order_day",
    amount="1",
    shown=(
        Shown("First order", "r.first_order_at", "time"),
        Shown("Order", "o.name"),
        Shown("Customer", "r.customer_id::text"),
    ),
    sources=("shopify_orders",),
    needs=("history",),
    partners=("attributed_new_customers",),
)
NEW_CUSTOMER_NET_SALES = Total(
    key="new_customer_net_sales",
    name="Net sales to new customers",
    unit="money",
    meaning="Net sales of customers' first orders ever.",
    good="up",
    source=_LEDGER,
    groups=_LEDGER_GROUPS,
    grain=_ENTRY,
    # coalesce: as a join, or a plain comparison, it would be planned as if hardly any order were a first one
    where=f"{_kinds(*NET_SALES_KINDS)} and coalesce(b.first_order_id = r.order_id, false)",
    amount="r.amount",
    shown=_LEDGER_ROWS,
    sources=("shopify_orders",),
    needs=("history",),
    moved_by=("first_order",),
)
AOV = Formula(
    key="aov",
    name="AOV",
    unit="money",
    meaning="Average order value: net sales for each order placed.",
    good="up",
    expression="net_sales / orders",
    example=({"net_sales": "126731.84", "orders": "2148"}, "59.00"),
)
REFUND_RATE = Formula(
    key="refund_rate",
    name="Refund rate",
    unit="percent",
    meaning="Refunds as a share of gross sales after discounts.",
    good="down",
    expression="refunds / (gross_sales - discounts)",
    example=({"refunds": "50", "gross_sales": "1100", "discounts": "100"}, "0.05"),
)
DISCOUNT_RATE = Formula(
    key="discount_rate",
    name="Discount rate",
    unit="percent",
    meaning="Discounts as a share of gross sales.",
    good="neither",
    expression="discounts / gross_sales",
    example=({"discounts": "110", "gross_sales": "1100"}, "0.10"),
)

SALES = (
    NET_SALES,
    GROSS_SALES,
    DISCOUNTS,
    REFUNDS,
    ORDERS,
    UNITS,
    CUSTOMERS,
    NEW_CUSTOMERS,
    NEW_CUSTOMER_NET_SALES,
    AOV,
    REFUND_RATE,
    DISCOUNT_RATE,
)
