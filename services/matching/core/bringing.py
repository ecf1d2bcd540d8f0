"""Pairs that exist already, from a file: what is a row, what is wrong with it, and what it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from services.matching.core import roster, tables
from services.matching.core.ids import ParticipationId, Role
from services.matching.core.participations import Participation
from services.matching.core.people import in_order
from services.matching.core.tables import Reject

Couple: TypeAlias = tuple[Participation, Participation]

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
    """Who takes part, by (number, role), and the open proposals and active matches of the programme.

    `peers`: whether it is one of peers."""

    participations: Mapping[tuple[str, Role], Participation]
    active: Mapping[ParticipationId, ParticipationId]
    proposed: frozenset[ParticipationId]
    taken: Mapping[ParticipationId, int]
    peers: bool = False


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
    """The rows in their order; one that does not fit what is known or came before it is rejected alone.

    Among peers neither is the mentor: whichever column they are in, they become a pair in the order of their
    numbers.
    """
    active, taken = dict(known.active), Counter(known.taken)
    now = replace(known, active=active, taken=taken)
    new: list[tuple[Participation, Participation, date]] = []
    rejected: list[Reject] = []
    unchanged = 0
    for row in rows:
        found, strangers = _both(row, known)
        if found is None:
            rejected += strangers
        elif active.get(found[0].id) == found[1].id:
            unchanged += 1
        elif wrong := _taken(row, found, now):
            rejected.append(wrong)
        else:
            active[found[0].id] = found[1].id
            taken[found[1].id] += 1
            new.append((*found, row.since))
    return Plan(tuple(new), unchanged, tuple(rejected))


def _both(row: Row, known: Known) -> tuple[Couple | None, list[Reject]]:
    """The two of a row, peers in the order of their numbers; or who of them does not take part."""
    roles: tuple[Role, Role] = ("peer", "peer") if known.peers else ("mentee", "mentor")
    one = known.participations.get((row.mentee, roles[0]))
    other = known.participations.get((row.mentor, roles[1]))
    if one is not None and other is not None:
        turned = known.peers and in_order(row.mentor) < in_order(row.mentee)
        return (other, one) if turned else (one, other), []
    columns = (("mentee_number", roles[0], one), ("mentor_number", roles[1], other))
    return None, [
        Reject(row.line, column, f"is no {role} of this programme: invite or enrol them first")
        for column, role, found in columns
        if found is None
    ]


def _taken(row: Row, both: Couple, now: Known) -> Reject | None:
    """Why these two, who take part, cannot become a pair."""
    mentee, mentor = both
    if mentor.role == "peer":
        return _has_peer(row, both, now)
    if mentee.id in now.active:
        return Reject(row.line, "mentee_number", "has another mentor in this programme")
    if mentee.id in now.proposed:
        return Reject(row.line, "mentee_number", "has an open proposal in this programme")
    if now.taken.get(mentor.id, 0) >= mentor.capacity:
        reason = f"offers {mentor.capacity} seats, and all are taken"
        return Reject(row.line, "mentor_number", reason)
    return None


def _has_peer(row: Row, both: Couple, now: Known) -> Reject | None:
    for number, peer in zip(sorted((row.mentee, row.mentor), key=in_order), both, strict=True):
        if peer.id in now.active or peer.id in now.proposed or now.taken.get(peer.id, 0):
            column = "mentee_number" if number == row.mentee else "mentor_number"
            return Reject(row.line, column, "has another peer, or an open proposal, in this programme")
    return None
