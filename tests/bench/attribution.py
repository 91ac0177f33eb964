"""Crediting every order of the store anew by the default model, written to the table."""

from __future__ import annotations

import time
from statistics import median

from tests.bench.figure import Figure, Result
from tests.bench.place import Place


def run(place: Place) -> Result:
    from clique_app.attribution.service import credit_orders
    from clique_app.database import store_session

    whole: list[float] = []
    day: list[float] = []
    found = place.query(
        "select order_id from shop_order where store_id = %s and day = (select max(day) - 1 from shop_order)",
        place.store_id,
    )
    for seconds, orders in ((whole, None), (day, [i for (i,) in found])):
        for _ in range(1 if place.quick else 3):
            with store_session(place.store_id) as session:
                begun = time.perf_counter()
                credit_orders(session, place.store_id, orders)
            seconds.append(time.perf_counter() - begun)  # with the commit
    return Result(
        [
            Figure("attribution_demo_store_s", median(whole), "s"),
            Figure("attribution_demo_day_s", median(day), "s"),
            Figure("attribution_orders_per_s", place.orders / median(whole), "1/s"),
        ],
        {"all_orders_s": whole, "one_day_s": day, "orders_of_the_day": len(found)},
        place.data,
    )
