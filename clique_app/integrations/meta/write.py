"""The writes to Meta. Only actions.execute may import this: it compares before and reads back after.

Sent once, never again: Meta has no idempotency, so Unavailable means that the outcome is not known.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from clique_app.errors import Rejected
from clique_app.integrations.channels import Level
from clique_app.integrations.meta import mapping
from clique_app.integrations.meta.client import MetaClient


def set_daily_budget(
    token: str, account_id: str, level: Level, platform_id: str, amount: Decimal, currency: str
) -> None:
    """Set what a campaign or ad set may spend a day, in the account's currency."""
    if level == "ad":
        raise Rejected("An ad has no budget of its own at Meta.")
    _update(token, account_id, platform_id, {"daily_budget": mapping.minor_units(amount, currency)})


def set_status(
    token: str, account_id: str, level: Level, platform_id: str, status: Literal["active", "paused"]
) -> None:
    """Switch a campaign, ad set or ad on or off."""
    _update(token, account_id, platform_id, {"status": mapping.status(status)})


def _update(token: str, account_id: str, platform_id: str, params: dict[str, Any]) -> None:
    if not platform_id.isdigit():
        raise Rejected("This is not the id of an object at Meta.")
    MetaClient(token, account_id).post(platform_id, params)
