"""The real demo, started as a person would, and a browser on it."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import redis
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.book import BOOK, SHOP
from tests.e2e import admin
from tests.e2e.demos import REAL_ORDERS, Demo, running_demo, wait_for_history
from tests.kit.plain_http import PLAIN_HTTP

T = TypeVar("T")
expect.set_options(timeout=15_000)  # a page's first opening after a start reads and caches everything
CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--force-prefers-reduced-motion",  # what turns while a page waits would be drawn sixty times a second
]
LOG_LINES = 40
DEMOS = ("demo", "sealed", "orders_demo")  # fixtures


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Tell with a failure what the demo's programs had logged last."""
    report = yield
    given = getattr(item, "funcargs", {})
    for demo in [given[name] for name in DEMOS if report.failed and name in given]:
        for log in sorted(Path(demo["folder"], "logs").glob("*.log")):
            report.sections.append((f"last of {log.name}", "\n".join(log.read_text().splitlines()[-LOG_LINES:])))
    return report


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo as it starts: nobody has opened Clique yet."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo without the control API, its store set up by clicks on a phone, with all its history."""
    with running_demo(tmp_path_factory.mktemp("sealed"), "--control", "off") as running:
        told = in_browser(lambda page: admin.set_up(page, running), width=390)
        assert len(told) >= 3, told
        wait_for_history(running, running["store"])
        yield running


@pytest.fixture(scope="session")
def orders_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of a store with an order history of its own, 123 orders of 40 customers in early 1997, as it starts."""
    folder = tmp_path_factory.mktemp("orders")
    path = folder / "orders.csv.gz"
    path.write_bytes(gzip.compress("\n".join(REAL_ORDERS).encode()))
    with running_demo(folder / "state", "--orders", str(path)) as running:
        yield running


def in_browser(clicks: Callable[[Page], T], width: int = 1280) -> T:
    """What the clicks give, in a browser of their own thread: a test's browser may be open in this one."""

    def run() -> T:
        with chromium() as browser, browser.new_context(viewport={"width": width, "height": 900}) as context:
            context.set_default_timeout(20_000)
            return clicks(context.new_page())

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


@pytest.fixture(autouse=True)
def unhurried(request: pytest.FixtureRequest) -> None:
    """As if the test before had been a quarter of an hour ago: an address may only try to connect ten times in it."""
    for name in (name for name in DEMOS if name in request.fixturenames):
        with redis.Redis.from_url(request.getfixturevalue(name)["redis_url"]) as server:
            for key in server.scan_iter("connect/*"):
                server.delete(key)


@pytest.fixture(scope="session")
def import_told(demo: Demo) -> list[str]:
    """The default store set up by clicks, once for all tests; what the page said while the orders were read."""
    return in_browser(lambda page: admin.set_up(page, demo))


@pytest.fixture(scope="session")
def connected(demo: Demo, import_told: list[str]) -> Demo:
    """The demo with its store set up and all its history read."""
    wait_for_history(demo, demo["store"])
    return demo


@pytest.fixture(scope="session")
def book_store(connected: Demo) -> str:
    """The hand-written book as a second store beside it, set up by clicks."""
    made = PLAIN_HTTP.post(f"{connected['sandbox_url']}/_control/stores", json=BOOK)
    assert made.is_success, made.text
    in_browser(lambda page: admin.set_up(page, connected, shop=SHOP, account="Book ads"))
    wait_for_history(connected, SHOP)
    return SHOP


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium; without it these tests are skipped on a developer's machine and fail in CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        reason = "Chromium is not on the PATH: install it to run the browser tests"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all browser tests and no others: while it is open, asyncio takes this thread's loop for a running one."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser context at 1280 wide."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(20_000)
        yield context.new_page()
