"""The authorization-code grant, Shopify's fallback for token exchange: its address and its signature.

Apart from oauth.py because `shopifyapi` loads its whole REST layer; task workers do without.
"""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
from shopify.session import Session

from clique_app import clock
from clique_app.integrations.shopify.scopes import OPTIONAL_SCOPES, REQUIRED_SCOPES
from clique_app.settings import settings

MAX_AGE_SECONDS = 90


def dialog_url(shop_domain: str, *, state: str, redirect_uri: str) -> str:
    """Where the merchant approves the app."""
    config = settings()
    query = {
        "client_id": config.shopify_api_key,
        "scope": ",".join((*REQUIRED_SCOPES, *OPTIONAL_SCOPES)),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{config.shopify_base_url.format(shop=shop_domain)}/admin/oauth/authorize?{urlencode(query)}"


def is_from_shopify(query: str) -> bool:
    """Whether Shopify signed this query string, and just now."""
    params: dict[str, str | list[str]] = {}
    for key, value in httpx.QueryParams(query).multi_items():
        if key.endswith("[]"):
            params.setdefault(key, []).append(value)  # pyright: ignore[reportAttributeAccessIssue]
        elif key in params:
            return False  # a repeated key is read differently by different readers
        else:
            params[key] = value
    stamp = str(params.get("timestamp", ""))
    if not stamp.isascii() or not stamp.isdigit() or not str(params.get("hmac", "")).isascii():
        return False
    if abs(clock.now().timestamp() - int(stamp)) > MAX_AGE_SECONDS:
        return False
    config = settings()
    secrets = (config.shopify_api_secret.get_secret_value(), config.shopify_api_old_secret.get_secret_value())
    return any(_signed_with(secret).validate_hmac(params) for secret in secrets if secret)


def _signed_with(secret: str) -> type[Session]:
    """The package keeps its secret on the class, for the whole process; a subclass keeps it here."""
    return type("SignedSession", (Session,), {"secret": secret})
