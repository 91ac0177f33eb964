"""An order written out as JSON, as a book or POST /_control/orders states it.

    {"processed_at": "2026-03-08T01:59:59-05:00",         # default: now
     "customer": "ann",                                    # used again: the same customer; null: none
     "lines": [{"sku": "A1", "quantity": 2, "unit_price": "20.00", "discount": "3.00", "gift_card": false,
                "selling_plan": "Every month"}],               # default: bought once
     "discount": "10.00", "discount_code": "TEN",          # spread over the lines by largest remainder
     "taxes_included": false, "tax_rate": "0.08", "shipping": "5.00",
     "source": "web", "test": false, "country": "US", "region": "NY", "postal_code": "10001",
     "presentment": {"currency": "EUR", "rate": "0.92"},
     "visits": [{"at": "...", "landing_page": "https://...?utm_...", "referrer": null, "source": "direct"}],
     "journey_ready_at": "...",                            # default: at once
     "fulfilled_at": "...", "delivered_at": "...",         # default: not yet
     "edits": [{"at": "...", "add": [<line>], "remove": [{"line": 0, "quantity": 1}]}],
     "refunds": [{"at": "...", "lines": [{"line": 0, "quantity": 1}], "shipping": "0", "restock": true}],
     "cancelled": {"at": "...", "reason": "CUSTOMER"}}

A line's sku names a variant of the store, which gives title and price where they are not stated; a line whose
sku the store does not have (or without one) is a custom line and needs title and unit_price.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from clique_app.sandbox import orders
from clique_app.sandbox.advertised import without_click_id
from clique_app.sandbox.money import PPM, minor
from clique_app.sandbox.orders import LineDraft, OrderDraft
from clique_app.sandbox.records import Customer, Order, Visit
from clique_app.sandbox.store import Store

KEYS = {
    "processed_at", "customer", "lines", "discount", "discount_code", "taxes_included", "tax_rate",
    "shipping", "source", "test", "country", "region", "postal_code", "presentment", "visits", "edits",
    "refunds", "cancelled", "tags", "journey_ready_at", "fulfilled_at", "delivered_at",
}  # fmt: skip


class BadSpec(ValueError):
    """What was stated cannot be made into an order; the text says where."""


def place(store: Store, spec: dict[str, Any], now: datetime, *, created_at: datetime | None = None) -> Order:
    """File the order and all that happened to it; created_at is given where it appears just now."""
    unknown = set(spec) - KEYS
    if unknown:
        raise BadSpec(f"unknown key {sorted(unknown)[0]!r}")
    at = _time(spec["processed_at"], now) if spec.get("processed_at") else now
    draft = _draft(store, spec, at)
    order = orders.place(draft, store.next_order_id(), store.next_order_number(), store.next_id)
    order.fulfilled_from = next(iter(store.locations), None)
    for name in ("fulfilled_at", "delivered_at"):
        if spec.get(name):
            setattr(order, name, _time(spec[name], now))
    if spec.get("journey_ready_at"):  # the one thing that may lie ahead
        order.journey_ready_at = datetime.fromisoformat(spec["journey_ready_at"])
    for happened_at, kind, event in _later(spec, now):
        if happened_at < at:
            raise BadSpec(f"{kind} at {happened_at.isoformat()} lies before the order")
        _apply(store, order, happened_at, kind, event)
    if created_at is not None:
        order.created_at = order.updated_at = created_at
    store.add_order(order)
    for agreement in order.agreements[1:]:
        store.book(order, agreement)
    return order


def line_draft(store: Store, spec: dict[str, Any]) -> LineDraft:
    """A line of a spec; see the module's text."""
    sku = str(spec.get("sku", ""))
    variant = next((v for v in store.variants.values() if sku and v.sku == sku), None)
    product = store.products[variant.product_id] if variant else None
    if variant is None and ("title" not in spec or "unit_price" not in spec):
        raise BadSpec(f"a line needs the sku of a variant, or title and unit_price: {spec}")
    return LineDraft(
        title=str(spec.get("title") or (product.title if product else "")),
        sku=sku,
        quantity=int(spec.get("quantity", 1)),
        unit_price=minor(str(spec.get("unit_price", variant.price if variant else 0))),
        discount=minor(str(spec.get("discount", 0))),
        variant_id=variant.variant_id if variant else None,
        product_id=variant.product_id if variant else None,
        gift_card=bool(spec.get("gift_card", product.is_gift_card if product else False)),
        selling_plan=spec.get("selling_plan"),
    )


