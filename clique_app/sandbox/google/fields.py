"""Which fields queries may name here, how each is read off a row, and with which report it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.google.errors import bad_query
from clique_app.sandbox.google.gaql import Query
from clique_app.sandbox.google.rows import FIGURES, STATUSES, Row, country_id, kind_of, region_id
from clique_app.sandbox.records import Ad

Reader = Callable[["Scene", Row], Any]
SHARED_BY = 2


class Scene:
    """What rows are read against."""

    def __init__(self, ads: AdPlatform, shared_budgets: set[str], managers: set[str]) -> None:
        self.ads, self.shared_budgets, self.managers = ads, shared_budgets, managers


# what a report may be joined with: (its own fields come first, and its resource name with every row)
REPORT_RESOURCES: dict[str, tuple[str, ...]] = {
    "customer": ("customer",),
    "campaign": ("campaign", "campaign_budget", "customer"),
    "ad_group": ("ad_group", "campaign", "customer"),
    "ad_group_ad": ("ad_group_ad", "ad_group", "campaign", "customer"),
    "asset_group": ("asset_group", "campaign", "customer"),
    "asset_group_asset": ("asset_group_asset", "asset_group", "asset", "campaign", "customer"),
    "user_location_view": ("user_location_view", "ad_group", "campaign", "customer"),
    "keyword_view": ("keyword_view", "ad_group_criterion", "ad_group", "campaign", "customer"),
    "search_term_view": ("search_term_view", "ad_group", "campaign", "customer"),
    "shopping_performance_view": ("shopping_performance_view", "ad_group", "campaign", "customer"),
}
UNMEASURED = ("asset_group_asset",)
SEGMENTS: dict[str, tuple[str, ...]] = {
    "segments.conversion_action_category": ("customer", "campaign", "ad_group", "ad_group_ad", "asset_group"),
    "segments.geo_target_region": ("user_location_view",),
    "segments.product_item_id": ("shopping_performance_view",),
}
CONVERSIONS = {"metrics.conversions", "metrics.conversions_value", "metrics.all_conversions"}


def check(query: Query) -> None:
    """Refuse what Google would: unknown fields, and those that do not go together."""
    if query.resource not in REPORT_RESOURCES:
        raise bad_query("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", f"Invalid resource '{query.resource}' in FROM clause.")
    for name in sorted(query.fields):
        if name not in FIELDS:
            raise bad_query("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
        head = name.partition(".")[0]
        apart = head not in ("metrics", "segments") and head not in REPORT_RESOURCES[query.resource]
        if apart or (head in ("metrics", "segments") and query.resource in UNMEASURED):
            raise bad_query(
                "PROHIBITED_FIELD_COMBINATION_IN_SELECT_CLAUSE",
                f"The field '{name}' cannot be selected from resource '{query.resource}'.",
            )
        if query.resource not in SEGMENTS.get(name, (query.resource,)):
            raise bad_query(
                "PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE",
                f"Cannot select or filter on segment '{name}' with resource '{query.resource}'.",
            )
    figures = {name for name in query.fields if name.startswith("metrics.")}
    if "segments.conversion_action_category" in query.fields and figures - CONVERSIONS:
        raise bad_query(
            "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
            f"Cannot select or filter on the following metrics: {', '.join(sorted(figures - CONVERSIONS))} since "
            "segment 'segments.conversion_action_category' is selected.",
        )
    chosen = {name for name in query.fields if name.startswith("segments.") and name != "segments.date"}
    if missing := sorted(chosen - set(query.select)):
        raise bad_query("EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE", f"'{missing[0]}' must be in the SELECT clause.")


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """{"campaign.id": 5} as Google's JSON has it: objects, camelCase, 64-bit numbers as text."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        *path, last = (camel(part) for part in name.split("."))
        place = found
        for part in path:
            place = place.setdefault(part, {})
        place[last] = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return found


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def resource_name(scene: Scene, head: str, row: Row) -> str | None:
    """The name of the object of that kind in a row."""
    owner = f"customers/{row.account.account_id}"
    campaign, ad_set, ad = row.campaign, row.ad_set, row.ad
    match head:
        case "customer":
            return owner
        case "campaign" if campaign:
            return f"{owner}/campaigns/{campaign.campaign_id}"
        case "campaign_budget" if campaign:
            return f"{owner}/campaignBudgets/{budget_id(campaign.campaign_id)}"
        case "ad_group" if ad_set and campaign and kind_of(campaign) != "PERFORMANCE_MAX":
            return f"{owner}/adGroups/{ad_set.ad_set_id}"
        case "asset_group" if ad_set:
            return f"{owner}/assetGroups/{ad_set.ad_set_id}"
        case "ad_group_ad" if ad:
            return f"{owner}/adGroupAds/{ad.ad_set_id}~{ad.ad_id}"
    return None


