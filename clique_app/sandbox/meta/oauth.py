"""Meta's login: the dialog a person clicks through, code and token exchange, token inspection."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from clique_app.sandbox.config import Config
from clique_app.sandbox.meta.errors import GraphError, bad_param
from clique_app.sandbox.meta.tokens import SCOPES, USER_ID, USER_NAME, Tokens, known_scopes

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Log in with Facebook</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>
body{font:15px/1.4 system-ui,sans-serif;background:#f0f2f5;color:#1c1e21;margin:0;display:grid;place-items:center;
min-height:100vh}main{background:#fff;border-radius:8px;box-shadow:0 1px 4px #0003;padding:24px;max-width:420px;
margin:12px}h1{font-size:20px;margin:0 0 12px}ul{padding-left:20px}p.note{color:#606770;font-size:13px}
form{display:flex;gap:8px;justify-content:flex-end;margin-top:20px}button{font:600 15px system-ui;padding:9px 20px;
border-radius:6px;border:0;cursor:pointer}.go{background:#1464d2;color:#fff}.no{background:#e4e6eb;color:#050505}
</style></head><body><main>%s</main></body></html>"""


async def dialog(request: Request, tokens: Tokens, config: Config) -> Response:
    """GET shows what is asked for; POST (the buttons) sends the person back with a code or a refusal."""
    asked = dict(request.query_params)
    redirect_uri, state = asked.get("redirect_uri", ""), asked.get("state", "")
    problem = _problem(asked, config)
    if problem:
        return HTMLResponse(PAGE % f"<h1>Sorry, something went wrong.</h1><p>{escape(problem)}</p>", 400)
    try:
        scopes = known_scopes(asked.get("scope", "public_profile"))
    except GraphError as error:
        return HTMLResponse(PAGE % f"<h1>Sorry, something went wrong.</h1><p>{escape(str(error))}</p>", 400)
    if request.method == "GET":
        return HTMLResponse(PAGE % _form(scopes))
    form = await request.form()
    answer = {"state": state} if state else {}
    if form.get("choice") == "continue":
        answer["code"] = tokens.make_code(scopes, redirect_uri)
    else:
        answer.update(error="access_denied", error_code="200", error_reason="user_denied")
        answer["error_description"] = "Permissions error"
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return RedirectResponse(f"{redirect_uri}{joint}{urlencode(answer)}#_=_", 302)


def access_token(params: dict[str, str], tokens: Tokens) -> dict[str, Any]:
    """Code -> short-lived token, or (grant_type=fb_exchange_token) token -> long-lived token."""
    tokens.check_app(params.get("client_id"), params.get("client_secret"))
    if params.get("grant_type") == "fb_exchange_token":
        text, seconds = tokens.exchange(params.get("fb_exchange_token", ""))
    elif "code" in params:
        text, seconds = tokens.redeem(params["code"], params.get("redirect_uri", ""))
    else:
        raise bad_param("Missing required parameter: code")
    return {"access_token": text, "token_type": "bearer", "expires_in": seconds}


def debug_token(params: dict[str, str], tokens: Tokens, app_id: str, now: float) -> dict[str, Any]:
    tokens.check_app_token(params.get("access_token", ""))
    token = tokens.find(params.get("input_token", ""))
    if token is None:
        error = {"code": 190, "message": "Invalid OAuth access token."}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    data: dict[str, Any] = {
        "app_id": app_id,
        "type": "USER",
        "application": "Clique",
        "data_access_expires_at": int(token.issued_at + 90 * 86400),
        "expires_at": int(token.expires_at),
        "is_valid": not token.revoked and token.expires_at > now,
        "issued_at": int(token.issued_at),
        "scopes": list(token.scopes),
        "user_id": USER_ID,
    }
    return {"data": data}


def _problem(asked: dict[str, str], config: Config) -> str | None:
    if asked.get("client_id") != config.apps["meta"].app_id:
        return "Invalid App ID: the provided app ID does not look like a valid app ID."
    uri = urlsplit(asked.get("redirect_uri", ""))
    app = urlsplit(config.app_url)
    if (uri.scheme, uri.netloc) != (app.scheme, app.netloc):
        return "URL blocked: the redirect URI is not white-listed in the app's client OAuth settings."
    return None


def _form(scopes: tuple[str, ...]) -> str:
    items = "".join(f"<li>{escape(SCOPES[scope])}</li>" for scope in scopes)
    return (
        f"<h1>Continue as {USER_NAME}?</h1><p>Clique is requesting access to:</p><ul>{items}</ul>"
        '<p class="note">This is the sandbox\'s stand-in for Facebook Login.</p>'
        '<form method="post"><button class="no" name="choice" value="cancel">Cancel</button>'
        '<button class="go" name="choice" value="continue">Continue</button></form>'
    )
