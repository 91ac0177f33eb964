"""The online store that visitors see: pages of each shop under /storefront/{shop}, with consent, journey and checkout.

A browser that allows analytics gets Shopify's two cookies, its visits are kept for the journey of its orders, and the
app's web pixel runs in it: the real source, in a worker that stands in for Shopify's sandbox.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox import shopify
from clique_app.sandbox.records import Product, Variant
from clique_app.sandbox.store import Store
from clique_app.sandbox.storefront import pages
from clique_app.sandbox.storefront.shoppers import Shoppers
from clique_app.sandbox.world import World

HERE = Path(__file__).parent
EXTENSIONS = HERE.parents[2] / "extensions"
BESIDE = {"storefront.js": HERE / "storefront.js", "web-pixels-extension.js": HERE / "web-pixels-extension.js"}
PIXEL = EXTENSIONS / "clique-pixel" / "src" / "index.js"
SCROLL_DEPTH = EXTENSIONS / "clique-theme" / "assets" / "scroll-depth.js"
LIBRARY = '"@shopify/web-pixels-extension"'  # what Shopify's build resolves
CART, VISITOR = "cart", "_shopify_y"


def routes(world: World) -> list[BaseRoute]:  # noqa: C901  (a list of small handlers)
    """Everything under /storefront."""
    shoppers = Shoppers()

    async def home(request: Request) -> Response:
        store = _store(world, request)
        return _page(request, pages.home(store, _products(store)), [("page_viewed", {})])

    async def search(request: Request) -> Response:
        store, asked = _store(world, request), request.query_params.get("q", "")
        found = [p for p in _products(store) if asked.lower() in p.title.lower()]
        told = {"searchResult": {"query": asked, "productVariants": []}}
        return _page(request, pages.search(asked, found), [("page_viewed", {}), ("search_submitted", told)])

    async def product(request: Request) -> Response:
        store = _store(world, request)
        handle = request.path_params["handle"]
        found = next((p for p in _products(store) if p.handle == handle), None)
        if found is None:
            return PlainTextResponse("There is no such product.", 404)
        told = {"productVariant": _variant(found, found.variants[0], store)}
        return _page(request, pages.product(store, found), [("page_viewed", {}), ("product_viewed", told)])

    async def cart(request: Request) -> Response:
        store, key = _store(world, request), request.cookies.get(CART, "")
        lines = _lines(store, shoppers.cart(key))
        return _page(request, pages.cart(store, lines), [("page_viewed", {}), ("cart_viewed", {"cart": {}})])

    async def add(request: Request) -> Response:
        store = _store(world, request)
        given = parse_qs((await request.body()).decode())
        variant = store.variants.get(int(given.get("id", ["0"])[0]))
        if variant is None:
            return JSONResponse({"description": "There is no such variant."}, 422)
        key = request.cookies.get(CART) or token_hex(16)
        shoppers.cart(key)[variant.variant_id] = shoppers.cart(key).get(variant.variant_id, 0) + 1
        line = {"merchandise": _variant(store.products[variant.product_id], variant, store), "quantity": 1}
        answer = JSONResponse({"cartLine": line})
        answer.set_cookie(CART, key, path=_base(request), samesite="lax")
        return answer

    async def visit(request: Request) -> Response:
        """Shopify's own memory of how the visitor came, kept only with consent (that is what sets the cookie)."""
        store, visitor = _store(world, request), request.cookies.get(VISITOR, "")
        given = await request.json()
        if visitor:
            shoppers.came(visitor, world.now(), f"https://{store.shop.domain}{given['page']}", given.get("referrer"))
        return Response(status_code=204)

    async def checkout(request: Request) -> Response:
        store, key = _store(world, request), request.cookies.get(CART, "")
        lines = _lines(store, shoppers.cart(key))
        if not lines:
            return RedirectResponse(f"{_base(request)}/cart", 303)
        if request.method == "GET":
            return _page(
                request, pages.checkout(store, lines), [("page_viewed", {}), ("checkout_started", _checkout())]
            )
        email = parse_qs((await request.body()).decode()).get("email", [""])[0]
        spec: dict[str, Any] = {
            "lines": [{"sku": variant.sku, "quantity": quantity} for _, variant, quantity in lines],
            "shipping": "6.00",
            "visits": shoppers.journey(request.cookies.get(VISITOR, "")),
        }
        if re.fullmatch(r"[a-z0-9.]+@example\.com", email):
            spec["customer"] = email.partition("@")[0]
        order = world.place_order(store.shop.domain, spec)
        token = shoppers.bought(key, order.order_id)
        return RedirectResponse(f"{_base(request)}/checkouts/{token}/thank-you", 303)

    async def thanks(request: Request) -> Response:
        store, order_id = _store(world, request), shoppers.order(request.path_params["token"])
        if order_id is None:
            return PlainTextResponse("There is no such order.", 404)
        told = _checkout(str(order_id), request.path_params["token"])
        events: list[tuple[str, dict[str, Any]]] = [("page_viewed", {}), ("checkout_completed", told)]
        return _page(request, pages.thanks(store, store.orders[order_id]), events)

    async def contact(request: Request) -> Response:
        return Response(status_code=204)

    async def script(request: Request) -> Response:
        """The page's own scripts, and the app's: what its extensions hold."""
        name = request.path_params["name"]
        if name == "pixel.js":
            text = PIXEL.read_text().replace(LIBRARY, '"./web-pixels-extension.js"')
        elif name == "scroll-depth.js":
            text = SCROLL_DEPTH.read_text()
        elif name in BESIDE:
            text = BESIDE[name].read_text()
        else:
            return PlainTextResponse("There is no such file.", 404)
        return Response(text, media_type="text/javascript", headers={"cache-control": "no-cache"})

    def _page(request: Request, page: pages.Page, events: list[tuple[str, dict[str, Any]]]) -> Response:
        store = _store(world, request)
        data = {
            "base": _base(request),
            "shop": {"myshopifyDomain": store.shop.domain, "name": store.shop.name, "countryCode": store.shop.country},
            "events": [{"name": name, "data": told} for name, told in events],
            "pixel": shopify.pixel_settings(world, store.shop.domain),
        }
        told = json.dumps(data).replace("<", "\\u003c")
        return HTMLResponse(pages.framed(store, _base(request), page, told), headers={"cache-control": "no-store"})

    found = [
        ("", "GET", home),
        ("/", "GET", home),
        ("/search", "GET", search),
        ("/products/{handle}", "GET", product),
        ("/cart", "GET", cart),
        ("/cart/add.js", "POST", add),
        ("/visit", "POST", visit),
        ("/checkouts/new", "GET", checkout),
        ("/checkouts/new", "POST", checkout),
        ("/checkouts/{token}/thank-you", "GET", thanks),
        ("/contact", "POST", contact),
        ("/cdn/{name}", "GET", script),
    ]
    return [Route(f"/storefront/{{shop}}{path}", _known(world, handler), methods=[way]) for path, way, handler in found]


