"""Circles: one mentor and several mentees who meet together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

import asyncpg

from services.scheduling import core
from services.scheduling.core.ids import Cadence, GroupId, MeetingId, PersonId, SessionId
from shared.tx import Connection


async def known(conn: Connection, group_ids: Collection[GroupId]) -> Mapping[GroupId, core.circles.Circle]:
    """What is known of each circle besides who waits."""
    rows = await conn.fetch(
        "SELECT circle.group_id,"
        " (SELECT min(made_at) FROM agreement a WHERE a.group_id = circle.group_id) AS made_at,"
        " EXISTS (SELECT FROM agreement a WHERE a.group_id = circle.group_id AND a.state = 'draft')"
        "   AS drafts,"
        " EXISTS (SELECT FROM session JOIN agreement a USING (match_id) WHERE a.group_id = circle.group_id)"
        "   AS met,"
        " meeting_id, starts_at, ends_at, sequence, due_wall, zone"
        " FROM unnest($1::uuid[]) AS circle (group_id)"
        " LEFT JOIN LATERAL ("
        "   SELECT meeting_id, starts_at, ends_at, sequence, due_wall, zone"
        "   FROM session JOIN agreement a USING (match_id)"
        "   WHERE a.group_id = circle.group_id AND session.state = 'scheduled' AND meeting_id IS NOT NULL"
        "   ORDER BY ends_at DESC, session_id LIMIT 1) AS open ON true",
        list(group_ids),
    )
    return {row["group_id"]: _circle(row) for row in rows}


async def cadences(conn: Connection, group_id: GroupId) -> list[Cadence]:
    """How often the pairs of a circle that have confirmed want to meet."""
    rows = await conn.fetch(
        "SELECT DISTINCT cadence FROM agreement WHERE group_id = $1 AND state = 'confirmed'", group_id
    )
    return [row["cadence"] for row in rows]


async def find_open(conn: Connection, group_id: GroupId) -> SessionId | None:
    """One session of the meeting of a circle that is planned, or of which not all has been said."""
    session_id: SessionId | None = await conn.fetchval(
        "SELECT session_id FROM session JOIN agreement USING (match_id)"
        " WHERE group_id = $1 AND session.state = 'scheduled' ORDER BY starts_at, match_id LIMIT 1",
        group_id,
    )
    return session_id


async def companions(conn: Connection, meeting_id: MeetingId, but: Collection[PersonId]) -> list[str]:
    """The names of the mentees who take part in a meeting, but of some, by their employee numbers."""
    rows = await conn.fetch(
        "SELECT given_name || ' ' || family_name AS name"
        " FROM session JOIN agreement USING (match_id) JOIN person ON person_id = mentee_id"
        " WHERE meeting_id = $1 AND session.state = 'scheduled' AND NOT mentee_id = ANY ($2::uuid[])"
        " ORDER BY employee_number",
        meeting_id,
        list(but),
    )
    return [row["name"] for row in rows]


def _circle(row: asyncpg.Record) -> core.circles.Circle:
    meeting = None
    if row["meeting_id"] is not None:
        due_at = core.slots.at_wall(row["due_wall"], ZoneInfo(row["zone"]))
        slot = core.slots.Interval(row["starts_at"], row["ends_at"])
        meeting = core.circles.Meeting(row["meeting_id"], slot, row["sequence"], due_at)
    return core.circles.Circle(row["made_at"], row["drafts"], row["met"], meeting)
