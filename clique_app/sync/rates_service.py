"""Exchange rates: which are needed, keeping them, and the rates of ads' rows that were written before theirs was
known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from clique_app import clock
from clique_app.integrations.channels import USUAL_HISTORY_DAYS
from clique_app.integrations.ecb.client import SOURCE, Rate
from clique_app.tables.rates import BASE, CONVERT, CONVERTED, HOLDS_DAYS

# as far back as ads are read at first, and a month more for accounts that are ahead of us
HISTORY_DAYS = USUAL_HISTORY_DAYS + HOLDS_DAYS + 31
AGAIN_DAYS = HOLDS_DAYS  # the newest are asked for again, should one have been corrected

# of every account there ever was in another currency than its store's, both; with the first day read of any
_NEEDED = sa.text("""
select n.currency, min(n.read_from) as read_from, r.first, r.last
from (
    select unnest(array[k.currency, s.currency]) as currency, k.read_from
    from ad_account k join store s using (store_id)
    where k.currency <> s.currency and s.uninstalled_at is null
) n
left join lateral (
    select min(day) as first, max(day) as last from exchange_rate e where e.currency = n.currency
) r on true
where n.currency <> :base
group by n.currency, r.first, r.last
""")
_KEEP = sa.text("""
insert into exchange_rate (currency, day, per_euro, source, read_at)
select r.currency, r.day, r.per_euro, :source, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (currency text, day date, per_euro numeric)
on conflict (currency, day) do update set
    per_euro = excluded.per_euro, source = excluded.source, read_at = excluded.read_at
where exchange_rate.per_euro <> excluded.per_euro
returning day
""")
_LACKS = sa.text(" union all ".join(f"(select 1 from {table} where rate is null limit 1)" for table in CONVERTED))  # noqa: S608
_STORES = sa.text("""
select distinct k.store_id from ad_account k join store s using (store_id)
where k.currency <> s.currency and s.uninstalled_at is null
""")


def needed(session: Session) -> Mapping[str, date]:
    """The currencies of which rates are to be read now, and from which day on. System session."""
    today = clock.today("UTC")
    begin = today - timedelta(days=HISTORY_DAYS)
    found: dict[str, date] = {}
    for currency, read_from, first, last in session.connection().execute(_NEEDED, {"base": BASE}):
        wanted = min(begin, (read_from or begin) - timedelta(days=HOLDS_DAYS))
        has_all = first is not None and first <= wanted + timedelta(days=HOLDS_DAYS + 31)
        found[currency] = last - timedelta(days=AGAIN_DAYS) if has_all else wanted
    return found


def keep(session: Session, rates: Iterable[Rate]) -> date | None:
    """The first day of which a rate is new or another one; None where none is. System session."""
    rows = [{"currency": one.currency, "day": one.day.isoformat(), "per_euro": str(one.per_euro)} for one in rates]
    values = {"rows": json.dumps(rows), "source": SOURCE, "read_at": clock.now()}
    return min(session.connection().scalars(_KEEP, values), default=None)


def converting(session: Session) -> list[int]:
    """The stores with an ad account in another currency. System session."""
    return list(session.connection().scalars(_STORES))


def lacks_rates(session: Session) -> bool:
    """Whether ads of the session's store are in a currency whose rate is not known."""
    return session.connection().scalar(_LACKS) is not None


def convert(session: Session, store_id: int, since: date) -> int:
    """Give ads of the days since, and all without a rate, the one that is known by now. Returns how many rows had
    another or none."""
    values = {"store_id": store_id, "since": since}
    return sum(session.connection().execute(sa.text(statement), values).rowcount for statement in CONVERT)
