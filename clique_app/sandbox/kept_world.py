"""A world kept on disk as it was made, so that the next start makes only what has happened since."""

from __future__ import annotations

import gc
import hashlib
import os
import pickle
import sys
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from clique_app.sandbox.world import World

_CODE = Path(__file__).parent
_NICENESS = 19  # whoever waits for the sandbox's answers goes first


def made_by(orders: Path | None) -> bytes:
    """A hash of all that decides how a world is made: this package, Python, and a file of orders."""
    digest = hashlib.sha256(sys.version.encode())
    for path in [*sorted(_CODE.rglob("*.py")), *([orders] if orders else [])]:
        digest.update(path.read_bytes())
    return digest.digest()


def read(path: Path, maker: bytes) -> World | None:
    """The world as it was kept; none if nothing was kept, not to its end, or it was made in another way."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        try:
            return pickle.load(file) if file.read(len(maker)) == maker else None  # noqa: S301  (our own data folder)
        except (pickle.UnpicklingError, EOFError):
            return None


def keep(world: World, path: Path, maker: bytes) -> BaseProcess:
    """Begins to write it as it is now, in a copy of this process. Call it before threads are started."""
    writer = get_context("fork").Process(target=_write, args=(world, path, maker), daemon=True)
    writer.start()
    return writer


def _write(world: World, path: Path, maker: bytes) -> None:
    os.nice(_NICENESS)
    gc.disable()
    partial = path.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(maker)
        pickle.dump(world, file, protocol=pickle.HIGHEST_PROTOCOL)
    partial.replace(path)
