"""Which days of an ad account a plan asks for, newest first, a calendar month at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from clique_app.integrations.access import Account
from clique_app.sync.source import Plan

RESTATED_DAYS = 28  # how far back ad platforms still correct their figures


@dataclass(frozen=True)
class Span:
    """Days from first to last, both included; empty where first is after last."""

    first: date
    last: date

    @property
    def is_empty(self) -> bool:
        return self.first > self.last

    @property
    def days(self) -> int:
        return max((self.last - self.first).days + 1, 0)

    def months(self) -> Iterator[Span]:
        """The span by calendar months, the newest first."""
        last = self.last
        while last >= self.first:
            first = max(self.first, last.replace(day=1))
            yield Span(first, last)
            last = first - timedelta(days=1)


def usual(plan: Plan, today: date, history_days: int) -> Span:
    """The days that a plan is for, which are counted when it is done. today is the ad account's, whose days these are;
    history_days says how far back its platform goes: days before are neither asked for nor taken for gone."""
    if plan.kind == "history":
        first = plan.first_day or today - timedelta(days=history_days)
        return Span(first, min(plan.last_day or today, today))
    if plan.kind == "catch_up":
        return Span(today - timedelta(days=1), today)
    return Span(plan.first_day or today - timedelta(days=RESTATED_DAYS), today)


def asked(plan: Plan, today: date, account: Account, history_days: int) -> Span:
    """The days a plan reads of an account: of one that is here already, an import reads what is new or restated; any
    other reading begins where the account's unread days do, however long ago that is."""
    span = usual(plan, today, history_days)
    if account.read_from is None or account.read_to is None:
        return span
    if plan.kind not in ("first_import", "history"):
        unread = account.read_to + timedelta(days=1)
        if unread < today - timedelta(days=1):  # nothing was read for days, nor what was restated meanwhile
            unread -= timedelta(days=RESTATED_DAYS)
        return Span(min(span.first, unread), span.last)
    if account.read_from > span.first:
        return span
    return Span(max(span.first, min(account.read_to, today - timedelta(days=RESTATED_DAYS))), span.last)


def over(span: Span, today: date) -> Span:
    """The days that have ended: only these can be compared, the present one goes on between two questions."""
    return Span(span.first, min(span.last, today - timedelta(days=1)))
