"""Meta's login dialog and Graph API over the world."""

from __future__ import annotations

import asyncio
import json
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.config import Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.meta import oauth
from clique_app.sandbox.meta.errors import FAULT_ERRORS, GraphError, expired, revoked
from clique_app.sandbox.meta.graph import Call, Graph
from clique_app.sandbox.meta.tokens import Tokens
from clique_app.sandbox.world import World

VERSION = re.compile(r"^v(\d+)\.0$")
OLDEST, NEWEST = 22, 26
HANG_SECONDS = 120.0
ANYWHERE = ("http_429", "throttled", "rate_limit", "app_rate_limit", "5xx", "timeout", "error_in_200",
            "expired_token", "revoked_token")  # fmt: skip


def routes(world: World, faults: Faults, config: Config) -> list[BaseRoute]:
    """Everything under /meta."""
    tokens = Tokens(config.meta_app_id, config.meta_app_secret, config.data_dir, world.now)
    graph = Graph(world, faults, config, tokens)

    async def dialog(request: Request) -> Response:
        return await oauth.dialog(request, tokens, config)

    async def api(request: Request) -> Response:
        call = await _call(request)
        status = 200
        try:
            if call is None:
                raise GraphError("(#2635) You are calling a deprecated version of the Ads API.", 2635)
            await _raise_fault(faults, call, config.meta_app_id)
            body = _answer(call, graph, tokens, config, world)
        except GraphError as error:
            body, status = error.body(), error.status
        text = json.dumps(body).encode()
        if call and faults.take("meta", "truncated_page", path="/".join(call.path), method=call.method):
            text = text[: len(text) // 2]
        return Response(text, status, _headers(call, graph, status), "application/json; charset=UTF-8")

    return [
        Route("/meta/www/{version}/dialog/oauth", dialog, methods=["GET", "POST"]),
        Route("/meta/graph/{path:path}", api, methods=["GET", "POST", "DELETE"]),
    ]


def _answer(call: Call, graph: Graph, tokens: Tokens, config: Config, world: World) -> dict[str, object]:
    if call.path == ("oauth", "access_token"):
        return oauth.access_token(call.params, tokens)
    if call.path == ("debug_token",):
        return oauth.debug_token(call.params, tokens, config.meta_app_id, world.now().timestamp())
    return graph.answer(call)


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


def _headers(call: Call | None, graph: Graph, status: int) -> dict[str, str]:
    headers = {"facebook-api-version": call.version if call else "v26.0", "cache-control": "no-store"}
    account = graph.account_of(call.path) if call else None
    if call is None or account is None:
        return headers
    limited = status == 429
    used = 100 if limited else 12
    kind = "ads_insights" if "insights" in call.path else "ads_management"
    usage = {
        "type": kind,
        "call_count": used,
        "total_cputime": 5,
        "total_time": 6,
        "estimated_time_to_regain_access": 1 if limited else 0,
        "ads_api_access_tier": "standard_access",
    }
    headers["x-business-use-case-usage"] = json.dumps({account.account_id: [usage]})
    headers["x-ad-account-usage"] = json.dumps(
        {"acc_id_util_pct": float(used), "reset_time_duration": 60, "ads_api_access_tier": "standard_access"}
    )
    if kind == "ads_insights":
        headers["x-fb-ads-insights-throttle"] = json.dumps(
            {
                "app_id_util_pct": float(used),
                "acc_id_util_pct": float(used),
                "ads_api_access_tier": "standard_access",
            }
        )
    return headers
