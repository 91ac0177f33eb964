"""What a view of the warehouse is. SQL is over all stores; an analyst sees the rows of one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A materialized view in clique_kept, read through a view of the same name in clique.

    key: its unique columns after store_id, never null, so that it can be refreshed while it is read. An empty key: it
    is no materialized view but asks the tables when it is read.
    """

    name: str
    meaning: str
    sql: str
    key: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        return bool(self.key)
