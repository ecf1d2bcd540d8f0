"""People as HR knows them: reading a file of them, and what of it is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from services.matching.core.ids import PersonId

STATUSES = ("active", "leave", "inactive")
COMPANY = "company"
POOLS: Mapping[str, str] = {
    "": "this company",
    "workplace": "another workplace",
    "alumni": "the alumni",
    "association": "an association",
}
"""Where a person may come from, with words that stand after "from"."""


class Reject(NamedTuple):
    """Why a row of the file was not applied; `line` is where the row begins, counted from 1."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True)
class Card:
    """What HR says about a person. `time_zone` is an IANA name, `pool` where the person comes from ("": the
    company itself)."""

    employee_number: str
    user_name: str
    given_name: str
    family_name: str
    work_email: str
    title: str
    department: str
    site: str
    time_zone: str
    manager_employee_number: str | None
    hire_date: date | None
    status: str
    pool: str = ""


@dataclass(frozen=True)
class Person:
    """A card and what we add to it. `manager_id` is empty as long as the manager is not known here."""

    id: PersonId
    card: Card
    manager_id: PersonId | None
    effective_date: date
    version: int
    created_at: datetime

    @property
    def name(self) -> str:
        return f"{self.card.given_name} {self.card.family_name}".strip()


@dataclass(frozen=True)
class Row:
    """A well-formed row; `effective_date` is empty where the file does not say since when it holds.

    `says_pool` is false where the file has no such column: then what is known of it stays."""

    line: int
    card: Card
    effective_date: date | None
    says_pool: bool = True


@dataclass(frozen=True)
class Plan:
    """What an import does: `changed` are to be saved and said, `touched` only hold since a later date."""

    changed: tuple[Person, ...]
    touched: tuple[Person, ...]
    applied: int
    unchanged: int
    rejected: tuple[Reject, ...]


def pool_code(pool: str) -> str:
    """A pool as programmes and programs name it."""
    return pool or COMPANY


def numbers_in(rows: Iterable[Row]) -> tuple[str, ...]:
    """Every employee number the rows speak of, managers included."""
    found = {row.card.employee_number for row in rows}
    found |= {row.card.manager_employee_number for row in rows if row.card.manager_employee_number}
    return tuple(sorted(found))


def name_key(text: str) -> str:
    """User names and addresses are the same when they differ in case alone."""
    return text.casefold()


def in_order(employee_number: str) -> tuple[int, str]:
    """Sorts employee numbers: 9 comes before 10."""
    return len(employee_number), employee_number


def plan(
    rows: Sequence[Row], known: Sequence[Person], new_ids: Mapping[str, PersonId], *, now: datetime
) -> Plan:
    """What is to be done so that the people are as the rows say.

    `known` holds at least: the people whose number, user name or address a row names, and those whose
    manager was unknown so far. `new_ids` has an id for every employee number of the rows. Rows apply in any
    order: managers may come after their reports, be missing, or form circles.
    """
    rows, twice = _once_each(rows)
    before = {person.card.employee_number: person for person in known}
    rows = [_with_known_pool(row, before.get(row.card.employee_number)) for row in rows]
    current, outdated = _newest(rows, before, today=now.date())
    accepted, taken = _with_names_of_their_own(current, before)
    after = dict(before)
    for row in accepted:
        after[row.card.employee_number] = _apply(row, before.get(row.card.employee_number), new_ids, now)
    after = _with_managers(after, named={row.card.employee_number for row in accepted})
    changed = [_next_version(person, before) for person in after.values() if _differs(person, before)]
    done = {person.card.employee_number for person in changed}
    applied = sum(row.card.employee_number in done for row in accepted)
    touched = [
        person for number, person in after.items() if number not in done and person is not before[number]
    ]
    return Plan(
        changed=tuple(sorted(changed, key=lambda p: in_order(p.card.employee_number))),
        touched=tuple(touched),
        applied=applied,
        unchanged=len(accepted) - applied,
        rejected=tuple(sorted([*twice, *outdated, *taken])),
    )


