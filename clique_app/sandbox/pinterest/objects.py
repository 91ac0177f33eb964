"""Ad accounts, campaigns, ad groups, ads and pins in Pinterest's words, and changes to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from clique_app.sandbox.ads import AdPlatform, BudgetLevel
from clique_app.sandbox.pinterest.errors import ApiError, forbidden, invalid, not_found
from clique_app.sandbox.records import Ad, AdAccount, AdSet, Campaign
from clique_app.sandbox.world import World

KEY = "pinterest"
MICRO = 1_000_000
SMALLEST_BUDGET = MICRO
KINDS: dict[str, type] = {"campaigns": Campaign, "ad_groups": AdSet, "ads": Ad}
LABELS = {Campaign: "Campaign", AdSet: "Ad group", Ad: "Ad"}
WRITABLE: dict[type, frozenset[str]] = {
    Campaign: frozenset(("id", "ad_account_id", "name", "status", "daily_spend_cap")),
    AdSet: frozenset(("id", "name", "status", "budget_in_micro_currency")),
    Ad: frozenset(("id", "name", "status")),
}
BUDGETS = ("daily_spend_cap", "budget_in_micro_currency")
OWNER = {"id": "383791336903426391", "username": "mayalind"}

Row = dict[str, Any]


def accounts(platform: AdPlatform) -> list[Row]:
    """The ad accounts the person may use."""
    return [account(one) for one in platform.accounts_at(KEY)]


def account(one: AdAccount) -> Row:
    return {
        "id": one.account_id,
        "name": one.name,
        "owner": OWNER,
        "country": "US",
        "currency": one.currency,
        "time_zone": one.time_zone,
        "permissions": ["OWNER"],
        "created_time": 1_577_836_800,
        "updated_time": 1_577_836_800,
    }


def owned(platform: AdPlatform, account_id: str) -> AdAccount:
    """The ad account, where the person may use it."""
    found = platform.accounts.get(account_id)
    if found is None or found.channel != KEY:
        raise forbidden()
    return found


def of_account(platform: AdPlatform, account_id: str, kind: str) -> list[Any]:
    """All campaigns, ad groups or ads of an account, in the order of their ids."""
    found: dict[str, list[Any]] = {
        "campaigns": list(platform.campaigns.values()),
        "ad_groups": list(platform.ad_sets.values()),
        "ads": list(platform.ads.values()),
    }
    mine = [one for one in found[kind] if platform.campaigns[one.campaign_id].account_id == account_id]
    return sorted(mine, key=lambda one: int(id_of(one)))


def one_of(platform: AdPlatform, account_id: str, kind: str, object_id: str) -> Any:
    try:
        found = platform.find(object_id)
    except KeyError:
        raise not_found(LABELS[KINDS[kind]]) from None
    if not isinstance(found, KINDS[kind]) or platform.campaigns[found.campaign_id].account_id != account_id:
        raise not_found(LABELS[KINDS[kind]])
    return found


def id_of(node: Any) -> str:
    return node.campaign_id if isinstance(node, Campaign) else node.ad_set_id if isinstance(node, AdSet) else node.ad_id


def status(node: Any) -> str:
    return "ARCHIVED" if node.status == "DELETED" else node.status


def shown(platform: AdPlatform, node: Any) -> Row:
    """An object as the API gives it."""
    return {
        "id": id_of(node),
        "ad_account_id": platform.campaigns[node.campaign_id].account_id,
        "name": node.name,
        "status": status(node),
        "created_time": _time(node.created_at),
        "updated_time": _time(node.updated_at),
        **SHOWN[type(node)](platform, node),
    }


def _campaign(platform: AdPlatform, one: Campaign) -> Row:
    shares = one.daily_budget is not None
    return {
        "type": "campaign",
        "objective_type": one.objective,
        "is_campaign_budget_optimization": shares,
        "is_flexible_daily_budgets": False,
        "daily_spend_cap": micro(one.daily_budget) if one.daily_budget is not None else None,
        "lifetime_spend_cap": None,
        "start_time": _time(one.created_at),
        "end_time": None,
        "summary_status": _summary(platform, one, running="RUNNING"),
    }


def _ad_group(platform: AdPlatform, one: AdSet) -> Row:
    own = one.daily_budget
    return {
        "type": "adgroup",
        "campaign_id": one.campaign_id,
        "budget_type": "DAILY" if own is not None else "CBO_ADGROUP",
        "budget_in_micro_currency": micro(own) if own is not None else None,
        "billable_event": "IMPRESSION",
        "bid_strategy_type": "AUTOMATIC_BID",
        "pacing_delivery_type": "STANDARD",
        "targeting_spec": {"LOCATION": list(one.countries), "MINIMUM_AGE": "18", "MAXIMUM_AGE": "65+"},
        "summary_status": _summary(platform, one, running="RUNNING"),
    }


def _ad(platform: AdPlatform, one: Ad) -> Row:
    return {
        "type": "pinpromotion",
        "ad_group_id": one.ad_set_id,
        "campaign_id": one.campaign_id,
        "pin_id": one.creative_id,
        "creative_type": "CAROUSEL" if one.card_links else "REGULAR",
        "carousel_destination_urls": list(one.card_links) or None,
        # where nothing else was entered, an ad leads where its pin does
        "destination_url": one.link_url if int(one.ad_id) % 2 else None,
        "review_status": "APPROVED",
        "rejected_reasons": [],
        "rejection_labels": [],
        "summary_status": _summary(platform, one, running="APPROVED"),
    }


SHOWN: dict[type, Callable[[AdPlatform, Any], Row]] = {Campaign: _campaign, AdSet: _ad_group, Ad: _ad}


def pin(platform: AdPlatform, pin_id: str) -> Row:
    """What an ad shows."""
    for one in platform.ads.values():
        if one.creative_id == pin_id and platform.account_of(one.ad_id).channel == KEY:
            images = {
                size: {"width": wide, "height": high, "url": f"https://i.pinimg.example.com/{size}/{pin_id}.jpg"}
                for size, wide, high in (("150x150", 150, 150), ("400x300", 400, 300), ("1200x", 1000, 1500))
            }
            return {
                "id": pin_id,
                "title": one.name,
                "description": f"{one.name}: made in small batches.",
                "link": one.link_url,
                "alt_text": None,
                "creative_type": "REGULAR",
                "board_id": "383791268184216783",
                "board_owner": {"username": OWNER["username"]},
                "is_standard": True,
                "is_owner": True,
                "media": {"media_type": "image", "images": images},
                "created_at": f"{one.created_at:%Y-%m-%dT%H:%M:%S}",
            }
    raise not_found("Pin")


def write(world: World, account_id: str, kind: str, item: Any, *, only_say_so: bool) -> Row:
    """One change of a batch: what it came to, or why not."""
    try:
        if not isinstance(item, dict) or not item.get("id"):
            raise invalid("'id' is a required property")
        node = one_of(world.ads, account_id, kind, str(item["id"]))
        if unknown := [name for name in item if name not in WRITABLE[type(node)]]:
            raise invalid(f"'{unknown[0]}' was unexpected")
        if item.get("status") not in (None, "ACTIVE", "PAUSED", "ARCHIVED"):
            raise invalid(f"{item['status']!r} is not one of ['ACTIVE', 'PAUSED', 'ARCHIVED']")
        budget = _budget(node, item)
        if not only_say_so:
            named = {"status": item.get("status"), "name": item.get("name")}
            world.update_ad_object(str(item["id"]), daily_budget=None if budget is None else str(budget), **named)
    except ApiError as error:
        return {"data": {}, "exceptions": [{"code": error.code, "message": error.message}]}
    except BudgetLevel as error:
        return {"data": {}, "exceptions": [{"code": 2006, "message": str(error)}]}
    return {"data": shown(world.ads, node), "exceptions": []}


def _budget(node: Any, item: Row) -> Decimal | None:
    units = next((item[name] for name in BUDGETS if name in item), None)
    if units is None:
        return None
    if not isinstance(units, int):
        raise invalid(f"{units!r} is not of type 'integer'")
    if units < SMALLEST_BUDGET:
        raise ApiError(400, 2011, "The budget is below the minimum of the account's currency.")
    if node.daily_budget is None:
        where = "ad groups" if isinstance(node, Campaign) else "campaign"
        raise BudgetLevel(f"The budget cannot be set here: it sits on the {where}.")
    return Decimal(units) / MICRO


def micro(amount: Decimal) -> int:
    return int(amount * MICRO)


def _summary(platform: AdPlatform, node: Any, *, running: str) -> str:
    if node.status != "ACTIVE":
        return status(node)
    above = [] if isinstance(node, Campaign) else [platform.campaigns[node.campaign_id]]
    above += [platform.ad_sets[node.ad_set_id]] if isinstance(node, Ad) else []
    return running if all(one.status == "ACTIVE" for one in above) else "PAUSED"


def _time(at: datetime) -> int:
    return int(at.timestamp())
