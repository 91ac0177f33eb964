"""A store at Shopify's emulator, before anybody opened Clique in it and after all of it was read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import stamina

from clique_app.integrations.shopify import client, oauth
from clique_app.settings import settings
from tests.contract import shopify_sandbox
from tests.contract.shopify_sandbox import KEY, SECRET, SHOP
from tests.integration.shopify_shop import SCOPES, Shop, book


@pytest.fixture
def shop(database_env: None, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The store before anybody opened Clique in it. Waiting takes no time and is noted."""
    from tasks import runs

    world = shopify_sandbox.World(seed=3)
    world.create_store(book())
    world.install(SHOP, SCOPES)
    with shopify_sandbox.running(world) as running:
        shop = Shop(running, database_url)
        base = f"http://127.0.0.1:{running.port}"
        environment = {
            "SHOPIFY_BASE_URL": f"{base}/shopify/{{shop}}",
            "SHOPIFY_APP_URL": base,
            "SHOPIFY_API_KEY": KEY,
            "SHOPIFY_API_SECRET": SECRET,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        sleeper = SimpleNamespace(sleep=shop.waits.append, monotonic=time.monotonic)
        monkeypatch.setattr(client, "time", sleeper)
        monkeypatch.setattr(runs, "time", sleeper)
        for module in (client, oauth):  # a time-out that is asked for makes it short
            monkeypatch.setattr(module, "TIMEOUT", module.TIMEOUT)
        client.http.cache_clear()
        stamina.set_testing(True, attempts=3)
        yield shop
        stamina.set_testing(False)
        client.http.cache_clear()


@pytest.fixture
def imported(shop: Shop) -> Shop:
    """The store with all its history read."""
    shop.open()
    shop.import_all()
    return shop


@pytest.fixture
def by_bulk_file(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    from clique_app.sync import reading

    return lambda: monkeypatch.setattr(reading, "PAGED_UP_TO", 0)
