"""The control API, for tests and people: place orders, move the clock, raise faults, tell the truth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.faults import Faults
from clique_app.sandbox.records import Ad
from clique_app.sandbox.scenarios import SCENARIOS
from clique_app.sandbox.truth import account_truth, truth
from clique_app.sandbox.world import UnknownStore, World

# what the merchant or Shopify may do at any time, by the names and arguments of World's methods
CHANGES = (
    "install",
    "uninstall",
    "request_customer_data",
    "redact_customer",
    "set_scopes",
    "edit_order",
    "refund_order",
    "cancel_order",
    "delete_order",
    "delete_customer",
    "set_stock",
    "set_incoming",
    "update_variant",
    "set_metafield",
    "update_product",
    "delete_product",
)


def routes(world: World, faults: Faults, more: Sequence[tuple[str, str, Any]] = ()) -> list[BaseRoute]:  # noqa: C901  (a list of small handlers)
    """Everything under /_control."""

    async def tell_truth(request: Request) -> Any:
        asked = request.query_params
        since, until = date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"])
        world.advance()
        return truth(world, asked["shop"], since, until, asked.get("channel"))

    async def tell_account_truth(request: Request) -> Any:
        asked = request.query_params
        since, until = date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"])
        world.advance()
        return account_truth(world, asked["account"], since, until)

    async def place_orders(request: Request) -> Any:
        spec = await request.json()
        if "order" in spec:
            return {"orders": [world.place_order(spec["shop"], spec["order"]).order_id]}
        placed = world.place_random_orders(spec["shop"], int(spec.get("count", 1)))
        return {"orders": [order.order_id for order in placed]}

    async def move_clock(request: Request) -> Any:
        return {"now": world.move_clock(float((await request.json())["advance_seconds"]))}

    async def clock(request: Request) -> Any:
        return {"now": world.now()}

    async def add_fault(request: Request) -> Any:
        return asdict(faults.add(await request.json()))

    async def clear_faults(request: Request) -> Any:
        faults.clear()
        return {"faults": []}

    async def list_faults(request: Request) -> Any:
        return {"faults": [asdict(fault) for fault in faults.waiting()]}

    async def create_store(request: Request) -> Any:
        store = world.create_store(await request.json())
        return {"shop": store.shop.domain, "orders": len(store.orders), "customers": len(store.customers)}

    async def stores(request: Request) -> Any:
        return {"stores": [{"shop": d, "orders": len(s.orders)} for d, s in world.stores.items()]}

    async def change(request: Request) -> Any:
        name = request.path_params["change"]
        if name not in CHANGES:
            raise ValueError(f"change must be one of {', '.join(CHANGES)}")
        getattr(world, name)(**await request.json())
        return {"changed": name, "at": world.now()}

    async def change_ad_object(request: Request) -> Any:
        spec = await request.json()
        budget = spec.get("daily_budget")
        world.update_ad_object(
            request.path_params["object_id"],
            daily_budget=None if budget is None else str(budget),
            status=spec.get("status"),
            name=spec.get("name"),
        )
        return _ad_object(world, request)

    async def ad_object(request: Request) -> Any:
        return _ad_object(world, request)

    async def scenarios(request: Request) -> Any:
        campaigns = list(world.ads.campaigns.values())
        return {
            "scenarios": [
                {**asdict(x), "campaigns": [c.campaign_id for c in campaigns if c.scenario == x.key]} for x in SCENARIOS
            ]
        }

    found = [
        ("/truth", "GET", tell_truth),
        ("/orders", "POST", place_orders),
        ("/clock", "GET", clock),
        ("/clock", "POST", move_clock),
        ("/faults", "GET", list_faults),
        ("/faults", "POST", add_fault),
        ("/faults", "DELETE", clear_faults),
        ("/stores", "GET", stores),
        ("/stores", "POST", create_store),
        ("/changes/{change}", "POST", change),
        ("/scenarios", "GET", scenarios),
        *more,
        ("/{channel}/objects/{object_id}", "GET", ad_object),
        ("/{channel}/objects/{object_id}", "POST", change_ad_object),
        ("/{channel}/truth", "GET", tell_account_truth),
    ]
    return [Route(f"/_control{path}", _answering(handler), methods=[method]) for path, method, handler in found]


def _answering(handler: Any) -> Any:
    async def endpoint(request: Request) -> Response:
        try:
            body, status = await handler(request), 200
        except UnknownStore as error:
            body, status = {"error": f"no such store: {error.args[0]}"}, 404
        except KeyError as error:
            body, status = {"error": f"missing or unknown: {error.args[0]}"}, 400
        except (ValueError, TypeError, ArithmeticError) as error:
            body, status = {"error": str(error)}, 400
        return Response(json.dumps(body, default=_json), status, media_type="application/json")

    return endpoint


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value.isoformat()


def _ad_object(world: World, request: Request) -> dict[str, Any]:
    object_id = request.path_params["object_id"]
    found = world.ads.find(object_id)
    if world.ads.account_of(object_id).channel != request.path_params["channel"]:
        raise KeyError(object_id)
    budget = None if isinstance(found, Ad) else found.daily_budget
    return {
        "id": object_id,
        "name": found.name,
        "status": found.status,
        "daily_budget": budget,
        "updated_at": found.updated_at,
        "campaign_id": found.campaign_id,
    }
