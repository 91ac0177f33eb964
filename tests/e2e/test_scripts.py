"""What the browser is sent for a page: that page's components, not those of all others."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e import admin
from tests.e2e.demos import Demo
from tests.kit.plain_http import PLAIN_HTTP


def test_home_comes_without_the_components_of_other_pages(connected: Demo, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    frame = admin.open_app(page, connected)
    expect(frame.locator(".c-tile[data-figure=net_sales] .c-value")).to_be_visible()
    scripts = {url for url in asked if url.startswith(f"{connected['app_url']}/assets/") and url.endswith(".js")}
    sent = "".join(PLAIN_HTTP.get(url).raise_for_status().text for url in scripts)
    assert "Do next" in sent
    assert "choose_split" not in sent  # an event of Customers
    assert "filter_log" not in sent  # one of Data and sync
