"""What is kept for how long: a loop that forgets by age, once an hour, and a report of what went.

A service names its kinds with a setting each. Ages are of business time, the loop goes by the wall.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from shared import log
from shared.errors import Transient
from shared.service import Loop
from shared.tx import Connection, Door, Tx, transaction

EVERY_S = 3600.0
ROWS_AT_ONCE = 1000
Forget: TypeAlias = Callable[[Tx, datetime, int], Awaitable[int]]

NOTE = """
INSERT INTO retention AS r (kind, days, ran_at, before, removed, removed_in_all)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (kind) DO UPDATE SET days = excluded.days, ran_at = excluded.ran_at, before = excluded.before,
    removed = excluded.removed + CASE WHEN r.ran_at = excluded.ran_at THEN r.removed ELSE 0 END,
    removed_in_all = r.removed_in_all + excluded.removed
"""
REPORT = "SELECT kind, days, ran_at, before, removed, removed_in_all FROM retention ORDER BY kind"


@dataclass(frozen=True)
class Rule:
    """`kind` says in words what goes. It is kept for `days`: 0 is for ever, None where age does not matter.

    `forget` takes the business time before which things are too old, and how many may go at once.
    """

    kind: str
    days: int | None
    forget: Forget


@dataclass(frozen=True)
class Line:
    """What a report says of one kind."""

    kind: str
    days: int | None
    ran_at: datetime
    before: datetime
    removed: int
    removed_in_all: int


def keeper(rules: Sequence[Rule]) -> Loop:
    """The loop that follows the rules, in one process of a service at a time."""

    async def keep_to_retention(door: Door) -> None:
        await door.clock.started()
        while True:
            try:
                await tidy(door, rules)
            except Transient as error:
                log.warning("retention", service=door.service, outcome="retry", error=str(error))
            await asyncio.sleep(EVERY_S)

    return keep_to_retention


async def tidy(door: Door, rules: Sequence[Rule]) -> None:
    """One round: each kind in transactions of a bounded size, until nothing is too old."""
    for rule in rules:
        if rule.days != 0:
            await _follow(door, rule)


async def _follow(door: Door, rule: Rule) -> None:
    began: datetime | None = None
    while True:
        async with transaction(door) as tx:
            if not await tx.conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('retention'))"):
                return
            began = began or await tx.conn.fetchval("SELECT clock_timestamp()")
            before = tx.now - timedelta(days=rule.days or 0)
            many = await rule.forget(tx, before, ROWS_AT_ONCE)
            await tx.conn.execute(NOTE, rule.kind, rule.days, began, before, many)
        if many < ROWS_AT_ONCE:
            return


async def report(conn: Connection) -> list[Line]:
    """What went the last time, by kind."""
    return [Line(**dict(row)) for row in await conn.fetch(REPORT)]
