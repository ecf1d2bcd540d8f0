"""What follows for programmes and matches when somebody stands otherwise than before: `core/effects.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.matching import core, said, store
from services.matching.commands import leaving, matches, pausing, programmes
from services.matching.core.effects import Effect
from services.matching.core.ids import PersonId
from services.matching.core.meeting import Someone
from services.matching.core.participations import Participation
from services.matching.core.weighing import Case
from shared.tx import Tx

REPORTING_LINE = "reporting-line"


async def carry_out(tx: Tx, changed: Sequence[Case], *, held: Collection[PersonId] = ()) -> None:
    """Whatever the change of these people asks for. Of those who are `held` nothing is ended or paused."""
    known = {case.id: case for case in changed if case.before is not None and case.after is not None}
    await _line_changed(tx, changed)
    if not known:
        return
    moved = [id for id, case in known.items() if _is_told_of(case)]
    if moved:
        for programme_id in await store.programmes.of_people(tx.conn, moved):
            await programmes.pool_changed(tx, programme_id)
        await store.effects.outdate(tx.conn, moved)
    stand = [
        case.after for id, case in known.items() if case.after and _stands_otherwise(case) and id not in held
    ]
    await reconcile(tx, stand)


def _is_told_of(case: Case) -> bool:
    """Whether the engine may see somebody otherwise."""
    assert case.before is not None
    assert case.after is not None
    before, after = case.before.person, case.after.person
    return (before.card, before.manager_id) != (after.card, after.manager_id)


def _stands_otherwise(case: Case) -> bool:
    assert case.before is not None
    assert case.after is not None
    changed = case.before.standing != case.after.standing
    return changed or (case.after.standing.status != "active" and case.before.due_at != case.after.due_at)


async def reconcile(tx: Tx, people: Sequence[Someone]) -> None:
    """Their participations, proposals and matches are as they stand; what is so already stays."""
    if not people:
        return
    how = {one.id: one for one in people}
    going: dict[str, list[Participation]] = {}
    for one in await store.participations.lock_of_people(tx.conn, list(how)):
        found = _effect(one, how[one.person_id], tx.now)
        if found.deed == "leave":
            going.setdefault(found.reason, []).append(one)
        elif found.deed != "nothing":
            await _away_or_back(tx, one, found)
    for reason, participations in going.items():
        await leaving.leave(tx, participations, reason)


def _effect(one: Participation, someone: Someone, now: datetime) -> Effect:
    today = now.astimezone(ZoneInfo(someone.person.card.time_zone)).date()
    return core.effects.effect(one, someone.standing, today)


async def _away_or_back(tx: Tx, one: Participation, found: Effect) -> None:
    after = core.effects.after(one, found)
    if found.deed == "go-away":
        await store.participations.update(tx.conn, after)
        tx.emit(said.participant_paused(after, reason=found.reason, until=found.until, at=tx.now))
        for match in await store.effects.lock_open(tx.conn, [one.id]):
            if match.state == "proposed":
                await matches.withdraw(tx, match, found.reason)
        return
    await store.participations.update(tx.conn, after)
    tx.emit(said.participant_resumed(after, at=tx.now))
    if after.paused_until is not None and after.paused_until >= tx.now.date():
        await pausing.pause(tx, after, after.paused_until)
    await programmes.pool_changed(tx, one.programme_id)


async def _line_changed(tx: Tx, changed: Iterable[Case]) -> None:
    """Whoever now has a partner in their reporting line: proposals are taken back, a match is looked at.

    Somebody new has no partner, and whoever comes to be below them has a new manager, too."""
    people: list[UUID] = []
    for case in changed:
        if case.before is None or case.after is None:
            continue
        if case.after.person.manager_id not in (None, case.before.person.manager_id):
            people.append(case.id)
    if not people:
        return
    for match in await store.effects.lock_in_line(tx.conn, people):
        if match.state == "proposed":
            await matches.withdraw(tx, match, REPORTING_LINE)
        else:
            await matches.flag(tx, match, REPORTING_LINE)
