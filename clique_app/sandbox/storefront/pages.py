"""The online store's pages, as plain accessible HTML. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from string import Template

from clique_app.sandbox.records import Order, Product, Variant
from clique_app.sandbox.store import Store

Lines = list[tuple[Product, Variant, int]]


@dataclass(frozen=True)
class Page:
    """A page's title and what is on it; $base in it is the store's own address."""

    title: str
    body: str


FRAME = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title – $shop</title>
<link rel="icon" href="data:,">
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: #1c1c1c; background: #fbf9f6; }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 1rem; }
header { display: flex; gap: 1.5rem; align-items: baseline; flex-wrap: wrap; }
header a:first-child { font-weight: 650; font-size: 1.25rem; flex: 1; }
a { color: inherit; } button { font: inherit; padding: .5rem 1rem; } input { font: inherit; padding: .4rem; }
.goods { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem; padding: 0; }
.goods li { list-style: none; background: #fff; padding: 1rem; }
.story { min-height: 120vh; }
.consent { position: fixed; inset: auto 0 0 0; background: #fff; padding: 1rem; box-shadow: 0 0 1rem #0003; }
</style>
</head>
<body>
<header><a href="$base/">$shop</a><a href="$base/cart">Cart</a>
<form role="search" action="$base/search"><label>Search <input name="q" type="search"></label></form></header>
<main><h1>$title</h1>$body</main>
<footer><form action="$base/contact" method="post" id="newsletter">
<input type="hidden" name="contact[tags]" value="newsletter">
<label>E-mail for our letter <input name="contact[email]" type="email" required autocomplete="email"></label>
<button>Sign up</button> <span role="status"></span></form></footer>
<section class="consent" aria-label="Cookies" hidden>May we see how you use the store?
<button type="button" data-consent="yes">Accept</button>
<button type="button" data-consent="no">Decline</button></section>
<script type="application/json" id="shop-data">$data</script>
<script src="$base/cdn/storefront.js"></script>
<script src="$base/cdn/scroll-depth.js" defer></script>
</body></html>
"""
)


def framed(store: Store, base: str, page: Page, data: str) -> str:
    """The whole document; data is what its scripts are told, as JSON."""
    body = page.body.replace("$base", base)
    return FRAME.substitute(title=escape(page.title), shop=escape(store.shop.name), base=base, body=body, data=data)


def home(store: Store, products: list[Product]) -> Page:
    return Page("Welcome", _goods(products[:24]))


def search(asked: str, products: list[Product]) -> Page:
    return Page(f"Found for “{asked}”", _goods(products[:24]) if products else "<p>Nothing.</p>")


def product(store: Store, item: Product) -> Page:
    forms = "".join(
        f'<form class="add"><input type="hidden" name="id" value="{variant.variant_id}">'
        f"<span>{escape(variant.title)} {_money(store, variant)}</span> <button>Add to cart</button></form>"
        for variant in item.variants
    )
    return Page(
        item.title,
        f'{forms}<p role="status" id="added"></p>'
        f'<button type="button" id="wish" data-product="{item.product_id}">Add to wishlist</button>'
        '<div class="story"><h2>How it is made</h2><p>Poured by hand.</p></div><p>Thank you for reading on.</p>',
    )


def cart(store: Store, lines: Lines) -> Page:
    if not lines:
        return Page("Cart", "<p>Your cart is empty.</p>")
    return Page("Cart", f'{_listed(store, lines)}<p><a href="$base/checkouts/new">Check out</a></p>')


def checkout(store: Store, lines: Lines) -> Page:
    form = (
        '<form method="post"><label>E-mail <input name="email" type="email" required></label> '
        "<button>Pay now</button></form>"
    )
    return Page("Checkout", _listed(store, lines) + form)


def thanks(store: Store, order: Order) -> Page:
    return Page("Thank you", f"<p>Order #{order.number} is on its way.</p>")


def _goods(products: list[Product]) -> str:
    items = (f'<li><a href="$base/products/{escape(p.handle)}">{escape(p.title)}</a></li>' for p in products)
    return f'<ul class="goods">{"".join(items)}</ul>'


def _listed(store: Store, lines: Lines) -> str:
    items = (f"<li>{count} × {escape(p.title)} {_money(store, variant)}</li>" for p, variant, count in lines)
    return f"<ul>{''.join(items)}</ul>"


def _money(store: Store, variant: Variant) -> str:
    return f"{variant.price} {store.shop.currency}"
