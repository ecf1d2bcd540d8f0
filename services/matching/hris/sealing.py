"""Keeps webhook secrets: sealed in the database, with a key that is not in it.

The key comes from the deployment's own (MENTORING_LINK_KEY), so a copy of the database opens no door. Source
and id are sealed in: a row that is moved to another source cannot be opened there.
"""

from __future__ import annotations

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
PURPOSE = b"mentoring webhook secrets v1"


class CannotUnseal(Exception):
    """The deployment's key is another one than when the secret was sealed."""


def seal(key: str, secret: bytes, *, source: str, secret_id: UUID) -> bytes:
    """Raises ValueError where the deployment has no key."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, secret, _place(source, secret_id))


def unseal(key: str, sealed: bytes, *, source: str, secret_id: UUID) -> bytes:
    """Raises CannotUnseal."""
    nonce, box = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return _cipher(key).decrypt(nonce, box, _place(source, secret_id))
    except InvalidTag as error:
        raise CannotUnseal(f"the secret {secret_id} was sealed with another key") from error


def _cipher(key: str) -> AESGCM:
    if not key:
        raise ValueError("MENTORING_LINK_KEY is not set: webhook secrets can be neither sealed nor used")
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(key.encode()))


def _place(source: str, secret_id: UUID) -> bytes:
    return f"{source}/{secret_id}".encode()
