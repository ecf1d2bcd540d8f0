"""The figures of each day, as they stood when it was over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.analytics.core.definitions import AGREEMENT_DUE_DAYS, MET_WITHIN_CADENCES
from services.analytics.core.figures import Total
from shared.tx import Connection


async def last_closed(conn: Connection) -> date | None:
    """The newest day that was written."""
    found: date | None = await conn.fetchval("SELECT max(day) FROM closed_day")
    return found


async def first_fact(conn: Connection) -> datetime | None:
    """When the first programme was heard of (business time)."""
    found: datetime | None = await conn.fetchval("SELECT min(first_said) FROM programme")
    return found


async def write_day(conn: Connection, day: date, *, as_of: datetime, since: datetime) -> None:
    """All figures of all programmes at the end of a day; written again, they are replaced."""
    await conn.execute(
        """
        WITH fresh AS (
            SELECT p.programme_id, f.figure, count(*) AS rows, count(*) FILTER (WHERE f.counted) AS counted,
                   avg(f.amount::numeric)::float8 AS mean,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY f.amount) AS median,
                   percentile_cont(0.9) WITHIN GROUP (ORDER BY f.amount) AS p90
            FROM programme p CROSS JOIN LATERAL facts_behind(p.programme_id, $2, $3, $4, $5) f
            WHERE p.first_said <= $2
            GROUP BY p.programme_id, f.figure
        ), gone AS (
            DELETE FROM daily_figure d WHERE d.day = $1 AND NOT EXISTS (
                SELECT FROM fresh f WHERE f.programme_id = d.programme_id AND f.figure = d.figure)
        )
        INSERT INTO daily_figure (programme_id, day, figure, rows, counted, mean, median, p90)
        SELECT programme_id, $1, figure, rows, counted, mean, median, p90 FROM fresh
        ON CONFLICT (programme_id, figure, day) DO UPDATE SET
            rows = excluded.rows, counted = excluded.counted, mean = excluded.mean, median = excluded.median,
            p90 = excluded.p90
        """,
        *(day, as_of, since, AGREEMENT_DUE_DAYS, MET_WITHIN_CADENCES),
    )


async def close_day(conn: Connection, day: date, now: datetime) -> None:
    await conn.execute(
        "INSERT INTO closed_day (day, closed_at) VALUES ($1, $2) ON CONFLICT (day) DO NOTHING", day, now
    )


async def share(conn: Connection) -> None:
    """Facts are being added: no day is written before this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock_shared(hashtext('days'))")


async def hold(conn: Connection) -> None:
    """Days are being written: waits for who adds facts, and keeps others from it until it is done."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('days'))")


async def note_late(conn: Connection, at: datetime) -> None:
    """Marks the days from a fact's time on as to be written again, where that day was written already."""
    await conn.execute(
        """
        UPDATE bookkeeping SET late_since = $1
        WHERE (late_since IS NULL OR late_since > $1)
          AND $1 < (SELECT (max(day) + 1)::timestamp AT TIME ZONE 'UTC' FROM closed_day)
        """,
        at,
    )


async def late_since(conn: Connection) -> datetime | None:
    """From when on written days are out of date; None where all are right."""
    found: datetime | None = await conn.fetchval("SELECT late_since FROM bookkeeping")
    return found


async def settle(conn: Connection, late_since: datetime | None) -> None:
    await conn.execute("UPDATE bookkeeping SET late_since = $1", late_since)


async def series(
    conn: Connection, programme_id: UUID, figures: Sequence[str], *, since: date
) -> Sequence[tuple[date, Total]]:
    """Some figures day by day, oldest first."""
    rows = await conn.fetch(
        """
        SELECT day, figure, rows, counted, mean, median, p90 FROM daily_figure
        WHERE programme_id = $1 AND figure = ANY ($2::text[]) AND day >= $3 ORDER BY day, figure LIMIT 5000
        """,
        *(programme_id, list(figures), since),
    )
    return [
        (
            row["day"],
            Total(row["figure"], row["rows"], row["counted"], row["mean"], row["median"], row["p90"]),
        )
        for row in rows
    ]
