"""Bulk operations: started by a mutation, run in a thread one after the other, written as JSONL."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, TextIO

from graphql import GraphQLError, parse

from clique_app.sandbox.shopify.context import Context
from clique_app.sandbox.shopify.projection import Compiler, Nodes
from clique_app.sandbox.shopify.values import zulu

if TYPE_CHECKING:
    from clique_app.sandbox.shopify.platform import Platform
    from clique_app.sandbox.shopify.state import BulkOperation

ROOTS_AT_ONCE = 64
BREATH_SECONDS = 0.0005  # lets the requests that arrive meanwhile take the interpreter

encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Stopped(Exception):
    """The operation was cancelled."""


def run(platform: Platform, operation: BulkOperation, ctx: Context) -> None:
    """Write the file and settle the operation; safe to call again for one that a restart interrupted."""
    fault = platform.fault("bulk_failed", "rows_dropped", "root_repeated", operation=operation.query, method="BULK")
    fails = fault == "bulk_failed"
    path = platform.bulk_path(operation)
    operation.status = "RUNNING"
    operation.object_count = operation.root_object_count = 0
    try:
        with path.open("w", encoding="utf-8") as file:
            _write(file, operation, Compiler(parse(operation.query), ctx), fault)
        status, error = ("FAILED", "INTERNAL_SERVER_ERROR") if fails else ("COMPLETED", None)
    except Stopped:
        status, error = "CANCELED", None
    except GraphQLError as refused:
        denied = (refused.extensions or {}).get("code") == "ACCESS_DENIED"
        status, error = "FAILED", "ACCESS_DENIED" if denied else "INTERNAL_SERVER_ERROR"
    operation.file_size = path.stat().st_size if operation.object_count else None
    if not operation.object_count:
        path.unlink()
    operation.error_code, operation.completed_at = error, zulu(platform.world.now())
    operation.status = status  # last: who sees that it has ended sees its file


def _write(file: TextIO, operation: BulkOperation, compiler: Compiler, fault: str | None) -> None:
    for reach, nodes in compiler.root().below:
        roots = list(reach(None) or ())
        if fault in ("bulk_failed", "rows_dropped"):
            roots = roots[: len(roots) // 2]
        for start in range(0, len(roots), ROOTS_AT_ONCE):
            if operation.status == "CANCELING":
                raise Stopped
            chunk = roots[start : start + ROOTS_AT_ONCE]
            lines = _lines(chunk, nodes, operation.group_objects, (start // ROOTS_AT_ONCE) % 2 == 1)
            file.writelines(line + "\n" for line in lines)
            operation.object_count += len(lines)
            operation.root_object_count += len(chunk)
            time.sleep(BREATH_SECONDS)
        if fault == "root_repeated" and roots:
            file.write(encode(next(nodes.rows(roots[0], None))) + "\n")
            operation.object_count += 1
            operation.root_object_count += 1


def _lines(chunk: list[Any], nodes: Nodes, grouped: bool, children_first: bool) -> list[str]:
    """Ungrouped, children stand away from their parents, sometimes before them."""
    roots: list[str] = []
    children: list[str] = []
    for value in chunk:
        rows = nodes.rows(value, None)
        roots.append(encode(next(rows)))
        (roots if grouped else children).extend(map(encode, rows))
    return children + roots if children_first else roots + children
