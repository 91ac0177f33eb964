"""Customers of a file, and the buyers that orders of a file name by the hash of their e-mail."""

from __future__ import annotations

from typing import Any

import psycopg
from sqlmodel import Session

from clique_app.imports.definition import Done, Judged, Tell, counted, quietly
from clique_app.imports.records import ParsedFile
from clique_app.imports.values import made_id
from clique_app.sync import first_orders_service
from clique_app.sync.staging_service import cursor, stage
from clique_app.tables.imports import NO_DAY

COLUMNS = (
    "line int", "customer_id bigint", "email_hash text", "country text", "region text", "postal_code text",
    "state text",
)  # fmt: skip
SAMPLE = 10
STATES = {"new": "New", "replaced": "Will be completed", "kept": "Already here"}

# who has no id in the file is told by the e-mail; a platform's own id is above 0 and goes before one of ours
KNOW = """
update file_customer f set customer_id = c.customer_id
from (
  select encode(email_hmac, 'hex') as email_hash, max(customer_id) as customer_id from customer
  where store_id = %(store)s and email_hmac is not null group by 1
) c
where f.customer_id < 0 and f.email_hash = c.email_hash
"""
JUDGE = """
update file_customer f set state = case
    when c.customer_id is null then 'new'
    when c.updated_at is not null then 'kept'
    when (coalesce(encode(c.email_hmac, 'hex'), ''), c.country, c.region, c.postal_code)
         is distinct from (f.email_hash, f.country, f.region, f.postal_code) then 'replaced'
    else 'kept' end
from file_customer s
left join customer c on c.store_id = %(store)s and c.customer_id = s.customer_id
where f.line = s.line
"""
UPSERT = """
insert into customer as c (store_id, customer_id, email_hmac, country, region, postal_code)
select distinct on (customer_id) %(store)s::bigint, customer_id,
       case when email_hash <> '' then decode(email_hash, 'hex') end, country, region, postal_code
from file_customer where state <> 'kept' order by customer_id, line
on conflict (store_id, customer_id) do update set
  email_hmac = coalesce(excluded.email_hmac, c.email_hmac), country = excluded.country, region = excluded.region,
  postal_code = excluded.postal_code
where c.updated_at is null
returning customer_id, (xmax = 0) as is_new
"""
KEEP_ROWS = """
insert into imported_row (store_id, kind, row_id, day, file_id)
select %(store)s, 'customer', unnest(%(customers)s::bigint[]), %(no_day)s, %(file)s
on conflict (store_id, kind, row_id, day) do update set file_id = excluded.file_id
"""
FORGET = """
delete from customer c using imported_row r
where r.store_id = %(store)s and r.file_id = %(file)s and r.kind = 'customer'
  and c.store_id = %(store)s and c.customer_id = r.row_id and c.updated_at is null
  and not exists (select from shop_order o where o.store_id = %(store)s and o.customer_id = c.customer_id)
returning c.customer_id
"""
BUYERS = """
update file_order s set customer_id = c.customer_id
from file_own f
join (
  select encode(email_hmac, 'hex') as email_hash, max(customer_id) as customer_id from customer
  where store_id = %(store)s and email_hmac is not null group by 1
) c on c.email_hash = f.email_hash
where s.order_id = f.order_id
"""
NEW_BUYERS = """
insert into customer (store_id, customer_id, email_hmac, country, region, postal_code)
select distinct on (s.customer_id) %(store)s::bigint, s.customer_id, decode(f.email_hash, 'hex'), s.country, s.region,
       s.postal_code
from file_order s join file_own f using (order_id)
where s.customer_id < 0 and f.state <> 'kept' order by s.customer_id, s.processed_at desc
on conflict do nothing
returning customer_id
"""
# once the platform names a buyer that files had named first, the orders are the platform's customer's
ADOPT = """
with twin as (
  select f.customer_id as made, max(c.customer_id) as own
  from customer f join customer c on c.store_id = f.store_id and c.email_hmac = f.email_hmac and c.customer_id > 0
  where f.store_id = %(store)s and f.customer_id < 0 group by 1
)
update shop_order o set customer_id = twin.own from twin
where o.store_id = %(store)s and o.customer_id = twin.made
returning twin.own
"""
FORGET_MADE = """
delete from customer f
where f.store_id = %(store)s and f.customer_id < 0 and exists (
  select from customer c where c.store_id = f.store_id and c.email_hmac = f.email_hmac and c.customer_id > 0)
"""
EMPTY_WAITING = """
update imported_file set content = null, preview = '{}', counts = '{}', state = 'failed', message = %(message)s
where store_id = %(store)s and state in ('checked', 'importing', 'failed')
"""
EMPTIED = "A customer asked to be forgotten, and every file that waited was emptied. Choose it again."


