"""A file of real orders for `clique demo --orders`: looked at before anything is started."""

from __future__ import annotations

import csv
import gzip
import hashlib
from pathlib import Path

from clique_app.errors import InvalidInput

_REQUIRED = ("customer_id", "order_date", "quantity")
_AMOUNTS = ("amount", "amount_usd")


def check_orders_file(path: Path) -> None:
    """Says what is wrong with a file that cannot be orders."""
    wanted = f"It needs the columns {', '.join(_REQUIRED)} and {' or '.join(_AMOUNTS)}."
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            reader = csv.reader(file)
            columns, first = next(reader, []), next(reader, None)
    except OSError as error:
        raise InvalidInput(f"Cannot read {path}: {error.strerror or error}.") from error
    except (UnicodeDecodeError, EOFError, csv.Error) as error:
        raise InvalidInput(f"{path} is not a CSV file of orders. {wanted}") from error
    missing = [name for name in _REQUIRED if name not in columns]
    if missing or not any(name in columns for name in _AMOUNTS):
        raise InvalidInput(f"{path} has the columns {', '.join(columns) or 'none'}. {wanted}")
    if first is None:
        raise InvalidInput(f"{path} holds no orders.")


def data_name(path: Path | None) -> str:
    """The data folder of a demo: the default one, or one for each file of orders."""
    if path is None:
        return "demo"
    return f"orders-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
