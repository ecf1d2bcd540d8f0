"""How long it took from a fact of HR to its effect in every service (U6), by the wall."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from deploy.local.demo.hr import Kind
from deploy.local.demo.office import Sent

AT_ONCE: frozenset[Kind] = frozenset(
    {"change", "manager", "leave", "inactive", "return", "termination", "rehire"}
)
"""Kinds that change how somebody stands as soon as they are said, unless they name a later day."""
ENDS_ACCESS: frozenset[Kind] = frozenset({"inactive", "termination"})
LISTENERS = ("scheduling", "notifications", "analytics")
PEOPLE = "SELECT id, employee_number FROM person"
SAID = "SELECT event_id, key, committed_at FROM said WHERE topic = 'person-changed' ORDER BY committed_at"
APPLIED = "SELECT event_id, applied_at FROM inbox WHERE topic = 'person-changed'"
COUNTED = "SELECT kind, state, count(*) AS many FROM hris_fact GROUP BY kind, state ORDER BY kind, state"


async def counted(databases: Mapping[str, str]) -> Mapping[str, Mapping[str, int]]:
    """What became of the facts: how many of each kind in which state."""
    found: dict[str, dict[str, int]] = {}
    for row in await _rows(databases["matching"], COUNTED):
        found.setdefault(row["kind"], {})[row["state"]] = row["many"]
    return found


async def effects_ms(
    databases: Mapping[str, str], sent: Sequence[Sent], kinds: frozenset[Kind] = AT_ONCE
) -> list[float]:
    """Milliseconds of wall time from the sending of each such fact to the last service that acted on it."""
    person_of = {row["employee_number"]: str(row["id"]) for row in await _rows(databases["matching"], PEOPLE)}
    said: dict[str, list[tuple[datetime, UUID]]] = {}
    for row in await _rows(databases["matching"], SAID):
        said.setdefault(row["key"], []).append((row["committed_at"], row["event_id"]))
    heard = [
        {row["event_id"]: row["applied_at"] for row in await _rows(databases[service], APPLIED)}
        for service in LISTENERS
    ]
    found = []
    for one in sent:
        cards = said.get(person_of.get(str(one.number), ""), [])
        place = bisect_left(cards, one.wall_at, key=lambda card: card[0])
        if one.kind in kinds and one.at_once and place < len(cards):
            acted = max(applied[cards[place][1]] for applied in heard)
            found.append((acted - one.wall_at).total_seconds() * 1000)
    return found


async def _rows(dsn: str, query: str) -> list[Any]:
    conn = await asyncpg.connect(dsn, timeout=10)
    try:
        return list(await conn.fetch(query))
    finally:
        await conn.close()
