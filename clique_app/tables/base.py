"""What all tables share: names of constraints, the owning store, money and JSON columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

MONEY = sa.Numeric(20, 6)
RATE = sa.Numeric(28, 12)
TIME = sa.DateTime(timezone=True)


class StoreOwned(SQLModel):
    """A row of one store. store_id leads every primary, unique and foreign key of such a table."""

    store_id: int = Field(primary_key=True, sa_type=sa.BigInteger, foreign_key="store.store_id")


class PartOfOrder(SQLModel):
    """A row of a store's order, written with it; a trigger of shop_order takes it along. A foreign key would be
    checked, and lock the order, for each of an order's ten rows: half of the time of an import."""

    store_id: int = Field(primary_key=True, sa_type=sa.BigInteger)


def identity() -> Any:
    """A bigint surrogate id made by the database."""
    return Field(
        default=None,
        primary_key=True,
        sa_type=sa.BigInteger,
        sa_column_kwargs={"server_default": sa.Identity()},
    )


def key() -> Any:
    """A bigint id given by the platform, part of the primary key."""
    return Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})


def big(**kwargs: Any) -> Any:
    """A bigint column."""
    return Field(sa_type=sa.BigInteger, **kwargs)


def money(**kwargs: Any) -> Any:
    """An amount with 6 decimals; its currency stands beside it or is the store's."""
    return Field(sa_type=MONEY, **kwargs)  # pyright: ignore[reportArgumentType]


def in_store_currency(amount: str) -> Any:
    """An amount of the row at its rate, made by the database: each row is rounded once, so that all sums agree."""
    made = sa.Computed(f"round({amount} * rate, 6)", persisted=True)
    return Field(default=None, sa_type=MONEY, sa_column_args=[made])  # pyright: ignore[reportArgumentType]


def without_rate(table: str) -> sa.Index:
    """Rows whose amounts cannot be converted, found at once."""
    where = sa.text("rate is null")
    return sa.Index(f"ix_{table}_without_rate", "store_id", "currency", postgresql_where=where)


def time(**kwargs: Any) -> Any:
    """An instant, timestamptz."""
    return Field(sa_type=TIME, **kwargs)  # pyright: ignore[reportArgumentType]


def json(**kwargs: Any) -> Any:
    """A JSON document."""
    return Field(sa_type=JSONB, **kwargs)


def of(parent: str, *columns: str) -> sa.ForeignKeyConstraint:
    """A foreign key to another table of the same store, gone with its parent."""
    names = ("store_id", *columns)
    return sa.ForeignKeyConstraint(names, [f"{parent}.{name}" for name in names], ondelete="CASCADE")


Instant = datetime
