"""The history import from a finished bulk file, beside COPY of the rows it wrote."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from clique_app.connections.access import access
from clique_app.demo import record
from clique_app.demo.folders import PROJECT
from clique_app.demo.servers import free_port
from clique_app.integrations.shopify import bulk, documents
from clique_app.sync import reading
from tests.bench import orders_export
from tests.bench.figure import Figure, Result
from tests.bench.place import Place, process

ORDERS, QUICK_ORDERS = 1_000_000, 100_000
TABLES = ("shop_order", "order_line", "sale_entry", "touch", "customer", "credit")


def _copy_seconds(url: str, folder: Path, like: str) -> float:
    """The rows are in files; how long COPY takes to bring them into tables of the same columns."""
    with psycopg.connect(url) as connection:
        for name in TABLES:
            table, copy = sql.Identifier(name), sql.Identifier(f"copy_{name}")
            with (folder / name).open("wb") as file, connection.cursor() as cursor:
                with cursor.copy(sql.SQL("copy (select * from {}) to stdout").format(table)) as out:
                    for block in out:
                        file.write(block)
                cursor.execute(
                    sql.SQL("create table {} (like {} including defaults {})").format(
                        copy,
                        table,
                        sql.SQL(like),  # pyright: ignore[reportArgumentType]
                    )
                )
        connection.commit()
        begun = time.perf_counter()
        for name in TABLES:
            statement = sql.SQL("copy {} from stdin").format(sql.Identifier(f"copy_{name}"))
            with (folder / name).open("rb") as file, connection.cursor() as cursor, cursor.copy(statement) as into:
                while block := file.read(1 << 16):
                    into.write(block)
        connection.commit()
        seconds = time.perf_counter() - begun
        for name in TABLES:
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(f"copy_{name}")))
    return seconds


def _sample(place: Place, folder: Path, wanted: int) -> orders_export.Export:
    """An export of so many orders in folder/orders.jsonl, made of the demo store's."""
    record.adopt_running_demo()
    client = reading.client(access(place.store_id, "shopify"))
    export = list(bulk.follow(client, bulk.start(client, documents.ORDERS.bulk(""))))[-1]
    with bulk.downloaded(export) as file:
        file.lines.seek(0)
        return orders_export.write(folder / "orders.jsonl", file.lines, export.roots, wanted)


def run(place: Place) -> Result:
    with (
        place.scratch_database("clique_bench_import") as environment,
        tempfile.TemporaryDirectory(prefix="clique-bench-") as name,
    ):
        folder, port = Path(name), free_port()
        export = _sample(place, folder, QUICK_ORDERS if place.quick else ORDERS)
        server = (sys.executable, "-m", "tests.bench.export_server", str(port), str(folder / "orders.jsonl"))
        with process((*server, str(export.orders), str(export.lines)), environment):
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.import_once", place.demo.store, place.token(),
                 f"http://127.0.0.1:{port}"],
                cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        found = json.loads(done.stdout.splitlines()[-1])
        url = environment["DATABASE_URL"]
        bare = [_copy_seconds(url, folder, "") for _ in range(2)]
        keyed = [_copy_seconds(url, folder, "including indexes")]
        with psycopg.connect(url) as connection:
            rows = {}
            for table in TABLES:
                counted = connection.execute(
                    sql.SQL("select count(*) from {}").format(sql.Identifier(table))
                ).fetchone()
                rows[table] = counted[0] if counted else 0
    rate = export.orders / found["seconds"]
    keyed_rate, bare_rate = (export.orders / min(seconds) for seconds in (keyed, bare))
    return Result(
        [
            Figure("import_ratio_to_copy", rate / bare_rate, "", 1.0),
            Figure("import_ratio_to_copy_with_indexes", rate / keyed_rate, ""),
            Figure("import_orders_per_s", rate, "1/s", bare_rate, rate / bare_rate),
            Figure("import_peak_mb", found["peak_mb"], "MB"),
            Figure("import_own_memory_mb", found["anonymous_mb"], "MB"),
        ],
        {"import": found, "copy_with_indexes_s": keyed, "copy_s": bare, "rows": rows},
        f"{export.orders:,} orders, {export.lines:,} lines of bulk file made of the demo store's, with credits; the "
        "file is fetched within the time",
        "COPY of the rows this import wrote, into tables of the same columns without keys, better of 2 (and, as "
        "another key, into the same tables with all their indexes), in this run",
    )
