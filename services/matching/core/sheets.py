"""Lists for a spreadsheet: comma-separated text that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 with CRLF. A cell that begins like a formula is given an apostrophe in front (OWASP, CSV
    injection); numbers are left as they are."""
    lines = [",".join(map(_cell, header))]
    lines += [",".join(map(_cell, row)) for row in rows]
    return "\r\n".join(lines) + "\r\n"


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
