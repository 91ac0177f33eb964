"""Products of a file: those the platform has not given, and costs of variants that have none."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from clique_app import clock
from clique_app.imports.definition import Done, Judged, Tell, counted, quietly
from clique_app.imports.records import ParsedFile
from clique_app.imports.values import made_id
from clique_app.sync.staging_service import COST_DAY, COST_KINDS, COST_ON_DAY, cursor, stage
from clique_app.tables import Store
from clique_app.tables.imports import NO_DAY

PRODUCT_COLUMNS = (
    "line int", "product_id bigint", "handle text", "title text", "product_type text", "vendor text", "status text",
    "state text",
)  # fmt: skip
VARIANT_COLUMNS = (
    "handle text", "product_id bigint", "variant_id bigint", "title text", "sku text", "price numeric", "tracked bool",
    "backorder bool", "cost numeric",
)  # fmt: skip
SAMPLE = 10
STATES = {"new": "New", "replaced": "Costs will be added", "kept": "Already here"}
# a product of a file is older than anything the platform says of it
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

KNOW_PRODUCTS = """
update file_product f set product_id = p.product_id, state = 'kept'
from (
  select distinct on (handle) handle, product_id from product
  where store_id = %(store)s order by handle, active desc, product_id desc
) p
where p.handle = f.handle
"""
KNOW_VARIANTS = (
    "update file_variant v set product_id = f.product_id from file_product f where f.handle = v.handle",
    """
update file_variant f set variant_id = v.variant_id from variant v
where v.store_id = %(store)s and v.product_id = f.product_id and v.title = f.title
""",
    """
update file_variant f set variant_id = v.variant_id
from (
  select product_id, sku, min(variant_id) as variant_id from variant
  where store_id = %(store)s and sku <> '' group by 1, 2 having count(*) = 1
) v
where v.product_id = f.product_id and v.sku = f.sku
""",
)
# the platform's costs go before a file's; a file's own may be put right by another file
COSTS = """
select v.variant_id, v.cost, v.handle from file_variant v
join variant on variant.store_id = %(store)s and variant.variant_id = v.variant_id
left join lateral (
  select u.cost, r.file_id is not null as own from unit_cost u
  left join imported_row r
    on r.store_id = u.store_id and r.kind = 'unit_cost' and r.row_id = u.variant_id and r.day = u.valid_from
  where u.store_id = %(store)s and u.variant_id = v.variant_id and u.valid_from <= %(today)s
  order by u.valid_from desc limit 1
) latest on true
where v.cost is not null and (latest.cost is null or latest.own and latest.cost <> v.cost)
"""
JUDGE = f"""
update file_product set state = 'replaced' where state = 'kept' and handle in (select handle from ({COSTS}) c)
"""  # noqa: S608
PRODUCTS = """
insert into product (store_id, product_id, title, handle, product_type, vendor, status, active, updated_at)
select %(store)s, product_id, title, handle, product_type, vendor, status, true, %(never)s
from file_product where state = 'new'
on conflict do nothing
"""
VARIANTS = """
insert into variant (store_id, variant_id, product_id, inventory_item_id, title, sku, price, tracked, backorder, active)
select %(store)s, v.variant_id, v.product_id, v.variant_id, v.title, v.sku, v.price, v.tracked, v.backorder, true
from file_variant v join file_product f using (handle)
where f.state = 'new'
on conflict do nothing
"""
ADD_COSTS = f"""
insert into unit_cost (store_id, variant_id, valid_from, cost)
select distinct on (c.variant_id) %(store)s::bigint, c.variant_id, %(today)s::date, c.cost
from ({COSTS}) c
order by c.variant_id
on conflict (store_id, variant_id, valid_from) do update set cost = excluded.cost
returning variant_id
"""  # noqa: S608
RECOST = f"""
update sale_entry e set unit_cost = c.cost
from unnest(%(variants)s::bigint[]) v (variant_id)
left join lateral (
  select known.variant_id, known.cost, known.from_day, known.to_day from ({COST_ON_DAY}) known
  where known.variant_id = v.variant_id
) c on true
where e.store_id = %(store)s and e.variant_id = v.variant_id and e.kind = any(%(cost_kinds)s)
  and (c.variant_id is null or {COST_DAY} >= c.from_day and {COST_DAY} < c.to_day)
  and e.unit_cost is distinct from c.cost
