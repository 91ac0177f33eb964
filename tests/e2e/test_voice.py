"""Voice of customers by clicks and keys: a secret for an app, what it tells, the survey on a phone, and the answer back
on the merchant's page without a reload."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page, expect

from clique_app.demo.folders import VENDOR
from tests.e2e import admin
from tests.e2e.demos import Demo, control


def accessible(page: Any) -> None:
    """No serious axe violation, no sideways scrolling."""
    body = page.locator("body")
    assert body.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    body.evaluate("(_, source) => { new Function(source).call(window) }", (VENDOR / "axe.min.js").read_text())
    found = body.evaluate("async () => (await window.axe.run()).violations")
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not bad, [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in bad]


def test_customers_are_heard_from_the_survey_to_the_page(connected: Demo, page: Page, browser: Browser) -> None:
    shop = connected["store"]
    frame = admin.open_app(page, connected, "/voice")
    apps = frame.locator(".c-card").filter(has=frame.get_by_role("heading", name="Apps that tell Clique"))
    apps.get_by_role("button", name="Make a secret").click()
    secret = apps.get_by_label("Secret", exact=True).input_value()
    sent = {"shop": shop, "secret": secret, "kind": "reviews", "source": "yotpo", "count": 12}
    assert [one["status"] for one in control(connected, "outside-apps/send", **sent, times=2)["answers"]] == [200, 200]
    told = frame.get_by_role("table", name="Reviews, content, referrals, loyalty, social")
    expect(told.get_by_role("row").filter(has_text="yotpo")).to_contain_text("12")
    apps.get_by_role("button", name="I have copied it").click()
    expect(apps.get_by_label("Secret", exact=True)).to_have_count(0)
    assert secret not in frame.locator("body").inner_text()

    survey = frame.locator(".c-card").filter(has=frame.get_by_role("heading", name="The survey"))
    survey.get_by_role("button", name="Make a link without an order").click()
    address = survey.get_by_label("A link for one answer").input_value()
    with browser.new_context(viewport={"width": 390, "height": 800}, bypass_csp=True) as phone:
        form = phone.new_page()
        form.goto(address)
        form.set_viewport_size({"width": 1280, "height": 900})
        accessible(form)
        form.set_viewport_size({"width": 390, "height": 800})
        accessible(form)
        form.keyboard.press("Tab")  # the first score
        for _ in range(9):
            form.keyboard.press("ArrowRight")
        expect(form.get_by_role("radio", name="9", exact=True)).to_be_checked()
        form.get_by_role("radio", name="TikTok").check()
        form.get_by_role("button", name="Send").press("Enter")
        expect(form.get_by_role("heading", name="Thank you")).to_be_visible()
        accessible(form)
        form.get_by_role("link", name="Change my answer").click()
        expect(form.get_by_role("radio", name="TikTok")).to_be_checked()

    heard = frame.get_by_role("table", name="How they heard of you")
    expect(heard.get_by_role("row").filter(has_text="TikTok")).to_contain_text("100%")
    expect(frame.locator("[data-figure=nps]")).to_contain_text("told from 30 survey answers on")
    accessible(frame)
    page.set_viewport_size({"width": 390, "height": 900})
    accessible(frame)
