"""TikTok as an ad channel: its login, its ad accounts, and one object as it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from clique_app import clock
from clique_app.errors import Rejected, Unavailable
from clique_app.integrations.access import Account
from clique_app.integrations.channels import (
    USUAL_HISTORY_DAYS,
    AdAccount,
    AdChannel,
    Grant,
    Level,
    LiveObject,
    Spoken,
    Standing,
)
from clique_app.integrations.tiktok import mapping
from clique_app.integrations.tiktok.client import TikTokClient
from clique_app.integrations.tiktok.reads import TikTokReader
from clique_app.integrations.tiktok.settings import TikTokSettings

ACCOUNTS_AT_ONCE = 100
ACTIVE_ACCOUNT = "STATUS_ENABLE"


class TikTok:
    """The entry of CHANNELS."""

    key = "tiktok"
    label = "TikTok"
    object_names: Mapping[Level, str] = {"campaign": "campaign", "ad_group": "ad group", "ad": "ad"}
    needed_scopes: tuple[str, ...] = ()  # what an app may do is set with the app and agreed to whole
    cadence = "Hourly, last 28 days daily"
    history_days = USUAL_HISTORY_DAYS
    spoken = Spoken(
        utm_sources=("tiktok", "tiktok_ads"), click_ids={"ttclid": "ttclid"}, in_sheets=("tiktok ads", "tik tok")
    )

    def dialog_url(self, *, state: str, redirect_uri: str) -> str:
        """Where the person is asked, and picks the ad accounts the app may use."""
        config = TikTokSettings.read()
        query = {"app_id": config.app_id, "state": state, "redirect_uri": redirect_uri}
        return f"{config.dialog_url}?{urlencode(query)}"

    def exchange(self, *, code: str, redirect_uri: str) -> Grant:
        """The code to a token that lasts until it is revoked. It can be asked for only once."""
        data = TikTokClient(None).post("oauth2/access_token", {**_app(), "auth_code": code})
        if not data.get("access_token"):
            raise Unavailable("TikTok answered without an access token. Connect again in a minute.")
        return Grant(str(data["access_token"]), scopes=tuple(str(one) for one in data.get("scope") or ()))

    def refresh(self, grant: Grant) -> Grant | None:
        """Its tokens last; one that is turned down was revoked."""
        return None

    def standing(self, token: str) -> Standing:
        """Whether the token is honoured; TikTok says no more of it."""
        TikTokClient(token).get("oauth2/advertiser/get", _app())
        return Standing(expires_at=None, scopes=())

    def accounts(self, token: str) -> list[AdAccount]:
        """The ad accounts the person let the app use, by name."""
        client = TikTokClient(token)
        ids = [str(row["advertiser_id"]) for row in client.get("oauth2/advertiser/get", _app()).get("list") or ()]
        found: list[AdAccount] = []
        for start in range(0, len(ids), ACCOUNTS_AT_ONCE):
            asked = {"advertiser_ids": ids[start : start + ACCOUNTS_AT_ONCE], "fields": mapping.ACCOUNT_FIELDS}
            found += [_account(row) for row in client.get("advertiser/info", asked).get("list") or ()]
        return sorted(found, key=lambda account: (not account.active, account.name))

    def reader(self, token: str, account: Account) -> TikTokReader:
        return TikTokReader(token, account)

    def read(self, token: str, account_id: str, level: Level, platform_id: str) -> LiveObject:
        """The object as TikTok has it now. Rejected where it is not the account's."""
        client, noun = TikTokClient(token), mapping.NOUNS[level]
        asked = {
            "advertiser_id": account_id,
            "fields": mapping.FIELDS[level],
            "filtering": {f"{noun}_ids": [platform_id]},
        }
        rows = client.get(f"{noun}/get", asked).get("list") or []
        row = next((one for one in rows if str(one[f"{noun}_id"]) == platform_id), None)
        if row is None:
            raise Rejected("This does not belong to the ad account that is connected.")
        (account,) = client.get("advertiser/info", {"advertiser_ids": [account_id], "fields": ["currency"]})["list"]
        return LiveObject(
            platform_id=platform_id,
            name=str(row.get(f"{noun}_name") or ""),
            status=mapping.STATUSES.get(str(row["operation_status"]), "paused"),
            daily_budget=mapping.daily_budget(row),
            currency=str(account["currency"]),
            read_at=clock.now(),
        )


def _app() -> dict[str, str]:
    config = TikTokSettings.read()
    return {"app_id": config.app_id, "secret": config.app_secret.get_secret_value()}


def _account(row: dict[str, Any]) -> AdAccount:
    return AdAccount(
        account_id=str(row["advertiser_id"]),
        name=str(row.get("name") or row["advertiser_id"]),
        currency=str(row["currency"]),
        time_zone=str(row.get("display_timezone") or row["timezone"]),
        active=row.get("status") == ACTIVE_ACCOUNT,
    )


TIKTOK: AdChannel = TikTok()
