"""All endpoints behind the product's own edge, without its pages."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.types import ASGIApp

from clique_app.endpoints.security import Edge
from clique_app.settings import settings
from clique_app.web_app import ENDPOINTS, RAW_ENDPOINTS

OF_A_LOOP = {"_inbox", "_events", "_rates"}  # what a raw endpoint holds is of an earlier test's loop and database


def whole_app(static: Path) -> ASGIApp:
    """Serves them; static is a folder that a built page would be in."""
    for _, app in RAW_ENDPOINTS:
        vars(app).update(dict.fromkeys(vars(app).keys() & OF_A_LOOP))
    return Edge(Starlette(routes=list(ENDPOINTS)), dict(RAW_ENDPOINTS), settings(), static)
