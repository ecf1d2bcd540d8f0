"""Pairs that exist already, from a file: what is a row, what is wrong with it, and what it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.matching.core import roster, tables
from services.matching.core.ids import ParticipationId, Role
from services.matching.core.participations import Participation
from services.matching.core.tables import Reject

LONGEST = 40
COLUMNS = ("mentee_number", "mentor_number", "since")


@dataclass(frozen=True)
class Row:
    """A pair of employee numbers; `line` is where it begins in the file, from 1."""

    line: int
    mentee: str
    mentor: str
    since: date


@dataclass(frozen=True)
class File:
    rows: tuple[Row, ...]
    rejected: tuple[Reject, ...]


@dataclass(frozen=True)
class Plan:
    """New pairs with the two participations and since when; how many are known already."""

    new: tuple[tuple[Participation, Participation, date], ...]
    unchanged: int
    rejected: tuple[Reject, ...]


@dataclass(frozen=True)
class Known:
    """Who takes part, by (number, role), and the open proposals and active matches of the programme."""

    participations: Mapping[tuple[str, Role], Participation]
    active: Mapping[ParticipationId, ParticipationId]
    proposed: frozenset[ParticipationId]
    taken: Mapping[ParticipationId, int]


def read(content: bytes, *, today: date) -> File:
    """The rows of a file in UTF-8, and the bad ones. Raises WrongHeader and Unreadable, see `tables.read`."""
    rows: list[Row] = []
    rejected: list[Reject] = []
    for found in tables.read(content, COLUMNS):
        if isinstance(found, Reject):
            rejected.append(found)
            continue
        wrong = [Reject(found.line, name, reason) for name, reason in _wrong(found.cells, today)]
        since = roster.day(found.cells["since"])
        if wrong or since is None:
            rejected += wrong
        else:
            rows.append(Row(found.line, found.cells["mentee_number"], found.cells["mentor_number"], since))
    return File(tuple(rows), tuple(rejected))


def _wrong(cells: Mapping[str, str], today: date) -> Iterator[tuple[str, str]]:
    for name in COLUMNS:
        if not cells[name]:
            yield name, "is empty"
        if len(cells[name]) > LONGEST:
            yield name, f"is longer than {LONGEST}"
    since = roster.day(cells["since"])
    if cells["since"] and since is None:
        yield "since", "is no date of the form 2026-03-31"
    if since is not None and since > today:
        yield "since", "is not over yet"
    if cells["mentee_number"] and cells["mentee_number"] == cells["mentor_number"]:
        yield "mentor_number", "is the mentee's own number"


def plan(rows: Sequence[Row], known: Known) -> Plan:
    """The rows in their order; one that does not fit what is known or came before it is rejected alone."""
    active, taken = dict(known.active), Counter(known.taken)
    new: list[tuple[Participation, Participation, date]] = []
    rejected: list[Reject] = []
    unchanged = 0
    for row in rows:
        mentee = known.participations.get((row.mentee, "mentee"))
        mentor = known.participations.get((row.mentor, "mentor"))
        if mentee is None or mentor is None:
            rejected += _strangers(row, mentee, mentor)
        elif active.get(mentee.id) == mentor.id:
            unchanged += 1
        elif mentee.id in active:
            rejected.append(Reject(row.line, "mentee_number", "has another mentor in this programme"))
        elif mentee.id in known.proposed:
            rejected.append(Reject(row.line, "mentee_number", "has an open proposal in this programme"))
        elif taken[mentor.id] >= mentor.capacity:
            reason = f"offers {mentor.capacity} seats, and all are taken"
            rejected.append(Reject(row.line, "mentor_number", reason))
        else:
            active[mentee.id] = mentor.id
            taken[mentor.id] += 1
            new.append((mentee, mentor, row.since))
    return Plan(tuple(new), unchanged, tuple(rejected))


def _strangers(row: Row, mentee: Participation | None, mentor: Participation | None) -> list[Reject]:
    wrong = (("mentee_number", "mentee", mentee), ("mentor_number", "mentor", mentor))
    return [
        Reject(row.line, field, f"is no {role} of this programme: invite or enrol them first")
        for field, role, found in wrong
        if found is None
    ]
