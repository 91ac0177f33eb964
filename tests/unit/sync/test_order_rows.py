"""Rows as lines for COPY, read back as PostgreSQL reads CSV."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clique_app.sync import copy_lines, order_rows
from tests.unit.integrations.shopify_records import line, order

NEW_YORK = "America/New_York"
values = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(), st.decimals(allow_nan=False))


def written(rows: list[list[Any]]) -> bytes:
    return copy_lines.joined(copy_lines.each(rows))


@given(st.lists(values, min_size=2, max_size=6))
def test_every_row_comes_back_from_its_line(row: list[Any]) -> None:
    [found] = csv.reader([written([row]).decode()], strict=True) if _one_line(row) else [_read(row)]
    for value, text in zip(row, found, strict=True):
        if isinstance(value, str):
            assert text == value.replace("\0", "")
        elif isinstance(value, bool):
            assert text.lower() == str(value).lower()
        else:
            assert text == ("null" if value is None else str(value))


def _one_line(row: list[Any]) -> bool:
    return not any(isinstance(value, str) and ("\n" in value or "\r" in value) for value in row)


def _read(row: list[Any]) -> list[str]:
    return next(csv.reader(written([row]).decode().splitlines(keepends=True), strict=True))


def test_null_nothing_and_the_word_null_differ() -> None:
    assert written([[None, "", "null", b"".hex()]]) == b'null,"","null",""\n'


def test_a_text_that_looks_like_the_end_of_a_row_is_none() -> None:
    assert written([[1, "a"], [2, "],["]]) == b'"1","a"\n"2","],["\n'
    assert written([[1, "a"], [2, None]]) == b'1,"a"\n2,null\n'
    assert written([]) == b""


def test_times_and_amounts_are_written_as_postgresql_reads_them() -> None:
    at = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    assert written([[at, date(2026, 3, 2), Decimal("1.50"), True]]) == (
        b'"2026-03-02T17:00:00+00:00","2026-03-02","1.50",true\n'
    )
    assert written([[at, 'a "b"\\', True]]) == b'"2026-03-02 17:00:00+00:00","a ""b""\\","True"\n'


def test_a_change_of_any_row_changes_the_hash() -> None:
    def digest(**changed: Any) -> str:
        return order_rows.of(order(1, **changed), NEW_YORK).order.decode().rsplit("x", 1)[1]

    visit = {"occurredAt": "2026-03-02T17:00:00Z", "source": "direct"}
    plain = digest()
    assert digest() == plain
    for changed in ({"cancelledAt": "2026-03-05T17:00:00Z"}, {"lineItems": [line(currentQuantity=0)]},
                    {"moments": [visit]}):  # fmt: skip
        assert digest(**changed) != plain


def test_of_one_order_given_twice_the_newest_counts() -> None:
    old, new = (order_rows.of(order(1, updatedAt=f"2026-03-0{day}T17:00:00Z"), NEW_YORK) for day in (2, 3))
    other = order_rows.of(order(2), NEW_YORK)
    assert order_rows.newest([new, other, old]) == [new, other]
