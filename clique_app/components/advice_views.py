"""Recommendations and what became of them, as text for cards and dialogs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from clique_app.actions.definition import ActionView, Check, Outcome, Preview, Step
from clique_app.components.figures import Interval, interval
from clique_app.components.tables import Cell, Row
from clique_app.metrics import format
from clique_app.recommendations.definition import Card, Evidence

PRIORITY = {"high": "warning", "medium": "info", "low": "plain"}
STEP_MARKS = {"done": ("check-circle", "success"), "waiting": ("clock", "info"), "failed": ("x-circle", "critical")}
NOT_CHANGED = ("refused", "withdrawn", "not_applied")

REASONS = {
    "known": "I know about it already",
    "timing": "Not the right time",
    "wrong": "The facts are wrong",
    "own": "I will do it myself",
}


@dataclass(frozen=True)
class Reader:
    """Whose eyes the words are for: the store's clock, and who is looking."""

    time_zone: str
    user_id: int
    now: datetime

    def time(self, at: datetime) -> str:
        """14:01 on the same store day, else 19 Nov 14:01."""
        zone = ZoneInfo(self.time_zone)
        local = at.astimezone(zone)
        same = local.date() == self.now.astimezone(zone).date()
        return f"{local:%H:%M}" if same else f"{format.day(local.date())} {local:%H:%M}"

    def who(self, user_id: int) -> str:
        return "You" if user_id == self.user_id else f"Staff member {user_id}"


@dataclass(frozen=True)
class Part:
    """A piece of a sentence; opens: the figure its number opens to, where it is one."""

    text: str
    opens: str = ""


@dataclass(frozen=True)
class Mark:
    """A badge: a word, and a state of status.TONES."""

    text: str
    state: str = "plain"


@dataclass(frozen=True)
class CardView:
    """A card as it is shown. state: open, accepted, dismissed, or withdrawn while it is looked at."""

    key: int
    state: str
    headline: str
    range_text: str
    basis: str
    why: list[Part]
    sure: str  # confidence and whether it can be undone
    risk: str
    accept_label: str
    marks: list[Mark]
    evidence: list[Row]
    rests_on: str
    decided: str = ""
    steps: list[dict[str, str]] = field(default_factory=list)
    story: str = ""  # what the last action came to, where that is not what was wanted
    undo_key: int = 0
    undo_label: str = ""
    number: str = ""  # of the last action
    prominent: bool = False  # has the page's one black button
    busy: str = ""  # what is being done about it now
    problem: str = ""  # what just failed


@dataclass(frozen=True)
class Review:
    """The Accept dialog beyond the card itself: what was read and judged just now."""

    before: str = ""
    after: str = ""
    change: str = ""
    range_bar: Interval = field(default_factory=lambda: Interval("0%", "0%", "0%", "0%", "neither", ""))
    checks: list[Row] = field(default_factory=list)
    passed: str = ""
    allowed: bool = False
    blocked: str = ""
    calls: list[str] = field(default_factory=list)
    platform: str = ""
    undo: str = ""
    measured: str = ""
    read_at: str = ""


def card_view(card: Card, reader: Reader) -> CardView:
    """A card in words."""
    last = card.actions[0] if card.actions else None
    undo = card.undo
    undone_by = last if last is not None and last.undo_of is not None else None
    return CardView(
        key=card.recommendation_id,
        state=card.state,
        headline=card.headline,
        range_text=money_range(card.profit_low, card.profit_high, card.currency),
        basis=card.basis,
        why=parts(card.why, card.evidence, card.currency),
        sure=f"{card.confidence.capitalize()} confidence, can be undone",
        risk=card.risk,
        accept_label=f"Accept, set {format.plain(card.after, card.currency)} a day",
        marks=_marks(card, last, undone_by),
        evidence=[evidence_row(n, line, card.currency) for n, line in enumerate(card.evidence)],
        rests_on=rests_on(card.evidence, card.basis),
        decided="" if last and card.state == "withdrawn" else _decided(card, reader),
        steps=[step_view(step, reader, last) for step in last.steps] if last and card.state != "dismissed" else [],
        story=_story(last) if last and card.state != "dismissed" else "",
        undo_key=undo.action_id if undo else 0,
        undo_label=f"Undo, back to {format.plain(undo.live_before or card.before, card.currency)}" if undo else "",
        number=f"Action A-{last.action_id}" if last else "",
    )