def visit(visit_id: int, at: datetime, landing_page: str, referrer: str | None, source: str) -> Visit:
    """A visit whose UTM parameters are read from its landing page, as Shopify does."""
    utm = _utm(without_click_id(landing_page.partition("?")[2]))
    return Visit(
        visit_id=visit_id,
        occurred_at=at,
        landing_page=landing_page,
        referrer_url=referrer,
        source=source,
        utm_source=utm.get("source"),
        utm_medium=utm.get("medium"),
        utm_campaign=utm.get("campaign"),
        utm_content=utm.get("content"),
        utm_term=utm.get("term"),
    )


@lru_cache(maxsize=4096)
def _utm(query: str) -> dict[str, str]:
    return {k[4:]: v[0] for k, v in parse_qs(query).items() if k.startswith("utm_")}


def _draft(store: Store, spec: dict[str, Any], at: datetime) -> OrderDraft:
    if not spec.get("lines"):
        raise BadSpec("an order needs at least one line")
    presentment = spec.get("presentment") or {}
    code = spec.get("discount_code")
    return OrderDraft(
        placed_at=at,
        lines=[line_draft(store, line) for line in spec["lines"]],
        customer_id=_customer(store, spec, at),
        source_name=str(spec.get("source", "web")),
        order_discount=minor(str(spec.get("discount", 0))),
        discount_codes=(str(code),) if code else (),
        tax_ppm=int(Decimal(str(spec.get("tax_rate", 0))) * PPM),
        taxes_included=bool(spec.get("taxes_included", False)),
        shipping=minor(str(spec.get("shipping", 0))),
        country=str(spec.get("country", store.shop.country)),
        region=str(spec.get("region", "")),
        postal_code=str(spec.get("postal_code", "")),
        visits=[
            visit(
                store.next_id(),
                _time(v["at"], at) if v.get("at") else at,
                str(v["landing_page"]),
                v.get("referrer"),
                str(v.get("source", "direct")),
            )
            for v in spec.get("visits", ())
        ],
        test=bool(spec.get("test", False)),
        presentment_currency=presentment.get("currency"),
        presentment_rate=Decimal(str(presentment.get("rate", 1))),
        tags=tuple(spec.get("tags", ())),
    )


def _customer(store: Store, spec: dict[str, Any], at: datetime) -> int | None:
    if "customer" in spec and spec["customer"] is None:
        return None
    name = str(spec.get("customer", ""))
    email = f"{name or f'guest{len(store.customers) + 1}'}@example.com"
    if name:
        known = store.customer_named.get(name)
        if known is not None:
            return known
    customer = Customer(
        customer_id=store.next_customer_id(),
        created_at=at,
        updated_at=at,
        email=email,
        country=str(spec.get("country", store.shop.country)),
        region=str(spec.get("region", "")),
        postal_code=str(spec.get("postal_code", "")),
    )
    store.add_customer(customer)
    if name:
        store.customer_named[name] = customer.customer_id
    return customer.customer_id


def _later(spec: dict[str, Any], now: datetime) -> list[tuple[datetime, str, dict[str, Any]]]:
    found = [(_time(x["at"], now), "edit", x) for x in spec.get("edits", ())]
    found += [(_time(x["at"], now), "refund", x) for x in spec.get("refunds", ())]
    if spec.get("cancelled"):
        found.append((_time(spec["cancelled"]["at"], now), "cancel", spec["cancelled"]))
    return sorted(found, key=lambda x: x[0])


def _apply(store: Store, order: Order, at: datetime, kind: str, event: dict[str, Any]) -> None:
    def taken(rows: list[dict[str, Any]]) -> list[tuple[int, int]]:
        return [(order.lines[int(x["line"])].line_id, int(x["quantity"])) for x in rows]

    location = order.fulfilled_from if event.get("restock", True) else None
    if kind == "edit":
        lines = [line_draft(store, line) for line in event.get("add", ())]
        orders.edit(order, at, lines, taken(event.get("remove", [])), store.next_id)
    elif kind == "refund":
        shipping = minor(str(event.get("shipping", 0)))
        orders.refund(order, at, taken(event.get("lines", [])), store.next_id, shipping=shipping, location_id=location)
    else:
        reason = str(event.get("reason", "CUSTOMER"))
        orders.cancel(order, at, reason, store.next_id, location_id=location)


def _time(text: str, now: datetime) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise BadSpec(f"the time {text} needs its offset from UTC")
    if at > now:
        raise BadSpec(f"the time {text} lies in the future")
    return at.astimezone(UTC)
