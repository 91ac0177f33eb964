"""Reads a formula such as "net_sales / orders": its inputs, and its value with unknowns and nothing carried through."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import repeat
from operator import itemgetter

_ALLOWED = (ast.BinOp, ast.Name, ast.Constant, ast.Load, ast.Add, ast.Sub, ast.Mult, ast.Div)


@lru_cache(maxsize=256)
def parse(expression: str) -> ast.expr:
    """The expression's tree; refuses anything but names, numbers, + - * / and brackets."""
    tree = ast.parse(expression, mode="eval").body
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED) or (isinstance(node, ast.Constant) and not isinstance(node.value, int)):
            raise ValueError(f"{expression!r} may only hold metric keys, whole numbers, + - * / and brackets")
    return tree


@lru_cache(maxsize=256)
def inputs(expression: str) -> tuple[str, ...]:
    """Keys the expression names, in the order they are written, once each."""
    names = [node for node in ast.walk(parse(expression)) if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(node.id for node in sorted(names, key=lambda node: node.col_offset)))


Value = Decimal | None
Column = Iterable[Value]
Worked = Callable[[Mapping[str, Column]], Column]


def evaluate(expression: str, values: Mapping[str, Value]) -> Value:
    """The value; None where an input is unknown or a division is by nothing."""
    return next(iter(each(expression, {key: (value,) for key, value in values.items()})))


def each(expression: str, columns: Mapping[str, Column]) -> Column:
    """The value of every row of the inputs, one after the other."""
    return _read(expression)(columns)


@lru_cache(maxsize=256)
def _read(expression: str) -> Worked:
    """The expression as a function of its inputs, read once however often it is asked for."""
    return _worked(parse(expression))


def _worked(node: ast.expr) -> Worked:
    if isinstance(node, ast.Name):
        return itemgetter(node.id)
    if isinstance(node, ast.Constant):
        number = Decimal(str(node.value))
        return lambda _: repeat(number)
    assert isinstance(node, ast.BinOp)
    left, right, do = _worked(node.left), _worked(node.right), _DO[type(node.op)]

    def both(columns: Mapping[str, Column]) -> Column:
        pairs = zip(left(columns), right(columns), strict=False)  # a number has no end
        return [None if one is None or other is None else do(one, other) for one, other in pairs]

    return both


_DO: dict[type[ast.operator], Callable[[Decimal, Decimal], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda one, other: one / other if other else None,
}


def signs(expression: str) -> dict[str, str]:
    """The sign before each input as it is read aloud: '' for the first, else −, +, × or ÷."""
    found: dict[str, str] = {}

    def walk(node: ast.expr, sign: str) -> None:
        if isinstance(node, ast.Name):
            found.setdefault(node.id, sign)
        elif isinstance(node, ast.BinOp):
            walk(node.left, sign)
            walk(node.right, {ast.Add: "+", ast.Sub: "−", ast.Mult: "×", ast.Div: "÷"}[type(node.op)])

    walk(parse(expression), "")
    return found
