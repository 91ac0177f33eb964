"""Pinterest's client over HTTP against the emulator: refusals, stumbles, writes whose outcome is open, and refresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import stamina

from clique_app import clock
from clique_app.errors import AccessExpired, PlatformError, RateLimited, Rejected, Unavailable
from clique_app.integrations import quotas
from clique_app.integrations.access import Account
from clique_app.integrations.channels import AdAccount, Grant, Total
from clique_app.integrations.pinterest import client, reads, write
from clique_app.integrations.pinterest.channel import PINTEREST
from clique_app.sandbox.platforms import environment
from clique_app.settings import settings
from tests.conftest import TEST_SETTINGS
from tests.contract.sandbox_server import APP_URL, Served, serve
from tests.kit.plain_http import PLAIN_HTTP

CALLBACK = f"{APP_URL}/auth/pinterest/callback"
NO_SERVERS = {"DATABASE_URL": "postgresql://nowhere/none", "REDIS_URL": "redis://127.0.0.1:1"}


class Connected:
    """A merchant who connected Pinterest, and the sandbox's hand on it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.grant = self.log_in()
        self.account: AdAccount = PINTEREST.accounts(self.token)[0]
        self.campaign = next(
            one.campaign_id for one in served.world.ads.campaigns_of(self.account.account_id) if one.daily_budget
        )

    @property
    def token(self) -> str:
        return self.grant.access_token

    def log_in(self) -> Grant:
        dialog = PINTEREST.dialog_url(state="s", redirect_uri=CALLBACK)
        back = PLAIN_HTTP.post(dialog, data={"choice": "continue"}).headers["location"]
        return PINTEREST.exchange(code=httpx.URL(back).params["code"], redirect_uri=CALLBACK)

    def reader(self) -> reads.PinterestReader:
        one = self.account
        return reads.PinterestReader(self.token, Account(one.account_id, one.currency, one.time_zone))

    def read(self) -> Any:
        return PINTEREST.read(self.token, self.account.account_id, "campaign", self.campaign)

    def set_budget(self, amount: Decimal) -> None:
        write.set_daily_budget(self.token, self.account.account_id, "campaign", self.campaign, amount, "USD")

    def control(self, path: str, **body: Any) -> None:
        PLAIN_HTTP.post(f"{self.served.url}/_control/{path}", json=body).raise_for_status()

    def fault(self, name: str, times: int | None = 1, **match: str) -> None:
        self.control("faults", platform="pinterest", fault=name, times=times, match=match)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("pinterest-client")) as running:
        yield running


@pytest.fixture
def merchant(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    for name, value in {**TEST_SETTINGS, **NO_SERVERS, **environment(served.config)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr(client, "REPORT_ASK_AGAIN_SECONDS", (0.0,))
    for name in ("take", "tell"):  # there is no Redis to share quotas by
        monkeypatch.setattr(quotas, name, lambda *told: None)
    settings.cache_clear()
    stamina.set_testing(True, attempts=client.READ_ATTEMPTS)
    yield Connected(served)
    stamina.set_testing(False)
    PLAIN_HTTP.delete(f"{served.url}/_control/faults")
    settings.cache_clear()


def test_a_refresh_gives_the_next_pair_and_a_spent_one_means_to_log_in_again(merchant: Connected) -> None:
    renewed = PINTEREST.refresh(merchant.grant)
    assert renewed is not None
    assert set(renewed.scopes) >= set(PINTEREST.needed_scopes)
    assert renewed.expires_at is not None
    assert timedelta(days=29) < renewed.expires_at - clock.now() <= timedelta(days=30)
    assert PINTEREST.accounts(renewed.access_token) == [merchant.account]
    assert PINTEREST.refresh(merchant.grant) is None


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("expired_token", AccessExpired), ("http_429", RateLimited), ("5xx", Unavailable), ("error_in_200", Unavailable)],
)
def test_every_refusal_is_one_of_the_four_errors(merchant: Connected, fault: str, kind: type[PlatformError]) -> None:
    merchant.fault(fault, times=client.READ_ATTEMPTS)
    with pytest.raises(kind) as caught:
        PINTEREST.standing(merchant.token)
    assert merchant.token not in str(caught.value)
    if isinstance(caught.value, RateLimited):
        assert 0 < caught.value.retry_after <= 60


