"""What `clique` says when it is used wrongly, and when nothing runs."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def clique(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clique_app.cli", *arguments],
        cwd=PROJECT,
        env={"CLIQUE_STATE_DIR": str(state), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_taken_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = clique(tmp_path, "demo", "--port", str(port))
    assert answer.returncode == 1
    assert f"Port {port} is taken" in answer.stderr
    assert not (tmp_path / "demo.json").exists()


@pytest.mark.parametrize("port", ["0", "65536", "eighty"])
def test_an_impossible_port_is_refused(tmp_path: Path, port: str) -> None:
    assert clique(tmp_path, "demo", "--port", port).returncode == 2


def test_an_orders_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    answer = clique(tmp_path, "demo", "--orders", str(tmp_path / "none.csv"))
    assert answer.returncode == 1
    assert "Cannot read" in answer.stderr
    assert "none.csv" in answer.stderr


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "has the columns none"),
        (b"customer_id,order_date,quantity\n1,1997-01-01,1\n", "amount or amount_usd"),
        (b"customer_id,order_date,quantity,amount\n", "holds no orders"),
        (b"\xff\xfe\x00\x01", "is not a CSV file"),
    ],
)
def test_a_file_that_is_not_orders_is_refused_with_the_columns_it_needs(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    answer = clique(tmp_path, "demo", "--orders", str(path))
    assert answer.returncode == 1
    assert complaint in answer.stderr


@pytest.mark.parametrize(
    ("kept", "complaint"), [(None, "has the columns none"), (-9, "is not a CSV file")], ids=["whole", "torn"]
)
def test_a_packed_file_is_opened_before_it_is_refused(tmp_path: Path, kept: int | None, complaint: str) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(b"x" * 99 if kept else b"")[:kept])
    answer = clique(tmp_path, "demo", "--orders", str(path))
    assert answer.returncode == 1
    assert complaint in answer.stderr


@pytest.mark.parametrize("command", [("status",), ("demo", "stop")])
def test_nothing_running_is_said(tmp_path: Path, command: tuple[str, ...]) -> None:
    answer = clique(tmp_path, *command)
    assert answer.returncode == 1
    assert "runs here" in answer.stderr


def test_a_demo_that_was_killed_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(json.dumps({"pid": 1}))
    assert clique(tmp_path, "status").returncode == 1


def test_doctor_checks_the_machine_without_servers(tmp_path: Path) -> None:
    answer = clique(tmp_path, "doctor")
    assert "ok  Python" in answer.stdout
    assert "none was checked" in answer.stdout


def test_metrics_are_listed_by_category_and_a_category_that_is_none_is_told_with_those_that_are(tmp_path: Path) -> None:
    answer = clique(tmp_path, "metrics", "list", "--category", "stock")
    assert [line.split(" ")[0] for line in answer.stdout.split("\n")] == [
        "", "Stock", "stock_units", "inventory_value", "stockout_days", "units_a_day", "days_of_cover", "units_tracked",
        "sell_through_rate", "",
    ]  # fmt: skip
    refused = clique(tmp_path, "metrics", "list", "--category", "Stocks")
    assert refused.returncode == 1
    assert refused.stderr == (
        "clique: There is no category 'Stocks'. There are: Sales, Costs and profit, Ads and attribution, Online store, "
        "E-mail, Retention, Value of customers, Stock, Advocacy.\n"
    )
