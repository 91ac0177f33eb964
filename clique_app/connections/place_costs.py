"""What fulfilling an order costs where it goes: a list of places with an amount each, as it is typed and kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files

NAME, LABEL = "fulfilment_by_place", "Fulfilment by place"  # column of StoreSettings
_HIGHEST = Decimal(100_000)
_EXAMPLE = "CA 9.50, US-Hawaii 14"
_ASK = f"Enter places with an amount each, such as {_EXAMPLE}."
# a country's code, maybe a region of it by the name that orders have, and an amount
_ENTRY = re.compile(r"([A-Za-z]{2})(?:-([^\d,;:]*[^\d\s,;:]))?[ :]+([0-9]{1,6}(?:\.[0-9]{1,2})?)")
_LOWER = str.maketrans({chr(one): chr(one + 32) for one in range(ord("A"), ord("Z") + 1)})  # as lower() of collation C


def parsed(text: str) -> tuple[dict[str, str], str]:
    """Amounts by place of what was typed, and what is wrong with it (empty: nothing)."""
    found: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in re.split(r"[,;\n]", text))):
        told = _ENTRY.fullmatch(entry)
        if told is None:
            return {}, _ASK
        country, amount = told[1].upper(), Decimal(told[3])
        place = f"{country}-{told[2].strip().translate(_LOWER)}" if told[2] else country
        if country not in _countries():
            return {}, f"{country} is no country’s code. {_ASK}"
        if amount > _HIGHEST:
            return {}, f"{_shown(place)}: enter at most {_HIGHEST:,f}."
        if place in found:
            return {}, f"{_shown(place)} is there twice."
        found[place] = f"{amount:.2f}"
    return found, ""


def written(kept: Mapping[str, str]) -> str:
    """As it stands in its field."""
    return ", ".join(f"{_shown(place)} {amount}" for place, amount in sorted(kept.items()))


def effect(kept: Mapping[str, str], sent_to: Collection[str]) -> str:
    """What it does, in words.

    sent_to: the places that orders have gone to, as they are kept; another one may be misspelt.
    """
    if not kept:
        return f"Empty: every order costs the same. Else places with an amount each, such as {_EXAMPLE}."
    does = f"An order to {written(kept).replace(', ', ', to ')}; to anywhere else as above."
    nowhere = ", ".join(_shown(place) for place in sorted(kept) if place not in sent_to)
    return f"{does} No order has gone to {nowhere} so far: a region needs the name orders have." if nowhere else does


def _shown(place: str) -> str:
    country, _, region = place.partition("-")
    return f"{country}-{region.title()}" if region else country


@cache
def _countries() -> frozenset[str]:
    lines = (files("tzdata.zoneinfo") / "iso3166.tab").read_text().splitlines()
    return frozenset(line[:2] for line in lines if not line.startswith("#"))
