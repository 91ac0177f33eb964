"""Shopify's token endpoint and the authorization page of the code grant."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from clique_app.sandbox.shopify.admin_api import hang
from clique_app.sandbox.shopify.platform import Platform
from clique_app.sandbox.shopify.state import AccessToken, RefreshToken

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
ACCESS_LIFE = timedelta(hours=1)
ONLINE_LIFE = timedelta(seconds=86_399)
REFRESH_LIFE = timedelta(days=90)
REFRESH_LIFE_AFTER_USE = timedelta(days=30)
CLAIM_CHECKS: Any = {
    "require": ["exp", "nbf", "dest", "iss", "sub"],
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), False),  # by the world's clock, below
}


class Refused(Exception):
    """An OAuth error: its code and what is wrong."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


async def access_token(request: Request, platform: Platform) -> Response:
    shop = request.path_params["shop"]
    if shop not in platform.world.stores:
        return JSONResponse({"errors": "Not Found"}, 404)
    fault = platform.fault("timeout", "5xx", "http_429", "truncated_page", path=request.url.path, method="POST")
    if fault == "timeout":
        return await hang(request)
    if fault == "5xx":
        return JSONResponse({"errors": "Internal Server Error"}, 500)
    if fault == "http_429":
        return JSONResponse({"errors": "Too Many Requests"}, 429, {"Retry-After": "2.0"})
    if fault:
        return Response('{"access_token": "shpa', media_type="application/json")
    try:
        form = await _form(request)
        _check_client(platform, form)
        grant = form.get("grant_type")
        if grant == TOKEN_EXCHANGE:
            return JSONResponse(_exchange(platform, shop, form))
        if grant == "refresh_token":
            return JSONResponse(_refresh(platform, shop, str(form.get("refresh_token", ""))))
        if form.get("code"):
            return JSONResponse(_redeem(platform, shop, form))
        raise Refused("unsupported_grant_type", f"The grant type {grant!r} is not supported")
    except Refused as refused:
        return JSONResponse({"error": refused.code, "error_description": refused.description}, 400)


async def authorize(request: Request, platform: Platform) -> Response:
    """The merchant approves at once; the browser goes back to the app with a code."""
    shop, asked = request.path_params["shop"], request.query_params
    if shop not in platform.world.stores:
        return JSONResponse({"errors": "Not Found"}, 404)
    redirect = urlsplit(asked.get("redirect_uri", ""))
    app = urlsplit(platform.config.app_url)
    if asked.get("client_id") != platform.config.api_key:
        return Response("Oauth error invalid_request: Could not find Shopify API application", 400)
    if (redirect.scheme, redirect.netloc) != (app.scheme, app.netloc):
        return Response("Oauth error invalid_request: The redirect_uri is not whitelisted", 400)
    scopes = [s for s in asked.get("scope", "").replace(" ", "").split(",") if s]
    platform.world.install(shop, scopes)
    code = secrets.token_hex(16)
    platform.codes[code] = shop
    host = base64.b64encode(f"admin.shopify.com/store/{shop.split('.')[0]}".encode()).decode().rstrip("=")
    fields = {
        "code": code,
        "host": host,
        "shop": shop,
        "state": asked.get("state", ""),
        "timestamp": str(int(platform.world.now().timestamp())),
    }
    fields["hmac"] = signature_of(fields, platform.config.api_secret)
    return RedirectResponse(f"{redirect.scheme}://{redirect.netloc}{redirect.path}?{urlencode(fields)}", 302)


def signature_of(fields: dict[str, str], secret: str) -> str:
    """Shopify's query HMAC: sorted pairs joined with &, % and & (and = in keys) escaped."""

    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("&", "%26")

    pairs = [f"{escaped(k).replace('=', '%3D')}={escaped(v)}" for k, v in sorted(fields.items())]
    return hmac.new(secret.encode(), "&".join(pairs).encode(), hashlib.sha256).hexdigest()


