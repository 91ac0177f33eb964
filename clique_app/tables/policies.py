"""Roles, grants and row-level security, applied by migrations (Alembic's autogenerate does not see policies)."""

from __future__ import annotations

from collections.abc import Iterator

ROLES = """
do $$
declare r text;
begin
  foreach r in array array['clique_app', 'clique_system'] loop
    if not exists (select from pg_roles where rolname = r) then
      begin
        execute format('create role %I nologin', r);
      exception when duplicate_object or unique_violation then null;  -- another database's migration was first
      end;
    end if;
    execute format('grant %I to current_user', r);
    execute format('grant usage on schema public to %I', r);
  end loop;
end $$
"""

OWN_STORE = "store_id = (select nullif(current_setting('app.store_id', true), '')::bigint)"


def store_owned(table: str, *, append_only: bool = False) -> Iterator[str]:
    """Statements that confine a table to the session's store for every role, its owner too."""
    yield f"alter table {table} enable row level security"
    yield f"alter table {table} force row level security"
    yield f"create policy own_store on {table} to clique_app using ({OWN_STORE}) with check ({OWN_STORE})"
    yield f"grant select, insert{'' if append_only else ', update, delete'} on {table} to clique_app"


def system_wide(table: str) -> Iterator[str]:
    """Statements that let the system role see all rows of a store-owned table."""
    yield f"create policy system on {table} to clique_system using (true) with check (true)"
    yield f"grant select, insert, update, delete on {table} to clique_system"


def system_only(table: str) -> Iterator[str]:
    """Statements for a global table: the system role's alone."""
    yield f"grant select, insert, update, delete on {table} to clique_system"


def system_forgets(table: str) -> Iterator[str]:
    """Statements that let the system role read and delete rows of an append-only table: retention and redaction."""
    for command in ("select", "delete"):
        yield f"create policy system_{command} on {table} for {command} to clique_system using (true)"
    yield f"grant select, delete on {table} to clique_system"
