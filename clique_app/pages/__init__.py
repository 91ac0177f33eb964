"""PAGES: each is one file with its content and its state. Routes, navigation and live refresh follow from the entry."""

from __future__ import annotations

from clique_app.components.page import Page
from clique_app.pages import customers, data, home, onboarding, recommendations, settings

PAGES: tuple[Page, ...] = (home.PAGE, recommendations.PAGE, customers.PAGE, data.PAGE, settings.PAGE, onboarding.PAGE)
