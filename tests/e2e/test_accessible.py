"""Every page at 1280 and at 390: no serious axe violation, no sideways scrolling."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from clique_app.demo.folders import VENDOR
from tests.e2e import admin
from tests.e2e.demos import Demo

PAGES = {
    "": "[data-figure=net_sales] .c-value",
    "/recommendations": "article",
    "/connections": "[data-connection=meta] h2",
    "/attribution": "table#credits tfoot td",
    "/metrics": "table#groups tbody td",
    "/customers": "table",
    "/data": "table",
    "/voice": "[data-figure=nps] .c-reason",
    "/settings": "s-number-field, s-money-field, s-text-field, input",
    "/onboarding": "[data-figure=net_sales] .c-value",
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_as_wide_as_its_screen(connected: Demo, browser: Browser, path: str) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True) as context:
        context.set_default_timeout(20_000)
        page = context.new_page()
        frame = admin.open_app(page, connected, path)
        expect(frame.locator(PAGES[path]).first).to_be_visible()
        body = frame.locator("body")
        body.evaluate("(_, source) => { new Function(source).call(window) }", (VENDOR / "axe.min.js").read_text())
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(400)  # charts are drawn anew
            assert body.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, width
            found: list[dict[str, Any]] = body.evaluate("async () => (await window.axe.run()).violations")
            bad = [one for one in found if one["impact"] in ("serious", "critical")]
            assert not bad, [(width, one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in bad]
