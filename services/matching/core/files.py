"""A file of people on its way: waiting, held until somebody has looked, being applied, done or dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from services.matching.core.snapshots import Before
from services.matching.core.tables import Reject
from shared.errors import Refused

State = Literal["waiting", "applying", "held", "done", "dropped"]
RowState = Literal["applied", "waiting", "superseded", "held", "rejected", "unchanged", "repeated", "leaver"]
"""What becomes of a row. `repeated`: the file has it twice. `leaver`: somebody unknown who has left."""
KEPT = timedelta(days=30)
"""How long rows and rejects of a file are kept: they hold what people are called."""
NAME_CHARACTERS_MAX = 120


class NotHeld(Refused):
    code = "file-not-held"


class Outdated(Refused):
    code = "file-outdated"


class NamedReject(NamedTuple):
    """A reject and the employee whom its row is about, "" where nobody knows."""

    employee_number: str
    reject: Reject


@dataclass(frozen=True)
class Sending:
    """A file as it is sent. `full`: whoever it lacks is inactive. `dry`: only tell what it would do."""

    source: str
    name: str
    sent_by: str
    full: bool = False
    dry: bool = False
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Report:
    """What a file would do. Where every row was looked at: facts by kind, and some of the employees of each;
    `ended` people are there and would be inactive or gone, and `ended_free` may be without anybody looking.
    `missing` is how many people the file lacks; None: not asked, or `not_reconciled` says why it is unknown.
    `holds` says why somebody has to confirm the file, "" where nobody has to."""

    kinds: Mapping[str, int]
    named: Mapping[str, tuple[str, ...]]
    ended: int
    ended_named: tuple[str, ...]
    ended_free: int
    people: int
    leavers: int
    missing: int | None
    not_reconciled: str
    holds: str


@dataclass(frozen=True)
class Piece:
    """What became of some rows; `remembered` is what they said, by employee number."""

    rows: Mapping[str, int]
    kinds: Mapping[str, int]
    rejects: tuple[NamedReject, ...]
    remembered: Mapping[str, Before]


@dataclass(frozen=True)
class File:
    """`tally` counts rows by what became of them, `kinds` the facts that were made of them; `report` is what
    was foreseen before the first row was applied."""

    id: UUID
    source: str
    name: str
    state: State
    full: bool
    dry: bool
    encoding: str
    sha256: str
    size_bytes: int
    sent_by: str
    rows_total: int
    rows_done: int
    tally: Mapping[str, int]
    kinds: Mapping[str, int]
    report: Report | None
    created_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    finished_at: datetime | None = None
    emptied_at: datetime | None = None

    def rows(self, *states: RowState) -> int:
        """How many rows became one of these."""
        return sum(self.tally.get(state, 0) for state in states)


def begun(sending: Sending, *, file_id: UUID, sha256: str, size_bytes: int, now: datetime) -> File:
    """A file of which no row is read yet."""
    return File(
        id=file_id,
        source=sending.source,
        name=sending.name[:NAME_CHARACTERS_MAX],
        state="waiting",
        full=sending.full,
        dry=sending.dry,
        encoding=sending.encoding,
        sha256=sha256,
        size_bytes=size_bytes,
        sent_by=sending.sent_by,
        rows_total=0,
        rows_done=0,
        tally={},
        kinds={},
        report=None,
        created_at=now,
    )


def kept(file: File, *, rows_total: int, rejected: int, repeated: int) -> File:
    """With its rows; those that are rejected or repeated are dealt with."""
    tally = _counted({}, {"rejected": rejected, "repeated": repeated})
    return replace(file, rows_total=rows_total, rows_done=rejected + repeated, tally=tally)


def foreseen(file: File, report: Report, *, unchanged: int) -> File:
    """Held where somebody has to look at it first; whomever the file lacks counts as a row."""
    return replace(
        file,
        state="held" if report.holds else "applying",
        report=report,
        rows_total=file.rows_total + (report.missing or 0),
        rows_done=file.rows_done + unchanged,
        tally=_counted(file.tally, {"unchanged": unchanged}),
    )


def after_piece(file: File, piece: Piece) -> File:
    return replace(
        file,
        rows_done=file.rows_done + sum(piece.rows.values()),
        tally=_counted(file.tally, piece.rows),
        kinds=_counted(file.kinds, piece.kinds),
    )


def done(file: File, *, now: datetime) -> File:
    return replace(file, state="done", finished_at=now)


def confirmed(file: File, *, by: str, now: datetime, outdated: bool) -> File:
    """Raises NotHeld, Outdated."""
    if file.state != "held":
        raise NotHeld(f"the file is {file.state}: only one that is held can be confirmed")
    if outdated:
        raise Outdated("a newer file of this source came meanwhile: drop this one")
    return replace(file, state="applying", decided_by=by, decided_at=now)


def dropped(file: File, *, by: str, now: datetime) -> File:
    """Raises NotHeld."""
    if file.state not in ("held", "waiting"):
        raise NotHeld(f"the file is {file.state}: only one that is held, or waits, can be dropped")
    return replace(file, state="dropped", decided_by=by, decided_at=now, finished_at=now)


def _counted(tally: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    names = {**tally, **more}
    return {name: count for name in names if (count := tally.get(name, 0) + more.get(name, 0))}
