"""What a database holds, to be compared with what it held before."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from clique_app.settings import settings


def rows(*ignored: str) -> dict[str, Any]:
    """How many rows every table but some has, with a digest of them."""
    with psycopg.connect(settings().database_url) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'public' and table_type = 'BASE TABLE'"
        ).fetchall()
        return {
            table: connection.execute(
                sql.SQL("select count(*), md5(string_agg(t::text, '|' order by t::text)) from {} t").format(
                    sql.Identifier(table)
                )
            ).fetchone()
            for (table,) in tables
            if table not in ignored
        }
