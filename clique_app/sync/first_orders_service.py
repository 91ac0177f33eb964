"""Finding customers' first orders anew. Customers are locked in the order of their ids, so that writers wait for each
other instead of locking each other out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

import psycopg


def statements(among: LiteralString) -> tuple[LiteralString, LiteralString]:
    """The lock and the search, for the customers that a query gives in a column customer_id. Takes %(store)s too."""
    return (
        f"""
select c.customer_id from customer c
where c.store_id = %(store)s and c.customer_id in ({among})
order by c.customer_id for no key update
""",  # noqa: S608
        f"""
update customer c
set first_order_id = f.order_id, first_order_at = f.processed_at, first_order_day = f.day
from (
  select b.customer_id, o.order_id, o.processed_at, o.day
  from ({among}) b
  left join lateral (
    select order_id, processed_at, day from shop_order
    where store_id = %(store)s and customer_id = b.customer_id and not test
    order by processed_at, order_id limit 1
  ) o on true
) f
where c.store_id = %(store)s and c.customer_id = f.customer_id
  and (c.first_order_id, c.first_order_at, c.first_order_day) is distinct from (f.order_id, f.processed_at, f.day)
""",  # noqa: S608
    )


_LOCK, _FIND = statements("select unnest(%(customers)s::bigint[]) as customer_id")


def renew(run: psycopg.Cursor, store_id: int, customers: Iterable[int]) -> None:
    """Find these customers' first orders anew."""
    values = {"store": store_id, "customers": sorted(set(customers))}
    run.execute(_LOCK, values)
    run.execute(_FIND, values)
