"""What holds for every ad channel, over HTTP, in good days and bad: in the end each day and region is what it says.

A platform's own troubles are in its own tests; Meta's have all of this and more (tests/integration/meta).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import cast

import pytest
import redis
import stamina
from pyrate_limiter import Duration, Rate

from clique_app import clock
from clique_app.actions import execute
from clique_app.actions.definition import Outcome
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.errors import RateLimited
from clique_app.imports import service as files
from clique_app.integrations.channels import AdWriter, Level
from clique_app.integrations.registry import ad_channel
from clique_app.integrations.tiktok import mapping as tiktok_mapping
from clique_app.settings import settings
from clique_app.tables import Connection, Member
from tasks import imports, runs
from tests.conftest import Sandbox
from tests.integration.channels.accounts import NEW_YORK, USER, Ads, follow_clock, make_ads

IMPORTED = 35
# of the days that are over everywhere
BY_REGION = "select (day, campaign_id, country, region)::text, spend from campaign_region_day where day < :today"
LEVELS: tuple[Level, ...] = ("campaign", "ad_group", "ad")
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Case:
    """A channel, and where its emulator's troubles strike."""

    channel: str
    days: str  # in the path of the calls that bring days
    regions: dict[str, str]  # what only the call that brings days by region is known by
    stumbles: dict[str, int]  # troubles that are overcome within a reading, and how often they come
    quota: dict[str, int]  # what the emulator is told to allow, so that a test need not wait


CASES = (
    Case(
        "tiktok",
        "report/integrated",
        {"operation": "AUDIENCE"},
        {"5xx": 3, "timeout": 1, "error_in_200": 2, "truncated_page": 2, "empty_page": 2},
        {"calls_per_second": 1000},
    ),
    Case(
        "pinterest",
        "reports",
        {"path": "reports/CAMPAIGN_TARGETING"},
        {"5xx": 3, "timeout": 1, "error_in_200": 2, "truncated_page": 2, "empty_page": 2, "report_slow": 1,
         "report_skipped": 1, "report_failed": 1},
        {"calls_per_minute": 100_000},
    ),
    Case(
        "google",
        "metrics.cost_micros",
        {"path": "segments.geo_target_region"},
        {"5xx": 1, "timeout": 1, "truncated_page": 1, "empty_page": 2},
        {},
    ),
)  # fmt: skip


META = Case("meta", "insights", {"operation": "campaign"}, {}, {})  # of whose list only what its own tests leave out


