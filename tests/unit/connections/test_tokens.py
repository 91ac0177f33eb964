"""Laws of tokens at rest."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.connections import tokens
from clique_app.errors import InvalidInput

OLD = "k1:" + base64.b64encode(b"1" * 32).decode()
NEW = "k2:" + base64.b64encode(b"2" * 32).decode()


def where(store_id: int = 7, column: str = "access_token", channel: str = "shopify") -> bytes:
    return tokens.context(column=column, store_id=store_id, channel=channel)


@given(st.text())
def test_what_was_encrypted_is_read_back_and_is_not_in_the_bytes(plain: str) -> None:
    ring = tokens.keyring(OLD)
    stored = tokens.encrypt(ring, plain, where())
    assert tokens.decrypt(ring, stored, where()) == plain
    assert len(plain) < 4 or plain.encode() not in stored


@pytest.mark.parametrize("other", [where(store_id=8), where(column="refresh_token"), where(channel="meta")])
def test_bytes_moved_to_another_row_or_column_are_refused(other: bytes) -> None:
    ring = tokens.keyring(OLD)
    stored = tokens.encrypt(ring, "shpat_secret", where())
    with pytest.raises(InvalidInput, match="does not belong"):
        tokens.decrypt(ring, stored, other)


def test_a_new_first_key_encrypts_and_the_old_one_still_reads() -> None:
    old, both = tokens.keyring(OLD), tokens.keyring(f"{NEW},{OLD}")
    stored = tokens.encrypt(old, "shpat_secret", where())
    assert tokens.decrypt(both, stored, where()) == "shpat_secret"
    assert tokens.is_stale(both, stored)
    again = tokens.encrypt(both, "shpat_secret", where())
    assert tokens.key_id_of(again) == "k2"
    assert not tokens.is_stale(both, again)


def test_a_key_that_was_taken_away_is_named_as_the_reason() -> None:
    stored = tokens.encrypt(tokens.keyring(OLD), "shpat_secret", where())
    with pytest.raises(InvalidInput, match="no longer in ENCRYPTION_KEYS"):
        tokens.decrypt(tokens.keyring(NEW), stored, where())


@given(st.binary(max_size=80))
def test_damaged_bytes_are_refused_with_a_clear_error(stored: bytes) -> None:
    with pytest.raises(InvalidInput):
        tokens.decrypt(tokens.keyring(OLD), stored, where())


@pytest.mark.parametrize(
    "setting", ["", "k1", "k1:short", "k1:" + base64.b64encode(b"x" * 16).decode(), ":" + "A" * 44]
)
def test_a_keyring_that_cannot_be_used_is_refused(setting: str) -> None:
    with pytest.raises(InvalidInput, match="ENCRYPTION_KEYS"):
        tokens.keyring(setting)
