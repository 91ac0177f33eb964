"""By which model, and how far back, orders are credited: as the last version of the store's attribution did it.

Settings say what is wanted. Until all of history is credited so, every page and metric goes on telling what it was
credited by.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlmodel import Session, col, select

from clique_app.tables import ModelVersion, StoreSettings
from clique_app.tables.attribution import ATTRIBUTION, DEFAULT_MODEL, DEFAULT_WINDOW_DAYS


class CreditedBy(NamedTuple):
    model: str  # of attribution.models.MODELS
    window_days: int


def credited_by(session: Session, store_id: int) -> CreditedBy:
    """What the store's credits are made by; before its first version, what its settings say."""
    asked = select(ModelVersion).where(ModelVersion.store_id == store_id, ModelVersion.kind == ATTRIBUTION)
    version = session.exec(asked.order_by(col(ModelVersion.model_id).desc()).limit(1)).first()
    if version is None:
        return wanted(session, store_id)
    return CreditedBy(version.parameters["model"], version.parameters["window_days"])


def wanted(session: Session, store_id: int) -> CreditedBy:
    """What the store's settings say."""
    settings = session.get(StoreSettings, store_id)
    if settings is None:
        return CreditedBy(DEFAULT_MODEL, DEFAULT_WINDOW_DAYS)
    return CreditedBy(settings.attribution_model, settings.attribution_window_days)
