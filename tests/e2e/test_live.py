"""An open page follows the store."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import admin
from tests.e2e.demos import Demo, control


@pytest.mark.parametrize("route", ["address", "link"])
def test_an_order_shows_on_an_open_home_within_five_seconds(connected: Demo, page: Page, route: str) -> None:
    frame = admin.open_app(page, connected, "" if route == "address" else "/data", period="today")
    if route == "link":
        expect(frame.get_by_role("row").nth(1)).to_be_visible()
        page.wait_for_timeout(1_000)  # the first page has begun to listen
        page.get_by_role("link", name="Clique", exact=True).click()
    tile = frame.locator(".c-tile[data-figure=orders] .c-value")
    expect(tile).to_be_visible()
    page.wait_for_timeout(1_500)
    before = tile.inner_text()
    frame.locator("body").evaluate("body => { body.dataset.sameDocument = 'yes' }")
    placed = time.monotonic()
    control(connected, "orders", shop=connected["store"], count=2)
    expect(tile).not_to_have_text(before, timeout=5_000)
    assert time.monotonic() - placed <= 5
    expect(frame.locator("body[data-same-document=yes]")).to_have_count(1)
