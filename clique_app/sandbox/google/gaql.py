"""Google's query language, as far as clients of this sandbox speak it: parsed, and refused as Google does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from clique_app.sandbox.google.errors import bad_query

SHAPE = re.compile(
    r"^\s*SELECT\s+(?P<select>.+?)\s+FROM\s+(?P<resource>[a-z_]+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*$",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(
    r"\s*(?P<field>[a-z_.]+)\s+(?:(?P<op>=|!=|<=|>=|<|>)\s*(?P<value>'[^']*'|[\w.]+)"
    r"|IN\s*\((?P<list>[^)]*)\)|BETWEEN\s+(?P<low>'[^']*')\s+AND\s+(?P<high>'[^']*')|DURING\s+(?P<span>\w+))"
    r"\s*(?P<more>AND\s+|$)",
    re.IGNORECASE,
)
SPANS = {"TODAY": (0, 0), "YESTERDAY": (1, 1), "LAST_7_DAYS": (7, 1), "LAST_14_DAYS": (14, 1), "LAST_30_DAYS": (30, 1)}
FIELD = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")


@dataclass(frozen=True)
class Condition:
    field: str
    op: str  # = != < <= > >= in between
    values: tuple[Any, ...]

    def holds(self, value: Any) -> bool:
        """A list of values holds where one of its members does."""
        wanted = self.values
        if isinstance(value, bool):
            wanted = tuple(str(one).upper() == "TRUE" for one in wanted)
        elif isinstance(value, int | float):
            wanted = tuple(Decimal(one) for one in wanted)
        match self.op:
            case "in" | "=":
                return value in wanted
            case "!=":
                return value not in wanted
            case "between":
                return wanted[0] <= value <= wanted[1]
            case "<":
                return value < wanted[0]
            case "<=":
                return value <= wanted[0]
            case ">":
                return value > wanted[0]
        return value >= wanted[0]


@dataclass(frozen=True)
class Query:
    resource: str
    select: tuple[str, ...]
    where: tuple[Condition, ...]
    limit: int | None

    @property
    def fields(self) -> set[str]:
        return {*self.select, *(condition.field for condition in self.where)}

    def span(self, today: date) -> tuple[date, date]:
        """The days asked for; without any, all that are kept."""
        first, last = date(today.year - 11, 1, 1), today
        for condition in self.where:
            if condition.field == "segments.date":
                days = [date.fromisoformat(day) for day in condition.values]
                if condition.op in ("between", "=", ">="):
                    first = max(first, days[0])
                if condition.op in ("between", "=", "<="):
                    last = min(last, days[-1])
        return first, last


def parse(text: str, today: date) -> Query:
    """The parts of a query; bad_query where it is none."""
    shape = SHAPE.match(text)
    if not shape:
        raise bad_query("UNEXPECTED_INPUT", "Error in query: unexpected input.")
    select = tuple(name.strip() for name in shape["select"].split(","))
    if wrong := [name for name in select if not FIELD.match(name)]:
        raise bad_query("BAD_FIELD_NAME", f"Error in SELECT clause: invalid field name '{wrong[0]}'.")
    limit = int(shape["limit"]) if shape["limit"] else None
    return Query(shape["resource"], select, tuple(_conditions(shape["where"] or "", today)), limit)


def _conditions(text: str, today: date) -> list[Condition]:
    found: list[Condition] = []
    position = 0
    while position < len(text):
        match = CONDITION.match(text, position)
        if not match:
            raise bad_query("UNEXPECTED_INPUT", f"Error in WHERE clause at '{text[position : position + 30]}'.")
        found.append(_condition(match, today))
        position = match.end()
        if not match["more"]:
            break
    return found


def _condition(match: re.Match[str], today: date) -> Condition:
    field = match["field"]
    if match["list"] is not None:
        return Condition(field, "in", tuple(_plain(one) for one in match["list"].split(",")))
    if match["low"]:
        return Condition(field, "between", (_day(match["low"]), _day(match["high"])))
    if match["span"]:
        if match["span"].upper() not in SPANS:
            raise bad_query("INVALID_VALUE_WITH_DURING_OPERATOR", f"Invalid date range '{match['span']}'.")
        since, until = SPANS[match["span"].upper()]
        return Condition(field, "between", tuple(str(today - timedelta(days=ago)) for ago in (since, until)))
    return Condition(field, match["op"], (_plain(match["value"]),))


def _plain(text: str) -> str:
    return text.strip().strip("'")


def _day(text: str) -> str:
    try:
        return date.fromisoformat(_plain(text)).isoformat()
    except ValueError:
        raise bad_query("INVALID_VALUE_WITH_BETWEEN_OPERATOR", f"Invalid date {text}.") from None
