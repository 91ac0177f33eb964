"""The platforms beside Shopify. A new one is a folder here and its line in PLATFORMS."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request
from starlette.routing import BaseRoute

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.ecb import Ecb
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.google import Google
from clique_app.sandbox.klaviyo import Klaviyo
from clique_app.sandbox.meta import Meta
from clique_app.sandbox.pinterest import Pinterest
from clique_app.sandbox.scenarios import CampaignPlan
from clique_app.sandbox.tiktok import TikTok
from clique_app.sandbox.world import World

Handler = Callable[[Request], Awaitable[Any]]


class Platform(Protocol):
    """An emulator: real HTTP over the world."""

    key: str  # its addresses lie under /{key}; the channel of its ad accounts
    advertised: tuple[CampaignPlan, ...]  # what the default store advertises there
    arrivals: dict[str, tuple[str, str]]  # utm_source: the referrer of a visit from an ad, and the click id added to it

    def __init__(self, world: World, faults: Faults, config: Config) -> None: ...

    @staticmethod
    def environment(base_url: str, app: App) -> dict[str, str]:
        """The variables by which the app reaches this platform as this app."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """Everything under /{key}."""
        ...

    def control_handlers(self) -> Sequence[tuple[str, str, Handler]]:
        """What tests may do to it: (path below /_control, method, handler)."""
        ...

    async def run(self) -> None:
        """What it does by itself, for ever; it may end at once."""
        ...


PLATFORMS: tuple[type[Platform], ...] = (Meta, TikTok, Google, Pinterest, Klaviyo, Ecb)


def register(data_dir: Path | None) -> dict[str, App]:
    """The credentials under which each platform knows the app: made once, then kept."""
    path = data_dir / "apps.json" if data_dir else None
    kept = json.loads(path.read_text()) if path and path.exists() else {}
    apps = {
        platform.key: App(**kept[platform.key])
        if platform.key in kept
        else App(str(10**15 + secrets.randbelow(10**15)), secrets.token_hex(16))
        for platform in PLATFORMS
    }
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_text(json.dumps({key: asdict(app) for key, app in apps.items()}))
    return apps


def environment(config: Config) -> dict[str, str]:
    """What the app has to be started with to reach the platforms here."""
    found: dict[str, str] = {}
    for platform in PLATFORMS:
        found |= platform.environment(config.base_url, config.apps[platform.key])
    return found
