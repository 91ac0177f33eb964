"""Page and command line against the truth: the sandbox's own ledger, and a book worked out by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests import book
from tests.e2e import admin
from tests.e2e.all_metrics import known_and_the_same
from tests.e2e.demos import Demo, metric, metrics, metrics_of_spans
from tests.kit.plain_http import PLAIN_HTTP

BOOK_DAYS = (book.FIRST_DAY, book.LAST_DAY)
BOOK_ON_HOME = {
    "net_sales": "$252.00",
    "contribution_profit": "$15.46",
    "ad_spend": "$32.34",
    "mer": "7.79",
    "cac": "$2.94",
    "roas": "1.24",
    "aov": "$21.00",
    "orders": "12",
}


def exact_on_page(page: Page, key: str) -> str:
    """The whole value of a tile, from its panel."""
    frame = admin.app(page)
    frame.locator(f".c-tile[data-figure={key}]").get_by_role("button").click()
    panel = frame.get_by_role("dialog")
    value = panel.locator(".c-big strong").inner_text()
    expect(panel.locator("tfoot td").last).to_have_text(value)
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    return value


def test_home_and_command_line_equal_the_sandboxs_truth_to_the_cent(connected: Demo, page: Page) -> None:
    yesterday = datetime.now(ZoneInfo("America/New_York")).date() - timedelta(days=1)
    spans = [(str(yesterday - timedelta(days=days - 1)), str(yesterday)) for days in (1, 7, 30, 365)]
    keys, shop = ["net_sales", "orders", "ad_spend"], connected["store"]
    by_command = metrics_of_spans(connected, keys, shop, spans)
    for (start, end), said in zip(spans, by_command, strict=True):
        truth = PLAIN_HTTP.get(
            f"{connected['sandbox_url']}/_control/truth",
            params={"shop": shop, "from": start, "to": end, "channel": "meta"},
            timeout=30,
        ).json()
        assert Decimal(truth["spend"]) > 0
        assert said == dict(zip(keys, (float(truth["net_sales"]), truth["orders"], float(truth["spend"])), strict=True))
        frame = admin.open_app(page, connected, **{"period": "custom", "from": start, "to": end})
        expect(frame.locator("[data-figure=net_sales] .c-value")).to_be_visible()
        shown = {"net_sales": f"${Decimal(truth['net_sales']):,.2f}", "orders": f"{truth['orders']:,}"}
        shown["ad_spend"] = f"${Decimal(truth['spend']):,.2f}"
        assert {key: exact_on_page(page, key) for key in shown} == shown, (start, end)


@pytest.mark.parametrize("kind", ["simulated", "written by hand"])
def test_every_metric_is_the_same_by_command_line_sql_and_other_arithmetic(
    connected: Demo, book_store: str, kind: str
) -> None:
    yesterday = datetime.now(ZoneInfo("America/New_York")).date() - timedelta(days=1)
    shop, days = {
        "simulated": (connected["store"], (str(yesterday - timedelta(days=29)), str(yesterday))),
        "written by hand": (book_store, BOOK_DAYS),
    }[kind]
    assert known_and_the_same(connected, shop, *days) > 60


def test_the_hand_written_book_agrees_by_the_command_line(connected: Demo, book_store: str) -> None:
    assert metrics(connected, book.FIGURES, book_store, *BOOK_DAYS) == pytest.approx(book.FIGURES, abs=5e-7, rel=0)
    by_day = metric(connected, "net_sales", book_store, *BOOK_DAYS, "--by", "day")["rows"]
    assert {row["day"]: row["value"] for row in by_day} == book.NET_SALES_BY_DAY
    by_channel = metric(connected, "credited_sales", book_store, *BOOK_DAYS, "--by", "channel")["rows"]
    assert {row["channel"]: row["value"] for row in by_channel} == book.NET_SALES_BY_CHANNEL


def test_the_hand_written_book_agrees_with_the_sandbox(connected: Demo, book_store: str) -> None:
    query = {"shop": book_store, "from": book.FIRST_DAY, "to": book.LAST_DAY}
    truth = PLAIN_HTTP.get(f"{connected['sandbox_url']}/_control/truth", params=query).json()
    found = {key: float(truth[key]) for key in ("net_sales", "gross_sales", "discounts", "refunds", "orders", "units")}
    assert found == {key: book.FIGURES[key] for key in found}
    assert float(truth["spend"]) == book.FIGURES["ad_spend"]
    assert truth["customers"] == book.FIGURES["customers"]
    assert {row["day"]: float(row["net_sales"]) for row in truth["by_day"]} == book.NET_SALES_BY_DAY


def test_the_hand_written_book_agrees_on_the_page(connected: Demo, book_store: str, page: Page) -> None:
    query = {"period": "custom", "from": book.FIRST_DAY, "to": book.LAST_DAY}
    frame = admin.open_app(page, connected, shop=book_store, **query)
    for key, value in BOOK_ON_HOME.items():
        assert admin.tile(frame, key) == value, key
    channels = frame.get_by_role("table", name="Net sales by channel").or_(frame.locator("table:has-text('Channel')"))
    for channel, sold in {"Meta": "$40.00", "Email": "$27.00", "Unattributed": "$185.00", "Store": "$252.00"}.items():
        row = channels.first.get_by_role("row").filter(has_text=channel).first
        expect(row).to_contain_text(sold)
