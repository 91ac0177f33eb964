"""Metrics, walked by clicks: found, grouped, sorted, opened down to the rows, and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import admin
from tests.e2e.demos import Demo


def money(text: str) -> Decimal:
    return Decimal(text.replace("$", "").replace(",", "").replace("−", "-"))


@pytest.mark.parametrize("width", [1280, 390])
def test_a_metric_is_found_grouped_sorted_and_opened_to_its_rows(sealed: Demo, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    frame = admin.open_app(page, sealed, "/metrics", period="last_90_days")
    expect(frame.locator("[data-metric=net_sales]")).to_be_visible()
    expect(frame.get_by_text("Median day")).to_be_visible(timeout=90_000)  # learnt within a minute of the history

    frame = admin.open_app(page, sealed, "/metrics", metric="vip_revenue_share")  # far down in the list
    chosen = frame.get_by_role("navigation", name="Metrics").locator("[aria-current=true]")
    expect(chosen).to_contain_text("share of net sales")
    expect(chosen).to_be_in_viewport()
    frame = admin.open_app(page, sealed, "/metrics", period="last_90_days")
    field = frame.get_by_label("Find a metric")
    field.fill("nothing like it")
    expect(frame.get_by_text("No metric has these words")).to_be_visible()
    field.fill("average order")
    frame.get_by_role("navigation", name="Metrics").get_by_role("button", name="AOV", exact=True).click()
    expect(frame.locator("[data-metric=aov]")).to_be_visible()
    expect(frame.get_by_text("Net sales ÷ Orders")).to_be_visible()

    frame.get_by_label("Group by").select_option("month")
    groups = frame.locator("table#groups")
    expect(groups.locator("tbody tr").first.locator("td").first).to_contain_text("20")
    whole = groups.locator("tfoot td").nth(1).inner_text()
    groups.get_by_role("button", name="Value").click()
    expect(groups.locator("th[aria-sort=descending]")).to_contain_text("Value")
    values = [money(text) for text in groups.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert values == sorted(values, reverse=True)
    assert min(values) <= money(whole) <= max(values)

    best = groups.locator("tbody td:nth-child(2)").first.inner_text()
    groups.get_by_role("button", name=best, exact=True).first.click()
    panel = frame.get_by_role("dialog")
    expect(panel.locator(".c-big strong")).to_have_text(best)
    panel.get_by_role("button", name="Open Net sales").click()
    expect(panel.get_by_role("heading", name="Net sales", exact=True)).to_be_visible()
    expect(panel.get_by_text("Total equals the value above to the cent")).to_be_visible()
    panel.get_by_role("button", name="Close").click()

    page.go_back()
    expect(groups.locator("th[aria-sort=descending]")).to_have_count(0)
    expect(frame.locator("[data-metric=aov]")).to_be_visible()
