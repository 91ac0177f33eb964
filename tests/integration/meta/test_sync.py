from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from clique_app import clock
from clique_app.database import store_session, system_session
from clique_app.integrations.access import Access, Account
from clique_app.integrations.meta.channel import META
from clique_app.sync.ads_service import AdsSource
from clique_app.sync.source import Plan, Written
from clique_app.tables import Connection, Product, Store
from tests.integration.stores import use_ad_account

ZONE = "America/New_York"
SOURCE = AdsSource(META)


@pytest.fixture
def access(meta: Any) -> Access:
    with system_session() as session:
        store = Store(shop_domain="s.myshopify.com", currency="USD", installed_at=clock.now())
        session.add(store)
        session.flush()
        store_id = store.store_id
    with store_session(store_id) as session:
        session.add(
            Connection(
                store_id=store_id, channel="meta", state="connected", access_token=None, refresh_token=None,
            )
        )  # fmt: skip
        use_ad_account(session, store_id)
        for product_id, active in ((7, True), (8, False)):
            session.add(
                Product(
                    store_id=store_id, product_id=product_id, title="Cedar", handle="cedar", active=active,
                    updated_at=clock.now(),
                )
            )  # fmt: skip
    return Access(store_id, "s.myshopify.com", ZONE, "USD", "t", (Account("1", "USD", ZONE),))


def _insight(day: date, ad: str = "3", **more: Any) -> dict[str, Any]:
    return {
        "campaign_id": "10", "campaign_name": "C", "adset_id": "20", "adset_name": "S", "ad_id": ad, "ad_name": "A",
        "account_currency": "USD", "spend": "10.00", "impressions": "100", "clicks": "5", "date_start": str(day),
        "date_stop": str(day), "actions": [{"action_type": "purchase", "value": "1"}],
        "action_values": [{"action_type": "purchase", "value": "40"}], **more,
    }  # fmt: skip


def _account(meta: Any, page: Callable[..., Any], days: list[dict[str, Any]], *, more_spent: str = "0") -> None:
    """more_spent: in sum than the days come to."""

    def insights(call: Any) -> Any:
        if call.method == "POST":
            return {"report_run_id": "run-" + call.params["level"]}
        if call.params["level"] == "account":
            span = json.loads(call.params["time_range"])
            over = [row for row in days if span["since"] <= row["date_start"] <= span["until"]]
            shown, spent = (sum(Decimal(row[name]) for row in over) for name in ("impressions", "spend"))
            return page([{"impressions": str(shown), "spend": str(spent + Decimal(more_spent))}])
        return page(rows(call.params["level"]))

    def rows(level: str) -> list[dict[str, Any]]:
        if level == "ad":
            return days
        return [{k: v for k, v in row.items() if k[:2] != "ad"} | {"country": "US", "region": "Ohio"} for row in days]

    creative = {"id": "5", "object_story_spec": {"link_data": {"link": "https://s.com/products/cedar?utm_source=x"}}}
    meta.answers |= {
        "act_1/campaigns": page([{"id": "10", "name": "C", "status": "ACTIVE", "daily_budget": "5000"}]),
        "act_1/adsets": page([{"id": "20", "campaign_id": "10", "name": "S", "status": "ACTIVE"}]),
        "act_1/ads": page([{"id": "3", "adset_id": "20", "name": "A", "status": "ACTIVE", "creative": creative}]),
        "act_1/insights": insights,
    }
    for level in ("ad", "campaign"):
        meta.answers[f"run-{level}"] = [
            {"async_status": "Job Running", "async_percent_completion": 40},
            {"async_status": "Job Completed", "async_percent_completion": 100},
        ]
        meta.answers[f"run-{level}/insights"] = page(rows(level))


def _sync(access: Access, plan: Plan) -> list[Written]:
    written = []
    for batch in SOURCE.batches(access, plan):
        with store_session(access.store_id) as session:
            written.append(SOURCE.write(session, access.store_id, batch))
    assert all(w.read == w.written + sum(w.skipped.values()) for w in written)
    return written


def _select(access: Access, query: str) -> list[Any]:
    with store_session(access.store_id) as session:
        return [tuple(row) for row in session.connection().execute(sa.text(query))]


def _counts(access: Access, plan: Plan) -> tuple[int | None, int]:
    with store_session(access.store_id) as session:
        return SOURCE.source_count(access, plan), SOURCE.kept_count(session, access.store_id, plan)


def test_structure_and_days_arrive_and_agree_with_metas_own_count(access: Access, meta: Any, page: Any) -> None:
    yesterday = clock.today(ZONE) - timedelta(days=1)
    _account(meta, page, [_insight(yesterday, spend="12.345678")])
    plan = Plan("catch_up", since=clock.now())
    _sync(access, plan)
    _sync(access, plan)  # safe to repeat
    assert _select(access, "select daily_budget, status from campaign") == [(50, "active")]
    assert _select(access, "select link_path, product_id from ad") == [("/products/cedar", 7)]
    assert [str(x) for x in _select(access, "select spend, reported_conversions from ad_day")[0]] == [
        "12.345678", "1.000000",
    ]  # fmt: skip
    assert _select(access, "select country, region, impressions from campaign_region_day") == [("US", "Ohio", 100)]
    assert _counts(access, plan) == (100, 100)
    assert _select(access, "select * from ad_day_former") == []


