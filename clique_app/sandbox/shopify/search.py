"""Shopify's search syntax: field:value, comparisons, quotes, AND, OR, NOT and brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from graphql import GraphQLError

from clique_app.sandbox.shopify.values import parse_gid

Test = Callable[[Any], bool]

_IDS = re.compile(r"id:\d+(?: OR id:\d+)*")
_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<not>-|NOT\b)|(?P<and>AND\b)|(?P<or>OR\b)
    |(?P<field>[a-z_]+):(?P<op>>=|<=|>|<)?(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s()]+)))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Term:
    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Searchable:
    """One field that may be searched: `read` gives a record's value (or values, for tags)."""

    kind: str  # time | number | text | flag | word
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Search:
    """What a query string asks for; `since` is the lower bound it puts on a time field, `ids` those it lists."""

    matches: Test
    since: Callable[[str], datetime | None]
    ids: frozenset[int] | None = None


def search_for(query: str | None, fields: Mapping[str, Searchable], zone: ZoneInfo) -> Search:
    if not query or not query.strip():
        return Search(lambda record: True, lambda name: None)
    if _IDS.fullmatch(query):
        ids = frozenset(int(number) for number in re.findall(r"\d+", query))
        read = fields["id"].read
        return Search(lambda record: read(record) in ids, lambda name: None, ids)
    parser = _Parser(query, fields, zone)
    matches = parser.either()
    if parser.rest():
        raise GraphQLError(f"Invalid search query: {query}")
    alone = " OR " not in query and "NOT" not in query and not re.search(r"(?:^|[\s(])-", query)

    def since(name: str) -> datetime | None:
        if not alone:
            return None
        bounds = [
            span_of(term.value, zone)[0] for term in parser.terms if term.field == name and term.operator in (">", ">=")
        ]
        return max(bounds, default=None)

    return Search(matches, since)


def span_of(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments that the text stands for: a whole second, or a whole day of the shop."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = date.fromisoformat(text)
            next_day = day + timedelta(days=1)
            return (
                datetime.combine(day, time(), zone).astimezone(UTC),
                datetime.combine(next_day, time(), zone).astimezone(UTC),
            )
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise GraphQLError(f"Invalid search query: {text!r} is not a time") from error
    at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    return at, at + timedelta(seconds=1 if at.microsecond == 0 else 0, microseconds=1 if at.microsecond else 0)


class _Parser:
    def __init__(self, query: str, fields: Mapping[str, Searchable], zone: ZoneInfo) -> None:
        self.query, self.fields, self.zone = query, fields, zone
        self.position = 0
        self.terms: list[Term] = []

    def rest(self) -> str:
        return self.query[self.position :].strip()

    def peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self.query, self.position)

    def either(self) -> Test:
        tests = [self.both()]
        while (token := self.peek()) and token["or"]:
            self.position = token.end()
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while (token := self.peek()) and not token["or"] and not token["close"]:
            if token["and"]:
                self.position = token.end()
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def one(self) -> Test:
        token = self.peek()
        if token is None or token["close"] or token["or"] or token["and"]:
            raise GraphQLError(f"Invalid search query: {self.query}")
        self.position = token.end()
        if token["not"]:
            inner = self.one()
            return lambda record: not inner(record)
        if token["open"]:
            inner = self.either()
            close = self.peek()
            if close is None or not close["close"]:
                raise GraphQLError(f"Invalid search query: {self.query}")
            self.position = close.end()
            return inner
        value = next(v for v in (token["double"], token["single"], token["bare"]) if v is not None)
        term = Term(token["field"], token["op"] or "=", value)
        self.terms.append(term)
        return self.test(term)

    def test(self, term: Term) -> Test:
        field = self.fields.get(term.field)
        if field is None:
            raise GraphQLError(f"The sandbox does not serve the search filter {term.field!r}")
        if field.kind == "time":
            return _time_test(term, field.read, *span_of(term.value, self.zone))
        if field.kind == "number":
            parsed = parse_gid(term.value)
            number = parsed.number if parsed else int(term.value) if term.value.isdigit() else -1
            return _compared(term.operator, field.read, number)
        if field.kind == "flag":
            return lambda record: field.read(record) is (term.value.lower() == "true")
        wanted = {x.strip().lower() for x in term.value.split(",")}
        if "any" in wanted and field.kind == "word":
            return lambda record: True
        return lambda record: not wanted.isdisjoint(_words(field.read(record)))


def _words(value: Any) -> set[str]:
    return {x.lower() for x in ((value,) if isinstance(value, str) else value or ())}


def _compared(operator: str, read: Callable[[Any], Any], bound: int) -> Test:
    match operator:
        case ">":
            return lambda record: read(record) > bound
        case ">=":
            return lambda record: read(record) >= bound
        case "<":
            return lambda record: read(record) < bound
        case "<=":
            return lambda record: read(record) <= bound
    return lambda record: read(record) == bound


def _time_test(term: Term, read: Callable[[Any], datetime], start: datetime, end: datetime) -> Test:
    match term.operator:
        case ">":
            return lambda record: read(record) >= end
        case ">=":
            return lambda record: read(record) >= start
        case "<":
            return lambda record: read(record) < start
        case "<=":
            return lambda record: read(record) < end
    return lambda record: start <= read(record) < end
