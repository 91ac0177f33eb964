"""Klaviyo's records as rows, and which days a plan asks for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.errors import AccessExpired, RateLimited, Rejected, Unavailable
from clique_app.integrations.klaviyo import faults, mapping
from clique_app.sync import email_steps
from clique_app.sync.source import Plan

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("name", "trigger", "kind"),
    [
        ("Welcome Series", "Added to List", "welcome"),
        ("VIP list", "Added to List", "welcome"),
        ("Customer Winback - Standard", "Metric", "win_back"),
        ("We miss you!", "Metric", "win_back"),
        ("Abandoned Cart Reminder", "Metric", "abandoned_cart"),
        ("Checkout abandonment (US)", "Metric", "abandoned_cart"),
        ("Browse Abandonment", "Metric", "browse_abandonment"),
        ("Post-Purchase: thank you", "Metric", "post_purchase"),
        ("Review request", "Metric", "post_purchase"),
        ("Back in Stock", "Metric", "back_in_stock"),
        ("Happy Birthday", "Date Based", "birthday"),
        ("Loyalty tier reached", "Metric", "other"),
    ],
)
def test_the_kind_of_a_flow_is_told_by_its_name_else_by_what_starts_it(name: str, trigger: str, kind: str) -> None:
    assert mapping.flow_kind(name, trigger) == kind
    assert kind in mapping.FLOW_KINDS


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Tokyo", "UTC"])
@pytest.mark.parametrize("labelled_in", ["zone", "utc", "as if utc"])
def test_a_day_is_found_however_its_beginning_is_labelled(zone: str, labelled_in: str) -> None:
    midnight = datetime(2026, 3, 8, tzinfo=ZoneInfo(zone))
    labels = {
        "zone": midnight,
        "utc": midnight.astimezone(ZoneInfo("UTC")),
        "as if utc": midnight.replace(tzinfo=ZoneInfo("UTC")),
    }
    one = {"groupings": {"flow_id": "F", "flow_message_id": "M"}, "statistics": {"recipients": [3.0]}}
    rows = mapping.flow_series({"date_times": [labels[labelled_in].isoformat()], "results": [one]}, zone)
    assert [(row["day"], row["recipients"]) for row in rows] == [("2026-03-08", 3)]


def test_amounts_are_exact_and_days_without_anything_are_left_out() -> None:
    statistics = {"recipients": [10.0, 0.0], "conversion_value": [129.1, 0.0], "conversions": [2.0, 0.0]}
    one = {"groupings": {"flow_id": "F", "flow_message_id": "M"}, "statistics": statistics}
    times = ["2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"]
    (row,) = mapping.flow_series({"date_times": times, "results": [one]}, "America/New_York")
    assert (row["reported_revenue"], row["reported_orders"], row["delivered"]) == ("129.1", 2, 0)


def test_a_profile_of_which_nothing_is_expected_or_without_address_gives_no_row() -> None:
    nothing = {"predicted_clv": None, "churn_probability": None, "expected_date_of_next_order": None}
    for said in ({"email": "a@b.c", "predictive_analytics": nothing}, {"email": None}, {"email": "a@b.c"}):
        assert mapping.prediction({"attributes": said}, str.encode) is None
    sure = {"email": "a@b.c", "predictive_analytics": {**nothing, "churn_probability": 0.0}}
    row = mapping.prediction({"attributes": sure}, lambda email: f"hash of {email}".encode())
    assert row is not None
    assert "a@b.c" not in str(row)
    assert (row["churn_probability"], row["expected_clv"]) == ("0.0", None)  # surely staying is not unknown


def test_a_campaign_is_sent_when_its_message_was_and_one_that_waits_has_no_day() -> None:
    def message(status: str, **options: Any) -> dict[str, Any]:
        said = {"name": "m", "status": status, "send_options": options}
        owner = {"campaign": {"data": {"type": "campaign", "id": "C"}}}
        return {"id": "M", "attributes": {"updated": "2026-01-09T00:00:00+00:00", "definition": said}} | {
            "relationships": owner
        }

    at, later = "2026-01-05T15:00:00+00:00", "2026-01-06T15:00:00+00:00"
    sent = [
        mapping.campaigns([one], [])[0]["sent_at"]
        for one in (
            message("sent", send_time=at),
            message("sent", send_times={"a": later, "b": at}),
            message("sent"),
            message("draft"),
        )
    ]
    assert sent == [at, at, "2026-01-09T00:00:00+00:00", None]


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AccessExpired), (403, Rejected), (429, RateLimited), (500, Unavailable), (503, Unavailable), (400, Rejected),
     (408, Unavailable), (410, Rejected), (200, Unavailable)],
)  # fmt: skip
def test_every_answer_is_one_of_four_errors(status: int, error: type[Exception]) -> None:
    body = {"errors": [{"detail": "x" * 400}]}
    found = faults.translated(httpx.Response(status, json=body, headers={"Retry-After": "17"}))
    assert type(found) is error
    assert len(found.message) < 500
    if isinstance(found, RateLimited):
        assert found.retry_after == 17


@given(
    kind=st.sampled_from(["first_import", "history", "catch_up", "manual", "final"]),
    back=st.integers(1, 700),
    length=st.integers(0, 700),
)
def test_each_day_of_a_plan_is_asked_for_once_and_no_report_is_too_long(kind: Any, back: int, length: int) -> None:
    first = TODAY - timedelta(days=back)
    since = datetime.combine(first, datetime.min.time(), ZoneInfo("UTC"))
    plan = {
        "first_import": Plan(kind, first_day=first, last_day=TODAY),
        "final": Plan(kind, first_day=first, last_day=TODAY - timedelta(days=1)),
        "history": Plan(kind, last_day=TODAY - timedelta(days=length)),
    }.get(kind, Plan(kind, last_day=TODAY, since=since))
    span, found = email_steps.days(plan, TODAY), email_steps.steps(plan, TODAY)
    for what, most in (("campaign_days", 365), ("flow_days", 59), ("signups", 365)):
        asked = [step.span for step in found if step.what == what and step.span]
        days = [part.first + timedelta(days=n) for part in asked for n in range(part.days)]
        assert sorted(days) == [span.first + timedelta(days=n) for n in range(span.days)]
        assert all(part.days <= most for part in asked)
    over = [step.span for step in found if step.what == "flow_total" and step.span]
    assert all(part.last < TODAY for part in over)
    assert (found[-1].what == "predictions") == (kind != "history")
