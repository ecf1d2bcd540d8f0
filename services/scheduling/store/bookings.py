"""Pairs that wait for their next session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.scheduling import core
from services.scheduling.core.ids import GroupId, MatchId, PersonId, ProgrammeId
from shared.tx import Connection


class Waiting(NamedTuple):
    """When the next try is, at which wall time of the mentee the session is due, what hindered the last."""

    book_at: datetime
    due_wall: datetime | None
    problem: core.booking.Problem | None


@dataclass(frozen=True)
class Due:
    """A booking to be made, and what its session will need besides the slot."""

    booking: core.booking.Booking
    programme_id: ProgrammeId
    mentee_zone: str
    ordinal: int


async def wait(conn: Connection, match_id: MatchId, book_at: datetime, due_wall: datetime | None) -> None:
    await conn.execute(
        "INSERT INTO booking (match_id, book_at, due_wall) VALUES ($1, $2, $3)"
        " ON CONFLICT (match_id) DO UPDATE SET book_at = excluded.book_at, due_wall = excluded.due_wall,"
        " problem = NULL",
        match_id,
        book_at,
        due_wall,
    )


async def put_off(
    conn: Connection, match_id: MatchId, book_at: datetime, problem: core.booking.Problem | None
) -> None:
    """Looks at the pair again at `book_at`; without a problem it waits for its circle."""
    await conn.execute(
        "UPDATE booking SET book_at = $2, problem = $3 WHERE match_id = $1", match_id, book_at, problem
    )


async def hurry(conn: Connection, person_id: PersonId, book_at: datetime) -> None:
    """Tries the person's pairs again for whom no slot was found: their hours or their zone changed."""
    await conn.execute(
        "UPDATE booking SET book_at = $2 FROM agreement"
        " WHERE agreement.match_id = booking.match_id AND $1 IN (mentee_id, mentor_id)"
        " AND problem IS NOT NULL AND book_at > $2",
        person_id,
        book_at,
    )


async def hurry_circle(conn: Connection, group_id: GroupId, book_at: datetime) -> None:
    """Looks again at those of a circle who wait for it: something happened to one of its pairs."""
    await conn.execute(
        "UPDATE booking SET book_at = $2 FROM agreement WHERE agreement.match_id = booking.match_id"
        " AND group_id = $1 AND problem IS NULL AND book_at > $2",
        group_id,
        book_at,
    )


async def drop(conn: Connection, match_id: MatchId) -> None:
    await conn.execute("DELETE FROM booking WHERE match_id = $1", match_id)


async def find(conn: Connection, match_id: MatchId) -> Waiting | None:
    row = await conn.fetchrow("SELECT book_at, due_wall, problem FROM booking WHERE match_id = $1", match_id)
    return Waiting(**row) if row else None


async def next_at(conn: Connection) -> datetime | None:
    """When the booking job has work."""
    at: datetime | None = await conn.fetchval("SELECT min(book_at) FROM booking")
    return at


async def lock_due(conn: Connection, now: datetime, limit: int) -> list[Due]:
    """Up to `limit` bookings that are due, by the employee numbers, and all that wait of their circles; the
    pairs are locked, in a fixed order."""
    rows = await conn.fetch(
        "WITH due AS (SELECT match_id, group_id FROM booking JOIN agreement USING (match_id)"
        "   JOIN person AS mentee ON mentee.person_id = mentee_id"
        "   JOIN person AS mentor ON mentor.person_id = mentor_id WHERE book_at <= $1"
        "   ORDER BY mentee.employee_number, mentor.employee_number, made_at LIMIT $2)"
        " SELECT match_id, mentee_id, mentor_id, mentee.employee_number AS mentee_number,"
        " mentor.employee_number AS mentor_number, session_minutes AS minutes, cadence, ends_on, due_wall,"
        " problem IS NOT DISTINCT FROM 'away' AS after_absence, group_id, talk_at, programme_id,"
        " mentee.time_zone AS mentee_zone,"
        " 1 + (SELECT count(*) FROM session WHERE session.match_id = agreement.match_id) AS ordinal"
        " FROM booking JOIN agreement USING (match_id)"
        " JOIN person AS mentee ON mentee.person_id = mentee_id"
        " JOIN person AS mentor ON mentor.person_id = mentor_id"
        " WHERE agreement.state = 'confirmed' AND (match_id IN (SELECT match_id FROM due)"
        "   OR group_id IN (SELECT group_id FROM due))"
        " ORDER BY match_id FOR UPDATE OF agreement",
        now,
        limit,
    )
    found = []
    for row in rows:
        fields = dict(row)
        rest = {name: fields.pop(name) for name in ("programme_id", "mentee_zone", "ordinal")}
        found.append(Due(core.booking.Booking(**fields), **rest))
    return found
