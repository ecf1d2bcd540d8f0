"""Rows of what the last file of a source said of each employee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.matching.core.snapshots import Before, Stands
from shared.tx import Connection


async def of_numbers(conn: Connection, source: str, numbers: Sequence[str]) -> dict[str, Before]:
    rows = await conn.fetch(
        """
        SELECT employee_number, digest, serial, status, since, until, ends_on
        FROM hris_roster WHERE source = $1 AND employee_number = ANY($2::text[])
        """,
        source,
        numbers,
    )
    return {
        row["employee_number"]: Before(
            row["digest"],
            row["serial"],
            Stands(row["status"], row["since"], row["until"], row["ends_on"]),
        )
        for row in rows
    }


async def remember(conn: Connection, source: str, said: Mapping[str, Before]) -> None:
    """Adds or replaces what was said, by employee number."""
    stands = [one.stands for one in said.values()]
    await conn.execute(
        """
        INSERT INTO hris_roster (source, employee_number, digest, serial, status, since, until,
                                 ends_on)
        SELECT $1, employee_number, digest, serial, status, since, until, ends_on
        FROM unnest($2::text[], $3::text[], $4::int[], $5::text[], $6::date[], $7::date[], $8::date[])
             AS new (employee_number, digest, serial, status, since, until, ends_on)
        ON CONFLICT (source, employee_number) DO UPDATE SET
            digest = excluded.digest, serial = excluded.serial, status = excluded.status,
            since = excluded.since, until = excluded.until, ends_on = excluded.ends_on
        """,
        source,
        list(said),
        [one.digest for one in said.values()],
        [one.serial for one in said.values()],
        [one.status for one in stands],
        [one.since for one in stands],
        [one.until for one in stands],
        [one.ends_on for one in stands],
    )
