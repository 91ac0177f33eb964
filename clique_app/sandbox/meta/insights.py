"""Insights: the world's ad facts in the rows, names and text numbers of the Graph API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from clique_app.sandbox.ad_facts import ad_days, by_region
from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.meta.errors import GraphError, bad_param
from clique_app.sandbox.records import AdAccount, AdDayFact, AdSet, Campaign

LEVELS = ("account", "campaign", "adset", "ad")
BREAKDOWNS = ("country", "region")
MONTHS_KEPT = 37
PARAMS = frozenset((
    "level", "time_range", "date_preset", "time_increment", "breakdowns", "fields", "filtering", "limit", "after",
    "before", "action_attribution_windows", "action_report_time", "use_account_attribution_setting",
    "use_unified_attribution_setting", "sort", "is_async",
))  # fmt: skip
PRESET_DAYS = {"yesterday": (1, 1), "today": (0, 0), "last_7d": (7, 1), "last_14d": (14, 1), "last_28d": (28, 1),
               "last_30d": (30, 1), "last_90d": (90, 1)}  # fmt: skip
COUNTS = tuple(f.name for f in fields(AdDayFact) if f.name not in ("ad_id", "day", "country", "region"))
PIXEL = "offsite_conversion.fb_pixel_"
Totals = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """A validated request for insights."""

    level: str
    since: date
    until: date
    daily: bool
    breakdowns: tuple[str, ...]
    fields: tuple[str, ...]
    ids: dict[str, frozenset[str]]  # level -> the ids asked for


@dataclass(frozen=True)
class Scope:
    """Where a row belongs: its account, campaign, ad set and ad as far as the level goes."""

    platform: AdPlatform
    account: AdAccount
    campaign_id: str
    ad_set_id: str
    ad_id: str


def parse_query(params: dict[str, str], node: Any, account: AdAccount, now: datetime) -> Query:
    """Check the parameters as Meta would and read them."""
    unknown = [name for name in params if name not in PARAMS]
    if unknown:
        raise bad_param(f"Unknown parameter {unknown[0]}")
    own_level = {"AdAccount": "account", "Campaign": "campaign", "AdSet": "adset", "Ad": "ad"}[type(node).__name__]
    level = params.get("level", own_level)
    if level not in LEVELS:
        raise bad_param(f"level must be one of the following values: {', '.join(LEVELS)}")
    today = now.astimezone(ZoneInfo(account.time_zone)).date()
    since, until = _range(params, today)
    if since < today - timedelta(days=round(MONTHS_KEPT * 30.5)):
        raise GraphError(
            "(#3018) The start date of the time range cannot be beyond 37 months from the current date", 3018
        )
    breakdowns = tuple(_list(params.get("breakdowns", "")))
    wrong = [x for x in breakdowns if x not in BREAKDOWNS]
    if wrong:
        raise bad_param(f"breakdowns[0] must be one of the following values: {', '.join(BREAKDOWNS)}")
    increment = params.get("time_increment", "all_days")
    if increment not in ("1", "all_days"):
        raise bad_param("time_increment: this sandbox knows 1 and all_days")
    asked = tuple(_list(params.get("fields", "impressions,spend")))
    for name in asked:
        if name not in FIELDS:
            raise GraphError(
                f"(#100) {name} is not valid for fields param. please check https://developers.facebook.com/docs/"
                "marketing-api/reference/ads-insights/ for all valid values",
                100,
            )
    return Query(level, since, until, increment == "1", breakdowns, asked, _filters(params, node, own_level))


def rows(platform: AdPlatform, account: AdAccount, query: Query, now: datetime) -> list[dict[str, Any]]:
    """All rows of the answer; what had no delivery has no row."""
    groups: dict[tuple[str, ...], Totals] = {}
    scopes: dict[str, Scope] = {}
    for fact in ad_days(platform, account.account_id, query.since, query.until, now):
        ad = platform.ads[fact.ad_id]
        scope = Scope(platform, account, ad.campaign_id, ad.ad_set_id, ad.ad_id)
        if not _wanted(scope, query):
            continue
        owner = {"account": "", "campaign": scope.campaign_id, "adset": scope.ad_set_id, "ad": scope.ad_id}[query.level]
        scopes[owner] = scope
        day = fact.day.isoformat() if query.daily else ""
        for part in by_region(platform, fact) if query.breakdowns else (fact,):
            key = (day, owner, *(getattr(part, name) for name in query.breakdowns))
            totals = groups.setdefault(key, dict.fromkeys(COUNTS, 0))
            for name in COUNTS:
                totals[name] += getattr(part, name)
    return [_row(query, key, scopes[key[1]], totals) for key, totals in sorted(groups.items())]


def _row(query: Query, key: tuple[str, ...], scope: Scope, totals: Totals) -> dict[str, Any]:
    row: dict[str, Any] = {}
    depth = LEVELS.index(query.level)
    for name in query.fields:
        if LEVELS.index(NEEDS_LEVEL.get(name, "account")) > depth:
            continue
        value = FIELDS[name](scope, totals)
        if value not in (None, []):
            row[name] = value
    row["date_start"] = key[0] or query.since.isoformat()
    row["date_stop"] = key[0] or query.until.isoformat()
    row.update(zip(query.breakdowns, key[2:], strict=True))
    if query.breakdowns:
        for name in ("actions", "action_values"):
            kept = [x for x in row.get(name, ()) if not _off_site(x["action_type"])]
            row.pop(name, None)
            if kept:
                row[name] = kept
        row.pop("purchase_roas", None)
    return row


def _off_site(action_type: str) -> bool:
    """Conversions on the shop's own site are not split by place."""
    return action_type not in (
        "link_click",
        "landing_page_view",
        "video_view",
        "post_engagement",
        "page_engagement",
    )


