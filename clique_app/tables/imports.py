"""Files that were imported, and which rows each of them brought."""

# pyright: reportAssignmentType=false
# (SQLModel types __tablename__ as declared_attr only)

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from clique_app.tables.base import StoreOwned, big, identity, json, key, money, of, time

NO_DAY = date(1970, 1, 1)


class ImportedFile(StoreOwned, table=True):
    """An uploaded file. State: checked | importing | imported | failed | removed.

    content is what was parsed, without names, addresses and e-mails; it is kept only until the import.
    """

    __tablename__ = "imported_file"

    file_id: int = identity()
    kind: str  # orders | products | customers | spend | reviews | ugc | referrals | loyalty | social
    name: str
    digest: bytes  # of the file as it came
    state: str = "checked"
    content: bytes | None = Field(default=None, repr=False)
    lines: int  # without the header
    uploaded_by: int = big()
    uploaded_at: datetime = time()
    imported_at: datetime | None = time(default=None, nullable=True)
    removed_at: datetime | None = time(default=None, nullable=True)
    first_day: date | None = None
    last_day: date | None = None
    amount: Decimal | None = money(default=None, nullable=True)  # net sales of the orders, or the spend
    counts: dict[str, Any] = json(default_factory=dict)  # {new, replaced, kept}
    preview: dict[str, Any] = json(default_factory=dict)  # what is shown before the import; empty afterwards
    message: str = ""  # why it failed


class ImportedRow(StoreOwned, table=True):
    """A row that a file brought. It is the file's until the platform writes the same row, or the file is removed."""

    __tablename__ = "imported_row"
    __table_args__ = (of("imported_file", "file_id"), sa.Index(None, "store_id", "file_id"))

    kind: str = Field(primary_key=True)  # order | customer | product | unit_cost | ad_day | reviews ...
    row_id: int = key()  # the row's own id; of ad_day the ad's, of unit_cost the variant's
    day: date = Field(primary_key=True)  # of ad_day and unit_cost; NO_DAY for the others
    file_id: int = big()
    mark: bytes | None = None  # of an order: its payload_hash as the file wrote it
