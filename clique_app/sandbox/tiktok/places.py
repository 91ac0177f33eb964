"""TikTok's locations: countries and their provinces by number."""

from __future__ import annotations

from typing import Any

from clique_app.sandbox.ad_facts import REGIONS

COUNTRIES = {country: str(6_000_000 + 1000 * n) for n, country in enumerate(REGIONS)}
PROVINCES = {
    (country, name): str(6_000_001 + 1000 * n + i)
    for n, (country, places) in enumerate(REGIONS.items())
    for i, (name, _) in enumerate(places)
}


def listed() -> list[dict[str, Any]]:
    """All of them, as tool/region gives them."""
    countries = [
        {"location_id": number, "name": country, "parent_id": "0", "region_code": country, "level": "COUNTRY"}
        for country, number in COUNTRIES.items()
    ]
    provinces = [
        {
            "location_id": number,
            "name": name,
            "parent_id": COUNTRIES[country],
            "region_code": country,
            "level": "PROVINCE",
        }
        for (country, name), number in PROVINCES.items()
    ]
    return [*countries, *provinces]


def province_id(country: str, region: str) -> str:
    return PROVINCES.get((country, region), "-1")
