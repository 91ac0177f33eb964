"""The authorization-code grant over HTTP, for stores that cannot use token exchange: start, Shopify's dialog, callback.

The state is signed, lasts ten minutes, works once and only in the browser it was given to.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from base64 import urlsafe_b64encode

import redis.asyncio
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from clique_app import clock
from clique_app.errors import AccessExpired, CliqueError
from clique_app.integrations.shopify import code_grant
from clique_app.settings import settings
from tasks.install import install_with_code

SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.myshopify\.com", re.ASCII)
STATE_SECONDS = 600
COOKIE = "clique_install"
CALLBACK_PATH = "/auth/shopify/callback"


def _sign(text: str) -> str:
    digest = hmac.digest(settings().session_secret.get_secret_value().encode(), f"install/{text}".encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def make_state(shop_domain: str, browser: str) -> str:
    """A state for this store and browser."""
    body = f"{secrets.token_urlsafe(18)}.{int(clock.now().timestamp()) + STATE_SECONDS}"
    return f"{body}.{_sign(f'{body}/{shop_domain}/{browser}')}"


def is_state(state: str, shop_domain: str, browser: str) -> bool:
    """Whether we gave this state to this browser for this store, not long ago."""
    body, _, signature = state.rpartition(".")
    expires = body.rpartition(".")[2]
    if not state.isascii() or not expires.isdigit() or int(expires) < clock.now().timestamp():
        return False
    return hmac.compare_digest(signature, _sign(f"{body}/{shop_domain}/{browser}"))


async def _use_once(state: str) -> bool:
    async with redis.asyncio.Redis.from_url(settings().redis_url, socket_timeout=5) as client:
        return bool(await client.set(f"install-state/{state}", 1, nx=True, ex=STATE_SECONDS))


async def start(request: Request) -> Response:
    """Send the merchant to Shopify's dialog."""
    shop_domain = request.query_params.get("shop", "").lower()
    if not SHOP.fullmatch(shop_domain):
        return _problem("This is not the address of a Shopify store. It looks like your-store.myshopify.com.")
    base = settings().shopify_app_url.rstrip("/")
    browser = secrets.token_urlsafe(24)
    state = make_state(shop_domain, browser)
    answer = RedirectResponse(
        code_grant.dialog_url(shop_domain, state=state, redirect_uri=base + CALLBACK_PATH), status_code=302
    )
    answer.set_cookie(
        COOKIE,
        browser,
        max_age=STATE_SECONDS,
        httponly=True,
        secure=base.startswith("https://"),
        samesite="lax",
        path="/auth/shopify",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def callback(request: Request) -> Response:
    """Shopify sent the merchant back with a code."""
    query = request.query_params
    shop_domain, state, code = query.get("shop", "").lower(), query.get("state", ""), query.get("code", "")
    if not SHOP.fullmatch(shop_domain) or not code_grant.is_from_shopify(request.url.query):
        return _problem("This link was not made by Shopify, or it is too old. Install Clique again.")
    if not is_state(state, shop_domain, request.cookies.get(COOKIE, "")) or not code:
        return _problem("This install was begun elsewhere or too long ago. Install Clique again.")
    try:
        if not await _use_once(state):
            return _problem("This link has been used. Open Clique in Shopify admin.")
        await asyncio.to_thread(install_with_code, shop_domain, code)
    except AccessExpired as error:
        return _problem(error.message)
    except CliqueError as error:
        return _problem(error.message, status=502)
    except RedisError:
        return _problem("Clique is starting. Install it again in a minute.", status=503)
    config = settings()
    admin = f"{config.shopify_admin_url}/store/{shop_domain.removesuffix('.myshopify.com')}"
    answer = RedirectResponse(f"{admin}/apps/{config.shopify_api_key}", status_code=302)
    answer.delete_cookie(COOKIE, path="/auth/shopify")
    return answer


def _problem(message: str, status: int = 400) -> Response:
    return PlainTextResponse(message, status_code=status, headers={"Cache-Control": "no-store"})


ROUTES: tuple[BaseRoute, ...] = (
    Route("/auth/shopify/start", start, methods=["GET"]),
    Route(CALLBACK_PATH, callback, methods=["GET"]),
)
