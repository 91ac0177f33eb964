"""Google's settings, from the environment: GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET, and where Google is."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from clique_app.settings import Environment

API_VERSION = "v26"


class GoogleSettings(Environment):
    model_config = SettingsConfigDict(env_prefix="GOOGLE_")

    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    ads_url: str = "https://googleads.googleapis.com"
    login_url: str = "https://accounts.google.com"
    oauth_url: str = "https://oauth2.googleapis.com"
