"""From the admin to a changed budget and back, by clicks alone."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import Page

from tests.e2e import admin
from tests.e2e.demos import Demo
from tests.e2e.journey import the_rest_of_the_journey
from tests.kit.plain_http import PLAIN_HTTP


def test_the_journey_passes_with_the_control_api(connected: Demo, import_told: list[str], page: Page) -> None:
    assert len(import_told) >= 3, import_told
    admin.open_app(page, connected)
    the_rest_of_the_journey(page)
    found = PLAIN_HTTP.get(f"{connected['sandbox_url']}/_control/scenarios").json()["scenarios"]
    stock_out = next(one for one in found if one["key"] == "spending_on_stock_out")["campaigns"][0]
    budget = PLAIN_HTTP.get(f"{connected['sandbox_url']}/_control/meta/objects/{stock_out}").json()
    assert Decimal(budget["daily_budget"]) == 17
