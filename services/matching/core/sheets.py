"""Lists for a spreadsheet: comma-separated text that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return lines([header, *rows])


def lines(rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 with CRLF. A cell that begins like a formula is given an apostrophe in front (OWASP, CSV
    injection); numbers are left as they are."""
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    said = str(value)
    if said.lstrip(" ").startswith(FORMULA):
        said = f"'{said}"
    if any(sign in said for sign in ',"\r\n'):
        return '"' + said.replace('"', '""') + '"'
    return said
