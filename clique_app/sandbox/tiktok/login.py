"""TikTok's login: the page on which a person lets the app use ad accounts."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.config import App, Config
from clique_app.sandbox.tiktok.tokens import Tokens

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>TikTok for Business</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>
body{font:15px/1.4 system-ui,sans-serif;background:#f8f8f8;color:#161823;margin:0;display:grid;place-items:center;
min-height:100vh}main{background:#fff;border-radius:4px;box-shadow:0 1px 4px #0003;padding:24px;max-width:420px;
margin:12px}h1{font-size:20px;margin:0 0 12px}p.note{color:#57585f;font-size:13px}
form{display:flex;gap:8px;justify-content:flex-end;margin-top:20px}button{font:600 15px system-ui;padding:9px 20px;
border-radius:2px;border:0;cursor:pointer}.go{background:#c4123a;color:#fff}.no{background:#ececed;color:#161823}
</style></head><body><main>%s</main></body></html>"""


async def page(request: Request, tokens: Tokens, ads: AdPlatform, app: App, config: Config) -> Response:
    """GET shows what is asked for; POST (the buttons) sends the person back with a code or a refusal."""
    asked = dict(request.query_params)
    redirect_uri = asked.get("redirect_uri", "")
    if problem := _problem(asked, app, config):
        return HTMLResponse(PAGE % f"<h1>Authorization failed</h1><p>{escape(problem)}</p>", 400)
    accounts = ads.accounts_at("tiktok")
    if request.method == "GET":
        return HTMLResponse(PAGE % _form([account.name for account in accounts]))
    form = await request.form()
    answer = {"state": asked["state"]} if asked.get("state") else {}
    if form.get("choice") == "continue":
        answer["auth_code"] = tokens.make_code([account.account_id for account in accounts])
    else:
        answer["error"] = "access_denied"
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return RedirectResponse(f"{redirect_uri}{joint}{urlencode(answer)}", 302)


def _problem(asked: dict[str, str], app: App, config: Config) -> str:
    if asked.get("app_id") != app.app_id:
        return "The app does not exist."
    uri, home = urlsplit(asked.get("redirect_uri", "")), urlsplit(config.app_url)
    if (uri.scheme, uri.netloc) != (home.scheme, home.netloc):
        return "The redirect URI is not one of the app's."
    return ""


def _form(accounts: list[str]) -> str:
    items = "".join(f"<li>{escape(name)}</li>" for name in accounts)
    return (
        "<h1>Clique wants to use your ad accounts</h1><p>It may read reports and manage ads of:</p>"
        f'<ul>{items}</ul><p class="note">This is the sandbox\'s stand-in for TikTok for Business.</p>'
        '<form method="post"><button class="no" name="choice" value="cancel">Cancel</button>'
        '<button class="go" name="choice" value="continue">Confirm</button></form>'
    )
