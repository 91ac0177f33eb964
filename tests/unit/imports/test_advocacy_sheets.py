"""Sheets of what customers do: told by their header, read line by line, wrong lines named."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any

import pytest

from clique_app.imports.parse import parse
from clique_app.imports.records import ParsedFile

TODAY = date(2026, 11, 21)


def keyed(text: str) -> str:
    return sha256(text.strip().casefold().encode()).hexdigest()


def read(content: str) -> ParsedFile:
    return parse(content.encode(), today=TODAY, hash_email=keyed)


SHEETS: dict[str, tuple[str, dict[str, Any]]] = {
    "reviews": (
        "title,body,rating,review_date,reviewer_name,reviewer_email,product_id\n"
        "Great,Smells,5,2026-11-02 10:00:00 UTC,Ann,ann@example.com,8100000000001\n",
        {"rating": 5, "product_id": 8100000000001, "customer_hmac": keyed("ann@example.com")},
    ),
    "ugc": ("Date,Content type,Network,Email\n2026-11-02,photo,Instagram,\n", {"network": "instagram"}),
    "referrals": ("Day;Visitors;Conversions\n2026-11-02;1.200;36\n", {"visitors": 1200, "ordered": 36}),
    "loyalty": ("Email,Joined\nann@example.com,2026-11-02\n", {"customer_hmac": keyed("ann@example.com")}),
    "social": (
        "Day,Platform,Account,Impressions,Engagements\n2026-11-02,TikTok,harborlane,\"12,000\",480\n",
        {"network": "tiktok", "account": "harborlane", "impressions": 12000, "engagements": 480},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SHEETS)
def test_a_sheet_is_told_by_its_header_and_read(kind: str) -> None:
    content, expected = SHEETS[kind]
    parsed = read(content)
    assert (parsed.kind, parsed.problems) == (kind, ())
    [one] = getattr(parsed, kind)
    assert {name: getattr(one, name) for name in expected} == expected
    assert (one.day, one.line, one.source) == (date(2026, 11, 2), 2, "file")


def test_lines_that_say_the_same_are_two_and_the_same_file_gives_the_same_numbers() -> None:
    content = "Rating,Date\n5,2026-11-02\n5,2026-11-02\n4,2026-11-02\n"
    numbers = [one.record_id for one in read(content).reviews]
    assert len(set(numbers)) == 3
    assert [one.record_id for one in read(content).reviews] == numbers


WRONG = {
    "Rating,Date\n6,2026-11-02\n": (2, "Rating"),
    "Rating,Date\nfive,2026-11-02\n": (2, "Rating"),
    "Rating,Date\n5,2026-12-24\n": (2, "Date"),
    "ID,Rating,Date\na,5,2026-11-02\na,4,2026-11-02\n": (3, "ID"),
    "Day,Visitors,Conversions\n2026-11-02,3,4\n": (2, "Conversions"),
    "Day,Visitors,Conversions\n2026-11-02,3,1\n2026-11-02,5,1\n": (3, ""),
    "Email,Joined\n,2026-11-02\n": (2, "Email"),
    "Day,Network,Impressions,Engagements\n2026-11-02,,1,1\n": (2, "Network"),
}


@pytest.mark.parametrize("content", WRONG)
def test_a_wrong_line_is_named(content: str) -> None:
    [problem] = read(content).problems
    assert (problem.line, problem.column) == WRONG[content]
