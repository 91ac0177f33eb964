"""Google's login: the consent screen a person clicks through, the token endpoint, token inspection."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from clique_app.sandbox.google.tokens import BadGrant, Tokens

ADWORDS = "https://www.googleapis.com/auth/adwords"
SCOPES = {
    ADWORDS: "See, edit, create, and delete your Google Ads accounts and data.",
    "openid": "Associate you with your personal info on Google",
    "https://www.googleapis.com/auth/userinfo.email": "See your primary Google Account email address",
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in - Google Accounts</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>
body{font:15px/1.5 system-ui,sans-serif;background:#f0f4f9;color:#1f1f1f;margin:0;display:grid;place-items:center;
min-height:100vh}main{background:#fff;border-radius:28px;padding:32px;max-width:440px;margin:12px}
h1{font-size:22px;font-weight:400;margin:0 0 12px}ul{padding-left:20px}p.note{color:#444746;font-size:13px}
form{display:flex;gap:8px;justify-content:flex-end;margin-top:20px}button{font:500 14px system-ui;padding:10px 24px;
border-radius:20px;border:0;cursor:pointer}.go{background:#0b57d0;color:#fff}.no{background:none;color:#0b57d0}
</style></head><body><main>%s</main></body></html>"""


class Login:
    """The pages and endpoints of accounts.google.com and oauth2.googleapis.com."""

    def __init__(self, client_id: str, client_secret: str, app_url: str, tokens: Tokens) -> None:
        self._client_id, self._client_secret, self._app_url, self._tokens = client_id, client_secret, app_url, tokens

    async def dialog(self, request: Request) -> Response:
        """GET shows what is asked for; POST (the buttons) sends the person back with a code or a refusal."""
        asked = dict(request.query_params)
        if problem := self._problem(asked):
            return HTMLResponse(PAGE % f"<h1>Access blocked</h1><p>Error 400: {escape(problem)}</p>", 400)
        if request.method == "GET":
            return HTMLResponse(PAGE % _form(asked["scope"].split()))
        form = await request.form()
        answer = {"state": asked["state"]} if "state" in asked else {}
        if form.get("choice") == "continue":
            offline = asked.get("access_type") == "offline" and "consent" in asked.get("prompt", "")
            answer |= {"code": self._tokens.make_code(asked["scope"], asked["redirect_uri"], offline=offline)}
            answer |= {"scope": asked["scope"]}
        else:
            answer["error"] = "access_denied"
        joint = "&" if urlsplit(asked["redirect_uri"]).query else "?"
        return RedirectResponse(f"{asked['redirect_uri']}{joint}{urlencode(answer)}", 302)

    async def token(self, request: Request) -> Response:
        """A code or a refresh token for an access token. The refresh token comes with the code's only."""
        form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
        try:
            return JSONResponse(self._grant(form))
        except BadGrant as bad:
            return JSONResponse({"error": bad.error, "error_description": bad.description}, bad.status)

    async def inspect(self, request: Request) -> Response:
        text = request.query_params.get("access_token", "")
        access = self._tokens.find(text)
        if access is None:
            return JSONResponse({"error": "invalid_token", "error_description": "Invalid Value"}, 400)
        left = max(int(access.expires_at - self._tokens.now().timestamp()), 0)
        told = {"azp": self._client_id, "aud": self._client_id, "scope": access.scope, "access_type": "offline"}
        return JSONResponse({**told, "exp": str(int(access.expires_at)), "expires_in": str(left)})

    def _grant(self, form: dict[str, str]) -> dict[str, Any]:
        if form.get("client_id") != self._client_id:
            raise BadGrant("invalid_client", "The OAuth client was not found.", 401)
        if form.get("client_secret") != self._client_secret:
            raise BadGrant("invalid_client", "Unauthorized", 401)
        match form.get("grant_type"):
            case "authorization_code":
                text, access, offline = self._tokens.redeem(form.get("code", ""), form.get("redirect_uri", ""))
                more = {"refresh_token": access.refresh_token} if offline else {}
            case "refresh_token":
                text, access = self._tokens.refresh(form.get("refresh_token", ""))
                more = {}
            case other:
                raise BadGrant("unsupported_grant_type", f"Invalid grant_type: {other or ''}")
        return {"access_token": text, "expires_in": 3599, "scope": access.scope, "token_type": "Bearer", **more}

    def _problem(self, asked: dict[str, str]) -> str | None:
        if asked.get("client_id") != self._client_id:
            return "invalid_client: The OAuth client was not found."
        uri, app = urlsplit(asked.get("redirect_uri", "")), urlsplit(self._app_url)
        if (uri.scheme, uri.netloc) != (app.scheme, app.netloc):
            return "redirect_uri_mismatch"
        if asked.get("response_type") != "code":
            return "invalid_request: response_type must be code"
        unknown = [scope for scope in asked.get("scope", "").split() if scope not in SCOPES]
        if unknown or not asked.get("scope"):
            return f"invalid_scope: {unknown}"
        return None


def _form(scopes: list[str]) -> str:
    items = "".join(f"<li>{escape(SCOPES[scope])}</li>" for scope in scopes)
    return (
        f"<h1>Clique wants access to your Google Account</h1><p>maya.lind@example.com</p><ul>{items}</ul>"
        "<p class=\"note\">This is the sandbox's stand-in for Google's sign-in.</p>"
        '<form method="post"><button class="no" name="choice" value="cancel">Cancel</button>'
        '<button class="go" name="choice" value="continue">Continue</button></form>'
    )
