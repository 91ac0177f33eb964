"""Reads a year of an ad account; run in a process of its own to see its memory.

`python -m tests.bench.meta_once SHOP` prints {seconds, reading_s, rows, days, regions, peak_mb}.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import sqlalchemy as sa

from clique_app import clock
from clique_app.connections import ad_accounts_service, service
from clique_app.connections.access import access
from clique_app.database import store_session, system_session
from clique_app.integrations.channels import Grant
from clique_app.integrations.meta.channel import META
from clique_app.integrations.shopify.reads import ShopFacts
from clique_app.settings import settings
from clique_app.sync.ads_service import AdsSource
from clique_app.sync.source import Plan
from tasks.runs import Run
from tests.bench.import_once import status_kb

YEAR = timedelta(days=365)
USER_ID = 77_001


def connected_store(shop: str) -> int:
    """As after an install and a round trip through Meta's dialog."""
    with system_session() as session:
        store_id = service.make_store(session, shop)
    back = f"{settings().shopify_app_url.rstrip('/')}/auth/meta/callback"
    with httpx.Client(trust_env=False) as person:
        asked = person.post(META.dialog_url(state="s", redirect_uri=back), data={"choice": "continue"})
    code = parse_qs(urlsplit(asked.headers["location"]).query)["code"][0]
    with store_session(store_id) as session:
        facts = ShopFacts(shop, "Year of ads", "USD", "America/New_York", "US", ("read_orders",))
        service.install(session, store_id, Grant("none"), facts)
        ad_accounts_service.keep(session, store_id, "meta", USER_ID, META.exchange(code=code, redirect_uri=back))
    with store_session(store_id) as session:
        offered = ad_accounts_service.accounts(session, store_id, "meta")
        ad_accounts_service.choose(session, store_id, "meta", [one.account_id for one in offered], USER_ID)
    return store_id


def main(shop: str) -> None:
    store_id = connected_store(shop)
    today = clock.today("America/New_York")
    plan = Plan("first_import", first_day=today - YEAR, last_day=today)
    run = Run(AdsSource(META), store_id)
    run.begin("first_import")
    run.plan = plan
    begun = time.perf_counter()
    outcome = run.go()
    seconds = time.perf_counter() - begun
    assert outcome.state == "whole", outcome
    peak_mb = status_kb("VmHWM") / 1024
    given = access(store_id, "meta")
    unread = replace(given, accounts=tuple(replace(one, read_from=None, read_to=None) for one in given.accounts))
    begun = time.perf_counter()
    rows = sum(len(page["rows"]) for batch in AdsSource(META).batches(unread, plan) for page in batch.records)
    reading_s = time.perf_counter() - begun
    with store_session(store_id) as session:
        days, regions = (
            session.scalar(sa.text(f"select count(*) from {table}")) for table in ("ad_day", "campaign_region_day")
        )
    found = {"seconds": seconds, "reading_s": reading_s, "rows": rows, "days": days, "regions": regions}
    print(json.dumps({**found, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main(*sys.argv[1:])
