"""Where a customer is held, and what redaction does there: one entry a table. Pure.

A test holds the tables against these tuples: a new table, or a new column of one that holds customers, is to be placed.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, LiteralString

from clique_app.errors import InvalidInput

MOST_ORDERS = 100_000
SHORTEST_NAME = 5  # a text shorter than any e-mail or telephone names nobody


@dataclass(frozen=True)
class Held:
    """One table. Parameters of its SQL: customer, hmac, email, orders, names (a pattern), stand_in (a number of
    nobody)."""

    table: LiteralString
    whose: LiteralString  # which rows are the person's
    redacted: Mapping[LiteralString, LiteralString]  # column: what it is set to
    kept: str  # columns, spaced, that say nothing of a person once the others are gone
    of_many: bool = False  # a row is many people's, so that a report to one of them leaves it out


_OF_ORDERS = "order_id = any(%(orders)s)"
# whoever placed the orders in a browser that let itself be told apart
_OF_VISITS = (
    "visitor_id in (select visitor_id from web_session where store_id = %(store)s and order_id = any(%(orders)s))"
)
_NOBODYS_VISITOR = "decode(md5(visitor_id::text || %(stand_in)s), 'hex')"  # one visitor stays one
_OF_HMAC = "customer_hmac = %(hmac)s"
_OTHER_NUMBER: LiteralString = "-(random() * 4611686018427387904)::bigint - 1"

# customers' numbers by the day they were won on, and what else such a row tells
_BY_DAY_WON: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("cohort_segment_day", "split segment"),
    ("won_place_day", "place"),
    ("won_credit_day", "channel campaign_id share"),
    ("won_expected_day", ""),
)

# Sales stay, without the buyer: the customer becomes a random number, so that counts of buyers stay right too.
HELD = (
    Held(
        "customer",
        "customer_id = %(customer)s or email_hmac = %(hmac)s",  # a file may have named the same buyer first
        {
            "customer_id": f"case when customer_id = %(customer)s then %(stand_in)s else {_OTHER_NUMBER} end",
            "created_at": "null",
            "updated_at": "null",
            "email_hmac": "null",
            "country": "''",
            "region": "''",
            "postal_code": "''",
        },
        "first_order_id first_order_at first_order_day",
    ),
    Held(
        "shop_order",
        _OF_ORDERS,
        {
            "customer_id": "case when customer_id is null then null else %(stand_in)s end",
            "country": "''",
            "region": "''",
            "postal_code": "''",
            "payload_hash": "null",
        },
        "order_id name processed_at day created_at updated_at cancelled_at test source_name selling_plan currency "
        "presentment_currency total stated_total payment_fee financial_status fulfillment_status "
        "fulfilment_location_id fulfilled_at delivered_at journey_ready",
    ),
    Held(
        "order_line",
        _OF_ORDERS,
        {},
        "line_id order_id product_id variant_id title sku quantity current_quantity unit_price gift_card",
    ),
    Held(
        "sale_entry",
        _OF_ORDERS,
        {},
        "sale_id kind order_id line_id product_id variant_id happened_at day quantity amount unit_cost",
    ),
    Held(
        "touch",
        _OF_ORDERS,
        {"landing_path": "''"},
        "order_id position occurred_at channel source medium campaign campaign_platform_id ad_platform_id click_id",
    ),
    Held(
        "page_event",
        _OF_VISITS,
        {"visitor_id": _NOBODYS_VISITOR, "path": "'/'", "referrer": "''"},
        "event_id kind at product_id order_id scroll_pct channel source medium campaign campaign_platform_id "
        "ad_platform_id click_id consent",
    ),
    Held(
        "visitor_waiting",
        _OF_VISITS,
        {"visitor_id": _NOBODYS_VISITOR},
        "number at",
    ),
    Held(  # after what is found by it
        "web_session",
        _OF_VISITS,
        {"visitor_id": _NOBODYS_VISITOR, "landing_path": "''", "referrer": "''"},
        "started_at ended_at day channel source medium campaign campaign_platform_id ad_platform_id click_id "
        "landed_on_product page_views product_views engaged_seconds deepest_scroll_pct added_to_cart "
        "added_viewed_product wishlisted checkout_started signed_up bounced order_id",
    ),
    Held(
        "credit",
        _OF_ORDERS,
        {},
        "order_id day position channel campaign_id ad_id amount orders",
    ),
    # of the eight that follow: their orders, or themselves, changed too, have the day, or the standing, made anew
    Held(
        "customer_sales_day",
        "position(int8send(%(customer)s) in booked) > 0",
        {"booked": "''"},
        "day",
        of_many=True,
    ),
    Held(
        "order_gap_day",
        "position(int8send(%(customer)s) in orders) > 0",
        {"orders": "''"},
        "day one_back two_back",
        of_many=True,
    ),
    Held(
        "order_worth_day",
        "position(int8send(%(customer)s) in orders) > 0",
        {"orders": "''"},
        "day",
        of_many=True,
    ),
    *(
        Held(
            table,
            "position(int8send(%(customer)s) in customers) > 0",
            {"customers": "''"},
            f"day {told}".strip(),
            of_many=True,
        )
        for table, told in _BY_DAY_WON
    ),
    Held(
        "vip_standing",
        "position(int8send(%(customer)s) in first) > 0",
        {"first": "''"},
        "day customers booked",
        of_many=True,
    ),
    Held(
        "customer_value",
        "customer_id = %(customer)s",
        {"customer_id": "%(stand_in)s"},
        "as_of model_id frequency recency age p_alive purchases_90 purchases_365 value_90 value_365 reorder_30 "
        "next_order_on",
    ),
    Held(
        "order_forecast",
        "customer_id = %(customer)s",
        {"customer_id": "%(stand_in)s"},
        "made_on expected_on",
    ),
    Held(
        "survey_response",
        _OF_ORDERS,
        {},
        "subject order_id day answered_at changed_at nps heard channel",
    ),
    Held(
        "review",
        _OF_HMAC,
        {"customer_hmac": "null"},
        "record_id source day told_at withdrawn rating product_id",
    ),
    Held(
        "ugc",
        _OF_HMAC,
        {"customer_hmac": "null"},
        "record_id source day told_at withdrawn network",
    ),
    Held(
        "loyalty_member",
        _OF_HMAC,
        {"customer_hmac": "null", "record_id": _OTHER_NUMBER},
        "source day told_at withdrawn",
    ),
    Held(
        "sync_run",
        "message ~ %(names)s",
        {"message": "''"},
        "run_id source kind state started_at finished_at heartbeat_at expected read written skipped skipped_why stage "
        "plan position",
    ),
    Held(
        "imported_row",
        "kind = 'customer' and row_id = %(customer)s or kind = 'order' and row_id = any(%(orders)s)",
        {"row_id": "case when kind = 'customer' then %(stand_in)s else row_id end", "mark": "null"},
        "kind day file_id",
    ),
    Held(  # what waited to be imported is emptied before
        "imported_file",
        "name ~ %(names)s or %(email)s <> '' and position(lower(%(email)s) in lower(name)) > 0",
        {"name": "coalesce(nullif(kind, ''), 'file') || '.csv'", "content": "null", "preview": "'{}'::jsonb"},
        "file_id kind digest state lines uploaded_by uploaded_at imported_at removed_at first_day last_day amount "
        "counts message",
        of_many=True,
    ),
    Held(
        "profile_prediction",
        "email_hmac = %(hmac)s",
        {
            "email_hmac": "decode(md5(random()::text), 'hex')",
            "expected_clv": "null",
            "churn_probability": "null",
            "next_order_day": "null",
        },
        "currency read_at",
    ),
    Held(
        "privacy_request",
        "customer_id = %(customer)s or asked::text ~ %(names)s or report::text ~ %(names)s",
        {"customer_id": "null", "asked": "'{}'::jsonb", "report": "'{}'::jsonb"},
        "request_id kind reference state asked_at answered_at counts note",
    ),
)

# the system role's; of these rows, those are the person's that Person.is_in_delivery finds
DELIVERIES = Held(
    "inbox_event",
    "object_id = any(%(orders)s) or object_id = %(customer)s or payload <> '' or error <> ''",
    {"payload": "''", "error": "''", "object_id": "null", "kind": "''"},
    "source delivery_id number topic shop_domain triggered_at received_at state attempts retry_at done_at",
)

# about the store, its staff, its goods and its ads
NO_CUSTOMERS = (
    "action", "ad", "ad_account", "ad_day", "ad_day_former", "ad_group", "ad_product", "audit_entry", "campaign",
    "campaign_region_day", "cohort_day", "connect_ticket", "connection", "creative", "credit_change",
    "credit_channel_day", "credit_day", "credit_restatement", "email_account", "email_day", "email_program",
    "email_signup_day", "exchange_rate", "expected_day", "inventory_day", "inventory_level", "inventory_read",
    "job_run", "job_schedule", "location", "member", "metric_baseline", "metric_change", "metric_day",
    "metric_summed", "model_version", "order_credit_day", "performance_day", "product", "recommendation",
    "referral", "reorder_day", "row_count", "search_day", "social_day", "store", "store_settings", "sync_cursor",
    "unit_cost", "variant", "variant_units_day", "visitor_gap_day", "voice_settings", "webhook_check",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Whom a request names."""

    customer_id: int
    email: str = ""
    phone: str = ""
    email_hmac: bytes = b""
    orders: tuple[int, ...] = ()

    @cached_property
    def names(self) -> str:
        """A pattern, for Python and for PostgreSQL, of everything that names the person: ids, gids, e-mail, its
        HMAC, telephone."""
        numbers = [str(number) for number in (self.customer_id, *self.orders)]
        digits = re.sub(r"\D", "", self.phone)
        words = [self.email, self.email_hmac.hex(), b64encode(self.email_hmac).decode(), self.phone]
        texts = "|".join(re.escape(word) for word in words if len(word) >= SHORTEST_NAME)
        parts = [f"(?<![0-9])(?:{'|'.join([*numbers, *([digits] if len(digits) > 6 else [])])})(?![0-9])"]
        if texts:
            parts.append(f"(?<![a-z0-9._-])(?:{texts})(?![a-z0-9-])")
        return f"(?i)(?:{'|'.join(parts)})"

    def is_in(self, text: str) -> bool:
        """Whether the text names the person."""
        return re.search(self.names, text) is not None

    def is_in_delivery(self, kind: str, object_id: int | None, error: str, payload: bytes) -> bool:
        """Whether a delivery is about the person or one of their orders, or says so."""
        about = (kind == "customer" and object_id == self.customer_id) or (kind == "order" and object_id in self.orders)
        return about or self.is_in(error) or self.is_in_payload(payload)

    def is_in_payload(self, payload: bytes) -> bool:
        """Whether a delivery's body does, however its JSON is escaped."""
        try:
            return self.is_in(json.dumps(json.loads(payload), ensure_ascii=False))
        except (ValueError, RecursionError):
            return self.is_in(payload.decode(errors="replace"))


def asked_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a privacy topic's body asks for. InvalidInput where it names nobody."""
    customer = payload.get("customer")
    if not isinstance(customer, Mapping) or not _is_id(customer.get("id")):
        raise InvalidInput("The request names no customer.")
    orders = [*_list(payload, "orders_requested"), *_list(payload, "orders_to_redact")]
    if len(orders) > MOST_ORDERS or not all(_is_id(order) for order in orders):
        raise InvalidInput("The request's orders are not a list of order ids.")
    return {
        "customer_id": customer["id"],
        "email": _word(customer.get("email")),
        "phone": _word(customer.get("phone")),
        "orders": sorted(set(orders)),
    }


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _list(payload: Mapping[str, Any], name: str) -> list[Any]:
    value = payload.get(name) or []
    if not isinstance(value, list):
        raise InvalidInput("The request's orders are not a list of order ids.")
    return value


def _word(value: Any) -> str:
    return value.replace("\0", "").strip() if isinstance(value, str) else ""
