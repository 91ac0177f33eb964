"""What orders, credits and ads can be grouped by. Joins are left ones: PostgreSQL drops those nobody asks for."""

from __future__ import annotations

from clique_app.metrics.definition import Groups


def buyer(order: str) -> str:
    """The customer of an order, as b."""
    return f"\nleft join customer b on b.store_id = {order}.store_id and b.customer_id = {order}.customer_id"


def place(row: str) -> str:
    """Country and region, as in 'US, ME'."""
    return f"nullif(concat_ws(', ', nullif({row}.country, ''), nullif({row}.region, '')), '')"


def of_order(order: str) -> Groups:
    """An order's groups, its buyer being b. New: the first order ever of a customer."""
    return {
        "geography": place(order),
        "new_returning": f"case when b.first_order_id = {order}.order_id then 'new' "
        "when b.first_order_id is not null then 'returning' end",
        "cohort": MONTH_WON.format(customer="b"),
    }


MONTH_WON = "date_trunc('month', {customer}.first_order_day)::date"
# of an ad's day, a credit: r, with its ad as a
OF_AD: Groups = {
    "channel": "r.channel",
    "campaign": "r.campaign_id",
    "ad_group": "a.ad_group_id",
    "ad": "r.ad_id",
}


def of_customer(customer: str) -> Groups:
    """A customer's groups. New: the first order ever is of the days asked for."""
    return {
        "geography": place(customer),
        "new_returning": f"case when {customer}.first_order_day < :start then 'returning' else 'new' end",
        "cohort": MONTH_WON.format(customer=customer),
    }


def of_won(customer: str) -> Groups:
    """Groups of what rests on customers by the day they were won."""
    return {
        "geography": place(customer),
        "cohort": MONTH_WON.format(customer=customer),
    }
