"""What needs a demo started otherwise: without the control API, and with a store of real orders."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import Page, expect

from tests.e2e import admin
from tests.e2e.all_metrics import known_and_the_same
from tests.e2e.demos import REAL_ORDERS, Demo, metrics, rows
from tests.e2e.journey import the_rest_of_the_journey
from tests.kit.plain_http import PLAIN_HTTP


def test_the_journey_passes_on_a_phone_and_without_the_control_api(sealed: Demo, page: Page) -> None:
    assert PLAIN_HTTP.get(f"{sealed['sandbox_url']}/_control/stores").status_code == 404
    page.set_viewport_size({"width": 390, "height": 844})
    admin.open_app(page, sealed)
    the_rest_of_the_journey(page)


def test_a_store_of_real_orders_opens_on_its_last_days_with_all_of_them(orders_demo: Demo, page: Page) -> None:
    shop = orders_demo["store"]
    frame = admin.open_app(page, orders_demo)
    expect(frame.locator("[data-figure=net_sales] .c-value")).to_be_visible(timeout=60_000)

    here = "select count(*) from shop_order join store using (store_id) where shop_domain = %s"
    assert admin.eventually(lambda: rows(orders_demo, here, shop), [(123,)].__eq__, 60) == [(123,)]
    told = metrics(orders_demo, ("orders", "net_sales", "customers"), shop, "1997-01-01", "1997-12-31")
    sold = sum(Decimal(line.split(",")[3]) for line in REAL_ORDERS[1:])
    assert told == {"orders": 123, "net_sales": float(sold), "customers": 40}
    assert known_and_the_same(orders_demo, shop, "1997-01-01", "1997-03-31") > 30
    frame = admin.open_app(page, orders_demo)
    expect(frame.locator("main")).to_contain_text("1997", timeout=15_000)
