"""All that makes the warehouse, in order, and a fingerprint of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

from clique_app.roles import READER_ROLE, WAREHOUSE_ROLE
from clique_app.warehouse import access, functions
from clique_app.warehouse.access import OWN_STORE
from clique_app.warehouse.catalogue_views import CATALOGUE_VIEWS
from clique_app.warehouse.performance import PERFORMANCE, PERFORMANCE_VIEW
from clique_app.warehouse.store_views import DATES, LIVE_VIEWS, STORE_VIEWS
from clique_app.warehouse.view import View

# an entry rests on those before it alone
VIEWS: tuple[View, ...] = (DATES, *CATALOGUE_VIEWS, *STORE_VIEWS, *LIVE_VIEWS, PERFORMANCE_VIEW)
FUNCTIONS = (*functions.functions(), PERFORMANCE)
KEPT = tuple(view for view in VIEWS if view.kept)

_BOOKS = (
    "create table clique_kept.made (fingerprint text not null)",
    "create table clique_kept.object (name text primary key, fingerprint text not null)",
    "create table clique_kept.refresh (view text primary key, refreshed_at timestamptz not null, seconds numeric)",
    "create view clique.refreshed as select view, refreshed_at, seconds from clique_kept.refresh",
    "comment on view clique.refreshed is 'When each materialized view was last refreshed.'",
)


def _views() -> Iterator[str]:
    for view in KEPT:
        yield f"create materialized view clique_kept.{view.name} as {view.sql} with no data"
        yield f"create unique index on clique_kept.{view.name} (store_id, {', '.join(view.key)})"
        yield (
            f"create view clique.{view.name} with (security_barrier) as "
            f"select * from clique_kept.{view.name} where store_id = {OWN_STORE}"
        )
        yield _comment(view)


def _live_views() -> Iterator[str]:
    for view in VIEWS:
        if not view.kept:
            yield f"create view clique.{view.name} with (security_barrier) as {view.sql}"
            yield _comment(view)


def _comment(view: View) -> str:
    told = view.meaning.replace("'", "''")
    return f"comment on view clique.{view.name} is '{told}'"


@lru_cache(maxsize=1)
def statements() -> tuple[str, ...]:
    """What makes everything anew, for the database's owner. own_store comes first: views and policies rest on it."""
    rest_on, made = functions.foundations(), tuple(functions.statements(FUNCTIONS))
    return (
        access.ROLES,
        access.WITHHOLD,
        *access.DROP,
        *access.SCHEMAS,
        *access.policies((*rest_on, *made, *(view.sql for view in VIEWS))),
        f"set local role {WAREHOUSE_ROLE}",
        *_BOOKS,
        *rest_on,
        *_views(),
        f"set local role {READER_ROLE}",
        *made,
        *_live_views(),
        "reset role",
        *access.GRANTS,
    )


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Changes with anything that makes it."""
    return blake2b("\n".join(statements()).encode(), digest_size=16).hexdigest()
