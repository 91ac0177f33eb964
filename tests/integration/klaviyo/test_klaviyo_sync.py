"""Klaviyo over HTTP, in good days and bad: whatever happens, in the end each day is what Klaviyo says."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
import redis
import stamina
from pyrate_limiter import Rate

from clique_app import clock
from clique_app.connections import ad_accounts_service
from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.errors import AccessExpired, InvalidInput, RateLimited
from clique_app.integrations.klaviyo import client, faults
from clique_app.keeping import privacy_service
from clique_app.metrics import service as metrics
from clique_app.metrics.definition import Period
from clique_app.settings import settings
from clique_app.sync import email_steps, flow_kinds_service
from clique_app.tables import PrivacyRequest
from tasks import connections as edge
from tasks import runs, schedule, sync
from tests.conftest import Sandbox
from tests.integration.channels.accounts import follow_clock
from tests.integration.klaviyo.letters import USER, ZONE, Letters, make_letters

NUMBERS = itertools.count(1)
IMPORTED = 40  # days
PLENTY = (Rate(10_000, 1000),)
REPORTS = ("CAMPAIGN_VALUES", "FLOW_VALUES", "FLOW_SERIES")


@pytest.fixture(scope="module")
def klaviyo(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox("--no-default-store")


@pytest.fixture
def make(database_env: None, klaviyo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Letters]]:
    for name, value in klaviyo.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("FIRST_IMPORT_DAYS", str(IMPORTED))
    settings.cache_clear()
    follow_clock(klaviyo, monkeypatch)
    monkeypatch.setattr(runs, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(runs, "time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    monkeypatch.setattr(edge, "start_sync", lambda *asked: None)  # readings are made by the tests themselves
    for name in ("ACCOUNTS", *REPORTS):  # as much as one likes
        monkeypatch.setattr(client, name, replace(getattr(client, name), rates=PLENTY))
    stamina.set_testing(True, attempts=client.READ_ATTEMPTS)
    yield lambda **options: make_letters(klaviyo, monkeypatch, next(NUMBERS), **options)
    stamina.set_testing(False)
    klaviyo.control("DELETE", "faults")


@pytest.fixture
def letters(make: Callable[..., Letters]) -> Letters:
    """Connected with a key, nothing read yet."""
    found = make()
    found.use_key()
    return found


def rest_is_over() -> None:
    """The rest a platform asked for is over."""
    with redis.Redis.from_url(settings().redis_url) as store:
        store.flushdb()


def test_a_login_imports_campaigns_flows_days_signups_and_predictions(make: Callable[..., Letters]) -> None:
    letters = make()
    assert "connect_error=cancelled" in letters.log_in("deny")
    assert "connected=klaviyo" in letters.log_in()
    assert letters.connection().state == "connected"
    run = letters.sync("first_import")
    assert (run.state, run.message) == ("whole", "")
    assert run.read == run.written + run.skipped
    letters.assert_true(IMPORTED)
    kinds = dict(letters.rows("select name, kind from email_program where sort = 'flow'"))
    assert kinds["Win-back after 90 days"] == "win_back"
    assert kinds["Post-purchase thank you"] == "post_purchase"
    assert kinds["Candle care tips"] == "other"
    assert letters.rows("select distinct kind from email_program where sort = 'campaign'") == [("campaign",)]
    expected = letters.expected()
    assert len(letters.predictions()) == len(expected) - 1  # of one who is no customer here nothing is kept
    assert letters.predictions().items() <= expected.items()
    assert run.skipped_why["profiles that are not customers of this store"] == 1
    assert letters.rows("select name, currency, time_zone from email_account") == [
        (letters.shop.split(".")[0], "USD", ZONE)
    ]


def test_the_catalogues_rates_are_those_of_the_rows(letters: Letters) -> None:
    with store_session(letters.store_id) as session:
        today = clock.today(ZONE)
        period = Period(today - timedelta(days=30), today - timedelta(days=1))
        before = metrics.figure(session, letters.store_id, "email_open_rate", period)
    assert (before.value, before.reason) == (None, "No e-mail platform is connected yet, or it is still being read.")
    letters.sync("first_import")
    days = letters.truth(30)
    with store_session(letters.store_id) as session:
        rate = metrics.figure(session, letters.store_id, "email_open_rate", period).value
        winback = metrics.figure(session, letters.store_id, "winback_open_rate", period).value
        signups = metrics.figure(session, letters.store_id, "list_signups", period).value
        listed = metrics.source_rows(session, letters.store_id, "list_signups", period)
    delivered, opened = (sum(one[column] for one in days["by_day"].values()) for column in (1, 2))
    assert rate == Decimal(int(opened)) / Decimal(int(delivered))
    of_winback = (
        "select sum(unique_opens) / sum(delivered)::numeric from email_day d"
        " join email_program p using (store_id, program_id) where kind = 'win_back' and day between :first and :last"
    )
    (kept,) = letters.rows(of_winback, first=period.start, last=period.end)[0]
    assert winback is not None
    assert round(winback, 9) == round(kept, 9) > 0
    assert signups == listed.total == sum(sum(one.values()) for one in days["signups"].values())


def test_the_history_comes_after_the_first_days_and_a_reading_that_was_cut_goes_on_where_it_was(
    make: Callable[..., Letters], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_steps, "HISTORY_DAYS", 240)
    letters = make(since_days=230)
    letters.use_key()
    letters.sync("first_import")
    letters.limits(a_minute=2, a_day=None)
    with pytest.raises(RateLimited):
        letters.sync("history")
    cut = letters.log()[-1]
    assert (cut.state, cut.stage) == ("running", faults.REPORTS_WAITING)
    assert cut.position["step"] > 2
    letters.limits(a_minute=None, a_day=None)
    rest_is_over()
    run = letters.sync("history")
    assert (run.state, run.run_id) == ("whole", cut.run_id)
    letters.assert_true(229)


def test_a_catch_up_reads_what_came_in_since_and_a_daily_reading_everybodys_predictions(letters: Letters) -> None:
    letters.sync("first_import")
    forgotten = bytes(letters.rows("select email_hmac from customer where customer_id = 1")[0][0])
    assert forgotten in letters.predictions()
    with store_session(letters.store_id) as session:
        (care,) = (one for one in flow_kinds_service.flows(session, letters.store_id) if one.name == "Candle care tips")
        assert (care.kind, care.is_set) == ("other", False)
        flow_kinds_service.say(session, letters.store_id, care.program_id, "post_purchase", USER)
        asked = {"customer_id": 1, "email": "", "phone": "", "orders": []}
        request = PrivacyRequest(store_id=letters.store_id, kind="customer_redact", asked_at=clock.now(), asked=asked)
        session.add(request)
        session.flush()
        privacy_service.redact_customer(session, letters.store_id, request, {})
    assert forgotten not in letters.predictions()
    before = letters.truth(3)["by_day"]
    letters.advance(days=8)
    assert letters.sync("catch_up").state == "whole"
    letters.assert_true(29)  # what was opened, clicked and bought since of what was sent before, too
    assert any(letters.truth(11)["by_day"][key] != value for key, value in before.items())  # it did come in
    assert letters.sync("final").state == "whole"
    assert letters.predictions().items() <= letters.expected().items()  # worked out anew each week
    assert forgotten not in letters.predictions()
    kind = "select kind from email_program where name = 'Candle care tips'"
    assert letters.rows(kind) == [("post_purchase",)]
    with store_session(letters.store_id) as session:
        with pytest.raises(InvalidInput):
            flow_kinds_service.say(session, letters.store_id, care.program_id, "campaign", USER)
        flow_kinds_service.say(session, letters.store_id, care.program_id, "", USER)
    assert letters.rows(kind) == [("other",)]


def test_another_account_is_imported_from_the_beginning_and_what_was_read_of_the_former_stays(
    make: Callable[..., Letters],
) -> None:
    letters, other = make(), make()
    letters.use_key()
    letters.sync("first_import")
    letters.use_key()
    with store_session(letters.store_id) as session:
        assert not runs.is_due(session, letters.store_id, "klaviyo_email", "first_import")  # the same one again
    former = (
        "select d.* from email_day d join email_program p using (store_id, program_id) where p.account_id = :account"
    )
    joined = "select * from email_signup_day where account_id = :account"
    (account,) = letters.rows("select account_id from email_account")[0]
    before = [sorted(letters.rows(query, account=account)) for query in (former, joined)]
    letters.use_key(other.key())
    with store_session(letters.store_id) as session:
        assert runs.is_due(session, letters.store_id, "klaviyo_email", "first_import")
    run = letters.sync("first_import")
    assert (run.state, run.message) == ("whole", "")
    assert [sorted(letters.rows(query, account=account)) for query in (former, joined)] == before
    of_days = "select sum(recipients) from email_day d join email_program p using (store_id, program_id)"
    read = letters.rows(
        f"{of_days} where account_id <> :account and day < :today", account=account, today=clock.today(ZONE)
    )
    assert read == [(sum(one[0] for one in other.truth(IMPORTED)["by_day"].values()),)]


def test_a_key_is_tried_before_it_is_kept(make: Callable[..., Letters]) -> None:
    letters = make()
    for wrong, said in (("sk_123", "begins with pk_"), (f"pk_{'0' * 34}", "does not know this key")):
        with pytest.raises(InvalidInput, match=said):
            letters.use_key(wrong)
    key = {"shop": letters.shop, "scopes": ["accounts:read", "flows:read", "metrics:read", "profiles:read"]}
    letters.sandbox.control("POST", "klaviyo/key", json=key)
    with pytest.raises(InvalidInput, match="may not read campaigns"):
        letters.use_key()
    assert letters.rows("select state from connection where channel = 'klaviyo'") == []


def test_a_token_that_ended_is_renewed_and_an_access_that_was_taken_back_is_said(make: Callable[..., Letters]) -> None:
    letters = make()
    letters.log_in()
    letters.sync("first_import")
    letters.advance(hours=2)  # a token lives one
    letters.sandbox.control("POST", "klaviyo/tokens", json={"shop": letters.shop, "how": "expire"})
    assert letters.sync("catch_up").state == "whole"
    letters.sandbox.control("POST", "klaviyo/tokens", json={"shop": letters.shop, "how": "expire"})  # before its time
    run = letters.sync("catch_up")
    assert (run.state, run.message) == ("whole", "On the way: Klaviyo ended the access token early; it was renewed.")
    letters.sandbox.control("POST", "klaviyo/tokens", json={"shop": letters.shop, "how": "revoke"})
    run = letters.sync("catch_up")
    assert (run.state, run.message) == ("failed", faults.ENDED)
    assert letters.connection().state == "expired"
    with pytest.raises(AccessExpired):
        access(letters.store_id, "klaviyo")
    letters.log_in()
    assert letters.sync("catch_up").state == "whole"
    letters.assert_true(IMPORTED)


def test_two_reports_a_minute_and_a_days_allowance_are_kept_without_asking_in_vain(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in REPORTS:
        monkeypatch.setattr(client, name, replace(getattr(client, name), rates=client.REPORT_RATES))
    letters.limits()  # the usual ones there too
    rounds = 0
    while not letters.log() or letters.log()[-1].state == "running":
        with suppress(RateLimited):
            letters.sync("first_import")
        rest_is_over()
        letters.advance(minutes=1)
        rounds += 1
    assert (letters.log()[-1].state, len(letters.log())) == ("whole", 1)
    assert rounds == 2  # four reports
    assert letters.calls("refused") == 0
    letters.assert_true(IMPORTED)
    for name in REPORTS:
        monkeypatch.setattr(client, name, replace(getattr(client, name), rates=PLENTY))
    letters.limits(a_minute=None, a_day=1)
    with pytest.raises(RateLimited) as limited:
        letters.sync("catch_up")
    assert limited.value.retry_after > 120
    assert letters.log()[-1].stage == faults.REPORTS_WAITING


# how often it comes, and what the log then says of it
TROUBLES = {
    "5xx": (3, "Klaviyo is not available at the moment, 3 times"),
    "error_in_200": (2, "Klaviyo is not available at the moment, 2 times"),
    "truncated_page": (2, "Klaviyo's answer broke off, 2 times"),
    "empty_page": (2, "Klaviyo sent an empty page and said that more follows, 2 times"),
    "timeout": (1, "Klaviyo did not answer (ReadTimeout)"),
    "report_slow": (1, ""),
}


@pytest.mark.parametrize("fault", [*TROUBLES, "all together"])
def test_a_stumbling_klaviyo_is_read_whole_and_the_log_tells_of_it(
    letters: Letters, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 2.0)
    troubles = TROUBLES if fault == "all together" else {fault: TROUBLES[fault]}
    for name, (times, _) in troubles.items():
        letters.fault(name, times, path="" if name == "5xx" else "report")
    run = letters.sync("first_import")
    assert run.state == "whole"
    if fault == "all together":
        assert all(said.partition(", ")[0] in run.message for _, said in troubles.values()), run.message
    else:
        said = troubles[fault][1]
        assert run.message == (f"On the way: {said}." if said else "")
    assert letters.sandbox.control("GET", "faults")["faults"] == []
    letters.assert_true(IMPORTED)


def test_a_refusal_for_asking_too_often_is_waited_out_by_all_processes(letters: Letters) -> None:
    letters.fault("http_429", path="flow-series")
    with pytest.raises(RateLimited) as limited:
        letters.sync("first_import")
    assert 25 <= limited.value.retry_after <= 30
    asked = letters.calls()
    with pytest.raises(RateLimited):
        letters.sync("first_import")
    assert letters.calls() - asked <= 3  # account and events; no report is asked for
    rest_is_over()
    assert letters.sync("first_import").state == "whole"
    assert len(letters.log()) == 1
    letters.assert_true(IMPORTED)


def test_a_key_is_taken_though_the_accounts_second_is_used_up(letters: Letters) -> None:
    letters.limits()  # of accounts one call a second, and a key is tried with two
    for _try in range(5):  # unless the two fall on either side of a second's end
        letters.use_key()
        if letters.calls("refused"):
            break
    assert letters.calls("refused") > 0
    assert letters.connection().state == "connected"


def test_rows_that_are_left_out_are_noticed_and_the_next_reading_makes_it_good(letters: Letters) -> None:
    for path in ("campaign-values", "flow-series"):
        letters.fault("rows_dropped", path=path)
        run = letters.sync("first_import")
        assert run.state == "incomplete"
        assert "Sync again; the figures may be incomplete." in run.message
    assert letters.sync("first_import").state == "whole"
    letters.assert_true(IMPORTED)


def test_a_klaviyo_that_stays_away_is_reported_and_after_a_disconnect_nothing_is_asked(letters: Letters) -> None:
    letters.sync("first_import")
    letters.fault("5xx", times=None)
    run = letters.sync("catch_up")
    assert (run.state, run.message) == (
        "failed", "Klaviyo is not available at the moment. Try again in a few minutes.",
    )  # fmt: skip
    letters.sandbox.control("DELETE", "faults")
    with store_session(letters.store_id) as session:
        ad_accounts_service.disconnect(session, letters.store_id, "klaviyo", USER)
    asked = letters.calls()
    run = letters.sync("catch_up")
    assert (run.state, run.message) == ("failed", "Klaviyo is not connected. Connect it on the Connections page.")
    assert letters.calls() == asked
    letters.assert_true(IMPORTED)  # what was read stays


def test_it_is_read_every_six_hours_and_not_with_the_hourly_readings(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sync, "start_sync", lambda store, key, kind: asked.append(key))
    monkeypatch.setattr(sync.read_journeys, "send", lambda store: None)
    sync.catch_up_all.fn()
    assert "shopify_orders" in asked
    assert "klaviyo_email" not in asked
    sync.catch_up_six_hourly.fn()
    assert asked[-1] == "klaviyo_email"
    (job,) = (job for job in schedule.SCHEDULE if job.actor is sync.catch_up_six_hourly)
    assert job.every == timedelta(hours=6)
