"""Home's figures, one of them down to its rows, a budget change accepted, verified and undone: by clicks alone."""

from __future__ import annotations

import re
from decimal import Decimal

from playwright.sync_api import FrameLocator, Page, expect

from tests.e2e import admin


def money(text: str) -> Decimal:
    return Decimal(re.sub(r"[$,]", "", text).replace("−", "-"))


def to_page(page: Page, name: str) -> None:
    """By the admin's navigation, which a narrow screen keeps behind a button."""
    menu = page.get_by_role("button", name="Menu")
    if menu.is_visible():
        menu.click()
    page.get_by_role("link", name=name, exact=True).click()


def the_rest_of_the_journey(page: Page) -> None:
    """Home's figures, one of them down to its rows, a budget change accepted, verified and undone."""
    frame = admin.app(page)
    for key in ("net_sales", "ad_spend", "contribution_profit", "mer", "cac", "roas", "aov"):
        # who is a new customer is known once all orders ever are read; the open page then says so by itself
        known = re.compile("^(?!unknown)")
        expect(frame.locator(f"[data-figure={key}]")).to_have_attribute("data-state", known, timeout=60_000)
    a_tile_opens_down_to_its_rows(frame)
    to_page(page, "Recommendations")
    expect(frame.get_by_role("heading", level=1, name="Recommendations")).to_be_visible()
    card = frame.get_by_role("article").filter(has_text="Winter Spice 3-Wick | Season")
    card.get_by_role("button", name="Review and accept").click()
    review = frame.get_by_role("dialog")
    expect(review).to_contain_text("$17 a day")
    expect(review).to_contain_text("$14 a day")
    expect(review).to_contain_text("13 of 13 checks pass")
    review.get_by_role("button", name="Accept, set $14 a day").click()
    frame.get_by_role("button", name=re.compile("^Applied")).click()
    done = frame.get_by_role("article").filter(has_text="Winter Spice 3-Wick | Season")
    expect(done).to_contain_text("Applied and verified")
    done.get_by_role("button", name="Undo, back to $17").click()
    expect(done).to_contain_text("Undone and verified")


def a_tile_opens_down_to_its_rows(frame: FrameLocator) -> None:
    """Every row of every page of rows, summed, is the value above."""
    frame.locator(".c-tile[data-figure=net_sales]").get_by_role("button", name="Net sales").click()
    panel = frame.get_by_role("dialog")
    total = panel.locator("tfoot td").last
    expect(total).not_to_be_empty()
    value = money(panel.locator(".c-big strong").inner_text())
    assert value > 0
    assert money(total.inner_text()) == value
    summed, following = Decimal(0), panel.get_by_role("button", name="Next")
    while True:
        count = panel.locator(".c-table-foot span").first.inner_text()
        cells = panel.locator("tbody tr td:last-child").all_inner_texts()
        summed += sum(money(cell) for cell in cells)
        if following.is_disabled():
            break
        following.click()
        expect(panel.locator(".c-table-foot span").first).not_to_have_text(count)
    assert summed == value
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
