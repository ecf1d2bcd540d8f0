"""Leaving a programme for good: what was proposed is taken back, what was a match has ended."""

from __future__ import annotations

from collections.abc import Sequence

from services.matching import core, said, store
from services.matching.commands import matches, programmes
from services.matching.core.participations import Participation
from shared.tx import Tx

WITHDREW = "withdrew"


async def leave(tx: Tx, participations: Sequence[Participation], reason: str) -> list[Participation]:
    """These participations, which are locked, are over; partners are looked at again. Raises HasLeft."""
    gone = [core.participations.left(one, reason, now=tx.now) for one in participations]
    for one in gone:
        await store.participations.update(tx.conn, one)
        tx.emit(said.participant_left(one, at=tx.now))
    for match in await store.effects.lock_open(tx.conn, [one.id for one in gone]):
        if match.state == "proposed":
            await matches.withdraw(tx, match, reason)
        else:
            await matches.end(tx, match, reason)
    for programme_id in {one.programme_id: None for one in gone}:
        await programmes.pool_changed(tx, programme_id)
    return gone
