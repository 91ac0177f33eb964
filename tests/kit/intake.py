"""The web process without its pages, which would have to be built first: webhooks and health."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.types import ASGIApp

from clique_app import logs
from clique_app.endpoints import health, webhooks
from clique_app.endpoints.security import Edge
from clique_app.settings import settings
from tests.conftest import PROJECT


def app() -> ASGIApp:
    logs.configure_logs()
    return Edge(Starlette(routes=list(health.ROUTES)), dict(webhooks.RAW_ROUTES), settings(), PROJECT)
