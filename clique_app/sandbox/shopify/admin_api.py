"""The Admin API over HTTP: who calls, which version, which trouble was asked for; and the bulk files."""

from __future__ import annotations

import asyncio
import hmac
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from clique_app.sandbox.shopify.execution import answer, emptied, shortened
from clique_app.sandbox.shopify.platform import Platform
from clique_app.sandbox.shopify.schema import served_version

HANG_SECONDS = 120
BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105
INTERNAL_ERROR = {
    "errors": [
        {
            "message": "Internal error. Looks like something went wrong on our end.",
            "extensions": {"code": "INTERNAL_SERVER_ERROR"},
        }
    ]
}


async def graphql(request: Request, platform: Platform) -> Response:
    shop = request.path_params["shop"]
    store = platform.world.stores.get(shop)
    version = served_version(request.path_params["version"])
    if store is None or version is None:
        return JSONResponse({"errors": "Not Found"}, 404)
    try:
        payload = json.loads(await request.body())
        query = str(payload["query"])
    except (ValueError, TypeError, KeyError):
        return JSONResponse({"errors": {"query": "Required parameter missing or invalid"}}, 400)
    platform.world.advance()
    fault = platform.fault(
        "timeout", "5xx", "http_429", "expired_token", "revoked_token", "throttled", "error_in_200",
        "truncated_page", "empty_page", "rows_dropped", path=request.url.path, method="POST", operation=query,
    )  # fmt: skip
    refusal = await _refused(request, platform, shop, fault)
    if refusal is not None:
        return refusal
    base_url = f"{platform.config.base_url}/shopify/{shop}"
    idle = platform.fault("write_ok_no_change", path=request.url.path, operation=query) if _writes(query) else None
    context = platform.context(store, base_url, changes_nothing=idle is not None)
    body = answer(payload, context, throttled=fault == "throttled")
    if any(b.status == "CREATED" for b in platform.state.operations):
        platform.bulk_waiting.set()
    return _response(body, version, fault)


async def _refused(request: Request, platform: Platform, shop: str, fault: str | None) -> Response | None:
    if fault == "timeout":
        return await hang(request)
    if fault == "5xx":
        return Response("<html><body>502 Bad Gateway</body></html>", 502, media_type="text/html")
    if fault == "http_429":
        return JSONResponse({"errors": "Too Many Requests"}, 429, {"Retry-After": "2.0"})
    if fault == "revoked_token":
        platform.forget_tokens(shop)
    if fault == "expired_token":
        given = request.headers.get("x-shopify-access-token", "")
        platform.state.access_tokens = [t for t in platform.state.access_tokens if t.value != given]
        platform.state.save()
    if platform.access_token(request.headers.get("x-shopify-access-token", ""), shop) is None:
        return JSONResponse({"errors": BAD_TOKEN}, 401)
    return JSONResponse(INTERNAL_ERROR) if fault == "error_in_200" else None


def _writes(query: str) -> bool:
    return query.lstrip().startswith("mutation")


async def hang(request: Request) -> Response:
    """No answer for a long time, or until nobody waits for it any more."""
    for _ in range(HANG_SECONDS * 10):
        if await request.is_disconnected():
            break
        await asyncio.sleep(0.1)
    return Response("", 504)


def _response(body: dict[str, Any], version: str, fault: str | None) -> Response:
    spoilt = {"empty_page": emptied, "rows_dropped": shortened}.get(fault or "")
    text = json.dumps(spoilt(body) if spoilt else body, ensure_ascii=False).encode()
    if fault == "truncated_page":
        text = text[: len(text) // 2]
    return Response(text, media_type="application/json", headers={"X-Shopify-API-Version": version})


async def bulk_file(request: Request, platform: Platform) -> Response:
    operation = platform.bulk_operation(request.path_params["shop"], request.path_params["number"])
    given = request.query_params.get("signature", "")
    if operation is None or not hmac.compare_digest(given, platform.signed(operation)):
        return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
    path = platform.bulk_path(operation)
    if operation.running or not path.exists():
        return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
    fault = platform.fault("timeout", "5xx", "truncated_page", path=request.url.path, method="GET")
    if fault == "timeout":
        return await hang(request)
    if fault == "5xx":
        return Response("", 503)
    if fault == "truncated_page":
        whole = path.read_bytes()
        return Response(whole[: len(whole) // 2], media_type="application/jsonl")
    return FileResponse(path, media_type="application/jsonl")
