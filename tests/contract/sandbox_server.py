"""The whole sandbox over a small world, served in a thread of the test process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.default_store import DOMAIN, create_growing_store
from clique_app.sandbox.platforms import register
from clique_app.sandbox.server import build
from clique_app.sandbox.world import World

APP_URL, API_KEY, API_SECRET = "http://localhost:8123", "key", "a-secret-of-at-least-32-bytes-long"
META_APP_ID, META_APP_SECRET = "4242", "meta-secret"
APPS = {**register(None), "meta": App(META_APP_ID, META_APP_SECRET)}


@dataclass(frozen=True)
class Served:
    url: str
    world: World
    config: Config
    shop: str = DOMAIN


@contextmanager
def serve(data_dir: Path, *, control: bool = True) -> Iterator[Served]:
    """A sandbox that listens until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = Config(url, APP_URL, API_KEY, API_SECRET, APPS, data_dir)
    config = replace(config, control=control)
    world = World(5, data_dir)
    create_growing_store(world, datetime.now(UTC), seed=5, months=1, orders_per_day=12)
    # an idle connection is kept for longer than any client keeps it, or the two would end it at the same moment
    asked = uvicorn.Config(build(world, config), log_level="warning", access_log=False, timeout_keep_alive=75)
    server = uvicorn.Server(asked)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield Served(url, world, config)
    finally:
        server.should_exit = True
        thread.join()