def budget_id(campaign_id: str) -> str:
    """A budget is an object of its own."""
    return f"8{campaign_id}"


def primary_status(scene: Scene, row: Row, level: str) -> str:
    """The status after those of the objects above."""
    chain = {"campaign": (row.campaign,), "group": (row.campaign, row.ad_set), "ad": (row.campaign, row.ad_set, row.ad)}
    statuses = [STATUSES[one.status] for one in chain[level] if one is not None]
    if statuses[-1] != "ENABLED":
        return statuses[-1]
    return "ELIGIBLE" if set(statuses) == {"ENABLED"} else "NOT_ELIGIBLE"


def _campaign(name: str) -> Reader:
    return lambda scene, row: getattr(row.campaign, name) if row.campaign else None


def _group(name: str, *, asset: bool = False) -> Reader:
    """A field of an ad group, or of an asset group: the world knows only one kind."""

    def read(scene: Scene, row: Row) -> Any:
        if row.ad_set is None or row.campaign is None:
            return None
        return getattr(row.ad_set, name) if (kind_of(row.campaign) == "PERFORMANCE_MAX") is asset else None

    return read


def _number(reader: Reader) -> Reader:
    def read(scene: Scene, row: Row) -> int | None:
        value = reader(scene, row)
        return None if value is None else int(value)

    return read


def _status(reader: Reader) -> Reader:
    def read(scene: Scene, row: Row) -> str | None:
        value = reader(scene, row)
        return None if value is None else STATUSES[value]

    return read


def _ad(name: str) -> Reader:
    return lambda scene, row: getattr(row.ad, name) if row.ad else None


def _urls(scene: Scene, row: Row) -> list[str] | None:
    if row.ad is None or (row.campaign and kind_of(row.campaign) == "SHOPPING"):
        return None
    return [row.ad.link_url.partition("?")[0]]


def _asset_urls(scene: Scene, row: Row) -> list[str] | None:
    ads: list[Ad] = scene.ads.ads_of(row.ad_set.ad_set_id) if row.ad_set else []
    return [ads[0].link_url.partition("?")[0]] if ads else None


def _texts(*phrases: str) -> Reader:
    def read(scene: Scene, row: Row) -> list[dict[str, str]] | None:
        if row.ad is None or row.campaign is None or kind_of(row.campaign) != "SEARCH":
            return None
        return [{"text": phrase.format(row.ad.name)} for phrase in phrases]

    return read


def _ad_type(scene: Scene, row: Row) -> str | None:
    if row.ad is None or row.campaign is None:
        return None
    return "SHOPPING_PRODUCT_AD" if kind_of(row.campaign) == "SHOPPING" else "RESPONSIVE_SEARCH_AD"


def _amount(scene: Scene, row: Row) -> int | None:
    if row.campaign is None or row.campaign.daily_budget is None:
        return None
    return int(row.campaign.daily_budget * 1_000_000)


def _is_shared(scene: Scene, row: Row) -> bool:
    return bool(row.campaign and row.campaign.campaign_id in scene.shared_budgets)


