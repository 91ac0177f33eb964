"""Attribution, walked by clicks: credits that sum by every model, a channel's campaigns, and one order's touches."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import admin
from tests.e2e.demos import Demo


def money(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.-]", "", text.replace("−", "-")) or 0)


@pytest.mark.parametrize("width", [1280, 390])
def test_credits_sum_by_every_model_and_open_to_campaigns_and_touches(sealed: Demo, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    frame = admin.open_app(page, sealed, "/attribution", period="last_30_days")
    credited = frame.locator("table#credits")
    expect(frame.get_by_text(re.compile("equal net sales of .* by every model"))).to_be_visible(timeout=30_000)
    whole = money(credited.locator("tfoot td").nth(1).inner_text())
    rows = credited.locator("tbody tr")
    assert sum(money(text) for text in rows.locator("td:nth-child(2)").all_inner_texts()) == whole
    expect(credited.get_by_role("row", name=re.compile("Unattributed"))).to_be_visible()
    for column in range(2, 10):
        raw = frame.locator(f"table#models tbody tr td:nth-child({column})")
        amounts = [Decimal(one.get_attribute("data-raw") or "0") for one in raw.all()]
        assert sum(amounts) == whole

    credited.get_by_role("button", name="Meta").click()
    expect(frame.get_by_role("heading", name="Campaigns of Meta")).to_be_visible()
    for table in (credited, frame.locator("table#models")):
        expect(table.get_by_role("columnheader").first).to_have_text("Campaign")
    opened = credited.locator("tbody td:nth-child(2) button").first
    amount = opened.inner_text()
    opened.click()
    expect(frame.get_by_role("dialog")).to_contain_text(amount)
    frame.get_by_role("dialog").get_by_role("button", name="Close").click()
    frame.get_by_role("button", name="All channels").click()
    expect(frame.get_by_role("heading", name="Who net sales are credited to")).to_be_visible()

    orders = frame.locator("table#orders")
    of_meta = orders.locator("tbody tr", has=page.get_by_text("visit", exact=True)).first
    of_meta.get_by_role("button").click()
    told = frame.get_by_role("dialog")
    expect(told.locator("table#touches")).to_be_visible()
    shares = told.locator("table#touches tbody td:nth-child(2)").all_inner_texts()
    assert sum(Decimal(text.rstrip("%")) for text in shares if text != "–") == 100
    told.get_by_role("button", name="Close").click()

    frame.get_by_role("button", name="By order’s day").click()
    expect(frame.get_by_text("the net sales until now of the orders placed in the period")).to_be_visible()
    whole = money(credited.locator("tfoot td").nth(1).inner_text())
    assert sum(money(text) for text in rows.locator("td:nth-child(2)").all_inner_texts()) == whole
    expect(frame.locator("table#models")).to_have_count(0)
    frame.get_by_role("button", name="By day booked").click()
    expect(frame.get_by_text(re.compile("equal net sales of .* by every model"))).to_be_visible()
