"""Any bytes are read into records or into problems that name line and column; nothing makes the reader raise."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clique_app.imports import values
from clique_app.imports.records import KINDS, ParsedFile
from clique_app.imports.sheet import MAX_BYTES
from clique_app.integrations.registry import channel_label
from tests.import_files import ORDER_COLUMNS, order, orders_csv, problems, read, table

CANDLE, MUG = ("Amber candle", "A1", 2, "20.00"), ("Mug, large", "M1", 1, "10.00")
SPEND = "Day,Channel,Campaign,Spend,Currency\n2026-03-02,TikTok,Spring,12.34,USD\n"


def test_the_orders_own_columns_stand_on_its_first_line_only() -> None:
    parsed = read(orders_csv(order("#1", CANDLE, MUG, Id="5550000001"), order("#2", MUG, Email="bo@example.com")))
    assert parsed.kind == "orders"
    assert not parsed.problems
    first, second = parsed.orders
    assert (first.order_id, first.name, first.subtotal, first.line) == (5550000001, "#1", Decimal("50.00"), 2)
    assert [(one.line, one.title, one.quantity) for one in first.lines] == [
        (2, "Amber candle", 2),
        (3, "Mug, large", 1),
    ]
    assert first.created_at == datetime(2026, 3, 2, 17, tzinfo=UTC)
    assert (first.country, first.region, first.postal_code) == ("US", "New York", "10001")
    assert (second.line, second.email_hash) == (4, "bbbb")


def test_nothing_of_a_person_is_kept_but_a_hash_and_the_postal_area() -> None:
    kept = repr(read(orders_csv(order("#1", CANDLE, Notes="call Ann", Billing_Name="Ann Example"))))
    for secret in ("ann@example.com", "Ann", "Hidden Lane"):
        assert secret not in kept


def test_a_name_that_shopify_gave_twice_is_two_orders_by_their_ids() -> None:
    parsed = read(orders_csv(order("#1", CANDLE, Id="11"), order("#1", MUG, Id="12")))
    assert [one.order_id for one in parsed.orders] == [11, 12]
    assert not parsed.problems


def test_a_sorted_file_is_told_from_two_exports_put_together() -> None:
    one, two = order("#1", CANDLE, MUG), order("#2", MUG)
    apart = read(orders_csv([one[0], *two, {**one[1], "Created at": ""}]))
    assert problems(apart) == [(2, "Subtotal"), (4, "Name")]
    assert "sorted" in apart.problems[1].message
    assert "put together" in read(orders_csv(one, two, one)).problems[0].message


def test_lines_that_were_cut_off_are_noticed_by_the_subtotal() -> None:
    parsed = read(orders_csv(order("#1", CANDLE, MUG)[:1]))
    assert problems(parsed) == [(2, "Subtotal")]


def test_each_problem_names_its_line_and_column_and_what_to_do() -> None:
    bad = order("#1", ("Candle", "A1", 1, "20.00"), Created_at="02.03.2026 12:00", Id="5.55E+12")
    bad[0]["Lineitem quantity"] = "two"
    parsed = read(orders_csv(order("#0", MUG), bad, order("#2", MUG, Currency="Dollar")))
    assert problems(parsed) == [
        (3, "Id"), (3, "Lineitem quantity"), (3, "Created at"), (3, "Subtotal"), (4, "Currency"),
    ]  # fmt: skip
    assert all(one.message.count(".") >= 1 for one in parsed.problems)
    assert "rounded by a spreadsheet" in parsed.problems[0].message


def test_a_line_is_counted_as_an_editor_counts_it_even_after_text_over_several_lines() -> None:
    parsed = read(orders_csv(order("#1", CANDLE, Notes="one\ntwo\nthree"), order("#2", MUG, Currency="?")))
    assert problems(parsed) == [(5, "Currency")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators_of_spreadsheets_are_read(encoding: str, separator: str) -> None:
    rows = [{"Day": "2026-03-02", "Channel": "TikTok", "Campaign": "Frühling", "Spend": "12.30", "Currency": "USD"}]
    (record,) = read(table(rows, separator=separator).encode(encoding)).spend
    assert (record.campaign, record.spend, record.channel) == ("Frühling", Decimal("12.30"), "tiktok")


@pytest.mark.parametrize(
    ("text", "point", "amount"),
    [
        ("1234.5", ".", "1234.5"), ("$1,234.50", ".", "1234.50"), ("1.234,50", ".", "1234.50"),
        ("1,234", ".", "1234"), ("1,234", ",", "1.234"), ("12,5", ".", "12.5"), ("1 234,50 €", ",", "1234.50"),
        ("USD 7", ".", "7"), ("", ".", "0"), ("1.234.567", ".", "1234567"), ("1,234,567", ",", "1234567"),
        ("0,125", ".", "0.125"), ("0.125", ",", "0.125"), ("(1.234)", ",", "-1234"), ("-1,234", ".", "-1234"),
    ],
)  # fmt: skip
def test_money_is_read_as_people_write_it(text: str, point: values.Point, amount: str) -> None:
    assert values.amount(text, point=point) == Decimal(amount)


@pytest.mark.parametrize(
    ("cells", "separator", "amounts"),
    [
        (("1.234", "12.50"), ";", ("1.234", "12.50")), (("1.234", "12,50"), ";", ("1234", "12.50")),
        (("1,234", "0,125"), ",", ("1.234", "0.125")), (("1,234", "1,234.5"), ",", ("1234", "1234.5")),
        (("1.234", "1.234.567"), ",", ("1234", "1234567")), (("1.234", "($2.345)", "7"), ";", ("1234", None, "7")),
        (("1.234", "1,234"), ";", ("1234", "1.234")), (("12.50", "12,50", "1.234"), ",", ("12.50", "12.50", "1.234")),
    ],
)  # fmt: skip
def test_a_column_tells_where_its_decimals_begin(
    cells: tuple[str, ...], separator: str, amounts: tuple[str | None, ...]
) -> None:
    days = [{"Day": "2026-03-02", "Channel": f"tv {n}", "Spend": cell} for n, cell in enumerate(cells)]
    parsed = read(table(days, separator=separator))
    told = {one.line: one.spend for one in parsed.spend}
    wrong = {line for line, _ in problems(parsed)}
    assert [None if n in wrong else told[n] for n in range(2, 2 + len(cells))] == [
        None if amount is None else Decimal(amount) for amount in amounts
    ]


def test_an_order_and_a_product_of_a_spreadsheet_keep_their_decimals() -> None:
    prices = ("Clip", "C1", 4, "0.125"), ("Mug", "M1", 1, "12.50")
    (made,) = read(table(order("#1", *prices, Subtotal="13.00"), ORDER_COLUMNS, ";")).orders
    assert [line.price for line in made.lines] == [Decimal("0.125"), Decimal("12.50")]
    sheet = "Handle;Title;Variant Price;Cost per item\nclip;Clip;1.50;1.125\nmug;Mug;12.50;3.10\n"
    costs = [one.variants[0].cost for one in read(sheet).products]
    assert costs == [Decimal("1.125"), Decimal("3.10")]


@pytest.mark.parametrize(
    ("cell", "currency", "wrong"),
    [
        ("€12.34", "USD", "€"), ("EUR 12.34", "USD", "EUR"), ("12,34 eur", "", "EUR"), ("£12.34", "USD", "£"),
        ("12.34 JPY", "USD", "JPY"), ("$12.34", "EUR", "$"), ("CAD 12.34", "USD", "CAD"), ("¥12", "", "¥"),
        ("$12.34", "CAD", ""), ("$ 12.34", "", ""), ("12.34USD", "", ""), ("€12.34", "EUR", ""), ("¥12", "CNY", ""),
        ("$12.34 CAD", "CAD", ""), ("$12.34 CAD", "USD", "CAD"), ("12.34", "EUR", ""),
    ],
)  # fmt: skip
def test_an_amount_marked_as_another_currency_is_named(cell: str, currency: str, wrong: str) -> None:
    row = {"Day": "2026-03-02", "Channel": "TV", "Spend": cell, "Currency": currency}
    parsed = read(table([row]))
    assert problems(parsed) == ([(2, "Spend")] if wrong else [])
    assert not wrong or f"is in {wrong}, it should be in {currency or 'USD'}." in parsed.problems[0].message


def test_another_currency_is_named_in_orders_and_products_too() -> None:
    parsed = read(orders_csv(order("#1", MUG, Currency="EUR"), order("#2", MUG, Total="€10.00", Subtotal="10.00")))
    assert problems(parsed) == [(3, "Total")]
    assert problems(read(orders_csv(order("#1", MUG, Currency="EUR", Total="€10.00")))) == []
    sheet = "Handle,Title,Variant Price,Cost per item\nclip,Clip,$1.50,€1.12\n"
    assert problems(read(sheet)) == [(2, "Cost per item")]


@pytest.mark.parametrize("text", ["abc", "1e5", "--1", "1,2.3,4", "NaN", "Infinity", "9" * 400, "١٢"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(values.Unusable):
        values.amount(text)


def test_what_the_tables_cannot_hold_is_named_by_line() -> None:
    many, dear = ("Mug", "M1", 10_000_001, "0.10"), ("Mug", "M1", 1_000_000, "1000000.00")
    assert problems(read(orders_csv(order("#1", MUG), order("#2", many)))) == [(3, "Lineitem quantity")]
    assert problems(read(orders_csv(order("#1", MUG), order("#2", dear, Subtotal="1")))) == [(3, "Lineitem quantity")]
    most = ("Mug", "M1", 1, "900000000000.00")
    assert problems(read(orders_csv(*(order(f"#{n}", most) for n in range(5))))) == [(6, "Total")]
    days = [{"Day": f"2026-03-{n:02}", "Channel": "TV", "Spend": "900000000000"} for n in range(1, 6)]
    assert problems(read(table(days))) == [(6, "Spend")]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
def test_the_line_that_tells_excel_what_parts_cells_is_understood(first: str) -> None:
    sheet = "Day;Channel;Spend, net;Spend\n2026-03-02;Radio;1,2,3;12,50\n2026-03-03;Radio;;Free\n"
    parsed = read(f"{first}\r\n{sheet}")
    assert parsed.spend[0].spend == Decimal("12.50")
    assert problems(parsed) == [(4, "Spend")]


def test_channels_are_told_apart_in_every_script() -> None:
    named = ("微信", "Яндекс Директ", "Métro", "Me\u0301tro 2", "Podcast X", "TikTok Ads")
    days = [{"Day": "2026-03-02", "Channel": name, "Spend": "1"} for name in named]
    keys = [one.channel for one in read(table(days)).spend]
    assert keys == ["微信", "яндекс_директ", "métro", "métro_2", "podcast_x", "tiktok"]
    labels = [channel_label(key) for key in keys]
    assert labels[:3] == ["微信", "Яндекс директ", "Métro"]
    assert problems(read(table([{**days[0], "Channel": "!!"}]))) == [(2, "Channel")]


def test_days_are_read_one_way_or_not_at_all() -> None:
    def days(*cells: str) -> ParsedFile:
        rows = [{"Date": cell, "Channel": f"tv {n}", "Spend": "1"} for n, cell in enumerate(cells)]
        return read(table(rows))

    assert [one.day for one in days("3/2/2026", "3/15/2026").spend] == [date(2026, 3, 2), date(2026, 3, 15)]
    assert [one.day for one in days("2.3.2026").spend] == [date(2026, 3, 2)]
    assert problems(days("3/2/2026")) == [(2, "Date")]
    assert problems(days("2027-01-01", "2026-02-30", "")) == [(2, "Date"), (3, "Date"), (4, "Date")]


def test_a_spend_sheet_names_what_is_doubled_and_what_is_missing() -> None:
    parsed = read(SPEND + "2026-03-02,tiktok ads,Spring,1,USD\n2026-03-03,,Spring,1,USD\n2026-03-03,TV,,,USD\n")
    assert problems(parsed) == [(3, "Campaign"), (4, "Channel"), (5, "Spend")]
    all_wrong = read(SPEND + "Monday,,Spring,-2,Dollar\n")
    assert problems(all_wrong) == [(3, "Day"), (3, "Channel"), (3, "Currency"), (3, "Spend")]


def test_products_are_read_in_the_old_columns_and_in_the_new() -> None:
    old = (
        "Handle,Title,Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,"
        "Variant Inventory Policy,Variant Price,Cost per item,Status,Image Src\n"
        "mug,Mug,Acme,Kitchen,Size,Small,M-S,shopify,deny,15.00,3.10,active,a.png\n"
        "mug,,,,,Large,M-L,shopify,continue,20.00,,,\n"
        "mug,,,,,,,,,,,,b.png\n"
    )
    (mug,) = read(old).products
    assert [(one.title, one.sku, one.cost, one.backorder) for one in mug.variants] == [
        ("Small", "M-S", Decimal("3.10"), False),
        ("Large", "M-L", None, True),
    ]
    new = (
        "Title,URL handle,SKU,Price,Cost per item,Inventory tracker,Continue selling when out of stock,Option1 value\n"
    )
    (bowl,) = read(new + "Bowl,bowl,B,10.00,2.00,shopify,FALSE,\n").products
    assert (bowl.handle, bowl.variants[0].title, bowl.variants[0].cost) == ("bowl", "Default Title", Decimal("2.00"))


def test_customers_are_a_hash_and_a_postal_area() -> None:
    text = (
        "Customer ID,First Name,Last Name,Email,Default Address Province Code,Default Address Country Code,"
        "Default Address Zip,Total Orders\n'6940095512789,Ann,Example,ann@example.com,NY,US,'10001,3\n,No,Mail,,,,,0\n"
    )
    parsed = read(text)
    (ann,) = parsed.customers
    assert parsed.notes == ("Skipped, for want of an id and an e-mail to know the customer by: 1.",)
    nobody = read("First Name,Email,Phone,Total Orders\nAnn,,+12075550134,1\nBob,,+12075550135,2\n")
    assert [one.message for one in nobody.problems] == [
        "Skipped, for want of an id and an e-mail to know the customer by: 2. Export it again."
    ]
    assert (ann.customer_id, ann.email_hash, ann.region, ann.postal_code) == (
        6940095512789,
        "aaaa",
        "New York",
        "10001",
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\x00\x01\x02", "not a text file"),
        (b"a,b\n1,2\n", "no file that Clique knows"),
        (b"Day,Spend,Day\n", "twice"),
        (b"Name,Lineitem name\n#1,x\n", "has a column"),
        (SPEND.splitlines()[0].encode(), "nothing below it"),
        (b"x" * (MAX_BYTES + 1), "larger than 50 MB"),
        (SPEND.encode() + b'2026-03-03,"TikTok,x,1,USD\n', "never closed"),
        (SPEND.encode() + b"2026-03-03,TikTok,a,b,1,USD\n", "cells"),
    ],
)
def test_a_file_that_is_none_says_why(content: bytes, complaint: str) -> None:
    parsed = read(content)
    assert complaint in parsed.problems[0].message
    assert parsed.problem_count >= 1


headers = st.sampled_from([",".join(ORDER_COLUMNS), SPEND.splitlines()[0], "Handle,Title,Variant Price,Cost per item",
                           "Customer ID,Email,Total Orders", "Name;Created at;Lineitem quantity"])  # fmt: skip
cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["#1", "2026-03-02", "2026-03-02 12:00:00 -0500", "1.00", "-1", '"', "1e999", "9" * 5000, "'", "\ufeff"]
    ),
)
lines = st.lists(st.lists(cells, max_size=50).map(",".join), max_size=8).map("\n".join)


sheets = st.tuples(headers, lines).map(lambda parts: "\n".join(parts).encode("utf-8", "replace"))


@given(st.one_of(st.binary(max_size=400), sheets), st.sampled_from([None, *KINDS]))
@example(b"\xff\xfe\x00", None)
@example(b'Email,Total Orders\n"', None)
@example(b"Day,Channel,Spend\n0001-01-01 00:00:00 +9999,x,1", "spend")
def test_any_bytes_give_records_or_problems_with_lines(content: bytes, kind: object) -> None:
    parsed = read(content, kind)  # pyright: ignore[reportArgumentType]
    found = len(parsed.orders) + len(parsed.products) + len(parsed.customers) + len(parsed.spend)
    assert found or parsed.problem_count or parsed.kind == "customers"
    assert all(one.line >= 0 and one.message for one in parsed.problems)
