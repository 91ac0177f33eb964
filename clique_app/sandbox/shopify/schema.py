"""Shopify's published Admin schema and the access scopes it asks for, read from the vendored file."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_client_schema

VERSION = "2026-07"
FIRST_QUARTERS = ("01", "04", "07", "10")


@dataclass(frozen=True, slots=True)
class Access:
    """What a type or field asks for: any one of the scopes is enough."""

    text: str
    scopes: tuple[str, ...]

    def granted_by(self, scopes: frozenset[str]) -> bool:
        return any(
            scope in scopes or (scope.startswith("read_") and "write_" + scope.removeprefix("read_") in scopes)
            for scope in self.scopes
        )


@dataclass(frozen=True, slots=True)
class Published:
    schema: GraphQLSchema
    types: dict[str, Access]
    fields: dict[tuple[str, str], Access]

    def missing(self, parent: str, field: str, returned: str, scopes: frozenset[str]) -> Access | None:
        """The access that the caller lacks to select this field, by its own rule and its type's."""
        node_type = returned.removesuffix("Connection")
        for access in (self.fields.get((parent, field)), self.types.get(node_type)):
            if access is not None and not access.granted_by(scopes):
                return access
        return None


def default_path() -> Path:
    vendor = Path(os.environ.get("CLIQUE_VENDOR", ".clique/vendor"))
    return vendor / "shopify" / f"admin_{VERSION}.json.gz"


@cache
def load(path: Path) -> Published:
    with gzip.open(path) as file:
        document = json.load(file)
    types: dict[str, Access] = {}
    fields: dict[tuple[str, str], Access] = {}
    for row in document["offline_scopes"]["items"]:
        if not row["offlineScopes"]:
            continue
        access = Access(row["requiredAccess"], tuple(row["offlineScopes"]))
        if row["type"] == "type":
            types[row["typeName"]] = access
        else:
            fields[row["typeName"], row["fieldName"]] = access
    return Published(build_client_schema(document["data"], assume_valid=True), types, fields)


def served_version(asked: str) -> str | None:
    """The version that answers: the asked one, the oldest kept for a sunset one, None for a made-up one."""
    year, _, month = asked.partition("-")
    if len(year) != 4 or not year.isdigit() or month not in FIRST_QUARTERS or asked > VERSION:
        return None
    return VERSION
