"""The writes to Pinterest. Only actions.execute may load this: it compares before and reads back after.

Sent once, never again: Pinterest has no idempotency, so Unavailable means that the outcome is not known.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from clique_app.errors import Rejected
from clique_app.integrations.channels import Level
from clique_app.integrations.pinterest import faults, mapping
from clique_app.integrations.pinterest.client import PinterestClient

LISTS: dict[Level, str] = {"campaign": "campaigns", "ad_group": "ad_groups", "ad": "ads"}
BUDGET_FIELDS: dict[Level, str] = {"campaign": "daily_spend_cap", "ad_group": "budget_in_micro_currency"}


def set_daily_budget(
    token: str, account_id: str, level: Level, platform_id: str, amount: Decimal, currency: str
) -> None:
    """Set what a campaign or ad group may spend a day, in the account's currency."""
    if level not in BUDGET_FIELDS:
        raise Rejected("An ad has no budget of its own at Pinterest.")
    _update(token, account_id, level, platform_id, {BUDGET_FIELDS[level]: mapping.micro(amount, currency)})


def set_status(
    token: str, account_id: str, level: Level, platform_id: str, status: Literal["active", "paused"]
) -> None:
    """Switch a campaign, ad group or ad on or off."""
    _update(token, account_id, level, platform_id, {"status": mapping.status(status)})


def _update(token: str, account_id: str, level: Level, platform_id: str, change: dict[str, Any]) -> None:
    if not platform_id.isdigit():
        raise Rejected("This is not the id of an object at Pinterest.")
    item = {"id": platform_id, **change, **({"ad_account_id": account_id} if level == "campaign" else {})}
    answer = PinterestClient(token, account_id).patch(f"ad_accounts/{account_id}/{LISTS[level]}", [item])
    # a change is one of a batch: what went wrong with it comes inside a success
    for written in answer.get("items") or ():
        said = written.get("exceptions") or []
        for exception in said if isinstance(said, list) else [said]:
            raise Rejected(f"Pinterest will not do this. {faults.said_in(exception)}".strip())