def _actions(scope: Scope, totals: Totals) -> list[dict[str, str]]:
    found: list[tuple[str, int]] = [
        ("link_click", totals["link_clicks"]),
        ("landing_page_view", totals["landing_page_views"]),
        ("video_view", totals["video_views"]),
        ("post_engagement", totals["clicks"] + totals["video_views"]),
        ("page_engagement", totals["clicks"] + totals["video_views"]),
    ]
    for short, count in (
        ("add_to_cart", totals["add_to_carts"]),
        ("initiate_checkout", totals["checkouts"]),
        ("purchase", totals["purchases"]),
    ):
        found += [(short, count), (f"omni_{_omni(short)}", count), (PIXEL + short, count)]
    return [{"action_type": name, "value": str(count)} for name, count in found if count]


def _action_values(scope: Scope, totals: Totals) -> list[dict[str, str]]:
    value = totals["purchase_value"]
    names = ("purchase", "omni_purchase", f"{PIXEL}purchase")
    return [{"action_type": name, "value": str(value)} for name in names] if value else []


def _omni(short: str) -> str:
    return "initiated_checkout" if short == "initiate_checkout" else short


def _purchase_roas(scope: Scope, totals: Totals) -> list[dict[str, str]] | None:
    ratio = _ratio(totals["purchase_value"], totals["spend"])
    return [{"action_type": "omni_purchase", "value": ratio}] if ratio and totals["purchase_value"] else None


def _ratio(above: Decimal | int, below: Decimal | int, times: int = 1) -> str | None:
    if not below:
        return None
    exact = Decimal(above) * times / Decimal(below)
    return str(exact.quantize(Decimal("0.000001"), ROUND_HALF_UP))


def _wanted(scope: Scope, query: Query) -> bool:
    own = {"campaign": scope.campaign_id, "adset": scope.ad_set_id, "ad": scope.ad_id}
    return all(own[level] in ids for level, ids in query.ids.items())


