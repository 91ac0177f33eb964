"""Mapped orders as lines for the staging tables: one way for a million orders of a bulk file and for one by its id."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from clique_app.integrations.shopify import mapping
from clique_app.sync import copy_lines

ORDER_COLUMNS = (
    "order_id bigint", "name text", "processed_at timestamptz", "day date", "created_at timestamptz",
    "updated_at timestamptz", "cancelled_at timestamptz", "test bool", "customer_id bigint", "source_name text",
    "selling_plan bool", "currency text", "presentment_currency text", "total numeric", "stated_total numeric",
    "payment_fee numeric", "financial_status text", "fulfillment_status text", "fulfilled_at timestamptz",
    "delivered_at timestamptz", "fulfilment_location_id bigint", "country text", "region text", "postal_code text",
    "journey_ready bool", "payload_hash bytea",
)  # fmt: skip
LINE_COLUMNS = (
    "line_id bigint", "order_id bigint", "product_id bigint", "variant_id bigint", "title text", "sku text",
    "quantity int", "current_quantity int", "unit_price numeric", "gift_card bool",
)  # fmt: skip
ENTRY_COLUMNS = (
    "sale_id bigint", "kind text", "order_id bigint", "line_id bigint", "happened_at timestamptz", "day date",
    "quantity int", "amount numeric",
)  # fmt: skip
TOUCH_COLUMNS = (
    "order_id bigint", "position int", "occurred_at timestamptz", "channel text", "source text", "medium text",
    "campaign text", "campaign_platform_id text", "ad_platform_id text", "click_id text", "landing_path text",
)  # fmt: skip


class OrderLines(NamedTuple):
    """An order and what belongs to it, ready to be copied."""

    order_id: int
    version: tuple[datetime, bool]  # a journey gets ready without the order being updated
    order: bytes
    lines: bytes
    entries: bytes
    touches: bytes


def of(record: dict[str, Any], time_zone: str) -> OrderLines:
    """The rows of Shopify's record. Equal rows have an equal payload_hash, however the record was fetched."""
    mapped = mapping.order(record, time_zone)
    order, *rest = copy_lines.each([mapped.order, *mapped.lines, *mapped.entries, *mapped.touches])
    entries_at = len(mapped.lines)
    touches_at = entries_at + len(mapped.entries)
    digest = blake2b(b"\n".join((order, *rest)), digest_size=16).hexdigest()
    return OrderLines(
        mapped.order.order_id,
        (mapped.order.updated_at, mapped.order.journey_ready),
        order + f',"\\x{digest}"\n'.encode(),
        copy_lines.joined(rest[:entries_at]),
        copy_lines.joined(rest[entries_at:touches_at]),
        copy_lines.joined(rest[touches_at:]),
    )


def newest(orders: Iterable[OrderLines]) -> list[OrderLines]:
    """Each order once; where it came more than once, as it was updated last."""
    found: dict[int, OrderLines] = {}
    for each in orders:
        known = found.get(each.order_id)
        if known is None or known.version <= each.version:
            found[each.order_id] = each
    return list(found.values())
