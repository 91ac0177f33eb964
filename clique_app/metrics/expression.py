"""Reads a formula such as "net_sales / orders": its inputs, and its value with unknowns and nothing carried through."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

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


def evaluate(expression: str, values: Mapping[str, Decimal | None]) -> Decimal | None:
    """The value; None where an input is unknown or a division is by nothing."""

    def value(node: ast.expr) -> Decimal | None:
        if isinstance(node, ast.Name):
            return values[node.id]
        if isinstance(node, ast.Constant):
            return Decimal(str(node.value))
        assert isinstance(node, ast.BinOp)
        left, right = value(node.left), value(node.right)
        if left is None or right is None:
            return None
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case _:
                return left / right if right else None

    return value(parse(expression))


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