def _filters(params: dict[str, str], node: Any, own_level: str) -> dict[str, frozenset[str]]:
    ids: dict[str, frozenset[str]] = {}
    if own_level != "account":
        ids[own_level] = frozenset((_id(node),))
    try:
        filters = json.loads(params.get("filtering") or "[]")
        for rule in filters:
            level, _, name = rule["field"].partition(".")
            value, operator = rule["value"], rule["operator"].upper()
            if name != "id" or level not in LEVELS[1:] or operator not in ("IN", "EQUAL"):
                raise bad_param(f"filtering: this sandbox knows campaign.id, adset.id and ad.id with IN, not {rule}")
            asked = frozenset(str(x) for x in (value if isinstance(value, list) else [value]))
            ids[level] = ids.get(level, asked) & asked
    except (ValueError, KeyError, TypeError, AttributeError):
        raise bad_param("Param filtering must be an array of {field, operator, value}") from None
    return ids


def _id(node: Any) -> str:
    if isinstance(node, Campaign):
        return node.campaign_id
    return node.ad_set_id if isinstance(node, AdSet) else node.ad_id


def _range(params: dict[str, str], today: date) -> tuple[date, date]:
    if "time_range" in params:
        try:
            stated = json.loads(params["time_range"])
            since, until = date.fromisoformat(stated["since"]), date.fromisoformat(stated["until"])
        except (ValueError, KeyError, TypeError):
            raise bad_param("Must be a valid time range: {'since':YYYY-MM-DD,'until':YYYY-MM-DD}") from None
        if since > until:
            raise bad_param("Invalid parameter: since must be before until")
        return since, until
    preset = params.get("date_preset", "last_30d")
    if preset == "maximum":
        return today - timedelta(days=36 * 30), today
    if preset not in PRESET_DAYS:
        raise bad_param(f"date_preset must be one of the following values: {', '.join(PRESET_DAYS)}, maximum")
    first, last = PRESET_DAYS[preset]
    return today - timedelta(days=first), today - timedelta(days=last)


def _list(text: str) -> Iterable[str]:
    """A list parameter, which may come as JSON or with commas."""
    if text.startswith("["):
        try:
            return [str(x) for x in json.loads(text)]
        except ValueError:
            raise bad_param(f"Param is not valid JSON: {text}") from None
    return [x.strip() for x in text.split(",") if x.strip()]


Field = Callable[[Scope, Totals], Any]
FIELDS: dict[str, Field] = {
    "account_id": lambda s, t: s.account.account_id,
    "account_name": lambda s, t: s.account.name,
    "account_currency": lambda s, t: s.account.currency,
    "campaign_id": lambda s, t: s.campaign_id,
    "campaign_name": lambda s, t: s.platform.campaigns[s.campaign_id].name,
    "objective": lambda s, t: s.platform.campaigns[s.campaign_id].objective,
    "adset_id": lambda s, t: s.ad_set_id,
    "adset_name": lambda s, t: s.platform.ad_sets[s.ad_set_id].name,
    "ad_id": lambda s, t: s.ad_id,
    "ad_name": lambda s, t: s.platform.ads[s.ad_id].name,
    "date_start": lambda s, t: None,  # always there
    "date_stop": lambda s, t: None,
    "spend": lambda s, t: str(t["spend"]),
    "impressions": lambda s, t: str(t["impressions"]),
    "clicks": lambda s, t: str(t["clicks"]),
    "reach": lambda s, t: str(t["reach"]),
    "inline_link_clicks": lambda s, t: str(t["link_clicks"]),
    "frequency": lambda s, t: _ratio(t["impressions"], t["reach"]),
    "ctr": lambda s, t: _ratio(t["clicks"], t["impressions"], 100),
    "cpc": lambda s, t: _ratio(t["spend"], t["clicks"]),
    "cpm": lambda s, t: _ratio(t["spend"], t["impressions"], 1000),
    "actions": _actions,
    "action_values": _action_values,
    "purchase_roas": _purchase_roas,
}
NEEDS_LEVEL = {
    "campaign_id": "campaign",
    "campaign_name": "campaign",
    "objective": "campaign",
    "adset_id": "adset",
    "adset_name": "adset",
    "ad_id": "ad",
    "ad_name": "ad",
}
