"""The door of files: takes over those that are kept, a piece at a time, and none twice.

Each source's files are applied in the order in which they came, by one process at a time; sources do not wait
for each other. A process that dies leaves its file to the next one, whole up to the last piece.
"""

from __future__ import annotations

import asyncio
import contextlib
from uuid import UUID

from services.matching import commands, store
from shared import jobs, log
from shared.errors import Transient
from shared.tx import Door, lent, transaction

POLL_S = 0.5
AWAY_S = 1.0
FAILED_S = 10.0


async def take_over(door: Door) -> None:
    """Works on files until cancelled."""
    await door.clock.started()
    woken = door.bell.listener()
    while True:
        woken.clear()
        try:
            did = await take_over_next(door)
        except Transient as error:
            log.warning("take_over", outcome="retry", error=str(error))
            await asyncio.sleep(AWAY_S)
            continue
        if not did:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), POLL_S)


async def take_over_next(door: Door) -> bool:
    """One piece of each file that is next. False: there was none that nobody works on."""
    async with lent(door) as conn:
        found = await store.files.open_ones(conn)
    did = False
    for file_id, source in found:
        begun = asyncio.ensure_future(_piece(door, file_id, source))
        failed = await jobs.tried("take_over", begun, file=str(file_id))
        if failed is not None:
            await asyncio.sleep(FAILED_S)
        elif begun.result():
            did = True
    return did


async def _piece(door: Door, file_id: UUID, source: str) -> bool:
    async with transaction(door, "files") as tx:
        if not await store.files.try_source(tx.conn, source):
            return False
        file = await store.files.get(tx.conn, file_id)
        await tx.act_as(file.decided_by or file.sent_by)
        return await commands.snapshots.step(tx, file)
