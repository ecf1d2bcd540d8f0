"""Signatures of deliveries as the Standard Webhooks specification has them: who sent it, and when.

`webhook-signature: v1,<base64 of HMAC-SHA256(secret, "<webhook-id>.<webhook-timestamp>.<body>")>`, or
several, apart by spaces, while a sender rotates its secret. Times are wall time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers

from shared.errors import Refused

TOLERANCE_S = 300
ID_CHARACTERS_MAX = 200
SIGNATURES_MAX = 10
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")


class SignatureMissing(Refused):
    status = 401
    code = "signature-missing"


class SignatureStale(Refused):
    status = 401
    code = "signature-stale"


class SignatureForged(Refused):
    status = 401
    code = "signature-forged"


@dataclass(frozen=True)
class Signed:
    """What the headers of a delivery say; `at_s` is the sender's time in seconds since 1970."""

    id: str
    at_s: int
    signatures: tuple[str, ...]


def read(headers: Headers, *, now_s: float) -> Signed:
    """Raises SignatureMissing or SignatureStale: the time is looked at first, it costs nothing."""
    found = {name: headers.getlist(name) for name in NAMES}
    wrong = [name for name, values in found.items() if len(values) != 1 or not values[0].strip()]
    if wrong:
        raise SignatureMissing(f"{' and '.join(wrong)}: each of {', '.join(NAMES)} has to be there once")
    delivery_id, timestamp, signatures = (found[name][0].strip() for name in NAMES)
    if len(delivery_id) > ID_CHARACTERS_MAX or not delivery_id.isprintable():
        raise SignatureMissing(f"webhook-id has 1 to {ID_CHARACTERS_MAX} printable characters")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureMissing("webhook-timestamp is the time of sending in whole seconds since 1970")
    off_s = int(timestamp) - now_s
    if abs(off_s) > TOLERANCE_S:
        side = "ahead of" if off_s > 0 else "behind"
        raise SignatureStale(
            f"webhook-timestamp is {abs(off_s):.0f} s {side} our time, {TOLERANCE_S} s are allowed:"
            " send it again with a new time and signature, and set the sender's clock"
        )
    return Signed(delivery_id, int(timestamp), tuple(signatures.split()[:SIGNATURES_MAX]))


def check(signed: Signed, body: bytes, secrets: Sequence[bytes]) -> None:
    """Raises SignatureForged unless one of the signatures is of one of the secrets."""
    content = f"{signed.id}.{signed.at_s}.".encode() + body
    given = [found for one in signed.signatures if (found := _decoded(one))]
    for secret in secrets:
        expected = hmac.digest(secret, content, hashlib.sha256)
        # All are compared, so that the time tells nothing.
        if sum([hmac.compare_digest(expected, one) for one in given]):
            return
    raise SignatureForged(
        "no signature fits: sign '<webhook-id>.<webhook-timestamp>.<body>' as it is sent, with a live secret"
        " of this source (`mentoring hris secret list`)"
    )


def _decoded(text: str) -> bytes | None:
    version, _, signature = text.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(signature, validate=True)
    except binascii.Error:
        return None
