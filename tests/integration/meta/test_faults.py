"""Meta over HTTP, in good days and bad: whatever happens, in the end each day and region is what the platform says."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
import redis
import stamina
from pyrate_limiter import Duration, Rate

from clique_app import clock
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.errors import AccessExpired, RateLimited
from clique_app.integrations import quotas
from clique_app.integrations.channels import USUAL_HISTORY_DAYS
from clique_app.integrations.meta import client
from clique_app.settings import settings
from clique_app.sync import overview_service
from clique_app.sync.source import Batch, Kind
from tasks import connections as edge
from tasks import runs, sync
from tests.conftest import Sandbox
from tests.integration.channels.accounts import BERLIN, NEW_YORK, USER, Ads, at_meta, follow_clock, make_ads

NUMBERS = itertools.count(1)
IMPORTED = 35  # days; enough for a month as a report, and quick


@pytest.fixture(scope="module")
def platform(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox("--no-default-store")


@pytest.fixture
def make(database_env: None, platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Ads]]:
    for name, value in platform.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("FIRST_IMPORT_DAYS", str(IMPORTED))
    settings.cache_clear()
    follow_clock(platform, monkeypatch)
    monkeypatch.setattr(runs, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(runs, "time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    monkeypatch.setattr(client, "REPORT_ASK_AGAIN_SECONDS", (0.01,))
    stamina.set_testing(True, attempts=client.READ_ATTEMPTS)
    yield lambda **options: make_ads(platform, monkeypatch, next(NUMBERS), **options)
    stamina.set_testing(False)
    platform.control("DELETE", "faults")


@pytest.fixture
def ads(make: Callable[..., Ads]) -> Ads:
    """Connected, nothing read yet."""
    found = make()
    found.connect()
    return found


def allow_calls() -> None:
    """The rest a platform asked for is over."""
    with redis.Redis.from_url(settings().redis_url) as store:
        store.flushdb()


def test_two_accounts_are_connected_and_imported_with_what_their_ads_show_and_promote(ads: Ads) -> None:
    run = ads.sync("first_import")
    assert (run.state, run.message, run.read) == ("whole", "", run.written)
    ads.assert_true(IMPORTED)
    with store_session(ads.store_id) as session:
        overview = at_meta(session, ads.store_id)
    first = clock.today(NEW_YORK) - timedelta(days=IMPORTED)
    assert [(one.name, one.currency, one.time_zone, one.read_from) for one in overview.accounts] == [
        ("Main", "USD", NEW_YORK, first), ("Zweites", "EUR", BERLIN, first),
    ]  # fmt: skip
    shown = ads.rows(
        "select k.name, c.title, c.body, c.thumbnail_url, c.product_set <> '' from ad a"
        " join creative c on c.store_id = a.store_id and c.creative_id = a.creative_id"
        " join campaign k on k.store_id = a.store_id and k.campaign_id = a.campaign_id order by a.platform_id"
    )
    assert [(row[0], row[4]) for row in shown] == [
        ("Always on", False), ("Always on", False), ("Carousel", False), ("Katalog", True),
    ]  # fmt: skip
    assert all(row[1] and row[2] and row[3].startswith("https://") for row in shown)
    promoted = ads.rows(
        "select distinct k.name, p.product_id, p.found_by from ad_product p"
        " join ad a on a.store_id = p.store_id and a.ad_id = p.ad_id"
        " join campaign k on k.store_id = a.store_id and k.campaign_id = a.campaign_id order by 1, 2"
    )
    assert promoted == [
        ("Always on", 501, "link"), ("Carousel", 501, "card"), ("Carousel", 502, "card"),
        ("Katalog", 501, "product_set"), ("Katalog", 502, "product_set"),
    ]  # fmt: skip
    ads.sync("catch_up")  # which does not read product sets
    assert len(ads.rows("select from ad_product where found_by = 'product_set'")) == 2


def test_the_whole_history_of_37_months_comes_and_goes_on_where_it_was_cut(
    make: Callable[..., Ads], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "LONGEST_PAUSE_SECONDS", 0.05)
    for rates in ("ACCOUNT_RATES", "APP_RATES"):  # the pause is too short for a burst
        monkeypatch.setattr(client, rates, (Rate(3000, Duration.MINUTE),))
    ads = make(since_days=1300)
    ads.connect(ads.main)
    assert ads.sync("first_import").state == "whole"
    ads.sandbox.control("POST", "meta/quota", json={"account": ads.main, "calls_per_hour": 120})
    with pytest.raises(RateLimited):
        ads.sync("history")
    cut = ads.last_run()
    assert cut.state == "running"
    assert cut.written > 0
    ads.sandbox.control("POST", "meta/quota", json={"account": ads.main, "calls_per_hour": None})
    allow_calls()
    run = ads.sync("history")
    assert (run.state, run.run_id, len(ads.log())) == ("whole", cut.run_id, 2)  # the run went on, it did not begin anew
    oldest = clock.today(NEW_YORK) - timedelta(days=USUAL_HISTORY_DAYS)
    assert ads.rows("select min(day) from ad_day") == [(oldest,)]
    ads.assert_true((clock.today(NEW_YORK) - oldest).days, [ads.main])


def test_a_catch_up_reads_the_days_since_the_last_one(ads: Ads) -> None:
    ads.sync("first_import")
    ads.advance(days=2)
    assert ads.sync("catch_up").state == "whole"
    ads.assert_true(2)


def test_a_restatement_keeps_each_former_value_of_the_last_28_days(ads: Ads) -> None:
    ads.sync("first_import")
    known = clock.today(NEW_YORK) - timedelta(days=1)
    before = {account: ads.kept(account, known - timedelta(days=27)) for account in (ads.main, ads.second)}
    ads.advance(days=4)
    assert ads.sync("final").state == "whole"
    ads.assert_true(28)
    restated = ads.rows("select count(*), count(distinct day) from ad_day_former")
    assert restated[0][0] >= 4
    former = ads.rows(
        "select c.account_id, f.day, sum(f.spend - d.spend) from ad_day_former f"
        " join ad_day d on d.store_id = f.store_id and d.day = f.day and d.ad_id = f.ad_id"
        " join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id group by 1, 2"
    )
    for account, day, difference in former:
        now = ads.kept(account, day)[day.isoformat()]["spend"]
        assert before[account][day.isoformat()]["spend"] == now + difference


@pytest.mark.parametrize("how", ["expire", "revoke", "password_changed"])
def test_a_dead_token_is_said_and_a_reconnect_reads_on(ads: Ads, how: str) -> None:
    ads.sync("first_import")
    if how == "password_changed":
        ads.fault(how)
    else:
        ads.sandbox.control("POST", "meta/tokens", json={"how": how})
    run = ads.sync("catch_up")
    assert (run.state, run.message) == ("failed", "Access to Meta has ended. Reconnect it on the Connections page.")
    with store_session(ads.store_id) as session:
        overview = at_meta(session, ads.store_id)
    assert (overview.state, overview.problem) == ("expired", run.message)
    with pytest.raises(AccessExpired):
        access(ads.store_id, "meta")
    ads.connect()
    assert ads.connection().state == "connected"
    assert ads.sync("catch_up").state == "whole"
    ads.assert_true(IMPORTED)


def test_an_access_near_its_end_is_warned_of_and_one_past_it_is_not_used(ads: Ads) -> None:
    ads.sync("first_import")
    ads.advance(days=55)
    with store_session(ads.store_id) as session:
        assert "Reconnect it before" in ad_accounts.check(session, ads.store_id, "meta").problem
    ads.advance(days=6)
    assert ads.sync("catch_up").state == "failed"
    with store_session(ads.store_id) as session:
        overview = at_meta(session, ads.store_id)
    assert overview.state == "expired"


@pytest.mark.parametrize("fault", ["rate_limit", "throttled", "rate_limit_insights", "app_rate_limit", "http_429"])
def test_a_limit_is_waited_out_by_all_processes_and_the_run_goes_on(ads: Ads, fault: str) -> None:
    ads.fault(fault, path="insights", method="POST")
    with pytest.raises(RateLimited):
        ads.sync("first_import")
    assert ads.last_run().state == "running"
    asked = "from clique_app.integrations.meta.channel import META; META.read('t', '{}', 'campaign', '1')"
    other = subprocess.run([sys.executable, "-c", asked.format(ads.main)], capture_output=True, text=True, check=False)
    assert "RateLimited" in other.stderr  # another process does not even ask
    with pytest.raises(RateLimited):
        ads.sync("first_import")  # in vain, and no second wait
    allow_calls()
    run = ads.sync("first_import")
    assert (run.state, run.message.count("Meta asks Clique to wait")) == ("whole", 1)
    assert "times" not in run.message
    assert len(ads.log()) == 1
    ads.assert_true(IMPORTED)


def test_usage_is_heeded_before_meta_blocks(ads: Ads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "LONGEST_PAUSE_SECONDS", 0.05)
    # far fewer than the history takes: 14 to 20, by the day of the month it is read on
    ads.sandbox.control("POST", "meta/quota", json={"account": ads.main, "calls_per_hour": 8})
    with pytest.raises(RateLimited) as limited:
        ads.sync("first_import")
    used = ads.sandbox.control("GET", "meta/quota", params={"account": ads.main})["used_pct"]
    assert 95 <= used <= 100
    assert limited.value.retry_after >= 50
    ads.sandbox.control("POST", "meta/quota", json={"account": ads.main, "calls_per_hour": None})
    allow_calls()
    assert ads.sync("first_import").state == "whole"
    ads.assert_true(IMPORTED)


# how often it comes, and what the log then says of it
TROUBLES = {
    "5xx": (6, "Meta is not available at the moment, 6 times"),
    "timeout": (1, "Meta did not answer in time, or not whole"),
    "error_in_200": (2, "Meta is not available at the moment, 2 times"),
    "truncated_page": (2, "Meta's answer broke off, 2 times"),
    "empty_page": (2, "Meta sent an empty page and said that more follows, 2 times"),
    "too_much_data": (2, "Meta did not manage a report; one of each half of its days was asked for, 2 times"),
    "report_slow": (3, ""),
    "report_skipped": (1, "Meta gave a report up; it was asked for again"),
    "report_failed": (5, "Meta did not manage a report; one of each half of its days was asked for, 2 times"),
}


@pytest.mark.parametrize("fault", [*TROUBLES, "all together"])
def test_a_stumbling_platform_is_read_whole(ads: Ads, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 2.0)
    troubles = TROUBLES if fault == "all together" else {fault: TROUBLES[fault]}
    for name, (times, _) in troubles.items():
        path = {"5xx": f"act_{ads.main}", "too_much_data": "/insights", "empty_page": "/insights"}.get(name, "")
        ads.fault(name, times, path=path)
    run = ads.sync("first_import")
    assert run.state == "whole"
    if fault == "all together":
        assert all(said.partition(", ")[0] in run.message for _, said in troubles.values()), run.message
    elif said := troubles[fault][1]:
        assert run.message.startswith("On the way: ")
        assert said in run.message
    else:
        assert run.message == ""
    assert ads.sandbox.control("GET", "faults")["faults"] == []
    ads.assert_true(IMPORTED)


def test_a_platform_that_stays_away_is_reported_and_the_next_reading_makes_it_good(ads: Ads) -> None:
    ads.fault("5xx", times=None)
    run = ads.sync("first_import")
    assert (run.state, run.message) == (
        "failed", "Meta is not available at the moment. Try again in a few minutes.",
    )  # fmt: skip
    ads.sandbox.control("DELETE", "faults")
    assert ads.sync("first_import").state == "whole"
    ads.assert_true(IMPORTED)


def test_rows_that_are_left_out_are_noticed(ads: Ads) -> None:
    ads.fault("rows_dropped", path="6000", method="GET")  # of the first report
    run = ads.sync("first_import")
    assert run.state == "incomplete"
    assert "Sync again; the figures may be incomplete." in run.message
    assert ads.sync("first_import").state == "whole"
    ads.assert_true(IMPORTED)


REGIONS, ADS = "campaign", "ad"  # the levels that insights are asked at, for each


@pytest.mark.parametrize("kind", ["first_import", "catch_up", "final"])
def test_regions_that_are_left_out_are_said_and_nothing_is_taken_for_gone(ads: Ads, kind: Kind) -> None:
    if kind != "first_import":
        ads.sync("first_import")
        ads.advance(days=3)
        ads.sync("final")
        ads.advance(
            days=2
        )  # so that a catch-up reads weeks: of two days the half that comes may be the one that is over
    before = dict(ads.rows("select (day, campaign_id, country, region)::text, impressions from campaign_region_day"))
    ads.fault("rows_dropped", times=None, operation=REGIONS)
    run = ads.sync(kind)
    assert run.state == "incomplete"
    for name, account in (("Main", ads.main), ("Zweites", ads.second)):
        assert f"{name} ({account}), " in run.message
    assert " by region, but " in run.message
    assert " by ad, but " not in run.message
    after = dict(ads.rows("select (day, campaign_id, country, region)::text, impressions from campaign_region_day"))
    assert all(after[key] >= count for key, count in before.items())
    assert all(after.values())
    if kind == "first_import":  # what is not whole does not count as read, and is asked for again
        with store_session(ads.store_id) as session:
            assert {one.read_from for one in at_meta(session, ads.store_id).accounts} == {None}
    ads.sandbox.control("DELETE", "faults")
    run = ads.sync(kind)
    assert (run.state, run.message) == ("whole", "")
    ads.assert_true(IMPORTED if kind == "first_import" else 28)


def test_ads_that_are_left_out_of_a_restatement_keep_their_figures(ads: Ads) -> None:
    ads.sync("first_import")
    ads.fault("rows_dropped", times=None, operation=ADS)
    run = ads.sync("final")
    assert run.state == "incomplete"
    assert " by ad, but " in run.message
    ads.assert_true(IMPORTED)
    assert ads.rows("select from ad_day_former") == []
    ads.sandbox.control("DELETE", "faults")
    assert ads.sync("final").state == "whole"
    ads.assert_true(IMPORTED)
    assert ads.rows("select from ad_day_former") == []


def test_what_was_missing_is_not_forgotten_while_a_run_waits(ads: Ads) -> None:
    ads.fault("rows_dropped", times=None, operation=REGIONS)
    ads.fault("rate_limit", path=f"act_{ads.second}")
    with pytest.raises(RateLimited):
        ads.sync("first_import")
    allow_calls()
    run = ads.sync("first_import")
    assert (run.state, len(ads.log())) == ("incomplete", 1)
    assert run.message.startswith(f"Main ({ads.main}), ")


def test_an_account_that_is_refused_is_named_and_the_others_are_read(ads: Ads) -> None:
    ads.sync("first_import")
    ads.sandbox.control("POST", "meta/rights", json={"account": ads.main, "granted": False})
    ads.advance(days=2)
    run = ads.sync("catch_up")
    assert run.state == "incomplete"
    assert run.message == (
        f"The ad account Main ({ads.main}) was not read. The person who connected Meta may not do this with the ad "
        "account. (#200) Ad account owner has NOT grant ads_management or ads_read permission. Mend the access to it "
        "at Meta, or take it off on the Connections page."
    )
    ads.assert_true(2, [ads.second])
    newest = ads.rows("select max(day) from ad_day d join campaign c using (store_id, campaign_id)"
                      " where c.account_id = :account", account=ads.main)  # fmt: skip
    assert newest[0][0] <= ads.yesterday(ads.main) - timedelta(days=1)
    ads.sandbox.control("POST", "meta/rights", json={"account": ads.second, "granted": False})
    run = ads.sync("catch_up")
    assert (run.state, run.message.split(". ")[0]) == (
        "failed", "The person who connected Meta may not do this with the ad account",
    )  # fmt: skip
    for account in (ads.main, ads.second):
        ads.sandbox.control("POST", "meta/rights", json={"account": account, "granted": True})
    run = ads.sync("catch_up")
    assert (run.state, run.message) == ("whole", "")
    ads.assert_true(2)


@pytest.mark.parametrize("kind", ["catch_up", "manual", "final"])
def test_after_an_outage_of_weeks_each_reading_begins_where_the_last_whole_one_ended(ads: Ads, kind: Kind) -> None:
    ads.sync("first_import")
    ads.advance(days=40)
    assert ads.sync(kind).state == "whole"
    assert ads.sync("catch_up").state == "whole"
    ads.assert_true(IMPORTED + 40)


def test_months_that_an_outage_left_and_a_cut_reading_did_not_reach_are_read_by_the_next(
    ads: Ads, monkeypatch: pytest.MonkeyPatch
) -> None:
    ads.choose(ads.main)
    ads.sync("first_import")
    ads.advance(days=40)
    write = runs.Run._write

    def write_and_lose_meta(run: runs.Run, batch: Batch) -> None:
        write(run, batch)
        if batch.stage.endswith(" is here"):  # the newest month
            ads.fault("5xx", times=None)

    with monkeypatch.context() as patch:
        patch.setattr(runs.Run, "_write", write_and_lose_meta)
        assert ads.sync("final").state == "failed"
    ads.sandbox.control("DELETE", "faults")
    assert ads.sync("catch_up").state == "whole"
    ads.assert_true(IMPORTED + 40, [ads.main])


def test_an_account_that_stays_refused_is_waited_for_alone_and_read_from_where_it_was_left(ads: Ads) -> None:
    ads.sync("first_import")
    ads.sandbox.control("POST", "meta/rights", json={"account": ads.main, "granted": False})
    ads.advance(days=35)
    for _ in range(3):  # of two months the older is here after the first, the newer after the second
        run = ads.sync("catch_up")
        assert run.state == "incomplete"
    ads.assert_true(IMPORTED + 35, [ads.second])
    again = ads.rows("select min(day) from ad_day where read_at >= :began", began=run.started_at)
    assert again == [(clock.today(BERLIN) - timedelta(days=1),)]
    ads.sandbox.control("POST", "meta/rights", json={"account": ads.main, "granted": True})
    run = ads.sync("catch_up")
    assert (run.state, run.message) == ("whole", "")
    ads.assert_true(IMPORTED + 35)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, Kind]]:
    """What is asked for by itself."""
    found: list[tuple[int, str, Kind]] = []
    for actor in (sync.run_source, sync.run_history):
        monkeypatch.setattr(actor, "send", lambda *args: found.append(args))
    return found


def standing(ads: Ads) -> overview_service.Standing:
    with store_session(ads.store_id) as session:
        return next(one for one in overview_service.standings(session, ads.store_id) if one.source == "meta_ads")


def test_a_history_that_failed_with_the_access_is_taken_up_when_it_is_connected_again(
    make: Callable[..., Ads], asked: list[tuple[int, str, Kind]]
) -> None:
    ads = make(since_days=200)
    ads.connect(ads.main)
    ads.sync("first_import")
    ads.sandbox.control("POST", "meta/tokens", json={"how": "revoke"})
    assert ads.sync("history").state == "failed"
    sync.resume_all_histories.fn()
    assert asked == []  # nothing can be read now
    ads.connect(ads.main)
    assert ads.sync("catch_up").state == "whole"
    assert (standing(ads).state, standing(ads).mend) == ("failed", "history")
    assert standing(ads).problem == (
        "Not read to the end before Meta was connected again. Clique reads the rest by itself."
    )
    edge.begin_import(ads.store_id, "meta")
    for ask in asked.copy():
        sync.run_history.fn(*ask)
    assert [(run.kind, run.state) for run in ads.log()[1:]] == [
        ("history", "failed"), ("catch_up", "whole"), ("history", "whole"),
    ]  # fmt: skip
    assert (standing(ads).state, standing(ads).problem) == ("up_to_date", "")
    ads.assert_true(199, [ads.main])
    asked.clear()
    sync.resume_all_histories.fn()
    assert asked == []


def test_an_import_or_a_history_that_lacks_rows_is_read_again_by_itself_with_all_its_days(
    make: Callable[..., Ads], asked: list[tuple[int, str, Kind]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST_IMPORT_DAYS", "90")
    settings.cache_clear()
    ads = make(since_days=300)
    ads.connect(ads.main)
    ads.fault("rows_dropped", times=None, path="6000", method="GET")  # of every report
    assert ads.sync("first_import").state == "incomplete"
    ads.sandbox.control("DELETE", "faults")
    sync.run_source.fn(ads.store_id, "meta_ads", "catch_up")
    assert (ads.last_run().kind, ads.last_run().state) == ("first_import", "whole")
    ads.assert_true(90, [ads.main])
    ads.fault("rows_dropped", times=None, path="6000", method="GET")
    assert ads.sync("history").state == "incomplete"
    ads.sandbox.control("DELETE", "faults")
    assert ads.sync("catch_up").state == "whole"
    assert (standing(ads).state, standing(ads).mend) == ("incomplete", "history")
    asked.clear()
    sync.resume_all_histories.fn()
    assert asked == [(ads.store_id, "meta_ads", "history")]
    sync.run_history.fn(*asked[0])
    assert standing(ads).state == "up_to_date"
    ads.assert_true(299, [ads.main])


def test_a_nightly_reading_that_lacks_rows_stands_on_the_card_until_one_is_whole(ads: Ads) -> None:
    ads.choose(ads.main)
    ads.sync("first_import")
    ads.fault("rows_dropped", path="6000", method="GET")
    assert ads.sync("final").state == "incomplete"
    ads.advance(hours=1)
    assert ads.sync("catch_up").state == "whole"
    assert standing(ads).state == "incomplete"
    assert "Sync again" in standing(ads).problem
    assert ads.sync("final").state == "whole"
    assert standing(ads).state == "up_to_date"
    ads.assert_true(IMPORTED, [ads.main])


def test_one_account_is_taken_off_and_another_added_later_is_read_from_its_beginning(ads: Ads) -> None:
    ads.choose(ads.main)
    ads.sync("first_import")
    assert ads.kept(ads.second, clock.today(BERLIN) - timedelta(days=IMPORTED)) == {}
    ads.choose(ads.main, ads.second)
    run = ads.sync("first_import")
    assert run.state == "whole"
    ads.assert_true(IMPORTED)
    again = ads.rows(
        "select c.account_id, min(d.day) from ad_day d join campaign c using (store_id, campaign_id)"
        " where d.read_at >= :began group by 1 order by 1", began=run.started_at,
    )  # fmt: skip
    today = clock.today(NEW_YORK)
    assert again[0] == (ads.main, today - timedelta(days=28))  # of what is here only what may have been restated
    assert again[1] == (ads.second, today - timedelta(days=IMPORTED))
    ads.choose(ads.main)
    ads.advance(days=1)
    assert ads.sync("catch_up").state == "whole"
    ads.assert_true(1, [ads.main])
    last = ads.rows("select max(d.day) from ad_day d join campaign c using (store_id, campaign_id)"
                    " where c.account_id = :account", account=ads.second)  # fmt: skip
    assert last[0][0] <= clock.today(BERLIN) - timedelta(days=1)  # what was read of it stays


def test_after_a_disconnect_nothing_is_asked_and_what_was_read_stays(ads: Ads) -> None:
    ads.sync("first_import")
    with store_session(ads.store_id) as session:
        ad_accounts.disconnect(session, ads.store_id, "meta", USER)
    asked = ads.sandbox.control("GET", "meta/quota")["used_pct"]
    run = ads.sync("catch_up")
    assert (run.state, run.message) == ("failed", "Meta is not connected. Connect it on the Connections page.")
    assert ads.sandbox.control("GET", "meta/quota")["used_pct"] == asked
    ads.assert_true(IMPORTED)
