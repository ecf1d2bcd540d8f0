"""What a file of people says that its source has not said before, as facts.

A snapshot says how things are; a fact says what happened. So what happened is the difference between a row
and the last row of that source about the same employee, which `hris_roster` keeps: a leave that is no longer
named is a return, a termination date that is gone is a cancelled termination. Whomever a full snapshot lacks
is inactive, and nothing says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from services.matching.core import roster
from services.matching.core.facts import Fact, FactKind, Identity
from services.matching.core.people import Card

Status = Literal["active", "leave", "inactive", "terminated", "missing"]
MISSING: Literal["missing"] = "missing"
SAID_OF_STANDING = frozenset({"status", "effective_date", "leave_from", "leave_until", "termination_date"})
FIELDS = tuple(name for name in roster.ALL if name not in SAID_OF_STANDING)
EMPTY_IS_NOTHING = frozenset({"manager_employee_number", "hire_date"})


class Stands(NamedTuple):
    """How a row says that somebody stands. `since` and `until` are the days of a leave, or since when they
    are inactive; `ends_on` is when they leave for good. Empty days: at once, and without end."""

    status: Status
    since: date | None = None
    until: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True)
class Before:
    """What the last file of the source said of an employee. `serial` counts what was new; `digest` is of the
    row, "" where it was not taken over."""

    digest: str
    serial: int
    stands: Stands


NEVER = Before("", 0, Stands("active"))
"""What a source has said of somebody of whom it has said nothing."""


@dataclass(frozen=True)
class Said:
    """A row as facts, and what is remembered of it. `leaver` is somebody nobody knows here and who has left:
    they are not taken in."""

    employee_number: str
    line: int | None
    facts: tuple[Fact, ...]
    after: Before
    leaver: bool = False


@dataclass(frozen=True)
class Known:
    """What is known of an employee: what the source said last, and the person."""

    before: Before | None = None
    card: Card | None = None


@dataclass(frozen=True)
class _Sayer:
    """Makes the facts of one row; their ids come from the employee number, the row and its serial."""

    source: str
    number: str
    stem: str
    said: list[Fact] = field(default_factory=list)

    def say(
        self,
        kind: FactKind,
        on: date | None,
        fields: Mapping[str, str | None] | None = None,
        *,
        until: date | None = None,
    ) -> None:
        who = Identity(employee_number=self.number)
        event_id = f"{self.stem}/{kind}"
        self.said.append(Fact(self.source, event_id, kind, who, fields or {}, effective_on=on, until=until))


def of_row(source: str, row: roster.Row, known: Known) -> Said:
    """What a row says that is new."""
    number, before, card = row.employee_number, known.before or NEVER, known.card
    if before.digest == row.digest and before.stands.status != MISSING:
        return Said(number, row.line, (), before)
    cells = dict(zip(roster.ALL, row.cells, strict=True))
    now = stands(cells)
    after = Before(row.digest, before.serial + 1, now)
    if card is None and now.status == "terminated":
        return Said(number, row.line, (), after, leaver=True)
    sayer = _Sayer(source, number, f"{number}/{row.digest}/{after.serial}")
    fields = _fields(cells)
    back = card is not None and _is_back(cells, now, before, card)
    sayer.say(_kind(fields, card, back=back), roster.day(cells["effective_date"] or ""), fields)
    _say_standing(sayer, NEVER.stands if back or card is None else before.stands, now)
    return Said(number, row.line, tuple(sayer.said), after)


def of_missing(source: str, number: str, known: Known) -> Said:
    """What it says that a full snapshot has nobody of this number any more. Of whom nobody is known here,
    nothing."""
    before = known.before or NEVER
    after = Before(before.digest, before.serial + 1, Stands(MISSING, ends_on=before.stands.ends_on))
    sayer = _Sayer(source, number, f"{number}/{MISSING}/{after.serial}")
    if known.card is not None:
        sayer.say("inactive", None)
    return Said(number, None, tuple(sayer.said), after)


def stands(cells: Mapping[str, str | None]) -> Stands:
    """How a row says that somebody stands."""
    since, until, ends_on, effective = (
        roster.day(cells[name] or "")
        for name in ("leave_from", "leave_until", "termination_date", "effective_date")
    )
    status = cells["status"]
    if status == "terminated":
        return Stands("terminated", ends_on=ends_on or effective)
    if status == "inactive":
        return Stands("inactive", since=effective, ends_on=ends_on)
    if status == "leave":
        return Stands("leave", since or effective, until, ends_on)
    if since is not None:
        return Stands("leave", since, until, ends_on)
    return Stands("active", ends_on=ends_on)


def _fields(cells: Mapping[str, str | None]) -> dict[str, str | None]:
    return {
        name: (cells[name] or None) if name in EMPTY_IS_NOTHING else cells[name]
        for name in FIELDS
        if cells[name] is not None
    }


def _is_back(cells: Mapping[str, str | None], now: Stands, before: Before, card: Card) -> bool:
    """Whether somebody who had left is in the company again: the source had said that they left, or now tells
    of a later hire. That a source has not heard of a leaver yet brings nobody back."""
    if card.status != "terminated" or now.status == "terminated":
        return False
    hired = roster.day(cells["hire_date"] or "")
    later = hired is not None and card.hire_date is not None and hired > card.hire_date
    return later or _ends(before.stands)


def _ends(one: Stands) -> bool:
    return one.status == "terminated" or one.ends_on is not None


def _end(one: Stands) -> tuple[bool, date | None]:
    return _ends(one), one.ends_on


def _kind(fields: Mapping[str, str | None], card: Card | None, *, back: bool) -> FactKind:
    if card is None:
        return "hire"
    if back:
        return "rehire"
    known = {name: getattr(card, name) for name in fields}
    known["hire_date"] = card.hire_date.isoformat() if card.hire_date else None
    differing = [name for name, value in fields.items() if value != known[name]]
    return "manager" if differing == ["manager_employee_number"] else "change"


def _say_standing(sayer: _Sayer, before: Stands, now: Stands) -> None:
    """First what is over, then what begins."""
    if _ends(before) and _end(before) != _end(now):
        sayer.say("termination-cancelled", None)
    if before.status in ("leave", "inactive", MISSING) and not _goes_on(before, now):
        sayer.say("return", before.since)
    if now.status == "leave" and now[:3] != before[:3]:
        sayer.say("leave", now.since, until=now.until)
    if now.status == "inactive" and now[:2] != before[:2]:
        sayer.say("inactive", now.since)
    if _ends(now) and _end(before) != _end(now):
        sayer.say("termination", now.ends_on)


def _goes_on(before: Stands, now: Stands) -> bool:
    """Whether what began before is still so: a leave may have another end, but not another first day."""
    if now.status == "terminated":
        return True
    return before.status == now.status and before.since == now.since
