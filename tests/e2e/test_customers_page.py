"""Customers, walked by clicks: cohorts by channel and by month, and the way of one of the best customers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import admin
from tests.e2e.demos import Demo


@pytest.mark.parametrize("width", [1280, 390])
def test_cohorts_open_to_a_segment_and_a_customer_to_their_way(sealed: Demo, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    frame = admin.open_app(page, sealed, "/customers")
    cohorts = frame.locator("table#cohorts")
    expect(cohorts.locator("tbody tr").nth(5)).to_be_visible()
    all_customers = cohorts.locator("tfoot td").nth(1).inner_text()
    expect(frame.get_by_text("are net sales to date")).to_be_visible()

    frame.get_by_role("button", name="Channel").click()
    expect(cohorts.get_by_role("button", name="Meta")).to_be_visible()
    expect(cohorts.locator("tfoot td").nth(1)).to_have_text(all_customers)
    sizes = [int(text.replace(",", "")) for text in cohorts.locator("tbody tr td:nth-child(2)").all_inner_texts()]
    assert sum(sizes) == int(all_customers.replace(",", ""))

    cohorts.get_by_role("button", name="Meta").click()
    frame.get_by_role("button", name="All segments").click()
    expect(cohorts.get_by_role("button", name="Meta")).to_be_visible()

    frame.get_by_role("button", name="Open LTV, net sales").click()
    opened = frame.get_by_role("dialog")
    expect(opened.get_by_role("heading", name="LTV, net sales", exact=True)).to_be_visible()
    expect(opened.locator(".c-big strong")).to_contain_text("$")
    opened.get_by_role("button", name="Close").click()
    expect(opened).not_to_be_visible()

    best = frame.locator("table#vips tbody tr").first
    expect(best).to_be_visible()
    orders = int(best.locator("td").nth(3).inner_text())
    best.get_by_role("button").click()
    told = frame.get_by_role("dialog")
    expect(told).to_contain_text("From the first touch to what they say of the store")
    expect(told.locator("tbody tr", has_text="Order #")).to_have_count(orders)
    told.get_by_role("button", name="Close").click()
    expect(told).not_to_be_visible()

    frame.get_by_text("What the models have learnt").click()
    learnt = frame.locator("table#model tbody tr")
    assert {"BG/NBD r", "BG/NBD alpha", "Gamma-Gamma q"} <= set(learnt.locator("td:first-child").all_inner_texts())


def test_an_order_leads_to_its_customer(sealed: Demo, page: Page) -> None:
    frame = admin.open_app(page, sealed, "/attribution", period="last_30_days")
    opened = frame.locator("table#orders tbody tr").first.get_by_role("button")
    name = opened.inner_text()
    opened.click()
    frame.get_by_role("link", name="The customer’s whole journey").click()
    told = frame.get_by_role("dialog")
    expect(told).to_contain_text("From the first touch to what they say of the store")
    expect(told).to_contain_text(f"Order {name}")
