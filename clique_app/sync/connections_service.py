"""How each connection of a store stands: its access, and the sources that read through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session

from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections.ad_accounts_service import Overview
from clique_app.connections.install import PIXEL_SCOPES
from clique_app.connections.service import SHOPIFY
from clique_app.integrations.registry import PLATFORMS, has_ad_accounts
from clique_app.integrations.shopify.scopes import Need, missing
from clique_app.sync import overview_service
from clique_app.sync.overview_service import Standing
from clique_app.tables import Connection, Store, SyncCursor
from clique_app.tables.site import PIXEL

# by a login at the platform; by the install of Clique; or it tells by itself once it is set up
Way = Literal["login", "install", "tells"]


@dataclass(frozen=True)
class Linked:
    """One connection with its sources, and what ends with it."""

    access: Overview
    sources: tuple[Standing, ...]
    brings: str  # in words
    way: Way = "login"
    stops: tuple[str, ...] = ()  # what a disconnect ends, in words
    told_at: datetime | None = None  # when it last told by itself
    ends: str = ""  # how, in words, where not by a disconnect in Clique
    page: str = ""  # where it is set up, if that is elsewhere in Clique
    again: bool = False  # it was refused, and may be asked for again

    @property
    def fresh_at(self) -> datetime | None:
        """How old the oldest of what it brings is; None before all of it was read."""
        if not self.sources:
            return self.told_at
        ages = [one.fresh_at for one in self.sources]
        return min((age for age in ages if age), default=None) if all(ages) else None


VOICE = "voice"
UNSEEN = "Visits to the online store are not seen."
PIXEL_REFUSED = (
    f"{UNSEEN} Try again. If it stays refused, see Customer events in Shopify’s settings for Clique’s pixel."
)
BY_UNINSTALL = "Ends when Clique is uninstalled in Shopify admin."
_TOLD_AT = sa.text("""
    select max(at) from (
      select max(changed_at) as at from survey_response where store_id = :store
      union all select max(told_at) from review where store_id = :store
      union all select max(told_at) from ugc where store_id = :store
      union all select max(told_at) from referral where store_id = :store
      union all select max(told_at) from loyalty_member where store_id = :store
      union all select max(told_at) from social_day where store_id = :store) told
""")

Reader = Callable[[Session, int, tuple[Standing, ...]], list[Linked]]


def connections(session: Session, store_id: int) -> list[Linked]:
    """Every connection there can be, in the order of CONNECTIONS."""
    standings = tuple(overview_service.standings(session, store_id))
    return [linked for read in CONNECTIONS for linked in read(session, store_id, standings)]


def _store(session: Session, store_id: int, standings: tuple[Standing, ...]) -> list[Linked]:
    """Shopify itself: it ends by an uninstall."""
    store, connection = session.get_one(Store, store_id), session.get(Connection, (store_id, SHOPIFY))
    given = tuple(connection.scopes.split()) if connection is not None else ()
    lacking = missing(given) if connection is not None else ()
    state = connection.state if connection is not None else "not_connected"
    access = Overview(
        SHOPIFY,
        "Shopify",
        state,
        connected_at=store.installed_at,
        problem=(connection.last_error or "") if connection is not None and state != "connected" else _stopped(lacking),
        given=given,
        missing=tuple(need.scope for need in lacking),
    )
    brings = "Orders, products, stock and customers. Everything else is held against them."
    return [Linked(access, _of(standings, SHOPIFY), brings, "install", ends=BY_UNINSTALL)]


def _stopped(lacking: tuple[Need, ...]) -> str:
    return " ".join(dict.fromkeys(need.stops for need in lacking))


def _platforms(session: Session, store_id: int, standings: tuple[Standing, ...]) -> list[Linked]:
    """Every platform of PLATFORMS."""
    found = {one.channel: one for one in ad_accounts.connections(session, store_id)}
    return [_platform(found[one.key], _of(standings, one.key)) for one in PLATFORMS]


def _platform(access: Overview, sources: tuple[Standing, ...]) -> Linked:
    names = " and ".join(one.label for one in sources) or access.label
    stops = [f"{names} are not read any more: figures of later days lack them."]
    brings = f"{names}, by day."
    if has_ad_accounts(access.channel):
        brings = "Spend and results by day, campaign, ad, country and region; budgets, changed where you accept it."
        stops.append(f"Recommendations about {access.label} end, and Clique changes nothing there.")
    if any(account.pushes_since for account in access.accounts):
        stops.append(f"{access.label} no longer tells Clique of changes.")
    return Linked(access, sources, brings, stops=tuple(stops))


def _of(standings: tuple[Standing, ...], channel: str) -> tuple[Standing, ...]:
    return tuple(one for one in standings if one.channel == channel)


def _pixel(session: Session, store_id: int, standings: tuple[Standing, ...]) -> list[Linked]:
    """The script in the online store, which comes with the install."""
    store, checked = (session.get(Connection, (store_id, channel)) for channel in (SHOPIFY, PIXEL))
    cursor = session.get(SyncCursor, (store_id, PIXEL))
    given = set(store.scopes.split()) if store is not None else set[str]()
    missing_scopes = tuple(sorted(PIXEL_SCOPES - given))
    reached = store is not None and store.state == "connected"
    refused = (checked.last_error or "") if checked is not None and reached and not missing_scopes else ""
    access = Overview(
        PIXEL,
        "Web pixel",
        ("refused" if refused else "connected") if reached else "not_connected",
        given=tuple(sorted(PIXEL_SCOPES & given)),
        missing=missing_scopes,
        problem=f"{refused} {PIXEL_REFUSED}" if refused else UNSEEN if missing_scopes else "",
    )
    brings = "Visits to the online store, as far as visitors consent: pages, carts, checkouts and where they came from."
    return [Linked(access, (), brings, "tells", told_at=cursor.fresh_at if cursor else None, ends=BY_UNINSTALL,
                   again=bool(refused))]  # fmt: skip


def _voice(session: Session, store_id: int, standings: tuple[Standing, ...]) -> list[Linked]:
    """The survey, and what outside apps tell of reviews, referrals and loyalty."""
    told_at = session.execute(_TOLD_AT, {"store": store_id}).scalar()
    access = Overview(VOICE, "Survey and reviews", "connected" if told_at else "not_connected")
    brings = "What customers say: the survey after an order, reviews, referrals, loyalty and social accounts."
    return [Linked(access, (), brings, "tells", told_at=told_at, page="/voice")]


# a platform with a login needs no more than its entry in PLATFORMS; what comes otherwise has a reader of its own
CONNECTIONS: tuple[Reader, ...] = (_store, _platforms, _pixel, _voice)
