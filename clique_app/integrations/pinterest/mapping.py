"""Pinterest's objects and report rows as Clique's: money in millionths, pins as creatives, regions by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

from clique_app.errors import InvalidInput, Unavailable
from clique_app.integrations.channels import UNKNOWN_REGION, Total
from clique_app.integrations.links import product_handle

Row = dict[str, Any]

MICRO = 1_000_000  # of the ad account's currency, whichever it is and whatever the column is called
DELIVERY = ("SPEND_IN_MICRO_DOLLAR", "IMPRESSION_1", "CLICKTHROUGH_1", "OUTBOUND_CLICK_1")  # _1: paid for, _2: earned
CAMPAIGN_NAMES = ("CAMPAIGN_ID", "CAMPAIGN_NAME")
AD_DAY_COLUMNS = (
    *CAMPAIGN_NAMES, "AD_GROUP_ID", "AD_GROUP_NAME", "AD_ID", "AD_NAME", *DELIVERY, "TOTAL_IMPRESSION_USER",
    "TOTAL_PAGE_VISIT", "TOTAL_ADD_TO_CART", "TOTAL_CHECKOUT", "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR",
    "VIDEO_MRC_VIEWS_1",
)  # fmt: skip
REGION_DAY_COLUMNS = (*CAMPAIGN_NAMES, *DELIVERY)
TOTAL_COLUMNS = ("IMPRESSION_1", "SPEND_IN_MICRO_DOLLAR")
STATUSES = {"ACTIVE": "active", "PAUSED": "paused", "ARCHIVED": "archived", "DELETED_DRAFT": "deleted"}
COUNTS = ("impressions", "clicks", "link_clicks")
REGION_CODE = re.compile(r"[A-Z]{2}-\w")  # US-CA


def micro(amount: Decimal, currency: str) -> int:
    """A budget as Pinterest takes it. InvalidInput where the amount cannot be said exactly."""
    units = amount * MICRO
    if units != units.to_integral_value() or units <= 0:
        raise InvalidInput(f"{amount.normalize():f} {currency} cannot be a daily budget at Pinterest.")
    return int(units)


def amount(units: object) -> Decimal:
    """An amount of a report."""
    return Decimal(str(units or 0)) / MICRO


def campaign_budget(row: Row) -> Decimal | None:
    """A campaign's daily budget; None: its ad groups have theirs, or it is for the campaign's whole life."""
    daily = int(row.get("daily_spend_cap") or 0)
    return amount(daily) if daily and row.get("is_campaign_budget_optimization") else None


def ad_group_budget(row: Row) -> Decimal | None:
    """An ad group's daily budget; None: the campaign shares its own out, or it is for the ad group's whole life."""
    daily = int(row.get("budget_in_micro_currency") or 0)
    return amount(daily) if daily and row.get("budget_type") == "DAILY" else None


def status_of(row: Row) -> str:
    """A status as Clique says it; a draft does not run either."""
    return STATUSES.get(str(row.get("status")), "paused")


def status(value: Literal["active", "paused"]) -> str:
    """A status as Pinterest takes it."""
    return value.upper()


def campaign(row: Row, currency: str) -> Row:
    """The columns of a campaign."""
    objective = str(row.get("objective_type") or "").lower()
    return {**_named(row), "objective": objective, **_budgeted(campaign_budget(row), currency)}


def ad_group(row: Row, currency: str) -> Row:
    """The columns of an ad group, and its campaign by Pinterest's id."""
    targeting = in_words(row.get("targeting_spec") or {})
    budgeted = _budgeted(ad_group_budget(row), currency)
    return {**_named(row), "campaign": str(row["campaign_id"]), "targeting": targeting, **budgeted}


def ad(row: Row, pin: Row) -> Row:
    """The columns of an ad, its ad group by Pinterest's id, and where it leads."""
    path = urlsplit(link(row, pin)).path
    return {
        **_named(row),
        "ad_group": str(row["ad_group_id"]),
        "creative": str(row["pin_id"]),
        "link_path": path,
        "handle": product_handle(path),
    }


def creative(row: Row, pin: Row) -> Row:
    """The columns of the pin an ad shows."""
    return {
        "platform_id": str(row["pin_id"]),
        "name": str(row.get("name") or ""),
        "title": str(pin.get("title") or ""),
        "body": str(pin.get("description") or ""),
        "link_url": link(row, pin),
        "thumbnail_url": thumbnail(pin),
        "product_set": "",
    }


def promoted(row: Row, pin: Row) -> list[Row]:
    """The products an ad names: by where it leads, and by its cards."""
    cards = [str(url) for url in row.get("carousel_destination_urls") or ()]
    links = [("link", link(row, pin)), *(("card", url) for url in cards)]
    named = {handle: by for by, url in reversed(links) if (handle := product_handle(urlsplit(url).path))}
    return [{"ad": str(row["id"]), "handle": h, "product": None, "found_by": by} for h, by in named.items()]


def link(row: Row, pin: Row) -> str:
    """Where an ad leads: its own address, else its pin's."""
    return str(row.get("destination_url") or pin.get("link") or "")


def thumbnail(pin: Row) -> str:
    """The smallest picture of a pin that is still good to look at, where it has one."""
    images = (pin.get("media") or {}).get("images") or {}
    sizes = [images[size] for size in ("400x300", "600x", "1200x", "150x150") if size in images]
    return str(sizes[0].get("url") or "") if sizes else ""


