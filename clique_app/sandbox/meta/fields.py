"""Which fields each Graph object has here, and how they are read from the world."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.meta.errors import GraphError, bad_param
from clique_app.sandbox.records import Ad, AdAccount, AdSet, Campaign

Reader = Callable[[AdPlatform, Any], Any]
FieldTree = dict[str, "FieldTree"]
NO_MINOR_UNIT = frozenset(("CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND"))
PAGE_ID = "108000000000001"


def parse(text: str) -> FieldTree:
    """'id,creative{id,name}' -> {"id": {}, "creative": {"id": {}, "name": {}}}"""
    tree: FieldTree = {}
    stack, name = [tree], ""
    for char in text:
        if char in ",{}":
            if name:
                stack[-1][name] = {}
            if char == "{":
                if not name:
                    raise bad_param('Syntax error "Expected name." in the field list')
                stack.append(stack[-1][name])
            elif char == "}":
                stack.pop()
                if not stack:
                    raise bad_param('Syntax error "Expected end of string instead of "}"."')
            name = ""
        elif not char.isspace():
            name += char
    if len(stack) != 1:
        raise bad_param('Syntax error "Expected "}"."')
    if name:
        tree[name] = {}
    return tree


def read(platform: AdPlatform, node: Any, fields: FieldTree) -> dict[str, Any]:
    """The asked fields of an object, its id always; what has no value is left out, as at Meta."""
    kind, readers = KINDS[type(node)]
    answer: dict[str, Any] = {}
    for name, below in fields.items():
        reader = readers.get(name)
        if reader is None:
            raise GraphError(f"(#100) Tried accessing nonexisting field ({name}) on node type ({kind})", 100)
        value = reader(platform, node)
        if isinstance(value, dict) and below and name in NESTED:
            unknown = [x for x in below if x not in value]
            if unknown:
                raise GraphError(
                    f"(#100) Tried accessing nonexisting field ({unknown[0]}) on node type ({NESTED[name]})",
                    100,
                )
            value = {k: v for k, v in value.items() if v is not None and (k in below or k == "id")}
        elif isinstance(value, dict) and name in NESTED:
            value = {"id": value["id"]}
        if value is not None:
            answer[name] = value
    answer["id"] = KINDS[type(node)][1]["id"](platform, node)
    return answer


def minor_units(amount: Decimal | None, currency: str) -> str | None:
    """A budget as the Graph API writes it."""
    if amount is None:
        return None
    return str(int(amount if currency in NO_MINOR_UNIT else amount * 100))


def from_minor_units(text: str, currency: str) -> Decimal:
    amount = Decimal(int(text))
    return amount if currency in NO_MINOR_UNIT else amount / 100


def graph_time(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S%z")


def effective_status(platform: AdPlatform, node: Any) -> str:
    """The status after those of the objects above, and after what Meta found wrong with it."""
    if node.status == "ACTIVE" and _id_of(node) in platform.issues:
        return "WITH_ISSUES"
    if node.status != "ACTIVE" or isinstance(node, Campaign):
        return node.status
    if platform.campaigns[node.campaign_id].status != "ACTIVE":
        return "CAMPAIGN_PAUSED"
    if isinstance(node, Ad) and platform.ad_sets[node.ad_set_id].status != "ACTIVE":
        return "ADSET_PAUSED"
    return "ACTIVE"


def _id_of(node: Any) -> str:
    return node.campaign_id if isinstance(node, Campaign) else node.ad_set_id if isinstance(node, AdSet) else node.ad_id


def account_of(platform: AdPlatform, node: Any) -> AdAccount:
    if isinstance(node, AdAccount):
        return node
    return platform.accounts[platform.campaigns[node.campaign_id].account_id]


def _creative(platform: AdPlatform, ad: Ad) -> dict[str, Any]:
    """What the ad shows. A catalogue ad's texts are templates, and where it leads is each product's own link."""
    texts = {"message": f"{ad.name}: made in small batches.", "name": ad.name, "call_to_action": {"type": "SHOP_NOW"}}
    part = {"link": ad.link_url, **texts}
    if ad.card_links:
        part["child_attachments"] = [{"link": link, "name": f"Card {i + 1}"} for i, link in enumerate(ad.card_links)]
    kind = "template_data" if ad.product_set_id else "link_data"
    return {
        "id": ad.creative_id,
        "name": f"{ad.name} creative",
        "status": "ACTIVE",
        "object_type": "SHARE",
        "title": "{{product.name}}" if ad.product_set_id else ad.name,
        "body": texts["message"],
        "object_story_spec": {"page_id": PAGE_ID, kind: part},
        "asset_feed_spec": None,
        "effective_object_story_id": f"{PAGE_ID}_{ad.creative_id}",
        "link_url": None if ad.product_set_id else ad.link_url,
        "object_url": ad.link_url,
        "url_tags": ad.link_url.partition("?")[2],
        "product_set_id": ad.product_set_id or None,
        "thumbnail_url": f"https://scontent.example.com/t45/{ad.creative_id}.jpg",
        "image_url": None,
    }


def _time(name: str) -> Reader:
    return lambda platform, node: graph_time(getattr(node, name), account_of(platform, node).time_zone)


def _budget(platform: AdPlatform, node: Any) -> str | None:
    return minor_units(node.daily_budget, account_of(platform, node).currency)


def _no_lifetime(platform: AdPlatform, node: Any) -> str | None:
    return "0" if node.daily_budget is not None else None


_BOTH: dict[str, Reader] = {
    "account_id": lambda p, x: account_of(p, x).account_id,
    "name": lambda p, x: x.name,
    "status": lambda p, x: x.status,
    "configured_status": lambda p, x: x.status,
    "effective_status": effective_status,
    "created_time": _time("created_at"),
    "updated_time": _time("updated_at"),
}
_BUDGETED: dict[str, Reader] = {
    "daily_budget": _budget,
    "lifetime_budget": _no_lifetime,
    "bid_strategy": lambda p, x: "LOWEST_COST_WITHOUT_CAP" if x.daily_budget is not None else None,
    "start_time": _time("created_at"),
}
ACCOUNT: dict[str, Reader] = {
    "id": lambda p, x: f"act_{x.account_id}",
    "account_id": lambda p, x: x.account_id,
    "name": lambda p, x: x.name,
    "currency": lambda p, x: x.currency,
    "timezone_name": lambda p, x: x.time_zone,
    "account_status": lambda p, x: 1,
    "business_name": lambda p, x: x.business_name,
    "disable_reason": lambda p, x: 0,
}
CAMPAIGN: dict[str, Reader] = {
    **_BOTH,
    **_BUDGETED,
    "id": lambda p, x: x.campaign_id,
    "objective": lambda p, x: x.objective,
    "buying_type": lambda p, x: "AUCTION",
    "special_ad_categories": lambda p, x: [],
}
AD_SET: dict[str, Reader] = {
    **_BOTH,
    **_BUDGETED,
    "id": lambda p, x: x.ad_set_id,
    "campaign_id": lambda p, x: x.campaign_id,
    "optimization_goal": lambda p, x: x.optimization_goal,
    "billing_event": lambda p, x: "IMPRESSIONS",
    "targeting": lambda p, x: {"geo_locations": {"countries": list(x.countries)}},
}
AD: dict[str, Reader] = {
    **_BOTH,
    "id": lambda p, x: x.ad_id,
    "adset_id": lambda p, x: x.ad_set_id,
    "campaign_id": lambda p, x: x.campaign_id,
    "creative": _creative,
}
KINDS: dict[type, tuple[str, dict[str, Reader]]] = {
    AdAccount: ("AdAccount", ACCOUNT),
    Campaign: ("Campaign", CAMPAIGN),
    AdSet: ("AdSet", AD_SET),
    Ad: ("Ad", AD),
}
NESTED = {"creative": "AdCreative"}
