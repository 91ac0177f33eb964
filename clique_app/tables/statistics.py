"""The planner's statistics of tables that an import fills faster than autovacuum looks at them."""

from __future__ import annotations

FILLED = (
    *("shop_order", "order_line", "sale_entry", "touch", "customer", "credit", "credit_day"),
    *("campaign", "ad", "ad_product", "ad_day", "campaign_region_day"),
)

# Analyses those that have grown fourfold since they were last analysed; the app's role may not do it itself. Without
# it the planner takes a store of thousands of orders for one of thirty, and reads all of it for each batch.
ANALYZE_GROWN = f"""
create function analyze_grown() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare grown regclass;
begin
  for grown in
    select oid from pg_class
    where oid = any (array[{", ".join(f"'public.{table}'::regclass" for table in FILLED)}])
      and pg_relation_size(oid) > 4 * greatest(relpages, 4) * current_setting('block_size')::bigint
  loop
    execute format('analyze (skip_locked) %s', grown);
  end loop;
end $$
"""  # noqa: S608  # names of our own
GRANTS = (
    "revoke all on function analyze_grown() from public",
    "grant execute on function analyze_grown() to clique_app",
)
