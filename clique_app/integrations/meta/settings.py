"""Meta's settings, from the environment: META_APP_ID, META_APP_SECRET, and where Meta is."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from clique_app.settings import Environment

API_VERSION = "v26.0"


class MetaSettings(Environment):
    model_config = SettingsConfigDict(env_prefix="META_")

    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    graph_url: str = "https://graph.facebook.com"
    dialog_url: str = "https://www.facebook.com"
