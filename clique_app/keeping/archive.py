"""The archive: ARCHIVE_DIR/STORE/YYYY-MM/TABLE-*.parquet. A file is pending until its rows have left the table."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import uuid4

from clique_app.keeping import parquet
from clique_app.settings import settings

PENDING = ".pending"

P = ParamSpec("P")
R = TypeVar("R")


class Apart:
    """Runs functions in a process of its own, begun when needed, whose memory goes with it: workers stay small."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What the function returns, there."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        return self._pool.submit(function, *args, **kwargs).result()


def folder(shop_domain: str) -> Path:
    """A store's part of the archive."""
    return settings().archive_dir / shop_domain


def new_file(shop_domain: str, table: str, month: str, at: datetime) -> Path:
    """Where some rows of a month go, under a name nobody has."""
    name = f"{table}-{at.astimezone(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}.parquet"
    return folder(shop_domain) / month / f"{name}{PENDING}"


def settle(path: Path) -> None:
    """The rows have left the table: the file counts from now on."""
    path.replace(path.with_suffix(""))


def pending(shop_domain: str, table: str) -> list[Path]:
    """Files whose run ended before it said whether its rows had left."""
    return sorted(folder(shop_domain).glob(f"*/{table}-*{PENDING}"))


def expire(shop_domain: str, before: datetime) -> int:
    """Delete the months that ended before a time. Returns how many files went."""
    files = 0
    for month in sorted(folder(shop_domain).glob("[0-9]*-[0-9]*")):
        if month.name < f"{before:%Y-%m}":
            files += sum(1 for path in month.iterdir() if path.suffix == ".parquet")
            shutil.rmtree(month)
    return files


def forget_person(shop_domain: str, pattern: str) -> int:
    """Empty what names a person, in every file of the store. Returns how many rows were changed."""
    if not any(folder(shop_domain).rglob("*.parquet")):
        return 0
    with Apart() as apart:
        return apart.run(parquet.forget, folder(shop_domain), pattern)


def forget_store(shop_domain: str) -> int:
    """Delete the store's part. Returns how many files went."""
    files = sum(1 for _ in folder(shop_domain).rglob("*.parquet"))
    shutil.rmtree(folder(shop_domain), ignore_errors=True)
    return files
