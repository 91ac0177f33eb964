"""Reports: the world's ad facts in Pinterest's columns, prepared while their caller asks how far they are."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clique_app.sandbox.ad_facts import ad_days, by_region
from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.pinterest import places
from clique_app.sandbox.pinterest.errors import invalid
from clique_app.sandbox.pinterest.objects import KEY, micro
from clique_app.sandbox.records import AdAccount, AdDayFact

DAYS_BACK, LONGEST_DAYS = 914, 186
LEVELS = ("ADVERTISER", "CAMPAIGN", "PIN_PROMOTION", "CAMPAIGN_TARGETING")
TARGETING = ("COUNTRY", "REGION")
WINDOWS = (0, 1, 7, 14, 30, 60)
PARAMS = {
    "start_date": str, "end_date": str, "granularity": str, "level": str, "columns": list, "report_format": str,
    "click_window_days": int, "engagement_window_days": int, "view_window_days": int, "conversion_report_time": str,
    "reporting_timezone": str, "targeting_types": list,
}  # fmt: skip
CHOICES = {
    "granularity": ("DAY", "TOTAL"), "level": LEVELS, "report_format": ("JSON",),
    "conversion_report_time": ("TIME_OF_AD_ACTION", "TIME_OF_CONVERSION"),
    "reporting_timezone": ("PINTEREST_TIME_ZONE", "AD_ACCOUNT_TIME_ZONE"),
}  # fmt: skip
NOT_BY_PLACE = ("TOTAL_IMPRESSION_USER", "TOTAL_IMPRESSION_FREQUENCY")
METRICS = {
    "SPEND_IN_MICRO_DOLLAR": lambda fact: micro(fact.spend),
    "IMPRESSION_1": lambda fact: fact.impressions,
    "CLICKTHROUGH_1": lambda fact: fact.clicks,
    "OUTBOUND_CLICK_1": lambda fact: fact.link_clicks,
    "TOTAL_IMPRESSION_USER": lambda fact: fact.reach,
    "TOTAL_PAGE_VISIT": lambda fact: fact.landing_page_views,
    "TOTAL_ADD_TO_CART": lambda fact: fact.add_to_carts,
    "TOTAL_CHECKOUT": lambda fact: fact.purchases,
    "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR": lambda fact: micro(fact.purchase_value),
    "VIDEO_MRC_VIEWS_1": lambda fact: fact.video_views,
}
NAMES = ("ADVERTISER_ID", "CAMPAIGN_ID", "CAMPAIGN_NAME", "AD_GROUP_ID", "AD_GROUP_NAME", "AD_ID", "AD_NAME")
COUNTS = tuple(one.name for one in fields(AdDayFact) if one.name not in ("ad_id", "day", "country", "region"))
USUAL_LOOKS, SLOW_LOOKS, MOST_KEPT = 1, 4, 64

Row = dict[str, Any]


@dataclass(slots=True)
class Report:
    """One report: what it was asked for, and how often its caller has to look before it is there."""

    account: AdAccount
    asked: Row
    looks_left: int
    end: str  # FINISHED | FAILED | DOES_NOT_EXIST


class Reports:
    """Those of late."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._reports: dict[str, Report] = {}

    def start(self, account: AdAccount, asked: Row, now: datetime, path: str) -> Row:
        _check(asked, now.date())
        fault = self._faults.take(KEY, "report_failed", "report_skipped", "report_slow", path=path, method="POST")
        end = {"report_failed": "FAILED", "report_skipped": "DOES_NOT_EXIST"}.get(fault or "", "FINISHED")
        token = secrets.token_urlsafe(32)
        self._reports[token] = Report(account, asked, SLOW_LOOKS if fault == "report_slow" else USUAL_LOOKS, end)
        while len(self._reports) > MOST_KEPT:
            self._reports.pop(next(iter(self._reports)))
        return {"report_status": "IN_PROGRESS", "token": token, "message": ""}

    def look(self, account: AdAccount, token: str, files_url: str) -> Row:
        """How far it is; each look is a step further."""
        report = self._reports.get(token)
        if report is None or report.account is not account:
            return {"report_status": "DOES_NOT_EXIST", "url": None, "size": None}
        report.looks_left -= 1
        if report.looks_left >= 0:
            return {"report_status": "IN_PROGRESS", "url": None, "size": None}
        done = report.end == "FINISHED"
        return {"report_status": report.end, "url": f"{files_url}/{token}.json" if done else None, "size": None}

    def file(self, token: str, platform: AdPlatform, now: datetime) -> dict[str, list[Row]] | None:
        """What lies at the address of a finished report: rows by object."""
        report = self._reports.get(token)
        if report is None or report.looks_left >= 0:
            return None
        found = list(rows(platform, report.account, report.asked, now))
        about = {"path": f"reports/{report.asked['level']}", "method": "GET", "object": report.asked["granularity"]}
        for kind in report.asked.get("targeting_types") or ("",):
            if self._faults.take(KEY, "rows_dropped", operation=kind, **about):
                of_kind = [one for one in found if one[1].get("TARGETING_TYPE", "") == kind]
                lost = {id(row) for _, row in of_kind[len(of_kind) // 2 :]}
                found = [one for one in found if id(one[1]) not in lost]
        by_object: dict[str, list[Row]] = {}
        for owner, row in found:
            by_object.setdefault(owner, []).append(row)
        return by_object


def rows(platform: AdPlatform, account: AdAccount, asked: Row, now: datetime) -> Iterator[tuple[str, Row]]:
    """The rows, each with its object. What had no delivery has no row, a column without a value is left out."""
    if asked.get("reporting_timezone") != "AD_ACCOUNT_TIME_ZONE":
        account = replace(account, time_zone="UTC")
        platform = copy.copy(platform)
        platform.accounts = {**platform.accounts, account.account_id: account}
    first, last = date.fromisoformat(asked["start_date"]), date.fromisoformat(asked["end_date"])
    last = min(last, now.astimezone(ZoneInfo(account.time_zone)).date())
    groups: dict[tuple[str, ...], AdDayFact] = {}
    for fact in ad_days(platform, account.account_id, first, last, now):
        day = fact.day.isoformat() if asked["granularity"] == "DAY" else ""
        for kind, value, part in _parts(platform, fact, asked):
            key = (_owner(platform, account, fact.ad_id, asked["level"]), day, kind, value)
            groups[key] = _sum(groups[key], part) if key in groups else part
    for (owner, day, kind, value), fact in groups.items():
        yield owner, _row(platform, account, asked, fact, day, kind, value)


def _parts(platform: AdPlatform, fact: AdDayFact, asked: Row) -> Iterator[tuple[str, str, AdDayFact]]:
    """The fact as it is, or once by each breakdown that was asked for."""
    if asked["level"] != "CAMPAIGN_TARGETING":
        yield "", "", fact
        return
    for part in by_region(platform, fact):
        if "COUNTRY" in asked["targeting_types"]:
            yield "COUNTRY", part.country, part
        if "REGION" in asked["targeting_types"] and (code := places.code(part.country, part.region)):
            yield "REGION", code, part


def _owner(platform: AdPlatform, account: AdAccount, ad_id: str, level: str) -> str:
    own = {"ADVERTISER": account.account_id, "PIN_PROMOTION": ad_id}
    return own.get(level) or platform.ads[ad_id].campaign_id


def _sum(one: AdDayFact, other: AdDayFact) -> AdDayFact:
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in COUNTS})


