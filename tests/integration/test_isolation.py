"""Two stores side by side never see each other's rows, not even in raw SQL under the app's role."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from clique_app import clock
from clique_app.database import owner_session, store_session, system_session, warehouse_session
from clique_app.roles import APP_ROLE
from clique_app.settings import settings
from clique_app.tables import GLOBAL_TABLES, METADATA, Customer, Store, StoreSettings

OWNED = sorted(set(METADATA.tables) - set(GLOBAL_TABLES))


@pytest.fixture
def two_stores(database_env: None) -> tuple[int, int]:
    with system_session() as session:
        stores = [Store(shop_domain=f"{name}.myshopify.com", installed_at=clock.now()) for name in ("north", "south")]
        session.add_all(stores)
        session.flush()
        north, south = (store.store_id for store in stores)
    for store_id in (north, south):
        with store_session(store_id) as session:
            session.add(StoreSettings(store_id=store_id))
            session.add(Customer(store_id=store_id, customer_id=7))
    return north, south


def test_every_owned_table_forces_row_level_security(database_env: None) -> None:
    with psycopg.connect(settings().database_url) as connection:
        for table in OWNED:
            flags = connection.execute(
                "select relrowsecurity, relforcerowsecurity from pg_class where oid = %s::regclass", [table]
            ).fetchone()
            policies = connection.execute(
                "select count(*) from pg_policies where tablename = %s and %s = any(roles)", [table, APP_ROLE]
            ).fetchone()
            assert flags == (True, True), table
            assert policies == (1,), table


def test_a_store_sees_its_own_rows_only_in_every_table(two_stores: tuple[int, int]) -> None:
    north, _ = two_stores
    with store_session(north) as session:
        for table in OWNED:
            seen = session.connection().execute(text(f"select distinct store_id from {table}")).scalars().all()
            assert set(seen) <= {north}, table
        assert session.connection().execute(text("select count(*) from customer")).scalar() == 1


def test_a_row_of_another_store_can_be_neither_written_nor_changed(two_stores: tuple[int, int]) -> None:
    north, south = two_stores
    with pytest.raises(ProgrammingError, match="row-level security"), store_session(north) as session:
        session.add(Customer(store_id=south, customer_id=8))
    with store_session(north) as session:
        connection = session.connection()
        assert connection.execute(text(f"update customer set region = 'x' where store_id = {south}")).rowcount == 0
        assert connection.execute(text(f"delete from customer where store_id = {south}")).rowcount == 0


def test_the_apps_role_without_a_store_sees_nothing(two_stores: tuple[int, int]) -> None:
    with psycopg.connect(settings().database_url, options=f"-c role={APP_ROLE}") as connection:
        for table in OWNED:
            assert connection.execute(f"select count(*) from {table}").fetchone() == (0,), table  # pyright: ignore


@pytest.mark.parametrize("table", GLOBAL_TABLES)
def test_a_stores_session_cannot_read_what_belongs_to_no_store(two_stores: tuple[int, int], table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), store_session(two_stores[0]) as session:
        session.connection().execute(text(f"select * from {table}"))


def test_the_system_role_sees_the_directory_of_stores_and_no_store_data(two_stores: tuple[int, int]) -> None:
    with system_session() as session:
        assert session.connection().execute(text("select count(*) from store")).scalar() == 2
    with pytest.raises(ProgrammingError, match="permission denied"), system_session() as session:
        session.connection().execute(text("select * from customer"))


def test_no_session_lets_the_database_compile_its_queries(two_stores: tuple[int, int]) -> None:
    """Ordinary servers do unless told otherwise; it costs more than it saves, and ours are measured without."""
    for opened in (store_session(two_stores[0]), system_session(), warehouse_session(), owner_session()):
        with opened as session:
            assert session.connection().execute(text("show jit")).scalar() == "off"


def test_the_audit_trail_can_be_added_to_but_not_changed(two_stores: tuple[int, int]) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), store_session(two_stores[0]) as session:
        session.connection().execute(text("update audit_entry set what = 'x'"))
