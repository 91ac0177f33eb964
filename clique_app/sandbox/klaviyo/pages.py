"""Klaviyo's own pages that a person meets: the login's consent, and the private keys under Settings."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.klaviyo.access import SCOPES, Accesses
from clique_app.sandbox.klaviyo.facts import account_id
from clique_app.sandbox.world import World

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Klaviyo</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>
body{font:15px/1.5 system-ui,sans-serif;background:#f6f4ef;color:#232426;margin:0;display:grid;place-items:center;
min-height:100vh}main{background:#fff;border-radius:8px;padding:28px;max-width:460px;margin:12px}h1{font-size:20px}
select,code{font:inherit;width:100%%;padding:6px;word-break:break-all}form p{display:flex;gap:8px;
justify-content:flex-end}button{font:600 15px system-ui;padding:9px 18px;border-radius:6px;border:1px solid #232426;
background:#fff;cursor:pointer}button.go{background:#232426;color:#fff}p.note{color:#595c61;font-size:13px}
</style></head><body><main>%s</main></body></html>"""


async def authorize(request: Request, world: World, accesses: Accesses, config: Config, app: App) -> Response:
    """GET shows what is asked for and in which account; POST (the buttons) sends the person back."""
    asked = dict(request.query_params)
    problem = _problem(asked, config, app)
    if problem:
        return HTMLResponse(PAGE % f"<h1>Something went wrong</h1><p>{escape(problem)}</p>", 400)
    scopes = asked["scope"].split()
    if request.method == "GET":
        return HTMLResponse(PAGE % _consent(scopes, world))
    form = await request.form()
    shop = str(form.get("account") or next(iter(world.stores), ""))
    answer = {"state": asked["state"]} if asked.get("state") else {}
    if form.get("choice") == "allow" and shop in world.stores:
        answer["code"] = accesses.make_code(shop, scopes, asked["redirect_uri"], asked["code_challenge"])
    else:
        answer |= {"error": "access_denied", "error_description": "The user denied access."}
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)


async def keys(request: Request, world: World, accesses: Accesses) -> Response:
    """Settings > API keys, of every account there is."""
    rows = "".join(
        f"<h2>{escape(store.shop.name)}</h2><p>Account {account_id(store)}</p>"
        f"<p><code>{accesses.private_key(domain)}</code></p>"
        for domain, store in world.stores.items()
    )
    note = '<p class="note">This is the sandbox\'s stand-in for Klaviyo. Each key may read everything.</p>'
    return HTMLResponse(PAGE % f"<h1>Private API keys</h1>{rows}{note}")


def _problem(asked: dict[str, str], config: Config, app: App) -> str | None:
    if asked.get("client_id") != app.app_id:
        return "Invalid client_id."
    if asked.get("response_type") != "code":
        return "response_type must be code."
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        return "PKCE is required: code_challenge with code_challenge_method S256."
    if unknown := [scope for scope in asked.get("scope", "").split() if scope not in SCOPES]:
        return f"Unknown scope {unknown[0]}."
    uri, served = urlsplit(asked.get("redirect_uri", "")), urlsplit(config.app_url)
    if (uri.scheme, uri.netloc) != (served.scheme, served.netloc):
        return "The redirect URI is not one of the app's."
    return None


def _consent(scopes: list[str], world: World) -> str:
    items = "".join(f"<li>{escape(SCOPES[scope])}</li>" for scope in scopes)
    accounts = "".join(f'<option value="{d}">{escape(s.shop.name)}</option>' for d, s in world.stores.items())
    return (
        f"<h1>Clique would like to access your Klaviyo account</h1><ul>{items}</ul>"
        '<form method="post"><label for="account">Account</label>'
        f'<select id="account" name="account">{accounts}</select>'
        '<p><button name="choice" value="deny">Deny</button>'
        '<button class="go" name="choice" value="allow">Allow</button></p></form>'
        "<p class=\"note\">This is the sandbox's stand-in for Klaviyo's login.</p>"
    )