def _row(platform: AdPlatform, account: AdAccount, asked: Row, fact: AdDayFact, day: str, kind: str, value: str) -> Row:
    ad = platform.ads[fact.ad_id]
    named: Mapping[str, Any] = {
        "ADVERTISER_ID": int(account.account_id),
        "CAMPAIGN_ID": int(ad.campaign_id),
        "CAMPAIGN_NAME": platform.campaigns[ad.campaign_id].name,
        "AD_GROUP_ID": int(ad.ad_set_id),
        "AD_GROUP_NAME": platform.ad_sets[ad.ad_set_id].name,
        "AD_ID": int(ad.ad_id),
        "AD_NAME": ad.name,
    }
    row: Row = {"DATE": day} if day else {}
    row |= {"TARGETING_TYPE": kind, "TARGETING_VALUE": value} if kind else {}
    row |= {name: named[name] for name in asked["columns"] if name in named}
    measured = {name: METRICS[name](fact) for name in asked["columns"] if name in METRICS}
    return row | {name: amount for name, amount in measured.items() if amount}


def _check(asked: Row, today: date) -> None:
    for name, value in asked.items():
        if name not in PARAMS:
            raise invalid(f"'{name}' was unexpected")
        if not isinstance(value, PARAMS[name]):
            raise invalid(f"{value!r} is not of type '{PARAMS[name].__name__}'")
        if name in CHOICES and value not in CHOICES[name]:
            raise invalid(f"{value!r} is not one of {list(CHOICES[name])}")
        if name.endswith("_window_days") and value not in WINDOWS:
            raise invalid(f"{value!r} is not one of {list(WINDOWS)}")
    if lacking := [name for name in ("start_date", "end_date", "granularity", "level", "columns") if name not in asked]:
        raise invalid(f"'{lacking[0]}' is a required property")
    if unknown := [name for name in asked["columns"] if name not in METRICS and name not in NAMES]:
        raise invalid(f"{unknown[0]!r} is not a valid column")
    by_place = asked["level"].endswith("_TARGETING")
    if by_place != bool(asked.get("targeting_types")) or set(asked.get("targeting_types", ())) - set(TARGETING):
        raise invalid("targeting_types go with a level that ends in _TARGETING")
    if by_place and (wrong := [name for name in asked["columns"] if name in NOT_BY_PLACE]):
        raise invalid(f"{wrong[0]!r} is not available for targeting reports")
    _check_days(asked, today)


def _check_days(asked: Row, today: date) -> None:
    try:
        first, last = date.fromisoformat(asked["start_date"]), date.fromisoformat(asked["end_date"])
    except ValueError:
        raise invalid("start_date and end_date must be YYYY-MM-DD") from None
    if first > last:
        raise invalid("start_date must not be after end_date")
    if first < today - timedelta(days=DAYS_BACK):
        raise invalid(f"start_date can be at most {DAYS_BACK} days before today")
    if (last - first).days >= LONGEST_DAYS:
        raise invalid(f"The time range can be at most {LONGEST_DAYS} days")
