"""What HR systems say about people, the same behind every door, and which word is newer.

The state of a person is a fold of the set of their facts (`core/standing.py`), so neither the order of facts
nor their repetition matters. For that any two facts have an order that is read from the two of them alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, date, datetime, time, tzinfo
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from services.matching.core import people, roster
from services.matching.core.ids import PersonId

FactKind = Literal[
    "hire",
    "change",
    "manager",
    "leave",
    "return",
    "inactive",
    "termination",
    "termination-cancelled",
    "rehire",
    "erase",
]
Outcome = Literal["applied", "waiting", "superseded", "repeated", "held", "rejected"]

KINDS: Collection[str] = frozenset(FactKind.__args__)  # type: ignore[attr-defined]
STAYS = frozenset({"change", "manager"})
"""Kinds that say nothing about whether somebody is there."""
STARTS = frozenset({"hire", "rehire"})
ENDS = frozenset({"inactive", "termination"})
CARD = (
    "employee_number",
    "user_name",
    "given_name",
    "family_name",
    "work_email",
    "title",
    "department",
    "site",
    "time_zone",
    "hire_date",
    "pool",
)
MANAGERS = ("manager_employee_number", "manager_external_id")
FIELDS = frozenset((*CARD, *MANAGERS))
NEEDED = ("employee_number", "user_name", "given_name", "work_email", "time_zone")
"""What nobody can be taken in without."""
KEY_CHARACTERS_MAX = 200
EVENT_ID_CHARACTERS_MAX = 200
VERSION_MAX = (1 << 63) - 1
NOT_YET = 1 << 62
"""Facts that are not written yet came in after all others."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Key(NamedTuple):
    """The name of a fact: nothing is taken twice."""

    source: str
    event_id: str


@dataclass(frozen=True)
class Identity:
    """Whom a fact is about; at least one is given. `external_id` is meant within the fact's source."""

    employee_number: str | None = None
    external_id: str | None = None
    work_email: str | None = None


@dataclass(frozen=True)
class Fact:
    """One thing that a source says about one person.

    `fields` are named as in `people.Card`, dates as 2026-03-31; `manager_external_id` names a manager by the
    source's own id. Without `effective_on` it holds at once, else from 00:00 of that day where the person
    works. `until` is the last day of a leave, empty for an open end. `said_at` is the source's own time and
    `said_version` its own count; a fact with neither counts by arrival.
    """

    source: str
    event_id: str
    kind: FactKind
    who: Identity
    fields: Mapping[str, str | None] = field(default_factory=dict)
    effective_on: date | None = None
    until: date | None = None
    said_at: datetime | None = None
    said_version: int | None = None

    @cached_property
    def key(self) -> Key:
        return Key(self.source, self.event_id)

    @cached_property
    def says(self) -> Mapping[str, str | None]:
        """Its fields; of a fact that brings somebody, whom it names is part of what it says."""
        if self.kind not in STARTS:
            return self.fields
        named = {"employee_number": self.who.employee_number, "work_email": self.who.work_email}
        return {**{name: value for name, value in named.items() if value}, **self.fields}


@dataclass(frozen=True)
class Taken:
    """What became of a fact; of one held or rejected `reason` is a sentence and `field` what is wrong."""

    fact: Fact
    state: Outcome
    person_id: PersonId | None
    reason: str = ""
    field: str = ""


@dataclass(frozen=True)
class Voice:
    """How much the word of a source counts: the more, the smaller its precedence; for some fields it may be
    another one."""

    name: str
    precedence: int
    by_field: Mapping[str, int] = field(default_factory=dict)

    def precedence_of(self, name: str) -> int:
        return self.by_field.get(name, self.precedence)


Stamp: TypeAlias = tuple[bool, str, int, datetime, datetime, int, str, str]


@dataclass(frozen=True)
class Heard:
    """A fact, when it came in, and as how manieth."""

    fact: Fact
    received_at: datetime
    arrival: int

    @property
    def key(self) -> Key:
        return self.fact.key

    @property
    def said_at(self) -> datetime:
        return self.fact.said_at or self.received_at

    @cached_property
    def stamp(self) -> Stamp:
        """Grows with the newness of a word, and is never the same for two facts.

        A source that counts versions is ordered by them; among sources of one precedence its word goes before
        the word of those that tell times (they cannot be compared: give it a precedence of its own).
        """
        fact, version = self.fact, self.fact.said_version
        untimed = fact.said_at is None and version is None
        return (
            version is not None,
            "" if version is None else fact.source,
            version or 0,
            self.as_of,
            self.said_at,
            self.arrival if untimed else 0,
            fact.event_id,
            fact.source,
        )

    @cached_property
    def as_of(self) -> datetime:
        """What is announced for a day counts as said on that day: it is newer than what was said before."""
        day = self.fact.effective_on
        said = self.said_at
        return said if day is None else max(said, datetime.combine(day, time(tzinfo=UTC)))


@dataclass(frozen=True)
class Kept:
    """A fact and what became of it. `due_at` is when it will hold, `applied_at` since when it does; it is
    `settled` when it cannot matter any more. `hold_id`: it is one of too many that ended somebody."""

    heard: Heard
    person_id: PersonId | None
    state: str
    field: str = ""
    reason: str = ""
    due_at: datetime | None = None
    applied_at: datetime | None = None
    settled: bool = False
    hold_id: UUID | None = None

    @property
    def key(self) -> Key:
        return self.heard.fact.key

    @property
    def fact(self) -> Fact:
        return self.heard.fact

    @property
    def is_written(self) -> bool:
        return self.heard.arrival < NOT_YET

    @property
    def counts(self) -> bool:
        """Whether it is among the facts that a person is folded of."""
        return self.state in ("applied", "waiting", "superseded")


