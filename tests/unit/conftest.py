"""Settings for tests that start no server; other tests in the same process must not see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clique_app.settings import settings

UNIT_SETTINGS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SHOPIFY_API_KEY": "demo-key",
    "SHOPIFY_API_SECRET": "a-secret-of-at-least-32-bytes-long!",
    "SHOPIFY_APP_URL": "http://localhost:8080",
    "SHOPIFY_ADMIN_URL": "https://admin.shopify.com",
    "ENCRYPTION_KEYS": "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "SESSION_SECRET": "a-session-secret-of-at-least-32-bytes",
}


@pytest.fixture(autouse=True)
def unit_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in UNIT_SETTINGS.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()
