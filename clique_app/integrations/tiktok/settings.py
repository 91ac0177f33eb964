"""TikTok's settings, from the environment: TIKTOK_APP_ID, TIKTOK_APP_SECRET, and where TikTok is."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from clique_app.settings import Environment

API_VERSION = "v1.3"


class TikTokSettings(Environment):
    model_config = SettingsConfigDict(env_prefix="TIKTOK_")

    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    api_url: str = "https://business-api.tiktok.com"
    dialog_url: str = "https://business-api.tiktok.com/portal/auth"
