"""Klaviyo's records as rows of our tables. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

# what the reports are asked for, and our columns
STATISTICS = {
    "recipients": "recipients",
    "delivered": "delivered",
    "opens_unique": "unique_opens",
    "clicks_unique": "unique_clicks",
    "unsubscribe_uniques": "unsubscribes",
    "conversions": "reported_orders",
    "conversion_value": "reported_revenue",
}
AMOUNTS = ("reported_revenue",)

# the purpose of a flow by the words of its name, the most telling first
KIND_BY_NAME = (
    ("win_back", r"win.?back|lapsed|lapsing|re.?engag|re.?activat|miss you|sunset|inactive"),
    ("abandoned_cart", r"abandon(ed|ment)?\W*(cart|checkout|basket)|(cart|checkout|basket)\W*(abandon|remind|recover)"),
    ("browse_abandonment", r"brows|abandon(ed|ment)?\W*(site|search|product)|(site|search|product)\W*abandon"),
    (
        "post_purchase",
        r"post.?purchase|after.?purchase|thank.?you|repeat|cross.?sell|up.?sell|replenish|review|deliver",
    ),
    ("back_in_stock", r"back.?in.?stock|restock|low.?(stock|inventory)"),
    ("price_drop", r"price.?drop"),
    ("birthday", r"birthday|anniversar"),
    ("welcome", r"welcome|new subscriber|first.?order|sign.?up|onboard|nurture"),
)
KIND_BY_TRIGGER = {"Added to List": "welcome", "Low Inventory": "back_in_stock", "Price Drop": "price_drop"}
FLOW_KINDS = (*(kind for kind, _ in KIND_BY_NAME), "other")


def flow_kind(name: str, trigger: str) -> str:
    """What a flow is for: by its name, else by what starts it."""
    for kind, words in KIND_BY_NAME:
        if re.search(words, name, re.IGNORECASE):
            return kind
    return KIND_BY_TRIGGER.get(trigger, "other")


def flow(record: Row) -> Row:
    said = record["attributes"]
    name, trigger = str(said.get("name") or record["id"]), str(said.get("trigger_type") or "")
    return {
        "platform_id": str(record["id"]),
        "name": name,
        "status": "archived" if said.get("archived") else str(said.get("status") or "").lower(),
        "trigger": trigger,
        "kind": flow_kind(name, trigger),
        "sent_at": None,
    }


def campaigns(messages: list[Row], included: list[Row]) -> list[Row]:
    """A campaign by each of its messages: named as the campaign, sent when the message was."""
    known = {str(one["id"]): one["attributes"]["definition"] for one in included if one.get("type") == "campaign"}
    rows = []
    for message in messages:
        owner = ((message.get("relationships") or {}).get("campaign") or {}).get("data")
        if not owner:
            continue
        said, campaign = message["attributes"]["definition"], known.get(str(owner["id"]), {})
        rows.append(
            {
                "platform_id": str(owner["id"]),
                "name": str(campaign.get("name") or said.get("name") or owner["id"]),
                "status": "archived" if campaign.get("archived") else str(said.get("status") or ""),
                "trigger": "",
                "kind": "campaign",
                "sent_at": _sent_at(said, message["attributes"]),
            }
        )
    return rows


def _sent_at(said: Row, attributes: Row) -> str | None:
    """Each recipient's own time has no single one: then the first of them, or when sending was last worked on."""
    options = said.get("send_options") or {}
    times = [options.get("send_time"), *(options.get("send_times") or {}).values()]
    found = sorted(str(time) for time in times if time)
    if found:
        return found[0]
    return str(attributes["updated"]) if said.get("status") in ("sent", "sending") else None


def campaign_values(results: list[Row]) -> list[Row]:
    """A campaign's figures by message; they are of the day on which it was sent."""
    return [
        {
            "program": str(one["groupings"]["campaign_id"]),
            "message": str(one["groupings"]["campaign_message_id"]),
            **_figures(one["statistics"]),
        }
        for one in results
    ]


def flow_series(attributes: Row, time_zone: str) -> list[Row]:
    """A flow's figures by message and day; days on which nothing happened are left out."""
    days = [_day(text, time_zone) for text in attributes["date_times"]]
    rows = []
    for one in attributes["results"]:
        series = one["statistics"]
        for number, day in enumerate(days):
            figures = _figures({name: values[number] for name, values in series.items()})
            if any(figures.values()):
                head = {
                    "program": str(one["groupings"]["flow_id"]),
                    "message": str(one["groupings"]["flow_message_id"]),
                }
                rows.append({**head, "day": day.isoformat(), **figures})
    return rows


def recipients(results: list[Row]) -> int:
    """The report's own sum."""
    return round(sum(float(one["statistics"].get("recipients") or 0) for one in results))


def signups(data: Row, time_zone: str) -> Iterator[Row]:
    """People who joined a list, by day."""
    days = [_day(text, time_zone) for text in data["dates"]]
    for one in data["data"]:
        name = " / ".join(one["dimensions"]) or "Unknown list"
        for day, count in zip(days, one["measurements"]["count"], strict=True):
            if count:
                yield {"day": day.isoformat(), "list": name, "signups": round(count)}


def prediction(record: Row, hashed: Callable[[str], bytes]) -> Row | None:
    """What Klaviyo expects of a profile, under the hash of its address; None where it expects nothing yet."""
    said = record["attributes"]
    expected = said.get("predictive_analytics") or {}
    values = [expected.get(name) for name in ("predicted_clv", "churn_probability", "expected_date_of_next_order")]
    if not said.get("email") or all(value is None for value in values):
        return None
    clv, churn, next_order = values
    return {
        "email_hmac": hashed(str(said["email"])).hex(),
        "expected_clv": _decimal(clv),
        "churn_probability": _decimal(churn),
        "next_order_day": str(next_order)[:10] if next_order else None,
    }


def _figures(statistics: Row) -> Row:
    found = {column: statistics.get(name) or 0 for name, column in STATISTICS.items()}
    return {
        column: str(Decimal(str(value))) if column in AMOUNTS and value else round(value)
        for column, value in found.items()
    }


def _decimal(value: float | None) -> str | None:
    return None if value is None else str(Decimal(str(value)))


def _day(text: str, time_zone: str) -> date:
    """A day is labelled by its beginning, be it in the account's zone or in UTC."""
    at = datetime.fromisoformat(text)
    if (at.hour, at.minute) == (0, 0) or at.tzinfo is None:
        return at.date()
    return at.astimezone(ZoneInfo(time_zone)).date()
