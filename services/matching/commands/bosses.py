"""Who somebody's manager is: named by number or by a source's own id, maybe before anybody knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.matching import core, store
from services.matching.core.ids import PersonId
from services.matching.core.lines import Named
from services.matching.core.meeting import Someone
from services.matching.core.people import Person
from services.matching.core.weighing import Case
from shared.tx import Tx

Keys = Mapping[tuple[str, str], PersonId]


async def assign(tx: Tx, cases: Sequence[Case], keys: Keys) -> list[Case]:
    """The same people with their managers, and those who have waited for somebody among them to be known."""
    found = {case.id: case for case in cases}
    for one in await _who_waited(tx, cases, keys):
        if one.id not in found:
            found[one.id] = Case(one.id, one, (), after=one)
    asked = [case for case in found.values() if _asks(case)]
    if not asked:
        return list(found.values())
    known = await _known(tx, asked, found, keys)
    for case in asked:
        assert case.after is not None
        found[case.id] = case.become(known.assigned(case.after))
    await _untangle(tx, found)
    return list(found.values())


async def _untangle(tx: Tx, found: dict[PersonId, Case]) -> None:
    """Leaves out whoever's manager would close a circle, and takes back in whose does not any more."""
    moved = [case.id for case in found.values() if _named_before(case) != _named_now(case)]
    if not moved:
        return
    before = await store.lines.left_out(tx.conn)
    starts = list({*moved, *before})
    asked = {*starts, *(id for one in moved if (id := _named_now(found[one])) is not None)}
    named = await store.lines.above(tx.conn, list(asked))
    named |= {id: _named(found[id].after) for id in moved if _named_now(found[id]) is not None}
    for id in moved:
        if _named_now(found[id]) is None:
            named.pop(id, None)
    out = core.lines.left_out(named, starts)
    others = [id for id in {*before, *out} if id not in found]
    if others:
        locked = await store.standings.lock(tx.conn, ids=others)
        found |= {one.id: Case(one.id, one, (), one) for one in locked}
    for id in {*starts, *out}:
        found[id] = _without_circle(found[id], is_out=id in out)


def _named_before(case: Case) -> PersonId | None:
    return None if case.before is None else case.before.person.manager_id or case.before.cut_id


def _named_now(case: Case) -> PersonId | None:
    return None if case.after is None else case.after.person.manager_id or case.after.cut_id


def _named(one: Someone | None) -> Named:
    assert one is not None
    manager_id = one.person.manager_id or one.cut_id
    assert manager_id is not None
    said_at = store.lines.LONG_AGO if one.boss is None else one.boss.said_at
    return Named(manager_id, said_at, one.person.card.employee_number)


def _without_circle(case: Case, *, is_out: bool) -> Case:
    assert case.after is not None
    named = _named_now(case)
    manager_id, cut_id = (None, named) if is_out else (named, None)
    if (case.after.person.manager_id, case.after.cut_id) == (manager_id, cut_id):
        return case
    person = replace(case.after.person, manager_id=manager_id)
    return case.become(replace(case.after, person=person, cut_id=cut_id))


async def _who_waited(tx: Tx, cases: Sequence[Case], keys: Keys) -> list[Someone]:
    numbers = [
        case.after.person.card.employee_number
        for case in cases
        if case.after is not None and (case.is_new or _number_is_new(case))
    ]
    if not numbers and not keys:
        return []
    return await store.standings.lock_without_manager(tx.conn, numbers, list(keys))


def _number_is_new(case: Case) -> bool:
    assert case.before is not None
    assert case.after is not None
    return case.before.person.card.employee_number != case.after.person.card.employee_number


def _asks(case: Case) -> bool:
    """Whether it is not settled yet who the manager is of whoever the case is about."""
    if case.after is None:
        return False
    unknown = case.after.person.manager_id is None
    named = case.after.boss is not None or case.after.person.card.manager_employee_number is not None
    return (named and unknown) or case.before is None or case.before.boss != case.after.boss


class _Known:
    """People by number and by key, as far as they are asked for."""

    def __init__(self, ids: Mapping[str, PersonId], keys: Keys, numbers: Mapping[PersonId, str]) -> None:
        self._ids, self._keys, self._numbers = ids, keys, numbers

    def assigned(self, one: Someone) -> Someone:
        person, boss = one.person, one.boss
        number = person.card.manager_employee_number if boss is None else boss.number
        manager_id = self._ids.get(number) if number else None
        if boss is not None and boss.source and boss.external_id:
            manager_id = self._keys.get((boss.source, boss.external_id))
            number = None if manager_id is None else self._numbers.get(manager_id)
        return Someone(_managed(person, manager_id, number), one.standing, one.due_at, boss)


def _managed(person: Person, manager_id: PersonId | None, number: str | None) -> Person:
    card = person.card
    if card.manager_employee_number != number:
        card = replace(card, manager_employee_number=number)
    return replace(person, card=card, manager_id=manager_id)


async def _known(tx: Tx, asked: Sequence[Case], found: Mapping[PersonId, Case], keys: Keys) -> _Known:
    """Looks up in the batch first and in the store then."""
    here = {
        case.after.person.card.employee_number: id for id, case in found.items() if case.after is not None
    }
    numbers = {number for case in asked if (number := _number(case)) and number not in here}
    wanted = {key for case in asked if (key := _key(case)) and key not in keys}
    ids = await store.standings.ids_of_numbers(tx.conn, list(numbers)) if numbers else {}
    by_key = {**keys, **(await store.facts.of_keys(tx.conn, list(wanted)) if wanted else {})}
    named = {by_key[key] for case in asked if (key := _key(case)) and key in by_key}
    numbers_of = {id: number for number, id in here.items()}
    missing = [id for id in named if id not in numbers_of]
    if missing:
        numbers_of |= await store.standings.numbers_of(tx.conn, missing)
    return _Known({**ids, **here}, by_key, numbers_of)


def _number(case: Case) -> str | None:
    assert case.after is not None
    boss = case.after.boss
    return case.after.person.card.manager_employee_number if boss is None else boss.number


def _key(case: Case) -> tuple[str, str] | None:
    boss = case.after.boss if case.after is not None else None
    return (boss.source, boss.external_id) if boss and boss.source and boss.external_id else None
