"""Settings for tests that start no server."""

from __future__ import annotations

import os

DEFAULTS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SHOPIFY_API_KEY": "demo-key",
    "SHOPIFY_API_SECRET": "a-secret-of-at-least-32-bytes-long!",
    "SHOPIFY_APP_URL": "http://localhost:8080",
    "ENCRYPTION_KEYS": "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "SESSION_SECRET": "a-session-secret-of-at-least-32-bytes",
}
for _name, _value in DEFAULTS.items():
    os.environ.setdefault(_name, _value)