def is_said_after(one: Heard, other: Heard) -> bool:
    """By the versions of the one source that both come from, else by when they were said."""
    a, b = one.fact, other.fact
    if a.source == b.source and a.said_version is not None and b.said_version is not None:
        return (a.said_version, a.event_id) > (b.said_version, b.event_id)
    return (one.said_at, one.arrival, a.event_id) > (other.said_at, other.arrival, b.event_id)


def starts_at(day: date, zone: tzinfo) -> datetime:
    """The UTC instant at which a day begins in a zone."""
    return datetime.combine(day, time(tzinfo=zone)).astimezone(UTC)


class Wrong(NamedTuple):
    field: str
    reason: str


def wrong(fact: Fact, *, sources: Collection[str], zones: Collection[str]) -> Wrong | None:
    """The first thing in a fact that cannot be taken, in words; None where it is well formed."""
    return (
        _wrong_frame(fact, sources)
        or _wrong_identity(fact.who)
        or next((found for name in fact.fields if (found := _wrong_field(fact, name, zones))), None)
        or _wrong_days(fact)
    )


def _wrong_frame(fact: Fact, sources: Collection[str]) -> Wrong | None:
    if fact.source not in sources:
        return Wrong("source", f"{fact.source[:60]} is no source that facts are taken from")
    if fact.kind not in KINDS:
        return Wrong("kind", f"is none of {', '.join(sorted(KINDS))}")
    if not 0 < len(fact.event_id) <= EVENT_ID_CHARACTERS_MAX or _CONTROL.search(fact.event_id):
        return Wrong("event_id", f"has 1 to {EVENT_ID_CHARACTERS_MAX} characters")
    if fact.said_at is not None and fact.said_at.tzinfo is None:
        return Wrong("said_at", "has no time zone")
    if fact.said_version is not None and not 0 <= fact.said_version <= VERSION_MAX:
        return Wrong("said_version", f"is a number from 0 to {VERSION_MAX}")
    return None


def _wrong_identity(who: Identity) -> Wrong | None:
    if not (who.employee_number or who.external_id or who.work_email):
        return Wrong("who", "names nobody: give an employee number, the source's own id or a work address")
    if who.employee_number and (problem := roster.problem("employee_number", who.employee_number, ())):
        return Wrong("employee_number", problem)
    if who.external_id and (len(who.external_id) > KEY_CHARACTERS_MAX or _CONTROL.search(who.external_id)):
        return Wrong("external_id", f"has at most {KEY_CHARACTERS_MAX} characters")
    if who.work_email and (problem := roster.problem("work_email", who.work_email, ())):
        return Wrong("work_email", problem)
    return None


def _wrong_field(fact: Fact, name: str, zones: Collection[str]) -> Wrong | None:
    if name not in FIELDS:
        return Wrong(name[:40], "is nothing that is known of people here")
    value = fact.fields[name] or ""
    if not value.isprintable() and _CONTROL.search(value):
        return Wrong(name, "holds a control character or a line break")
    if name == "manager_external_id":
        long = len(value) > KEY_CHARACTERS_MAX
        return Wrong(name, f"has at most {KEY_CHARACTERS_MAX} characters") if long else None
    problem = roster.problem(name, value, zones)
    return None if problem is None else Wrong(name, problem)


def _wrong_days(fact: Fact) -> Wrong | None:
    if fact.until is not None and fact.kind != "leave":
        return Wrong("until", "is the last day of a leave, and this is none")
    if fact.until is not None and fact.effective_on is not None and fact.until < fact.effective_on:
        return Wrong("until", "is before the first day")
    return None


def missing(fields: Mapping[str, str | None]) -> Wrong | None:
    """What a person cannot be made without, of what their facts say."""
    lacking = [name for name in NEEDED if not fields.get(name)]
    return Wrong(lacking[0], "is missing: nobody can be taken in without it") if lacking else None


def outcome(state: str) -> Outcome:
    """What became of a fact that was taken just now."""
    assert state in ("applied", "waiting", "superseded", "held", "rejected"), state
    return state  # type: ignore[return-value]


def cleaned(fact: Fact) -> Fact | None:
    """A badly formed fact as far as it can be kept; None where it has not even a name."""
    if not 0 < len(fact.event_id) <= EVENT_ID_CHARACTERS_MAX or _CONTROL.search(fact.event_id):
        return None
    return replace(
        fact,
        kind=_clean(fact.kind),  # type: ignore[arg-type]
        who=Identity(*(value and _clean(value) for value in astuple(fact.who))),
        fields={_clean(name): value and _clean(value) for name, value in list(fact.fields.items())[:20]},
        said_at=fact.said_at if fact.said_at and fact.said_at.tzinfo else None,
        said_version=None,
    )


def _clean(value: str) -> str:
    return _CONTROL.sub(" ", value[:KEY_CHARACTERS_MAX])


def email_key(who: Identity) -> str | None:
    return people.name_key(who.work_email) if who.work_email else None
