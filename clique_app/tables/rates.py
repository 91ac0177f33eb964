"""Exchange rates, and how the rows of ads get theirs: a trigger writes it, so that no code path can forget to.

The rate of a day is the last one published on or before it, crossed through the euro. A row keeps the platform's own
amounts, the rate beside them, and what they come to in the store's currency: sums add up those and need no rate.
"""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from clique_app.tables.base import time

BASE = "EUR"
# between two business days there are five days at most, and another until the next one's rates are out: what is older
# is of a currency that is not published any more, or was not read
HOLDS_DAYS = 7
CONVERTED = ("ad_day", "campaign_region_day")  # tables with amounts in `currency` and the rate beside them
# Rows of the days :since, and those without a rate, get the one that is known now. By currency and day, not by row;
# what stays as it was is not written, so that it marks no day as changed.
CONVERT = tuple(
    f"""
    with told as (
        select distinct currency, day from {table} where store_id = :store_id and (day >= :since or rate is null)
    ),
    rated as materialized (
        select t.currency, t.day, day_rate(t.currency, s.currency, t.day) as rate
        from told t join store s on s.store_id = :store_id
    )
    update {table} d set rate = r.rate from rated r
    where d.store_id = :store_id and d.currency = r.currency and d.day = r.day and d.rate is distinct from r.rate
    """  # noqa: S608  # our own table names
    for table in CONVERTED
)


class ExchangeRate(SQLModel, table=True):
    """What one euro was worth on a business day. Global."""

    __tablename__ = "exchange_rate"

    currency: str = Field(primary_key=True, max_length=3)
    day: date = Field(primary_key=True)
    per_euro: Decimal = Field(sa_type=sa.Numeric)
    source: str  # ecb
    read_at: datetime = time()


def functions() -> Iterator[str]:
    """Statements that make what knows the rate of a day. The rates are no store's, so it reads them as their owner."""
    last = f"""(select per_euro from exchange_rate where currency = {{of}} and day between $3 - {HOLDS_DAYS} and $3
                order by day desc limit 1)"""  # noqa: S608  # our own
    euros = f"case {{of}} when '{BASE}' then 1 else {last} end"
    yield f"""
    create function day_rate(of text, into_currency text, day date) returns numeric
    language sql stable security definer set search_path = public, pg_temp as $$
    select case when $1 = $2 then 1 else round({euros.format(of="$2")} / {euros.format(of="$1")}, 12) end
    $$
    """
    yield "revoke execute on function day_rate(text, text, date) from public"
    yield "grant execute on function day_rate(text, text, date) to clique_app, clique_system"
    yield """
    create function rate_written() returns trigger language plpgsql as $$
    declare own text;
    begin
      select s.currency into own from store s where s.store_id = new.store_id;
      new.rate := case when own = new.currency then 1 else day_rate(new.currency, own, new.day) end;
      return new;
    end $$
    """


def trigger(table: str) -> str:
    """A row gets its rate when it comes, and anew with another currency; no rate: it is not known."""
    return (
        f"create trigger rate_written before insert or update of currency on {table} "
        "for each row execute function rate_written()"
    )
