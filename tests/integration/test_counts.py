"""Rows are counted as they come and go."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlmodel import Session

from clique_app.database import store_session
from clique_app.sync import counts_service
from clique_app.sync.sources import SOURCES
from clique_app.tables.counts import COUNTED
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")

ADS = """
insert into campaign (store_id, channel, platform_id, account_id, name, objective, status, effective_status, currency,
                      read_at)
select :store, channel, channel, '1', '', '', 'active', '', 'USD', now()
from unnest(array['meta', 'google']) c (channel)
"""
REGIONS = """
insert into campaign_region_day (store_id, day, campaign_id, country, region, channel, currency, spend, impressions,
    clicks, link_clicks, landing_page_views, add_to_carts, checkouts, video_views, reported_conversions,
    reported_revenue, read_at)
select :store, date '2026-01-01' + d, campaign_id, 'US', 'ME', channel, 'USD', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, now()
from campaign, generate_series(1, case channel when 'meta' then 3 else 2 end) d
"""
CUSTOMERS = """
insert into customer (store_id, customer_id, country, region, postal_code)
select :store, n, '', '', '' from generate_series(1, 5) n on conflict do nothing
"""


def told(session: Session, store_id: int) -> dict[tuple[str, str], int]:
    found = counts_service.counts(session, store_id, dict.fromkeys(table for one in SOURCES for table in one.tables))
    return {key: rows for key, rows in found.items() if rows and key[0] in COUNTED}


def test_rows_are_counted_however_they_come_and_go() -> None:
    mine, other = make_store(), make_store("other.myshopify.com")
    with store_session(mine) as session:
        for statement in (ADS, REGIONS, CUSTOMERS, CUSTOMERS):
            session.connection().execute(text(statement), {"store": mine})
        counted = {("campaign_region_day", "meta"): 3, ("campaign_region_day", "google"): 2, ("customer", ""): 5}
        assert told(session, mine) == counted
        session.connection().execute(text("delete from customer where customer_id > 3"))
        session.connection().execute(text("delete from campaign_region_day where channel = 'google'"))
        left = {("campaign_region_day", "meta"): 3, ("customer", ""): 3}
        assert told(session, mine) == left
        assert counts_service.settle(session, mine) == []
        assert told(session, mine) == left
        assert session.connection().scalar(text("select count(*) from row_count")) == len(COUNTED) - 1
    with store_session(other) as session:
        assert told(session, other) == {}
    with store_session(mine) as session:
        with session.begin_nested() as taken_back:
            session.connection().execute(text("delete from customer where customer_id = 1"))
            taken_back.rollback()
        assert told(session, mine) == left


def test_a_count_that_is_wrong_is_found_and_mended() -> None:
    store_id = make_store()
    with store_session(store_id) as session:
        session.connection().execute(text(CUSTOMERS), {"store": store_id})
        session.connection().execute(text("update row_count set rows = 7"))
        assert counts_service.settle(session, store_id) == ["customer"]
        assert told(session, store_id) == {("customer", ""): 5}
        assert counts_service.settle(session, store_id) == []
