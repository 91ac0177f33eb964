"""The web pixel switched on at a store, and mended when it drifted behind our back."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clique_app import clock
from clique_app.components.connection_views import ConnectionView, connection_views
from clique_app.connections import install, service
from clique_app.connections.access import access
from clique_app.connections.pixel_key import key_of
from clique_app.database import store_session
from clique_app.errors import Rejected
from clique_app.integrations.shopify import pixel
from clique_app.integrations.shopify.client import Client
from clique_app.integrations.shopify.touches import CLICK_IDS
from clique_app.sync import connections_service
from clique_app.tables import Connection
from clique_app.tables.site import PIXEL
from tests.conftest import API_KEY, API_SECRET, Sandbox
from tests.kit.fake_admin import sign
from tests.kit.plain_http import PLAIN_HTTP

pytestmark = pytest.mark.usefixtures("app_env")
SHOP = "harbor-lane.myshopify.com"


@pytest.fixture
def store_id(app_env: None, sandbox: Sandbox) -> int:
    PLAIN_HTTP.get(f"{sandbox.url}/admin/store/harbor-lane/apps/{API_KEY}").raise_for_status()
    return install.open_store(SHOP, sign(SHOP, secret=API_SECRET, aud=API_KEY), 7).store_id


def client(store_id: int) -> Client:
    given = access(store_id, "shopify")
    return Client(given.shop_domain, given.token)


def test_it_is_switched_on_set_right_and_then_left_alone(store_id: int) -> None:
    install.check_pixel(store_id)
    ours = {"collector": "http://localhost:1/collect", "key": key_of(store_id), "click_ids": ",".join(CLICK_IDS)}
    found: dict[str, Any] = client(store_id).query(pixel.FIND)["webPixel"]
    assert pixel._settings_of(found) == ours
    assert not install.check_pixel(store_id)
    assert pixel.repair(client(store_id), {**ours, "collector": "https://elsewhere.example/"})
    assert install.check_pixel(store_id)
    again = client(store_id).query(pixel.FIND)["webPixel"]
    assert (again["id"], pixel._settings_of(again)) == (found["id"], ours)


def test_settings_the_extension_does_not_declare_are_refused(store_id: int) -> None:
    with pytest.raises(Rejected, match="do not match"):
        pixel.repair(client(store_id), {"address": "x"})


def test_a_pixel_from_before_a_channel_is_told_of_the_channels_click_id(store_id: int) -> None:
    install.check_pixel(store_id)
    found = pixel._settings_of(client(store_id).query(pixel.FIND)["webPixel"])
    assert pixel.repair(client(store_id), {**found, "click_ids": "fbclid"})
    assert install.check_pixel(store_id)
    assert pixel._settings_of(client(store_id).query(pixel.FIND)["webPixel"]) == found


def test_a_merchant_who_withholds_it_is_not_asked_again_and_again(store_id: int, sandbox: Sandbox) -> None:
    with store_session(store_id) as session:
        granted = session.get_one(Connection, (store_id, "shopify")).scopes.split()

    def grants(scopes: list[str]) -> None:
        sandbox.control("POST", "changes/set_scopes", json={"domain": SHOP, "scopes": scopes})
        with store_session(store_id) as session:
            service.scopes_changed(session, store_id, tuple(scopes))

    install.check_pixel(store_id)
    pixel.repair(client(store_id), {"collector": "https://elsewhere.example/", "key": key_of(store_id)})
    grants([scope for scope in granted if scope != "write_pixels"])
    try:
        assert not install.check_pixel(store_id)
    finally:
        grants(granted)
    assert install.check_pixel(store_id), "allowed again, it is set right"


def test_every_store_is_looked_at_daily(store_id: int) -> None:
    from tasks.install import check_all_stores, check_pixel

    sent: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check_pixel, "send", sent.append)
        check_all_stores.fn()
    assert sent == [store_id]


def test_a_refusal_is_shown_on_connections_with_what_to_do_until_it_is_switched_on(
    store_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def card() -> ConnectionView:
        with store_session(store_id) as session:
            linked = connections_service.connections(session, store_id)
        return next(one for one in connection_views(linked, ZoneInfo("UTC"), clock.now()) if one.key == PIXEL)

    install.check_pixel(store_id)
    with monkeypatch.context() as patch:
        patch.setattr(install, "key_of", lambda _: "")  # nothing Shopify takes
        assert not install.check_pixel(store_id)
    refused = card()
    assert (refused.badge, refused.step, refused.sync) == ("Refused", "retry", "Try again")
    assert "do not match" in refused.problem
    assert "Try again." in refused.problem
    install.check_pixel(store_id)
    assert (card().step, card().problem, card().sync) == ("done", "", "")
