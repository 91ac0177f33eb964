"""What the sandbox process was started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class App:
    """Clique as a platform knows it."""

    app_id: str
    secret: str


@dataclass(frozen=True)
class Config:
    """The app's side of every platform: where it is served and the credentials it was registered with."""

    base_url: str  # of the sandbox itself, http://127.0.0.1:P
    app_url: str
    api_key: str
    api_secret: str
    apps: Mapping[str, App] = field(default_factory=dict)  # by platform; Shopify's are the two above
    data_dir: Path | None = None
    control: bool = True
    schema: Path | None = None  # Shopify's published Admin schema; default: below .clique/vendor
    webhook_retry_seconds: float = 1.0  # before the first repetition; each next one waits twice as long
