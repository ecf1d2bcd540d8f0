"""A person's own data as something to read: each service names what it shows of whoever asks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.tx import Connection

ROWS_MAX = 5000
"""Of one section; more than anybody has."""


@dataclass(frozen=True)
class Shown:
    """What is shown of a person under a title. `sql` takes their id; its columns are named for readers."""

    title: str
    sql: str


@dataclass(frozen=True)
class Section:
    """Rows under a title, each a mapping from a column's name to what stands there, in words."""

    title: str
    rows: Sequence[Mapping[str, str]]


async def read(conn: Connection, person_id: UUID, shown: Sequence[Shown]) -> list[Section]:
    """All sections of a service that have something in them."""
    found = []
    for one in shown:
        rows = await conn.fetch(one.sql, person_id)
        if rows:
            found.append(Section(one.title, [_in_words(dict(row)) for row in rows[:ROWS_MAX]]))
    return found


def _in_words(row: Mapping[str, Any]) -> dict[str, str]:
    """What is empty is left out."""
    told = {name: _said(value) for name, value in row.items()}
    return {name: value for name, value in told.items() if value}


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if text[:1] in "{[":
        try:
            return _plain(json.loads(text))
        except ValueError:
            return text
    return text


def _plain(value: Any) -> str:
    """JSON as a reader likes it: names and values, lists with commas."""
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')}: {_plain(part)}" for name, part in value.items() if part)
    if isinstance(value, list):
        return ", ".join(_plain(part) for part in value)
    return str(value)
