"""What the default store advertises, and how visits from ads arrive: each platform tells its own."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from clique_app.sandbox.scenarios import CampaignPlan

if TYPE_CHECKING:
    from clique_app.sandbox.platforms import Platform


@lru_cache(maxsize=1)
def campaigns() -> tuple[CampaignPlan, ...]:
    """In the order of the platforms."""
    return tuple(plan for platform in _platforms() for plan in platform.advertised)


@lru_cache(maxsize=1)
def arrivals() -> dict[str, tuple[str, str]]:
    """utm_source of an ad's link: the referrer of its visits, and the click id that the platform adds."""
    return {source: arrival for platform in _platforms() for source, arrival in platform.arrivals.items()}


def without_click_id(query: str) -> str:
    """The query of a link as the shop wrote it."""
    return _click_id().sub("", query)


@lru_cache(maxsize=1)
def _click_id() -> re.Pattern[str]:
    names = {click.partition("=")[0] for _, click in arrivals().values()}
    return re.compile(rf"(?:^|&)(?:{'|'.join(sorted(names))})=[^&]*")


def _platforms() -> tuple[type[Platform], ...]:
    from clique_app.sandbox.platforms import PLATFORMS  # not above: platforms are made of the world, which asks here

    return PLATFORMS
