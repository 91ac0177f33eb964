"""An import outlives its worker."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e import admin
from tests.e2e.demos import Demo, control, metrics, rows
from tests.kit.plain_http import PLAIN_HTTP

ORDERS_TO_READ = 6_000


def test_an_import_whose_worker_is_killed_goes_on_and_equals_the_source(orders_demo: Demo, browser: Browser) -> None:
    shop = "many.myshopify.com"
    began = datetime.now(UTC) - timedelta(days=60)
    orders = [
        {
            "processed_at": (began + timedelta(minutes=n * 14)).isoformat(timespec="seconds"),
            "customer": f"c{n % 900}",
            "lines": [{"sku": "M1", "quantity": 1 + n % 3}],
        }
        for n in range(ORDERS_TO_READ)
    ]
    product = {"title": "Match box", "sku": "M1", "price": "4.30", "unit_cost": "1.00", "stock": 100_000}
    control(
        orders_demo,
        "stores",
        shop=shop,
        name="Many",
        currency="USD",
        time_zone="UTC",
        country="US",
        locations=["Hudson"],
        products=[product],
        orders=orders,
    )
    with browser.new_context() as context:
        frame = admin.open_app(context.new_page(), orders_demo, shop=shop)
        expect(frame.get_by_role("link", name="Go on with set-up")).to_be_visible()
    share = admin.eventually(lambda: progress(orders_demo, shop), lambda found: found is None or found >= 0.05, 120)
    assert share is not None
    assert 0.05 <= share <= 0.95
    for pid in importer(orders_demo):
        os.kill(pid, signal.SIGKILL)
    assert state(orders_demo, shop) == "running"
    assert admin.eventually(lambda: state(orders_demo, shop), lambda found: found == "whole", 150) == "whole"
    days = (str((began - timedelta(days=1)).date()), str(datetime.now(UTC).date()))
    truth = PLAIN_HTTP.get(
        f"{orders_demo['sandbox_url']}/_control/truth",
        params={"shop": shop, "from": days[0], "to": days[1]},
    ).json()
    assert truth["orders"] == ORDERS_TO_READ
    told = metrics(orders_demo, ("orders", "net_sales", "units"), shop, *days)
    assert told == {"orders": ORDERS_TO_READ, "net_sales": float(truth["net_sales"]), "units": truth["units"]}


RUN = """select r.state, r.read, r.expected from sync_run r join store s using (store_id)
where s.shop_domain = %s and r.source = 'shopify_orders' and r.kind = 'first_import' order by r.run_id desc limit 1"""


def progress(demo: Demo, shop: str) -> float | None:
    """How far the orders are read; None once they are."""
    found = rows(demo, RUN, shop)
    if not found or not found[0][2]:
        return 0.0
    return None if found[0][0] == "whole" else found[0][1] / found[0][2]


def state(demo: Demo, shop: str) -> str:
    found = rows(demo, RUN, shop)
    return found[0][0] if found else ""


def importer(demo: Demo) -> list[int]:
    """The pids of the demo's importer, children first."""
    services = json.loads((demo["folder"] / "demo.json").read_text())["services"]
    main = next(one["pid"] for one in services if one["name"] == "importer")
    children = [
        int(child) for task in Path(f"/proc/{main}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [*children, main]
