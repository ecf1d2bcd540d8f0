"""Takes over the facts that the webhook has stored: batch by batch, in the order in which they came.

One process does so at a time. A batch that fails is done again in smaller ones; the fact that fails is set
aside with its error, and the others are taken over.
"""

from __future__ import annotations

import asyncio
import contextlib

from pydantic import TypeAdapter

from services.matching import commands, store
from services.matching.core.facts import Fact
from shared import jobs, log
from shared.errors import Transient
from shared.tx import Door, lent, transaction

BATCHES = (500, 60, 8, 1)
"""How many facts at a time; the smaller numbers only close in on one that fails."""
POLL_S = 0.5
AWAY_S = 1.0
TOGETHER_S = 0.05
"""What comes within so short a time is taken over together: a batch has costs of its own."""
FACT: TypeAdapter[Fact] = TypeAdapter(Fact)


async def apply_received(door: Door) -> None:
    """Takes over what is stored as soon as it is, until cancelled."""
    await door.clock.started()
    woken = door.bell.listener()
    while True:
        woken.clear()
        try:
            if await take_all(door):
                await asyncio.sleep(TOGETHER_S)
                continue
        except Transient as error:
            log.warning("apply_received", outcome="retry", error=str(error))
            await asyncio.sleep(AWAY_S)
            continue
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await woken.wait()


async def take_all(door: Door) -> int:
    """Takes over everything that waits; returns how many facts. Raises Transient."""
    taken = 0
    while await _is_waiting(door):
        many = await _take_next(door)
        if not many:
            break  # another process is at it
        taken += many
    return taken


async def _is_waiting(door: Door) -> bool:
    async with lent(door) as conn:
        return await store.received.is_waiting(conn)


async def _take_next(door: Door) -> int:
    """A batch; if it fails a smaller one, and if the first fact alone fails, it is set aside."""
    for rows_max in BATCHES:
        ids: list[int] = []
        error = await jobs.tried("take_received", _take(door, rows_max, ids), facts_max=rows_max)
        if error is None:
            return len(ids)
    async with transaction(door, "received") as tx:
        await store.received.set_aside(tx.conn, ids[0], type(error).__name__)
    return 1


async def _take(door: Door, rows_max: int, ids: list[int]) -> None:
    """Fills `ids` with the rows it takes."""
    async with transaction(door, "received") as tx:
        if not await store.received.lock(tx.conn):
            return
        rows = await store.received.take(tx.conn, rows_max)
        ids += [row.id for row in rows]
        if rows:
            await commands.facts.take(tx, [FACT.validate_json(row.fact) for row in rows])
