"""/files: a file from the browser, read in memory and never put on disk. Nothing is taken without a session token."""

from __future__ import annotations

import asyncio
import contextlib

import redis
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from clique_app import live
from clique_app.components import session_token
from clique_app.components.session_token import Visitor
from clique_app.connections import service as connections
from clique_app.connections.roles import require_may_act
from clique_app.database import store_session, system_session
from clique_app.endpoints import bounds
from clique_app.errors import AccessDenied, CliqueError, Refused
from clique_app.imports import service
from clique_app.imports.records import KINDS
from clique_app.imports.sheet import MAX_BYTES
from clique_app.settings import settings

AT_ONCE = 2  # files of up to MAX_BYTES that a process holds in memory
BODY_SECONDS = 300
UPLOADS_PER_WINDOW, WINDOW_SECONDS = 60, 15 * 60
UNBOUNDED = {
    400: ("cut_off", "The file did not arrive whole. Try again."),
    408: ("too_slow", "The file did not arrive in time. Try again."),
    413: ("too_large", f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Export fewer days."),
}
RENEW = {"X-Shopify-Retry-Invalid-Session-Request": "1"}  # App Bridge asks again with a fresh token

_reading = asyncio.Semaphore(AT_ONCE)


class Answer(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


async def upload(request: Request) -> JSONResponse:
    """Take a file of the store that the token proves; answers with the id of its preview."""
    try:
        visitor = _visitor(request)
        store_id = await run_in_threadpool(_admitted, visitor)
        return JSONResponse({"file_id": await _received(request, store_id, visitor.user_id)}, headers=_headers(200))
    except Answer as answer:
        body = {"error": {"code": answer.code, "message": answer.message}}
        return JSONResponse(body, answer.status, headers=_headers(answer.status))


ROUTES = (Route("/files", upload, methods=["POST"]),)


def _visitor(request: Request) -> Visitor:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    config = settings()
    try:
        if scheme.lower() != "bearer":
            raise AccessDenied("This page needs to be opened from Shopify admin.")
        secrets = [config.shopify_api_secret.get_secret_value()]
        return session_token.verify_session_token(token, api_key=config.shopify_api_key, secrets=secrets)
    except AccessDenied as error:
        raise Answer(401, "no_session", error.message) from None


def _admitted(visitor: Visitor) -> int:
    """The store, where it has Clique and this person may change its data."""
    with system_session() as session:
        store_id = connections.find_store(session, visitor.shop_domain)
    if store_id is None:
        raise Answer(401, "no_session", "Open Clique from Shopify admin first.")
    try:
        with store_session(store_id) as session:
            standing = connections.standing(session, store_id, visitor.user_id)
            if standing is None or not standing.installed:
                raise Answer(401, "no_session", "Open Clique from Shopify admin first.")
            require_may_act(session, store_id, visitor.user_id)
    except (AccessDenied, Refused) as error:
        raise Answer(403, "may_not", error.message) from None
    if not bounds.allowed(f"files/{store_id}", UPLOADS_PER_WINDOW, WINDOW_SECONDS):
        raise Answer(429, "too_many", "Too many files in a short time. Try again in 15 minutes.")
    return store_id


async def _received(request: Request, store_id: int, user_id: int) -> int:
    kind = request.query_params.get("kind") or None
    if kind is not None and kind not in KINDS:
        raise Answer(400, "unknown_kind", f"A file is one of {', '.join(KINDS)}.")
    if _reading.locked():
        raise Answer(503, "busy", "Other files are being read. Try again in a moment.")
    async with _reading:
        content = await _body(request)

        def receive() -> int:
            with store_session(store_id) as session:
                return service.receive(session, store_id, user_id, request.query_params.get("name", ""), content, kind)  # pyright: ignore[reportArgumentType]

        try:
            file_id = await run_in_threadpool(receive)
        except CliqueError as error:
            raise Answer(400, "unusable", error.message) from None
    with contextlib.suppress(redis.RedisError):  # the page asks by itself too
        await run_in_threadpool(live.publish, store_id, "files")
    return file_id


async def _body(request: Request) -> bytes:
    try:
        return await bounds.body(request, MAX_BYTES, BODY_SECONDS)
    except bounds.Unbounded as error:
        raise Answer(error.status, *UNBOUNDED[error.status]) from None


def _headers(status: int) -> dict[str, str]:
    return {"Cache-Control": "no-store", **(RENEW if status == 401 else {})}
