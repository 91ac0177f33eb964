"""The writes to Google Ads. Only actions.execute may import this: it compares before and reads back after.

Sent once, never again: Google has no idempotency, so Unavailable means that the outcome is not known.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from clique_app.errors import Rejected
from clique_app.integrations.channels import Level
from clique_app.integrations.google import mapping
from clique_app.integrations.google.channel import standing_row
from clique_app.integrations.google.client import GoogleClient


def set_daily_budget(
    token: str, account_id: str, level: Level, platform_id: str, amount: Decimal, currency: str
) -> None:
    """Set what a campaign may spend a day, in the account's currency. The budget is an object of its own at Google."""
    if level != "campaign":
        raise Rejected("At Google only campaigns have budgets.")
    client, micros = GoogleClient(token, account_id), mapping.micros(amount, currency)
    row = standing_row(client, level, platform_id)
    if mapping.budget(row) is None:
        raise Rejected("This campaign has no daily budget of its own: it shares one, or has one for its whole run.")
    update = {"resourceName": row["campaignBudget"]["resourceName"], "amountMicros": str(micros)}
    client.mutate("campaignBudgets", update, "amountMicros")


def set_status(
    token: str, account_id: str, level: Level, platform_id: str, status: Literal["active", "paused"]
) -> None:
    """Switch a campaign, ad group (or asset group) or ad on or off."""
    client, number = GoogleClient(token, account_id), mapping.number(platform_id)
    if level == "campaign":
        service, name = "campaigns", number
    elif platform_id.startswith(mapping.ASSET_GROUP):
        service, name = "assetGroups", number
    elif level == "ad_group":
        service, name = "adGroups", number
    else:
        service, name = "adGroupAds", f"{standing_row(client, level, platform_id)['adGroup']['id']}~{number}"
    resource = f"customers/{client.customer}/{service}/{name}"
    client.mutate(service, {"resourceName": resource, "status": mapping.status(status)}, "status")
