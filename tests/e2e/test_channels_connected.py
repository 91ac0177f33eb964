"""A merchant connects TikTok, Google and Pinterest, reads them, ends them and begins them again. By clicks alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import admin
from tests.e2e.demos import Demo, control, rows
from tests.kit.plain_http import PLAIN_HTTP

SHOP = "four-channels.myshopify.com"
ACCOUNT = "Four Channels"
ZONE = ZoneInfo("America/New_York")
WIDTHS = {"TikTok": 390, "Google": 1280, "Pinterest": 390}
AGREES = {"TikTok": "Confirm", "Google": "Continue", "Pinterest": "Give access"}  # the button of each login
IMPORTED = """
    select r.kind from sync_run r join store using (store_id) where shop_domain = %s and r.source = %s
    and r.kind in ('first_import', 'history') and r.state = 'whole' and r.read = r.written + r.skipped
    order by r.run_id
"""
READ_NOW = """
    select count(*) from sync_run r join store using (store_id)
    where shop_domain = %s and r.source = %s and r.kind = 'manual' and r.state = 'whole'
"""
SPENT = """
    select sum(d.spend) from ad_day d join store using (store_id)
    where shop_domain = %s and d.channel = %s and d.day between %s and %s
"""


@pytest.fixture(scope="module")
def shop(orders_demo: Demo, browser: Browser) -> str:
    """A small store beside the demo's own, with every channel connected: their histories are read beside each other."""
    control(orders_demo, "stores", shop=SHOP, name=ACCOUNT, months=1, orders_per_day=5)
    for channel, width in WIDTHS.items():
        with tab(browser, width) as page:
            connect(page, orders_demo, channel)
    return SHOP


@contextmanager
def tab(browser: Browser, width: int) -> Iterator[Page]:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        context.set_default_timeout(20_000)
        yield context.new_page()


def connect(page: Page, demo: Demo, channel: str) -> None:
    """Changes their mind at the login, then agrees and chooses the account."""
    card = admin.open_app(page, demo, "/connections", shop=SHOP).locator(f"[data-connection={channel.lower()}]")
    expect(card).to_contain_text("Not connected")
    card.get_by_role("button", name=f"Connect {channel}").click()
    page.get_by_role("button", name="Cancel").click()
    expect(card).to_contain_text("You did not give Clique access")
    card.get_by_role("button", name=f"Try again {channel}").click()
    page.get_by_role("button", name=AGREES[channel]).click()
    admin.use_account(card, ACCOUNT)
    expect(card.get_by_role("button", name=f"Disconnect {channel}")).to_be_visible()
    expect(card).to_contain_text(f"{channel} ads")


def true_spend(demo: Demo, shop: str, channel: str, start: str, end: str) -> Decimal:
    asked = {"shop": shop, "channel": channel, "from": start, "to": end}
    found = PLAIN_HTTP.get(f"{demo['sandbox_url']}/_control/truth", params=asked, timeout=30)
    return Decimal(found.json()["spend"])


@pytest.mark.parametrize("channel", WIDTHS)
def test_a_channel_is_connected_read_ended_and_begun_again(
    orders_demo: Demo, shop: str, browser: Browser, channel: str
) -> None:
    key, source = channel.lower(), f"{channel.lower()}_ads"
    with tab(browser, WIDTHS[channel]) as page:
        frame = admin.open_app(page, orders_demo, "/connections", shop=shop)
        card, dialog = frame.locator(f"[data-connection={key}]"), frame.get_by_role("dialog")
        imported = [("first_import",), ("history",)]
        assert admin.eventually(lambda: rows(orders_demo, IMPORTED, shop, source), imported.__eq__, 60) == imported
        yesterday = datetime.now(ZONE).date() - timedelta(days=1)
        span = (str(yesterday - timedelta(days=20)), str(yesterday))
        assert rows(orders_demo, SPENT, shop, key, *span) == [(true_spend(orders_demo, shop, key, *span),)]
        expect(card).to_contain_text(f"{ACCOUNT} (USD, America/New York), days from")
        expect(card).to_contain_text("Up to date")

        before = rows(orders_demo, READ_NOW, shop, source)[0][0]
        card.get_by_role("button", name=f"Sync now: {channel}").click()
        assert (
            admin.eventually(lambda: rows(orders_demo, READ_NOW, shop, source)[0][0], lambda n: n > before, 60) > before
        )

        card.get_by_role("button", name=f"Disconnect {channel}").click()
        expect(dialog).to_contain_text(f"{channel} ads are not read any more")
        dialog.get_by_role("button", name="Disconnect", exact=True).click()
        expect(card).to_contain_text("Not connected")
        assert rows(orders_demo, SPENT, shop, key, *span) == [(true_spend(orders_demo, shop, key, *span),)]

        card.get_by_role("button", name=f"Connect {channel}").click()
        page.get_by_role("button", name=AGREES[channel]).click()
        expect(card.get_by_role("button", name=f"Leave out {ACCOUNT}")).to_be_visible()
        card.get_by_role("button", name="Use these accounts").click()
        expect(card.get_by_role("button", name=f"Disconnect {channel}")).to_be_visible()
        assert not frame.locator("body").evaluate("e => e.scrollWidth > e.clientWidth + 1")
