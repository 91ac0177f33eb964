"""What Clique reads of Klaviyo, page by page. A cursor that is empty begins, and one that comes back empty ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from clique_app.errors import Rejected, Unavailable
from clique_app.integrations.klaviyo import client, mapping
from clique_app.integrations.klaviyo.client import Endpoint, KlaviyoClient, Page
from clique_app.integrations.klaviyo.mapping import Row

SERIES_DAYS, VALUES_DAYS, AGGREGATE_DAYS = 59, 364, 364  # a day less than may be asked for: one may have 25 hours
ONLY_EMAIL = 'equals(send_channel,"email")'

Sort = Literal["campaign", "flow"]


@dataclass(frozen=True)
class AccountFacts:
    """The Klaviyo account an access belongs to."""

    account_id: str
    name: str
    currency: str
    time_zone: str


@dataclass(frozen=True)
class Metrics:
    """Klaviyo's ids of the events we ask about."""

    placed_order: str
    subscribed: str  # to a list; empty where nobody ever has


@dataclass(frozen=True)
class Rows:
    """One page as rows, and the cursor of the next."""

    rows: list[Row]
    after: str


def account(asked: KlaviyoClient) -> AccountFacts:
    """The one account of this access."""
    data = asked.get(client.ACCOUNTS, {}).data
    if not data:
        raise Unavailable("Klaviyo did not say whose account this is. Try again in a few minutes.")
    said = data[0]["attributes"]
    return AccountFacts(
        str(data[0]["id"]),
        str((said.get("contact_information") or {}).get("organization_name") or data[0]["id"]),
        str(said["preferred_currency"]),
        str(said["timezone"]),
    )


def metrics(asked: KlaviyoClient) -> Metrics:
    """Orders as the shop's own integration reports them, else as anybody does."""
    found, after = list[Row](), ""
    while True:
        page = asked.get(client.METRICS, {}, after)
        found += page.data
        after = page.after
        if not after:
            break
    placed = sorted(_named(found, "Placed Order"), key=lambda one: _integration(one) != "Shopify")
    subscribed = _named(found, "Subscribed to List")
    if not placed:
        raise Rejected("Klaviyo knows no orders of this store. Connect Shopify in Klaviyo, then sync again.")
    return Metrics(str(placed[0]["id"]), str(subscribed[0]["id"]) if subscribed else "")


def campaigns(asked: KlaviyoClient, after: str) -> Rows:
    params = {
        "include": "campaign",
        "page[size]": "100",
        "fields[campaign]": "definition",
        "fields[campaign-message]": "created,updated,definition",
    }
    page = asked.get(client.MESSAGES, params, after)
    return Rows(mapping.campaigns(page.data, page.included), page.after)


def flows(asked: KlaviyoClient, after: str) -> Rows:
    page = asked.get(client.FLOWS, {"page[size]": "50", "fields[flow]": "name,status,archived,trigger_type"}, after)
    return Rows([mapping.flow(record) for record in page.data], page.after)


def campaign_values(asked: KlaviyoClient, metric: str, first: date, last: date, zone: str, after: str) -> Rows:
    """Figures of the campaigns that were sent on these days."""
    page = _report(asked, client.CAMPAIGN_VALUES, metric, (first, last), zone, after)
    return Rows(mapping.campaign_values(page.data["attributes"]["results"]), page.after)


def flow_series(asked: KlaviyoClient, metric: str, first: date, last: date, zone: str, after: str) -> Rows:
    """Figures of flows on each of these days."""
    page = _report(asked, client.FLOW_SERIES, metric, (first, last), zone, after, interval="daily")
    return Rows(_within(mapping.flow_series(page.data["attributes"], zone), first, last), page.after)


def recipients(
    asked: KlaviyoClient, sort: Sort, metric: str, first: date, last: date, zone: str, after: str
) -> tuple[int, str]:
    """Klaviyo's own total over these days, to hold against ours."""
    endpoint = client.CAMPAIGN_VALUES if sort == "campaign" else client.FLOW_VALUES
    page = _report(asked, endpoint, metric, (first, last), zone, after, statistics=["recipients"])
    return mapping.recipients(page.data["attributes"]["results"]), page.after


def signups(asked: KlaviyoClient, metric: str, first: date, last: date, zone: str, after: str) -> Rows:
    """People who joined a list on each of these days."""
    start, end = _bounds(first, last, zone)
    attributes: Row = {
        "metric_id": metric,
        "measurements": ["count"],
        "interval": "day",
        "by": ["List"],
        "timezone": zone,
        "filter": [
            f"greater-or-equal(datetime,{start.replace(tzinfo=None).isoformat()})",
            f"less-than(datetime,{end.replace(tzinfo=None).isoformat()})",
        ],
        **({"page_cursor": after} if after else {}),
    }
    page = asked.ask(client.AGGREGATES, "metric-aggregate", attributes)
    return Rows(_within(mapping.signups(page.data["attributes"], zone), first, last), page.after)


def predictions(
    asked: KlaviyoClient, since: datetime | None, hashed: Callable[[str], bytes], after: str
) -> tuple[Rows, int]:
    """What Klaviyo expects of the profiles that changed since, or of all; and how many profiles the page had."""
    params = {
        "additional-fields[profile]": "predictive_analytics",
        "fields[profile]": "email,updated",
        "page[size]": "100",
        "sort": "updated",
        **({"filter": f"greater-than(updated,{since.isoformat()})"} if since else {}),
    }
    page = asked.get(client.PROFILES, params, after)
    rows = [row for record in page.data if (row := mapping.prediction(record, hashed))]
    return Rows(rows, page.after), len(page.data)


def _report(
    asked: KlaviyoClient, endpoint: Endpoint, metric: str, days: tuple[date, date], zone: str, after: str, **more: Any
) -> Page:
    start, end = _bounds(*days, zone)
    attributes: Row = {
        "statistics": list(mapping.STATISTICS),
        "timeframe": {"start": start.isoformat(), "end": end.isoformat()},
        "conversion_metric_id": metric,
        "filter": ONLY_EMAIL,
        **more,
    }
    return asked.ask(endpoint, endpoint.path.removesuffix("s"), attributes, after)


def _bounds(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """Midnight to midnight in the account's zone."""
    start, end = (datetime.combine(day, time(), ZoneInfo(zone)) for day in (first, last + timedelta(days=1)))
    return start, end


def _within(rows: Iterable[Row], first: date, last: date) -> list[Row]:
    """A day that begins where the asked time ends is not one of those asked for."""
    return [row for row in rows if first.isoformat() <= row["day"] <= last.isoformat()]


def _named(found: list[Row], name: str) -> list[Row]:
    return [one for one in found if one["attributes"].get("name") == name]


def _integration(metric: Row) -> str:
    return str((metric["attributes"].get("integration") or {}).get("name") or "")
