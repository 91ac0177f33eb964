"""A merchant on Connections: reads now, ends a connection knowing what stops, and begins it again. By clicks alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from clique_app.integrations.registry import PLATFORMS
from tests.e2e import admin
from tests.e2e.demos import Demo, rows

READ_NOW = "select count(*) from sync_run where source = 'meta_ads' and kind = 'manual' and state = 'whole'"
KEPT = "select count(*) from ad_day"
# where the buttons of all cards are, in each frame from now on
WATCH = """() => {
  window.places = new Set();
  const look = () => {
    const buttons = document.querySelectorAll(".c-connection-actions :is(button, s-button)");
    const boxes = [...buttons].map((one) => one.getBoundingClientRect());
    places.add(JSON.stringify(boxes.map((box) => [box.left + scrollX, box.top + scrollY, box.width].map(Math.round))));
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_a_connection_is_read_now_ended_and_begun_again(sealed: Demo, browser: Browser, width: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        context.set_default_timeout(20_000)
        page = context.new_page()
        frame = admin.open_app(page, sealed, "/connections")
        meta, dialog = frame.locator("[data-connection=meta]"), frame.get_by_role("dialog")
        expect(meta).to_contain_text("Connected")
        expect(meta).to_contain_text("Harbor Lane Candle Co.")
        expect(frame.locator("[data-connection=shopify]")).to_contain_text("Ends when Clique is uninstalled")
        expect(frame.locator("[data-connection]")).to_have_count(1 + len(PLATFORMS) + 2)  # the pixel and the survey

        before = rows(sealed, READ_NOW)[0][0]
        frame.locator("body").evaluate(WATCH)
        meta.get_by_role("button", name="Sync now: Meta").click()
        assert admin.eventually(lambda: rows(sealed, READ_NOW)[0][0], lambda found: found > before, 60) > before
        expect(meta).to_contain_text("s ago")
        places = frame.locator("body").evaluate("() => [...places]")
        assert len(places) == 1, places  # nothing moved while it was read: a click would miss its button

        meta.get_by_role("button", name="Disconnect Meta").click()
        expect(dialog).to_contain_text("Meta ads are not read any more")
        expect(dialog).to_contain_text("Everything that was read so far")
        dialog.get_by_role("button", name="Keep it").click()
        expect(dialog).to_have_count(0)
        kept = rows(sealed, KEPT)
        meta.get_by_role("button", name="Disconnect Meta").click()
        dialog.get_by_role("button", name="Disconnect", exact=True).click()
        expect(meta).to_contain_text("Not connected")
        assert rows(sealed, KEPT) == kept

        meta.get_by_role("button", name="Connect Meta").click()
        page.get_by_role("button", name="Cancel").click()
        expect(meta).to_contain_text("You did not give Clique access")
        meta.get_by_role("button", name="Try again Meta").click()
        page.get_by_role("button", name="Continue").click()
        expect(meta.get_by_role("button", name="Leave out Harbor Lane Candle Co.")).to_be_visible()
        meta.get_by_role("button", name="Use these accounts").click()
        expect(meta.get_by_role("button", name="Disconnect Meta")).to_be_visible()
        expect(meta).not_to_contain_text("You did not give")
