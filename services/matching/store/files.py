"""Files of people: what was sent, and how far it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.files import File, Report
from shared.errors import NotFound
from shared.tx import Connection


def _file(row: Record) -> File:
    return File(
        id=row["id"],
        source=row["source"],
        name=row["name"],
        state=row["state"],
        full=row["is_full"],
        dry=row["dry_run"],
        encoding=row["encoding"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        sent_by=row["sent_by"],
        rows_total=row["rows_total"],
        rows_done=row["rows_done"],
        tally=json.loads(row["tally"]),
        kinds=json.loads(row["kinds"]),
        report=Report(**json.loads(row["report"])) if row["report"] else None,
        created_at=row["created_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        finished_at=row["finished_at"],
        emptied_at=row["emptied_at"],
    )


async def add(conn: Connection, file: File) -> None:
    await conn.execute(
        """
        INSERT INTO hris_file (id, source, name, state, is_full, dry_run, encoding, sha256, size_bytes,
                               sent_by, rows_total, rows_done, tally, kinds, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """,
        file.id,
        file.source,
        file.name,
        file.state,
        file.full,
        file.dry,
        file.encoding,
        file.sha256,
        file.size_bytes,
        file.sent_by,
        file.rows_total,
        file.rows_done,
        json.dumps(file.tally),
        json.dumps(file.kinds),
        file.created_at,
    )


async def save(conn: Connection, file: File) -> None:
    """How far it is, and what was decided."""
    await conn.execute(
        """
        UPDATE hris_file
        SET state = $2, rows_total = $3, rows_done = $4, tally = $5, kinds = $6, report = $7, decided_by = $8,
            decided_at = $9, finished_at = $10
        WHERE id = $1
        """,
        file.id,
        file.state,
        file.rows_total,
        file.rows_done,
        json.dumps(file.tally),
        json.dumps(file.kinds),
        None if file.report is None else json.dumps(asdict(file.report)),
        file.decided_by,
        file.decided_at,
        file.finished_at,
    )


async def get(conn: Connection, file_id: UUID) -> File:
    """Raises NotFound."""
    row = await conn.fetchrow(
        """
        SELECT id, source, name, state, is_full, dry_run, encoding, sha256, size_bytes, sent_by, rows_total,
               rows_done, tally, kinds, report, created_at, decided_by, decided_at, finished_at, emptied_at
        FROM hris_file WHERE id = $1
        """,
        file_id,
    )
    if row is None:
        raise NotFound(f"there is no file {file_id}: see the list of files")
    return _file(row)


async def page(conn: Connection, *, after: tuple[datetime, UUID] | None, limit: int) -> list[File]:
    """The newest first, those before the key."""
    rows = await conn.fetch(
        """
        SELECT id, source, name, state, is_full, dry_run, encoding, sha256, size_bytes, sent_by, rows_total,
               rows_done, tally, kinds, report, created_at, decided_by, decided_at, finished_at, emptied_at
        FROM hris_file
        WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2::uuid)
        ORDER BY created_at DESC, id DESC LIMIT $3
        """,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_file(row) for row in rows]


async def open_ones(conn: Connection) -> list[tuple[UUID, str]]:
    """Of every source the oldest file that is not taken over yet: (id, source)."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT ON (source) id, source FROM hris_file WHERE state IN ('waiting', 'applying')
        ORDER BY source, created_at, id
        """
    )
    return [(row["id"], row["source"]) for row in rows]


async def is_busy(conn: Connection, source: str) -> bool:
    """Whether a file of the source is to be taken over."""
    return bool(
        await conn.fetchval(
            "SELECT true FROM hris_file WHERE source = $1 AND state IN ('waiting', 'applying') LIMIT 1",
            source,
        )
    )


async def busy(conn: Connection) -> int:
    """How many files are to be taken over."""
    count: int = await conn.fetchval("SELECT count(*) FROM hris_file WHERE state IN ('waiting', 'applying')")
    return count


async def is_outdated(conn: Connection, file: File) -> bool:
    """Whether a newer file of the source was or is being taken over."""
    return bool(
        await conn.fetchval(
            """
            SELECT true FROM hris_file
            WHERE source = $1 AND (created_at, id) > ($2, $3) AND state IN ('waiting', 'applying', 'done')
            LIMIT 1
            """,
            file.source,
            file.created_at,
            file.id,
        )
    )


async def plan_each(conn: Connection) -> None:
    """Statements about many rows are planned for the rows there are, until the transaction ends: a plan that
    was kept from when the tables were small reads all of them again for each piece."""
    await conn.execute("SET LOCAL plan_cache_mode = force_custom_plan")


async def lock_source(conn: Connection, source: str) -> None:
    """One file of a source at a time, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('matching file of ' || $1, 0))", source)


async def try_source(conn: Connection, source: str) -> bool:
    """`lock_source`, unless somebody else has it."""
    taken: bool = await conn.fetchval(
        "SELECT pg_try_advisory_xact_lock(hashtextextended('matching file of ' || $1, 0))", source
    )
    return taken


async def mark_emptied(conn: Connection, file_id: UUID, now: datetime) -> None:
    await conn.execute("UPDATE hris_file SET emptied_at = $2 WHERE id = $1", file_id, now)


async def oldest_kept(conn: Connection) -> datetime | None:
    """When the oldest file came that may be forgotten."""
    at: datetime | None = await conn.fetchval(
        """
        SELECT min(created_at) FROM hris_file
        WHERE emptied_at IS NULL AND state IN ('held', 'done', 'dropped')
        """
    )
    return at


async def lock_old(conn: Connection, before: datetime, limit: int) -> list[File]:
    """Files of before a time whose rows and rejects are still kept and that nobody works on."""
    rows = await conn.fetch(
        """
        SELECT id, source, name, state, is_full, dry_run, encoding, sha256, size_bytes, sent_by, rows_total,
               rows_done, tally, kinds, report, created_at, decided_by, decided_at, finished_at, emptied_at
        FROM hris_file
        WHERE emptied_at IS NULL AND state IN ('held', 'done', 'dropped') AND created_at <= $1
        ORDER BY created_at LIMIT $2 FOR UPDATE
        """,
        before,
        limit,
    )
    return [_file(row) for row in rows]
