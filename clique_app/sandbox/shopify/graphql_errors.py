"""graphql-core's errors in the words and codes of Shopify's server, which runs graphql-ruby."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    print_ast,
)

Extensions = dict[str, Any]
Rewrite = Callable[[re.Match[str]], tuple[str, Extensions]]

DOCUMENTATION = "https://shopify.dev/api/usage/access-scopes"


def _undefined_field(m: re.Match[str]) -> tuple[str, Extensions]:
    return f"Field '{m[1]}' doesn't exist on type '{m[2]}'", {
        "code": "undefinedField",
        "typeName": m[2],
        "fieldName": m[1],
    }


def _no_selection(m: re.Match[str]) -> tuple[str, Extensions]:
    bare = m[2].strip("[]!")
    text = (
        f"Field must have selections (field '{m[1]}' returns {bare} but has no selections. "
        f"Did you mean '{m[1]} {{ ... }}'?)"
    )
    return text, {"code": "selectionMismatch", "nodeName": f"field '{m[1]}'", "typeName": bare}


def _scalar_selection(m: re.Match[str]) -> tuple[str, Extensions]:
    bare = m[2].strip("[]!")
    text = f"Selections can't be made on scalars (field '{m[1]}' returns {bare} but has selections)"
    return text, {"code": "selectionMismatch", "nodeName": f"field '{m[1]}'", "typeName": bare}


def _unknown_argument(m: re.Match[str]) -> tuple[str, Extensions]:
    return f"Field '{m[3]}' doesn't accept argument '{m[1]}'", {
        "code": "argumentNotAccepted",
        "name": m[3],
        "typeName": "Field",
        "argumentName": m[1],
    }


def _missing_argument(m: re.Match[str]) -> tuple[str, Extensions]:
    name, argument = m[1] or m[3], m[2] or m[4]
    return f"Field '{name}' is missing required arguments: {argument}", {
        "code": "missingRequiredArguments",
        "className": "Field",
        "name": name,
        "arguments": argument,
    }


REWRITES: tuple[tuple[re.Pattern[str], Rewrite], ...] = (
    (re.compile(r"Cannot query field '(\w+)' on type '(\w+)'"), _undefined_field),
    (re.compile(r"Field '(\w+)' of type '([^']+)' must have a selection"), _no_selection),
    (re.compile(r"Field '(\w+)' must not have a selection since type '([^']+)'"), _scalar_selection),
    (re.compile(r"Unknown argument '(\w+)' on field '(\w+)\.(\w+)'"), _unknown_argument),
    (
        re.compile(r"(?:Field '(\w+)' argument '(\w+)'|Argument '\w+\.(\w+)\((\w+):\)') of type '[^']+' is required"),
        _missing_argument,
    ),
)


def parse_error(error: GraphQLError) -> dict[str, Any]:
    return {
        "message": error.message.replace("Syntax Error: ", "syntax error, "),
        "locations": _locations(error),
        "extensions": {"code": "PARSE_ERROR"},
    }


def validation_error(error: GraphQLError, document: DocumentNode) -> dict[str, Any]:
    message, extensions = error.message, dict[str, Any]()
    for pattern, rewrite in REWRITES:
        found = pattern.search(error.message)
        if found:
            message, extensions = rewrite(found)
            break
    found_path = _path_to(document, error.nodes[0]) if error.nodes else []
    return {
        "message": message,
        "locations": _locations(error),
        "path": found_path,
        "extensions": extensions or {"code": "argumentLiteralsIncompatible"},
    }


def variable_error(error: GraphQLError) -> dict[str, Any]:
    """`Variable '$id' has invalid value: Expected ...` in graphql-ruby's words."""
    found = re.search(r"Variable '\$(\w+)'(.*)", error.message, re.DOTALL)
    name, reason = (found[1], found[2].strip(" .:")) if found else ("", error.message)
    declared = error.nodes[0] if error.nodes else None
    kind = _type_text(getattr(declared, "type", None))
    return {
        "message": f"Variable ${name} of type {kind} was provided invalid value",
        "locations": _locations(error),
        "extensions": {
            "code": "INVALID_VARIABLE",
            "value": None,
            "problems": [{"path": [], "explanation": reason}],
        },
    }


def execution_error(error: GraphQLError) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": error.message, "locations": _locations(error), "path": error.path}
    if error.extensions:
        shown["extensions"] = error.extensions
    return shown


def access_denied(field: str, required: str) -> GraphQLError:
    return GraphQLError(
        f"Access denied for {field} field. Required access: {required}",
        extensions={"code": "ACCESS_DENIED", "documentation": DOCUMENTATION, "requiredAccess": required},
    )


def idempotency_required() -> GraphQLError:
    return GraphQLError(
        "The @idempotent directive is required for this mutation but was not provided.",
        extensions={"code": "BAD_REQUEST"},
    )


def _locations(error: GraphQLError) -> list[dict[str, int]]:
    return [{"line": x.line, "column": x.column} for x in error.locations or ()]


def _type_text(node: Node | None) -> str:
    return print_ast(node) if node is not None else "Unknown"


def _path_to(document: DocumentNode, wanted: Node) -> list[str]:
    """["query Orders", "orders", "nodes", "x"]: the way from the operation to the node."""

    def walk(node: Node, path: list[str]) -> list[str] | None:
        if isinstance(node, OperationDefinitionNode):
            path = [f"{node.operation.value} {node.name.value}" if node.name else node.operation.value]
        elif isinstance(node, FragmentDefinitionNode):
            path = [f"fragment {node.name.value}"]
        elif isinstance(node, FieldNode):
            path = [*path, node.alias.value if node.alias else node.name.value]
        if node is wanted:
            return path
        for key in node.keys:
            child = getattr(node, key, None)
            for each in child if isinstance(child, (list, tuple)) else (child,):
                found = walk(each, path) if isinstance(each, Node) else None
                if found is not None:
                    return found
        return None

    return walk(document, []) or []
