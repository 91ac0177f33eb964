"""Trains the models of repeat purchase of a store and writes down what they expect of each customer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlmodel import Session, col, update

from clique_app import clock
from clique_app.customers import service, training
from clique_app.customers.training import HOLDOUT_DAYS, LONGEST_DAYS, Known, Models
from clique_app.metrics import service as metrics
from clique_app.sync import staging_service
from clique_app.tables import ModelVersion
from clique_app.tables.customers import REPEAT_PURCHASE
from clique_app.tables.orders import NET_SALES_KINDS

REORDER_DAYS, NEAR_DAYS, FAR_DAYS = 30, 90, LONGEST_DAYS
FARTHEST_DAYS = 3650
CENT = Decimal("0.01")

# One row a customer: what was known at the end of :end, and how often they bought after it until :until. Orders on one
# day are one purchase; it is worth their net sales, refunds included whenever they came. Cancelled orders are none.
HISTORIES = """
with worth as (
    select order_id, sum(amount) as amount from sale_entry
    where store_id = :store_id and kind = any(:net_sales_kinds) group by order_id
),
purchase as (
    select o.customer_id, o.day, sum(coalesce(w.amount, 0)) as amount,
           row_number() over (partition by o.customer_id order by o.day) = 1 as first
    from shop_order o left join worth w using (order_id)
    where o.store_id = :store_id and not o.test and o.cancelled_at is null and o.customer_id is not null
      and o.day <= :until
    group by o.customer_id, o.day
)
select customer_id,
       count(*) filter (where day <= :end) - 1,
       max(day) filter (where day <= :end) - min(day),
       :end - min(day),
       count(*) filter (where day <= :end and not first and amount > 0),
       coalesce(avg(amount) filter (where day <= :end and not first and amount > 0), 0)::float,
       count(*) filter (where day > :end),
       min(day)
from purchase group by customer_id having min(day) <= :end
"""
STAGED = (
    "customer_id bigint", "frequency int", "recency int", "age int", "p_alive float", "purchases_90 float",
    "purchases_365 float", "value_90 numeric", "value_365 numeric", "reorder_30 float", "next_order_on date",
)  # fmt: skip
WRITE = """
insert into customer_value (store_id, customer_id, as_of, model_id, frequency, recency, age, p_alive, purchases_90,
                            purchases_365, value_90, value_365, reorder_30, next_order_on)
select :store_id, customer_id, :as_of, :model_id, frequency, recency, age, p_alive, purchases_90, purchases_365,
       value_90, value_365, reorder_30, next_order_on
from expected_value
"""

# told once after each order, so that it can be held against what came
FORETELL = """
insert into order_forecast (store_id, customer_id, made_on, expected_on)
select v.store_id, v.customer_id, v.as_of, v.next_order_on
from customer_value v
where v.store_id = :store_id and v.next_order_on is not null and not exists (
    select from order_forecast f where f.store_id = v.store_id and f.customer_id = v.customer_id
      and f.made_on >= v.as_of - v.age + v.recency)
"""


def retrain(session: Session, store_id: int) -> ModelVersion:
    """Train on all that is known by now, keep the former where that is better, and look at every customer anew."""
    end = service.last_day(session, store_id, metrics.basis(session, store_id))
    now = _known(session, store_id, end, end)
    _, former = service.models(session, store_id)
    if not metrics.store(session, store_id).history_complete:
        trained = training.Trained(None, {}, {}, "All orders ever must be read first, to know who came back.")
    else:
        before = _known(session, store_id, end - timedelta(days=HOLDOUT_DAYS), end)
        trained = training.train(now[0], before[0], Models.of(former.parameters) if former else None)
    version = ModelVersion(
        store_id=store_id,
        kind=REPEAT_PURCHASE,
        state="current" if trained.models else "refused",
        made_at=clock.now(),
        data_from=now[2],
        data_to=end,
        learnt_from=len(now[1]),
        came_back=now[0].repeat_buyers,
        parameters=trained.models.parameters() if trained.models else {},
        intervals={name: list(ends) for name, ends in trained.intervals.items()},
        score=trained.score,
        note=trained.note,
    )
    if trained.models:
        _retire(session, store_id)
    session.add(version)
    session.flush()
    used = version if trained.models else former
    if used is not None:
        _write(session, store_id, used, end, now[1], now[0])
    return version


def _retire(session: Session, store_id: int) -> None:
    session.exec(
        update(ModelVersion)
        .where(col(ModelVersion.store_id) == store_id, col(ModelVersion.kind) == REPEAT_PURCHASE)
        .where(col(ModelVersion.state) == "current")
        .values(state="former")
    )


def _known(session: Session, store_id: int, end: date, until: date) -> tuple[Known, list[int], date | None]:
    """The customers at the end of a day, their ids, and the first day of all."""
    asked = {"store_id": store_id, "end": end, "until": until, "net_sales_kinds": list(NET_SALES_KINDS)}
    rows = session.connection().execute(text(HISTORIES), asked).all()
    ids, *columns, first = zip(*rows, strict=True) if rows else ((),) * 8
    frequency, recency, age, valued, mean_value, later = (np.array(column, dtype=float) for column in columns)
    histories = training.Histories(frequency, recency, age)
    return Known(histories, valued, mean_value, later), list(ids), min(first, default=None)


def _write(
    session: Session, store_id: int, version: ModelVersion, end: date, customers: list[int], known: Known
) -> None:
    rows = _rows(Models.of(version.parameters), end, customers, known)
    staging_service.stage(session, "expected_value", STAGED, rows)
    connection = session.connection()
    connection.execute(text("delete from customer_value where store_id = :store_id"), {"store_id": store_id})
    connection.execute(text(WRITE), {"store_id": store_id, "as_of": end, "model_id": version.model_id})
    connection.execute(text(FORETELL), {"store_id": store_id})


def _rows(models: Models, end: date, customers: list[int], known: Known) -> Iterator[tuple[Any, ...]]:
    of = known.histories
    near, far = (models.purchases.purchases(of, days) for days in (NEAR_DAYS, FAR_DAYS))
    worth = models.spend.order_value(known.valued, known.mean_value) if models.spend else None
    waits = models.purchases.next_purchase(of)
    yield from zip(
        customers,
        *(column.astype(int).tolist() for column in (of.frequency, of.recency, of.age)),
        models.purchases.alive(of).tolist(),
        near.tolist(),
        far.tolist(),
        _money(near, worth),
        _money(far, worth),
        models.purchases.buys_within(of, REORDER_DAYS).tolist(),
        (end + timedelta(days=int(np.ceil(wait))) if wait <= FARTHEST_DAYS else None for wait in waits.tolist()),
        strict=True,
    )


def _money(purchases: np.ndarray, worth: np.ndarray | None) -> list[Decimal | None]:
    if worth is None:
        return [None] * len(purchases)
    return [Decimal(value).quantize(CENT) for value in (purchases * worth).tolist()]
