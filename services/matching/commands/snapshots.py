"""Taking over a file of people that is kept: foreseen first, then applied a piece at a time.

The rows that are not applied yet are rows of the store, and a piece leaves it in the transaction that applies
it: wherever the process ends, the next one goes on from there, to the same end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from services.matching import core, store
from services.matching.commands import facts, files
from services.matching.core.files import File, Sending
from services.matching.core.foreseeing import Foreseen
from services.matching.core.snapshots import Known, Said
from services.matching.store.file_rows import Kept
from shared.errors import Refused
from shared.tx import Tx

FORESEEN_AT_ONCE = 1000
PIECE_ROWS = 2000
"""Rows that are applied in one transaction."""
TAKEN_AT_ONCE = 500
"""Rows whose facts are taken together; between two of these the process does other things."""
FIRST_PLACE = -(1 << 31)


class FileInWork(Refused):
    code = "file-in-work"


async def import_now(tx: Tx, content: bytes, sending: Sending) -> File:
    """A small file from its first byte to its last fact. Raises WrongHeader, Unreadable, FileInWork."""
    await store.files.plan_each(tx.conn)
    await store.files.lock_source(tx.conn, sending.source)
    if await store.files.is_busy(tx.conn, sending.source):
        raise FileInWork(
            f"another file of {sending.source} is being taken over: send this one when it is done"
        )
    file = await foresee(tx, await files.keep(tx, content, sending))
    while file.state == "applying":
        file = await apply_piece(tx, file)
    return file


async def step(tx: Tx, file: File) -> bool:
    """The next piece of work on a file that is kept; False: there is none any more."""
    await store.files.plan_each(tx.conn)
    if file.state == "waiting":
        await foresee(tx, file)
    elif file.state == "applying":
        await apply_piece(tx, file)
    else:
        return False
    return True


async def foresee(tx: Tx, file: File) -> File:
    """Finds out what a kept file would do. Then it is to be applied, or held until somebody confirms it."""
    missing, why_not = await _add_missing(tx, file)
    unchanged = await store.file_rows.drop_unchanged(tx.conn, file.id, file.source)
    swapping = await store.file_rows.swapping(tx.conn, file.id)
    if swapping:
        await store.file_rows.put_first(tx.conn, file.id, swapping)
    people = await store.holds.people_there(tx.conn)
    report = core.foreseeing.report(
        [part async for part in _parts(tx, file)] if await _needs_look(tx, file, people) else [],
        people=people,
        missing=missing,
        not_reconciled=why_not,
        dry=file.dry,
    )
    file = core.files.foreseen(file, report, unchanged=unchanged)
    await store.files.save(tx.conn, file)
    return file


async def _needs_look(tx: Tx, file: File, people: int) -> bool:
    """Looking at every row takes as long as reading it: only where somebody may have to confirm the file."""
    ending = await store.file_rows.count_ending(tx.conn, file.id)
    return file.dry or ending > core.guard.people_max(people)


async def _add_missing(tx: Tx, file: File) -> tuple[int | None, str]:
    """How many people of the source the file lacks, or why nobody can tell."""
    if not file.full:
        return None, ""
    line = await store.file_rows.first_nameless(tx.conn, file.id)
    if line is not None:
        return None, f"line {line} does not say whom it is about, so nobody knows who is missing"
    return await store.file_rows.add_missing(tx.conn, file.id, file.source), ""


async def _parts(tx: Tx, file: File) -> AsyncIterator[Foreseen]:
    place = FIRST_PLACE
    while rows := await store.file_rows.rows_after(tx.conn, file.id, place, FORESEEN_AT_ONCE):
        place = rows[-1].place
        known = await _known(tx, file.source, rows)
        yield await asyncio.to_thread(_foreseen, file.source, rows, known)


def _foreseen(source: str, rows: Sequence[Kept], known: Mapping[str, Known]) -> Foreseen:
    return core.foreseeing.of_rows(_say(source, rows, known), known)


async def _known(tx: Tx, source: str, rows: Sequence[Kept]) -> Mapping[str, Known]:
    numbers = [row.employee_number for row in rows]
    before = await store.rosters.of_numbers(tx.conn, source, numbers)
    people = await store.people.by_numbers(tx.conn, numbers)
    cards = {number: person.card for number, person in people.items()}
    return {number: Known(before.get(number), cards.get(number)) for number in numbers}


def _say(source: str, rows: Sequence[Kept], known: Mapping[str, Known]) -> list[Said]:
    return [
        core.snapshots.of_row(source, row.row, known[row.employee_number])
        if row.line is not None
        else core.snapshots.of_missing(source, row.employee_number, known[row.employee_number])
        for row in rows
    ]


async def apply_piece(tx: Tx, file: File) -> File:
    """Applies the next rows of a file; with the last one it is done."""
    rows = await store.file_rows.take_rows(tx.conn, file.id, PIECE_ROWS)
    for some in _together(rows):
        known = await _known(tx, file.source, some)
        said = await asyncio.to_thread(_say, file.source, some, known)
        taken = await facts.take(tx, [fact for one in said for fact in one.facts], guarded=False)
        piece = await asyncio.to_thread(core.foreseeing.piece, said, taken, known)
        if piece.rejects:
            await store.file_rows.add_rejects(tx.conn, file.id, piece.rejects)
        await store.rosters.remember(tx.conn, file.source, piece.remembered)
        file = core.files.after_piece(file, piece)
    if len(rows) < PIECE_ROWS:
        file = core.files.done(file, now=tx.now)
    await store.files.save(tx.conn, file)
    return file


def _together(rows: Sequence[Kept]) -> Iterator[Sequence[Kept]]:
    """The rows that have to be looked at together, then the others, some at a time, by employee numbers."""
    rows = sorted(rows, key=lambda row: (row.place > 0, core.people.in_order(row.employee_number)))
    swapping = sum(row.place < 0 for row in rows)
    if swapping:
        yield rows[:swapping]
    for first in range(swapping, len(rows), TAKEN_AT_ONCE):
        yield rows[first : first + TAKEN_AT_ONCE]
