"""The API's lists: accounts, campaign messages, flows, metrics, profiles. Unknown parameters are refused."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from clique_app.sandbox.klaviyo import facts
from clique_app.sandbox.klaviyo.errors import invalid
from clique_app.sandbox.klaviyo.limits import Limits, limits
from clique_app.sandbox.store import Store

Row = dict[str, Any]
SINCE = re.compile(r"^greater-than\(updated,(.+)\)$")
FLOW_FIELDS = ("name", "status", "archived", "created", "updated", "trigger_type")
PROFILE_FIELDS = ("email", "phone_number", "external_id", "first_name", "last_name", "created", "updated")
METRICS = (
    ("PLO", "Placed Order", "Shopify"),
    ("FUL", "Fulfilled Order", "Shopify"),
    ("SUB", "Subscribed to List", "Klaviyo"),
    ("OPE", "Opened Email", "Klaviyo"),
)


@dataclass(frozen=True)
class Call:
    """A request that is let in."""

    store: Store
    seed: int
    now: datetime
    url: str  # as asked, without its query
    params: dict[str, str]


@dataclass(frozen=True)
class Listing:
    """An address that gives a list."""

    scope: str
    limits: Limits
    rows: Callable[[Call], list[Row]]
    fields: dict[str, tuple[str, ...]]  # by type: what fields[type] may name
    default_size: int
    largest_size: int
    others: tuple[str, ...] = ()  # further parameters


def page(listing: Listing, call: Call, *, empty: bool = False, dropped: bool = False) -> Row:
    """One page. empty: no rows, but the same page is announced again; dropped: the last rows are left out."""
    _check(listing, call.params)
    size = _size(listing, call.params)
    rows, start = listing.rows(call), _start(call.params.get("page[cursor]", ""))
    shown = [] if empty else rows[start : start + size]
    going_on = start if empty else start + size
    if dropped:
        shown = shown[: len(shown) // 2]
    included: dict[str, Row] = {}
    for row in shown:
        if owner := row.pop("_included", None):
            included[owner["id"]] = owner
    more = going_on < len(rows) or empty
    body: Row = {"data": shown, "links": links(call, cursor(going_on) if more else None)}
    return body | ({"included": list(included.values())} if call.params.get("include") else {})


def links(call: Call, after: str | None) -> Row:
    following = {**call.params, "page[cursor]": after}
    return {
        "self": f"{call.url}?{urlencode(call.params)}" if call.params else call.url,
        "next": f"{call.url}?{urlencode(following)}" if after else None,
        "prev": None,
    }


def cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"next::{position}".encode()).decode()


def start_of(text: str) -> int:
    """Where a cursor begins."""
    return _start(text)


def _accounts(call: Call) -> list[Row]:
    shop, own = call.store.shop, facts.account_id(call.store)
    address = {"address1": "1 Harbor Lane", "address2": "", "city": "Portland", "region": "ME", "country": shop.country}
    contact = {
        "default_sender_name": shop.name,
        "default_sender_email": shop.email,
        "website_url": f"https://{shop.domain}",
        "organization_name": shop.name,
        "street_address": {**address, "zip": "04101"},
    }
    said = {
        "test_account": False,
        "contact_information": contact,
        "industry": "Ecommerce, Home and garden",
        "timezone": shop.time_zone,
        "preferred_currency": shop.currency,
        "public_api_key": own,
        "locale": "en-US",
    }
    return [_record(call, "account", own, said)]


def _messages(call: Call) -> list[Row]:
    found = []
    for message in facts.campaigns(call.store, call.now):
        assert message.sent_at is not None
        sent = message.sent_at <= call.now
        said = {
            "name": f"{message.name}, e-mail",
            "status": "sent" if sent else "scheduled",
            "send_options": {"send_time": _time(message.sent_at), "send_strategy": "static"},
        }
        times = {"created": _time(message.sent_at), "updated": _time(min(message.sent_at, call.now))}
        row = _record(call, "campaign-message", message.message_id, {**times, "definition": said})
        row["relationships"] = {"campaign": {"data": {"type": "campaign", "id": message.program_id}}}
        old = (call.now - message.sent_at).days > facts.ARCHIVED_AFTER_DAYS
        campaign = {"name": message.name, "builder": "wizard", "archived": old}
        row["_included"] = _record(call, "campaign", message.program_id, {"definition": campaign})
        found.append(row)
    return found[::-1]  # the newest first


def _flows(call: Call) -> list[Row]:
    since = _time(datetime.combine(call.store.shop.history_from, datetime.min.time(), call.now.tzinfo))
    found = []
    for flow in facts.FLOWS:
        said = {
            "name": flow.name,
            "status": "live",
            "archived": False,
            "created": since,
            "updated": since,
            "trigger_type": flow.trigger,
        }
        found.append(_record(call, "flow", facts.flow_id(call.store, flow), said))
    return found


def metric_id(store: Store, key: str) -> str:
    return f"{key}{facts.account_id(store)}"


def _metrics(call: Call) -> list[Row]:
    return [
        _record(call, "metric", metric_id(call.store, key), {"name": name, "integration": {"name": source}})
        for key, name, source in METRICS
    ]


def _profiles(call: Call) -> list[Row]:
    since = _since(call.params.get("filter", ""))
    people = [one for one in facts.profiles(call.store, call.seed, call.now) if since is None or one.updated > since]
    people.sort(key=lambda one: (one.updated, one.profile_id))
    with_predictions = call.params.get("additional-fields[profile]") == "predictive_analytics"
    return [_profile(call, one, with_predictions) for one in people]


def _profile(call: Call, one: facts.Profile, with_predictions: bool) -> Row:
    said: Row = {"email": one.email, "created": _time(one.created), "updated": _time(one.updated)}
    if with_predictions:
        said["predictive_analytics"] = {
            "historic_clv": None,
            "predicted_clv": one.predicted_clv,
            "total_clv": None,
            "historic_number_of_orders": None,
            "predicted_number_of_orders": None,
            "average_days_between_orders": None,
            "average_order_value": None,
            "churn_probability": one.churn_probability,
            "expected_date_of_next_order": _time(one.next_order) if one.next_order else None,
        }
    return _record(call, "profile", one.profile_id, said)


LISTS: dict[str, Listing] = {
    "accounts": Listing("accounts:read", limits(1, 15), _accounts, {"account": ()}, 1, 1),
    "campaign-messages": Listing(
        "campaigns:read",
        limits(10, 150),
        _messages,
        {
            "campaign-message": ("created", "updated", "definition"),
            "campaign": ("created_at", "updated_at", "definition"),
        },
        20,
        100,
        ("include",),
    ),
    "flows": Listing("flows:read", limits(3, 60), _flows, {"flow": FLOW_FIELDS}, 50, 50),
    "metrics": Listing("metrics:read", limits(10, 150), _metrics, {"metric": ()}, 200, 0),
    "profiles": Listing(
        "profiles:read",
        limits(10, 150),
        _profiles,
        {"profile": PROFILE_FIELDS},
        20,
        100,
        ("additional-fields[profile]", "filter", "sort"),
    ),
}


def _check(listing: Listing, params: dict[str, str]) -> None:
    sized = ("page[size]",) if listing.largest_size > 1 else ()
    known = {"page[cursor]", *sized, *listing.others, *(f"fields[{kind}]" for kind in listing.fields)}
    for name, value in params.items():
        if name not in known:
            raise invalid(f"'{name}' is not a valid field for the resource.")
        if name.startswith("fields["):
            allowed = listing.fields[name.removeprefix("fields[").removesuffix("]")]
            if unknown := [one for one in value.split(",") if one not in allowed]:
                raise invalid(f"'{unknown[0]}' is not a valid sparse field.")
    if params.get("include") not in (None, "campaign"):
        raise invalid(f"'{params['include']}' is not a valid include.")
    if params.get("sort") not in (None, "updated"):
        raise invalid("Only sort by updated is emulated.")


def _size(listing: Listing, params: dict[str, str]) -> int:
    text = params.get("page[size]", str(listing.default_size))
    if "page[size]" in params and not (text.isdigit() and 1 <= int(text) <= listing.largest_size):
        raise invalid(f"Page size must be an integer between 1 and {listing.largest_size}.")
    return int(text)


def _start(text: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(text.encode()).decode().removeprefix("next::")) if text else 0
    except (ValueError, binascii.Error):
        raise invalid("Invalid cursor.") from None


def _since(text: str) -> datetime | None:
    if not text:
        return None
    found = SINCE.match(text)
    try:
        at = datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise invalid(f"'{text}' is not a valid filter.")
    return at


def _record(call: Call, kind: str, own: str, attributes: Row) -> Row:
    address = f"{call.url.rsplit('/', 1)[0]}/{kind}s/{own}"
    return {"type": kind, "id": own, "attributes": attributes, "links": {"self": address}}


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
