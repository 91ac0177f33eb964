"""Pinterest as an ad channel: its login and refresh, its ad accounts, and one object as it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from clique_app import clock
from clique_app.errors import AccessExpired, Rejected, Unavailable
from clique_app.integrations.access import Account
from clique_app.integrations.channels import AdAccount, AdChannel, Grant, Level, LiveObject, Spoken, Standing
from clique_app.integrations.pinterest import mapping
from clique_app.integrations.pinterest.client import PinterestClient
from clique_app.integrations.pinterest.reads import DAYS_KEPT, DEFAULT_TIME_ZONE, PinterestReader
from clique_app.integrations.pinterest.settings import PinterestSettings

SCOPES = ("ads:read", "ads:write", "pins:read", "boards:read", "user_accounts:read")
LISTS: dict[Level, str] = {"campaign": "campaigns", "ad_group": "ad_groups", "ad": "ads"}


class Pinterest:
    """The entry of CHANNELS."""

    key = "pinterest"
    label = "Pinterest"
    object_names: Mapping[Level, str] = {"campaign": "campaign", "ad_group": "ad group", "ad": "ad"}
    needed_scopes: tuple[str, ...] = ("ads:read", "ads:write")
    cadence = "Hourly, last 28 days daily"
    history_days = DAYS_KEPT - 2  # whole days, wherever the account is
    spoken = Spoken(
        utm_sources=("pinterest", "pinterest_ads"), click_ids={"epik": "epik"}, in_sheets=("pinterest ads",)
    )

    def dialog_url(self, *, state: str, redirect_uri: str) -> str:
        """Where the person is asked; only at the top level, never in a frame."""
        config = PinterestSettings.read()
        query = {
            "client_id": config.app_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": ",".join(SCOPES),
            "state": state,
        }
        return f"{config.dialog_url.rstrip('/')}/oauth/?{urlencode(query)}"

    def exchange(self, *, code: str, redirect_uri: str) -> Grant:
        """Code to a token of 30 days and one of 60 that renews both."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return _grant(PinterestClient(None).grant({**form, "continuous_refresh": "true"}))

    def refresh(self, grant: Grant) -> Grant | None:
        """A new pair; the refresh token lives 60 days more with each use. None: the person has to log in again."""
        if grant.refresh_token is None:
            return None
        try:
            made = PinterestClient(None).grant({"grant_type": "refresh_token", "refresh_token": grant.refresh_token})
        except (AccessExpired, Rejected):
            return None
        return _grant({"refresh_token": grant.refresh_token, **made})

    def standing(self, token: str) -> Standing:
        """Whether Pinterest honours a token. It may do what it was given for; none is kept that may not do these."""
        PinterestClient(token).get("user_account")
        return Standing(expires_at=None, scopes=self.needed_scopes)

    def accounts(self, token: str) -> list[AdAccount]:
        """The ad accounts the person may use, by name; Pinterest lists those of others that are shared too."""
        pages = PinterestClient(token).pages("ad_accounts", {"include_shared_accounts": "true"})
        found = [
            AdAccount(
                account_id=str(row["id"]),
                name=str(row.get("name") or row["id"]),
                currency=str(row["currency"]),
                time_zone=str(row.get("time_zone") or DEFAULT_TIME_ZONE),
                active=True,
            )
            for page in pages
            for row in page
        ]
        return sorted(found, key=lambda account: account.name)

    def reader(self, token: str, account: Account) -> PinterestReader:
        return PinterestReader(token, account)

    def read(self, token: str, account_id: str, level: Level, platform_id: str) -> LiveObject:
        """The object as Pinterest has it now. Rejected where it is not the account's."""
        client = PinterestClient(token, account_id)
        row = client.get(f"ad_accounts/{account_id}/{LISTS[level]}/{platform_id}")
        if str(row.get("ad_account_id")) != account_id:
            raise Rejected("This does not belong to the ad account that is connected.")
        budgets = {"campaign": mapping.campaign_budget, "ad_group": mapping.ad_group_budget}
        return LiveObject(
            platform_id=platform_id,
            name=str(row.get("name") or ""),
            status=mapping.status_of(row),
            daily_budget=budgets[level](row) if level in budgets else None,
            currency=str(client.get(f"ad_accounts/{account_id}")["currency"]),
            read_at=clock.now(),
        )


PINTEREST: AdChannel = Pinterest()


def _grant(made: dict[str, Any]) -> Grant:
    token, ends = made.get("access_token"), int(made.get("expires_in") or 0)
    if not token:
        raise Unavailable("Pinterest gave no access. Try again in a few minutes.")
    refresh_ends = int(made.get("refresh_token_expires_in") or 0)
    return Grant(
        access_token=str(token),
        refresh_token=made.get("refresh_token"),
        expires_at=clock.now() + timedelta(seconds=ends) if ends else None,
        refresh_expires_at=clock.now() + timedelta(seconds=refresh_ends) if refresh_ends else None,
        # with commas between them as they are asked for, or with spaces
        scopes=tuple(str(made.get("scope") or "").replace(",", " ").split()),
    )
