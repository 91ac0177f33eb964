"""Where the European Central Bank is, from the environment: ECB_BASE_URL."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from clique_app.settings import Environment


class EcbSettings(Environment):
    model_config = SettingsConfigDict(env_prefix="ECB_")

    base_url: str = "https://data-api.ecb.europa.eu"
