"""Live windows: events per topic and ten seconds of record time, counted by the live worker and by SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.analytics.core.live import Window
from services.analytics.store.rows import columns
from shared.tx import Connection


async def put_counted(conn: Connection, windows: Sequence[Window]) -> None:
    """What the live worker has counted so far in each window."""
    await conn.execute(
        """
        INSERT INTO live_window (topic, starts_at, counted)
        SELECT topic, starts_at, counted
        FROM unnest($1::text[], $2::timestamptz[], $3::bigint[]) AS n (topic, starts_at, counted)
        ORDER BY topic, starts_at
        ON CONFLICT (topic, starts_at) DO UPDATE SET counted = excluded.counted
        """,
        *columns((one.topic, one.starts_at, one.events) for one in windows),
    )


async def recount(conn: Connection, *, since: datetime, until: datetime, window_s: int) -> None:
    """Counts the windows in a stretch of record time anew, from what was applied."""
    await conn.execute(
        """
        INSERT INTO live_window (topic, starts_at, recounted)
        SELECT coalesce(i.topic, w.topic), coalesce(i.starts_at, w.starts_at), coalesce(i.many, 0)
        FROM (SELECT topic, date_bin(make_interval(secs => $3), record_time, 'epoch') AS starts_at,
                     count(*) AS many
              FROM inbox WHERE record_time >= $1 AND record_time < $2 GROUP BY 1, 2) i
        FULL JOIN (SELECT topic, starts_at FROM live_window WHERE starts_at >= $1 AND starts_at < $2) w
             ON w.topic = i.topic AND w.starts_at = i.starts_at
        ORDER BY 1, 2
        ON CONFLICT (topic, starts_at) DO UPDATE SET recounted = excluded.recounted
        """,
        *(since, until, window_s),
    )


async def drift(conn: Connection, *, since: datetime, until: datetime) -> int:
    """By how many events the live worker's windows differ from what was applied, in a stretch of time."""
    found: int = await conn.fetchval(
        """
        SELECT coalesce(sum(abs(coalesce(counted, 0) - recounted)), 0)::bigint FROM live_window
        WHERE starts_at >= $1 AND starts_at < $2 AND recounted IS NOT NULL
        """,
        *(since, until),
    )
    return found


async def forget(conn: Connection, before: datetime) -> None:
    await conn.execute("DELETE FROM live_window WHERE starts_at < $1", before)


async def windows(conn: Connection, *, since: datetime) -> tuple[Window, ...]:
    """The windows from a moment on, oldest first; the recount, once there is one, is the number."""
    rows = await conn.fetch(
        """
        SELECT topic, starts_at, coalesce(recounted, counted, 0) AS events FROM live_window
        WHERE starts_at >= $1 ORDER BY starts_at, topic LIMIT 5000
        """,
        since,
    )
    return tuple(Window(row["topic"], row["starts_at"], row["events"]) for row in rows)
