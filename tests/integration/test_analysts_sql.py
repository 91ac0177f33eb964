"""Analysts' SQL: every function says what the pages say, every view adds up to them, and nobody sees another store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from clique_app import database
from clique_app.database import owner_session, store_session
from clique_app.errors import NotFound
from clique_app.metrics import grouping_service, registry, service, sums_service
from clique_app.metrics.definition import Dimension, Period
from clique_app.settings import settings
from clique_app.warehouse import definition, functions, logins_service
from clique_app.warehouse import service as warehouse
from clique_app.warehouse.catalogue_views import ADDED_UP, FORMULAS
from tasks.warehouse import refresh_now
from tests.conftest import Servers
from tests.integration.analysts import LATER, asked, close, sell_later
from tests.integration.full_store import WHOLE, make_full_store, own_database
from tests.integration.stores import make_store

DOCS = Path(__file__).parents[2] / "docs" / "sql.md"
UNDIVIDED = {item.key for item in ADDED_UP if item.undivided}
PERIODS = (Period(WHOLE.start + timedelta(days=12), WHOLE.end), Period(date(2026, 7, 8), date(2026, 8, 3)), WHOLE)


@dataclass(frozen=True)
class Stores:
    """Three stores with everything, one of them for longer, one with nothing, and how their analysts connect."""

    north: int
    south: int
    east: int
    bare: int
    urls: dict[int, str]

    def connect(self, store_id: int) -> psycopg.Connection:
        return psycopg.connect(self.urls[store_id], autocommit=True)


@pytest.fixture(scope="module")
def stores(make_database: Callable[[], str], servers: Servers) -> Iterator[Stores]:
    with own_database(make_database(), servers):
        north, south, east, bare = (
            make_full_store("north.myshopify.com", 1),
            make_full_store("south.myshopify.com", 3),
            make_full_store("east.myshopify.com", 2),
            make_store(),
        )
        sell_later(east)
        for store_id in (north, south, east):  # as after each reading
            with store_session(store_id) as session:
                sums_service.roll_up(session, store_id)
        refresh_now()
        with owner_session() as session:
            urls = {store_id: logins_service.give(session, store_id).url for store_id in (north, south, east, bare)}
        yield Stores(north, south, east, bare, urls)
        with owner_session() as session:
            for store_id in urls:
                if logins_service.exists(session, store_id):
                    logins_service.take_away(session, store_id)


@pytest.fixture(scope="module")
def analyst(stores: Stores) -> Iterator[psycopg.Connection]:
    with stores.connect(stores.north) as connection:
        yield connection


def test_every_function_says_what_the_service_says(stores: Stores) -> None:
    values = ", ".join(f"clique.{item.key}(s, e)" for item in registry.METRICS)
    query = f"select {values} from unnest(%s::date[], %s::date[]) p (s, e)"
    different: list[str] = []
    for store_id, periods in ((stores.north, PERIODS), (stores.bare, PERIODS[:1])):
        with stores.connect(store_id) as analyst, store_session(store_id) as session:
            told = asked(analyst, query, [period.start for period in periods], [period.end for period in periods])
            for period, row in zip(periods, told, strict=True):
                daily = service.daily(session, store_id, registry.METRICS, period, None, (period,))
                for item, theirs in zip(registry.METRICS, row, strict=True):
                    mine = daily.figure(item, period).value
                    if not close(mine, theirs):
                        different.append(f"{store_id} {item.key} {period}: {mine} {theirs}")
    assert not different, "\n".join(different)


@pytest.mark.parametrize(
    ("name", "period"), [("north", PERIODS[1]), ("east", Period(date(2026, 11, 20), LATER.date()))]
)
def test_every_metric_by_every_dimension_is_what_the_service_says(stores: Stores, name: str, period: Period) -> None:
    store_id, keys = getattr(stores, name), [item.key for item in registry.METRICS]
    dimensions: list[Dimension] = ["week", *functions.FILTERS]
    every = " union all ".join(
        f"select d, '{key}', f.* from unnest(%(d)s::text[]) d, clique.{key}_by(d, %(s)s, %(e)s) f" for key in keys
    )
    mine: dict[tuple[str, str, str], Decimal] = {}
    with stores.connect(store_id) as analyst, store_session(store_id) as session:
        rows = analyst.execute(every, {"d": dimensions, "s": period.start, "e": period.end})  # pyright: ignore
        theirs = {(dimension, key, member): value for dimension, key, member, value in rows if value is not None}
        for dimension in dimensions:
            for row in grouping_service.grouped(session, store_id, keys, period, dimension).rows:
                told = {(dimension, key, row.member): of.value for key, of in row.figures.items()}
                mine |= {at: value for at, value in told.items() if value is not None}
    # asked for many at once the service has rows of the others' members, where nothing is 0 and a whole is the whole
    assert not [at for at in mine.keys() - theirs.keys() if mine[at] and at[1] not in UNDIVIDED]
    assert not [(at, value, mine.get(at)) for at, value in theirs.items() if not close(mine.get(at), value)]


def test_of_no_days_nothing_is_known(analyst: psycopg.Connection) -> None:
    for days in ("null, null", "null, '2026-07-31'", "'2026-07-01', null", "'2026-07-31', '2026-07-01'"):
        values = ", ".join(f"clique.{item.key}({days})" for item in registry.METRICS)
        assert set(asked(analyst, f"select {values}")[0]) == {None}


def test_a_dimension_that_is_none_is_refused_with_those_that_are(analyst: psycopg.Connection) -> None:
    for key in ("net_sales", "roas", "stock_units", "other_marketing"):
        with pytest.raises(psycopg.errors.InvalidParameterValue) as refused:
            asked(analyst, f"select * from clique.{key}_by('Channel', '2026-07-01', '2026-07-31')")
        assert refused.value.diag.message_primary == (
            "There is no dimension 'Channel'. There are: day, week, month, channel, campaign, ad_group, ad, product, "
            "geography, new_returning, cohort, stage, program, landing."
        )


def test_the_view_of_metrics_says_what_is_lacking_and_by_what_a_value_is_told(stores: Stores) -> None:
    query = "select metric, known, lacking, dimensions, no_further from metrics"
    for store_id in (stores.north, stores.bare):
        with stores.connect(store_id) as analyst:
            told = {metric: rest for metric, *rest in asked(analyst, query)}
        assert told.keys() == {item.key for item in registry.METRICS}
        for item in registry.METRICS:
            known, lacking, dimensions, no_further = told[item.key]
            assert not (known and lacking), item.key
            assert (dimensions, no_further) == (list(registry.dimensions(item)), registry.no_further(item))
        assert ("ads" in told["roi"][1]) is (store_id == stores.bare)
        assert "channel" in told["roi"][2]
        assert "channel" not in told["net_profit"][2]
        assert told["net_profit"][3]


def test_a_value_is_narrowed_as_the_pages_narrow_it(stores: Stores, analyst: psycopg.Connection) -> None:
    period = PERIODS[0]
    with store_session(stores.north) as session:
        for key in ("roas", "aov", "cac", "sessions", "net_sales", "contribution_profit"):
            mine = service.figure(session, stores.north, key, period, {"channel": "meta"}).value
            [[theirs]] = asked(analyst, f"select clique.{key}(%s, %s, channel => 'meta')", period.start, period.end)
            assert close(mine, theirs), key
        mine = service.figure(session, stores.north, "net_sales", period, {"product": 1, "new_returning": None}).value
        query = "select clique.net_sales(%s, %s, product => '1', new_returning => '')"
        assert asked(analyst, query, period.start, period.end) == [(mine,)]


def test_the_views_of_days_add_up_to_the_values(stores: Stores, analyst: psycopg.Connection) -> None:
    period = PERIODS[0]
    columns = ", ".join(f"sum({total.key})" for total in ADDED_UP)
    where = f"where day between '{period.start}' and '{period.end}'"
    [sums] = asked(analyst, f"select {columns} from clique.days {where}")
    [values] = asked(
        analyst,
        f"select {', '.join(f'clique.{total.key}(%s, %s)' for total in ADDED_UP)}".replace(
            "%s, %s", f"'{period.start}', '{period.end}'"
        ),
    )
    assert not [
        (t.key, s, v) for t, s, v in zip(ADDED_UP, sums, values, strict=True) if v is not None and not close(s, v)
    ]
    [[net_sales]] = asked(
        analyst, f"select sum(amount) from clique.ledger {where} and kind in ('sale', 'discount', 'refund')"
    )
    for query in (
        f"select sum(net_sales) from clique.product_days {where}",
        f"select sum(net_sales) from clique.credit_days {where}",
        f"select clique.net_sales('{period.start}', '{period.end}')",
    ):
        assert asked(analyst, query) == [(net_sales,)], query
    for whole in ("geography_days", "cohorts"):
        [[part, every]] = asked(
            analyst,
            f"select sum(v.orders), (select count(*) from clique.orders where "
            f"'{whole}' <> 'cohorts' or customer_id is not null) from clique.{whole} v",
        )
        assert part == every, whole
    assert asked(analyst, "select count(*) > 200 from clique.customer_journey") == [(True,)]


def test_a_month_is_what_the_functions_say_of_it(stores: Stores) -> None:
    keys = [item.key for item in (*ADDED_UP, *FORMULAS)]
    for store_id in (stores.north, stores.east):
        with stores.connect(store_id) as analyst:
            told = ", ".join(f"clique.{key}(month, (month + interval '1 month - 1 day')::date)" for key in keys)
            functions_say = asked(analyst, f"select {told} from clique.months order by month")
            view_says = asked(analyst, f"select {', '.join(keys)} from clique.months order by month")
            assert len(view_says) == (4 if store_id == stores.north else 7)
        different = [
            (key, theirs, mine)
            for row, same in zip(view_says, functions_say, strict=True)
            for key, theirs, mine in zip(keys, row, same, strict=True)
            if not close(mine, theirs)
        ]
        assert not different


def test_days_of_cover_are_the_catalogues(stores: Stores) -> None:
    for store_id in (stores.north, stores.east):
        with stores.connect(store_id) as analyst:
            [[last]] = asked(analyst, "select max(day) from clique.dates")
            by_product = asked(
                analyst,
                "select product_id::text, sum(stock_units) / nullif(sum(units_a_day), 0) from clique.stock "
                "group by 1 having sum(stock_units) / nullif(sum(units_a_day), 0) is not null",
            )
            catalogue = asked(analyst, "select * from clique.days_of_cover_by('product', %s, %s)", last, last)
            theirs = {product: value for product, value in catalogue if value is not None}
            assert theirs
            assert theirs.keys() == {product for product, _ in by_product}
            assert all(close(value, theirs[product]) for product, value in by_product)
    with stores.connect(stores.east) as analyst:  # 20 units in the 20 days in stock, 7 in 30; 60 left of each
        told = asked(analyst, "select variant_id, units_a_day, days_of_cover from clique.stock order by variant_id")
        cover = {variant: (pace, days) for variant, pace, days in told}
        assert cover[1] == (1, 60)
        assert close(cover[5][1], 60 / round(Decimal(7) / 30, 12))
        assert cover[2] == (0, None)
    with stores.connect(stores.bare) as analyst:
        assert asked(analyst, "select * from clique.stock") == []


def test_an_analyst_sees_one_store_in_every_view(stores: Stores) -> None:
    for store_id in (stores.north, stores.south):
        with stores.connect(store_id) as analyst:
            for view in (one for one in definition.VIEWS if one.name != "model_credits"):  # made in the background
                seen = asked(analyst, f"select store_id, count(*) from clique.{view.name} group by 1")
                assert [row[0] for row in seen] == [store_id], view.name
    with stores.connect(stores.bare) as analyst:
        assert asked(analyst, "select count(*) from clique.orders") == [(0,)]


def test_no_trick_shows_another_store(stores: Stores, analyst: psycopg.Connection) -> None:
    [[mine]] = asked(analyst, "select clique.net_sales('2026-06-20', '2026-09-17')")
    denied: list[str] = [
        "select * from public.shop_order",
        "select * from public.store",
        "select * from clique_kept.orders",
        "select clique_kept.is_met(2, '{}', '{}')",
        "copy public.shop_order to stdout",
        "set role clique_app",
        "set role clique_system",
        "set role clique_warehouse",
        "set role clique_reader",
        "set role postgres",
        "set session authorization postgres",
        "select * from pg_authid",
        "update clique.products set title = 'x'",
        "delete from clique.orders",
        "create table clique.x ()",
        "create or replace function clique.own_store() returns bigint language sql as 'select 2'",
        "drop view clique.orders",
        "select lo_create(0)",
        "select pg_advisory_lock(hashtextextended('refresh_warehouse', 0))",
    ]
    with owner_session() as session:
        denied.append(f"set role {logins_service.login_name(session, stores.south)}")
    analyst.execute("set default_transaction_read_only = off")
    for statement in denied:
        with pytest.raises(
            (
                psycopg.errors.InsufficientPrivilege,
                psycopg.errors.WrongObjectType,
                psycopg.errors.ObjectNotInPrerequisiteState,
            )
        ):
            asked(analyst, statement)
    for store_id in (stores.south, stores.north):  # settings a user can change say nothing
        analyst.execute(sql.SQL("set app.store_id = {}").format(str(store_id)))
        analyst.execute("set row_security = on")
        analyst.execute("set search_path = pg_temp, public, clique")
        assert asked(analyst, "select clique.net_sales('2026-06-20', '2026-09-17')") == [(mine,)]
        assert asked(analyst, "select distinct store_id from clique.orders") == [(stores.north,)]
    analyst.execute("set role clique_analyst")
    assert asked(analyst, "select clique.net_sales('2026-06-20', '2026-09-17')") == [(mine,)]
    analyst.execute("reset role")
    # tables of one's own in the way of the functions' tables, and a function that tells of every row it meets
    analyst.execute("create temp table shop_order (store_id bigint); create temp table sale_entry (store_id bigint)")
    assert asked(analyst, "select clique.net_sales('2026-06-20', '2026-09-17')") == [(mine,)]
    met: list[str] = []
    analyst.add_notice_handler(lambda notice: met.append(notice.message_primary or ""))
    analyst.execute(
        "create function pg_temp.tells(id bigint) returns boolean language plpgsql cost 0.0000001 as "
        "'begin raise notice ''store %'', id; return true; end'"
    )
    for view in ("orders", "customers", "order_lines", "sessions"):
        asked(analyst, f"select count(*) from clique.{view} where pg_temp.tells(store_id)")
    assert set(met) == {f"store {stores.north}"}
    outside = "schemaname not in ('pg_catalog', 'information_schema') and not starts_with(schemaname, 'pg_temp')"
    assert asked(analyst, f"select count(*) from pg_stats where {outside}") == [(0,)]
    assert asked(
        analyst,
        "select count(*) from pg_stat_activity where query <> '<insufficient privilege>' and usename <> session_user",
    ) == [(0,)]


def test_a_login_of_another_database_or_of_no_store_sees_nothing(stores: Stores) -> None:
    with psycopg.connect(settings().database_url, autocommit=True) as owner:
        [[number]] = asked(owner, "select oid from pg_database where datname = current_database()")
        strangers = (f"clique_analyst_{stores.south}_{number + 1}", f"x_clique_analyst_{stores.south}_{number}")
        try:
            for name in strangers:
                owner.execute(sql.SQL("create role {} in role clique_analyst").format(sql.Identifier(name)))
                owner.execute(sql.SQL("set session authorization {}").format(sql.Identifier(name)))
                assert asked(owner, "select count(*) from clique.orders") == [(0,)]
                assert asked(owner, "select clique.net_sales('2026-06-20', '2026-09-17')") == [(None,)]
                owner.execute("reset session authorization")
        finally:
            owner.execute("reset session authorization")
            for name in strangers:
                owner.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))


@pytest.mark.usefixtures("stores")
def test_a_login_is_given_a_new_password_and_taken_away() -> None:
    store_id = make_store("west.myshopify.com")  # the others are read by the tests beside this one
    with owner_session() as session:
        first = logins_service.give(session, store_id)
    former = psycopg.connect(first.url, autocommit=True)
    with owner_session() as session:
        login = logins_service.give(session, store_id)
    with pytest.raises(psycopg.OperationalError):
        former.execute("select 1")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(first.url)
    with psycopg.connect(login.url) as analyst:
        assert asked(analyst, "show default_transaction_read_only") == [("on",)]
        assert asked(analyst, "select count(*) from orders") == [(0,)]  # its search path is clique
    with owner_session() as session:
        logins_service.take_away(session, store_id)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(login.url)
    with pytest.raises(NotFound), owner_session() as session:
        logins_service.take_away(session, store_id)


def test_each_view_is_filled_while_it_is_read_and_says_when(stores: Stores, analyst: psycopg.Connection) -> None:
    refreshed = dict(asked(analyst, "select view, refreshed_at from clique.refreshed"))
    assert refreshed.keys() == {view.name for view in definition.KEPT}
    with store_session(stores.north) as session:
        add = "update product set title = 'Renamed' where store_id = :store and product_id = 3"
        session.connection().execute(text(add), {"store": stores.north})
    with database.warehouse_session() as session:
        assert not warehouse.due(session)
        warehouse.refresh(session, "product_days")
    assert asked(analyst, "select distinct product from clique.product_days where product_id = 3") == [("Renamed",)]
    later = dict(asked(analyst, "select view, refreshed_at from clique.refreshed"))
    assert {view for view in later if later[view] > refreshed[view]} == {"product_days"}


def test_the_document_names_every_view() -> None:
    told = DOCS.read_text()
    assert [view.name for view in definition.VIEWS if f"`{view.name}`" not in told] == []


def test_what_was_restated_is_shown_with_its_former_value_and_the_present_one(analyst: psycopg.Connection) -> None:
    query = (
        "select day, campaign, ad, former_spend, spend, former_reported_revenue, reported_revenue, replaced_at is null"
        " from clique.restated_ad_days order by campaign"
    )
    figures = (Decimal(8), Decimal("3.000123"), Decimal(50), Decimal(0), False)
    assert asked(analyst, query) == [(WHOLE.start, f"Campaign {n}", "Ad", *figures) for n in (0, 1)]
    query = "select day, model, channel, cause, after / before, change / before from clique.restatements"
    assert asked(analyst, query) == [(WHOLE.start, "last", "meta", "journeys", 3, 2)]


def test_what_is_changed_by_hand_is_found_and_made_anew(stores: Stores) -> None:
    with owner_session() as session:
        assert warehouse.drift(session) == []
        assert not warehouse.make(session)
    with psycopg.connect(settings().database_url, autocommit=True) as owner:
        owner.execute("drop function clique.aov_by")
        owner.execute(
            "create or replace view clique.products with (security_barrier) as select store_id, product_id, "
            "title, handle, product_type, vendor, status, not active as active from product"
        )
        owner.execute("create view clique.extra as select 1 as one")
    with owner_session() as session:
        assert warehouse.drift(session) == [
            "clique.aov_by(text,date,date) is missing.",
            "clique.extra is not one of ours.",
            "clique.products was changed.",
        ]
        assert warehouse.make(session, anew=True)
    with owner_session() as session:
        assert warehouse.drift(session) == []
