"""The admin page and the control API of the sandbox, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from tests.contract.sandbox_server import API_KEY, API_SECRET, APP_URL, Served, serve
from tests.kit.plain_http import PLAIN_HTTP


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("admin")) as running:
        yield running


def _frame_query(served: Served, path: str = "") -> tuple[str, dict[str, str]]:
    page = PLAIN_HTTP.get(f"{served.url}/admin/store/harbor-lane/apps/{API_KEY}{path}").text
    source = re.search(r'<iframe[^>]* src="([^"]+)"', page)
    assert source
    url = urlsplit(html.unescape(source[1]))
    return f"{url.scheme}://{url.netloc}{url.path}", dict(parse_qsl(url.query))


def test_the_frame_opens_the_app_as_shopify_does(served: Served) -> None:
    address, query = _frame_query(served, "/settings")
    assert address == f"{APP_URL}/settings"
    assert (query["shop"], query["embedded"], query["locale"]) == (served.shop, "1", "en")
    assert base64.b64decode(query["host"] + "==").decode() == "admin.shopify.com/store/harbor-lane"
    signed = "&".join(f"{k}={v}" for k, v in sorted(query.items()) if k != "hmac")
    assert hmac.new(API_SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest() == query["hmac"]
    claims = jwt.decode(query["id_token"], API_SECRET, algorithms=["HS256"], audience=API_KEY)
    assert claims["iss"] == f"https://{served.shop}/admin"
    assert claims["dest"] == f"https://{served.shop}"
    assert claims["exp"] - claims["iat"] == 60


def test_opening_the_app_installs_it(served: Served) -> None:
    _frame_query(served)
    shop = served.world.store(served.shop).shop
    assert shop.installed_at is not None
    assert "read_orders" in shop.granted_scopes


def test_tokens_are_fresh_and_for_the_admin_page_only(served: Served) -> None:
    _frame_query(served)
    url = f"{served.url}/admin/store/harbor-lane/token"
    first, second = (PLAIN_HTTP.get(url).json()["token"] for _ in range(2))
    assert first != second
    assert PLAIN_HTTP.get(url, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert PLAIN_HTTP.get(f"{served.url}/admin/store/nobody/token").status_code == 404


def test_there_is_no_page_for_an_unknown_store_or_app(served: Served) -> None:
    assert PLAIN_HTTP.get(f"{served.url}/admin/store/nobody/apps/{API_KEY}").status_code == 404
    assert PLAIN_HTTP.get(f"{served.url}/admin/store/harbor-lane/apps/other").status_code == 404
    assert "harbor-lane.myshopify.com" in PLAIN_HTTP.get(f"{served.url}/admin").text


def test_an_order_placed_by_control_is_in_the_truth(served: Served) -> None:
    day = str(served.world.store(served.shop).day_of(served.world.now()))
    query = {"shop": served.shop, "from": day, "to": day}
    before = PLAIN_HTTP.get(f"{served.url}/_control/truth", params=query).json()
    order = {"lines": [{"title": "Custom", "unit_price": "12.50", "quantity": 2}]}
    placed = PLAIN_HTTP.post(f"{served.url}/_control/orders", json={"shop": served.shop, "order": order}).json()
    after = PLAIN_HTTP.get(f"{served.url}/_control/truth", params=query).json()
    assert len(placed["orders"]) == 1
    assert after["orders"] >= before["orders"] + 1
    assert float(after["gross_sales"]) >= float(before["gross_sales"]) + 25


def test_what_cannot_be_done_is_said(served: Served) -> None:
    control = f"{served.url}/_control"
    assert PLAIN_HTTP.post(f"{control}/orders", json={"shop": "nobody"}).status_code == 404
    bad = PLAIN_HTTP.post(f"{control}/orders", json={"shop": served.shop, "order": {"line": []}})
    assert bad.status_code == 400
    assert "unknown key" in bad.json()["error"]
    assert PLAIN_HTTP.post(f"{control}/faults", json={"platform": "meta", "fault": "nonsense"}).status_code == 400
    assert PLAIN_HTTP.post(f"{control}/clock", json={"advance_seconds": -5}).status_code == 400
    assert PLAIN_HTTP.post(f"{control}/stores", json={"shop": "Bad Name"}).status_code == 400


def test_without_control_there_is_no_control(tmp_path: Path) -> None:
    with serve(tmp_path, control=False) as running:
        assert PLAIN_HTTP.get(f"{running.url}/_control/faults").status_code == 404
        assert PLAIN_HTTP.get(f"{running.url}/health").status_code == 200


def test_what_a_merchant_does_may_be_asked_for_by_control(served: Served) -> None:
    changes = f"{served.url}/_control/changes"
    variant = next(v for v in served.world.store(served.shop).variants.values() if v.unit_cost)
    spec = {"domain": served.shop, "variant_id": variant.variant_id, "unit_cost": "1.23"}
    assert PLAIN_HTTP.post(f"{changes}/update_variant", json=spec).status_code == 200
    assert str(variant.unit_cost) == "1.23"
    assert PLAIN_HTTP.post(f"{changes}/delete_everything", json={}).status_code == 400
    assert PLAIN_HTTP.post(f"{changes}/set_scopes", json={"domain": served.shop, "sopes": []}).status_code == 400
