"""From the admin to a changed budget and back, by clicks alone."""

from __future__ import annotations

from decimal import Decimal

import httpx
from playwright.sync_api import Page

from tests.e2e import admin
from tests.e2e.demos import Demo
from tests.e2e.journey import the_rest_of_the_journey


def test_the_journey_passes_with_the_control_api(connected: Demo, import_told: list[str], page: Page) -> None:
    assert len(import_told) >= 3, import_told
    admin.open_app(page, connected)
    the_rest_of_the_journey(page)
    found = httpx.get(f"{connected['sandbox_url']}/_control/scenarios", trust_env=False).json()["scenarios"]
    stock_out = next(one for one in found if one["key"] == "spending_on_stock_out")["campaigns"][0]
    budget = httpx.get(f"{connected['sandbox_url']}/_control/meta/objects/{stock_out}", trust_env=False).json()
    assert Decimal(budget["daily_budget"]) == 17
