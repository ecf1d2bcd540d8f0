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
        INSERT INTO daily_figure (programme_id, day, figure, rows, counted, mean, median, p90)
        SELECT p.programme_id, $1, f.figure, count(*), count(*) FILTER (WHERE f.counted), avg(f.amount),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY f.amount),
               percentile_cont(0.9) WITHIN GROUP (ORDER BY f.amount)
        FROM programme p CROSS JOIN LATERAL facts_behind(p.programme_id, $2, $3, $4, $5) f
        WHERE p.first_said <= $2
        GROUP BY p.programme_id, f.figure
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
