"""The web pixel in a real browser on the sandbox's storefront, into a real collector and a session of the order."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
import uvicorn
from playwright.sync_api import Page, expect
from starlette.types import Receive, Scope, Send

from clique_app.connections import install
from clique_app.database import store_session
from clique_app.endpoints.collector import Collector, Events
from clique_app.site.service import build_sessions
from clique_app.site.sessions import PARTS
from tests.conftest import API_KEY, API_SECRET, Sandbox
from tests.e2e.admin import eventually
from tests.kit.fake_admin import sign
from tests.kit.plain_http import PLAIN_HTTP

SHOP = "wick.myshopify.com"
BOOK = {
    "shop": SHOP, "name": "Wick", "currency": "USD", "time_zone": "America/New_York", "country": "US",
    "locations": ["Hudson"], "orders": [],
    "products": [{"title": "Fig Candle", "sku": "F1", "price": "29.00", "unit_cost": "9.00", "stock": 50}],
}  # fmt: skip
AD = "utm_source=facebook&utm_medium=paid&utm_campaign=Winter&utm_id=120210001&fbclid=IwAR0secret"


@dataclass
class Shopping:
    """A store with the pixel switched on, and the collector that it tells."""

    url: str  # of the storefront
    store_id: int
    database_url: str
    bodies: list[bytes] = field(default_factory=list)  # all that the collector was sent
    sandbox: Sandbox | None = None

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(statement).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]

    def kinds(self) -> list[str]:
        return [kind for (kind,) in self.rows("select kind from page_event order by at, kind")]

    def wait_for(self, kind: str) -> None:
        assert eventually(self.kinds, lambda kinds: kind in kinds, 30).count(kind), self.kinds()


class Recording:
    """The collector, which remembers what it was sent."""

    def __init__(self, inner: Collector, bodies: list[bytes]) -> None:
        self._inner, self._bodies = inner, bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted() -> Any:
            message = await receive()
            self._bodies.append(message.get("body", b""))
            return message

        await self._inner(scope, noted, send)


@pytest.fixture
def shopping(
    database_env: None, database_url: str, start_sandbox: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shopping]:
    from clique_app.settings import settings

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app_url = f"http://localhost:{port}"
    sandbox = start_sandbox("--no-default-store", app_url=app_url)
    for name, value in {**sandbox.settings(), "SHOPIFY_APP_URL": app_url}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    sandbox.control("POST", "stores", json=BOOK)
    PLAIN_HTTP.get(f"{sandbox.url}/admin/store/wick/apps/{API_KEY}").raise_for_status()
    opened = install.open_store(SHOP, sign(SHOP, secret=API_SECRET, aud=API_KEY), 7)
    assert install.check_pixel(opened.store_id)
    found = Shopping(f"{sandbox.url}/storefront/{SHOP}", opened.store_id, database_url, sandbox=sandbox)
    app = Recording(Collector(lambda: Events(database_url)), found.bodies)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    yield found
    server.should_exit = True
    thread.join(5)


def test_from_the_ad_to_the_order_is_one_session_joined_to_the_order(shopping: Shopping, page: Page) -> None:
    page.goto(f"{shopping.url}/products/fig-candle?{AD}", referer="https://l.instagram.com/")
    page.get_by_role("button", name="Accept").click()
    shopping.wait_for("product_viewed")
    page.mouse.wheel(0, 5000)
    shopping.wait_for("scrolled")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_text("It is in your cart.")).to_be_visible()
    page.get_by_role("button", name="Add to wishlist").click()
    page.get_by_label("E-mail for our letter").fill("ann@example.com")
    page.get_by_role("button", name="Sign up").click()
    shopping.wait_for("email_signup")
    page.get_by_role("link", name="Cart").click()
    page.get_by_role("link", name="Check out").click()
    page.get_by_label("E-mail", exact=True).fill("ann@example.com")
    page.get_by_role("button", name="Pay now").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    shopping.wait_for("checkout_completed")

    built = 0
    for part in range(PARTS):
        with store_session(shopping.store_id) as session:
            done = build_sessions(session, shopping.store_id, part)
        assert done is not None
        built += done.visitors
    assert built == 1
    [row] = shopping.rows(
        "select channel, source, campaign, campaign_platform_id, click_id, landing_path, landed_on_product, page_views,"
        " deepest_scroll_pct, added_viewed_product, wishlisted, checkout_started, signed_up, bounced from web_session"
    )
    assert row == (
        *("meta", "facebook", "Winter", "120210001", "fbclid", "/products/fig-candle"),
        *(True, 4, 100, True, True, True, True, False),
    )
    [(order_id,)] = shopping.rows("select order_id from web_session")
    assert shopping.sandbox is not None
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 18_000))
    truth = shopping.sandbox.control("GET", f"truth?shop={SHOP}&from={today}&to={today}")
    assert truth["orders"] == 1

    from tasks.sync import run_source

    run_source.fn(shopping.store_id, "shopify_orders", "first_import")
    [(journey, credited)] = shopping.rows(
        "select (select array_agg(position::text || channel || campaign_platform_id) from touch t"
        f" where t.order_id = {order_id}), (select channel from credit c where c.order_id = {order_id})"
    )
    assert journey == ["0meta120210001"], "Shopify knows of this visit, so the pixel's is not told again"
    assert credited == "meta"
    sent = b"".join(shopping.bodies)
    for personal in (b"ann@example.com", b"IwAR0secret", b"Mozilla", b"instagram.com/"):
        assert personal not in sent
    assert len(set(shopping.rows("select visitor_id from page_event"))) == 1


def test_without_consent_nothing_is_sent_and_with_its_end_nothing_more(shopping: Shopping, page: Page) -> None:
    page.goto(f"{shopping.url}/products/fig-candle?{AD}")
    page.get_by_role("button", name="Decline").click()
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_text("It is in your cart.")).to_be_visible()
    page.goto(f"{shopping.url}/cart")
    page.wait_for_timeout(500)
    assert shopping.bodies == []
    assert {cookie.get("name") for cookie in page.context.cookies()} == {"_tracking_consent", "cart"}

    page.context.clear_cookies(name="_tracking_consent")
    page.goto(f"{shopping.url}/")
    page.get_by_role("button", name="Accept").click()
    shopping.wait_for("page_viewed")
    page.evaluate("Shopify.customerPrivacy.withdraw()")
    told = len(shopping.bodies)
    page.evaluate("Shopify.analytics.publish('product_added_to_wishlist', {productId: 1})")
    page.wait_for_timeout(500)
    assert len(shopping.bodies) == told
    assert "product_added_to_wishlist" not in shopping.kinds()
