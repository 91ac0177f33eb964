"""When a platform's tokens are renewed, and what of them outlives a renewal. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from clique_app.integrations.channels import Grant

RENEW_BEFORE = timedelta(minutes=5)
ASSUMED_LIFETIME = timedelta(hours=1)  # of a token that can be renewed and does not say how long it lives

Standing = Literal["holds", "renew", "ended"]


@dataclass(frozen=True)
class Lifetimes:
    """How long what is stored lives. A time that is None does not come by itself."""

    expires_at: datetime | None
    refresh_expires_at: datetime | None
    renewable: bool  # there is a refresh token


def standing(stored: Lifetimes, now: datetime, *, refused: bool = False) -> Standing:
    """What to do before the token is used. refused: the platform has turned it down, whatever its time says."""
    if not stored.renewable:
        over = refused or (stored.expires_at is not None and stored.expires_at <= now)
        return "ended" if over else "holds"
    if not refused and (stored.expires_at is None or stored.expires_at - now >= RENEW_BEFORE):
        return "holds"
    lapsed = stored.refresh_expires_at is not None and stored.refresh_expires_at <= now
    return "ended" if lapsed else "renew"


def continued(former: Grant, given: Grant, now: datetime) -> Grant:
    """What is kept after a renewal. Some platforms give a new refresh token each time and end the old one; others
    leave it out, and the old one stays good."""
    if given.refresh_token is None:
        given = replace(given, refresh_token=former.refresh_token, refresh_expires_at=former.refresh_expires_at)
    return replace(given, expires_at=given.expires_at or now + ASSUMED_LIFETIME, scopes=given.scopes or former.scopes)
