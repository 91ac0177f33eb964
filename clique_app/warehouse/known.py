"""Whether a total or reading is known of a store, as SQL: what it needs is there, its sources are read back to the day.

The reasons in words are metrics/reasons_service's; a test holds the two against each other for every metric.
"""

from __future__ import annotations

from collections.abc import Sequence

from clique_app.metrics import registry
from clique_app.metrics.definition import Dimension, Leaf, Need, Reading
from clique_app.metrics.reasons_service import LAST_DAY, TOLD, WITHOUT_RATE
from clique_app.tables.ads import FILE_ACCOUNT
from clique_app.tables.site import PIXEL

_SHEET = f"exists (select from campaign f where f.store_id = $1 and f.account_id = '{FILE_ACCOUNT}')"
_MET: dict[Need, str] = {
    "rates": f"not exists ({WITHOUT_RATE.format(store='$1')})",
    "ads": f"""(exists (select from ad_account k where k.store_id = $1) or {_SHEET})
      and (exists (select from sync_cursor c where c.store_id = $1 and c.source like '%\\_ads'
             and c.fresh_at is not null) or {_SHEET})""",
    "costs": """exists (select from unit_cost u where u.store_id = $1)
      or exists (select from store_settings x where x.store_id = $1 and x.default_cost_pct is not null)""",
    "email": """exists (select from sync_cursor c where c.store_id = $1 and c.source = 'klaviyo_email'
      and c.fresh_at is not null)""",
    "history": "exists (select from store s where s.store_id = $1 and s.history_complete)",
    "site": f"exists (select from sync_cursor c where c.store_id = $1 and c.source = '{PIXEL}')",
    **{need: f"exists (select from {rows} where store_id = $1)" for need, (rows, _) in TOLD.items()},
}

_MAKE = "language sql stable set search_path = pg_catalog, public, pg_temp as"
_CASES = "\n".join(f"when '{need}' then {told}" for need, told in _MET.items())
KNOWN_FUNCTIONS = (
    # what it needs is there, and orders, where they are a source, have been read
    f"""create function clique_kept.is_met(store_id bigint, needs text[], sources text[]) returns boolean {_MAKE} $$
    select $1 is not null
      and ('shopify_orders' <> all ($3) or not exists (
        select from sync_cursor c where c.store_id = $1 and c.source = 'shopify_orders'
          and c.read_to is null and c.source_count is null))
      and not exists (select from unnest($2) need where not coalesce(case need {_CASES} end, false))
    $$""",
    # the first day that all its sources have been read from; null: from their beginning
    f"""create function clique_kept.read_from(store_id bigint, sources text[]) returns date {_MAKE} $$
    select max(c.history_from) from sync_cursor c
    where c.store_id = $1 and (c.source = any ($2) or 'ads' = any ($2) and c.source like '%\\_ads')
    $$""",
    f"""create function clique_kept.is_known(store_id bigint, needs text[], sources text[], from_day date)
    returns boolean {_MAKE} $$
    select clique_kept.is_met($1, $2, $3) and coalesce($4 >= clique_kept.read_from($1, $3), true)
    $$""",
    f"""create function clique_kept.last_day(store_id bigint) returns date {_MAKE} $$
    {LAST_DAY.format(store="$1")} $$""",
)


# until when it is told how things stood at the end
UNTIL = "(select greatest(:start, least(:end, clique_kept.last_day(:store_id))))"


def known(leaf: Leaf, *dimensions: Dimension) -> str:
    """The condition for the asked days of the asked store, by these dimensions; of no days nothing is known."""
    needed, read = array(registry.needs(leaf, dimensions)), array(leaf.sources)
    told = f":start <= :end and clique_kept.is_known(:store_id, {needed}, {read}, :start)"
    if isinstance(leaf, Reading) and leaf.as_of_end:
        told += " and coalesce(:start <= clique_kept.last_day(:store_id), true)"
    return told


def array(words: Sequence[str]) -> str:
    """A literal array of text."""
    listed = ", ".join(f"'{word}'" for word in words)
    return f"array[{listed}]::text[]"
