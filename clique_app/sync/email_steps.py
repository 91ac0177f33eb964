"""What a plan reads of an e-mail platform, step by step. Pure: the same plan and day always give the same steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from clique_app.integrations.klaviyo.reads import AGGREGATE_DAYS, SERIES_DAYS, VALUES_DAYS
from clique_app.sync.ad_spans import Span
from clique_app.sync.source import Plan

RESTATED_DAYS = 30  # opens, clicks and orders come in later and are counted for the day of sending
HISTORY_DAYS = 2 * 365  # as far back as a day's allowance of reports reaches with room to spare

What = Literal[
    "campaigns", "flows", "campaign_days", "flow_days", "campaign_total", "flow_total", "signups", "predictions"
]


@dataclass(frozen=True)
class Step:
    """One list or one report."""

    what: What
    span: Span | None = None


def steps(plan: Plan, today: date) -> list[Step]:
    """today is the account's. Programs come before their days, and what is asked for twice a minute before the rest."""
    span, over = days(plan, today), ended(plan, today)
    found = [Step("campaigns"), Step("flows")]
    found += [Step("campaign_days", part) for part in _parts(span, VALUES_DAYS)]
    found += [Step("flow_days", part) for part in _parts(span, SERIES_DAYS)]
    found += [Step("campaign_total", part) for part in _parts(over, VALUES_DAYS)]
    found += [Step("flow_total", part) for part in _parts(over, VALUES_DAYS)]
    found += [Step("signups", part) for part in _parts(span, AGGREGATE_DAYS)]
    return found if plan.kind == "history" else [*found, Step("predictions")]


def days(plan: Plan, today: date) -> Span:
    """The days that are here when the plan is done."""
    if plan.kind == "history":
        return Span(plan.first_day or today - timedelta(days=HISTORY_DAYS), min(plan.last_day or today, today))
    if plan.first_day is not None:
        return Span(plan.first_day, today if plan.kind == "first_import" else min(plan.last_day or today, today))
    first = today - timedelta(days=RESTATED_DAYS)
    return Span(min(first, plan.since.date() - timedelta(days=1)) if plan.since else first, today)


def ended(plan: Plan, today: date) -> Span:
    """Those of them that are over: only these can be compared, the present one goes on between two questions."""
    span = days(plan, today)
    return Span(span.first, min(span.last, today - timedelta(days=1)))


def _parts(span: Span, most: int) -> Iterator[Span]:
    """The newest first, each as long as can be asked for at once."""
    last = span.last
    while last >= span.first:
        first = max(span.first, last - timedelta(days=most - 1))
        yield Span(first, last)
        last = first - timedelta(days=1)
