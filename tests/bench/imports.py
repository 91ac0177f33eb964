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

from clique_app.demo.folders import PROJECT
from tests.bench.figure import Figure, Result
from tests.bench.place import Place

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


def run(place: Place) -> Result:
    with place.scratch_database("clique_bench_import") as environment, tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.import_once", place.demo.store, place.token()],
            cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        found = json.loads(done.stdout.splitlines()[-1])
        url = environment["DATABASE_URL"]
        keyed = [_copy_seconds(url, Path(folder), "including indexes") for _ in range(3)]
        bare = [_copy_seconds(url, Path(folder), "") for _ in range(3)]
        with psycopg.connect(url) as connection:
            rows = {}
            for name in TABLES:
                counted = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(name))).fetchone()
                rows[name] = counted[0] if counted else 0
    rate = found["orders"] / found["seconds"]
    keyed_rate, bare_rate = (found["orders"] / min(seconds) for seconds in (keyed, bare))
    return Result(
        [
            Figure("import_ratio_to_copy", rate / bare_rate, "", 1.0),
            Figure("import_ratio_to_copy_with_indexes", rate / keyed_rate, ""),
            Figure("import_orders_per_s", rate, "1/s", bare_rate, rate / bare_rate),
            Figure("import_peak_mb", found["peak_mb"], "MB"),
            Figure("import_own_memory_mb", found["anonymous_mb"], "MB"),
        ],
        {"import": found, "copy_with_indexes_s": keyed, "copy_s": bare, "rows": rows},
        f"{found['orders']:,} orders, {found['lines_of_file']:,} lines of bulk file, with credits; the file is fetched "
        "from the sandbox within the time; the peak counts pages of the mapped file",
        "COPY of the rows this import wrote, into tables of the same columns without keys (and, as another key, with "
        "all indexes), best of 3 in this run",
    )
