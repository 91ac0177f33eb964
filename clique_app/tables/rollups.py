"""Daily sums of the catalogue's totals, and which days have changed since they were summed. All of it can be made anew.

Triggers write MetricChange, so that no code path can forget to.
"""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from clique_app.tables.ads import FILE_ACCOUNT
from clique_app.tables.base import StoreOwned, big, identity

NO_CHANNEL, NO_CAMPAIGN = "", 0


class MetricDay(StoreOwned, table=True):
    """What one total sums to on one store day, by channel and campaign where it has them."""

    __tablename__ = "metric_day"

    metric: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    channel: str = Field(primary_key=True)  # NO_CHANNEL where the total has none
    campaign_id: int = big(primary_key=True)  # NO_CAMPAIGN where there is none
    amount: Decimal = Field(sa_type=sa.Numeric)  # as exact as its rows


class MetricSummed(StoreOwned, table=True):
    """That a total's days are in MetricDay, as this definition sums them."""

    __tablename__ = "metric_summed"

    metric: str = Field(primary_key=True)
    definition: str


class MetricChange(SQLModel, table=True):
    """Rows of a table have changed on a day since it was summed. Never merged: who sums a day deletes the changes it
    saw, and one that comes meanwhile stays. Without a foreign key: rows may come before their store in a restore."""

    __tablename__ = "metric_change"

    store_id: int = Field(primary_key=True, sa_type=sa.BigInteger)
    change_id: int = identity()
    source: str  # the table
    day: date | None = None  # None: on all days


@dataclass(frozen=True)
class Changing:
    """A table that totals rest on, and what of a change to it can move a sum."""

    table: str
    day: str | None  # the column of the day that moves; None: all days
    only: str = "true"  # rows that count
    columns: tuple[str, ...] = ()  # an update that leaves these as they were moves nothing; (): any update may


CHANGING = (
    Changing("sale_entry", "day"),
    Changing("shop_order", "day"),
    Changing("credit", "day"),
    Changing("ad_day", "day"),
    Changing("web_session", "day"),
    Changing("email_day", "day"),
    Changing("email_signup_day", "day"),
    Changing("customer", "first_order_day", "first_order_day is not null", ("first_order_id", "first_order_day")),
    Changing("email_program", None, columns=("kind",)),
    Changing("store_settings", None),
    Changing("ad_account", None, columns=("channel",)),
    Changing("campaign", None, f"account_id = '{FILE_ACCOUNT}'", ("channel", "account_id")),
)


def triggers(*tables: str) -> Iterator[str]:
    """Statements that make every change of these tables known, however it was made. A migration names those that are
    there by then."""
    for changing in (one for one in CHANGING if one.table in tables):
        for event, referencing, rows in (
            ("insert", "new table as come", "select * from come"),
            ("delete", "old table as gone", "select * from gone"),
            ("update", "old table as gone new table as come", _moved(changing.columns)),
        ):
            name = f"metric_change_{changing.table}_{event}"
            yield f"""
            create function {name}() returns trigger language plpgsql as $$
            begin
              insert into metric_change (store_id, source, day)
              select distinct store_id, '{changing.table}', {changing.day or "null::date"}
              from ({rows}) moved where {changing.only};
              return null;
            end $$
            """  # noqa: S608  # names of our own
            yield (
                f"create trigger {name} after {event} on {changing.table} referencing {referencing} "
                f"for each statement execute function {name}()"
            )


def _moved(columns: tuple[str, ...]) -> str:
    if not columns:
        return "select * from gone union all select * from come"
    listed = ", ".join(("store_id", *columns))
    one, other = f"select {listed} from gone", f"select {listed} from come"  # noqa: S608
    return f"({one} except all {other}) union all ({other} except all {one})"
