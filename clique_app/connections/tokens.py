"""Tokens at rest: AES-256-GCM under a keyring, bound to where they belong.

Format: 0x01 | length of key id | key id | 12-byte nonce | ciphertext. The bound context (table, column, store, channel)
is authenticated, so bytes copied into another store's row do not decrypt.
"""

from __future__ import annotations

import base64
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clique_app.errors import InvalidInput

_VERSION = 1
_NONCE_BYTES = 12
_KEY_BYTES = 32

Keyring = dict[str, AESGCM]  # the first encrypts, all decrypt


@lru_cache(maxsize=4)
def keyring(text: str) -> Keyring:
    """The keys of a setting like 'k2:<base64>,k1:<base64>'."""
    ring: Keyring = {}
    for part in text.split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not 0 < len(key_id) < 256 or not key_id.isascii() or len(key) != _KEY_BYTES:
            raise InvalidInput("ENCRYPTION_KEYS must be a list of 'name:<base64 of 32 bytes>', separated by commas.")
        ring[key_id] = AESGCM(key)
    return ring


def bound_to(table: str, column: str, *key: object) -> bytes:
    """What sealed bytes are bound to: their table, their column and the primary key of their row."""
    return "/".join([table, column, *map(str, key)]).encode()


def context(*, column: str, store_id: int, channel: str) -> bytes:
    """What the bytes of a token column are bound to."""
    return bound_to("connection", column, store_id, channel)


def encrypt(ring: Keyring, plain: str, bound_to: bytes) -> bytes:
    """The token as it is stored, under the current key."""
    key_id, key = next(iter(ring.items()))
    nonce = os.urandom(_NONCE_BYTES)
    return bytes([_VERSION, len(key_id)]) + key_id.encode() + nonce + key.encrypt(nonce, plain.encode(), bound_to)


def decrypt(ring: Keyring, stored: bytes, bound_to: bytes) -> str:
    """The token. InvalidInput where the key is gone or the bytes were not made for this row."""
    key = ring.get(key_id_of(stored))
    if key is None:
        raise InvalidInput("A stored token was encrypted with a key that is no longer in ENCRYPTION_KEYS.")
    start = 2 + stored[1]
    nonce, sealed = stored[start : start + _NONCE_BYTES], stored[start + _NONCE_BYTES :]
    try:
        return key.decrypt(nonce, sealed, bound_to).decode()
    except InvalidTag:
        raise InvalidInput("A stored token does not belong to this store and channel.") from None


def key_id_of(stored: bytes) -> str:
    """Which key encrypted these bytes."""
    if len(stored) < 2 + _NONCE_BYTES or stored[0] != _VERSION:
        raise InvalidInput("A stored token is damaged.")
    return stored[2 : 2 + stored[1]].decode(errors="replace")


def is_stale(ring: Keyring, stored: bytes) -> bool:
    """Whether the bytes should be encrypted again under the current key."""
    return key_id_of(stored) != next(iter(ring))
