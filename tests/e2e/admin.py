"""A merchant at the browser: opens Clique in the store's admin and sets it up, by clicks alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.e2e.demos import Demo


def admin_url(demo: Demo, path: str = "", *, shop: str = "", **query: str) -> str:
    """The address of a page of Clique in a store's admin."""
    handle = (shop or demo["store"]).removesuffix(".myshopify.com")
    base = f"{demo['sandbox_url']}/admin/store/{handle}/apps/{demo['api_key']}{path}"
    return f"{base}?{urlencode(query)}" if query else base


def app(page: Page) -> FrameLocator:
    """Clique's own document, in the admin's frame."""
    return page.frame_locator("iframe[title=Clique]")


def open_app(page: Page, demo: Demo, path: str = "", *, shop: str = "", **query: str) -> FrameLocator:
    """Open a page of Clique and wait until it is more than its skeleton."""
    page.goto(admin_url(demo, path, shop=shop, **query))
    frame = app(page)
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    return frame


def eventually(read: Callable[[], Any], good: Callable[[Any], bool], seconds: float) -> Any:
    """The first good value; the last one seen where none was."""
    until = time.monotonic() + seconds
    while not good(value := read()) and time.monotonic() < until:
        time.sleep(0.1)
    return value


def connect_meta(page: Page, account: str) -> None:
    """From Onboarding through Meta's dialog to a chosen ad account."""
    frame = app(page)
    frame.get_by_role("button", name="Connect Meta").click()
    page.get_by_role("button", name="Continue").click()
    use_account(frame, account)
    expect(frame.get_by_role("button", name="Disconnect Meta")).to_be_visible()


def use_account(within: FrameLocator | Locator, account: str) -> None:
    """Choose an ad account and, once that is shown, use it."""
    within.get_by_role("button", name=f"Choose {account}").click()
    expect(within.get_by_role("button", name=f"Leave out {account}")).to_be_visible()
    within.get_by_role("button", name="Use these accounts").click()


def set_up(page: Page, demo: Demo, *, shop: str = "", account: str = "Harbor Lane Candle Co.") -> list[str]:
    """Connect, choose, launch; gives what Onboarding said of the orders while they were read."""
    open_app(page, demo, shop=shop)
    app(page).get_by_role("link", name="Go on with set-up").click()
    steps = app(page).get_by_role("region", name="Set up Clique")
    expect(steps).to_contain_text("Shopify orders")
    told = [_orders_line(steps.inner_text())]
    connect_meta(page, account)

    def whole() -> bool:
        text = steps.inner_text()
        if (line := _orders_line(text)) != told[-1]:
            told.append(line)
        return text.count("Equals the platform’s own count") == 4  # products, orders, customers, ads

    assert eventually(whole, bool, 90), steps.inner_text()
    app(page).get_by_role("button", name="Review and launch").click()
    expect(app(page).get_by_role("heading", level=1, name="Home")).to_be_visible(timeout=20_000)
    return told


def tile(frame: FrameLocator, key: str) -> str:
    """The value on one of Home's tiles."""
    value = frame.locator(f".c-tile[data-figure={key}] .c-value")
    return value.evaluate("e => e.firstChild.textContent.trim()")


def _orders_line(text: str) -> str:
    found = re.search(r"Shopify orders\s+(.+)\s+(.+)", text)
    return " | ".join(found.groups()) if found else ""
