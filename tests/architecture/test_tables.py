"""Tenancy is in the shape of the tables, not in the care of whoever writes a query."""

import pytest
import sqlalchemy as sa

from clique_app.connections.key_rotation import SEALED
from clique_app.tables import APPEND_ONLY_TABLES, GLOBAL_TABLES, METADATA

TABLES = sorted(METADATA.tables.values(), key=lambda table: table.name)
OWNED = [table for table in TABLES if table.name not in GLOBAL_TABLES]


@pytest.mark.parametrize("table", OWNED, ids=lambda table: table.name)
def test_the_store_leads_every_key(table: sa.Table) -> None:
    assert table.primary_key.columns.keys()[0] == "store_id"
    for constraint in table.constraints:
        if isinstance(constraint, sa.ForeignKeyConstraint | sa.UniqueConstraint) and table.name != "store":
            assert constraint.columns.keys()[0] == "store_id"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_times_are_aware_and_money_is_exact(table: sa.Table) -> None:
    for column in table.columns:
        if isinstance(column.type, sa.DateTime):
            assert column.type.timezone, column
        assert not isinstance(column.type, sa.Float) or isinstance(column.type, sa.Numeric), column


def test_the_tuples_name_tables_that_exist() -> None:
    assert set(GLOBAL_TABLES) | set(APPEND_ONLY_TABLES) <= set(METADATA.tables)
    assert all("store_id" not in METADATA.tables[name].columns for name in GLOBAL_TABLES)


def test_every_secret_that_is_stored_is_rotated_with_the_keys() -> None:
    secret = {
        (table.name, column.name)
        for table in TABLES
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary) and column.name.endswith(("token", "secret", "key"))
    }
    assert secret == set(SEALED)