def test_a_missing_scope_is_not_an_ended_access(merchant: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clique_app.integrations.pinterest.channel.SCOPES", ("ads:read", "user_accounts:read"))
    merchant.grant = merchant.log_in()
    with pytest.raises(Rejected, match="ads:write"):
        merchant.set_budget(Decimal(7))


def test_what_belongs_to_another_account_is_not_read(merchant: Connected) -> None:
    with pytest.raises(Rejected):
        PINTEREST.read(merchant.token, merchant.account.account_id, "campaign", "12345")
    with pytest.raises(Rejected):
        PINTEREST.read(merchant.token, "999", "campaign", merchant.campaign)


def test_a_change_is_read_back_and_one_that_was_not_made_too(merchant: Connected) -> None:
    merchant.set_budget(Decimal("12.34"))
    assert merchant.read().daily_budget == Decimal("12.34")
    merchant.fault("write_ok_no_change")
    merchant.set_budget(Decimal(50))
    assert merchant.read().daily_budget == Decimal("12.34")
    write.set_status(merchant.token, merchant.account.account_id, "campaign", merchant.campaign, "paused")
    assert merchant.read().status == "paused"


@pytest.mark.parametrize(
    ("fault", "kind", "done"),
    [("truncated_page", Unavailable, True), ("5xx", Unavailable, False), ("error_in_200", Rejected, False)],
)
def test_a_write_is_sent_once_whatever_comes_back(
    merchant: Connected, fault: str, kind: type[PlatformError], done: bool
) -> None:
    before, wanted = merchant.read().daily_budget, merchant.read().daily_budget + 1
    merchant.fault(fault, method="PATCH")
    with pytest.raises(kind):
        merchant.set_budget(wanted)
    assert merchant.read().daily_budget == (wanted if done else before)


def test_structure_and_days_are_read_whole_from_a_stumbling_platform(merchant: Connected) -> None:
    today = clock.today(merchant.account.time_zone)
    first = today - timedelta(days=20)

    def reading() -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        reader = merchant.reader()
        for part in (*reader.structure(full=True), *reader.days(first, today - timedelta(days=1))):
            found.setdefault(part.table, []).extend(part.rows)
        return found

    whole = reading()
    assert whole.keys() == {"campaign", "ad_group", "creative", "ad", "ad_product", "ad_day", "campaign_region_day"}
    assert all(row["title"] and row["link_url"] and row["thumbnail_url"] for row in whole["creative"])
    for fault, path in (
        ("5xx", ""), ("truncated_page", "files"), ("truncated_page", "/ads"), ("empty_page", ""),
        ("error_in_200", "/reports"), ("report_slow", ""), ("report_skipped", ""),
    ):  # fmt: skip
        merchant.fault(fault, path=path)
    assert reading() == whole
    assert PLAIN_HTTP.get(f"{merchant.served.url}/_control/faults").json()["faults"] == []


def test_every_grain_adds_up_to_what_the_account_delivered(merchant: Connected) -> None:
    first, last = (clock.today(merchant.account.time_zone) - timedelta(days=days) for days in (25, 1))
    days, regions = [], []
    for part in merchant.reader().days(first, last):
        {"ad_day": days, "campaign_region_day": regions}[part.table].extend(part.rows)
    asked = {"account": merchant.account.account_id, "from": str(first), "to": str(last)}
    true = PLAIN_HTTP.get(f"{merchant.served.url}/_control/pinterest/truth", params=asked).json()
    spent = sum((Decimal(day["spend"]) for day in true["by_day"].values()), Decimal(0))
    assert spent > 0
    assert sum(Decimal(row["spend"]) for row in days) == sum(Decimal(row["spend"]) for row in regions) == spent
    found = {f"{row['campaign_id']}/{row['country']}/{row['region']}" for row in regions}
    assert found == set(true["by_region"])
    shown = sum(row["impressions"] for row in days)
    assert merchant.reader().total(first, last) == Total(shown, spent)


def test_days_that_pinterest_no_longer_has_are_not_asked_for(merchant: Connected) -> None:
    today = clock.today("UTC")
    asked: list[Callable[[], Any]] = [
        lambda: list(merchant.reader().days(today - timedelta(days=1000), today - timedelta(days=900))),
        lambda: merchant.reader().total(today - timedelta(days=1000), today),
    ]
    for ask in asked:
        assert ask()  # Pinterest would refuse a span that is too long or too old
    assert list(merchant.reader().days(today - timedelta(days=1000), today - timedelta(days=950))) == []