async def _form(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            form = json.loads(body or b"{}")
        except ValueError as error:
            raise Refused("invalid_request", "The body is not JSON") from error
        if not isinstance(form, dict):
            raise Refused("invalid_request", "The body is not a JSON object")
        return form
    return dict(parse_qsl(body.decode()))


def _check_client(platform: Platform, form: dict[str, Any]) -> None:
    right = form.get("client_id") == platform.config.api_key and hmac.compare_digest(
        str(form.get("client_secret", "")), platform.config.api_secret
    )
    if not right:
        raise Refused("invalid_client", "The client is unknown or its secret is wrong")


def _exchange(platform: Platform, shop: str, form: dict[str, Any]) -> dict[str, Any]:
    if form.get("subject_token_type") != ID_TOKEN:
        raise Refused("invalid_request", "The subject_token_type is not supported")
    claims = _claims(platform, shop, str(form.get("subject_token", "")))
    if platform.world.store(shop).shop.installed_at is None:
        raise Refused("invalid_subject_token", "The app is not installed on this shop")
    wanted = form.get("requested_token_type", OFFLINE)
    if wanted == ONLINE:
        return _online(platform, shop, claims)
    if wanted != OFFLINE:
        raise Refused("invalid_request", "The requested_token_type is not supported")
    _must_expire(form)
    platform.state.refresh_tokens = [t for t in platform.state.refresh_tokens if t.shop != shop]
    return _issue(platform, shop)


def _claims(platform: Platform, shop: str, token: str) -> dict[str, Any]:
    """The session token's claims, once signature, audience, lifetime and shop are right."""
    try:
        claims = jwt.decode(
            token,
            platform.config.api_secret,
            algorithms=["HS256"],
            audience=platform.config.api_key,
            options=CLAIM_CHECKS,
        )
    except jwt.InvalidTokenError as error:
        raise Refused("invalid_subject_token", f"Invalid session token: {error}") from error
    now = datetime.now(platform.world.now().tzinfo).timestamp()
    if not claims["nbf"] - 10 <= now < claims["exp"]:
        raise Refused("invalid_subject_token", "The session token has expired or is not yet valid")
    if claims["dest"] != f"https://{shop}" or urlsplit(claims["iss"]).netloc != shop:
        raise Refused("invalid_subject_token", "The session token was made for another shop")
    return claims


def _must_expire(form: dict[str, Any]) -> None:
    if str(form.get("expiring", "0")).lower() not in ("1", "true"):
        raise Refused("invalid_request", "Public apps must ask for expiring offline access tokens: expiring=1")


def _refresh(platform: Platform, shop: str, value: str) -> dict[str, Any]:
    """A new pair; the old refresh token stays good until its successor is used, another grant, or 30 days."""
    now = platform.world.now()
    used = next((t for t in platform.state.refresh_tokens if t.value == value and t.shop == shop), None)
    if used is None or datetime.fromisoformat(used.expires_at) <= now:
        raise Refused("invalid_grant", "The refresh token is invalid or has expired")
    if used.used_at and datetime.fromisoformat(used.used_at) + REFRESH_LIFE_AFTER_USE <= now:
        raise Refused("invalid_grant", "The refresh token was used more than 30 days ago")
    used.used_at = used.used_at or now.isoformat()
    kept = None if platform.fault("refresh_token_once", path=f"/{shop}/", method="POST") else used
    platform.state.refresh_tokens = [t for t in platform.state.refresh_tokens if t.shop != shop or t is kept]
    return _issue(platform, shop)


def _redeem(platform: Platform, shop: str, form: dict[str, Any]) -> dict[str, Any]:
    _must_expire(form)
    if platform.codes.pop(str(form["code"]), None) != shop:
        raise Refused("invalid_request", "The authorization code was not found or was already used")
    platform.state.refresh_tokens = [t for t in platform.state.refresh_tokens if t.shop != shop]
    return _issue(platform, shop)


def _issue(platform: Platform, shop: str) -> dict[str, Any]:
    now, state = platform.world.now(), platform.state
    access = AccessToken("shpat_" + secrets.token_hex(16), shop, (now + ACCESS_LIFE).isoformat())
    refresh = RefreshToken("shprt_" + secrets.token_hex(16), shop, (now + REFRESH_LIFE).isoformat())
    state.access_tokens = [t for t in state.access_tokens if datetime.fromisoformat(t.expires_at) > now]
    state.access_tokens.append(access)
    state.refresh_tokens.append(refresh)
    state.save()
    return {
        "access_token": access.value,
        "scope": ",".join(platform.world.store(shop).shop.granted_scopes),
        "expires_in": int(ACCESS_LIFE.total_seconds()),
        "refresh_token": refresh.value,
        "refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
    }


def _online(platform: Platform, shop: str, claims: dict[str, Any]) -> dict[str, Any]:
    expires_at = platform.world.now() + ONLINE_LIFE
    token = AccessToken("shpua_" + secrets.token_hex(16), shop, expires_at.isoformat(), online=True)
    platform.state.access_tokens.append(token)
    platform.state.save()
    record = platform.world.store(shop).shop
    scope = ",".join(record.granted_scopes)
    return {
        "access_token": token.value,
        "scope": scope,
        "expires_in": int(ONLINE_LIFE.total_seconds()),
        "associated_user_scope": scope,
        "associated_user": {
            "id": int(claims["sub"]),
            "first_name": "Store",
            "last_name": "Owner",
            "email": record.email,
            "email_verified": True,
            "account_owner": True,
            "locale": "en",
            "collaborator": False,
        },
    }
