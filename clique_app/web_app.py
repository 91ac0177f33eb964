"""Builds the web process: one ASGI app with the pages, their websocket and the endpoints, inside our own edge."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import wraps

import reflex as rx
from reflex.app import default_error_boundary
from reflex.event import EventSpec
from reflex.utils import prerequisites
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from clique_app import logs
from clique_app.components import live
from clique_app.components.frame import document_head, framed
from clique_app.components.guard import Guard
from clique_app.components.page import Page
from clique_app.components.session import problem_of
from clique_app.endpoints import (
    boot,
    collector,
    connect,
    files,
    health,
    ingest,
    install,
    meta_webhooks,
    survey,
    webhooks,
)
from clique_app.endpoints.security import Edge
from clique_app.errors import CliqueError
from clique_app.settings import settings

log = logs.log("web")

ENDPOINTS: tuple[BaseRoute, ...] = (
    *boot.ROUTES,
    *health.ROUTES,
    *install.ROUTES,
    *connect.ROUTES,
    *files.ROUTES,
    *survey.ROUTES,
    *ingest.ROUTES,
)
RAW_ENDPOINTS: tuple[tuple[str, ASGIApp], ...] = (
    *webhooks.RAW_ROUTES,
    *meta_webhooks.RAW_ROUTES,
    *collector.RAW_ROUTES,
)  # reached ahead of all routing


def _without_tab_tokens(record: logging.LogRecord) -> bool:
    """The server's line for a websocket shows its URL, and with it the tab's token."""
    return "WebSocket" not in record.getMessage()


class WebApp(rx.App):
    """Reflex's app inside our own edge."""

    def __call__(self) -> ASGIApp:
        logs.configure_logs()
        logging.getLogger("uvicorn.error").addFilter(_without_tab_tokens)
        static = prerequisites.get_web_dir() / "build" / "client"
        return Edge(super().__call__(), dict(RAW_ENDPOINTS), settings(), static)


def on_backend_exception(exception: Exception) -> EventSpec:
    """A handler raised: the merchant's own errors go to the page's banner, bugs to the log as well."""
    if not isinstance(exception, CliqueError):
        log.error("page_event_failed", exc_info=exception)
    return problem_of(exception)


def _component(page: Page, pages: Sequence[Page]) -> Callable[[], rx.Component]:
    """Framed, and said to be of the page's own module: Reflex sends a module's components together."""

    @wraps(page.content)
    def component() -> rx.Component:
        return framed(page, pages)

    return component


def build_app(pages: Sequence[Page]) -> WebApp:
    """The app of these pages."""
    web = WebApp(
        toaster=None,
        html_lang="en",
        head_components=document_head(),
        stylesheets=["/polaris-lite.css", "/clique.css"],
        api_transformer=Starlette(routes=list(ENDPOINTS)),
        backend_exception_handler=on_backend_exception,
        app_wraps={(55, "ErrorBoundary"): lambda _stateful: default_error_boundary()},
    )
    web.add_middleware(Guard(), index=0)
    web.register_lifespan_task(live.listening)
    for page in pages:
        live.register(page.route, page.live)
        web.add_page(
            _component(page, pages),
            route=page.route,
            title=f"{page.title} · Clique",
            on_load=[live.LiveState.follow, *page.on_load],
        )
    return web
