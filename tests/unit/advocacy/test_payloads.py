"""Bodies of outside apps: each shape gives our records, none names a person, and what is wrong is told by number."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.advocacy import payloads
from clique_app.advocacy.payloads import Reading
from clique_app.advocacy.records import BY_KEY, KINDS, Member, Record, Review, Ugc
from clique_app.errors import InvalidInput


def keyed(text: str) -> str:
    return sha256(text.strip().casefold().encode()).hexdigest()


def read(kind: str, source: str, payload: Any) -> list[Record]:
    reading = Reading(source, "America/New_York", date(2026, 11, 21), keyed)
    return payloads.read(BY_KEY[kind], json.dumps(payload).encode(), reading)


YOTPO = {
    "id": 123, "score": 5, "title": "Great", "content": "Smells of Ann", "created_at": "2026-11-20T03:00:00.000Z",
    "sku": "8100000000001", "name": "Ann B.", "email": "Ann@Example.com", "deleted": False,
}  # fmt: skip
JUDGE_ME = {
    "id": 9, "rating": 4, "title": "Nice", "body": "Text", "created_at": "2026-11-20T12:00:00+00:00",
    "product_external_id": 8100000000001, "reviewer": {"email": "ann@example.com", "name": "Ann"}, "curated": "ok",
    "has_published_pictures": True,
}  # fmt: skip
SMILE = {"id": 304169228, "email": "ann@example.com", "state": "member", "created_at": "2026-11-20T12:00:00.000Z"}


def test_yotpos_review_becomes_ours_on_the_stores_day() -> None:
    [review] = read("reviews", "yotpo", {"reviews": [YOTPO]})
    assert isinstance(review, Review)
    assert (review.rating, review.day, review.product_id) == (5, date(2026, 11, 19), 8100000000001)  # 22:00 in New York
    assert review.customer_hmac == keyed("ann@example.com")
    assert read("reviews", "yotpo", {"review": {**YOTPO, "deleted": True}})[0].withdrawn
    [other] = read("reviews", "yotpo", [{**YOTPO, "sku": "yotpo_site_reviews"}])
    assert isinstance(other, Review)
    assert other.product_id is None


def test_judge_mes_review_is_a_review_and_its_pictures_are_content() -> None:
    [review] = read("reviews", "judge.me", {"shop_domain": "x", "review": JUDGE_ME})
    [content] = read("ugc", "judge.me", {"reviews": [JUDGE_ME]})
    assert isinstance(review, Review)
    assert isinstance(content, Ugc)
    assert (review.rating, review.customer_hmac) == (4, content.customer_hmac)
    assert review.record_id != content.record_id
    assert read("ugc", "judge.me", [{**JUDGE_ME, "has_published_pictures": False}])[0].withdrawn
    assert read("reviews", "judge.me", [{**JUDGE_ME, "curated": "spam"}])[0].withdrawn


def test_smiles_member_is_one_and_a_candidate_is_none() -> None:
    members = read("loyalty", "smile", {"customers": [SMILE, {**SMILE, "id": 2, "state": "candidate"}]})
    assert [(type(one), one.withdrawn) for one in members] == [(Member, False), (Member, True)]


def test_no_record_keeps_a_name_an_address_or_a_text() -> None:
    for one in (
        *read("reviews", "yotpo", YOTPO),
        *read("reviews", "judge.me", JUDGE_ME),
        *read("loyalty", "smile", SMILE),
    ):
        kept = str(asdict(one)).casefold()
        assert not any(word in kept for word in ("ann", "example", "great", "nice", "text", "304169228"))


def test_the_same_id_is_the_same_record_and_of_another_app_another() -> None:
    own = {"id": "a", "at": "2026-11-20T12:00:00Z", "rating": 3}
    numbers = {
        read("reviews", source, {**own, "id": id_})[0].record_id
        for source, id_ in (("own", "a"), ("own", "A"), ("own", "b"), ("shop-app", "a"))
    }
    assert len(numbers) == 4
    assert read("reviews", "own", {**own, "rating": 5})[0].record_id in numbers


WRONG = [
    ("reviews", {"records": [{"id": 1, "at": "2026-11-20T12:00:00Z", "rating": 6}]}, "Record 1, rating"),
    ("reviews", {"records": [{"id": 1, "at": "2026-11-20T12:00:00", "rating": 5}]}, "Record 1, at"),
    ("reviews", {"records": [{"id": 1, "rating": 5}]}, "Record 1, at"),
    ("reviews", {"records": [{"id": 1, "day": "2027-01-01", "rating": 5}]}, "has not come yet"),
    ("reviews", {"id": 1, "at": "0001-01-01T00:00:00Z", "rating": 5}, "long past"),
    ("reviews", {"id": 1, "at": "9999-12-31T23:59:59Z", "rating": 5}, "has not come yet"),
    ("ugc", {"id": "a\0", "day": "2026-11-20"}, "Record 1, id"),
    ("ugc", {"id": "a", "day": "2026-11-20", "network": "\ud800"}, "Record 1, network"),
    ("referrals", {"id": 1, "day": "2026-11-20", "visitors": 2, "ordered": 3}, "more referred visitors ordered"),
    ("social", {"id": 1, "day": "2026-11-20", "network": "x", "impressions": -1, "engagements": 0}, "impressions"),
    ("loyalty", {"records": [{"id": 1, "day": "2026-11-20"}, "ann@example.com"]}, "Record 2, it is not an object"),
    ("loyalty", {"records": []}, "no records"),
]


@pytest.mark.parametrize(("kind", "payload", "why"), WRONG, ids=[why for *_, why in WRONG])
def test_what_cannot_be_used_is_told_by_its_number_and_not_repeated(kind: str, payload: Any, why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(kind, "own", payload)
    assert why in refused.value.message
    assert "example.com" not in refused.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("records", "reviews", "review", "customer", "id", "at", "day", "score", "rating", "reviewer")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(KINDS), st.sampled_from(("own", "yotpo", "judge.me", "smile")), JSON)
def test_any_json_gives_records_or_a_reason(kind: Any, source: str, payload: Any) -> None:
    try:
        found = read(kind.key, source, payload)
    except InvalidInput:
        return
    assert all(0 <= one.record_id < 2**63 for one in found)
