"""Shopify session tokens: who is looking, and at which store. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import jwt

from clique_app.errors import AccessDenied

SHOP = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*\.myshopify\.com", re.ASCII)
LEEWAY_SECONDS = 10  # what both of Shopify's libraries allow
_REQUIRED = ["exp", "nbf", "iss", "dest", "aud", "sub"]
_MAX_LENGTH = 4096


@dataclass(frozen=True)
class Visitor:
    """What a valid token proves."""

    shop_domain: str
    user_id: int


def is_shop_domain(value: str) -> bool:
    """Whether the text is a myshopify.com domain and nothing else."""
    return SHOP.fullmatch(value) is not None


def verify_session_token(token: str, *, api_key: str, secrets: Sequence[str]) -> Visitor:
    """The visitor a token proves; AccessDenied for anything less. Each secret is tried, newest first (rotation)."""
    if not isinstance(token, str) or len(token) > _MAX_LENGTH:
        raise AccessDenied("This page needs to be opened from Shopify admin.")
    for secret in secrets:
        try:
            claims = jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                audience=api_key,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED, "strict_aud": True},
            )
            return _visitor(claims)
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
            continue
    raise AccessDenied("This page needs to be opened from Shopify admin.")


def _visitor(claims: dict[str, object]) -> Visitor:
    dest, iss = urlsplit(str(claims["dest"])), urlsplit(str(claims["iss"]))
    shop = dest.netloc
    if dest.scheme != "https" or dest.path not in {"", "/"} or not is_shop_domain(shop):
        raise ValueError("dest")
    if iss.scheme != "https" or iss.netloc != shop:
        raise ValueError("iss")
    subject = str(claims["sub"])
    if not (subject.isascii() and subject.isdigit() and 0 < int(subject) < 2**63):
        raise ValueError("sub")
    return Visitor(shop_domain=shop.lower(), user_id=int(subject))
