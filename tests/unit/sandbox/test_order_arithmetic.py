"""Laws of order arithmetic: whatever happens to an order, its parts sum to the cent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.sandbox import orders
from clique_app.sandbox.money import allocate, minor
from clique_app.sandbox.orders import LineDraft, NotPossible, OrderDraft
from clique_app.sandbox.records import Order
from tests.unit.sandbox.worlds import BEGAN

lines = st.builds(
    LineDraft,
    title=st.just("Candle"),
    sku=st.just("A"),
    quantity=st.integers(1, 7),
    unit_price=st.integers(0, 20_000),
    gift_card=st.booleans(),
)
drafts = st.builds(
    OrderDraft,
    placed_at=st.just(BEGAN),
    lines=st.lists(lines, min_size=1, max_size=4),
    tax_ppm=st.sampled_from((0, 62_500, 88_750, 190_000, 200_000)),
    taxes_included=st.booleans(),
    shipping=st.integers(0, 2_000),
)


def _place(draft: OrderDraft, percent: int = 0) -> tuple[Order, orders.NextId]:
    goods = sum(line.quantity * line.unit_price for line in draft.lines if not line.gift_card)
    draft.order_discount = goods * percent // 100
    next_id = count(1).__next__
    return orders.place(draft, 1, 1001, next_id), next_id


def _booked(order: Order, line_type: str = "") -> Decimal:
    sales = [s for a in order.agreements for s in a.sales if line_type in ("", s.line_type)]
    return sum((s.total_amount for s in sales), Decimal(0))


@given(drafts, st.integers(0, 100))
def test_the_first_agreement_is_lines_after_discount_plus_shipping_plus_added_tax(
    draft: OrderDraft, percent: int
) -> None:
    order, _ = _place(draft, percent)
    shown = sum((x.unit_price * x.quantity - x.discount for x in order.lines), Decimal(0))
    tax = sum((x.tax for x in order.lines), Decimal(0)) + order.shipping_tax
    added = Decimal(0) if order.taxes_included else tax
    assert _booked(order) == shown + order.shipping + added
    assert sum((x.discount for x in order.lines), Decimal(0)) * 100 == draft.order_discount
    assert orders.totals(order).total == _booked(order)
    assert orders.totals(order).tax == tax


@given(drafts, st.integers(0, 100), st.data())
def test_giving_back_all_units_in_any_parts_leaves_nothing(
    draft: OrderDraft, percent: int, data: st.DataObject
) -> None:
    order, next_id = _place(draft, percent)
    at = BEGAN
    while left := [x for x in order.lines if x.current_quantity]:
        line = data.draw(st.sampled_from(left))
        units = data.draw(st.integers(1, line.current_quantity))
        at += timedelta(days=1)
        given_back = orders.refund(order, at, [(line.line_id, units)], next_id)
        assert given_back.total == -sum((s.total_amount for s in order.agreements[-1].sales), Decimal(0))
    for kind in ("PRODUCT", "GIFT_CARD"):
        assert _booked(order, kind) == 0
    taken = [s for a in order.agreements for s in a.sales if s.line_type != "SHIPPING"]
    assert sum((s.total_tax for s in taken), Decimal(0)) == 0
    assert sum((s.total_discount_before_taxes for s in taken), Decimal(0)) == 0
    assert order.updated_at == at


@given(drafts, st.integers(0, 100))
def test_a_cancelled_order_books_nothing_and_pays_everything_back(draft: OrderDraft, percent: int) -> None:
    order, next_id = _place(draft, percent)
    orders.cancel(order, BEGAN + timedelta(hours=1), "CUSTOMER", next_id)
    assert _booked(order) == 0
    signed = [t.amount if t.kind == "SALE" else -t.amount for t in order.transactions]
    assert sum(signed, Decimal(0)) == 0
    with pytest.raises(NotPossible):
        orders.cancel(order, BEGAN + timedelta(hours=2), "CUSTOMER", next_id)


@given(drafts, lines)
def test_an_edit_books_what_it_adds_less_what_it_takes_off(draft: OrderDraft, added: LineDraft) -> None:
    order, next_id = _place(draft)
    before, line = _booked(order), order.lines[0]
    taken = [(line.line_id, line.current_quantity)]
    agreement = orders.edit(order, BEGAN + timedelta(hours=1), [added], taken, next_id)
    assert _booked(order) == before + sum((s.total_amount for s in agreement.sales), Decimal(0))
    assert line.current_quantity == 0
    assert minor(order.lines[-1].unit_price) == added.unit_price


def test_more_than_is_left_cannot_be_given_back() -> None:
    order, next_id = _place(OrderDraft(BEGAN, [LineDraft("Candle", "A", 2, 1000)]))
    with pytest.raises(NotPossible, match="2 units left, not 3"):
        orders.refund(order, BEGAN, [(order.lines[0].line_id, 3)], next_id)
    assert len(order.agreements) == 1


@given(st.integers(0, 10**7), st.lists(st.floats(0, 1000, allow_nan=False), min_size=1, max_size=12))
def test_allocated_parts_sum_to_the_whole(total: int, weights: list[float]) -> None:
    assert sum(allocate(total, weights)) == total
