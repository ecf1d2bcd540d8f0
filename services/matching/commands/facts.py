"""The one way in for what HR systems say about people.

    taken = await commands.facts.take(tx, facts)

Every door makes `Fact`s and calls it in its transaction. The people are locked, all that is known of them is
weighed again, and what is new of it is saved, said and carried out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from services.matching import core, store
from services.matching.commands import settling
from services.matching.commands.aside import worked
from services.matching.core.facts import Fact, Heard, Kept, Key, Taken, Wrong
from services.matching.core.ids import PersonId
from services.matching.core.meeting import STRANGER, Directory, Met, Someone
from services.matching.core.weighing import Case, Scales
from shared import envelope
from shared.tx import Tx

NAMES_MAX = 64


@dataclass(frozen=True)
class _Known:
    """Whom and what the store knows of a batch."""

    directory: Directory
    by_key: Mapping[tuple[str, str], PersonId]
    people: Mapping[PersonId, Someone]
    kept: Mapping[Key, Kept]

    @property
    def new_keys(self) -> dict[tuple[str, str], PersonId]:
        """What the batch has taught of whom sources know by their own ids."""
        learned = self.directory.by_key.items()
        return {key: person_id for key, person_id in learned if key not in self.by_key}


@cache
def known_zones() -> frozenset[str]:
    """All time zones of this machine; reading them takes as long as many facts."""
    return frozenset(available_timezones())


async def scales(tx: Tx) -> Scales:
    return Scales(await store.facts.voices(tx.conn), ZoneInfo, tx.now)


async def take(tx: Tx, told: Sequence[Fact], *, guarded: bool = True) -> list[Taken]:
    """What became of each fact, in the order given. Bad facts are answered, never raised.

    A fact is taken once; the same again is `repeated`. `guarded` is false for a file that was guarded whole.
    Raises Transient where another transaction takes the same fact about nobody known at this moment.
    """
    if told and tx.actor is None:
        await tx.act_as(f"source {told[0].source}")
    weights, zones = await scales(tx), known_zones()
    wrong = await worked(len(told), lambda: _wrong(told, weights, zones))
    good = {place: fact for place, fact in enumerate(told) if place not in wrong}
    known = await _look_up(tx, list(good.values()))
    first = {fact.key: place for place, fact in reversed(good.items()) if fact.key not in known.kept}
    fresh = [_fresh(tx, fact, place) for place, fact in good.items() if first.get(fact.key) == place]
    refused = list(_refused(tx, told, wrong, weights))
    rows = {**known.kept, **await _settle(tx, weights, known, fresh, refused=refused, guarded=guarded)}
    taken = {
        place: _taken(fact, rows[fact.key], is_new=first.get(fact.key) == place)
        for place, fact in good.items()
    }
    taken |= {
        place: Taken(told[place], "rejected", None, problem.reason, problem.field)
        for place, problem in wrong.items()
    }
    return [taken[place] for place in range(len(told))]


def _wrong(told: Sequence[Fact], weights: Scales, zones: Collection[str]) -> dict[int, Wrong]:
    return {
        place: problem
        for place, fact in enumerate(told)
        if (problem := core.facts.wrong(fact, sources=weights.voices.keys(), zones=zones))
    }


async def apply_due(tx: Tx, limit: int) -> None:
    """Facts whose day has begun hold, and so do the consequences of days that are over."""
    arriving = await store.facts.lock_due(tx.conn, tx.now, limit)
    if arriving:
        await again(tx, arriving)
    people = await store.standings.lock_due(tx.conn, tx.now, limit)
    if people:
        await settling.settle(tx, await settling.cases_of(tx, people), await scales(tx))


async def again(tx: Tx, kept: Sequence[Kept], *, guarded: bool = True) -> dict[Key, Kept]:
    """Facts that were taken already are met and weighed again, as if they came now."""
    known = await _look_up(tx, [one.fact for one in kept])
    return await _settle(tx, await scales(tx), known, kept, guarded=guarded)


async def _settle(
    tx: Tx,
    weights: Scales,
    known: _Known,
    fresh: Sequence[Kept],
    *,
    refused: Sequence[Kept] = (),
    guarded: bool = True,
) -> dict[Key, Kept]:
    told = [one.fact for one in fresh]
    met = await worked(len(told), lambda: core.meeting.meet(told, known.directory, _ids()))
    apart = [*refused, *_apart(fresh, met)]
    cases = await _cases(tx, known, fresh, met)
    return await settling.settle(tx, cases, weights, guarded=guarded, apart=apart, keys=known.new_keys)


async def _look_up(tx: Tx, told: Sequence[Fact]) -> _Known:
    """Locks whoever the facts may be about, and the names that they give, and reads all that matters."""
    names = core.meeting.names_given(told)
    if len(names) > NAMES_MAX:
        await store.people.lock_roster(tx.conn)
    elif names:
        await store.standings.alone(tx.conn, names)
    keys = list({(one.source, one.who.external_id): None for one in told if one.who.external_id})
    by_key = await store.facts.of_keys(tx.conn, keys) if keys else {}
    people = await store.standings.lock(
        tx.conn,
        numbers=list({number: None for one in told if (number := core.meeting.number_in(one))}),
        ids=list(set(by_key.values())),
        emails=list({email: None for one in told if (email := core.facts.email_key(one.who))}),
    )
    kept = await store.facts.about(tx.conn, [one.id for one in people], [one.key for one in told])
    return _Known(
        core.meeting.directory(people, by_key),
        by_key,
        {one.id: one for one in people},
        {one.key: one for one in kept},
    )


def _ids() -> Iterator[PersonId]:
    while True:
        yield PersonId(envelope.new_id())


def _fresh(tx: Tx, fact: Fact, place: int) -> Kept:
    return Kept(Heard(fact, tx.now, core.facts.NOT_YET + place), None, "waiting")


def _apart(fresh: Sequence[Kept], met: Sequence[Met]) -> Iterator[Kept]:
    """Facts that are about nobody, or about two people."""
    for one, who in zip(fresh, met, strict=True):
        if who == STRANGER:
            yield one
        elif who.wrong is not None:
            yield replace(one, state="held", field=who.wrong.field, reason=who.wrong.reason)


def _refused(tx: Tx, told: Sequence[Fact], wrong: Mapping[int, Wrong], weights: Scales) -> Iterator[Kept]:
    """Facts that are badly formed, as far as they can be kept."""
    for place, problem in wrong.items():
        fact = core.facts.cleaned(told[place])
        if fact is not None and fact.source in weights.voices:
            yield Kept(
                Heard(fact, tx.now, core.facts.NOT_YET + place),
                None,
                "rejected",
                problem.field,
                problem.reason,
            )


async def _cases(tx: Tx, known: _Known, fresh: Sequence[Kept], met: Sequence[Met]) -> list[Case]:
    """All facts by the person they are about, those that have waited for somebody among them."""
    about = [(one, who.person_id) for one, who in zip(fresh, met, strict=True) if who.person_id]
    about += await _waited(tx, known, fresh, met)
    by_person: dict[PersonId, list[Kept]] = {}
    for one, id in about:
        by_person.setdefault(id, []).append(one)
    mine = {one.key for one, _ in about}
    for one in known.kept.values():
        if one.person_id in by_person and not one.settled and one.key not in mine:
            by_person[one.person_id].append(one)
    return [Case(id, known.people.get(id), kept) for id, kept in by_person.items()]


async def _waited(
    tx: Tx, known: _Known, fresh: Sequence[Kept], met: Sequence[Met]
) -> list[tuple[Kept, PersonId]]:
    """Facts that were about nobody until now."""
    numbers, emails = core.meeting.names_learned([one.fact for one in fresh], met)
    keys = list(known.new_keys)
    if not (numbers or keys or emails):
        return []
    waited = await store.facts.about_nobody(tx.conn, numbers, keys, emails)
    waited = [one for one in waited if one.key not in {each.key for each in fresh}]
    found = core.meeting.meet([one.fact for one in waited], known.directory, _ids())
    return [(one, who.person_id) for one, who in zip(waited, found, strict=True) if who.person_id]


def _taken(fact: Fact, row: Kept, *, is_new: bool) -> Taken:
    if not is_new:
        return Taken(fact, "repeated", row.person_id)
    return Taken(fact, core.facts.outcome(row.state), row.person_id, row.reason, row.field)