def test_meta_prepares_the_regions_of_a_month_while_its_ads_are_read(access: Access, meta: Any, page: Any) -> None:
    last = clock.today(ZONE).replace(day=1) - timedelta(days=1)
    _account(meta, page, [_insight(last)])
    _sync(access, Plan("history", first_day=last.replace(day=1), last_day=last))
    steps = [call.path if call.method == "GET" else f"begin {call.params['level']}" for call in meta.asked]
    of_reports = [step for step in steps if step.startswith(("begin", "run-"))]
    assert of_reports == [
        *("begin campaign", "run-campaign", "begin ad", "run-ad", "run-ad", "run-ad/insights"),
        *("run-campaign", "run-campaign/insights"),
    ]


def test_a_restatement_keeps_the_former_value_and_what_vanishes_becomes_zero(
    access: Access, meta: Any, page: Any
) -> None:
    today = clock.today(ZONE)
    changed, gone = today - timedelta(days=3), today - timedelta(days=2)
    plan = Plan("final", first_day=today - timedelta(days=4), last_day=today - timedelta(days=1))
    _account(meta, page, [_insight(changed), _insight(gone), _insight(today)])
    _sync(access, plan)
    _account(meta, page, [_insight(changed, spend="11.00"), _insight(today, spend="12.00")])
    _sync(access, plan)
    _sync(access, plan)
    days = {row[0]: (int(row[1]), row[2]) for row in _select(access, "select day, spend, impressions from ad_day")}
    assert days == {changed: (11, 100), gone: (0, 0), today: (12, 100)}
    former = {(row[0], int(row[1])) for row in _select(access, "select day, spend from ad_day_former")}
    assert former == {(changed, 10), (gone, 10)}  # today is not over: it goes on, it is not restated
    assert _select(access, f"select spend from campaign_region_day where day = '{gone}'") == [(0,)]


@pytest.mark.parametrize(("more_spent", "left"), [("0.01", 0), ("-0.01", 0), ("0.02", 10), ("-0.02", 10)])
def test_what_was_spent_in_sum_may_differ_by_a_minor_unit_a_row(
    access: Access, meta: Any, page: Any, more_spent: str, left: int
) -> None:
    today = clock.today(ZONE)
    known, gone = today.replace(day=1) - timedelta(days=2), today.replace(day=1) - timedelta(days=3)
    plan = Plan("history", first_day=gone, last_day=known)
    _account(meta, page, [_insight(known), _insight(gone)])
    _sync(access, plan)
    _account(meta, page, [_insight(known)], more_spent=more_spent)
    said = [one.missing for one in _sync(access, plan) if one.missing]
    assert len(said) == (1 if left else 0)
    assert all(" counts 100 impressions and " in one and "but 100 and 10.00 came. Sync again." in one for one in said)
    for table in ("ad_day", "campaign_region_day"):
        assert _select(access, f"select spend from {table} where day = '{gone}'") == [(left,)]


def test_days_of_an_ad_that_is_not_listed_any_more_are_kept_with_it(access: Access, meta: Any, page: Any) -> None:
    yesterday = clock.today(ZONE) - timedelta(days=1)
    _account(meta, page, [_insight(yesterday), _insight(yesterday, ad="4")])
    plan = Plan("catch_up", since=clock.now())
    _sync(access, plan)
    assert _select(access, "select platform_id, status from ad order by 1") == [("3", "active"), ("4", "archived")]
    assert _counts(access, plan) == (200, 200)
    meta.answers["act_1/ads"] = page([])
    _sync(access, plan)
    assert _select(access, "select distinct status from ad") == [("archived",)]


def test_a_missing_ad_is_seen_in_the_counts(access: Access, meta: Any, page: Any) -> None:
    yesterday = clock.today(ZONE) - timedelta(days=1)
    _account(meta, page, [_insight(yesterday)])
    plan = Plan("catch_up", since=clock.now())
    _sync(access, plan)
    _account(meta, page, [_insight(yesterday), _insight(yesterday, ad="4")])
    assert _counts(access, plan) == (200, 100)


def test_a_month_is_a_report_and_an_interrupted_import_goes_on_with_the_month_it_left(
    access: Access, meta: Any, page: Any
) -> None:
    _account(meta, page, [])
    plan = Plan("history", first_day=date(2026, 7, 10), last_day=date(2026, 9, 15))
    batches = SOURCE.batches(access, plan)
    stage = next(batch for batch in batches if "prepares" in batch.stage)
    assert stage.stage == "September 2026: Ads by day (Meta prepares them: 40 %)"
    assert stage.position == {"account": "1", "to": "2026-09-15", "share": 0.0}
    done = next(batch for batch in batches if batch.records[0]["table"] == "gone")
    assert done.position == {"account": "1", "to": "2026-08-31", "share": round(15 / 68, 4)}
    meta.asked.clear()
    _sync(access, Plan("history", first_day=plan.first_day, last_day=plan.last_day, position=done.position))
    ranges = {call.params["time_range"] for call in meta.asked if "time_range" in call.params}
    assert ranges == {
        '{"since": "2026-08-01", "until": "2026-08-31"}', '{"since": "2026-07-10", "until": "2026-07-31"}',
    }  # fmt: skip
