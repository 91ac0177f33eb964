"""How far back a new store is read first, as configured, and what is shown of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from clique_app import clock
from clique_app.components.source_views import import_view
from clique_app.database import store_session
from clique_app.settings import Settings, settings
from clique_app.sync import overview_service
from clique_app.sync.overview_service import Standing
from tests.contract.shopify_sandbox import SHOP
from tests.integration.shopify_shop import SCOPES, Shop

WITHOUT_ALL_ORDERS = [scope for scope in SCOPES if scope != "read_all_orders"]


def configured(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    monkeypatch.setenv("FIRST_IMPORT_DAYS", str(days))
    settings.cache_clear()


def ago(days: int) -> date:
    return clock.today("Europe/Berlin") - timedelta(days=days)


def orders(shop: Shop) -> Standing:
    with store_session(shop.store_id) as session:
        return next(one for one in overview_service.standings(session, shop.store_id) if one.source == "shopify_orders")


def kept(shop: Shop) -> int:
    return shop.query("select count(*) from shop_order")[0][0]


def there(shop: Shop, days: int) -> int:
    """Orders of the store of the last so many days."""
    return sum(clock.day_of(order.processed_at, "Europe/Berlin") >= ago(days) for order in shop.store.orders.values())


@pytest.mark.parametrize("days", [20, 90])
def test_the_days_that_are_configured_are_read_first_and_then_the_rest(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    configured(monkeypatch, days)
    shop.open()
    shop.read("first_import")
    assert shop.log() == ("whole", "")
    assert orders(shop).history_from == ago(days)
    assert 0 < kept(shop) == there(shop, days) < len(shop.store.orders)
    shop.read("history")
    assert orders(shop).history_from is None
    assert shop.differences() == []


@pytest.mark.parametrize(("days", "reach"), [(20, 20), (90, 59)])
def test_without_all_orders_no_more_is_read_than_shopify_shows_and_no_day_between_is_left_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, days: int, reach: int
) -> None:
    configured(monkeypatch, days)
    shop.world.set_scopes(SHOP, WITHOUT_ALL_ORDERS)
    shop.open()
    shop.read("first_import")
    assert orders(shop).history_from == ago(reach)
    assert kept(shop) == there(shop, reach)
    shop.read("history")
    assert shop.log() == ("whole", "")
    assert kept(shop) == there(shop, 60)
    assert orders(shop).history_from == ago(59)  # of the first day that is shown, only a part is


def test_how_far_back_is_read_is_shown_beside_the_progress_and_the_first_profit_view_covers_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clique_app.pages.onboarding import onboarding_view
    from clique_app.sync.orders_service import ShopifyOrders
    from tasks import runs

    configured(monkeypatch, 20)
    shop.open()
    shop.read("first_import", "shopify_products", "shopify_inventory")
    run = runs.Run(ShopifyOrders(), shop.store_id)
    run.begin("first_import")
    assert import_view(orders(shop)).note.startswith("Last 20 days: ")
    run.go()
    with store_session(shop.store_id) as session:
        seen = onboarding_view(session, shop.store_id)
    assert (date.fromisoformat(seen["start"]), date.fromisoformat(seen["end"])) == (ago(20), ago(0))
    [sales] = [one for one in seen["figures"] if one.key == "net_sales"]
    assert sales.value != ""
    run = runs.Run(ShopifyOrders(), shop.store_id)
    run.begin("history")
    assert "All earlier: " in import_view(orders(shop)).note


@pytest.mark.parametrize("days", ["0", "1096", "many"])
def test_another_number_of_days_is_refused_at_start(shop: Shop, monkeypatch: pytest.MonkeyPatch, days: str) -> None:
    monkeypatch.setenv("FIRST_IMPORT_DAYS", days)
    with pytest.raises(ValidationError, match="first_import_days"):
        Settings.read()