def _story(last: ActionView) -> str:
    """What the last action came to, where that is not what was wanted."""
    if last.state == "not_applied" and last.read_back is not None and last.after is not None:
        asked_for, read = (format.plain(value, last.currency) for value in (last.after, last.read_back))
        return f"It was not applied. Asked for {asked_for} a day, read back {read} a day. {last.note}"
    return last.note if last.state in (*NOT_CHANGED, "unknown") else ""


def _marks(card: Card, last: ActionView | None, undone_by: ActionView | None) -> list[Mark]:
    kind = Mark(card.badge)
    if card.state == "open":
        shown = [Mark(f"{card.priority.capitalize()} priority", PRIORITY.get(card.priority, "plain")), kind]
        if last is not None and last.state in NOT_CHANGED:
            return [Mark("Was not applied", "blocked"), *shown]
        return shown
    if card.state == "dismissed":
        return [Mark("Dismissed", "neutral"), kind]
    if card.state == "withdrawn":
        return [Mark("Withdrawn", "caution"), kind]
    if undone_by is not None:
        words = {"applied": Mark("Undone and verified", "success"), "refused": Mark("Undo was refused", "blocked")}
        return [words.get(undone_by.state, _standing(undone_by.state, "Undo")), kind]
    return [_standing(last.state if last else "", "Change"), kind]


def _standing(state: str, what: str) -> Mark:
    if state == "applied":
        return Mark("Applied and verified", "success")
    if state in NOT_CHANGED:
        return Mark(f"{what} was not applied", "blocked")
    if state == "unknown":
        return Mark("Not known yet", "caution")
    return Mark("Being applied", "running")


def _decided(card: Card, reader: Reader) -> str:
    if card.decided_at is None or card.state not in ("dismissed", "withdrawn"):
        return ""
    by = f" by {reader.who(card.decided_by).lower()}" if card.decided_by is not None else ""
    said = f": {card.reason}" if card.reason else ""
    return f"{card.state.capitalize()}{by} at {reader.time(card.decided_at)}{said}"


def step_view(step: Step, reader: Reader, action: ActionView) -> dict[str, str]:
    """One step of an action, with who and when."""
    icon, tone = STEP_MARKS[step.tone]
    title = step.label
    if action.undo_of is not None and title == "Accepted":
        title = "Undo asked for"
    # where it ended, the card's sentence says why
    who = reader.who(action.asked_by) if step.label == "Accepted" else "" if step.tone == "failed" else step.detail
    told = ", ".join(part for part in (who, reader.time(step.at) if step.at else "") if part)
    return {"icon": icon, "tone": tone, "title": title, "note": told}


def money_range(low: Decimal | None, high: Decimal | None, currency: str) -> str:
    """+$110 to +$830."""
    if low is None or high is None:
        return "Not known"
    if low == high:
        return f"about {_signed(low, currency)}"
    return f"{_signed(low, currency)} to {_signed(high, currency)}"


def _signed(value: Decimal, currency: str) -> str:
    shown = format.whole(value, currency)
    return f"+{shown}" if value > 0 and not shown.startswith("−") else shown


def evidence_row(number: int, line: Evidence, currency: str) -> Row:
    """A line of evidence: what, value, source."""
    return Row(
        str(number),
        [
            Cell(line.label),
            Cell(evidence_value(line, currency), opens=asked(line), raw=line.value or ""),
            Cell(line.source, tone="second"),
        ],
    )


def evidence_value(line: Evidence, currency: str) -> str:
    """The value with its unit."""
    if line.value is None:
        return format.UNKNOWN
    if line.unit == "days":
        return f"{line.value} {'day' if line.value == '1' else 'days'}"
    if line.unit == "date":
        return format.day(datetime.fromisoformat(line.value).date())
    return format.exact(Decimal(line.value), line.unit, currency)


def asked(line: Evidence) -> str:
    """What a line's number opens, as text that a click can carry; empty where it opens nothing."""
    if not line.opens:
        return ""
    names = {"metric": "key", "from": "start", "to": "end"}
    return urlencode({names.get(name, name): value for name, value in line.opens.items()})


def asked_of(text: str) -> dict[str, str | int]:
    """The other way round: what the panel of a number takes."""
    found: dict[str, str | int] = dict(parse_qsl(text))
    campaign = str(found.get("campaign_id", ""))
    if campaign:
        found["campaign_id"] = int(campaign) if campaign.isdecimal() else 0
    return found


