"""What Harbor Lane Candle Co. sells, as product specs for book.add_product."""

from __future__ import annotations

from typing import Any

SCENTS = (
    "Balsam & Cedar",
    "Sea Salt & Driftwood",
    "Amber & Oud",
    "Fig & Vetiver",
    "Lavender Field",
    "Linen & Sage",
    "Winter Spice",
    "Harbor Fog",
    "Tobacco & Vanilla",
    "Rose & Peony",
    "Citrus Grove",
    "Cranberry & Clove",
)
FORMATS = (  # title, type, price, how often it is bought
    ("8 oz Candle", "Candles", "29.00", 10.0),
    ("3-Wick Candle", "Candles", "46.00", 5.0),
    ("Travel Tin", "Candles", "14.00", 4.0),
    ("Reed Diffuser", "Diffusers", "38.00", 2.5),
    ("Wax Melts", "Wax melts", "12.00", 2.5),
)
SPECIALS = (
    ("Fireside Gift Set", "Gift sets", "72.00", 9.0),
    ("Discovery Set", "Gift sets", "42.00", 12.0),
    ("Hostess Gift Box", "Gift sets", "58.00", 5.0),
    ("Wick Trimmer", "Accessories", "16.00", 6.0),
    ("Brass Snuffer", "Accessories", "18.00", 3.0),
    ("Match Cloche", "Accessories", "24.00", 4.0),
    ("Candle Care Kit", "Accessories", "36.00", 4.0),
    ("Linen Room Spray", "Room sprays", "18.00", 4.0),
    ("Wick Dipper", "Accessories", "14.00", 3.0),
)
BACKORDERED = "Match Cloche"  # sells on while it is out of stock and more is on its way
DISCONTINUED = "Wick Dipper"  # deleted in the store's first month
GIFT_CARD = "Harbor Lane Gift Card"
COST_SHARE = 0.38


def harbor_lane() -> list[tuple[dict[str, Any], float]]:
    """Product specs without stock, each with how often it is bought."""
    found = [
        (f"{scent} {name}", kind, price, weight * (1.5 - i / len(SCENTS)))
        for i, scent in enumerate(SCENTS)
        for name, kind, price, weight in FORMATS
    ]
    products = [_product(n, *row) for n, row in enumerate([*found, *SPECIALS])]
    gift_card = {"title": GIFT_CARD, "sku": "HL-GIFT", "price": "50.00", "type": "Gift cards"}
    products.append(({**gift_card, "gift_card": True, "tracked": False}, 0.6))
    return products


def _product(n: int, title: str, kind: str, price: str, weight: float) -> tuple[dict[str, Any], float]:
    sku = f"HL-{n + 101}"
    spec: dict[str, Any] = {"title": title, "type": kind, "sku": sku, "price": price, "tags": [kind]}
    spec["unit_cost"] = _cost(float(price), n)
    spec["backorder"] = title == BACKORDERED
    if kind == "Diffusers":
        large = float(price) + 14
        spec["variants"] = [
            {"title": "100 ml", "sku": sku, "price": price, "unit_cost": spec["unit_cost"]},
            {"title": "200 ml", "sku": f"{sku}-L", "price": f"{large:.2f}", "unit_cost": _cost(large, n)},
        ]
    return spec, weight


def _cost(price: float, n: int) -> str:
    return f"{price * (COST_SHARE + 0.01 * (n % 7 - 3)):.2f}"
