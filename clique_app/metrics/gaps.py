"""What the way orders, or sessions, follow each other tells of a period's customers, or visitors. Pure.

Of a customer's orders in a period the first is the one whose former order lies before it. So the different customers of
any period are a sum over days, which a count of different ones is not; those of two orders or more likewise, by the
order before the former. What is expected of the different customers is a sum over the same orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from clique_app.metrics.catalog.retention import ACTIVE_DAYS
from clique_app.metrics.catalog.site import AGAIN_DAYS, CAME_AGAIN, WEEK_OLD
from clique_app.metrics.definition import Period

REACH_DAYS = ACTIVE_DAYS  # how far before a period is looked
MEDIAN_GAP = "days_between_purchases"


def _customers(start: str, end: str, back: int = 1) -> str:
    within = f"back = {back} and day between {start} and {end} and former < {start}"
    return f"coalesce(sum(orders) filter (where {within}), 0)"


_BEFORE, _LATE = f"cast(:first as date) - {ACTIVE_DAYS}", f"cast(:last as date) - {ACTIVE_DAYS - 1}"
_WHO_LEFT = f"{_customers(_BEFORE, ':last')} - {_customers(_LATE, ':last')}"

# Readings of the catalogue; :first and :last are the days asked for. From OrderGapDay:
CUSTOMERS: dict[str, str] = {
    "customers": _customers(":first", ":last"),
    "repeat_customers": f"{_customers(':first', ':last', 2)} - {_customers(':first', ':last')}",
    "active_customers": _customers(_LATE, ":last"),
    "active_at_start": _customers(_BEFORE, "cast(:first as date) - 1"),
    "lost_customers": _WHO_LEFT,
}


_FIRST_ONES = "filter (where day between :first and :last and former < :first)"
# from VisitorGapDay
VISITORS = {"visitors": f"coalesce(sum(sessions) {_FIRST_ONES}, 0)"}
# by day, from VisitorGapDay too: which of its days a session counts on, and which sessions count
RETURNS = {
    WEEK_OLD.key: ("day", "true"),
    CAME_AGAIN.key: ("former", f"day - former <= {AGAIN_DAYS}"),
}
# from ReorderDay
EXPECTED = {"reorder_probability": f"sum(chances) {_FIRST_ONES} / sum(foretold) {_FIRST_ONES}"}


def tells(key: str, span: Period) -> bool:
    """Whether the reading of the period is known from the gaps. Who was lost is, where the days in which one counts as
    active, at the start and at the end, leave none out between them."""
    return key != "lost_customers" or span.days <= ACTIVE_DAYS


def median(gaps: Sequence[tuple[int, int]]) -> Decimal | None:
    """Of days and how many orders had them, by days; between the two in the middle where these are two."""
    count = sum(orders for _, orders in gaps)
    if not count:
        return None
    middle, seen = [], 0
    for days, orders in gaps:
        middle += [days for rank in ((count - 1) // 2, count // 2) if seen <= rank < seen + orders]
        seen += orders
    return Decimal(sum(middle)) / 2
