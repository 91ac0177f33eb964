"""What the card of imported files shows, as text. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from clique_app.components.tables import Cell, Row
from clique_app.imports.records import KINDS
from clique_app.imports.service import Past, Preview
from clique_app.metrics import format
from clique_app.metrics.definition import Period
from tasks.imports import Progress

STATES = {
    "importing": ("Importing", "running"),
    "imported": ("Imported", "success"),
    "failed": ("Failed", "critical"),
    "removed": ("Removed", "plain"),
}
STEPS = {"read": "Reading {noun}", "credited": "Crediting {noun}"}
READ_SHARE = 0.6
AMOUNTS = {"orders": "Net sales", "spend": "Spend"}


@dataclass(frozen=True)
class PreviewView:
    """A file before its import, as text."""

    file_id: int = 0
    name: str = ""
    kind: str = ""
    lines: str = ""
    period: str = ""
    amount_label: str = ""
    amount: str = ""
    new: str = ""
    replaced: str = ""
    kept: str = ""
    noun: str = ""
    problem_text: str = ""
    problems_shown: str = ""
    importing: bool = False
    can_import: bool = False
    button: str = ""
    running: str = ""
    step: str = ""  # of the import, and how far it is
    done: str = ""
    total: str = ""
    share: float = 0.0
    message: str = ""


def preview_view(one: Preview, at: Progress | None = None) -> PreviewView:
    """A preview as text, and while it is imported how far that is."""
    writes = one.new + one.replaced
    count, kept = one.problem_count, len(one.problems)
    return PreviewView(
        file_id=one.file_id,
        name=one.name,
        kind=KINDS[one.kind] if one.kind else "Not known",
        lines=f"{one.lines:,}",
        period=period(one.first_day, one.last_day),
        amount_label=AMOUNTS.get(one.kind or "", ""),
        amount=format.exact(one.amount, "money", one.currency) if one.amount is not None else format.UNKNOWN,
        new=f"{one.new:,}",
        replaced=f"{one.replaced:,}",
        kept=f"{one.kept:,}",
        noun=one.noun,
        problem_text=f"{count:,} {'problem' if count == 1 else 'problems'} to mend before anything can be imported"
        if count
        else "",
        problems_shown=f"The first {kept:,} are listed." if count > kept else "",
        importing=one.state == "importing",
        can_import=one.can_import,
        button="Import" if count else f"Import {writes:,} {one.noun}" if writes else "Nothing new to import",
        running=f"Importing {writes:,} {one.noun}. All of them or none are kept; you can leave this page.",
        step=STEPS[at.step if at else "read"].format(noun=one.noun),
        done=f"{at.done:,}" if at else "0",
        total=f"{at.total if at else writes + one.kept:,}",
        share=_share(at),
        message=one.message,
    )


def _share(at: Progress | None) -> float:
    """Of the whole way: writing lies between the two steps."""
    if at is None:
        return 0.0
    part = at.done / at.total
    return round(READ_SHARE * part if at.step == "read" else READ_SHARE + (1 - READ_SHARE) * part, 3)


def past_row(one: Past, currency: str, zone: ZoneInfo) -> Row:
    """A file of the store; the last cell says whether it can be removed and has no column."""
    at = (one.imported_at or one.uploaded_at).astimezone(zone)
    word, mark = STATES[one.state]
    kind = KINDS.get(one.kind, one.kind)  # pyright: ignore[reportArgumentType, reportCallIssue]

    def number(key: str) -> Cell:
        return Cell(f"{one.counts.get(key, 0):,}", raw=str(one.counts.get(key, 0)))

    return Row(
        str(one.file_id),
        [
            Cell(f"{at:%-d %b %Y %H:%M}", tone="second", raw=at.isoformat()),
            Cell(one.name, strong=True, sub=one.message or gave_way(one.counts.get("gave_way", 0))),
            Cell(kind),
            Cell(period(one.first_day, one.last_day), tone="second"),
            number("new"),
            number("replaced"),
            number("kept"),
            Cell(format.exact(one.amount, "money", currency) if one.amount is not None else format.UNKNOWN),
            Cell(word, badge=mark),
            Cell("yes" if one.state == "imported" else ""),
        ],
    )


def gave_way(days: int) -> str:
    """What of a spend sheet does not count any more, in words."""
    lines = "1 of its lines" if days == 1 else f"{days:,} of its lines"
    return f"{lines} gave way to what the channel, connected since, tells of these days itself." if days else ""


def period(first: Any, last: Any) -> str:
    """'2–9 Mar 2026', or nothing."""
    return format.days(Period(first, last), year=True) if first and last else format.UNKNOWN
