"""PAGES: each is one file with its content and its state. Routes, navigation and live refresh follow from the entry."""

from __future__ import annotations

from clique_app.components.page import Page
from clique_app.pages import (
    attribution,
    connections,
    customers,
    data,
    home,
    metrics,
    onboarding,
    recommendations,
    settings,
    voice,
)

PAGES: tuple[Page, ...] = (
    home.PAGE,
    recommendations.PAGE,
    attribution.PAGE,
    metrics.PAGE,
    customers.PAGE,
    voice.PAGE,
    connections.PAGE,
    data.PAGE,
    settings.PAGE,
    onboarding.PAGE,
)
