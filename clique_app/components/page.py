"""What a page is: one entry of PAGES. Navigation, routes, loading and live refresh follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import reflex as rx


@dataclass(frozen=True)
class Page:
    """A route, what it shows, what loads it, and which event each live topic starts."""

    route: str
    title: str
    content: Callable[[], rx.Component]
    on_load: tuple[Any, ...] = ()
    live: Mapping[str, Any] = field(default_factory=dict)
    in_navigation: bool = True
