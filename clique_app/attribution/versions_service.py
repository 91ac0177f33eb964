"""Versions of a store's attribution: the model, the window and what Markov has learnt, each with its cause."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from clique_app.tables import ModelVersion
from clique_app.tables.attribution import ATTRIBUTION


def effects(session: Session, store_id: int) -> dict[str, Any]:
    """The channels' removal effects by the days of orders they hold for, as parameters of the statements."""
    rows: list[tuple[date, date, str, float]] = []
    until = date.max
    for version in in_force(session, store_id):
        since = date.fromisoformat(version.parameters["from"]) if version.parameters["from"] else date.min
        if since < until:
            rows += [(since, until, channel, effect) for channel, effect in version.parameters["effects"].items()]
            until = since
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    return dict(zip(("effects_from", "effects_until", "effects_of", "effects"), columns, strict=True))


def in_force(session: Session, store_id: int) -> list[ModelVersion]:
    """The versions by which orders are credited, newest first: back to the one that credited all of history."""
    asked = select(ModelVersion).where(ModelVersion.store_id == store_id, ModelVersion.kind == ATTRIBUTION)
    found: list[ModelVersion] = []
    for version in session.exec(asked.order_by(col(ModelVersion.model_id).desc())):
        found.append(version)
        if version.parameters["from"] is None:
            break
    return found
