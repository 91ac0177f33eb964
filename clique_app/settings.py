"""Every environment variable, typed and documented once. Each may also come as NAME_FILE (a path to its value)."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SHOPIFY_API_VERSION = "2026-07"


class Environment(BaseSettings):
    """Settings from the environment. Those of an ad platform live in its folder (integrations/*/settings.py)."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    @classmethod
    def read(cls) -> Self:
        """The settings as the environment has them now."""
        for name in cls.model_fields:
            env = f"{cls.model_config.get('env_prefix', '')}{name}".upper()
            path = os.environ.get(f"{env}_FILE")
            if path and env not in os.environ:
                os.environ[env] = Path(path).read_text().strip()
        return cls()


class Settings(Environment):
    """Validated at start. Platform base URLs are the only thing that differs between production and sandbox."""

    database_url: str = Field(description="PostgreSQL 15+, as postgresql://user:pass@host/db or ?host=/socket/dir")
    redis_url: str = Field(description="Redis-protocol server, redis:// or unix://")

    shopify_api_key: str
    shopify_api_secret: SecretStr
    shopify_api_old_secret: SecretStr = Field(SecretStr(""), description="the former secret while it is being rotated")
    shopify_app_url: str = Field(description="where this app is served, e.g. https://app.example.com")
    shopify_base_url: str = Field("https://{shop}", description="base of a store's Admin API; {shop} is its domain")
    shopify_admin_url: str = Field("https://admin.shopify.com", description="where the admin frames the app")
    app_bridge_url: str = "https://cdn.shopify.com/shopifycloud/app-bridge.js"
    polaris_url: str = Field(
        "https://cdn.shopify.com/shopifycloud/polaris.js",
        description="empty: the stand-in in assets/ is used",
    )

    encryption_keys: SecretStr = Field(
        description="keyring 'k2:<base64 32 bytes>,k1:...'; the first encrypts, all decrypt"
    )
    session_secret: SecretStr = Field(description="signs OAuth state; at least 32 bytes")

    collector_events_per_second: int = Field(
        50, description="visits' events one address may send to one web process; ten seconds' worth at once"
    )
    first_import_days: int = Field(
        90, ge=1, le=1095, description="days that a new store's orders and ads are read of first; the rest follows"
    )
    archive_dir: Path = Field(
        default_factory=lambda: Path(os.environ.get("CLIQUE_STATE_DIR", ".clique")) / "archive",
        description="folder of the compressed files that old log rows go to; the workers write it",
    )
    clock_offset_seconds: int = Field(0, description="added to the real time everywhere; 0 in production")
    log_level: str = "INFO"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings.read()
