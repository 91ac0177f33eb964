"""TikTok's login page and Business API over the world."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.tiktok import demo_ads, login
from clique_app.sandbox.tiktok.api import Api, Call
from clique_app.sandbox.tiktok.errors import FAULT_ERRORS, ApiError, bad_param, envelope, too_many_calls
from clique_app.sandbox.tiktok.tokens import Tokens
from clique_app.sandbox.world import World

VERSION = "v1.3"
HANG_SECONDS = 120.0
CALLS_PER_SECOND = 20  # of an app with advanced access
ANYWHERE = ("http_429", "5xx", "timeout", *FAULT_ERRORS)
BY_STATUS = {"http_429": 429, "5xx": 502, "timeout": 504}
TEXTS = {"start_date", "end_date", "advertiser_id", "app_id", "secret", "service_type", "report_type", "data_level",
         "query_mode", "objective_type", "level_range"}  # fmt: skip


class TikTok:
    """The platform: its routes and what tests may do to it."""

    key = "tiktok"
    advertised, arrivals = demo_ads.ADVERTISED, demo_ads.ARRIVALS

    def __init__(self, world: World, faults: Faults, config: Config) -> None:
        self._world, self._faults, self._config, self._app = world, faults, config, config.apps[self.key]
        self._tokens = Tokens(self._app, config.data_dir, world.now)
        self._api = Api(world, faults, self._tokens)
        self._calls: deque[float] = deque()
        self._limit = CALLS_PER_SECOND

    @staticmethod
    def environment(base_url: str, app: App) -> dict[str, str]:
        return {
            "TIKTOK_APP_ID": app.app_id,
            "TIKTOK_APP_SECRET": app.secret,
            "TIKTOK_API_URL": f"{base_url}/tiktok",
            "TIKTOK_DIALOG_URL": f"{base_url}/tiktok/portal/auth",
        }

    def routes(self) -> list[BaseRoute]:
        """Everything under /tiktok."""
        return [
            Route("/tiktok/portal/auth", self._login, methods=["GET", "POST"]),
            Route("/tiktok/open_api/{version}/{path:path}", self._answer, methods=["GET", "POST"]),
        ]

    def control_handlers(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Any]]]]:
        async def end_tokens(request: Request) -> Any:
            how = (await request.json())["how"]
            self._tokens.end_all({"expire": "expired", "revoke": "revoked"}[how])
            return {"ended": how}

        async def set_quota(request: Request) -> Any:
            spec = await request.json()
            self._limit = spec.get("calls_per_second") or CALLS_PER_SECOND
            return spec

        return [("/tiktok/tokens", "POST", end_tokens), ("/tiktok/quota", "POST", set_quota)]

    async def run(self) -> None:
        """TikTok tells nothing by itself."""

    async def _login(self, request: Request) -> Response:
        return await login.page(request, self._tokens, self._world.ads, self._app, self._config)

    async def _answer(self, request: Request) -> Response:
        path = request.path_params["path"].strip("/")
        name = self._faults.take(self.key, *ANYWHERE, path=path, method=request.method)
        if name == "timeout":
            await asyncio.sleep(HANG_SECONDS)
        if name in BY_STATUS:
            return Response("<html>Try again later</html>", BY_STATUS[name], media_type="text/html")
        try:
            call = await _call(request, path)
            self._count()
            if name:
                raise FAULT_ERRORS[name]
            if request.path_params["version"] != VERSION:
                raise ApiError(40006, "The requested API does not exist.")
            body = envelope(0, "OK", self._api.answer(call))
        except ApiError as error:
            body = envelope(error.code, error.message, {})
        text = json.dumps(body).encode()
        if self._faults.take(self.key, "truncated_page", path=path, method=request.method):
            text = text[: len(text) // 2]
        return Response(text, media_type="application/json")

    def _count(self) -> None:
        now = time.monotonic()
        while self._calls and self._calls[0] <= now - 1:
            self._calls.popleft()
        if len(self._calls) >= self._limit:
            raise too_many_calls()
        self._calls.append(now)


async def _call(request: Request, path: str) -> Call:
    token = request.headers.get("access-token")
    try:
        if request.method == "POST":
            params = await request.json()
            if not isinstance(params, dict):
                raise bad_param("The body must be a JSON object.")
        else:
            params = {k: v if k in TEXTS else json.loads(v) for k, v in request.query_params.items()}
    except ValueError:
        raise bad_param("A parameter is not valid JSON.") from None
    return Call(request.method, path, params, token)
