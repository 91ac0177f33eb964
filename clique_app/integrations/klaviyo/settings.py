"""Klaviyo's settings, from the environment: KLAVIYO_CLIENT_ID, KLAVIYO_CLIENT_SECRET, and where Klaviyo is."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from clique_app.settings import Environment

REVISION = "2026-10-15"  # Klaviyo answers a revision for two years


class KlaviyoSettings(Environment):
    model_config = SettingsConfigDict(env_prefix="KLAVIYO_")

    client_id: str = ""  # empty: only private keys can be used
    client_secret: SecretStr = SecretStr("")
    api_url: str = "https://a.klaviyo.com"
    login_url: str = "https://www.klaviyo.com"
