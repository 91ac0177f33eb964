"""Shopify over HTTP: OAuth, the Admin GraphQL API, bulk files and webhooks, all over one world."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.config import Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.shopify import admin_api, bulk, oauth
from clique_app.sandbox.shopify.platform import Platform
from clique_app.sandbox.shopify.state import BulkOperation
from clique_app.sandbox.shopify.values import gid
from clique_app.sandbox.shopify.webhooks import Sender
from clique_app.sandbox.world import World

Endpoint = Callable[[Request, Platform], Awaitable[Response]]

_running: WeakKeyDictionary[World, tuple[Platform, Sender]] = WeakKeyDictionary()


def routes(world: World, faults: Faults, config: Config) -> list[BaseRoute]:
    """To be mounted under /shopify."""
    platform = Platform.open(world, faults, config)
    sender = Sender(platform)
    world.subscribe(sender.on_event)
    _running[world] = (platform, sender)

    def route(path: str, method: str, endpoint: Endpoint) -> Route:
        async def bound(request: Request) -> Response:
            return await endpoint(request, platform)

        return Route(path, bound, methods=[method])

    return [
        route("/{shop}/admin/oauth/access_token", "POST", oauth.access_token),
        route("/{shop}/admin/oauth/authorize", "GET", oauth.authorize),
        route("/{shop}/admin/api/{version}/graphql.json", "POST", admin_api.graphql),
        route("/{shop}/bulk/{number:int}.jsonl", "GET", admin_api.bulk_file),
    ]


def pixel_settings(world: World, shop: str) -> dict[str, Any] | None:
    """What the store's storefront loads the app's web pixel with; None where it is not switched on."""
    pixel = _running[world][0].pixel_of(shop)
    return pixel.settings if pixel else None


async def run(world: World, config: Config) -> None:
    """Deliver webhooks and run bulk operations until cancelled."""
    platform, sender = _running[world]
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run())
        group.create_task(_run_bulk(platform, sender))


async def _run_bulk(platform: Platform, sender: Sender) -> None:
    """One after the other; those that a restart interrupted begin again."""
    while True:
        waiting = next((b for b in platform.state.operations if b.running), None)
        if waiting is None:
            platform.bulk_waiting.clear()
            await platform.bulk_waiting.wait()
            continue
        await _settle(waiting, platform, sender)


async def _settle(operation: BulkOperation, platform: Platform, sender: Sender) -> None:
    store = platform.world.store(operation.shop)
    context = platform.context(store, platform.config.base_url)
    if operation.status == "CANCELING":
        operation.status = "CANCELED"
    else:
        await asyncio.to_thread(bulk.run, platform, operation, context)
    platform.state.save()
    body = {
        "admin_graphql_api_id": gid("BulkOperation", operation.number),
        "completed_at": operation.completed_at,
        "created_at": operation.created_at,
        "error_code": operation.error_code.lower() if operation.error_code else None,
        "status": operation.status.lower(),
        "type": "query",
    }
    sender.emit("bulk_operations/finish", operation.shop, body, operation.completed_at or operation.created_at)
