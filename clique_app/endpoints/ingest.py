"""/ingest/{kind}: what outside apps tell of reviews, content, referrals, members and social days, signed by the store's
secret. All of a body is kept or nothing."""

from __future__ import annotations

import contextlib

import redis
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from clique_app import live
from clique_app.advocacy import ingest_service
from clique_app.advocacy.ingest_service import UNPROVED, Envelope
from clique_app.advocacy.payloads import OWN
from clique_app.components.session_token import is_shop_domain
from clique_app.connections import service as connections
from clique_app.database import store_session, system_session
from clique_app.endpoints import bounds
from clique_app.errors import AccessDenied, InvalidInput, NotFound, Refused

MAX_BODY_BYTES = 2 * 1024 * 1024
WINDOW_SECONDS, CALLS_PER_WINDOW = 60, 600


async def ingest(request: Request) -> JSONResponse:
    """How many records were new, replaced and the same as before; or why none was kept."""
    headers = request.headers
    envelope = Envelope(
        request.path_params["kind"],
        headers.get("x-clique-source", OWN),
        headers.get("x-clique-timestamp", ""),
        headers.get("x-clique-signature", "").removeprefix("sha256="),
    )
    try:
        body = await bounds.body(request, MAX_BODY_BYTES)
        shop, address = headers.get("x-clique-shop", "").lower(), request.client.host if request.client else ""
        counts = await run_in_threadpool(_take, shop, address, envelope, body)
    except bounds.Unbounded as error:
        return _error(error.status, "body", f"Send at most {MAX_BODY_BYTES // 1024 // 1024} MB at once, within 30 s.")
    except AccessDenied as error:
        return _error(401, "unsigned", error.message)
    except NotFound as error:
        return _error(404, "unknown_kind", error.message)
    except Refused as error:
        return _error(429, "too_many", error.message)
    except InvalidInput as error:
        return _error(422, "unusable", error.message)
    return JSONResponse(counts, headers={"Cache-Control": "no-store"})


ROUTES = (Route("/ingest/{kind}", ingest, methods=["POST"]),)


def _take(shop: str, address: str, envelope: Envelope, body: bytes) -> dict[str, int]:
    if not is_shop_domain(shop):
        raise AccessDenied(UNPROVED)
    if not bounds.allowed(f"ingest/{shop}/{address}", CALLS_PER_WINDOW, WINDOW_SECONDS):
        raise Refused(f"More than {CALLS_PER_WINDOW} deliveries a minute. Send several records in one.")
    with system_session() as session:
        store_id = connections.find_store(session, shop)
    if store_id is None:
        raise AccessDenied(UNPROVED)
    with store_session(store_id) as session:
        counts = ingest_service.take(session, store_id, envelope, body)
    if counts["new"] or counts["replaced"]:
        with contextlib.suppress(redis.RedisError):  # what is kept is kept; the next push tells of it
            live.publish(store_id, "figures")
    return counts


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status, {"Cache-Control": "no-store"})
