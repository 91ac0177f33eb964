"""The process that reads long bulk files: the same parts, the same errors, and an end with its reader."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from clique_app.errors import Rejected, Unavailable
from clique_app.integrations.shopify import apart, documents, families
from clique_app.integrations.shopify.families import File
from clique_app.sync import order_rows
from tests.unit.integrations.shopify_records import order

TAKE = partial(order_rows.of, time_zone="America/New_York")


def lines_of(number: int) -> list[str]:
    record = order(number)
    children = {key: record.pop(key) for key in ("lineItems", "agreements", "moments")}
    found = [record, *({**line, "__parentId": record["id"]} for line in children["lineItems"])]
    for agreement in children["agreements"]:
        sales = agreement.pop("sales")
        found += [{**agreement, "__parentId": record["id"]}, *({**s, "__parentId": agreement["id"]} for s in sales)]
    return [json.dumps(node) for node in found]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "orders.jsonl"
    path.write_text("".join(line + "\n" for number in range(1, families.PART + 2001) for line in lines_of(number)))
    return path


def parts(path: Path, at: int = 0, missing: str = "") -> list[tuple[list[Any], int]]:
    with path.open("rb") as lines:
        return list(apart.parts(File(lines, missing), documents.ORDERS, TAKE, at=at))


def test_a_process_of_its_own_gives_the_same_parts_from_any_place_on(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = parts(export)
    monkeypatch.setattr(apart, "WORTH_A_PROCESS", 0)
    assert [len(records) for records, _ in here] == [families.PART, 2000]
    assert parts(export, at=here[0][1]) == here[1:]


def test_what_it_cannot_read_is_refused_in_the_same_words(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "WORTH_A_PROCESS", 0)
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(export.read_bytes()[:-40])
    with pytest.raises(Rejected, match="cannot be read, at byte"):
        parts(broken)


def test_a_killed_process_is_trouble_that_passes(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "WORTH_A_PROCESS", 0)
    with export.open("rb") as lines:
        coming = apart.parts(File(lines, ""), documents.ORDERS, TAKE, at=0)
        before = set(psutil.Process().children())  # of other tests in this process: a broker, a server
        next(coming)
        [process] = set(psutil.Process().children()) - before
        process.kill()
        with pytest.raises(Unavailable):
            list(coming)


READER = """
import sys
from clique_app.integrations.shopify import apart, documents, families
apart.WORTH_A_PROCESS = 0
with open(sys.argv[1], "rb") as lines:
    coming = apart.parts(families.File(lines, ""), documents.ORDERS, families.as_it_is, at=0)
    next(coming)
    print("reading", flush=True)
    sys.stdin.read()
"""


def test_it_ends_when_its_reader_is_killed(export: Path) -> None:
    command = (sys.executable, "-c", READER, str(export))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == b"reading\n"
        [process] = psutil.Process(reader.pid).children()
        reader.kill()
        reader.wait()
    until = time.monotonic() + 10
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "it outlived its reader"
        time.sleep(0.02)
