"""Rows of the time zones that sites have."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from shared.tx import Connection

SITES_MAX = 5000


class SiteZone(NamedTuple):
    """A site as it was written, and the IANA name of its time zone."""

    site: str
    time_zone: str
    changed_at: datetime


async def every(conn: Connection) -> list[SiteZone]:
    """All of them, in the order of their names."""
    rows = await conn.fetch(
        "SELECT site, time_zone, changed_at FROM site_zone ORDER BY site_key LIMIT $1", SITES_MAX
    )
    return [SiteZone(row["site"], row["time_zone"], row["changed_at"]) for row in rows]


async def zones(conn: Connection) -> dict[str, str]:
    """The time zone by `core.roster.site_key`."""
    rows = await conn.fetch("SELECT site_key, time_zone FROM site_zone")
    return {row["site_key"]: row["time_zone"] for row in rows}


async def count(conn: Connection) -> int:
    many: int = await conn.fetchval("SELECT count(*) FROM site_zone")
    return many


async def put(conn: Connection, key: str, site: SiteZone) -> None:
    await conn.execute(
        """
        INSERT INTO site_zone (site_key, site, time_zone, changed_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (site_key) DO UPDATE
        SET site = excluded.site, time_zone = excluded.time_zone, changed_at = excluded.changed_at
        """,
        key,
        site.site,
        site.time_zone,
        site.changed_at,
    )


async def remove(conn: Connection, key: str) -> bool:
    """Whether it was there."""
    return bool(await conn.fetchval("DELETE FROM site_zone WHERE site_key = $1 RETURNING true", key))