def _once_each(rows: Sequence[Row]) -> tuple[list[Row], list[Reject]]:
    first: dict[str, Row] = {}
    rejected = []
    for row in rows:
        earlier = first.setdefault(row.card.employee_number, row)
        if earlier is not row:
            reason = f"the file has this employee already in line {earlier.line}"
            rejected.append(Reject(row.line, "employee_number", reason))
    return list(first.values()), rejected


def _with_known_pool(row: Row, known: Person | None) -> Row:
    if row.says_pool or known is None:
        return row
    return replace(row, card=replace(row.card, pool=known.card.pool))


def _newest(
    rows: Sequence[Row], before: Mapping[str, Person], *, today: date
) -> tuple[list[Row], list[Reject]]:
    kept, rejected = [], []
    for row in rows:
        known = before.get(row.card.employee_number)
        since = row.effective_date
        if since is not None and since > today:
            reason = f"{since} is in the future: import the row when it holds"
            rejected.append(Reject(row.line, "effective_date", reason))
        elif since is not None and known is not None and since < known.effective_date:
            reason = f"{since} is older than what is known since {known.effective_date}"
            rejected.append(Reject(row.line, "effective_date", reason))
        else:
            kept.append(row)
    return kept, rejected


def _with_names_of_their_own(
    rows: Sequence[Row], before: Mapping[str, Person]
) -> tuple[list[Row], list[Reject]]:
    """Drops rows that would leave two people with one user name or address.

    Judged by how everything would be afterwards, so that two people can swap names in one file. A dropped
    row's person keeps the old name, which may now be in another's way: hence again until nothing is dropped.
    """
    kept, rejected = list(rows), list[Reject]()
    while True:
        clashes = [*_clashes(kept, before, "user_name"), *_clashes(kept, before, "work_email")]
        if not clashes:
            return kept, rejected
        bad_lines = {clash.line for clash in clashes}
        rejected += clashes
        kept = [row for row in kept if row.line not in bad_lines]


def _clashes(rows: Sequence[Row], before: Mapping[str, Person], field: str) -> list[Reject]:
    moving = {row.card.employee_number for row in rows}
    holder = {
        name_key(getattr(person.card, field)): number
        for number, person in before.items()
        if number not in moving
    }
    found = []
    for row in rows:
        key = name_key(getattr(row.card, field))
        other = holder.setdefault(key, row.card.employee_number)
        if other != row.card.employee_number:
            found.append(Reject(row.line, field, f"belongs to employee {other}"))
    return found


def _apply(row: Row, known: Person | None, new_ids: Mapping[str, PersonId], now: datetime) -> Person:
    since = row.effective_date or now.date()
    if known is None:
        person_id = new_ids[row.card.employee_number]
        return Person(person_id, row.card, None, since, 0, now)
    if row.card == known.card and (row.effective_date is None or since == known.effective_date):
        return known
    return replace(known, card=row.card, effective_date=max(since, known.effective_date))


def _with_managers(people: Mapping[str, Person], *, named: Set[str]) -> dict[str, Person]:
    """`named` are in the file, so their managers are in `people` if they are known at all."""
    found = dict(people)
    for number, person in people.items():
        boss = people.get(person.card.manager_employee_number or "")
        manager_id = boss.id if boss is not None else None
        news = number in named or (person.manager_id is None and manager_id is not None)
        if news and manager_id != person.manager_id:
            found[number] = replace(person, manager_id=manager_id)
    return found


def _differs(person: Person, before: Mapping[str, Person]) -> bool:
    known = before.get(person.card.employee_number)
    return known is None or (known.card, known.manager_id) != (person.card, person.manager_id)


def _next_version(person: Person, before: Mapping[str, Person]) -> Person:
    known = before.get(person.card.employee_number)
    return replace(person, version=1 if known is None else known.version + 1)
