"""The app Reflex builds and the server starts: uvicorn --factory clique_app.clique_app:app."""

from __future__ import annotations

from clique_app.pages import PAGES
from clique_app.web_app import build_app

app = build_app(PAGES)
