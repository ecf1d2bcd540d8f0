"""Files of people as they come in, and what administrators decide about them.

A file is kept whole first; `commands.snapshots` takes it over. Every step is one transaction of the caller's.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID
from zoneinfo import available_timezones

from services.matching import core, store
from services.matching.core.doubles import Judged
from services.matching.core.files import File, NamedReject, Sending
from services.matching.core.roster import Bad, Places, Row
from services.matching.core.sources import Source
from shared import envelope
from shared.errors import Refused
from shared.tx import Tx

SLICE_ROWS = 1000
"""Rows that are read without a pause."""
FORGOTTEN_AT_ONCE = 20
FIRST_SOURCE = "csv"
"""The source of whoever names none; it is made by its first file."""
FIRST_PRECEDENCE = 100


class NotForFiles(Refused):
    code = "source-not-for-files"


async def keep(tx: Tx, content: bytes, sending: Sending) -> File:
    """Reads a file and keeps its rows; nothing of it is applied yet.

    Raises WrongHeader or Unreadable for a file that is not whole, NotFound or NotForFiles for its source.
    """
    await _refuse_source(tx, sending.source)
    places = Places(available_timezones(), await store.sites.zones(tx.conn))
    rows = core.roster.read(content, places, encoding=sending.encoding)
    digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
    file = core.files.begun(
        sending, file_id=envelope.new_id(), sha256=digest, size_bytes=len(content), now=tx.now
    )
    await store.files.add(tx.conn, file)
    total, rejected = 0, 0
    while found := await asyncio.to_thread(_next, rows):
        good = [one for one in found if isinstance(one, Row)]
        bad = [one for one in found if isinstance(one, Bad)]
        await store.file_rows.add_rows(tx.conn, file.id, good)
        await store.file_rows.add_rejects(tx.conn, file.id, _named(bad))
        total += len(found)
        rejected += len(bad)
    judged = await _drop_doubles(tx, file)
    rejected += len(judged.clashing)
    file = core.files.kept(file, rows_total=total, rejected=rejected, repeated=len(judged.repeated))
    await store.files.save(tx.conn, file)
    return file


def _next(rows: Iterator[Row | Bad]) -> list[Row | Bad]:
    return list(islice(rows, SLICE_ROWS))


def _named(bad: Sequence[Bad]) -> list[NamedReject]:
    return [NamedReject(one.employee_number, reject) for one in bad for reject in one.rejects]


async def _refuse_source(tx: Tx, name: str) -> None:
    if name == FIRST_SOURCE:
        await store.sources.add(
            tx.conn, Source(name, "csv", FIRST_PRECEDENCE, tx.now, None, None, None, None)
        )
    source = await store.sources.get(tx.conn, name)
    if source.kind != "csv" or source.retired_at is not None:
        why = f"is of the kind {source.kind}" if source.kind != "csv" else "is retired"
        raise NotForFiles(f"{name} takes no files: it {why}")


async def _drop_doubles(tx: Tx, file: File) -> Judged:
    keys = await store.file_rows.doubled(tx.conn, file.id)
    if not keys:
        return Judged((), (), ())
    rows = await store.file_rows.with_keys(tx.conn, file.id, keys)
    judged = await asyncio.to_thread(core.doubles.judge, rows)
    await store.file_rows.add_rejects(tx.conn, file.id, judged.rejects)
    await store.file_rows.drop_rows(tx.conn, file.id, [*judged.repeated, *judged.clashing])
    return judged


async def confirm(tx: Tx, file_id: UUID, by: str) -> File:
    """Somebody has looked at what a held file would do, and lets it. Raises NotHeld, Outdated."""
    file = await _lock(tx, file_id)
    outdated = await store.files.is_outdated(tx.conn, file)
    file = core.files.confirmed(file, by=by, now=tx.now, outdated=outdated)
    await store.files.save(tx.conn, file)
    return file


async def drop(tx: Tx, file_id: UUID, by: str) -> File:
    """A file that is not applied, and will not be. Raises NotHeld."""
    file = core.files.dropped(await _lock(tx, file_id), by=by, now=tx.now)
    await store.files.save(tx.conn, file)
    await store.file_rows.forget_rows(tx.conn, file.id)
    return file


async def _lock(tx: Tx, file_id: UUID) -> File:
    file = await store.files.get(tx.conn, file_id)
    await store.files.lock_source(tx.conn, file.source)
    return await store.files.get(tx.conn, file_id)


async def forget(tx: Tx) -> None:
    """What old files said of people; that they came, and what became of their rows, is kept."""
    for file in await store.files.lock_old(tx.conn, tx.now - core.files.KEPT, FORGOTTEN_AT_ONCE):
        if file.state == "held":
            file = core.files.dropped(file, by="retention", now=tx.now)
            await store.files.save(tx.conn, file)
        await store.file_rows.forget_rows(tx.conn, file.id)
        await store.file_rows.forget_rejects(tx.conn, file.id)
        await store.files.mark_emptied(tx.conn, file.id, tx.now)
