"""Meta's login dialog and Graph API over the world."""

from __future__ import annotations

import asyncio
import json
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.meta import oauth
from clique_app.sandbox.meta.control import Handler, handlers
from clique_app.sandbox.meta.errors import FAULT_ERRORS, GraphError, expired, revoked
from clique_app.sandbox.meta.graph import Call, Graph
from clique_app.sandbox.meta.pushes import Pushes
from clique_app.sandbox.meta.tokens import Tokens
from clique_app.sandbox.meta.usage import Usage
from clique_app.sandbox.scenarios import HARBOR_LANE
from clique_app.sandbox.world import World

VERSION = re.compile(r"^v(\d+)\.0$")
OLDEST, NEWEST = 22, 26
HANG_SECONDS = 120.0
ANYWHERE = ("http_429", "throttled", "rate_limit", "rate_limit_insights", "app_rate_limit", "too_much_data", "5xx",
            "timeout", "error_in_200", "expired_token", "revoked_token", "password_changed")  # fmt: skip


class Meta:
    """The platform: its routes, what tests may do to it, and the messages it sends while it runs."""

    key = "meta"
    advertised = HARBOR_LANE
    arrivals = {
        "facebook": ("https://m.facebook.com/", "fbclid=IwZX"),
        "instagram": ("https://l.instagram.com/", "fbclid=IwZX"),
    }

    def __init__(self, world: World, faults: Faults, config: Config) -> None:
        self._world, self._faults, self._config, self._app = world, faults, config, config.apps[self.key]
        self._tokens = Tokens(self._app.app_id, self._app.secret, config.data_dir, world.now)
        self._pushes = Pushes(world, faults, config)
        self._graph = Graph(world, faults, config, self._tokens, self._pushes)
        self._usage = Usage(world.now)

    @staticmethod
    def environment(base_url: str, app: App) -> dict[str, str]:
        return {
            "META_APP_ID": app.app_id,
            "META_APP_SECRET": app.secret,
            "META_GRAPH_URL": f"{base_url}/meta/graph",
            "META_DIALOG_URL": f"{base_url}/meta/www",
        }

    def routes(self) -> list[BaseRoute]:
        """Everything under /meta."""
        return [
            Route("/meta/www/{version}/dialog/oauth", self._dialog, methods=["GET", "POST"]),
            Route("/meta/graph/{path:path}", self._api, methods=["GET", "POST", "DELETE"]),
        ]

    def control_handlers(self) -> list[tuple[str, str, Handler]]:
        return handlers(self._world, self._tokens, self._usage, self._pushes)

    async def run(self) -> None:
        """Send messages for ever."""
        await self._pushes.run()

    async def _dialog(self, request: Request) -> Response:
        return await oauth.dialog(request, self._tokens, self._config)

    async def _api(self, request: Request) -> Response:
        call = await _call(request)
        account = self._graph.account_of(call.path) if call else None
        account_id = account.account_id if account else None
        insights = call is not None and ("insights" in call.path or call.path[0].startswith("6"))
        status = 200
        try:
            if call is None:
                raise GraphError("(#2635) You are calling a deprecated version of the Ads API.", 2635)
            await _raise_fault(self._faults, call, self._app.app_id)
            self._usage.count(account_id)
            self._usage.check(account_id, insights=insights)
            body = await self._answer(call)
        except GraphError as error:
            body, status = error.body(), error.status
        text = json.dumps(body).encode()
        if call and self._faults.take("meta", "truncated_page", path="/".join(call.path), method=call.method):
            text = text[: len(text) // 2]
        headers = {"facebook-api-version": call.version if call else "v26.0", "cache-control": "no-store"}
        headers |= self._usage.headers(account_id, insights=insights, refused=status == 429)
        return Response(text, status, headers, "application/json; charset=UTF-8")

    async def _answer(self, call: Call) -> dict[str, object]:
        if call.path == ("oauth", "access_token"):
            return oauth.access_token(call.params, self._tokens)
        if call.path == ("debug_token",):
            return oauth.debug_token(call.params, self._tokens, self._app.app_id, self._world.now().timestamp())
        if call.path == (self._app.app_id, "subscriptions"):
            self._tokens.check_app_token(call.params.get("access_token", ""))
            return await self._pushes.of_app(call.method, call.asked())
        return self._graph.answer(call)


async def _call(request: Request) -> Call | None:
    """The request's parts; None where its version is not served."""
    version, *path = [part for part in request.path_params["path"].split("/") if part]
    match = VERSION.match(version)
    if not match or not OLDEST <= int(match[1]) <= NEWEST or not path:
        return None
    params = dict(request.query_params)
    if request.method == "POST":
        form = await request.form()
        params.update({k: v for k, v in form.items() if isinstance(v, str)})
    bearer = request.headers.get("authorization", "")
    if bearer.startswith(("Bearer ", "OAuth ")):
        params.setdefault("access_token", bearer.partition(" ")[2])
    return Call(params.pop("method", request.method).upper(), tuple(path), params, version)


async def _raise_fault(faults: Faults, call: Call, app_id: str) -> None:
    name = faults.take("meta", *ANYWHERE, path="/".join(call.path), method=call.method, object=call.path[0])
    if name is None:
        return
    if name == "timeout":
        await asyncio.sleep(HANG_SECONDS)
        raise FAULT_ERRORS["5xx"]
    if name == "expired_token":
        raise expired("Friday, 20-Nov-26 10:00:00 UTC")
    if name == "revoked_token":
        raise revoked(app_id)
    raise FAULT_ERRORS[name]