@pytest.fixture(params=CASES, ids=lambda case: case.channel)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture(scope="module")
def platform(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox("--no-default-store")


@pytest.fixture
def ads(case: Case, database_env: None, platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ads]:
    """Connected, nothing read yet."""
    for name, value in platform.settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("FIRST_IMPORT_DAYS", str(IMPORTED))
    settings.cache_clear()
    follow_clock(platform, monkeypatch)
    client = import_module(f"clique_app.integrations.{case.channel}.client")
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 2.0)
    monkeypatch.setattr(client, "APP_RATES", (Rate(1000, Duration.SECOND),))
    monkeypatch.setattr(client, "REPORT_ASK_AGAIN_SECONDS", (0.01,), raising=False)
    platform.control("POST", f"{case.channel}/quota", json=case.quota)
    monkeypatch.setattr(runs, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(runs, "time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    stamina.set_testing(True, attempts=client.READ_ATTEMPTS)
    found = make_ads(platform, monkeypatch, next(NUMBERS), channel=case.channel)
    found.connect()
    yield found
    stamina.set_testing(False)
    platform.control("DELETE", "faults")


def overview(ads: Ads) -> ad_accounts.Overview:
    with store_session(ads.store_id) as session:
        return next(one for one in ad_accounts.connections(session, ads.store_id) if one.channel == ads.channel)


def allow_calls() -> None:
    """The rest a platform asked for is over."""
    with redis.Redis.from_url(settings().redis_url) as store:
        store.flushdb()


def test_two_accounts_are_imported_with_what_their_ads_show_and_promote(ads: Ads) -> None:
    run = ads.sync("first_import")
    assert (run.state, run.read) == ("whole", run.written), run.message
    ads.assert_true(IMPORTED)
    first = clock.today(NEW_YORK) - timedelta(days=IMPORTED)
    known = [(one.name, one.currency, one.time_zone, one.read_from) for one in overview(ads).accounts]
    assert known == [("Main", "USD", NEW_YORK, first), ("Zweites", "EUR", "Europe/Berlin", first)]
    budgets = ads.rows("select daily_budget, status from campaign where name = 'Always on'")
    assert budgets == [(Decimal(90), "active")]
    shown = ads.rows(
        "select a.link_path, p.product_id, c.body <> '' from ad a"
        " join creative c on c.store_id = a.store_id and c.creative_id = a.creative_id"
        " join ad_product p on p.store_id = a.store_id and p.ad_id = a.ad_id and p.found_by = 'link'"
    )
    assert set(shown) == {("/products/amber-candle", 501, True)}
    assert ads.rows("select from ad_day d where d.reported_revenue > 0 and d.reported_conversions > 0 limit 1")


def test_a_catch_up_and_a_restatement_follow_the_platform(ads: Ads) -> None:
    ads.sync("first_import")
    ads.advance(days=2)
    assert ads.sync("catch_up").state == "whole"
    ads.assert_true(2)
    ads.advance(days=2)
    before = {(day, ad): spend for day, ad, spend in ads.rows("select day, ad_id, spend from ad_day")}
    run = ads.sync("final")
    assert run.state == "whole"
    ads.assert_true(28)
    former = ads.rows(
        "select day, ad_id, f.spend from ad_day_former f join ad_day d using (store_id, day, ad_id)"
        " where f.replaced_at = d.read_at and f.replaced_at >= :began",
        began=run.started_at,
    )
    assert len({day for day, _, _ in former}) >= 4
    assert all(before[day, ad] == spend for day, ad, spend in former)


def test_an_access_taken_back_is_said_and_a_reconnect_reads_on(ads: Ads) -> None:
    label = ad_channel(ads.channel).label
    ads.sync("first_import")
    ads.sandbox.control("POST", f"{ads.channel}/tokens", json={"how": "revoke"})
    run = ads.sync("catch_up")
    assert (run.state, run.message) == (
        "failed", f"Access to {label} has ended. Reconnect it on the Connections page.",
    )  # fmt: skip
    assert (overview(ads).state, overview(ads).problem) == ("expired", run.message)
    ads.connect()
    assert overview(ads).state == "connected"
    assert ads.sync("catch_up").state == "whole"
    ads.assert_true(IMPORTED)


def test_an_access_that_ends_is_renewed_where_it_can_be_or_asks_for_the_person(ads: Ads) -> None:
    ads.sync("first_import")
    ads.sandbox.control("POST", f"{ads.channel}/tokens", json={"how": "expire"})
    run = ads.sync("catch_up")
    assert (run.state, overview(ads).state) in (("whole", "connected"), ("failed", "expired"))
    if run.state == "failed":
        ads.connect()
        assert ads.sync("catch_up").state == "whole"
    ads.assert_true(IMPORTED)


@pytest.mark.parametrize("fault", ["rate_limit", "throttled", "http_429"])
def test_a_limit_is_waited_out_by_everybody_and_the_run_goes_on(ads: Ads, fault: str, case: Case) -> None:
    ads.fault(fault, path=case.days)
    with pytest.raises(RateLimited):
        ads.sync("first_import")
    assert ads.last_run().state == "running"
    ads.fault("5xx")  # nobody asks again before the time: it stays
    with pytest.raises(RateLimited):
        ads.sync("first_import")
    assert [fault["fault"] for fault in ads.sandbox.control("GET", "faults")["faults"]] == ["5xx"]
    allow_calls()
    assert ads.sync("first_import").state == "whole"
    assert len(ads.log()) == 1
    ads.assert_true(IMPORTED)


def test_a_stumbling_platform_is_read_whole_and_the_log_tells_of_it(ads: Ads, case: Case) -> None:
    for name, times in case.stumbles.items():
        ads.fault(name, times)
    run = ads.sync("first_import")
    assert run.state == "whole", run.message
    assert run.message.startswith("On the way: ")
    assert ads.sandbox.control("GET", "faults")["faults"] == []
    ads.assert_true(IMPORTED)


def test_what_stays_away_or_leaves_rows_out_is_reported_and_made_good_later(ads: Ads, case: Case) -> None:
    label = ad_channel(ads.channel).label
    ads.fault("rows_dropped", None, path=case.days)
    run = ads.sync("first_import")
    assert run.state == "incomplete"
    assert "Sync again; the figures may be incomplete." in run.message
    ads.sandbox.control("DELETE", "faults")
    ads.fault("5xx", times=None)
    run = ads.sync("catch_up")
    assert (run.state, run.message) == (
        "failed", f"{label} is not available at the moment. Try again in a few minutes.",
    )  # fmt: skip
    ads.sandbox.control("DELETE", "faults")
    assert ads.sync("first_import").state == "whole"
    ads.assert_true(IMPORTED)


@pytest.mark.parametrize("case", [*CASES, META], ids=lambda case: case.channel, indirect=True)
def test_regions_left_out_are_seen_and_nothing_is_taken_for_gone(ads: Ads, case: Case) -> None:
    label = ad_channel(ads.channel).label
    ads.sync("first_import")
    before = dict(ads.rows(BY_REGION, today=clock.today("UTC") - timedelta(days=1)))
    ads.fault("rows_dropped", None, **case.regions)
    run = ads.sync("final")
    assert run.state == "incomplete"
    assert run.message.startswith(f"Main ({ads.main}), ")
    assert f": {label} counts " in run.message
    assert " USD by region, but " in run.message
    assert run.message.endswith(" came. Sync again.")
    assert dict(ads.rows(BY_REGION, today=clock.today("UTC") - timedelta(days=1))) == before
    ads.sandbox.control("DELETE", "faults")
    assert ads.sync("final").state == "whole"
    ads.assert_true(IMPORTED)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.channel == "pinterest"], ids=["pinterest"], indirect=True
)
def test_regions_left_out_of_countries_that_are_whole_are_not_taken_for_unknown(ads: Ads) -> None:
    ads.sync("first_import")
    before = dict(ads.rows(BY_REGION, today=clock.today("UTC") - timedelta(days=1)))
    ads.fault("rows_dropped", None, path="reports/CAMPAIGN_TARGETING", operation="REGION", object="DAY")
    run = ads.sync("final")
    assert run.state == "incomplete"
    assert " USD by named region, but " in run.message
    assert " by region, but " not in run.message
    assert run.skipped_why["regions of which only a part came; what was here stays"] > 0
    assert dict(ads.rows(BY_REGION, today=clock.today("UTC") - timedelta(days=1))) == before
    ads.sandbox.control("DELETE", "faults")
    assert ads.sync("final").state == "whole"
    ads.assert_true(IMPORTED)


