"""`clique lab` as an analyst uses it: the examples of its page, files of all shapes, and what is said of bad ones."""

from __future__ import annotations

import csv
import gzip
import json
import re
import subprocess
import sys
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from clique_app.cli import app

PROJECT = Path(__file__).parents[3]
SAMPLE = PROJECT / "tests" / "data" / "cdnow_sample.csv.gz"
PAGE = (PROJECT / "docs" / "lab.md").read_text()
EXAMPLES = [
    (line.removeprefix("$ clique "), expected)
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line, expected in [block.split("\n", 1)]
]


def lab(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["lab", *map(str, arguments)])


@pytest.mark.parametrize(("command", "expected"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_the_page_prints_what_the_command_prints(
    command: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in re.findall(r"```csv (\S+)\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(content)
    (tmp_path / "tests").symlink_to(PROJECT / "tests")
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, command.split())
    if command.endswith("--json"):
        assert json.loads(answer.output) == approximately(json.loads(expected))
    else:
        assert answer.output == expected


def approximately(value: object) -> object:
    if isinstance(value, dict):
        return {key: approximately(part) for key, part in value.items()}
    return pytest.approx(value, rel=1e-9) if isinstance(value, float) else value


def test_customers_that_are_counted_already_give_what_their_orders_give(tmp_path: Path) -> None:
    horizon = ("--calibration-end", "1997-09-30", "--horizon-weeks", "39")
    answer = lab("clv", SAMPLE, *horizon, "--out", tmp_path / "customers.csv", "--json")
    told = json.loads(answer.output)
    assert told["log_likelihood"] == pytest.approx(-9582.43, abs=0.01)
    assert told["gamma_gamma"]["p"] == pytest.approx(6.25, abs=0.01)
    assert (told["customers"], told["actual_repeat_total"]) == (2357, 1882)
    rows = list(csv.DictReader((tmp_path / "customers.csv").open()))
    assert sum(float(row["expected_purchases"]) for row in rows) == pytest.approx(told["predicted_repeat_total"])
    assert {row["customer_id"] for row in rows if float(row["p_alive"]) == 1} == {
        row["customer_id"] for row in rows if row["frequency"] == "0"
    }
    counted = json.loads(lab("clv", tmp_path / "customers.csv", "--horizon-weeks", "39", "--json").output)
    for key in ("params", "gamma_gamma", "predicted_repeat_total", "log_likelihood", "customers"):
        assert counted[key] == approximately(told[key])
    bare = "".join(f"{row['customer_id']},{row['frequency']},{row['recency']},{row['T']}\n" for row in rows)
    (tmp_path / "bare.csv").write_text("customer_id,frequency,recency,T\n" + bare)
    told = json.loads(lab("clv", tmp_path / "bare.csv", "--horizon-weeks", "39", "--json").output)
    assert told["params"] == approximately(counted["params"])
    assert told["gamma_gamma"] is None


@pytest.mark.parametrize("nothing", ["", "NaN", "nan"])
def test_who_never_returned_needs_no_monetary_and_a_recency_may_be_rounded(nothing: str, tmp_path: Path) -> None:
    def told(once: str, recency: str) -> dict:
        rows = [f"{name},{name % 3},{name % 3},20,{name + 5 if name % 3 else once}" for name in range(12)]
        rows.append(f"last,2,{recency},0.3,9")
        (tmp_path / "customers.csv").write_text("\n".join([f"{COUNTED},monetary", *rows]))
        answer = lab("clv", tmp_path / "customers.csv", "--out", tmp_path / "out.csv", "--json")
        assert answer.exit_code == 0, answer.output
        assert list(csv.DictReader((tmp_path / "out.csv").open()))[-1]["recency"] == "0.3"
        return json.loads(answer.stdout)

    assert told(nothing, "0.30000000000000004") == told("0", "0.3")


books = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 500), st.integers(0, 20000)), min_size=1, max_size=25
)  # (customer, day, cents)


