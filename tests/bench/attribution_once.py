"""Credits a store of a given size in a process of its own: all orders into the empty table, then one day anew."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import psycopg

from clique_app.attribution.service import credit_orders
from clique_app.database import store_session
from tests.bench import attribution_store
from tests.bench.attribution_store import STORE

FRAMES = {
    "orders": "select order_id, processed_at at time zone 'UTC' as processed_at, day, region from shop_order",
    "booked": "select order_id, day, sum(amount) as amount from sale_entry group by 1, 2",
    "touches": "select order_id, position, occurred_at at time zone 'UTC' as occurred_at, channel, campaign from touch",
    "lines": "select distinct order_id, product_id from order_line",
    "promoted": "select campaign_id, product_id from ad",
    "ads": "select campaign_id, region, day, spend from campaign_region_day",
}


# what no way through these tables can do without: meeting the visits with their orders, adding up what was booked, and
# writing the rows down, with the indexes by which they are found and without any
FLOORS = {
    "visits_met_s": """select count(*) from touch t join shop_order o using (store_id, order_id)
                       where t.occurred_at <= o.processed_at""",
    "booked_summed_s": "select count(*) from (select sum(amount) from sale_entry group by order_id, day) booked",
    "indexed_write_s": "insert into indexed select * from credit order by order_id",
    "bare_write_s": "create table bare as select * from credit",
}
BEFORE = ("drop table if exists bare, indexed", "create table indexed (like credit including indexes)")


def main(sizes: list[int], frames_of: int, folder: Path) -> None:
    found = []
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        attribution_store.make(connection)
        before = 0
        for size in sizes:
            attribution_store.grow(connection, before + 1, size)
            before = size
            found.append({"orders": size, **_measure(connection)})
            if size == frames_of:
                for name, query in FRAMES.items():
                    written = f"copy ({query}) to stdout (format csv, header)"
                    with connection.cursor() as cursor, cursor.copy(written) as copy:  # pyright: ignore
                        (folder / f"{name}.csv").write_bytes(b"".join(copy))
    print(json.dumps(found))


def _measure(connection: psycopg.Connection) -> dict[str, object]:
    for table in ("credit", "metric_change", "credit_change"):
        connection.execute(f"truncate {table}")  # pyright: ignore
    connection.commit()
    seconds = {"all_s": _credit(None), "again_s": _credit(None)}
    connection.execute("analyze credit")
    day = "select order_id from shop_order where day = (select max(day) - 30 from shop_order)"
    orders = [order_id for (order_id,) in connection.execute(day)]  # pyright: ignore
    known = connection.execute(
        "select count(*) filter (where position >= 0), count(*) filter (where position = -3)"
        " from credit where orders > 0"
    ).fetchone()
    connection.commit()
    days = [_credit(orders) for _ in range(5)]
    floors = {name: _alone(connection, statement) for name, statement in FLOORS.items()}
    return {**seconds, **floors, "day_s": days, "orders_of_the_day": len(orders), "by_visit_and_by_place": known}


def _alone(connection: psycopg.Connection, statement: str) -> float:
    """Seconds of one statement, with its commit."""
    for before in BEFORE:
        connection.execute(before)  # pyright: ignore
    connection.commit()
    begun = time.perf_counter()
    connection.execute(statement)  # pyright: ignore
    connection.commit()
    return time.perf_counter() - begun


def _credit(orders: list[int] | None) -> float:
    begun = time.perf_counter()
    with store_session(STORE) as session:
        credit_orders(session, STORE, orders)
    return time.perf_counter() - begun  # with the commit


if __name__ == "__main__":
    main([int(size) for size in sys.argv[3:]], int(sys.argv[1]), Path(sys.argv[2]))
