"""What facts add up to is saved, said and carried out: what taking them and the clock have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from services.matching import core, said, store
from services.matching.commands import bosses, guard, standing
from services.matching.commands.aside import worked
from services.matching.core.facts import Kept, Key
from services.matching.core.ids import PersonId
from services.matching.core.meeting import Someone
from services.matching.core.people import name_key
from services.matching.core.weighing import Case, Scales
from shared.errors import Transient
from shared.tx import Tx

Keys = Mapping[tuple[str, str], PersonId]


async def settle(
    tx: Tx,
    cases: Sequence[Case],
    scales: Scales,
    *,
    guarded: bool = True,
    apart: Sequence[Kept] = (),
    keys: Keys | None = None,
) -> dict[Key, Kept]:
    """Weighs all that is known of these people, who are locked, and does what follows from it.

    `guarded`: whoever ends too many people is held up. `apart` are facts about nobody, `keys` what was
    learned of whom sources know by their ids. Returns what became of each fact.
    """
    before = {one.key: one for case in cases for one in case.kept}
    fresh = {key for key, one in before.items() if one.state == "waiting"}
    weighed = await worked(len(cases), lambda: [core.weighing.weigh(case, scales) for case in cases])
    weighed = await _with_names_of_their_own(tx, weighed, fresh, scales)
    there = {case.id for case in weighed if case.after is not None}
    learned = {key: person_id for key, person_id in (keys or {}).items() if person_id in there}
    weighed = await bosses.assign(tx, weighed, learned)
    weighed = await guard.watch(tx, weighed) if guarded else weighed
    changed = [case for case in weighed if case.after is not None and case.after != case.before]
    people = [_next_version(case) for case in changed]
    await _save(tx, people, learned)
    rows = [one for case in weighed for one in case.kept]
    new = [one for one in rows if before[one.key] != one or not one.is_written]
    await _write(tx, [*new, *apart])
    await worked(len(changed), lambda: _say(tx, changed, people))
    await standing.carry_out(tx, changed, held=await guard.held(tx, changed))
    return {one.key: one for one in (*rows, *apart)}


async def cases_of(tx: Tx, people: Sequence[Someone], *, also_settled: bool = False) -> list[Case]:
    """Everything that may matter (or simply everything) about people who are locked."""
    of: dict[PersonId, list[Kept]] = {one.id: [] for one in people}
    ids = list(of)
    for one in await store.facts.about(tx.conn, ids, [], also_settled=also_settled):
        if one.person_id in of:
            of[one.person_id].append(one)
    return [Case(one.id, one, of[one.id]) for one in people]


async def _with_names_of_their_own(
    tx: Tx, cases: Sequence[Case], fresh: Collection[Key], scales: Scales
) -> list[Case]:
    """Nobody is given a name that another has: what would do it is held, until nobody is."""
    by_id = {case.id: case for case in cases}
    renamed = [case for case in cases if core.weighing.renamed(case)]
    if not renamed:
        return list(cases)
    holders = await _holders(tx, renamed)
    while True:
        after = [case.after for case in by_id.values() if case.after is not None]
        found = list(core.meeting.clashes(after, holders))
        if not found:
            return list(by_id.values())
        for person_id, field, other in found:
            case = by_id[person_id]
            by_id[person_id] = core.weighing.without(case, field, other, fresh=fresh, scales=scales)


async def _holders(tx: Tx, renamed: Sequence[Case]) -> list[Someone]:
    cards = [case.after.person.card for case in renamed if case.after is not None]
    return await store.standings.named_alike(
        tx.conn,
        [card.employee_number for card in cards],
        [name_key(card.user_name) for card in cards],
        [name_key(card.work_email) for card in cards],
    )


def _next_version(case: Case) -> Someone:
    """A new version where what others are told of somebody is new."""
    assert case.after is not None
    before = None if case.before is None else case.before.person
    after = case.after.person
    if before is not None and (before.card, before.manager_id) == (after.card, after.manager_id):
        return case.after
    version = 1 if before is None else before.version + 1
    return replace(case.after, person=replace(after, version=version))


def _say(tx: Tx, changed: Sequence[Case], people: Sequence[Someone]) -> None:
    for case, person in zip(changed, people, strict=True):
        if case.before is None or person.person.version != case.before.person.version:
            tx.emit(said.person_changed(person.person, at=tx.now))


async def _save(tx: Tx, people: Sequence[Someone], keys: Keys) -> None:
    if people:
        await store.standings.save(tx.conn, people)
    if keys:
        await store.facts.add_keys(tx.conn, keys)


async def _write(tx: Tx, rows: Sequence[Kept]) -> None:
    """Raises Transient where another transaction has taken one of the facts meanwhile."""
    new = [one for one in rows if not one.is_written and one.state != "rejected"]
    if new and await store.facts.add(tx.conn, new) < len(new):
        raise Transient("another transaction takes the same fact at this moment")
    rejected = [one for one in rows if not one.is_written and one.state == "rejected"]
    if rejected:
        await store.facts.add(tx.conn, rejected)
    old = [one for one in rows if one.is_written]
    if old:
        await store.facts.update(tx.conn, old)
