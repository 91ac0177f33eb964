"""HTTP beside the pages. ENDPOINTS are routes; RAW_ENDPOINTS are ASGI apps reached ahead of all routing."""

from __future__ import annotations

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from clique_app.endpoints import boot, connect, health, install, webhooks

ENDPOINTS: tuple[BaseRoute, ...] = (*boot.ROUTES, *health.ROUTES, *install.ROUTES, *connect.ROUTES)
RAW_ENDPOINTS: tuple[tuple[str, ASGIApp], ...] = webhooks.RAW_ROUTES
