"""The three steps of a new store: connect the store, connect ads, review and launch."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sqlmodel import Session, col, func, select

from clique_app import clock
from clique_app.connections import ad_accounts_service
from clique_app.connections.ad_accounts_service import Overview
from clique_app.integrations.registry import has_ad_accounts
from clique_app.sync import overview_service
from clique_app.sync.overview_service import Standing
from clique_app.sync.sources import SOURCES
from clique_app.tables import AuditEntry, Store, StoreSettings, UnitCost, Variant

StepState = Literal["done", "running", "next", "later", "problem"]


@dataclass(frozen=True)
class Costs:
    """What step three asks to be reviewed."""

    currency: str
    payment_fee_pct: Decimal
    payment_fee_fixed: Decimal
    fulfilment_per_order: Decimal
    max_step_pct: Decimal
    variants: int
    without_cost: int


@dataclass(frozen=True)
class Setup:
    """How far a store is."""

    shop_domain: str
    launched: bool
    store: StepState
    ads: StepState
    launch: StepState
    sources: tuple[Standing, ...]
    channels: tuple[Overview, ...]

    @property
    def done(self) -> int:
        """How many of the three steps are done."""
        return sum(step == "done" for step in (self.store, self.ads, self.launch))


def setup(session: Session, store_id: int) -> Setup:
    """The three steps and what they rest on."""
    store = session.get_one(Store, store_id)
    sources = tuple(overview_service.standings(session, store_id))
    channels = tuple(ad_accounts_service.connections(session, store_id))
    of_store = [one for one in sources if one.channel == "shopify"]
    of_ads = [one for one in sources if has_ad_accounts(one.channel) and one.state != "not_connected"]
    launched = store.launched_at is not None
    ads = _ads_step(of_ads, channels)
    return Setup(
        store.shop_domain,
        launched,
        _reading_step(of_store),
        ads,
        "done" if launched else "next" if ads == "done" else "later",
        sources,
        channels,
    )


def _reading_step(sources: list[Standing]) -> StepState:
    if any(one.state in ("failed", "incomplete", "expired", "not_allowed") for one in sources):
        return "problem"
    return "done" if all(one.first_import_done for one in sources) else "running"


def _ads_step(of_ads: list[Standing], channels: tuple[Overview, ...]) -> StepState:
    if any(one.state in ("expired", "revoked") for one in channels if has_ad_accounts(one.channel)):
        return "problem"
    return _reading_step(of_ads) if of_ads else "next"


def launch(session: Session, store_id: int, user_id: int) -> None:
    """The person has reviewed costs and limits. Said once; later calls change nothing."""
    # rows of the store may come meanwhile
    store = session.get_one(Store, store_id, with_for_update={"key_share": True})
    if store.launched_at is None:
        store.launched_at = clock.now()
        session.add(AuditEntry(store_id=store_id, at=store.launched_at, user_id=user_id, what="launched", detail={}))


def costs(session: Session, store_id: int) -> Costs:
    """The costs and limits in force."""
    kept = session.get(StoreSettings, store_id) or StoreSettings(store_id=store_id)  # pyright: ignore[reportCallIssue]
    variants = select(func.count()).select_from(Variant).where(Variant.store_id == store_id, Variant.active)
    costed = select(UnitCost.variant_id).where(UnitCost.store_id == store_id)
    return Costs(
        session.get_one(Store, store_id).currency,
        kept.payment_fee_pct,
        kept.payment_fee_fixed,
        kept.fulfilment_per_order,
        kept.max_step_pct,
        session.exec(variants).one(),
        session.exec(variants.where(col(Variant.variant_id).not_in(costed))).one(),
    )


def sources_of(channel: str) -> list[str]:
    """The keys of a channel's sources."""
    return [source.key for source in SOURCES if source.channel == channel]