def _asset(kinds: tuple[str, ...]) -> Reader:
    return lambda scene, row: row.asset[1] if row.asset[0] in kinds else None


def _figure(name: str) -> Reader:
    return lambda scene, row: row.figures.get(name, 0)


FIELDS: dict[str, Reader] = {
    "customer.id": lambda s, r: int(r.account.account_id),
    "customer.descriptive_name": lambda s, r: r.account.name,
    "customer.currency_code": lambda s, r: r.account.currency,
    "customer.time_zone": lambda s, r: r.account.time_zone,
    "customer.manager": lambda s, r: r.account.account_id in s.managers,
    "customer.status": lambda s, r: "ENABLED",
    "campaign.id": _number(_campaign("campaign_id")),
    "campaign.name": _campaign("name"),
    "campaign.status": _status(_campaign("status")),
    "campaign.primary_status": lambda s, r: primary_status(s, r, "campaign"),
    "campaign.advertising_channel_type": lambda s, r: kind_of(r.campaign) if r.campaign else None,
    "campaign_budget.resource_name": lambda s, r: resource_name(s, "campaign_budget", r),
    "campaign_budget.amount_micros": _amount,
    "campaign_budget.period": lambda s, r: "DAILY",
    "campaign_budget.explicitly_shared": _is_shared,
    "campaign_budget.reference_count": lambda s, r: SHARED_BY if _is_shared(s, r) else 1,
    "ad_group.id": _number(_group("ad_set_id")),
    "ad_group.name": _group("name"),
    "ad_group.status": _status(_group("status")),
    "ad_group.primary_status": lambda s, r: primary_status(s, r, "group"),
    "asset_group.id": _number(_group("ad_set_id", asset=True)),
    "asset_group.name": _group("name", asset=True),
    "asset_group.status": _status(_group("status", asset=True)),
    "asset_group.primary_status": lambda s, r: primary_status(s, r, "group"),
    "asset_group.final_urls": _asset_urls,
    "asset_group_asset.field_type": lambda s, r: r.asset[0],
    "asset_group_asset.status": lambda s, r: "ENABLED",
    "asset.text_asset.text": _asset(("HEADLINE", "DESCRIPTION")),
    "asset.image_asset.full_size.url": _asset(("MARKETING_IMAGE",)),
    "ad_group_ad.ad.id": _number(_ad("ad_id")),
    "ad_group_ad.ad.name": lambda s, r: None,  # as most ads at Google
    "ad_group_ad.ad.type": _ad_type,
    "ad_group_ad.ad.final_urls": _urls,
    "ad_group_ad.ad.responsive_search_ad.headlines": _texts("{}", "Small batches"),
    "ad_group_ad.ad.responsive_search_ad.descriptions": _texts("{}: made in small batches."),
    "ad_group_ad.ad.responsive_display_ad.headlines": lambda s, r: None,
    "ad_group_ad.ad.responsive_display_ad.descriptions": lambda s, r: None,
    "ad_group_ad.ad.image_ad.image_url": lambda s, r: None,
    "ad_group_ad.status": _status(_ad("status")),
    "ad_group_ad.primary_status": lambda s, r: primary_status(s, r, "ad"),
    "ad_group_criterion.keyword.text": lambda s, r: r.keyword[0],
    "ad_group_criterion.keyword.match_type": lambda s, r: r.keyword[1],
    "search_term_view.search_term": lambda s, r: r.term,
    "user_location_view.country_criterion_id": lambda s, r: country_id(r.place[0]),
    "user_location_view.targeting_location": lambda s, r: r.targeted,
    "segments.date": lambda s, r: r.day.isoformat() if r.day else None,
    "segments.conversion_action_category": lambda s, r: r.category,
    "segments.product_item_id": lambda s, r: r.item,
    "segments.geo_target_region": lambda s, r: (
        f"geoTargetConstants/{region_id(*r.place)}" if region_id(*r.place) else None
    ),
    **{f"metrics.{name}": _figure(name) for name in FIGURES},
}