@settings(max_examples=25)
@given(book=books)
def test_a_book_of_orders_says_what_a_plain_count_says(book: list, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = date(2025, 1, 1)
    file = tmp_path_factory.mktemp("book") / "orders.csv"
    lines = [f"{customer},{first + timedelta(days=day)},{cents / 100:.2f}" for customer, day, cents in book]
    file.write_text("\n".join(["customer_id,order_date,amount", *lines]))
    told = json.loads(lab("orders", file, "--json").output)
    days: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for customer, day, cents in book:
        days[customer].append((day, cents))
    end = max(day for _, day, _ in book)
    assert told["orders"] == len(book)
    assert told["revenue"] == sum(cents for _, _, cents in book) / 100
    assert told["repeat_rate"] == pytest.approx(sum(len(of) > 1 for of in days.values()) / len(days))
    for within in (30, 60, 90, 180, 365):
        old = [(min(of)[0], of) for of in days.values() if end - min(of)[0] >= within]
        spent = [cents for start, of in old for day, cents in of if day <= start + within]
        assert told["ltv"][str(within)] == (pytest.approx(sum(spent) / 100 / len(old)) if old else None)
    gaps = [b[0] - a[0] for of in days.values() for a, b in zip(sorted(of), sorted(of)[1:], strict=False)]
    assert told["median_gap_days"] == (median(gaps) if gaps else None)
    for key, whole in (("orders", len(book)), ("new_customers", len(days)), ("revenue", told["revenue"])):
        assert sum(month[key] for month in told["months"]) == pytest.approx(whole)


ORDERS, COUNTED, PATHS = "customer_id,order_date,amount", "customer_id,frequency,recency,T", "path,total_conversions"


@pytest.mark.parametrize(
    ("command", "content", "complaint"),
    [
        ("orders", "", "has no header"),
        ("orders", ORDERS, "no orders"),
        ("orders", "customer_id,order_date\n1,2026-01-01", "Line 1: the header has no amount"),
        ("orders", f"{ORDERS}\n1,2026-01-01,5\n1,01/02/2026,5", "Line 3: order_date is '01/02/2026'"),
        ("orders", f"{ORDERS}\n1,2026-01-01,5\n\n1,2026-01-02,five", "Line 4: amount is 'five'"),
        ("orders", f"{ORDERS}\n1,2026-01-01,-5", "Line 2: amount is '-5'"),
        ("orders", f"{ORDERS}\n1,2026-01-01,1_000", "Line 2: amount is '1_000', not a number"),
        ("clv", f"{COUNTED}\na,1_0,1,5", "Line 2: frequency is '1_0', not a number"),
        ("paths", f"{PATHS}\na,1\nb,1_0.5", "Line 3: total_conversions is '1_0.5', not a number"),
        ("orders", f"{ORDERS}\n1,2026-01-01,nan", "Line 2: amount is 'nan'"),
        ("orders", f"{ORDERS}\n,2026-01-01,5", "Line 2: customer_id is empty"),
        ("orders", f"{ORDERS}\n1,2026-01-01", "Line 2: it has 2 cells, the header 3"),
        ("orders", f'{ORDERS}\n1,2026-01-01,5\n"1,2026-01-01,5', "Line 3: it cannot be read as CSV"),
        ("orders", "amount,amount,customer_id,order_date", "names 'amount' twice"),
        ("clv", f"{ORDERS}\n1,2026-01-01,-5", "Line 2: amount is '-5'; it must be 0 or more"),
        ("clv", f"{COUNTED},monetary\na,1,1,5,-3", "Line 2: monetary is '-3'; it must be 0 or more"),
        ("paths", f"{PATHS},total_conversion_value\na,1,-5", "Line 2: total_conversion_value is '-5'; it must be 0"),
        ("clv", f"{COUNTED}\na,1,8,5", "Line 2: frequency 1, recency 8 and T 5"),
        ("clv", f"{COUNTED}\na,1.5,1,5", "Line 2: frequency is '1.5', not a whole number"),
        ("clv", f"{COUNTED},monetary\na,0,3,5,0", "Line 2: frequency 0, recency 3"),
        ("clv", f"{COUNTED}\na,1,5.0001,5", "Line 2: frequency 1, recency 5.0001 and T 5"),
        ("clv", f"{COUNTED}\na,1,2,5\nb,0,0,5\na,0,0,5", "Line 4: customer_id 'a' stands in line 2 already"),
        ("clv", f"{COUNTED},monetary\na,0,0,5,\nb,1,2,5,", "Line 3: monetary is empty"),
        ("clv", f"{COUNTED},monetary\na,0,0,5,NaN\nb,1,2,5,NaN", "Line 3: monetary is 'NaN'"),
        ("clv", f"{COUNTED},monetary\na,0,0,5,none", "Line 2: monetary is 'none'"),
        ("paths", f"{PATHS}\na >  > b,1", "Line 2: path 'a >  > b' has an empty touch"),
        ("paths", f"{PATHS}\na >,1", "Line 2: path 'a >' has an empty touch"),
        ("paths", f"{PATHS}\n> a,1", "Line 2: path '> a' has an empty touch"),
        ("paths", f"{PATHS}\na > > b,1", "Line 2: path 'a > > b' has an empty touch"),
        ("paths", f"{PATHS}\na,1\nb,", "Line 3: total_conversions is empty"),
        ("paths", "way,total_conversions\na,1", "Line 1: the header has no path"),
    ],
)
def test_a_bad_file_is_named_by_its_line_and_ends_with_2(
    command: str, content: str, complaint: str, tmp_path: Path
) -> None:
    file = tmp_path / "file.csv"
    file.write_text(content)
    answer = lab(command, file, *(["--model", "linear"] if command == "paths" else []))
    assert answer.exit_code == 2
    assert complaint in answer.stderr
    assert answer.stderr.startswith("clique: ")
    assert not answer.stdout


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"customer_id,order_date,amount\nJos\xe9,2026-01-01,5", "Line 2: it is not UTF-8"),
        (gzip.compress(b"customer_id,order_date,amount\n1,2026-01-01,5", mtime=0)[:-9], "damaged gzip"),
        (None, "Cannot read"),
    ],
)
def test_a_file_that_is_no_text_is_refused(content: bytes | None, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    if content is not None:
        file.write_bytes(content)
    answer = lab("orders", file)
    assert (answer.exit_code, complaint in answer.stderr) == (2, True)


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    (tmp_path / "paths.csv").write_text(f"{PATHS}\na > b,1")
    assert lab("paths", tmp_path / "paths.csv", "--model", "magic").exit_code == 2
    assert lab("paths", tmp_path / "paths.csv", "--model", "decay", "--half-life", "nan").exit_code == 2
    assert lab("clv", SAMPLE, "--calibration-end", "yesterday").exit_code == 2
    assert "No order was placed by 1990-01-01" in lab("clv", SAMPLE, "--calibration-end", "1990-01-01").stderr
    assert lab("clv", SAMPLE, "--horizon-weeks", "inf").exit_code == 2


def test_touches_are_joined_by_a_sign_with_spaces_around_it(tmp_path: Path) -> None:
    (tmp_path / "paths.csv").write_text(f"{PATHS}\na->b   >\tc>d > e> f,3")
    told = json.loads(lab("paths", tmp_path / "paths.csv", "--model", "linear", "--json").output)
    assert told["channels"] == {name: {"conversions": 1, "value": 0} for name in ("a->b", "c>d", "e> f")}


def test_customers_who_never_return_end_with_1_and_the_reason(tmp_path: Path) -> None:
    (tmp_path / "once.csv").write_text(f"{ORDERS}\n1,2026-01-01,5\n2,2026-01-02,5")
    answer = lab("clv", tmp_path / "once.csv")
    assert answer.exit_code == 1
    assert "Nobody bought a second time" in answer.stderr


@pytest.mark.parametrize(
    ("last", "options", "came"),
    [
        ("9999-12-31", [], False),
        ("2026-03-01", ["--calibration-end", "9999-12-01"], False),
        ("2026-03-01", ["--calibration-end", "9950-01-01", "--horizon-weeks", "5000"], False),
        ("9999-12-31", ["--calibration-end", "2026-02-10", "--horizon-weeks", "5000"], True),
    ],
)
def test_a_horizon_may_lie_beyond_the_end_of_the_calendar(
    last: str, options: list[str], came: bool, tmp_path: Path
) -> None:
    days = [(customer, f"2026-0{month}-01") for customer in range(9) for month in range(1, 2 + customer % 3)]
    rows = [f"{customer},{day},{5 + customer}" for customer, day in [*days, (9, "2026-01-01"), (9, last)]]
    (tmp_path / "orders.csv").write_text("\n".join([ORDERS, *rows]))
    answer = lab("clv", tmp_path / "orders.csv", *options, "--json")
    assert answer.exit_code == 0, answer.output
    assert ("actual_repeat_total" in json.loads(answer.stdout)) is came


def test_marks_spaces_and_gzip_are_read(tmp_path: Path) -> None:
    content = '\ufeffAmount , Customer_ID,order_date,note\r\n 5 , 1,2026-01-01T10:00:00Z,"a\nb"\r\n7,1,20260103,\r\n'
    (tmp_path / "orders.csv").write_bytes(gzip.compress(content.encode()))
    told = json.loads(lab("orders", tmp_path / "orders.csv", "--json").output)
    assert (told["revenue"], told["median_gap_days"]) == (12, 2)


def test_a_month_of_an_early_year_has_four_digits_of_it(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(f"{ORDERS}\n1,0999-12-31,5\n1,1000-01-01,5")
    told = json.loads(lab("orders", tmp_path / "orders.csv", "--json").output)
    assert [month["month"] for month in told["months"]] == ["0999-12", "1000-01"]


def test_neither_reflex_nor_a_database_is_loaded() -> None:
    script = (
        "import sys; from typer.testing import CliRunner; from clique_app.cli import app;"
        f"CliRunner().invoke(app, ['lab', 'clv', {str(SAMPLE)!r}]);"
        "print([name for name in ('reflex', 'sqlalchemy', 'psycopg', 'pandas') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_what_cannot_be_told_in_numbers_is_said_in_words(tmp_path: Path) -> None:
    file = tmp_path / "far.csv"
    file.write_text("customer_id,frequency,recency,T,monetary\na,1,0,0,0.001\nb,2,1e-300,1e-300,1e-300\nc,1,0,0,0\n")
    told = lab("clv", file, "--json", "--horizon-weeks", "39")
    assert told.exit_code == 1
    assert "too far apart" in told.stderr
