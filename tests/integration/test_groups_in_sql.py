"""By channel and campaign, a page that asks for one metric and analysts' SQL tell the same of a store made by chance,
before its days are summed and after."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from clique_app.database import owner_session, store_session
from clique_app.metrics import grouping_service, registry, sums_service
from clique_app.metrics.definition import Dimension, Period
from clique_app.warehouse import logins_service
from tests.integration import small_store
from tests.integration.analysts import asked, close

PERIOD = Period(date(2026, 1, 5), date(2026, 3, 20))


@pytest.mark.usefixtures("database_env")
@pytest.mark.parametrize("by", ["channel", "campaign"])
def test_a_page_and_sql_tell_the_same_of_every_group(by: Dimension) -> None:
    store_id = small_store.make(1)
    keys = [item.key for item in registry.METRICS if by in registry.dimensions(item)]
    assert {"roas", "cac", "ltv_predicted", "clv_cac_ratio", "source_roi"} <= set(keys)
    with owner_session() as session:
        login = logins_service.give(session, store_id)
    with psycopg.connect(login.url, autocommit=True) as analyst:
        every = " union all ".join(
            f"select '{key}', f.* from clique.{key}_by('{by}', '{PERIOD.start}', '{PERIOD.end}') f" for key in keys
        )
        theirs = {(key, member): value for key, member, value in asked(analyst, every)}
    for is_summed in (False, True):
        with store_session(store_id) as session:
            if is_summed:
                sums_service.roll_up(session, store_id)
            mine = {
                (key, row.member): row.figures[key].value
                for key in keys
                for row in grouping_service.grouped(session, store_id, [key], PERIOD, by).rows
            }
        assert not [at for at, value in mine.items() if value and at not in theirs]
        assert not [(at, value, mine.get(at)) for at, value in theirs.items() if not close(mine.get(at), value)]
        assert any(value for (key, _), value in mine.items() if key == "ltv_predicted")
    with owner_session() as session:
        logins_service.take_away(session, store_id)
