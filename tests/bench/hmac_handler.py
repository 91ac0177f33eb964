"""The baseline of webhook intake: verifies the signature and answers, and keeps nothing."""

from __future__ import annotations

import base64
import hmac
import os
from typing import Any

SECRET = os.environ.get("SHOPIFY_API_SECRET", "").encode()


def app() -> Any:
    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        given = base64.b64decode(dict(scope["headers"]).get(b"x-shopify-hmac-sha256", b""))
        status = 200 if hmac.compare_digest(hmac.digest(SECRET, body, "sha256"), given) else 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return answer
