"""Orders of a file as ledger entries: net sales are the subtotal without tax, and a whole refund leaves nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.imports.ledger import Booked, book, prices_include_tax, spread
from clique_app.imports.records import OrderRecord
from clique_app.tables.orders import NET_SALES_KINDS
from tests.import_files import order, orders_csv, read

ZONE = "America/New_York"
CANDLE, MUG = ("Candle", "A1", 2, "20.00"), ("Mug", "M1", 1, "10.00")


def booked(*rows: list[dict[str, str]]) -> tuple[OrderRecord, Booked]:
    parsed = read(orders_csv(*rows))
    assert not parsed.problems
    return parsed.orders[0], book(parsed.orders[0], ZONE)


def sums(one: Booked) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for entry in one.entries:
        found[entry.kind] = found.get(entry.kind, Decimal(0)) + entry.amount
    return found


def net(one: Booked) -> Decimal:
    return sum((entry.amount for entry in one.entries if entry.kind in NET_SALES_KINDS), Decimal(0))


def test_tax_on_top_and_shipping_are_not_sales() -> None:
    _, one = booked(order("#1", CANDLE, Shipping="5.00", Taxes="3.60", Total="48.60"))
    assert sums(one) == {"sale": Decimal(40), "shipping": Decimal(5), "tax": Decimal("3.60")}


def test_tax_inside_the_prices_is_taken_out() -> None:
    record, one = booked(order("#1", ("Birch", "B1", 1, "30.00"), Taxes="5.00", Total="30.00"))
    assert prices_include_tax(record)
    assert sums(one) == {"sale": Decimal("25.00"), "tax": Decimal("5.00")}


def test_tax_inside_is_shared_with_shipping() -> None:
    _, one = booked(order("#1", ("Birch", "B1", 1, "30.00"), Shipping="6.00", Taxes="6.00", Total="36.00"))
    assert sums(one) == {"sale": Decimal("25.00"), "shipping": Decimal("5.00"), "tax": Decimal("6.00")}


def test_a_discount_is_what_the_subtotal_lacks_whatever_came_off_shipping() -> None:
    _, one = booked(order("#1", CANDLE, MUG, Subtotal="45.00", Discount_Amount="9.00", Total="45.00"))
    assert sums(one) == {"sale": Decimal(50), "discount": Decimal(-5)}
    assert [e.amount for e in one.entries if e.kind == "discount"] == [Decimal("-4.00"), Decimal("-1.00")]


def test_a_partial_refund_comes_off_the_products_first_on_the_orders_day() -> None:
    _, one = booked(order("#1", CANDLE, Shipping="5.00", Taxes="4.00", Total="49.00", Refunded_Amount="21.00"))
    assert net(one) == Decimal("40.00") - Decimal("19.28")  # of 43.56 with its tax
    assert {entry.day for entry in one.entries} == {date(2026, 3, 2)}


@pytest.mark.parametrize("taxes_inside", [True, False])
def test_a_whole_refund_leaves_nothing_and_takes_the_units_back(taxes_inside: bool) -> None:
    total = "55.00" if taxes_inside else "59.00"
    rows = order("#1", CANDLE, MUG, Shipping="5.00", Taxes="4.00", Total=total, Refunded_Amount=total)
    _, one = booked(rows)
    assert sum((entry.amount for entry in one.entries), Decimal(0)) == 0
    assert net(one) == 0
    assert sum(entry.quantity for entry in one.entries) == 0


def test_a_cancellation_has_a_day_of_its_own_and_an_unpaid_one_goes_back_whole() -> None:
    cancelled = "2026-03-04 08:00:00 -0500"
    _, one = booked(order("#1", MUG, Cancelled_at=cancelled, Financial_Status="voided"))
    assert [(e.kind, e.amount, e.day.day) for e in one.entries] == [("sale", 10, 2), ("cancellation", -10, 4)]
    _, kept = booked(order("#2", MUG, Cancelled_at=cancelled, Financial_Status="paid"))
    assert net(kept) == 10


def test_gift_cards_and_tips_are_not_sales_and_test_orders_book_nothing() -> None:
    rows = order("#1", ("Gift Card - $50.00", "G1", 1, "50.00"), MUG)
    rows[0] |= {"Lineitem requires shipping": "false", "Lineitem taxable": "false"}
    _, one = booked(rows)
    assert sums(one) == {"gift_card": Decimal(50), "sale": Decimal(10)}
    _, tried = booked(order("#2", MUG, Payment_Method="bogus"))
    assert tried.entries == ()


def test_the_same_order_has_the_same_mark_in_any_file() -> None:
    first, second = (read(orders_csv(*rows)).orders for rows in (
        (order("#1", MUG),), (order("#0", CANDLE), order("#1", MUG)),
    ))  # fmt: skip
    assert book(first[0], ZONE).mark(first[0]) == book(second[1], ZONE).mark(second[1])
    assert book(first[0], ZONE).mark(first[0]) != book(second[0], ZONE).mark(second[0])


cents = st.integers(0, 50_000).map(lambda n: Decimal(n) / 100)
basket = st.lists(st.tuples(st.integers(1, 5), cents), min_size=1, max_size=5)


@given(cents, st.lists(cents, min_size=1, max_size=8))
def test_what_is_spread_sums_to_the_whole(total: Decimal, weights: list[Decimal]) -> None:
    assert sum(spread(total, weights), Decimal(0)) == total


@given(basket, st.integers(0, 100), cents, st.integers(0, 25), st.booleans(), st.integers(0, 100))
def test_entries_sum_to_what_was_charged_and_net_sales_to_the_subtotal(
    lines: list[tuple[int, Decimal]], off: int, shipping: Decimal, rate: int, inside: bool, back: int
) -> None:
    gross = sum((price * quantity for quantity, price in lines), Decimal(0))
    subtotal = (gross * (100 - off) / 100).quantize(Decimal("0.01"))
    base = subtotal + shipping
    taxes = (base * rate / (100 + rate if inside else 100)).quantize(Decimal("0.01"))
    total = base if inside else base + taxes
    refunded = (total * back / 100).quantize(Decimal("0.01"))
    _, one = booked(
        order(
            "#1", *((f"P{n}", f"S{n}", quantity, str(price)) for n, (quantity, price) in enumerate(lines)),
            Subtotal=str(subtotal), Shipping=str(shipping), Taxes=str(taxes), Total=str(total),
            Refunded_Amount=str(refunded),
        )
    )  # fmt: skip
    assert sum((entry.amount for entry in one.entries), Decimal(0)) == total - refunded
    if not refunded:
        share = (taxes * subtotal / base).quantize(Decimal("0.01")) if base else Decimal(0)
        assert net(one) == (subtotal - share if inside and taxes else subtotal)
