"""Rows of files of people that are not applied yet, and those that were rejected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

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


class Clash(NamedTuple):
    """Two rows that cannot both be right: they have one `field` in common."""

    place: int
    line: int
    employee_number: str
    field: str
    other_line: int


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


async def drop_repeated(conn: Connection, file_id: UUID) -> int:
    """Leaves one of rows that are the same. Returns how many went."""
    return int(
        await conn.fetchval(
            """
            WITH again AS (
                SELECT place, row_number() OVER (PARTITION BY employee_number, digest ORDER BY place) AS nth
                FROM hris_file_row
                WHERE file_id = $1 AND employee_number IN (
                    SELECT employee_number FROM hris_file_row WHERE file_id = $1
                    GROUP BY employee_number HAVING count(*) > 1)),
            gone AS (
                DELETE FROM hris_file_row r USING again
                WHERE r.file_id = $1 AND r.place = again.place AND again.nth > 1 RETURNING 1)
            SELECT count(*) FROM gone
            """,
            file_id,
        )
    )


async def clashes(conn: Connection, file_id: UUID) -> list[Clash]:
    """Rows about one employee, and rows of several that have one user name or address."""
    rows = await conn.fetch(
        """
        WITH keyed AS (
            SELECT 'employee_number' AS field, employee_number AS key
            FROM hris_file_row WHERE file_id = $1 GROUP BY employee_number HAVING count(*) > 1
            UNION ALL
            SELECT 'user_name', user_name_key FROM hris_file_row WHERE file_id = $1
            GROUP BY user_name_key HAVING count(DISTINCT employee_number) > 1
            UNION ALL
            SELECT 'work_email', work_email_key FROM hris_file_row WHERE file_id = $1
            GROUP BY work_email_key HAVING count(DISTINCT employee_number) > 1),
        found AS (
            SELECT r.place, r.line, r.employee_number, k.field, k.key
            FROM keyed k JOIN hris_file_row r ON r.file_id = $1
             AND k.key = CASE k.field WHEN 'employee_number' THEN r.employee_number
                                      WHEN 'user_name' THEN r.user_name_key ELSE r.work_email_key END)
        SELECT place, line, employee_number, field,
               CASE WHEN line = min(line) OVER w THEN max(line) OVER w ELSE min(line) OVER w END AS other_line
        FROM found WINDOW w AS (PARTITION BY field, key) ORDER BY line, field
        """,
        file_id,
    )
    return [
        Clash(row["place"], row["line"], row["employee_number"], row["field"], row["other_line"])
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
                INSERT INTO hris_file_row (file_id, place, employee_number, digest, cells)
                SELECT $1, coalesce((SELECT max(place) FROM hris_file_row WHERE file_id = $1), 0)
                           + row_number() OVER (ORDER BY employee_number), employee_number, '', '{}'
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


async def put_first_who_swap(conn: Connection, file_id: UUID) -> None:
    """Rows that want the user name or address of somebody else, and the rows of those, come first: they are
    looked at together."""
    await conn.execute(
        """
        WITH wanted AS (
            SELECT r.employee_number AS who, p.employee_number AS whose
            FROM hris_file_row r JOIN person p ON p.user_name_key = r.user_name_key
            WHERE r.file_id = $1 AND p.employee_number <> r.employee_number AND p.status <> 'terminated'
            UNION ALL
            SELECT r.employee_number, p.employee_number
            FROM hris_file_row r JOIN person p ON p.work_email_key = r.work_email_key
            WHERE r.file_id = $1 AND p.employee_number <> r.employee_number AND p.status <> 'terminated')
        UPDATE hris_file_row SET place = -place
        WHERE file_id = $1 AND line IS NOT NULL
          AND employee_number IN (SELECT who FROM wanted UNION SELECT whose FROM wanted)
        """,
        file_id,
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
