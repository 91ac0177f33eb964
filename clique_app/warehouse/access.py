"""Who may read what: the warehouse's roles, the policies that confine them, and the store of an analyst's login. Pure.

clique_warehouse keeps the materialized views and reads all stores; clique_reader owns what computes on the rows when an
analyst asks, and reads that analyst's store alone; clique_analyst may use the schema `clique` and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from clique_app.roles import ANALYST_ROLE, APP_ROLE, READER_ROLE, SYSTEM_ROLE, WAREHOUSE_ROLE
from clique_app.tables import METADATA

OWN_STORE = "(select clique.own_store())"

ROLES = f"""
do $$
declare r text;
begin
  foreach r in array array['{WAREHOUSE_ROLE}', '{READER_ROLE}', '{ANALYST_ROLE}'] loop
    if not exists (select from pg_roles where rolname = r) then
      begin
        execute format('create role %I nologin', r);
      exception when duplicate_object or unique_violation then null;  -- another database's start was first
      end;
    end if;
    if r <> '{ANALYST_ROLE}' then
      execute format('grant %I to current_user', r);
      execute format('grant usage on schema public to %I', r);
    end if;
  end loop;
end $$
"""

SCHEMAS = (
    f"create schema clique_kept authorization {WAREHOUSE_ROLE}",
    f"create schema clique authorization {WAREHOUSE_ROLE}",
    f"grant usage, create on schema clique to {READER_ROLE}",
    f"grant usage on schema clique_kept to {READER_ROLE}",
    f"grant usage on schema clique to {ANALYST_ROLE}",
)
DROP = (
    "drop schema if exists clique cascade",  # the readers' policies go with own_store, on which they rest
    "drop schema if exists clique_kept cascade",
    """
    do $$
    declare p record;
    begin
      for p in select tablename from pg_policies where schemaname = 'public' and policyname = 'warehouse' loop
        execute format('drop policy warehouse on public.%I', p.tablename);
      end loop;
    end $$
    """,
)

# PostgreSQL's own functions that anybody may call and no analyst is to: locks by number, for which the work of all
# stores waits, and large objects, which stay when the session that made them has ended.
NOT_FOR_ALL = """
select p.oid::regprocedure as name, pg_has_role(p.proowner, 'usage') as is_ours
from pg_proc p
where p.pronamespace = 'pg_catalog'::regnamespace and has_function_privilege('public', p.oid, 'execute')
  and (p.proname ~ '^pg_(try_)?advisory_(xact_)?lock' or p.proname ~ '^lo_(creat|create|from_bytea|import)$')
"""
# only a superuser can withhold them; where the owner of the database is none, it is told, and holders are ended
WITHHOLD = f"""
do $$
declare f record;
begin
  for f in select name from ({NOT_FOR_ALL}) found where is_ours loop
    execute format('revoke execute on function %s from public', f.name);
    execute format(
      'grant execute on function %s to current_user, {APP_ROLE}, {SYSTEM_ROLE}, {WAREHOUSE_ROLE}', f.name
    );
  end loop;
end $$
"""

# The name of a login is what it may see: nobody but who makes roles can change it, and session_user neither follows
# SET ROLE nor a function's owner. The database's number keeps a login of another database on the server out.
_OWN_STORE_FUNCTION = """
create function clique.own_store() returns bigint language sql stable parallel safe set search_path = pg_catalog as $$
  select substring(session_user::text from '^clique_analyst_([0-9]+)_' || d.oid || '$')::bigint
  from pg_database d where d.datname = current_database()
$$
"""


# sessions of analysts of this database that hold or wait for a lock by number
LOCKERS = """
select distinct a.usename from pg_locks l join pg_stat_activity a using (pid)
join pg_database d on d.datname = current_database()
where l.locktype = 'advisory' and a.usename ~ ('^clique_analyst_[0-9]+_' || d.oid || '$')
"""


def login_of(store_id: int, database_oid: int) -> str:
    """The name of a store's analyst login."""
    return f"clique_analyst_{store_id}_{database_oid}"


def policies(statements: Iterable[str]) -> Iterator[str]:
    """Let the two roles read the tables that the statements name, and no other."""
    words = set(re.findall(r"\w+", " ".join(statements)))
    yield _OWN_STORE_FUNCTION
    yield f"revoke all on all tables in schema public from {WAREHOUSE_ROLE}, {READER_ROLE}"
    for table in sorted(words & set(METADATA.tables)):
        yield f"grant select on {table} to {WAREHOUSE_ROLE}, {READER_ROLE}"
        yield f"create policy warehouse on {table} for select to {WAREHOUSE_ROLE} using (true)"
        yield f"create policy analyst on {table} for select to {READER_ROLE} using (store_id = {OWN_STORE})"


GRANTS = (
    "revoke all on all functions in schema clique, clique_kept from public",
    f"grant execute on all functions in schema clique_kept to {READER_ROLE}, {WAREHOUSE_ROLE}",
    f"grant execute on all functions in schema clique to {ANALYST_ROLE}, {READER_ROLE}, {WAREHOUSE_ROLE}",
    f"grant select on all tables in schema clique to {ANALYST_ROLE}",
)