def parts(sentence: str, evidence: Sequence[Evidence], currency: str) -> list[Part]:
    """A sentence in which every number that is also evidence opens like it."""
    numbers = {written: opens for line in evidence if (opens := asked(line)) for written in _written(line, currency)}
    if not numbers:
        return [Part(sentence)]
    longest_first = sorted(numbers, key=len, reverse=True)
    pattern = r"(?<![\d.,$])(" + "|".join(re.escape(text) for text in longest_first) + r")(?![\d%]|[.,]\d)"
    pieces = re.split(pattern, sentence)
    return [Part(text, numbers[text] if n % 2 else "") for n, text in enumerate(pieces) if text]


def _written(line: Evidence, currency: str) -> set[str]:
    if line.value is None or line.unit in ("days", "date"):
        return set()
    value = Decimal(line.value)
    return {format.exact(value, line.unit, currency), format.brief(value, line.unit, currency)}


def rests_on(evidence: Sequence[Evidence], basis: str) -> str:
    """One line under the card's sentence."""
    days = [int(found) for line in evidence for found in re.findall(r"last (\d+) days", line.label)]
    seen = f"Rests on {max(days)} days" if days else "Rests on stock and orders"
    return f"{seen}; credited, not causal" if "not causal" in basis else seen


def review_view(card: Card, preview: Preview, reader: Reader) -> Review:
    """What Accept would do, judged on the value read just now."""
    change = preview.change
    currency = change.currency
    return Review(
        before=f"{format.plain(preview.live_budget or change.before, currency)} a day",
        after=f"{format.plain(change.after, currency)} a day",
        change=f"{preview.change_pct:+.0f}%".replace("-", "−"),
        range_bar=range_bar(card),
        checks=check_rows(preview.checks),
        passed=passed(preview.checks),
        allowed=preview.allowed,
        blocked=blocked(preview.checks),
        calls=list(preview.calls),
        platform=change.platform,
        undo=preview.undo,
        measured=_measured(change.name, change.platform),
        read_at=f"Read at {change.platform} at {reader.time(preview.live_read_at)}",
    )


def _measured(name: str, platform: str) -> str:
    return (
        f"{name} is compared with its own last 7 and 30 days: spend and claims from {platform}, credited sales from "
        "your orders. Other things change in the same days, so this shows what happened, not what the change caused."
    )


def range_bar(card: Card) -> Interval:
    """The range on an axis that holds zero."""
    low, high = float(card.profit_low or 0), float(card.profit_high or 0)
    edge = max(abs(low), abs(high), 1.0) * 0.2
    return interval(
        low,
        high,
        (low + high) / 2,
        least=min(low, 0.0) - edge,
        most=max(high, 0.0) + edge,
        label=f"{money_range(card.profit_low, card.profit_high, card.currency)}; the dashed line is zero",
    )


def check_rows(checks: Sequence[Check]) -> list[Row]:
    """Every check with its value, its limit, and Pass or Fail; failed ones first."""
    return [
        Row(
            check.key,
            [
                Cell(check.label),
                Cell(check.value),
                Cell(check.limit, tone="second"),
                Cell("Pass", badge="success") if check.passed else Cell("Fail", badge="blocked"),
            ],
        )
        for check in sorted(checks, key=lambda check: check.passed)
    ]


def passed(checks: Sequence[Check]) -> str:
    """10 of 10 checks pass."""
    good = sum(check.passed for check in checks)
    told = f"{good} of {len(checks)} checks pass."
    return f"{told} They run again on Accept." if good == len(checks) else told


def blocked(checks: Sequence[Check]) -> str:
    """What stands in the way, naming each limit."""
    failed = [f"{check.label}: {check.value}, limit {check.limit}" for check in checks if not check.passed]
    return "; ".join(failed) + "." if failed else ""


def outcome_text(outcome: Outcome) -> str:
    """What came of Accept or Undo, where it was not what was wanted."""
    if outcome.state == "applied":
        return ""
    if outcome.state == "unknown":
        return outcome.note
    said = outcome.note.strip()
    return said if said.startswith("Nothing was changed") else f"The change was not applied. {said}"


def reason_of(form: Mapping[str, Any]) -> str:
    """The reason as it is kept: the choice, and what was added in words."""
    chosen, said = REASONS.get(str(form.get("why", "")), ""), str(form.get("words", "")).strip()
    return ": ".join(part for part in (chosen, said) if part)
