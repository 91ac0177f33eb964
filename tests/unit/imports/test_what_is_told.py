"""What a preview and a file of before say, and from which day on orders are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from clique_app.components.file_import import REMOVABLE
from clique_app.components.import_views import past_row, preview_view
from clique_app.imports import told
from clique_app.imports.history import covered_from
from clique_app.imports.records import Problem
from clique_app.imports.service import Past, Preview

SHOWN = Preview(
    file_id=3, name="orders.csv", kind="orders", noun="orders", state="checked", lines=20, new=12, replaced=1, kept=2,
    first_day=date(2026, 3, 2), last_day=date(2026, 3, 9), amount=Decimal("252.00"), currency="USD",
    columns=("Line",), sample=(("2",),), problems=(), problem_count=0, notes=("A note.",), message="",
)  # fmt: skip
WRONG = replace(SHOWN, new=0, replaced=0, kept=0, problems=(Problem(3, "Id", "Mend it."),), problem_count=250)


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


@pytest.mark.parametrize(
    ("platform", "files", "first"),
    [
        (None, [], None),
        ("09-01", [], "09-01"),
        ("09-01", [("03-01", "08-31")], "03-01"),
        ("09-01", [("03-01", "10-05")], "03-01"),
        ("09-01", [("03-01", "08-30")], "09-01"),  # what lies between is not known
        ("09-01", [("01-01", "03-01"), ("03-01", "08-31")], "01-01"),
        ("09-01", [("10-01", "10-05")], "09-01"),
        (None, [("01-01", "01-31"), ("05-01", "05-31")], "05-01"),
    ],
)
def test_orders_are_known_from_the_first_day_without_a_gap(
    platform: str | None, files: list[tuple[str, str]], first: str | None
) -> None:
    spans = [(day(start), day(end)) for start, end in files]
    assert covered_from(day(platform) if platform else None, spans) == (day(first) if first else None)


def test_a_preview_says_what_it_would_do() -> None:
    view = preview_view(SHOWN)
    assert (view.button, view.period, view.amount) == ("Import 13 orders", "2–9 Mar 2026", "$252.00")
    assert (view.new, view.replaced, view.kept, view.can_import) == ("12", "1", "2", True)
    assert not preview_view(replace(SHOWN, new=0, replaced=0)).can_import
    assert not preview_view(replace(SHOWN, state="importing")).can_import
    assert preview_view(replace(SHOWN, state="failed")).can_import


def test_a_preview_with_problems_says_how_many_and_imports_nothing() -> None:
    view = preview_view(WRONG)
    assert view.problem_text == "250 problems to mend before anything can be imported"
    assert view.problems_shown == "The first 1 are listed."
    assert not view.can_import


def test_the_command_line_tells_the_same() -> None:
    assert "line 3, Id: Mend it." in told.as_text(WRONG, None)
    text = told.as_text(SHOWN, {"new": 12})
    assert "net sales 252.00 USD" in text
    assert text.endswith("Imported: 12 new")
    assert told.as_json(SHOWN, None)["imported"] is None
    assert told.as_json(WRONG, None)["problems"] == [{"line": 3, "column": "Id", "message": "Mend it."}]


def test_only_an_imported_file_can_be_removed() -> None:
    at = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
    one = Past(3, "orders.csv", "orders", "orders", "imported", 20, {"new": 12}, None, None, None, at, at, "")
    row = past_row(one, "USD", ZoneInfo("America/New_York"))
    assert [cell.text for cell in row.cells[:3]] == ["9 Mar 2026 22:30", "orders.csv", "Shopify orders export"]
    assert row.cells[REMOVABLE].text
    assert not past_row(replace(one, state="removed"), "USD", ZoneInfo("UTC")).cells[REMOVABLE].text
