"""Orders to ledger entries, by hand and by law."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.integrations.shopify import mapping
from clique_app.tables.orders import NET_SALES_KINDS
from tests.unit.integrations.shopify_records import agreement, line, order, sale

NEW_YORK = "America/New_York"
PLACED = "2026-03-02T17:00:00Z"
LATER = "2026-03-05T17:00:00Z"


def booked(record: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(e.kind, str(e.amount), e.quantity) for e in mapping.order(record, NEW_YORK).entries]


def test_tax_is_taken_out_of_a_price_that_includes_it() -> None:
    record = order(1, agreement("ORDER", PLACED, sale(1, "30.0", tax="5.0")))
    assert booked(record) == [("sale", "25.0", 1), ("tax", "5.0", 0)]


def test_a_discount_is_booked_beside_the_gross_sale() -> None:
    record = order(1, agreement("ORDER", PLACED, sale(1, "19.44", tax="1.44", discount="2.0", quantity=2)))
    assert booked(record) == [("discount", "-2.0", 0), ("sale", "20.00", 2), ("tax", "1.44", 0)]


def test_a_line_discounted_to_nothing_is_still_a_sale_of_its_unit() -> None:
    record = order(1, agreement("ORDER", PLACED, sale(1, "0.0", discount="20.0")))
    assert booked(record) == [("discount", "-20.0", 0), ("sale", "20.0", 1)]


def test_a_refund_is_booked_on_its_own_store_day() -> None:
    back = sale(2, "-10.80", tax="-0.80", action="RETURN", quantity=-1)
    record = order(1, agreement("ORDER", PLACED, sale(1, "21.60", tax="1.60", quantity=2)),
                   agreement("REFUND", "2026-03-06T04:59:59Z", back))  # fmt: skip
    entries = mapping.order(record, NEW_YORK).entries
    assert [(e.kind, str(e.amount), e.quantity, e.day) for e in entries if e.sale_id == 2] == [
        ("refund", "-10.00", -1, date(2026, 3, 5)),
        ("tax", "-0.80", 0, date(2026, 3, 5)),
    ]


def test_an_amount_given_back_without_goods_has_no_line() -> None:
    record = order(1, agreement("REFUND", LATER, sale(2, "-5.0", line_type="ADJUSTMENT", line=None, quantity=None)))
    [entry] = mapping.order(record, NEW_YORK).entries
    assert (entry.kind, entry.amount, entry.line_id, entry.quantity) == ("refund", Decimal("-5.0"), None, 0)


def test_what_goes_back_by_a_cancellation_is_no_refund() -> None:
    before = sale(2, "-5.0", line_type="ADJUSTMENT", line=None, quantity=None)
    back = sale(3, "-15.0", action="RETURN", quantity=-1)
    record = order(1, agreement("ORDER", PLACED, sale(1, "20.0")), agreement("REFUND", "2026-03-03T17:00:00Z", before),
                   agreement("REFUND", LATER, back), cancelledAt=LATER)  # fmt: skip
    assert booked(record) == [("sale", "20.0", 1), ("refund", "-5.0", 0), ("cancellation", "-15.0", -1)]


def test_an_edit_books_what_came_and_what_went() -> None:
    record = order(1, agreement("ORDER", PLACED, sale(1, "20.0")), agreement(
        "ORDER_EDIT", LATER, sale(2, "-20.0", action="RETURN", quantity=-1),
        sale(3, "27.0", discount="3.0", line=2), sale(4, "1.5", action="UPDATE", quantity=1)))  # fmt: skip
    assert booked(record) == [("sale", "20.0", 1), ("edit", "-20.0", -1), ("edit", "27.0", 1), ("edit", "1.5", 0)]


@pytest.mark.parametrize(
    ("line_type", "kind"),
    [("SHIPPING", "shipping"), ("GIFT_CARD", "gift_card"), ("TIP", "tip"), ("DUTY", "duty"), ("FEE", "fee"),
     ("ADDITIONAL_FEE", "fee"), ("UNKNOWN", "fee")],
)  # fmt: skip
def test_what_is_no_product_is_no_net_sale(line_type: str, kind: str) -> None:
    record = order(1, agreement("ORDER", PLACED, sale(1, "5.40", tax="0.40", line_type=line_type)))
    assert sorted(booked(record)) == sorted([(kind, "5.00", 0), ("tax", "0.40", 0)])
    assert kind not in NET_SALES_KINDS


def test_a_test_order_keeps_its_row_and_books_nothing() -> None:
    mapped = mapping.order(order(1, test=True), NEW_YORK)
    assert mapped.order.test
    assert mapped.entries == []


def test_money_the_buyer_saw_is_not_kept() -> None:
    mapped = mapping.order(order(1, presentmentCurrencyCode="EUR"), NEW_YORK)
    assert (mapped.order.currency, mapped.order.presentment_currency, mapped.order.total) == (
        "USD", "EUR", Decimal("20.0"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("processed_at", "day"),
    [
        ("2026-03-07T04:59:59Z", date(2026, 3, 6)),  # the last second of the day in winter time
        ("2026-03-07T05:00:00Z", date(2026, 3, 7)),
        ("2026-03-08T06:59:59Z", date(2026, 3, 8)),  # a second before the clock goes forward
        ("2026-03-09T04:30:00Z", date(2026, 3, 9)),  # summer time; in winter time it were the day before
        ("2026-11-01T05:30:00Z", date(2026, 11, 1)),  # the hour that comes twice
    ],
)
def test_a_purchase_belongs_to_the_stores_day(processed_at: str, day: date) -> None:
    mapped = mapping.order(order(1, processedAt=processed_at), NEW_YORK)
    assert mapped.order.day == day
    assert {e.day for e in mapped.entries} == {day}


def test_an_order_imported_later_is_booked_on_the_day_it_was_processed() -> None:
    record = order(1, agreement("ORDER", "2026-06-01T12:00:00Z", sale(1, "20.0")), createdAt="2026-06-01T12:00:00Z")
    assert [e.day for e in mapping.order(record, NEW_YORK).entries] == [date(2026, 3, 2)]


def test_an_order_without_a_journey_waits_for_none() -> None:
    assert mapping.order(order(1, customerJourneySummary=None), NEW_YORK).order.journey_ready
    assert not mapping.order(order(1, customerJourneySummary={"ready": False}), NEW_YORK).order.journey_ready


def test_an_email_hash_joins_within_a_store_only() -> None:
    assert mapping.email_hmac(" Ann@Example.com", b"one") == mapping.email_hmac("ann@example.com", b"one")
    assert mapping.email_hmac("ann@example.com", b"one") != mapping.email_hmac("ann@example.com", b"two")


cents = st.integers(0, 500_00)


@st.composite
def agreements(draw: st.DrawFn) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    numbers = iter(range(1, 1000))
    for reason in [
        "ORDER",
        *draw(st.lists(st.sampled_from(["ORDER_EDIT", "REFUND", "RETURN", "UNKNOWN"]), max_size=4)),
    ]:
        sales = []
        for _ in range(draw(st.integers(0, 4))):
            total, sign = draw(cents), -1 if reason != "ORDER" and draw(st.booleans()) else 1
            tax, discount = draw(st.integers(0, total)), draw(cents)
            text = [f"{sign * value / 100:.2f}" for value in (total, tax, discount)]
            kind = draw(st.sampled_from(["PRODUCT", "PRODUCT", "SHIPPING", "GIFT_CARD", "TIP", "ADJUSTMENT", "FEE"]))
            action = "RETURN" if sign < 0 else draw(st.sampled_from(["ORDER", "UPDATE"]))
            sales.append(sale(next(numbers), *text, line_type=kind, action=action, quantity=draw(st.integers(0, 5))))
        made.append(agreement(reason, LATER, *sales))
    return made


@given(agreements(), st.booleans())
def test_the_entries_of_every_sale_sum_to_its_total(found: list[dict[str, Any]], cancelled: bool) -> None:
    record = order(1, *found, cancelledAt=LATER if cancelled else None)
    entries = mapping.order(record, NEW_YORK).entries
    assert len({(e.sale_id, e.kind) for e in entries}) == len(entries)
    for each in (s for a in found for s in a["sales"]):
        number = int(each["id"].rsplit("/", 1)[1])
        total = sum((e.amount for e in entries if e.sale_id == number), Decimal(0))
        assert total == Decimal(each["totalAmount"]["shopMoney"]["amount"])


@given(agreements(), st.randoms(use_true_random=False))
def test_the_order_in_which_shopify_lists_things_does_not_matter(
    found: list[dict[str, Any]], chance: random.Random
) -> None:
    lines = [line(1), line(2), line(3)]
    one = mapping.order(order(1, *found, lineItems=lines), NEW_YORK)
    shuffled = [{**a, "sales": chance.sample(a["sales"], len(a["sales"]))} for a in chance.sample(found, len(found))]
    other = mapping.order(order(1, *shuffled, lineItems=lines[::-1]), NEW_YORK)
    assert one == other


def charge(*fees: tuple[str, str], kind: str = "SALE", status: str = "SUCCESS") -> dict[str, Any]:
    return {
        "kind": kind,
        "status": status,
        "fees": [{"amount": {"amount": amount, "currencyCode": currency}} for amount, currency in fees],
    }


@pytest.mark.parametrize(
    ("transactions", "fee"),
    [
        ([], None),
        ([charge(("0.88", "USD"))], "0.88"),
        ([charge(("0.88", "USD")), charge(("0.59", "USD"), kind="CAPTURE"), charge(kind="REFUND")], "1.47"),
        ([charge(("0.88", "USD")), charge()], None),  # a gift card or another gateway took the rest
        ([charge(("0.88", "USD")), charge(status="FAILURE")], "0.88"),
        ([charge(("0.80", "EUR"))], None),  # paid out in another currency
        ([charge(kind="AUTHORIZATION")], None),
    ],
)
def test_a_payment_fee_is_known_where_every_charge_states_it(transactions: list[Any], fee: str | None) -> None:
    found = mapping.order(order(1, transactions=transactions), NEW_YORK).order.payment_fee
    assert found == (None if fee is None else Decimal(fee))


def parcel(created: str, delivered: str | None = None, status: str = "SUCCESS", place: int | None = 5) -> Any:
    location = {"id": f"gid://shopify/Location/{place}"} if place else None
    return {"createdAt": created, "deliveredAt": delivered, "status": status, "location": location}


def test_an_order_is_delivered_when_its_last_parcel_is() -> None:
    first, second = parcel("2026-03-03T10:00:00Z", "2026-03-05T10:00:00Z"), parcel("2026-03-04T10:00:00Z", place=6)
    void = parcel("2026-03-01T10:00:00Z", status="CANCELLED", place=7)
    under_way = mapping.order(order(1, fulfillments=[second, void, first]), NEW_YORK).order
    assert under_way.fulfilled_at is not None
    assert (under_way.fulfilled_at.day, under_way.delivered_at, under_way.fulfilment_location_id) == (3, None, 5)
    arrived = mapping.order(order(1, fulfillments=[first, {**second, "deliveredAt": "2026-03-07T09:00:00Z"}]), NEW_YORK)
    assert arrived.order.delivered_at is not None
    assert arrived.order.delivered_at.day == 7
    nothing = mapping.order(order(1, fulfillments=[void]), NEW_YORK).order
    assert (nothing.fulfilled_at, nothing.delivered_at, nothing.fulfilment_location_id) == (None, None, None)
