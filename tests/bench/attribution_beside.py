"""The same credits by other means, out of tables that are in memory already and into none: naive pandas on a slice
of the regions (scaled), polars, DuckDB. Each says how many orders it credited, which must be ours."""

# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false
from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl

SLICE = 2  # of the regions
WINDOW_DAYS, PLACE_DAYS = 7, 7


def by_polars(folder: Path) -> dict[str, Any]:
    frames = {path.stem: pl.read_csv(path, try_parse_dates=True) for path in folder.glob("*.csv")}
    begun = time.perf_counter()
    orders = frames["orders"]
    last = (
        frames["touches"]
        .join(orders.select("order_id", "processed_at"), on="order_id")
        .filter(
            (pl.col("occurred_at") <= pl.col("processed_at"))
            & (pl.col("occurred_at") > pl.col("processed_at") - pl.duration(days=WINDOW_DAYS))
        )
        .group_by("order_id")
        .agg(pl.all().sort_by("occurred_at", "position").last())
    )
    placed = (
        orders.join(last, on="order_id", how="anti")
        .join(frames["lines"], on="order_id")
        .join(frames["promoted"], on="product_id")
        .sort("day")
        .join_asof(
            frames["ads"].with_columns(spent_on=pl.col("day")).sort("day"),
            on="day",
            by=["campaign_id", "region"],
            tolerance=f"{PLACE_DAYS - 1}d",
        )
        .drop_nulls("spent_on")
        .group_by("order_id")
        .agg(pl.all().sort_by("spent_on", "spend").last())
    )
    frames["booked"].join(last, on="order_id", how="left").join(placed, on="order_id", how="left")
    return {"seconds": time.perf_counter() - begun, "by_visit": last.height, "by_place": placed.height}


def by_duckdb(folder: Path) -> dict[str, Any]:
    import duckdb

    run = duckdb.connect()
    for path in folder.glob("*.csv"):
        run.execute(f"create table {path.stem} as select * from read_csv('{path}')")
    begun = time.perf_counter()
    run.execute(f"""
        create temp table last as
        select order_id, arg_max(channel, (occurred_at, position)) as channel,
               arg_max(campaign, (occurred_at, position)) as campaign
        from touches join orders using (order_id)
        where occurred_at <= processed_at and occurred_at > processed_at - interval {WINDOW_DAYS} day
        group by order_id;
        create temp table placed as
        select o.order_id, arg_max(a.campaign_id, (a.day, a.spend)) as campaign_id
        from orders o anti join last using (order_id) join lines using (order_id) join promoted p using (product_id)
        join ads a on a.campaign_id = p.campaign_id and a.region = o.region
             and a.day between o.day - {PLACE_DAYS - 1} and o.day
        group by o.order_id;
        create temp table credited as
        select b.*, last.channel, placed.campaign_id
        from booked b left join last using (order_id) left join placed using (order_id);
    """)
    seconds = time.perf_counter() - begun
    counts = run.execute("select (select count(*) from last), (select count(*) from placed)").fetchone()
    return {"seconds": seconds, "by_visit": counts[0], "by_place": counts[1]}  # pyright: ignore


def by_pandas(folder: Path) -> dict[str, Any]:
    """As it is usually written: everything of an order's region and journey joined, then filtered."""
    import pandas as pd

    times = {"orders": ["processed_at", "day"], "touches": ["occurred_at"], "ads": ["day"], "booked": ["day"]}
    frames = {  # some times have a fraction of a second, some have none
        path.stem: pd.read_csv(path, parse_dates=times.get(path.stem, []), date_format="ISO8601")
        for path in folder.glob("*.csv")
    }
    regions = sorted(frames["orders"]["region"].unique())
    begun = time.perf_counter()
    visits = places = 0
    for region in regions[:SLICE]:
        orders = frames["orders"][frames["orders"]["region"] == region]
        joined = orders.merge(frames["touches"], on="order_id")
        before = joined["processed_at"] - joined["occurred_at"]
        joined = joined[(before >= pd.Timedelta(0)) & (before < pd.Timedelta(days=WINDOW_DAYS))]
        last = joined.sort_values(["occurred_at", "position"]).groupby("order_id").last()
        rest = orders[~orders["order_id"].isin(last.index)].merge(frames["lines"], on="order_id")
        rest = rest.merge(frames["promoted"], on="product_id")
        met = rest.merge(frames["ads"][frames["ads"]["region"] == region], on="region", suffixes=("", "_ad"))
        met = met[met["campaign_id"] == met["campaign_id_ad"]]
        back = (met["day"] - met["day_ad"]).dt.days
        placed = met[(back >= 0) & (back < PLACE_DAYS)].sort_values(["day_ad", "spend"]).groupby("order_id").last()
        frames["booked"].merge(last, left_on="order_id", right_index=True, how="inner")
        visits, places = visits + len(last), places + len(placed)
    scale = len(regions) / SLICE
    return {"seconds": (time.perf_counter() - begun) * scale, "scaled_by": scale, "of_slice": [visits, places]}


if __name__ == "__main__":
    means = {"polars": by_polars, "duckdb": by_duckdb, "pandas": by_pandas}
    print(json.dumps(means[sys.argv[1]](Path(sys.argv[2]))))