class CustomersFile:
    """Shopify's customers export."""

    key = "customers"
    noun = "customers"
    replaces = ""

    def judge(self, session: Session, store_id: int, parsed: ParsedFile) -> Judged:
        states = _stage(session, store_id, parsed)
        counted = list(states.values())
        return Judged(
            counted.count("new"),
            counted.count("replaced"),
            counted.count("kept"),
            columns=("Line", "Id", "Country", "Region", "Postal code", "Here"),
            sample=tuple(
                (
                    str(one.line), str(one.customer_id or ""), one.country, one.region, one.postal_code,
                    STATES[states[one.line]],
                )
                for one in parsed.customers[:SAMPLE]
            ),
            notes=("Of a person only a keyed hash of the e-mail and the postal area are kept.",),
        )  # fmt: skip

    def write(self, session: Session, store_id: int, file_id: int, parsed: ParsedFile, tell: Tell) -> Done:
        states = _stage(session, store_id, parsed, tell)
        values: dict[str, Any] = {"store": store_id, "file": file_id, "no_day": NO_DAY}
        with cursor(session) as run:
            written = run.execute(UPSERT, values).fetchall()
            new = [customer for customer, is_new in written if is_new]
            run.execute(KEEP_ROWS, {**values, "customers": new})
            adopt(run, store_id)
        replaced = len(written) - len(new)
        return Done({"new": len(new), "replaced": replaced, "kept": len(states) - len(written)})

    def remove(self, session: Session, store_id: int, file_id: int) -> Done:
        return Done({"removed": forget(session, store_id, file_id)})


def buyers(run: psycopg.Cursor, values: dict[str, Any]) -> None:
    """Give the staged orders their customers: those here with the same e-mail, else new ones of the file."""
    run.execute(BUYERS, values)
    new = [customer for (customer,) in run.execute(NEW_BUYERS, values).fetchall()]
    run.execute(KEEP_ROWS, {**values, "customers": new})


def adopt(run: psycopg.Cursor, store_id: int) -> None:
    """Customers that files had made up and the platform has named since become the platform's."""
    values = {"store": store_id}
    adopting = [own for (own,) in run.execute(ADOPT, values).fetchall()]
    run.execute(FORGET_MADE, values)
    first_orders_service.renew(run, store_id, adopting)


def prepare_redaction(session: Session, store_id: int) -> None:
    """Before a person is forgotten: what was read of a file and not imported yet is gone, with the cells that its
    problems quote; it is to be chosen again. What files said of customers of the platform is theirs."""
    with cursor(session) as run:
        run.execute(EMPTY_WAITING, {"store": store_id, "message": EMPTIED})  # after an import that is under way
        adopt(run, store_id)


def forget(session: Session, store_id: int, file_id: int) -> int:
    """Customers that the file brought, whom the platform does not know and who have no orders."""
    with cursor(session) as run:
        return len(run.execute(FORGET, {"store": store_id, "file": file_id}).fetchall())


def _stage(session: Session, store_id: int, parsed: ParsedFile, tell: Tell = quietly) -> dict[int, str]:
    rows = (
        (
            one.line,
            one.customer_id or made_id("customer", one.email_hash),
            one.email_hash,
            one.country,
            one.region,
            one.postal_code,
            "new",
        )
        for one in counted(parsed.customers, tell)
    )
    stage(session, "file_customer", COLUMNS, rows)
    with cursor(session) as run:
        run.execute(KNOW, {"store": store_id})
        run.execute(JUDGE, {"store": store_id})
        return dict(run.execute("select line, state from file_customer").fetchall())
