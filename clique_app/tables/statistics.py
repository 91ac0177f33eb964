"""The planner's statistics of tables that an import fills faster than autovacuum looks at them."""

from __future__ import annotations

FILLED = (
    *("shop_order", "order_line", "sale_entry", "touch", "customer", "credit", "credit_day"),
    *("campaign", "ad", "ad_product", "ad_day", "campaign_region_day"),
)

# Bytes that are known: none where the rows of a writer who had not come to its end were counted, as pages without rows.
_KNOWN = "relpages * (reltuples >= relpages)::int * current_setting('block_size')::bigint"
# Analyses those that have grown fourfold since they were last analysed; the app's role may not do it itself. Without
# it the planner takes a store of thousands of orders for one of thirty, and reads all of it for each batch.
ANALYZE_GROWN = f"""
create or replace function analyze_grown() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare grown regclass;
begin
  for grown in
    select oid from pg_class
    where oid = any (array[{", ".join(f"'public.{table}'::regclass" for table in FILLED)}])
      and pg_relation_size(oid) > 4 * greatest({_KNOWN}, 32768)
  loop
    execute format('analyze (skip_locked) %s', grown);
  end loop;
end $$
"""  # noqa: S608  # names of our own
# Analyses what autovacuum would analyse at its next look, a minute later: an import has come to its end, and pages,
# advice and the analysts' views are made of it now. Growth shows in a table's size before it is counted.
ANALYZE_CHANGED = f"""
create or replace function analyze_changed() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare changed regclass;
begin
  for changed in
    select relid from pg_stat_user_tables join pg_class on oid = relid
    where schemaname = 'public'
      and (n_mod_since_analyze > n_live_tup / 10
           or pg_relation_size(relid) > 1.1 * {_KNOWN})
  loop
    execute format('analyze (skip_locked) %s', changed);
  end loop;
end $$
"""  # noqa: S608


def grants(function: str) -> tuple[str, str]:
    """That only the app may call a function without arguments."""
    return (
        f"revoke all on function {function}() from public",
        f"grant execute on function {function}() to clique_app",
    )