def in_words(targeting: Mapping[str, Any]) -> str:
    """Who an ad group is for, as far as the places and ages say."""
    places = [*(targeting.get("LOCATION") or ()), *(targeting.get("GEO") or ())]
    words = [", ".join(str(place) for place in places)]
    youngest, oldest = targeting.get("MINIMUM_AGE"), targeting.get("MAXIMUM_AGE")
    if youngest or oldest:
        words.append(f"age {youngest or 18} to {oldest or '65+'}")
    elif targeting.get("AGE_BUCKET"):
        words.append(f"age {', '.join(targeting['AGE_BUCKET'])}")
    return "; ".join(word for word in words if word)


def ad_day(row: Row, currency: str) -> Row:
    """The columns of one ad's day, with the names of what it belongs to. Pinterest has no word for a begun checkout:
    its "checkout" is a purchase."""
    return {
        **_named_campaign(row),
        "adset_id": _id(row, "AD_GROUP_ID"),
        "adset_name": str(row.get("AD_GROUP_NAME") or ""),
        "ad_id": _id(row, "AD_ID"),
        "ad_name": str(row.get("AD_NAME") or ""),
        **_delivery(row, currency),
        "reach": _count(row, "TOTAL_IMPRESSION_USER"),
        "landing_page_views": _count(row, "TOTAL_PAGE_VISIT"),
        "add_to_carts": _count(row, "TOTAL_ADD_TO_CART"),
        "checkouts": 0,
        "video_views": _count(row, "VIDEO_MRC_VIEWS_1"),
        "reported_conversions": str(_count(row, "TOTAL_CHECKOUT")),
        "reported_revenue": str(amount(row.get("TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR"))),
    }


def region_days(rows: Iterable[Row], currency: str, names: Mapping[str, str]) -> list[Row]:
    """The columns of each campaign's day in each region; what a country's regions do not add up to is of no known one.

    rows: of the breakdowns COUNTRY and REGION, each of which is the whole. names: of regions, by Pinterest's code.
    """
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        value, named = str(row["TARGETING_VALUE"]), is_region(row)
        if row["TARGETING_TYPE"] == "REGION" and not named:
            continue  # it stays in its country's rest
        columns = {**_named_campaign(row), **_delivery(row, currency)}
        country = value.partition("-")[0]
        shares = ((names.get(value, value), 1), (UNKNOWN_REGION, -1)) if named else ((UNKNOWN_REGION, 1),)
        for region, sign in shares:
            key = (columns["campaign_id"], columns["day"], country, region)
            zero = {**columns, "country": country, "region": region, "spend": "0", **dict.fromkeys(COUNTS, 0)}
            into = found.setdefault(key, zero)
            into["spend"] = str(Decimal(into["spend"]) + sign * Decimal(columns["spend"]))
            into.update({name: into[name] + sign * columns[name] for name in COUNTS})
    return [row for row in found.values() if Decimal(row["spend"]) > 0 or row["impressions"] > 0]


def is_region(row: Row) -> bool:
    """Whether a row of the breakdowns is of a region that has a name."""
    return row["TARGETING_TYPE"] == "REGION" and REGION_CODE.match(str(row["TARGETING_VALUE"])) is not None


def total(rows: Iterable[Row]) -> Total:
    """The sum of rows without days."""
    listed = list(rows)
    spend = sum((amount(row.get("SPEND_IN_MICRO_DOLLAR")) for row in listed), Decimal(0))
    return Total(sum(_count(row, "IMPRESSION_1") for row in listed), spend)


def region_names(listed: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Names of regions by code, out of Pinterest's list of places: {"US-CA": "U.S.: California"}."""
    places = {str(code): str(name) for part in listed for code, name in part.items()}
    return {code: name.partition(": ")[2] or name for code, name in places.items() if "-" in code}


def _named(row: Row) -> Row:
    return {
        "platform_id": str(row["id"]),
        "name": str(row.get("name") or ""),
        "status": status_of(row),
        "effective_status": str(row.get("summary_status") or "").lower(),
    }


def _budgeted(daily: Decimal | None, currency: str) -> Row:
    return {"daily_budget": None if daily is None else str(daily), "currency": currency}


def _named_campaign(row: Row) -> Row:
    return {"campaign_id": _id(row, "CAMPAIGN_ID"), "campaign_name": str(row.get("CAMPAIGN_NAME") or "")}


def _delivery(row: Row, currency: str) -> Row:
    return {
        "day": str(row["DATE"]),
        "currency": currency,
        "spend": str(amount(row.get("SPEND_IN_MICRO_DOLLAR"))),
        "impressions": _count(row, "IMPRESSION_1"),
        "clicks": _count(row, "CLICKTHROUGH_1"),
        "link_clicks": _count(row, "OUTBOUND_CLICK_1"),
    }


def _id(row: Row, column: str) -> str:
    """An id of a report, which is a number there and a text everywhere else."""
    if row.get(column) is None:
        raise Unavailable(f"Pinterest's report lacks {column}.")
    return str(int(row[column]))


def _count(row: Row, column: str) -> int:
    return int(row.get(column) or 0)  # a column without a value is left out
