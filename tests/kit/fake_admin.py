"""The smallest admin that frames the app: a page with an iframe, an App Bridge with idToken, tokens signed by it."""

from __future__ import annotations

import time

import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

API_KEY = "demo-key"
API_SECRET = "a-secret-of-at-least-32-bytes-long!"


def sign(shop: str, *, user: int = 7, secret: str = API_SECRET, **claims: object) -> str:
    """A session token as Shopify signs it."""
    now = int(time.time())
    payload = {
        "iss": f"https://{shop}/admin",
        "dest": f"https://{shop}",
        "aud": API_KEY,
        "sub": str(user),
        "exp": now + 60,
        "nbf": now,
        "iat": now,
        "jti": "j",
        "sid": "s",
        **claims,
    }
    return jwt.encode({k: v for k, v in payload.items() if v is not None}, secret, algorithm="HS256")


def admin(app_url: str) -> Starlette:
    """The admin of an app served at app_url."""

    async def frame(request: Request) -> Response:
        shop = request.query_params["shop"]
        token = f"&id_token={sign(shop)}" if request.query_params.get("token") else ""
        src = f"{app_url}/?embedded=1&shop={shop}{token}"
        return HTMLResponse(
            "<!doctype html><html lang=en><title>Admin</title><style>body{margin:0;background:#1a1a1a}"
            "iframe{border:0;width:100%;height:100vh;display:block}</style>"
            f'<iframe name="app" title="Clique" src="{src}"></iframe>'
        )

    async def bridge(_request: Request) -> Response:
        return Response(
            "window.bridgeScripts=[...document.scripts].filter(s=>s.src&&!s.async&&!s.defer&&s.type!=='module').map(s=>s.src);"
            "window.bridgeKey=document.querySelector('meta[name=shopify-api-key]')?.content;"
            "window.shopify={idToken:()=>fetch(new URL('token?shop='+new URLSearchParams(location.search).get('shop'),"
            "document.currentScript?.src||window.bridgeScripts[0])).then(r=>r.text())};",
            media_type="text/javascript",
        )

    async def token(request: Request) -> Response:
        return PlainTextResponse(sign(request.query_params["shop"]), headers={"access-control-allow-origin": app_url})

    return Starlette(
        routes=[
            Route("/admin/frame", frame),
            Route("/admin/app-bridge.js", bridge),
            Route("/admin/token", token),
        ]
    )
