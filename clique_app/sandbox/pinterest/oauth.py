"""Pinterest's login: the page a person clicks through, and tokens for codes and refresh tokens."""

from __future__ import annotations

import base64
import secrets
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.pinterest.errors import ApiError, invalid
from clique_app.sandbox.pinterest.tokens import Tokens

SCOPES = {
    "ads:read": "See your ads, ad groups, campaigns and their results",
    "ads:write": "Create, change or delete your ads, ad groups and campaigns",
    "boards:read": "See your public boards",
    "pins:read": "See your public Pins",
    "user_accounts:read": "See your user account",
    "catalogs:read": "See all of your catalogs data",
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Give access - Pinterest</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>
body{font:16px/1.4 system-ui,sans-serif;background:#f1f1f1;color:#111;margin:0;display:grid;place-items:center;
min-height:100vh}main{background:#fff;border-radius:24px;padding:28px;max-width:440px;margin:12px}
h1{font-size:22px;margin:0 0 12px}ul{padding-left:20px}p.note{color:#5f5f5f;font-size:14px}
form{display:flex;gap:8px;justify-content:flex-end;margin-top:20px}button{font:600 16px system-ui;padding:12px 20px;
border-radius:24px;border:0;cursor:pointer}.go{background:#c9001f;color:#fff}.no{background:#e2e2e2;color:#111}
</style></head><body><main>%s</main></body></html>"""


async def dialog(request: Request, tokens: Tokens, config: Config, app: App) -> Response:
    """GET shows what is asked for; POST (the buttons) sends the person back with a code or a refusal."""
    asked = dict(request.query_params)
    redirect_uri, state = asked.get("redirect_uri", ""), asked.get("state", "")
    scopes = tuple(asked.get("scope", "").replace(" ", ",").split(","))
    if problem := _problem(asked, scopes, config, app):
        return HTMLResponse(PAGE % f"<h1>Sorry, that did not work</h1><p>{escape(problem)}</p>", 400)
    if request.method == "GET":
        return HTMLResponse(PAGE % _form(scopes))
    form = await request.form()
    answer = {"state": state} if state else {}
    if form.get("choice") == "continue":
        answer["code"] = tokens.make_code(scopes, redirect_uri)
    else:
        answer.update(error="access_denied", error_description="The person did not give access.")
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return RedirectResponse(f"{redirect_uri}{joint}{urlencode(answer)}", 302)


async def token(request: Request, tokens: Tokens, app: App) -> dict[str, Any]:
    """What POST /oauth/token answers to the app, which names itself by Basic authentication."""
    right = base64.b64encode(f"{app.app_id}:{app.secret}".encode()).decode()
    if not secrets.compare_digest(request.headers.get("authorization", ""), f"Basic {right}"):
        raise ApiError(401, 2, "Authentication failed. The client credentials are wrong.")
    form = {name: str(value) for name, value in (await request.form()).items()}
    if form.get("grant_type") == "authorization_code":
        return tokens.redeem(form.get("code", ""), form.get("redirect_uri", ""))
    if form.get("grant_type") == "refresh_token":
        return tokens.refresh(form.get("refresh_token", ""))
    raise invalid("grant_type must be one of authorization_code, refresh_token")


def _problem(asked: dict[str, str], scopes: tuple[str, ...], config: Config, app: App) -> str | None:
    if asked.get("client_id") != app.app_id:
        return "There is no app with this client_id."
    uri, served = urlsplit(asked.get("redirect_uri", "")), urlsplit(config.app_url)
    if (uri.scheme, uri.netloc) != (served.scheme, served.netloc):
        return "The redirect_uri is not one that the app has registered."
    if asked.get("response_type") != "code":
        return "The response_type must be code."
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        return f"There is no scope {unknown[0]}."
    return None


def _form(scopes: tuple[str, ...]) -> str:
    items = "".join(f"<li>{escape(SCOPES[scope])}</li>" for scope in scopes)
    return (
        f"<h1>Give Clique access to your account?</h1><p>It will be able to:</p><ul>{items}</ul>"
        "<p class=\"note\">This is the sandbox's stand-in for Pinterest's login.</p>"
        '<form method="post"><button class="no" name="choice" value="cancel">Cancel</button>'
        '<button class="go" name="choice" value="continue">Give access</button></form>'
    )
