"""A merchant connects Klaviyo: by its login, and with a private key. By clicks alone."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.e2e import admin
from tests.e2e.demos import Demo, rows
from tests.kit.plain_http import PLAIN_HTTP

CAMPAIGNS = "select count(*) from email_program where sort = 'campaign'"
FLOWS = "select count(*) from email_program where sort = 'flow'"
KIND = "select kind, kind_set from email_program where name = %s"


def test_klaviyo_is_connected_by_login_and_with_a_key_and_a_wrong_key_is_explained(
    sealed: Demo, browser: Browser
) -> None:
    keys = PLAIN_HTTP.get(f"{sealed['sandbox_url']}/klaviyo/www/settings/account/api-keys").text
    key = keys.split("<code>")[1].split("</code>")[0]
    with browser.new_context(viewport={"width": 390, "height": 900}) as context:
        context.set_default_timeout(20_000)
        page = context.new_page()
        frame = admin.open_app(page, sealed, "/connections")
        klaviyo, dialog = frame.locator("[data-connection=klaviyo]"), frame.get_by_role("dialog")

        klaviyo.get_by_role("button", name="Connect Klaviyo").click()
        page.get_by_role("button", name="Deny").click()
        expect(klaviyo).to_contain_text("You did not give Clique access")
        klaviyo.get_by_role("button", name="Try again Klaviyo").click()
        page.get_by_role("button", name="Allow").click()
        expect(klaviyo.get_by_role("button", name="Disconnect Klaviyo")).to_be_visible()
        assert admin.eventually(lambda: rows(sealed, FLOWS)[0][0], lambda found: found > 0, 60) > 0
        assert rows(sealed, CAMPAIGNS)[0][0] > 0

        klaviyo.get_by_role("button", name="Kinds of flows").click()
        care = dialog.locator("[data-flow='Candle care tips']")
        care.get_by_role("combobox", name="Kind of Candle care tips").select_option("Post-purchase")
        expect(care).to_contain_text("Chosen by you")
        assert rows(sealed, KIND, "Candle care tips") == [("post_purchase", True)]
        care.get_by_role("button", name="Undo Candle care tips").click()
        expect(care).not_to_contain_text("Chosen by you")
        dialog.get_by_role("button", name="Done").click()

        klaviyo.get_by_role("button", name="Disconnect Klaviyo").click()
        dialog.get_by_role("button", name="Disconnect", exact=True).click()
        klaviyo.get_by_text("Use a private key instead").click()
        field = klaviyo.get_by_label("Private key")
        field.fill(f"pk_{'0' * 34}")
        klaviyo.get_by_role("button", name="Use this key").click()
        expect(klaviyo.get_by_role("alert")).to_contain_text("Klaviyo does not know this key")
        field.fill(key)
        klaviyo.get_by_role("button", name="Use this key").click()
        expect(klaviyo.get_by_role("button", name="Disconnect Klaviyo")).to_be_visible()
        assert key not in page.content() + frame.locator("body").inner_html()

        klaviyo.get_by_role("button", name="Disconnect Klaviyo").click()
        dialog.get_by_role("button", name="Disconnect", exact=True).click()
        expect(klaviyo).to_contain_text("Not connected")
