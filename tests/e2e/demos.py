"""A demo of the tests' own: `clique demo --detach` in a state folder that is theirs, in a small world."""

from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg

from tests.conftest import PROJECT
from tests.kit.plain_http import PLAIN_HTTP

Demo = dict[str, Any]
# `clique`, made once for many questions
COMMAND = "import typer.main, clique_app.cli\ncommand = typer.main.get_command(clique_app.cli.app)"
# customer, day, quantity, amount; two of one customer are the same, one is worth nothing
REAL_ORDERS = (
    "customer_id,order_date,quantity,amount",
    *(
        f"{n % 40},{date(1997, 1, 1) + timedelta(days=n % 90)},{1 + n % 3},{(n * 37 % 5000) / 100:.2f}"
        for n in range(120)
    ),
    *("7,1997-03-30,1,0.00", "7,1997-03-30,2,29.33", "7,1997-03-30,2,29.33"),
)
SMALL_WORLD = "--months 13 --orders-per-day 12 --seed 7"  # every scenario is in it


def environment(folder: Path) -> dict[str, str]:
    """A state folder of its own: the developer's demo is left alone."""
    return {**os.environ, "CLIQUE_STATE_DIR": str(folder), "CLIQUE_SANDBOX_ARGS": SMALL_WORLD}


def clique(folder: Path, *arguments: str) -> str:
    """What a `clique` command prints."""
    return python(folder, "-m", "clique_app.cli", *arguments)


def python(folder: Path, *arguments: str) -> str:
    """What a program beside the demo prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=environment(folder),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[Demo]:
    """What it wrote to demo.json, with its folder; it is stopped at the end."""
    clique(folder, "demo", "--detach", "--port", str(_two_ports()), *options)
    try:
        yield {**json.loads((folder / "demo.json").read_text()), "folder": folder}
    finally:
        clique(folder, "demo", "stop")


def _two_ports() -> int:
    """A free port whose next, the sandbox's, is free too: below those that connections are given by themselves."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two free ports in a row")


def control(demo: Demo, path: str, **body: Any) -> Any:
    """What the sandbox's control API answers to a POST."""
    answer = PLAIN_HTTP.post(f"{demo['sandbox_url']}/_control/{path}", json=body, timeout=120)
    assert answer.is_success, answer.text
    return answer.json()


def metric(demo: Demo, key: str, shop: str, start: str, end: str, *options: str) -> dict[str, Any]:
    """`clique metrics show KEY --json`."""
    asked = ("--store", shop, "--from", start, "--to", end, "--json")
    return json.loads(clique(demo["folder"], "metrics", "show", key, *asked, *options))


def metrics(demo: Demo, keys: Iterable[str], shop: str, start: str, end: str) -> dict[str, Any]:
    """The values of many."""
    [found] = metrics_of_spans(demo, list(keys), shop, [(start, end)])
    return found


def metrics_of_spans(demo: Demo, keys: list[str], shop: str, spans: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The values of many in each span: the same command again and again in one process."""
    commands = [
        ["metrics", "show", key, "--store", shop, "--from", start, "--to", end, "--json"]
        for start, end in spans
        for key in keys
    ]
    told = subprocess.run(
        [sys.executable, "-c", f"{COMMAND}\nfor asked in {commands!r}: command(asked, standalone_mode=False)"],
        cwd=PROJECT,
        env=environment(demo["folder"]),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = [json.loads(one)["value"] for one in re.split(r"(?<=^})\n", told, flags=re.M) if one]
    assert len(found) == len(commands)
    return [dict(zip(keys, found[at : at + len(keys)], strict=True)) for at in range(0, len(found), len(keys))]


def rows(demo: Demo, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """What the demo's database holds, past all roles: only to wait for something, or to see that it is there."""
    with psycopg.connect(demo["database_url"]) as connection:
        return connection.execute(statement, values).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]


def wait_for_history(demo: Demo, shop: str) -> None:
    """Until orders and ads are read back to their beginning; pages open long before."""
    read = """select count(*) from sync_run join store using (store_id)
              where shop_domain = %s and kind = 'history' and sync_run.state = 'whole'"""
    until = time.monotonic() + 90
    while rows(demo, read, shop) != [(2,)]:
        assert time.monotonic() < until, "the history of orders and ads was not read in 90 seconds"
        time.sleep(0.2)