"""  # noqa: S608
KEEP_ROWS = """
insert into imported_row (store_id, kind, row_id, day, file_id)
select %(store)s, 'product', product_id, %(no_day)s, %(file)s from file_product where state = 'new'
union all
select %(store)s, 'unit_cost', unnest(%(variants)s::bigint[]), %(today)s, %(file)s
on conflict (store_id, kind, row_id, day) do update set file_id = excluded.file_id
"""
REMOVE_COSTS = """
delete from unit_cost u using imported_row r
where r.store_id = %(store)s and r.file_id = %(file)s and r.kind = 'unit_cost'
  and u.store_id = %(store)s and u.variant_id = r.row_id and u.valid_from = r.day
returning u.variant_id
"""
REMOVE_PRODUCTS = """
delete from product p using imported_row r
where r.store_id = %(store)s and r.file_id = %(file)s and r.kind = 'product'
  and p.store_id = %(store)s and p.product_id = r.row_id and p.updated_at = %(never)s
"""


class ProductsFile:
    """Shopify's products export."""

    key = "products"
    noun = "products"
    replaces = ""

    def judge(self, session: Session, store_id: int, parsed: ParsedFile) -> Judged:
        states = self._stage(session, store_id, parsed)
        counts = Counter(states.values())
        costs = sum(variant.cost is not None for one in parsed.products for variant in one.variants)
        return Judged(
            counts["new"],
            counts["replaced"],
            counts["kept"],
            columns=("Line", "Product", "Handle", "Variants", "With a cost", "Here"),
            sample=tuple(
                (
                    str(one.line),
                    one.title,
                    one.handle,
                    str(len(one.variants)),
                    str(sum(variant.cost is not None for variant in one.variants)),
                    STATES[states[one.handle]],
                )
                for one in parsed.products[:SAMPLE]
            ),
            notes=(f"{costs:,} variants have a cost. It counts where Shopify gives none.",),
        )

    def write(self, session: Session, store_id: int, file_id: int, parsed: ParsedFile, tell: Tell) -> Done:
        states = self._stage(session, store_id, parsed, tell)
        values = {**self._values(session, store_id), "file": file_id}
        with cursor(session) as run:
            run.execute("select pg_advisory_xact_lock(hashtextextended('unit_cost', %(store)s))", values)
            run.execute(PRODUCTS, values)
            run.execute(VARIANTS, values)
            variants = [variant for (variant,) in run.execute(ADD_COSTS, values).fetchall()]
            values["variants"] = variants
            run.execute(RECOST, values)
            run.execute(KEEP_ROWS, values)
        counts = Counter(states.values())
        return Done({**{key: counts[key] for key in ("new", "replaced", "kept")}, "costs": len(variants)})

    def remove(self, session: Session, store_id: int, file_id: int) -> Done:
        values = {**self._values(session, store_id), "file": file_id}
        with cursor(session) as run:
            run.execute("select pg_advisory_xact_lock(hashtextextended('unit_cost', %(store)s))", values)
            values["variants"] = [variant for (variant,) in run.execute(REMOVE_COSTS, values).fetchall()]
            run.execute(RECOST, values)
            removed = run.execute(REMOVE_PRODUCTS, values).rowcount
        return Done({"removed": removed, "costs": len(values["variants"])})

    def _stage(self, session: Session, store_id: int, parsed: ParsedFile, tell: Tell = quietly) -> dict[str, str]:
        products = (
            (
                one.line, made_id("product", one.handle), one.handle, one.title, one.product_type, one.vendor,
                one.status, "new",
            )
            for one in counted(parsed.products, tell)
        )  # fmt: skip
        variants = (
            (
                one.handle, None, made_id("variant", one.handle, variant.title), variant.title, variant.sku,
                variant.price, variant.tracked, variant.backorder, variant.cost,
            )
            for one in parsed.products
            for variant in one.variants
        )  # fmt: skip
        stage(session, "file_product", PRODUCT_COLUMNS, products)
        stage(session, "file_variant", VARIANT_COLUMNS, variants)
        values = self._values(session, store_id)
        with cursor(session) as run:
            for statement in (KNOW_PRODUCTS, *KNOW_VARIANTS, JUDGE):
                run.execute(statement, values)
            return dict(run.execute("select handle, state from file_product").fetchall())

    def _values(self, session: Session, store_id: int) -> dict[str, Any]:
        return {
            "store": store_id,
            "today": clock.today(session.get_one(Store, store_id).time_zone),
            "never": NEVER,
            "no_day": NO_DAY,
            "cost_kinds": list(COST_KINDS),
        }
