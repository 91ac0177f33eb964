"""Regions as Shopify's API names them, where an export has their codes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pycountry


@lru_cache(maxsize=4096)
def region(country: str, text: str) -> str:
    """US, NY -> New York; what is no code of that country stays as it is."""
    code = text if text.startswith(f"{country}-") else f"{country}-{text}"
    found: Any = pycountry.subdivisions.get(code=code)
    return found.name if found else text
