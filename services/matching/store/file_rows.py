"""Rows of files of people that are not applied yet, and those that were rejected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from services.matching.core.doubles import FIELDS, Keyed
from services.matching.core.files import NamedReject
from services.matching.core.roster import Row
from services.matching.core.tables import Reject
from shared.tx import Connection

ROW_COLUMNS = (
    "file_id",
    "place",
    "line",
    "employee_number",
    "user_name_key",
    "work_email_key",
    "digest",
    "cells",
    "ends",
)


class Kept(NamedTuple):
    """A row that is not applied yet; without a line it is somebody whom the file lacks."""

    place: int
    line: int | None
    employee_number: str
    digest: str
    cells: Sequence[str | None]

    @property
    def row(self) -> Row:
        return Row(self.line or 0, tuple(self.cells), self.digest)


async def add_rows(conn: Connection, file_id: UUID, rows: Iterable[Row]) -> None:
    records = [
        (
            file_id,
            row.line,
            row.line,
            row.employee_number,
            row.user_name_key,
            row.work_email_key,
            row.digest,
            row.cells,
            row.ends,
        )
        for row in rows
    ]
    await conn.copy_records_to_table("hris_file_row", records=records, columns=ROW_COLUMNS)


async def add_rejects(conn: Connection, file_id: UUID, rejects: Sequence[NamedReject]) -> None:
    await conn.execute(
        """
        INSERT INTO hris_file_reject (file_id, line, employee_number, field, reason)
        SELECT $1, line, employee_number, field, reason
        FROM unnest($2::int[], $3::text[], $4::text[], $5::text[])
             AS new (line, employee_number, field, reason)
        ON CONFLICT DO NOTHING
        """,
        file_id,
        [one.reject.line for one in rejects],
        [one.employee_number for one in rejects],
        [one.reject.field for one in rejects],
        [one.reject.reason for one in rejects],
    )


async def doubled(conn: Connection, file_id: UUID) -> dict[str, list[str]]:
    """Employee numbers, user names and addresses that several rows have, by the names of these fields."""
    rows = await conn.fetch(
        """
        SELECT 'employee_number' AS field, employee_number AS key
        FROM hris_file_row WHERE file_id = $1 GROUP BY employee_number HAVING count(*) > 1
        UNION ALL
        SELECT 'user_name', user_name_key
        FROM hris_file_row WHERE file_id = $1 GROUP BY user_name_key HAVING count(*) > 1
        UNION ALL
        SELECT 'work_email', work_email_key
        FROM hris_file_row WHERE file_id = $1 GROUP BY work_email_key HAVING count(*) > 1
        """,
        file_id,
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["field"], []).append(row["key"])
    return found


async def with_keys(conn: Connection, file_id: UUID, keys: Mapping[str, Sequence[str]]) -> list[Keyed]:
    """The rows that have one of these employee numbers, user names or addresses, in their order."""
    rows = await conn.fetch(
        """
        SELECT place, line, employee_number, user_name_key, work_email_key, digest FROM hris_file_row
        WHERE file_id = $1 AND (employee_number = ANY($2::text[]) OR user_name_key = ANY($3::text[])
                                OR work_email_key = ANY($4::text[]))
        ORDER BY place
        """,
        file_id,
        *(keys.get(field, []) for field in FIELDS),
    )
    return [
        Keyed(
            row["place"],
            row["line"],
            row["digest"],
            (row["employee_number"], row["user_name_key"], row["work_email_key"]),
        )
        for row in rows
    ]


async def drop_rows(conn: Connection, file_id: UUID, places: Sequence[int]) -> None:
    await conn.execute(
        "DELETE FROM hris_file_row WHERE file_id = $1 AND place = ANY($2::int[])", file_id, places
    )


async def first_nameless(conn: Connection, file_id: UUID) -> int | None:
    """The line of the first row of which nobody knows whom it is about."""
    line: int | None = await conn.fetchval(
        "SELECT min(line) FROM hris_file_reject WHERE file_id = $1 AND employee_number = ''", file_id
    )
    return line


async def add_missing(conn: Connection, file_id: UUID, source: str) -> int:
    """Adds, after all rows, whoever the source has said is there and the file does not name. Returns how
    many. A row that was rejected names its employee, too."""
    return int(
        await conn.fetchval(
            """
            WITH lacking AS (
                SELECT s.employee_number FROM hris_roster s
                WHERE s.source = $2 AND s.status IN ('active', 'leave')
                  AND NOT EXISTS (SELECT 1 FROM hris_file_row r
                                  WHERE r.file_id = $1 AND r.employee_number = s.employee_number)
                  AND NOT EXISTS (SELECT 1 FROM hris_file_reject j
                                  WHERE j.file_id = $1 AND j.employee_number = s.employee_number)),
            added AS (
                INSERT INTO hris_file_row (file_id, place, employee_number, digest, cells, ends)
                SELECT $1, coalesce((SELECT max(place) FROM hris_file_row WHERE file_id = $1), 0)
                           + row_number() OVER (ORDER BY employee_number), employee_number, '', '{}',
                       true
                FROM lacking RETURNING 1)
            SELECT count(*) FROM added
            """,
            file_id,
            source,
        )
    )


async def drop_unchanged(conn: Connection, file_id: UUID, source: str) -> int:
    """Drops the rows that say what the source said last. Returns how many."""
    return int(
        await conn.fetchval(
            """
            WITH gone AS (
                DELETE FROM hris_file_row r USING hris_roster s
                WHERE r.file_id = $1 AND s.source = $2 AND s.employee_number = r.employee_number
                  AND s.digest = r.digest AND s.status <> 'missing' RETURNING 1)
            SELECT count(*) FROM gone
            """,
            file_id,
            source,
        )
    )


async def count_ending(conn: Connection, file_id: UUID) -> int:
    """How many rows may end somebody, or make them inactive."""
    count: int = await conn.fetchval(
        "SELECT count(*) FROM hris_file_row WHERE file_id = $1 AND ends", file_id
    )
    return count


async def swapping(conn: Connection, file_id: UUID) -> list[str]:
    """The employees of rows that want the user name or address of somebody else, and whose it is."""
    rows = await conn.fetch(
        """
        SELECT unnest(ARRAY[r.employee_number, p.employee_number]) AS employee_number
        FROM hris_file_row r JOIN person p ON p.user_name_key = r.user_name_key
        WHERE r.file_id = $1 AND p.employee_number <> r.employee_number AND p.status <> 'terminated'
        UNION
        SELECT unnest(ARRAY[r.employee_number, p.employee_number])
        FROM hris_file_row r JOIN person p ON p.work_email_key = r.work_email_key
        WHERE r.file_id = $1 AND p.employee_number <> r.employee_number AND p.status <> 'terminated'
        """,
        file_id,
    )
    return [row["employee_number"] for row in rows]


async def put_first(conn: Connection, file_id: UUID, numbers: Sequence[str]) -> None:
    """Rows that are looked at together, before all others."""
    await conn.execute(
        """
        UPDATE hris_file_row SET place = -place
        WHERE file_id = $1 AND employee_number = ANY($2::text[]) AND line IS NOT NULL AND place > 0
        """,
        file_id,
        numbers,
    )


def _kept(row: Record) -> Kept:
    return Kept(row["place"], row["line"], row["employee_number"], row["digest"], row["cells"])


async def rows_after(conn: Connection, file_id: UUID, place: int, limit: int) -> list[Kept]:
    """In their order, those behind a place."""
    rows = await conn.fetch(
        """
        SELECT place, line, employee_number, digest, cells FROM hris_file_row
        WHERE file_id = $1 AND place > $2 ORDER BY place LIMIT $3
        """,
        file_id,
        place,
        limit,
    )
    return [_kept(row) for row in rows]


async def take_rows(conn: Connection, file_id: UUID, limit: int) -> list[Kept]:
    """The next rows in their order, which leave the table; those that come first together, be they more."""
    rows = await conn.fetch(
        """
        DELETE FROM hris_file_row
        WHERE file_id = $1 AND place <= (
            SELECT max(place) FROM (
                SELECT place FROM hris_file_row WHERE file_id = $1
                ORDER BY place LIMIT greatest($2, (SELECT count(*) FROM hris_file_row
                                                   WHERE file_id = $1 AND place < 0))) AS next)
        RETURNING place, line, employee_number, digest, cells
        """,
        file_id,
        limit,
    )
    return sorted(map(_kept, rows))


async def rejects_after(
    conn: Connection, file_id: UUID, after: tuple[int, str, str], limit: int
) -> list[NamedReject]:
    """In the order of (line, employee number, field), those behind that key."""
    rows = await conn.fetch(
        """
        SELECT line, employee_number, field, reason FROM hris_file_reject
        WHERE file_id = $1 AND (line, employee_number, field) > ($2, $3, $4)
        ORDER BY line, employee_number, field LIMIT $5
        """,
        file_id,
        *after,
        limit,
    )
    return [
        NamedReject(row["employee_number"], Reject(row["line"], row["field"], row["reason"])) for row in rows
    ]


async def forget_rows(conn: Connection, file_id: UUID) -> None:
    await conn.execute("DELETE FROM hris_file_row WHERE file_id = $1", file_id)


async def forget_rejects(conn: Connection, file_id: UUID) -> None:
    await conn.execute("DELETE FROM hris_file_reject WHERE file_id = $1", file_id)
