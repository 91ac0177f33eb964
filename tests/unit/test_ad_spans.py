"""Which days of an ad account a plan reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from clique_app.integrations.access import Account
from clique_app.integrations.channels import USUAL_HISTORY_DAYS
from clique_app.sync import ad_spans
from clique_app.sync.ad_spans import Span
from clique_app.sync.source import Plan

TODAY = date(2026, 11, 21)
ACCOUNT = Account("1", "USD", "UTC")
FIRST = Plan("first_import", first_day=TODAY - timedelta(days=90), last_day=TODAY)
HISTORY = Plan("history", last_day=TODAY - timedelta(days=91))

days = st.integers(min_value=0, max_value=1300).map(lambda ago: TODAY - timedelta(days=ago))


def test_an_account_that_is_new_is_read_whole_and_one_that_is_here_only_where_it_may_have_changed() -> None:
    assert ad_spans.asked(FIRST, TODAY, ACCOUNT, USUAL_HISTORY_DAYS) == Span(TODAY - timedelta(days=90), TODAY)
    here = replace(ACCOUNT, read_from=date(2023, 10, 1), read_to=TODAY - timedelta(days=1))
    assert ad_spans.asked(FIRST, TODAY, here, USUAL_HISTORY_DAYS) == Span(TODAY - timedelta(days=28), TODAY)
    assert ad_spans.asked(HISTORY, TODAY, here, USUAL_HISTORY_DAYS).is_empty


def test_the_whole_history_is_what_the_platform_keeps_and_no_more() -> None:
    span = ad_spans.asked(HISTORY, TODAY, ACCOUNT, USUAL_HISTORY_DAYS)
    assert (span.first, span.last) == (date(2023, 10, 25), TODAY - timedelta(days=91))
    assert ad_spans.asked(HISTORY, TODAY, ACCOUNT, 912).first == TODAY - timedelta(days=912)
    months = list(span.months())
    assert sum(month.days for month in months) == span.days
    assert [month.last for month in months] == sorted((month.last for month in months), reverse=True)


@given(days, days)
def test_import_and_history_together_leave_no_day_out(one: date, other: date) -> None:
    account = replace(ACCOUNT, read_from=min(one, other), read_to=max(one, other))
    assert account.read_from is not None
    assert account.read_to is not None
    read = [ad_spans.asked(plan, TODAY, account, USUAL_HISTORY_DAYS) for plan in (FIRST, HISTORY)]
    wanted = {TODAY - timedelta(days=n) for n in range(USUAL_HISTORY_DAYS + 1)}
    found = {day for day in wanted if any(span.first <= day <= span.last for span in read)}
    here = {day for day in wanted if account.read_from <= day <= account.read_to}
    assert wanted == found | here
    assert {TODAY - timedelta(days=n) for n in range(29)} <= found  # what may have been restated


READINGS = (
    Plan("catch_up"), Plan("manual"), Plan("final", first_day=TODAY - timedelta(days=28), last_day=TODAY),
)  # fmt: skip


@given(days, st.sampled_from(READINGS))
def test_each_reading_begins_with_the_first_day_that_is_not_here(read_to: date, plan: Plan) -> None:
    here = replace(ACCOUNT, read_from=date(2020, 1, 1), read_to=read_to)
    span, usual = (ad_spans.asked(plan, TODAY, one, USUAL_HISTORY_DAYS) for one in (here, ACCOUNT))
    assert span.first <= min(usual.first, read_to + timedelta(days=1))
    assert span.last == TODAY
    if read_to >= TODAY - timedelta(days=2):
        assert span == usual
    else:  # with what may have been restated while nothing was read
        assert span.first <= read_to - timedelta(days=27)
