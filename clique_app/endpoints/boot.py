"""/boot.js: the scripts a document starts with, so that another API key or script address needs no rebuild.

App Bridge must be the first script with a source that is neither async nor deferred. This script therefore marks
itself async once it runs, and the ones it writes once they ran: React's hydration passes over async scripts.
"""

from __future__ import annotations

import hashlib
import json
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clique_app.settings import Settings, settings

POLARIS_STAND_IN = "/polaris-lite.js"
ELEMENTS = "/clique-elements.js"
# Browsers that block third-party storage throw in a framed app; Reflex needs a tab's own memory only.
STORAGE = (
    'for(const n of["localStorage","sessionStorage"])try{window[n].length}catch{const m=new Map();'
    "Object.defineProperty(window,n,{configurable:true,value:{getItem:k=>m.get(String(k))??null,"
    "setItem:(k,v)=>void m.set(String(k),String(v)),removeItem:k=>void m.delete(String(k)),clear:()=>m.clear(),"
    "key:i=>[...m.keys()][i]??null,get length(){return m.size}}})}"
)


def boot_script(config: Settings) -> str:
    """The script's text."""
    sources = [config.app_bridge_url, config.polaris_url or POLARIS_STAND_IN, ELEMENTS]
    tags = f'<meta name="shopify-api-key" content="{escape(config.shopify_api_key)}">' + "".join(
        f'<script src="{escape(source)}" onload="this.async=true" onerror="this.async=true"></script>'
        for source in sources
        if source
    )
    written = json.dumps(tags).replace("<", "\\u003c")
    return f"document.currentScript.async=true;{STORAGE};document.write({written});"


async def boot(request: Request) -> Response:
    """Serve it; browsers may keep it for five minutes."""
    body = boot_script(settings())
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "public, max-age=300"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/javascript", headers=headers)


ROUTES = (Route("/boot.js", boot, methods=["GET"]),)
