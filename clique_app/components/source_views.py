"""Sources, readings and the steps of a new store as pages show them: written text only. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from clique_app.metrics import format
from clique_app.sync.overview_service import Reading, Standing
from clique_app.sync.setup_service import Setup, StepState

# state of a source, a reading or a step -> (word, state of status.TONES)
SOURCE_STATES: dict[str, tuple[str, str]] = {
    "not_connected": ("Not connected", "plain"),
    "waiting": ("Waiting", "waiting"),
    "expired": ("Access ended", "critical"),
    "not_allowed": ("Not allowed", "critical"),
    "importing": ("Importing", "running"),
    "reading": ("Reading", "running"),
    "failed": ("Failed", "critical"),
    "incomplete": ("Incomplete", "caution"),
    "stale": ("Old", "caution"),
    "up_to_date": ("Up to date", "success"),
}
RESULTS: dict[str, tuple[str, str]] = {
    "running": ("Running", "running"),
    "whole": ("Whole", "success"),
    "incomplete": ("Incomplete", "caution"),
    "failed": ("Failed", "critical"),
    "superseded": ("Superseded", "plain"),
}
STEP_STATES: dict[StepState, tuple[str, str]] = {
    "done": ("Done", "success"),
    "running": ("Running", "running"),
    "next": ("Next", "info"),
    "later": ("Later", "plain"),
    "problem": ("Needs a look", "caution"),
}
KINDS = {
    "first_import": "First import",
    "history": "All history",
    "catch_up": "Hourly catch-up",
    "manual": "Sync now",
    "final": "Final for the day",
    "webhook": "Webhook",
}


@dataclass(frozen=True)
class ProgressView:
    """One bar of an import."""

    label: str
    done: str
    total: str = ""  # empty where the source gives no count
    share: float = 0.0
    note: str = ""
    whole: bool = False


@dataclass(frozen=True)
class ReadingView:
    """A reading under way, with its counts, pace and time left."""

    title: str
    done: str
    total: str
    share: float
    stage: str
    pace: str


@dataclass(frozen=True)
class StepView:
    """One of the three steps in a row."""

    title: str
    text: str
    badge: str
    state: str


def seconds(value: float) -> str:
    """40 s, 6 min, 2 h."""
    whole = max(1, round(value))
    if whole < 60:
        return f"{whole} s"
    return f"{round(whole / 60)} min" if whole < 90 * 60 else f"{round(whole / 3600)} h"


def time_left(reading: Reading | None) -> str:
    """'about 40 s left', or nothing where nobody can say."""
    left = reading.seconds_left if reading else None
    return "" if left is None else f"about {seconds(left)} left"


def how_far(reading: Reading) -> str:
    """'6,312 of 26,118', where the source gives a count."""
    if reading.expected:
        return f"{reading.read:,} of {reading.expected:,}"
    return f"{reading.read:,} rows so far" if reading.read else "Starting"


def reading_view(one: Standing, reading: Reading, zone: ZoneInfo) -> ReadingView:
    """How far a reading is."""
    pace = f"{reading.per_second:,.0f} rows a second" if reading.per_second else ""
    started = f"started {reading.started_at.astimezone(zone):%H:%M}"
    return ReadingView(
        title=f"{one.label}: {KINDS.get(reading.kind, reading.kind).lower()}",
        done=f"{reading.read:,}",
        total=f"{reading.expected:,} rows" if reading.expected else "",
        share=round(reading.share or 0.0, 3),
        stage=reading.stage or "Starting",
        pace=", ".join(part for part in (time_left(reading), pace, started) if part),
    )


def import_view(standing: Standing) -> ProgressView:
    """How far the import of a source is: what is read, against the source's own count."""
    reading, label = standing.current, standing.label
    if reading is None or standing.state == "reading":
        return _settled(standing)
    doing = ", ".join(part for part in (reading.stage or "starting", time_left(reading)) if part)
    if reading.kind == "history" and standing.first_import_done:
        note = f"{_proof(standing)}. All earlier: {doing}"
        return ProgressView(label, f"{standing.rows:,}", share=round(reading.share or 0.0, 3), note=note)
    reach = "All earlier: " if reading.kind == "history" else f"Last {reading.days} days: " if reading.days else ""
    total = f"{reading.expected:,}" if reading.expected else ""
    done = f"{reading.read:,}" if total else f"{reading.read:,} rows"
    return ProgressView(label, done, total, round(reading.share or 0.0, 3), reach + doing)


def _settled(standing: Standing) -> ProgressView:
    rows = f"{standing.rows:,}"
    if standing.problem:
        return ProgressView(standing.label, rows, share=0.0, note=standing.problem)
    if not standing.first_import_done:
        return ProgressView(standing.label, rows, note="Begins in a moment")
    return ProgressView(standing.label, rows, share=1.0, note=_proof(standing), whole=True)


def _proof(standing: Standing) -> str:
    return "Equals the platform’s own count" if standing.counted is not None else "Read whole"


def counted(standing: Standing) -> tuple[str, str]:
    """(word, badge state) of the last comparison with the source's own count; no badge where there was none."""
    if standing.current and standing.state == "importing":
        return "After the import", ""
    if standing.current and standing.state == "reading":
        return how_far(standing.current), ""
    if standing.last is None:
        return format.UNKNOWN, ""
    if standing.counted is None:
        return "Gives no count", ""
    if standing.counted == standing.kept:
        return "Reconciled", "success"
    return (
        f"{abs(standing.counted - standing.kept):,} {'missing' if standing.counted > standing.kept else 'too many'}",
        "caution",
    )


def step_views(setup: Setup) -> list[StepView]:
    """The three steps with what each is waiting for."""
    orders = next((one for one in setup.sources if one.source == "shopify_orders"), None)
    reading = orders.current if orders else None
    counts = f"{orders.rows:,} orders read" if orders and orders.rows else "Reading begins in a moment"
    if reading and reading.expected:
        counts = f"{reading.read:,} of {reading.expected:,} orders read"
    accounts = ", ".join(
        f"{one.label}: {account.name}" for one in setup.channels if one.state == "connected" for account in one.accounts
    )
    choosing = any(one.state == "choosing_account" for one in setup.channels)
    ads = accounts or ("Choose the ad accounts" if choosing else "In about a minute each. Read only until you accept.")
    texts = (counts, ads, "Costs and limits reviewed" if setup.launched else "Check costs and limits")
    titles = ("Connect store", "Connect ads", "Review and launch")
    states = (setup.store, setup.ads, setup.launch)
    return [StepView(t, text, *STEP_STATES[state]) for t, text, state in zip(titles, texts, states, strict=True)]
