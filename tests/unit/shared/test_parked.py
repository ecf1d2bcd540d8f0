"""What was in a parked record can be read, whatever it was."""

from __future__ import annotations

import base64

import pytest

from shared import parked
from shared.errors import Refused

NAME = "Zoë Šimek"


@pytest.mark.parametrize(
    ("value", "format", "text"),
    [
        (f'{{"name":"{NAME}"}}'.encode(), "json", f'{{\n  "name": "{NAME}"\n}}'),
        (b'{"half": "\\ud800"}', "text", '{"half": "\\ud800"}'),
        (b"[" * 30_000, "text", "[" * 30_000),
        (b"<b>not json", "text", "<b>not json"),
        (b"\xff\x00", "base64", base64.b64encode(b"\xff\x00").decode()),
        (b"", "text", ""),
        (None, "none", ""),
    ],
    ids=["json", "half-surrogate", "deep", "text", "bytes", "empty", "tombstone"],
)
def test_json_is_laid_out_text_stays_and_the_rest_is_base64(
    value: bytes | None, format: parked.Format, text: str
) -> None:
    assert parked.readable(value) == parked.Payload(format, text)


def test_what_is_too_long_is_cut_and_says_so() -> None:
    shown = parked.readable(b"x" * 200_000)
    assert (len(shown.text), shown.is_cut) == (parked.PAYLOAD_CHARS_MAX, True)


def test_every_state_has_its_words() -> None:
    assert {*parked.MEANINGS} == {*parked.OPEN, "dropped"}


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 501])
def test_a_reason_is_some_and_not_too_many_words(reason: str) -> None:
    with pytest.raises(Refused, match=r"^reason: "):
        parked.checked_reason(reason)
