"""Pinterest's settings, from the environment: PINTEREST_APP_ID, PINTEREST_APP_SECRET, and where Pinterest is."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from clique_app.settings import Environment

API_VERSION = "v5"


class PinterestSettings(Environment):
    model_config = SettingsConfigDict(env_prefix="PINTEREST_")

    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    api_url: str = "https://api.pinterest.com"
    dialog_url: str = "https://www.pinterest.com"
