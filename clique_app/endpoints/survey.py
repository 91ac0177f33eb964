"""/survey/{link}: a customer's two answers, on a page of its own. /survey/link: a link for the thank-you block."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs

import jwt
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from clique_app import clock, live
from clique_app.advocacy import settings_service, survey, survey_service
from clique_app.advocacy.survey import Link
from clique_app.advocacy.survey_service import Shown
from clique_app.attribution import service as attribution
from clique_app.components.session_token import LEEWAY_SECONDS, is_shop_domain
from clique_app.connections import service as connections
from clique_app.database import store_session, system_session
from clique_app.endpoints import bounds, survey_page
from clique_app.errors import AccessDenied, InvalidInput, NotFound, Refused
from clique_app.settings import settings

MAX_BODY_BYTES = 4096
WINDOW_SECONDS, CALLS_OF_ADDRESS, CALLS_OF_LINK = 15 * 60, 600, 60
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address is the right to answer
    "X-Robots-Tag": "noindex",
}
CORS = {
    "Access-Control-Allow-Origin": "*",  # a block runs in a worker of no origin; its session token is the proof
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "POST",
}
_ORDER = re.compile(r"(?:gid://shopify/Order(?:Identity)?/)?([1-9]\d{0,17})", re.ASCII)


async def show(request: Request) -> Response:
    """The questions, or what was answered."""
    return await run_in_threadpool(_of_link, request, lambda link, shown: _show(request, link, shown))


async def answer(request: Request) -> Response:
    """Keep the answers; then the same address again, so that a reload sends nothing twice."""
    try:
        sent = await bounds.body(request, MAX_BODY_BYTES)
    except bounds.Unbounded as error:
        return _problem("That did not arrive", "Try to send your answer again.", error.status)
    fields = {name: values[0] for name, values in parse_qs(sent.decode("utf-8", "replace")).items()}
    return await run_in_threadpool(_of_link, request, lambda link, shown: _answer(request, link, shown, fields))


async def show_or_answer(request: Request) -> Response:
    """One route, so that whoever comes with another method is told of both."""
    return await (answer(request) if request.method == "POST" else show(request))


async def make_link(request: Request) -> Response:
    """For the block on the thank-you page: a link for the order it stands on."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=CORS)
    try:
        asked = json.loads(await bounds.body(request, MAX_BODY_BYTES))
        order = _ORDER.fullmatch(str(asked["order"]))
        if order is None:
            raise ValueError("order")
        url = await run_in_threadpool(_link_for, request.headers.get("authorization", ""), order[1])
    except (bounds.Unbounded, ValueError, TypeError, KeyError, RecursionError):
        return _error(400, "unusable", "Send the order’s id as {'order': id}.")
    except AccessDenied as error:
        return _error(401, "no_session", error.message)
    except Refused as error:
        return _error(429, "too_many", error.message)
    return JSONResponse({"url": url}, headers={**CORS, "Cache-Control": "no-store"})


ROUTES = (
    Route("/survey/link", make_link, methods=["POST", "OPTIONS"]),
    Route("/survey/{link}", show_or_answer, methods=["GET", "POST"]),
)


def _of_link(request: Request, then: Callable[[Link, Shown], Response]) -> Response:
    """What a link leads to; a plain page where it leads nowhere."""
    address, text = request.client.host if request.client else "", request.path_params["link"]
    try:
        if not bounds.allowed(f"survey/from/{address}", CALLS_OF_ADDRESS, WINDOW_SECONDS):
            return _problem("A moment, please", "Too many answers came from here. Try again in 15 minutes.", 429)
        link = survey.read(text, settings().session_secret.get_secret_value(), clock.now())
        if not bounds.allowed(f"survey/{link.store_id}/{link.subject}", CALLS_OF_LINK, WINDOW_SECONDS):
            return _problem("A moment, please", "This was opened very often. Try again in 15 minutes.", 429)
        with store_session(link.store_id) as session:
            shown = survey_service.show(session, link.store_id, link)
    except AccessDenied as error:
        return _problem("This link does not work", error.message, 404)
    except Refused as error:
        return _problem("This survey has closed", error.message, 410)
    except NotFound as error:
        return _problem("This survey has closed", error.message, 410)
    return then(link, shown)


def _show(request: Request, link: Link, shown: Shown) -> Response:
    query = request.query_params
    if link.is_preview and "sent" in query:
        return _page(survey_page.thanks(shown, clock.now(), preview=True))
    changing = shown.may_change_until is not None and "change" in query
    if shown.nps is not None and not changing:
        return _page(survey_page.thanks(shown, clock.now()))
    nps = "" if shown.nps is None else str(shown.nps)
    return _page(survey_page.form(shown, nps=nps, heard=shown.heard, preview=link.is_preview))


def _answer(request: Request, link: Link, shown: Shown, fields: dict[str, str]) -> Response:
    nps, heard = fields.get("nps", ""), fields.get("heard", "")
    try:
        _keep(link, nps, heard)
    except InvalidInput as error:
        page = survey_page.form(shown, nps=nps, heard=heard, problem=error.message, preview=link.is_preview)
        return _page(page, 422)
    except Refused as error:
        return _problem("This was answered already", error.message, 409, shown)
    if not link.is_preview:
        live.publish(link.store_id, "figures")
    return RedirectResponse(f"{request.url.path}?sent=1", 303, HEADERS)


def _keep(link: Link, nps: str, heard: str) -> None:
    """The answer and its order's credits in one transaction, once more where the order was credited meanwhile."""
    for last in (False, True):
        try:
            with store_session(link.store_id) as session:
                survey_service.answer(session, link.store_id, link, nps, heard)
                if link.order_id is not None:
                    attribution.credit_orders(session, link.store_id, [link.order_id], "survey")
            return
        except IntegrityError:
            if last:
                raise


def _link_for(authorization: str, order: str) -> str:
    scheme, _, token = authorization.partition(" ")
    shop = _shop_of(token) if scheme.lower() == "bearer" else ""
    if not shop:
        raise AccessDenied("This needs a checkout’s session token.")
    if not bounds.allowed(f"survey/link/{shop}", CALLS_OF_ADDRESS, 60):
        raise Refused("Too many links in a short time.")
    with system_session() as session:
        store_id = connections.find_store(session, shop)
    if store_id is None:
        raise AccessDenied("This store does not have Clique.")
    return settings_service.link(store_id, order)


def _shop_of(token: str) -> str:
    """The store that a checkout's session token is of; it names no staff member, unlike the admin's."""
    config = settings()
    for secret in (config.shopify_api_secret, config.shopify_api_old_secret):
        if not secret.get_secret_value():
            continue
        try:
            claims = jwt.decode(
                token[:4096],
                secret.get_secret_value(),
                algorithms=["HS256"],
                audience=config.shopify_api_key,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "nbf", "dest", "aud"], "strict_aud": True},
            )
        except (jwt.InvalidTokenError, ValueError, TypeError):
            continue
        shop = str(claims["dest"]).removeprefix("https://").rstrip("/").lower()
        return shop if is_shop_domain(shop) else ""
    return ""


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status, HEADERS)


def _problem(title: str, message: str, status: int, shown: Shown | None = None) -> Response:
    return _page(survey_page.problem(title, message, shown), status)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status, CORS)