def _known(world: World, handler: Any) -> Any:
    async def endpoint(request: Request) -> Response:
        if request.path_params["shop"] not in world.stores:
            return PlainTextResponse("There is no such store.", 404)
        return await handler(request)

    return endpoint


def _store(world: World, request: Request) -> Store:
    return world.store(request.path_params["shop"])


def _base(request: Request) -> str:
    return f"/storefront/{request.path_params['shop']}"


def _products(store: Store) -> list[Product]:
    return [p for p in store.products.values() if p.status == "ACTIVE" and not p.deleted]


def _lines(store: Store, cart: dict[int, int]) -> list[tuple[Product, Variant, int]]:
    return [(store.products[store.variants[i].product_id], store.variants[i], n) for i, n in cart.items()]


def _variant(product: Product, variant: Variant, store: Store) -> dict[str, Any]:
    """A variant as web pixels see it."""
    return {
        "id": str(variant.variant_id),
        "sku": variant.sku,
        "price": {"amount": float(variant.price), "currencyCode": store.shop.currency},
        "product": {"id": str(product.product_id), "title": product.title, "url": f"/products/{product.handle}"},
    }


def _checkout(order_id: str | None = None, token: str | None = None) -> dict[str, Any]:
    """A checkout as web pixels see it, as far as anything here asks for."""
    return {"checkout": {"token": token, "order": {"id": order_id, "customer": None}}}
