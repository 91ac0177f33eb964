"""Google Ads as an ad channel: its login, the accounts a person reaches, and one object as it stands now."""

from __future__ import annotations

from collections.abc import Mapping

from clique_app import clock
from clique_app.errors import Rejected
from clique_app.integrations.access import Account
from clique_app.integrations.channels import (
    USUAL_HISTORY_DAYS,
    AdAccount,
    AdChannel,
    AdReader,
    Grant,
    Level,
    LiveObject,
    Spoken,
    Standing,
)
from clique_app.integrations.google import login, mapping, queries
from clique_app.integrations.google.client import GoogleClient, Row
from clique_app.integrations.google.reads import GoogleReader


class Google:
    """The entry of CHANNELS."""

    key = "google"
    label = "Google"
    object_names: Mapping[Level, str] = {"campaign": "campaign", "ad_group": "ad group", "ad": "ad"}
    needed_scopes: tuple[str, ...] = (login.SCOPE,)
    cadence = "Hourly, last 28 days daily"
    history_days = USUAL_HISTORY_DAYS
    spoken = Spoken(
        utm_sources=("google", "adwords", "google_ads", "googleads", "youtube"),
        click_ids={"gclid": "gclid", "gbraid": "gclid", "wbraid": "gclid"},
        in_sheets=("google ads", "adwords", "youtube"),
        in_survey="A Google ad",
    )

    def dialog_url(self, *, state: str, redirect_uri: str) -> str:
        return login.dialog_url(state=state, redirect_uri=redirect_uri)

    def exchange(self, *, code: str, redirect_uri: str) -> Grant:
        return login.exchange(code=code, redirect_uri=redirect_uri)

    def refresh(self, grant: Grant) -> Grant | None:
        return login.refresh(grant) if grant.refresh_token else None

    def standing(self, token: str) -> Standing:
        return login.standing(token)

    def accounts(self, token: str) -> list[AdAccount]:
        """What the person was given directly, and what lies below the manager accounts among it."""
        direct: dict[str, AdAccount] = {}
        below: dict[str, AdAccount] = {}
        for customer in GoogleClient(token).accessible_customers():
            client = GoogleClient(token, f"{customer}@{customer}")
            try:
                own = client.rows(queries.ACCOUNT)[0]["customer"]
                if not own.get("manager"):
                    direct[customer] = _account(customer, own)
                    continue
                for row in client.rows(queries.CLIENT_ACCOUNTS):
                    found = row["customerClient"]
                    below.setdefault(str(found["id"]), _account(f"{found['id']}@{customer}", found))
            except Rejected:  # one that was closed, or that asks for a second factor, does not hide the others
                continue
        found = {**below, **direct}.values()
        return sorted(found, key=lambda account: (not account.active, account.name, account.account_id))

    def reader(self, token: str, account: Account) -> AdReader:
        return GoogleReader(token, account)

    def read(self, token: str, account_id: str, level: Level, platform_id: str) -> LiveObject:
        """The object as Google has it now. Rejected where it is not the account's."""
        row = standing_row(GoogleClient(token, account_id), level, platform_id)
        return mapping.live_object(level, row, clock.now())


def standing_row(client: GoogleClient, level: Level, platform_id: str) -> Row:
    """What Google says of one object. Rejected where it is not the account's."""
    number = mapping.number(platform_id)
    if level == "campaign":
        query = queries.one_campaign(number)
    elif platform_id.startswith(mapping.ASSET_GROUP):
        query = queries.one_asset_group(number)
    else:
        query = queries.one_ad_group(number) if level == "ad_group" else queries.one_ad(number)
    found = client.rows(query)
    if not found:
        raise Rejected("This does not belong to the ad account that is connected.")
    return found[0]


def _account(account_id: str, found: Row) -> AdAccount:
    return AdAccount(
        account_id=account_id,
        name=str(found.get("descriptiveName") or account_id.partition("@")[0]),
        currency=str(found["currencyCode"]),
        time_zone=str(found["timeZone"]),
        active=found.get("status") == "ENABLED",
    )


GOOGLE: AdChannel = Google()
