"""Sealing what was noted, and checking that nobody has changed it since."""

from __future__ import annotations

from services.matching import core, store
from services.matching.core.audit import Verdict
from shared.tx import Connection, Door, transaction

SEALED_AT_ONCE = 2000
CHECKED_AT_ONCE = 5000


async def seal(door: Door) -> int:
    """Seals all that waits, in transactions of a bounded size; returns how many."""
    total = 0
    while True:
        async with transaction(door) as tx:
            many = await store.audit.seal(tx.conn, SEALED_AT_ONCE)
        total += many
        if many < SEALED_AT_ONCE:
            return total


async def verify(conn: Connection) -> Verdict:
    """Checks the whole chain from its beginning, inside a snapshot."""
    verdict = Verdict(waiting=await store.audit.unsealed(conn))
    known = core.audit.forgotten(await store.audit.notes_of_forgetting(conn))
    while entries := await store.audit.chain(conn, verdict.head.position, CHECKED_AT_ONCE):
        verdict = core.audit.verify(entries, known, verdict)
    return verdict
