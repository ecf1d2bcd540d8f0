"""Who a fact is about: where the doors meet.

By the employee number, else by the source's own id, else by a work address the source vouches for. What leads
to two people is held for an administrator, who knows better.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.matching.core import facts, people, roster
from services.matching.core.facts import Fact, Wrong
from services.matching.core.ids import PersonId
from services.matching.core.people import Card, Person
from services.matching.core.standing import Boss, Folded, Standing

NAMES = ("employee_number", "user_name", "work_email")
"""What no two people have at once; a number is not given to anybody else even when its holder has left."""


@dataclass(frozen=True)
class Someone:
    """A person, how they stand, when that changes by itself, and whom the newest word names as manager.

    `cut_id` is that manager where they are not taken as such, because that would close a circle."""

    person: Person
    standing: Standing
    due_at: datetime | None = None
    boss: Boss | None = None
    cut_id: PersonId | None = None

    @property
    def id(self) -> PersonId:
        return self.person.id


@dataclass(frozen=True)
class Met:
    """`is_new` where the fact brings somebody nobody knew. Nobody and nothing wrong: nobody is known yet."""

    person_id: PersonId | None
    wrong: Wrong | None = None
    is_new: bool = False


STRANGER = Met(None)
BLANK = Card("", "", "", "", "", "", "", "", "", None, None, "active")


@dataclass(frozen=True)
class Directory:
    """Who is known by what; whoever has left is not found by their address."""

    by_number: dict[str, PersonId]
    by_key: dict[tuple[str, str], PersonId]
    by_email: dict[str, PersonId]
    number_of: dict[PersonId, str]

    def learn(self, fact: Fact, met: Met) -> None:
        """What a fact that was met names leads to the same person from now on."""
        who, number, id = fact.who, number_in(fact), met.person_id
        if id is None:
            return
        if who.external_id:
            self.by_key.setdefault((fact.source, who.external_id), id)
        if met.is_new and number:
            self.by_number[number] = id
            self.number_of[id] = number
        email = who.work_email or fact.fields.get("work_email")
        if met.is_new and email:
            self.by_email.setdefault(people.name_key(email), id)


def directory(known: Iterable[Someone], by_key: Mapping[tuple[str, str], PersonId]) -> Directory:
    everybody = [(one.id, one.person.card) for one in known]
    there = [(id, card) for id, card in everybody if card.status != "terminated"]
    return Directory(
        by_number={card.employee_number: id for id, card in everybody},
        by_key=dict(by_key),
        by_email={people.name_key(card.work_email): id for id, card in there},
        number_of={id: card.employee_number for id, card in everybody},
    )


def number_in(fact: Fact) -> str | None:
    if fact.who.employee_number or fact.kind not in facts.STARTS:
        return fact.who.employee_number
    return fact.fields.get("employee_number")


def names_given(told: Iterable[Fact]) -> list[str]:
    """What these facts may give to somebody and two people must not have: nobody else gives it meanwhile."""
    found: dict[str, None] = {}
    for fact in told:
        fields = fact.says
        for name in NAMES:
            value = fields.get(name)
            if value:
                found[f"{name} {people.name_key(value)}"] = None
    return list(found)


def names_learned(told: Iterable[Fact], met: Iterable[Met]) -> tuple[list[str], list[str]]:
    """Numbers and addresses by which somebody may be met from now on who was not met by them before."""
    numbers: dict[str, None] = {}
    emails: dict[str, None] = {}
    for fact, who in zip(told, met, strict=True):
        if who.person_id is None:
            continue
        number, email = number_in(fact), fact.fields.get("work_email") or fact.who.work_email
        if who.is_new and number:
            numbers[number] = None
        if email and (who.is_new or "work_email" in fact.fields):
            emails[people.name_key(email)] = None
    return list(numbers), list(emails)


def meet(told: Sequence[Fact], known: Directory, new_ids: Iterator[PersonId]) -> list[Met]:
    """Whom each of the facts is about; `known` learns what they name. Somebody new is met by all facts about
    them, in whatever order these stand."""
    starts = [place for place, fact in enumerate(told) if fact.kind in facts.STARTS]
    others = [place for place, fact in enumerate(told) if fact.kind not in facts.STARTS]
    found: dict[int, Met] = {}
    for place in (*starts, *others):
        fact = told[place]
        met = _look_up(fact, known)
        if met == STRANGER and fact.kind in facts.STARTS:
            met = Met(next(new_ids), is_new=True)
        known.learn(fact, met)
        found[place] = met
    return [found[place] for place in range(len(told))]


def _look_up(fact: Fact, known: Directory) -> Met:
    number, who = number_in(fact), fact.who
    by_number = known.by_number.get(number) if number else None
    by_key = known.by_key.get((fact.source, who.external_id)) if who.external_id else None
    if by_number and by_key and by_number != by_key:
        other = known.number_of.get(by_key, "another")
        problem = f"the number is employee {number}'s, the source's own id leads to employee {other}"
        return Met(None, Wrong("external_id", problem))
    found = by_number or by_key
    if found is None and who.work_email:
        found = known.by_email.get(people.name_key(who.work_email))
    if found is None:
        return STRANGER
    if number and known.number_of.get(found, number) != number:
        problem = f"nobody has the number {number}, and the rest leads to employee {known.number_of[found]}"
        return Met(None, Wrong("employee_number", problem))
    return Met(found)


def after(known: Someone | None, new_id: PersonId, found: Folded, *, now: datetime) -> Someone | Wrong:
    """The person as the facts have them. What no fact speaks of stays as it was; of somebody new it is empty.

    Wrong where somebody new cannot be made of what was said."""
    if known is None:
        problem = facts.missing(found.fields)
        if problem is not None:
            return problem
    fields = {name: value for name, value in found.fields.items() if name not in facts.MANAGERS}
    standing = found.standing or (known.standing if known else Standing())
    boss = found.boss or (known.boss if known else None)
    card = _card(known.person.card if known else BLANK, fields, standing, boss)
    if known is None:
        person = Person(new_id, card, None, found.today, 0, now)
        return Someone(person, standing, found.due_at, boss)
    if (card, standing, found.due_at, boss) == (known.person.card, known.standing, known.due_at, known.boss):
        return known
    person = known.person
    if card != person.card:
        person = replace(person, card=card, effective_date=max(found.today, person.effective_date))
    return Someone(person, standing, found.due_at, boss, known.cut_id)


def _card(before: Card, fields: Mapping[str, str | None], standing: Standing, boss: Boss | None) -> Card:
    told: dict[str, Any] = {name: value or "" for name, value in fields.items()}
    if "pool" in told:
        told["pool"] = roster.pool(told["pool"])
    if "hire_date" in told:
        told["hire_date"] = date.fromisoformat(told["hire_date"]) if told["hire_date"] else None
    told["status"] = standing.status
    if boss is not None:
        told["manager_employee_number"] = boss.number
    # Most words are about somebody of whom they say nothing new.
    new = {name: value for name, value in told.items() if value != getattr(before, name)}
    return replace(before, **new) if new else before


def clashes(
    people_after: Iterable[Someone], holders: Iterable[Someone]
) -> Iterator[tuple[PersonId, str, str]]:
    """(who, field, the number of who has it) where somebody would have a name that is another's.

    `holders` are all whom the store knows by any of these names; who is among `people_after` counts as they
    are there, so that two people can swap names."""
    moving = {one.id: one for one in people_after}
    everybody = [one for one in holders if one.id not in moving]
    everybody += sorted(moving.values(), key=lambda one: people.in_order(one.person.card.employee_number))
    for name in NAMES:
        held: dict[str, Someone] = {}
        for one in everybody:
            card = one.person.card
            if card.status == "terminated" and name != "employee_number":
                continue
            value = getattr(card, name)
            other = held.setdefault(value if name == "employee_number" else people.name_key(value), one)
            if other is not one:
                yield one.id, name, other.person.card.employee_number
