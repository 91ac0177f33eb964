"""One ASGI app for all platforms, the admin page and the control API, and the ticker that lets time pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from clique_app.sandbox import admin, control, outside_apps, shopify, storefront
from clique_app.sandbox.config import Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.platforms import PLATFORMS
from clique_app.sandbox.world import World

TICK_SECONDS = 1.0


def build(world: World, config: Config) -> Starlette:
    """The whole sandbox over one world."""
    faults = Faults(("shopify", *(platform.key for platform in PLATFORMS)))

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "now": world.now().isoformat(), "stores": list(world.stores)})

    platforms = [make(world, faults, config) for make in PLATFORMS]
    found: list[BaseRoute] = [Route("/health", health)]
    for platform in platforms:
        found += platform.routes()
    found += admin.routes(world, config)
    if config.control:
        more = [handler for platform in platforms for handler in platform.control_handlers()]
        more += outside_apps.control_handlers(world, config)
        found += control.routes(world, faults, more)
    found.append(Mount("/shopify", routes=shopify.routes(world, faults, config)))
    found += storefront.routes(world)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        lives = (_tick(world), shopify.run(world, config), *(platform.run() for platform in platforms))
        tasks = [asyncio.create_task(life) for life in lives]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    return Starlette(routes=found, lifespan=lifespan)


async def _tick(world: World) -> None:
    while True:
        world.advance()
        await asyncio.sleep(TICK_SECONDS)
