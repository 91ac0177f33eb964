"""Meta as an ad channel: its login, its ad accounts, and one object as it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from clique_app import clock
from clique_app.errors import AccessExpired, Rejected, Unavailable
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
from clique_app.integrations.meta import mapping
from clique_app.integrations.meta.client import MetaClient
from clique_app.integrations.meta.reads import MetaReader
from clique_app.integrations.meta.settings import API_VERSION, MetaSettings

SCOPES = ("ads_read", "ads_management", "business_management")
ACTIVE_ACCOUNT = 1


class Meta:
    """The entry of CHANNELS."""

    key = "meta"
    label = "Meta"
    object_names: Mapping[Level, str] = {"campaign": "campaign", "ad_group": "ad set", "ad": "ad"}
    needed_scopes: tuple[str, ...] = ("ads_read", "ads_management")
    cadence = "Hourly, last 28 days daily"
    history_days = USUAL_HISTORY_DAYS
    spoken = Spoken(
        utm_sources=("facebook", "fb", "instagram", "ig", "meta", "msg", "an", "audience_network"),
        click_ids={"fbclid": "fbclid"},
        in_sheets=("facebook", "instagram", "facebook ads", "meta ads", "fb"),
        in_survey="Instagram or Facebook",
    )

    def dialog_url(self, *, state: str, redirect_uri: str) -> str:
        """Where the person is asked; only at the top level, never in a frame."""
        config = MetaSettings.read()
        query = {
            "client_id": config.app_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "scope": ",".join(SCOPES),
            "response_type": "code",
        }
        return f"{config.dialog_url.rstrip('/')}/{API_VERSION}/dialog/oauth?{urlencode(query)}"

    def exchange(self, *, code: str, redirect_uri: str) -> Grant:
        """Code to a token of an hour, that to one of some 60 days, and what was granted with it."""
        config = MetaSettings.read()
        app = {"client_id": config.app_id, "client_secret": config.app_secret.get_secret_value()}
        client = MetaClient(None)
        short = client.get_once("oauth/access_token", {**app, "redirect_uri": redirect_uri, "code": code})
        asked = {**app, "grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}
        long = client.get("oauth/access_token", asked)
        token = str(long["access_token"])
        standing = self.standing(token)
        expires_at = standing.expires_at
        if expires_at is None and long.get("expires_in"):
            expires_at = clock.now() + timedelta(seconds=int(long["expires_in"]))
        return Grant(access_token=token, expires_at=expires_at, scopes=standing.scopes)

    def refresh(self, grant: Grant) -> Grant | None:
        """A person of Meta's has to log in again."""
        return None

    def standing(self, token: str) -> Standing:
        """What Meta says of a token: how long it lives and what it may do."""
        config = MetaSettings.read()
        client = MetaClient(f"{config.app_id}|{config.app_secret.get_secret_value()}")
        data = client.get("debug_token", {"input_token": token}).get("data")
        if not isinstance(data, dict):
            raise Unavailable("Meta did not say how the access stands. Clique asks again.")
        if not data.get("is_valid"):
            raise AccessExpired("Access to Meta has ended. Reconnect it on the Connections page.")
        ends = int(data.get("expires_at") or 0)  # 0: never
        return Standing(
            expires_at=datetime.fromtimestamp(ends, UTC) if ends else None,
            scopes=tuple(str(scope) for scope in data.get("scopes") or ()),
        )

    def accounts(self, token: str) -> list[AdAccount]:
        """The ad accounts the person may use, by name."""
        pages = MetaClient(token).pages("me/adaccounts", {"fields": ",".join(mapping.ACCOUNT_FIELDS)})
        found = [
            AdAccount(
                account_id=str(row["account_id"]),
                name=str(row.get("name") or row["account_id"]),
                currency=str(row["currency"]),
                time_zone=str(row["timezone_name"]),
                active=row.get("account_status") == ACTIVE_ACCOUNT,
            )
            for page in pages
            for row in page
        ]
        return sorted(found, key=lambda account: (not account.active, account.name))

    def reader(self, token: str, account: Account) -> MetaReader:
        return MetaReader(token, account)

    def read(self, token: str, account_id: str, level: Level, platform_id: str) -> LiveObject:
        """The object as Meta has it now. Rejected where it is not the account's."""
        client = MetaClient(token, account_id)
        fields = ("account_id", "name", "status", *(("daily_budget",) if level != "ad" else ()))
        row = client.get(platform_id, {"fields": ",".join(fields)})
        if str(row.get("account_id")) != account_id:
            raise Rejected("This does not belong to the ad account that is connected.")
        currency = str(client.get(f"act_{account_id}", {"fields": "currency"})["currency"])
        return LiveObject(
            platform_id=platform_id,
            name=str(row.get("name") or ""),
            status=str(row["status"]).lower(),
            daily_budget=mapping.budget(row.get("daily_budget"), currency),
            currency=currency,
            read_at=clock.now(),
        )


META: AdChannel = Meta()
