"""The writes to TikTok. Only actions.execute may import this: it compares before and reads back after.

Sent once, never again: TikTok has no idempotency, so Unavailable means that the outcome is not known.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from clique_app.errors import Rejected
from clique_app.integrations.channels import Level
from clique_app.integrations.tiktok import mapping
from clique_app.integrations.tiktok.client import TikTokClient


def set_daily_budget(
    token: str, account_id: str, level: Level, platform_id: str, amount: Decimal, currency: str
) -> None:
    """Set what a campaign or ad group may spend a day, in the account's currency."""
    if level == "ad":
        raise Rejected("An ad has no budget of its own at TikTok.")
    noun, units = mapping.NOUNS[level], mapping.budget(amount, currency)
    asked = {"advertiser_id": account_id, f"{noun}_id": platform_id, "budget": units}
    TikTokClient(token).post(f"{noun}/update", asked)


def set_status(
    token: str, account_id: str, level: Level, platform_id: str, status: Literal["active", "paused"]
) -> None:
    """Switch a campaign, ad group or ad on or off."""
    noun = mapping.NOUNS[level]
    asked = {
        "advertiser_id": account_id,
        f"{noun}_ids": [platform_id],
        "operation_status": mapping.status(status),
    }
    TikTokClient(token).post(f"{noun}/status/update", asked)
