"""`clique webhooks`."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer
from sqlmodel import Session

from clique_app import clock
from clique_app.database import system_session
from clique_app.demo import record
from clique_app.metrics import service
from clique_app.sync import inbox_service
from tasks import webhooks

SHOWN = 1000


def show(store: str | None, *, as_json: bool) -> None:
    record.adopt_running_demo()
    with system_session() as session:
        shop_domain = _domain(session, store)
        standing = inbox_service.standing(session, shop_domain)
        dead = inbox_service.dead_letters(session, shop_domain, limit=SHOWN)
    now = clock.now()
    if as_json:
        rows = [{**asdict(one), "received_at": one.received_at.isoformat()} for one in dead]
        typer.echo(json.dumps({**asdict(standing), "dead_letters": rows}, indent=2))
        return
    oldest = "" if standing.oldest_seconds is None else f", the oldest for {standing.oldest_seconds:.0f} s"
    typer.echo(f"{standing.waiting:,} waiting{oldest}; {standing.dead:,} given up")
    for one in dead:
        about = f"{one.kind} {one.object_id}" if one.kind else one.delivery_id
        minutes = (now - one.received_at).total_seconds() / 60
        typer.echo(f"{one.number:>8} {one.shop_domain} {one.topic} {about}, {minutes:,.0f} min old: {one.error}")


def replay(store: str | None, number: int | None) -> None:
    record.adopt_running_demo()
    with system_session() as session:
        shop_domain = _domain(session, store)
    typer.echo(f"Waiting again: {webhooks.replay(shop_domain, number):,}")


def _domain(session: Session, store: str | None) -> str | None:
    """The domain of a store named as in other commands."""
    return None if store is None else inbox_service.domain_of(session, service.store_id_of(session, store))