@pytest.mark.parametrize("case", CASES[:1], ids=["tiktok"], indirect=True)
def test_provinces_that_are_not_listed_are_one_unknown_region(ads: Ads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiktok_mapping, "places_of", lambda listed: {})
    run = ads.sync("first_import")
    assert (run.state, run.message) == ("whole", "")
    first = clock.today(NEW_YORK) - timedelta(days=IMPORTED)
    ours, theirs = ads.regions(ads.main, first)
    assert {key.partition("/")[2] for key in ours} == {"unknown/Unknown"}
    assert sum(ours.values()) == sum(theirs.values())


def test_a_budget_is_written_read_back_and_undone_and_an_empty_success_is_noticed(
    ads: Ads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "READ_BACK_AFTER", (0.0, 0.1))
    ads.sync("first_import")
    ((campaign, before),) = ads.rows("select platform_id, daily_budget from campaign where name = 'Always on'")
    after = before * Decimal("0.9")
    with store_session(ads.store_id) as session:
        session.add(Member(store_id=ads.store_id, user_id=USER, role="owner", first_seen_at=clock.now(),
                           last_seen_at=clock.now()))  # fmt: skip

    def live() -> Decimal:
        return Decimal(ads.sandbox.control("GET", f"{ads.channel}/objects/{campaign}")["daily_budget"])

    def change() -> Outcome:
        return execute.change_budget(ads.store_id, ads.channel, "campaign", campaign, after, USER)

    ads.fault("write_ok_no_change")
    assert (change().state, live()) == ("not_applied", before)
    done = change()
    assert (done.state, live()) == ("applied", after), done.note
    assert execute.undo(ads.store_id, done.action_id or 0, USER).state == "applied"
    assert live() == before


