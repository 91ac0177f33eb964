"""Session tokens: only Shopify's own, for this app, now, of one store."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.components.session_token import Visitor, is_shop_domain, verify_session_token
from clique_app.errors import AccessDenied

KEY, SECRET = "app-key", "a-secret-of-at-least-32-bytes-long!"
SHOP = "north-candle.myshopify.com"


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    base: dict[str, object] = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": KEY,
        "sub": "42",
        "exp": now + 60,
        "nbf": now,
        "iat": now,
    }
    return {k: v for k, v in {**base, **changes}.items() if v is not None}


def signed(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), secret, algorithm=algorithm)


def verify(token: str) -> Visitor:
    return verify_session_token(token, api_key=KEY, secrets=[SECRET])


def test_a_good_token_names_the_store_and_the_user() -> None:
    assert verify(signed()) == Visitor(SHOP, 42)


def test_the_former_secret_still_counts_while_it_is_rotated() -> None:
    old = "the-secret-before-this-one-32-bytes!!"
    assert verify_session_token(signed(old), api_key=KEY, secrets=[SECRET, old]).user_id == 42


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"nbf": None},
        {"iss": None},
        {"dest": None},
        {"aud": None},
        {"sub": None},
        {"exp": int(time.time()) - 11},
        {"nbf": int(time.time()) + 3600},
        {"aud": "another-app"},
        {"aud": [KEY, "another-app"]},
        {"iss": "https://other.myshopify.com/admin"},
        {"dest": "https://other.myshopify.com"},
        {"dest": f"http://{SHOP}"},
        {"dest": f"https://{SHOP}.evil.example", "iss": f"https://{SHOP}.evil.example/admin"},
        {"dest": f"https://{SHOP}@evil.example", "iss": f"https://{SHOP}@evil.example/admin"},
        {"dest": f"https://user@{SHOP}", "iss": f"https://user@{SHOP}/admin"},
        {"dest": f"https://{SHOP}:8443", "iss": f"https://{SHOP}:8443/admin"},
        {"dest": f"https://{SHOP}/admin"},
        {"dest": "https://evil.example", "iss": "https://evil.example/admin"},
        {"sub": "0"},
        {"sub": "-1"},
        {"sub": "4.2"},
        {"sub": "gid://shopify/User/1"},
        {"sub": str(2**63)},
    ],
)
def test_a_token_with_one_claim_wrong_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(AccessDenied):
        verify(signed(**changes))


def test_a_token_signed_by_somebody_else_is_refused() -> None:
    with pytest.raises(AccessDenied):
        verify(signed("somebody-elses-secret-of-32-bytes!!!"))


def test_an_unsigned_token_is_refused() -> None:
    with pytest.raises(AccessDenied):
        verify(jwt.encode(claims(), "", algorithm="none"))


def test_another_algorithm_is_refused() -> None:
    with pytest.raises(AccessDenied):
        verify(signed(SECRET * 2, "HS512"))


@given(st.text(max_size=300))
def test_no_text_is_a_token_and_none_breaks_the_check(text: str) -> None:
    with pytest.raises(AccessDenied):
        verify(text)


@given(st.integers(0, 400), st.characters(codec="ascii"))
def test_changing_any_character_of_the_signed_part_refuses_it(position: int, character: str) -> None:
    token = signed()
    body_end = token.rindex(".")
    at = position % body_end
    if token[at] == character:
        return
    with pytest.raises(AccessDenied):
        verify(token[:at] + character + token[at + 1 :])


@given(
    st.dictionaries(
        st.sampled_from(["iss", "dest", "aud", "sub", "exp", "nbf"]),
        st.one_of(
            st.none(), st.text(max_size=40), st.integers(), st.lists(st.text(max_size=5), max_size=2), st.booleans()
        ),
        min_size=1,
    )
)
def test_odd_claims_never_give_another_answer_than_the_visitor_or_a_refusal(changes: dict[str, Any]) -> None:
    try:
        token = signed(**changes)
    except TypeError:  # PyJWT will not even write it
        return
    try:
        visitor = verify(token)
    except AccessDenied:
        return
    assert visitor.shop_domain == SHOP
    assert visitor.user_id > 0


@given(st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,40}\.myshopify\.com", fullmatch=True))
def test_shop_domains_are_known(shop: str) -> None:
    if shop.isascii():
        assert is_shop_domain(shop)
    assert not is_shop_domain(shop + "\n")
    assert not is_shop_domain("x." + shop)
