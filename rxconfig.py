"""Reflex build and run settings. The port is baked into the frontend for plain http; behind TLS any domain works."""

import os

import reflex as rx

# read by Reflex when the app starts; an operator may set them otherwise
os.environ.setdefault("REFLEX_USE_NPM", "1")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
os.environ.setdefault("REFLEX_OPLOCK_ENABLED", "true")
os.environ.setdefault("REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE", "131072")

port = int(os.environ.get("CLIQUE_APP_PORT", "8080"))

config = rx.Config(
    app_name="clique_app",
    api_url=f"http://localhost:{port}",
    deploy_url=None,
    frontend_port=port,
    backend_port=port,
    cors_allowed_origins=[os.environ.get("SHOPIFY_APP_URL", f"http://localhost:{port}").rstrip("/")],
    redis_url=os.environ.get("REDIS_URL"),
    state_manager_mode="redis" if os.environ.get("REDIS_URL") else "memory",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_packages=["@fontsource-variable/inter@5.3.0"],
    plugins=[],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