@pytest.mark.parametrize("case", [*CASES, META], ids=lambda case: case.channel, indirect=True)
def test_a_status_of_every_level_is_written_and_read_back_and_an_empty_success_is_noticed(ads: Ads) -> None:
    ads.choose(ads.main)
    ads.sync("first_import")
    channel, given = ad_channel(ads.channel), access(ads.store_id, ads.channel)
    writer = cast(AdWriter, import_module(f"clique_app.integrations.{ads.channel}.write"))
    for level in LEVELS:
        ((platform_id,),) = ads.rows(f"select platform_id from {level} where status = 'active' order by 1 limit 1")

        def live(level: Level = level, platform_id: str = platform_id) -> str:
            return channel.read(given.token, ads.main, level, platform_id).status

        assert live() == "active"
        ads.fault("write_ok_no_change")
        writer.set_status(given.token, ads.main, level, platform_id, "paused")
        assert live() == "active"
        for status in ("paused", "active"):
            writer.set_status(given.token, ads.main, level, platform_id, status)
            assert live() == status


def test_after_a_disconnect_nothing_is_asked_and_what_was_read_stays(ads: Ads) -> None:
    ads.sync("first_import")
    with store_session(ads.store_id) as session:
        ad_accounts.disconnect(session, ads.store_id, ads.channel, USER)
    ads.fault("5xx")
    run = ads.sync("catch_up")
    label = ad_channel(ads.channel).label
    assert (run.state, run.message) == ("failed", f"{label} is not connected. Connect it on the Connections page.")
    assert len(ads.sandbox.control("GET", "faults")["faults"]) == 1
    ads.assert_true(IMPORTED)


@pytest.mark.parametrize("case", CASES[:1], ids=["tiktok"], indirect=True)
def test_a_spend_sheet_gives_way_to_what_its_channel_tells_later(ads: Ads) -> None:
    today = clock.today(NEW_YORK)
    with store_session(ads.store_id) as session:
        session.get_one(Connection, (ads.store_id, ads.channel)).state = "disconnected"  # as if never connected
    days = [today - timedelta(days=ago) for ago in (300, 20, 10)]
    lines = "".join(f"{day},{channel},Spring,7,,\n" for channel in (ads.channel, "TV") for day in days)
    with store_session(ads.store_id) as session:
        sheet = f"Day,Channel,Campaign,Spend,Currency,Clicks\n{lines}".encode()
        file_id = files.receive(session, ads.store_id, files.OPERATOR, "spend.csv", sheet)
        files.begin(session, ads.store_id, file_id, files.OPERATOR)
    imports.import_now(ads.store_id, file_id)
    ads.connect()
    ads.sync("first_import")
    of_file = (
        "select d.channel, d.day from ad_day d join campaign c using (store_id, campaign_id)"
        " where c.account_id = 'file'"
    )
    assert set(ads.rows(of_file)) == {("tv", day) for day in days} | {(ads.channel, days[0])}
    with store_session(ads.store_id) as session:
        (past,) = files.past(session, ads.store_id)
        assert past.counts["gave_way"] == 2
    ads.assert_true(IMPORTED)
    ads.sync("catch_up")
    assert imports.remove_file(ads.store_id, file_id, files.OPERATOR).counts == {"removed": 4}
    assert ads.rows(of_file) == []
