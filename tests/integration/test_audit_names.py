"""What older versions wrote into the audit trail is brought to what is written now."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest

from tests.conftest import PROJECT
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")
BEFORE = "0039_audit_without_file_names-1"


def test_the_trail_forgets_the_names_of_files_and_nothing_else(database_url: str) -> None:
    store_id = make_store()
    insert = "insert into audit_entry (store_id, at, what, detail) values (%s, now(), %s, %s)"
    with psycopg.connect(database_url) as connection:
        connection.execute(insert, [store_id, "file.imported", '{"file_id": 1, "name": "Ann Example.csv"}'])
        connection.execute(insert, [store_id, "file.removed", '{"file_id": 2, "name": "Ann Example.csv"}'])
        connection.execute(insert, [store_id, "flow_kind_set", '{"name": "Welcome"}'])
    for step in (("downgrade", BEFORE), ("upgrade", "head")):
        environment = {**os.environ, "DATABASE_URL": database_url}
        subprocess.run([sys.executable, "-m", "alembic", *step], check=True, cwd=PROJECT, env=environment)
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("select detail from audit_entry order by entry_id").fetchall()
        forced = connection.execute("select relforcerowsecurity from pg_class where relname = 'audit_entry'").fetchall()
    assert kept == [({"file_id": 1},), ({"file_id": 2},), ({"name": "Welcome"},)]
    assert forced == [(True,)]
