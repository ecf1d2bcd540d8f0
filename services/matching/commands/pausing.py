"""Not now: nobody is looked for for a participation until a day, and then it comes back by itself."""

from __future__ import annotations

from datetime import date, timedelta

from services.matching import core, said, store
from services.matching.commands import programmes
from services.matching.core.participations import Participation
from shared.tx import Tx

ROWS_MAX = 1000
NOT_NOW = "not-now"


async def pause(tx: Tx, participation: Participation, until: date) -> Participation:
    """The last day of the pause is `until`. Proposals and matches go on. Raises WrongDay or HasLeft."""
    after = core.participations.paused(participation, until, today=tx.now.date())
    await store.participations.update(tx.conn, after)
    # Who is away because HR says so is away for longer than this, or is told of it when they are back.
    if after.away_reason is None:
        tx.emit(said.participant_paused(after, reason=NOT_NOW, until=until, at=tx.now))
    await programmes.pool_changed(tx, participation.programme_id)
    return after


async def resume(tx: Tx, participation: Participation) -> Participation:
    """Before its day; of somebody who is not paused nothing changes. Raises HasLeft."""
    core.participations.refuse_left(participation)
    if participation.paused_until is None:
        return participation
    after = await _back(tx, participation)
    await programmes.pool_changed(tx, participation.programme_id)
    return after


async def _back(tx: Tx, participation: Participation) -> Participation:
    after = core.participations.resumed(participation)
    await store.participations.update(tx.conn, after)
    if after.away_reason is None:
        tx.emit(said.participant_resumed(after, at=tx.now))
    return after


async def end_pauses(tx: Tx) -> None:
    """Pauses whose last day is over: the first round of the day after looks for somebody again."""
    yesterday = tx.now.date() - timedelta(days=1)
    for participation in await store.participations.lock_paused(tx.conn, yesterday, ROWS_MAX):
        await _back(tx, participation)
        programme = await store.programmes.get(tx.conn, participation.programme_id)
        back_at = core.matches.over_at(participation.paused_until or yesterday)
        at = core.programmes.round_after(programme, back_at)
        await store.programmes.ask_for_round(tx.conn, programme.id, at)
