"""No matches end because a source was wrong about many: their access stops, the rest waits for a word."""

from __future__ import annotations

from collections.abc import Sequence

from services.matching import core, store
from services.matching.core.guard import Hold
from services.matching.core.ids import PersonId
from services.matching.core.weighing import Case
from shared import envelope
from shared.tx import Tx


async def watch(tx: Tx, cases: Sequence[Case]) -> list[Case]:
    """The people with a note at whoever is one of too many that their source has ended within an hour."""
    by_source: dict[str, list[Case]] = {}
    for case in cases:
        cause = core.guard.ended_by(case) if core.guard.has_ended(case) else None
        if cause is not None:
            by_source.setdefault(cause.fact.source, []).append(case)
    noted: dict[PersonId, Case] = {}
    for source, ended in sorted(by_source.items()):
        hold = await _hold(tx, source, ended)
        if hold is not None:
            noted |= {case.id: core.guard.held_back(case, hold) for case in ended}
    return [noted.get(case.id, case) for case in cases]


async def held(tx: Tx, cases: Sequence[Case]) -> set[PersonId]:
    """Those of whom nothing is to end before an administrator has said so."""
    holds = core.guard.holds_of(cases)
    if not holds:
        return set()
    still = await store.holds.are_open(tx.conn, list(holds))
    return {case.id for case in cases if core.guard.holds_of([case]) & still}


async def people_max(tx: Tx) -> int:
    """How many people may be ended at once without anybody being asked."""
    return core.guard.people_max(await store.holds.people_there(tx.conn))


async def _hold(tx: Tx, source: str, ended: Sequence[Case]) -> Hold | None:
    """The hold that these people belong to, opened now if they are the ones too many."""
    await store.holds.lock_source(tx.conn, source)
    known = await store.holds.find_open(tx.conn, source)
    if known is not None:
        return known
    others = await store.holds.ended_since(
        tx.conn, source, tx.now - core.guard.WITHIN, besides=[case.id for case in ended]
    )
    if others + len(ended) <= core.guard.ALWAYS_MAX:
        return None
    limit = core.guard.people_max(await store.holds.people_there(tx.conn) + others)
    if others + len(ended) <= limit:
        return None
    hold = Hold(envelope.new_id(), source, "open", limit, tx.now)
    await store.holds.add(tx.conn, hold)
    return hold
