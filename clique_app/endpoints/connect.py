"""/auth/{channel}/start and /auth/{channel}/callback: a person's way to a platform's login and back."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import redis
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from clique_app import live
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections.ad_accounts_service import Claim, ConnectFailed
from clique_app.database import store_session
from clique_app.errors import AccessDenied, CliqueError, NotFound, RateLimited, Unavailable
from clique_app.integrations.registry import has_ad_accounts, platform
from clique_app.logs import log
from clique_app.settings import settings
from tasks.connections import begin_import

CALLS_PER_WINDOW, WINDOW_SECONDS = 10, 15 * 60
COOKIE_SECONDS = int(ad_accounts.TICKET_LIFE.total_seconds())
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}  # the addresses hold tickets and codes
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Clique</title><body style="font:15px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem">
<h1 style="font-size:1.25rem">This did not work</h1><p>%s</p></body></html>"""


async def start(request: Request) -> Response:
    """To the platform's dialog, with a cookie that marks this browser."""
    return await run_in_threadpool(_guarded, request, "start")


async def callback(request: Request) -> Response:
    """Back from the dialog: into the store's admin, connected or with the reason why not."""
    return await run_in_threadpool(_guarded, request, "callback")


ROUTES = (
    Route("/auth/{channel}/start", start, methods=["GET"]),
    Route("/auth/{channel}/callback", callback, methods=["GET"]),
)


def _guarded(request: Request, step: ad_accounts.Step) -> Response:
    """Whatever is not a round trip that Clique began ends on a plain page and touches no store."""
    channel, query = request.path_params["channel"], request.query_params
    if not _allowed(step, request.client.host if request.client else ""):
        return _page("Too many attempts from this address. Try again in 15 minutes.", 429)
    try:
        platform(channel)
        claim = ad_accounts.claimed(step, channel, query.get("ticket" if step == "start" else "state", ""))
    except NotFound as error:
        return _page(error.message, 404)
    except AccessDenied as error:
        return _page(error.message, 400)
    try:
        return _start(claim) if step == "start" else _callback(request, claim)
    except CliqueError as error:
        reason = _reason(error)
        log("connect").warning("connect_failed", store_id=claim.store_id, channel=channel, step=step, reason=reason)
        return _back(claim, connect_error=reason, channel=channel)


def _start(claim: Claim) -> Response:
    with store_session(claim.store_id) as session:
        begun = ad_accounts.begin(session, claim)
    answer = RedirectResponse(begun.dialog_url, 302, PRIVATE)
    answer.set_cookie(
        begun.cookie_name,
        begun.secret,
        max_age=COOKIE_SECONDS,
        path="/auth/",
        secure=settings().shopify_app_url.startswith("https://"),
        httponly=True,
        samesite="lax",  # it has to come along when the platform sends the person back
    )
    return answer


def _callback(request: Request, claim: Claim) -> Response:
    query = request.query_params
    with store_session(claim.store_id) as session:
        user_id = ad_accounts.complete(session, claim, request.cookies.get(ad_accounts.cookie_name(claim.nonce), ""))
    if "error" in query:
        raise ConnectFailed("cancelled" if query["error"] == "access_denied" else "refused")
    if not query.get("code"):
        raise ConnectFailed("refused")
    grant = ad_accounts.exchange(claim.channel, query["code"])
    with store_session(claim.store_id) as session:
        ad_accounts.keep(session, claim.store_id, claim.channel, user_id, grant)
    if has_ad_accounts(claim.channel):
        live.publish(claim.store_id, "connections")  # the accounts are chosen on the page
    else:
        begin_import(claim.store_id, claim.channel)
    return _back(claim, connected=claim.channel)


def _back(claim: Claim, **told: str) -> Response:
    with store_session(claim.store_id) as session:
        url = ad_accounts.return_url(session, claim, **told)
    answer = RedirectResponse(url, 302, PRIVATE)
    answer.delete_cookie(ad_accounts.cookie_name(claim.nonce), path="/auth/")
    return answer


def _reason(error: CliqueError) -> str:
    if isinstance(error, ConnectFailed):
        return error.reason
    return "unavailable" if isinstance(error, Unavailable | RateLimited) else "refused"


def _page(message: str, status: int) -> Response:
    return HTMLResponse(PAGE % escape(message), status, PRIVATE)


@lru_cache(maxsize=4)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=5)


def _allowed(step: ad_accounts.Step, address: str) -> bool:
    """Counts in fixed windows, for all processes together."""
    key = f"connect/{step}/{address}"
    with _redis(settings().redis_url).pipeline() as pipe:
        pipe.incr(key)
        pipe.expire(key, WINDOW_SECONDS, nx=True)
        calls, _ = pipe.execute()
    return int(calls) <= CALLS_PER_WINDOW
