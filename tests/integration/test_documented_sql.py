"""The queries that documents show run and find something, and between them ask everything that there is to ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from sqlmodel import select

from clique_app.database import store_session
from clique_app.metrics import grouping_service, sums_service
from clique_app.metrics.definition import Period
from clique_app.metrics.docs import PAGE
from clique_app.tables import Customer, Order, SaleEntry, SurveyResponse, Touch
from clique_app.warehouse import definition
from tasks.warehouse import refresh_now
from tests.conftest import Servers
from tests.integration.analysts import LATER, asked, close, logged_in, sell_later
from tests.integration.full_store import WHOLE, make_full_store, own_database

DOCS = PAGE.with_name("sql.md")
QUERIES = re.findall(r"```sql\n(.*?)```", DOCS.read_text(), re.DOTALL)
CALLS = re.findall(r"`(select [^`]+)`", PAGE.read_text())

# what a view of one's own rests on: views and functions of the schema
RESTS_ON = """
select coalesce(c.relname, p.proname)::text from pg_depend d join pg_rewrite r on d.classid = 'pg_rewrite'::regclass
  and d.objid = r.oid
left join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
  and c.relnamespace = 'clique'::regnamespace
left join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
  and p.pronamespace = 'clique'::regnamespace
where r.ev_class = 'asked_for'::regclass and coalesce(c.relname, p.proname) is not null
"""


@pytest.fixture(scope="module")
def store_id(make_database: Callable[[], str], servers: Servers) -> Iterator[int]:
    """A store with everything, some of it later."""
    with own_database(make_database(), servers):
        store_id = make_full_store("east.myshopify.com", 2)
        sell_later(store_id)
        with store_session(store_id) as session:
            sums_service.roll_up(session, store_id)
        refresh_now()
        yield store_id


@pytest.fixture(scope="module")
def analyst(store_id: int) -> Iterator[psycopg.Connection]:
    with logged_in(store_id) as connection:
        yield connection


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split("\n")[0][:40])
def test_the_documented_queries_run_and_find_something(analyst: psycopg.Connection, query: str) -> None:
    assert asked(analyst, query.strip())


def test_the_call_that_each_metric_shows_runs(analyst: psycopg.Connection) -> None:
    for call in CALLS:
        asked(analyst, call)


def test_every_view_and_function_is_asked_for_by_a_documented_query(analyst: psycopg.Connection) -> None:
    analyst.execute("set default_transaction_read_only = off")
    used: set[str] = set()
    for query in (*QUERIES, *CALLS):
        analyst.execute(f"create temp view asked_for as {query.strip()}")  # pyright: ignore[reportCallIssue, reportArgumentType]
        used |= {name for (name,) in asked(analyst, RESTS_ON)}
        analyst.execute("drop view asked_for")
    there = {view.name for view in definition.VIEWS} | {function.name for function in definition.FUNCTIONS}
    assert there - used == set()
    assert len(definition.KEPT) >= 15
    assert len(definition.FUNCTIONS) >= 50


def documented(told: str) -> str:
    """The query of docs/sql.md that begins with this."""
    [query] = [one for one in QUERIES if one.startswith(told)]
    return query


def test_the_documented_ltv_by_first_channel_is_that_of_customers_old_enough(
    store_id: int, analyst: psycopg.Connection
) -> None:
    with store_session(store_id) as session:
        won = {c.customer_id: c for c in session.exec(select(Customer))}
        orders = list(session.exec(select(Order)))
        heard = {one.order_id: one.channel for one in session.exec(select(SurveyResponse)) if one.channel}
        channel_of = heard | {touch.order_id: touch.channel for touch in session.exec(select(Touch))}  # one each
        brought: dict[int | None, Decimal] = {}
        for entry in session.exec(select(SaleEntry)):
            if entry.kind in ("sale", "discount", "refund"):
                brought[entry.order_id] = brought.get(entry.order_id, Decimal(0)) + entry.amount
        until = Period(WHOLE.start, LATER.date() - timedelta(days=90))
        split = grouping_service.grouped(session, store_id, ["cac"], until, "channel")
        cac = {row.member: row.figures["cac"].value for row in split.rows}
    mine: dict[str, list[Decimal]] = {}
    for customer in won.values():
        first = customer.first_order_day
        if first and first <= until.end:
            spent = [
                brought[order.order_id]
                for order in orders
                if order.customer_id == customer.customer_id and (order.day - first).days <= 90
            ]
            channel = channel_of.get(customer.first_order_id, "unattributed")
            mine.setdefault(channel, []).append(sum(spent, Decimal(0)))
    theirs = asked(analyst, documented("-- what the first channel is worth later"))
    assert len(theirs) == len(mine) > 2
    for channel, customers, ltv, cost in theirs:
        assert customers == len(mine[channel])
        assert close(ltv, sum(mine[channel], Decimal(0)) / len(mine[channel]))
        assert close(cost, cac.get(channel))
