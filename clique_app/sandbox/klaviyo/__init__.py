"""Klaviyo's login and API over the world: an account for every store."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.klaviyo import api, facts, pages, reports
from clique_app.sandbox.klaviyo.access import Accesses, LoginError
from clique_app.sandbox.klaviyo.api import Call
from clique_app.sandbox.klaviyo.errors import ApiError, down, invalid, not_found, throttled, unknown_key
from clique_app.sandbox.klaviyo.limits import DAY, MINUTE, SECOND, UNLIMITED, Counter
from clique_app.sandbox.world import World

REVISIONS = ("2024-10-15", "2026-10-15")  # the oldest and the newest that are answered
HANG_SECONDS, LOOK_SECONDS, SLOW_SECONDS = 120.0, 0.2, 0.6
ANYWHERE = ("http_429", "5xx", "timeout", "report_slow", "error_in_200", "expired_token", "revoked_token")

Handler = Callable[[Request], Awaitable[Any]]


class Klaviyo:
    """The platform."""

    key = "klaviyo"
    advertised, arrivals = (), {}

    def __init__(self, world: World, faults: Faults, config: Config) -> None:
        self._world, self._faults, self._config, self._app = world, faults, config, config.apps[self.key]
        self._accesses = Accesses(self._app, config.data_dir, world.now)
        self._counter = Counter(world.now)

    @staticmethod
    def environment(base_url: str, app: App) -> dict[str, str]:
        return {
            "KLAVIYO_CLIENT_ID": app.app_id,
            "KLAVIYO_CLIENT_SECRET": app.secret,
            "KLAVIYO_API_URL": f"{base_url}/klaviyo",
            "KLAVIYO_LOGIN_URL": f"{base_url}/klaviyo/www",
        }

    def routes(self) -> list[BaseRoute]:
        """Everything under /klaviyo."""
        return [
            Route("/klaviyo/www/oauth/authorize", self._authorize, methods=["GET", "POST"]),
            Route("/klaviyo/www/settings/account/api-keys", self._keys, methods=["GET"]),
            Route("/klaviyo/oauth/token", self._token, methods=["POST"]),
            Route("/klaviyo/api/{endpoint}", self._api, methods=["GET", "POST"]),
        ]

    async def run(self) -> None:
        """It does nothing by itself."""

    async def _authorize(self, request: Request) -> Response:
        return await pages.authorize(request, self._world, self._accesses, self._config, self._app)

    async def _keys(self, request: Request) -> Response:
        return await pages.keys(request, self._world, self._accesses)

    async def _token(self, request: Request) -> Response:
        form = {k: v for k, v in (await request.form()).items() if isinstance(v, str)}
        if self._faults.take("klaviyo", "5xx", path="oauth/token", method="POST"):
            return JSONResponse(down().body(), 503)
        try:
            return JSONResponse(self._accesses.answer(form, *_basic(request.headers.get("authorization", ""))))
        except LoginError as error:
            return JSONResponse(error.body, error.status)

    async def _api(self, request: Request) -> Response:
        endpoint, status, headers = request.path_params["endpoint"], 200, {"content-type": "application/vnd.api+json"}
        try:
            body, counted = await self._answer(request, endpoint)
            headers |= counted
        except ApiError as error:
            body, status = error.body(), error.status
            if error.retry_after:
                headers["Retry-After"] = str(error.retry_after)
        text = json.dumps(body).encode()
        if self._faults.take("klaviyo", "truncated_page", path=endpoint, method=request.method):
            text = text[: len(text) // 2]
        return Response(text, status, headers)

    async def _answer(self, request: Request, endpoint: str) -> tuple[dict[str, Any], dict[str, str]]:
        listing, report = api.LISTS.get(endpoint), reports.REPORTS.get(endpoint)
        asked = listing if request.method == "GET" else report
        if asked is None:
            raise not_found()
        if not REVISIONS[0] <= request.headers.get("revision", "") <= REVISIONS[1]:
            raise invalid("A valid revision header is required.")
        shops = list(self._world.stores)
        shop = self._accesses.shop_of(request.headers.get("authorization", ""), asked.scope, shops)
        if (broken := await self._fault(request, endpoint)) is not None:
            return broken, {}
        headers = self._counter.count(shop, endpoint, asked.limits)
        self._world.advance()
        store, url = self._world.store(shop), f"{self._config.base_url}/klaviyo/api/{endpoint}"
        call = Call(store, self._world.seed, self._world.now(), url, dict(request.query_params))
        names = {"path": endpoint, "method": request.method}
        how = {
            "empty": bool(self._faults.take("klaviyo", "empty_page", **names)),
            "dropped": bool(self._faults.take("klaviyo", "rows_dropped", **names)),
        }
        if listing is not None:
            return api.page(listing, call, **how), headers
        assert report is not None
        return reports.answer(report, call, await _sent(request), **how), headers

    async def _fault(self, request: Request, endpoint: str) -> dict[str, Any] | None:
        """Trouble that was asked for: raised, waited, or the body of an error under 200."""
        name = self._faults.take("klaviyo", *ANYWHERE, path=endpoint, method=request.method)
        if name == "timeout":
            await _gone(request)
        if name == "report_slow":
            await asyncio.sleep(SLOW_SECONDS)
        if name == "error_in_200":
            return down().body()
        if name == "http_429":
            raise throttled(30)
        if name in ("expired_token", "revoked_token"):
            raise unknown_key()
        if name in ("5xx", "timeout"):
            raise down()
        return None

    # what tests may do

    def control_handlers(self) -> list[tuple[str, str, Handler]]:
        """(path below /_control, method, handler)."""
        return [
            ("/klaviyo/key", "GET", self._tell_key),
            ("/klaviyo/key", "POST", self._narrow_key),
            ("/klaviyo/tokens", "POST", self._end_tokens),
            ("/klaviyo/limits", "POST", self._set_limits),
            ("/klaviyo/calls", "GET", self._calls),
            ("/klaviyo/truth", "GET", self._truth),
        ]

    async def _tell_key(self, request: Request) -> Any:
        shop = request.query_params["shop"]
        return {"key": self._accesses.private_key(shop), "account": facts.account_id(self._world.store(shop))}

    async def _narrow_key(self, request: Request) -> Any:
        spec = await request.json()
        self._accesses.narrow_key(spec["shop"], spec["scopes"])
        return spec

    async def _end_tokens(self, request: Request) -> Any:
        spec = await request.json()
        self._accesses.end(spec["shop"], for_good=spec["how"] == "revoke")
        return spec

    async def _set_limits(self, request: Request) -> Any:
        """Reports a minute and a day; null: as many as one likes; without either: the usual."""
        spec = await request.json()
        given = {MINUTE: spec["a_minute"] or UNLIMITED, DAY: spec["a_day"] or UNLIMITED} if "a_minute" in spec else None
        self._counter.set_reports(spec["shop"], {SECOND: UNLIMITED, **given} if given else None)
        return spec

    async def _calls(self, request: Request) -> Any:
        shop = request.query_params["shop"]
        return {"answered": self._counter.answered.get(shop, 0), "refused": self._counter.refused.get(shop, 0)}

    async def _truth(self, request: Request) -> Any:
        asked = request.query_params
        self._world.advance()
        return truth(self._world, asked["shop"], date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"]))


def truth(world: World, shop: str, since: date, until: date) -> dict[str, Any]:
    """What the account would report right now: by day and program, and of sign-ups by day and list."""
    store, now = world.store(shop), world.now()
    by_day: dict[str, list[float]] = {}

    def add(day: date, program: str, figures: facts.Figures) -> None:
        sums = by_day.setdefault(f"{day}/{program}", [0] * 7)
        said = [getattr(figures, name) for name in facts.Figures.__dataclass_fields__]
        by_day[f"{day}/{program}"] = [a + b for a, b in zip(sums, said, strict=True)]

    for message in facts.campaigns(store, now):
        figures = facts.campaign_figures(store, message, world.seed, now)
        assert message.sent_at is not None
        if figures is not None and since <= store.day_of(message.sent_at) <= until:
            add(store.day_of(message.sent_at), message.program_id, figures)
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    for day in days:
        for flow in facts.FLOWS:
            for message, figures in facts.flow_figures(store, flow, day, world.seed, now):
                add(day, message.program_id, figures)
    joined = {str(day): facts.signups(store, day, world.seed, now) for day in days}
    expected = [one for one in facts.profiles(store, world.seed, now) if one.predicted_clv is not None]
    return {
        "figures": list(facts.Figures.__dataclass_fields__),
        "by_day": by_day,
        "signups": joined,
        "predictions": {one.email: [one.predicted_clv, one.churn_probability] for one in expected},
    }


async def _gone(request: Request) -> None:
    """Nothing is said until the caller gives up."""
    for _ in range(round(HANG_SECONDS / LOOK_SECONDS)):
        if await request.is_disconnected():
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _sent(request: Request) -> Any:
    try:
        return await request.json()
    except ValueError:
        raise invalid("The payload is not valid JSON.") from None


def _basic(header: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret
