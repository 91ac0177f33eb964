"""/health: the process answers. /health/ready: database, its migrations and Redis are there too, and how far behind
the webhook inbox is."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import redis
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from clique_app import logs
from clique_app.database import system_session
from clique_app.settings import settings
from clique_app.sync import inbox_service
from clique_app.sync.inbox_service import Inbox

log = logs.log("health")
_MIGRATIONS = Path(__file__).resolve().parents[2] / "alembic"


@lru_cache(maxsize=1)
def _wanted_revision() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()


def _database() -> None:
    with system_session() as session:
        session.connection().execute(text("select 1"))


def _migrations() -> None:
    with psycopg.connect(settings().database_url, connect_timeout=3) as owner:  # the roles do not see this table
        row = owner.execute("select version_num from alembic_version").fetchone()
    found = row[0] if row else None
    if found != _wanted_revision():
        raise RuntimeError(f"database is at revision {found}, the code wants {_wanted_revision()}")


def _redis() -> None:
    with redis.Redis.from_url(settings().redis_url, socket_timeout=2) as client:
        client.ping()


CHECKS = {"database": _database, "migrations": _migrations, "redis": _redis}


def _inbox() -> Inbox:
    with system_session() as session:
        return inbox_service.standing(session)


async def health(_request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def ready(_request: Request) -> JSONResponse:
    """Each check by name; 503 where one fails. The reason goes to the log only. A long inbox is told, but no reason
    to take the process out of service."""
    outcome = {}
    for name, check in CHECKS.items():
        try:
            await asyncio.to_thread(check)
            outcome[name] = "ok"
        except Exception as error:
            log.warning("not_ready", check=name, error=str(error))
            outcome[name] = "failed"
    whole = all(state == "ok" for state in outcome.values())
    told: dict[str, Any] = {"status": "ok" if whole else "failed", "checks": outcome}
    if whole:
        told["inbox"] = asdict(await asyncio.to_thread(_inbox))
    return JSONResponse(told, status_code=200 if whole else 503)


ROUTES = (Route("/health", health, methods=["GET"]), Route("/health/ready", ready, methods=["GET"]))
