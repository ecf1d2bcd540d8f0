"""Rows of requests for a mentor by name, and of favourites."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.matching.core.ids import MatchId, ParticipationId, PersonId
from shared.tx import Connection


async def add_request(conn: Connection, match_id: MatchId, purpose: str) -> None:
    await conn.execute("INSERT INTO request (match_id, purpose) VALUES ($1, $2)", match_id, purpose)


async def find_purpose(conn: Connection, match_id: UUID) -> str | None:
    """What the mentee wrote who asked for the mentor; None where nobody asked."""
    found: str | None = await conn.fetchval("SELECT purpose FROM request WHERE match_id = $1", match_id)
    return found


async def clear_favourites(conn: Connection, mentee: ParticipationId) -> None:
    await conn.execute("DELETE FROM favourite WHERE mentee_participation_id = $1", mentee)


async def add_favourites(
    conn: Connection, mentee: ParticipationId, mentors: Sequence[ParticipationId]
) -> None:
    """The best first."""
    await conn.execute(
        """
        INSERT INTO favourite (mentee_participation_id, mentor_participation_id, place)
        SELECT $1, mentor, place FROM unnest($2::uuid[]) WITH ORDINALITY AS named (mentor, place)
        """,
        mentee,
        mentors,
    )


async def favourites(
    conn: Connection, programme_id: UUID
) -> dict[ParticipationId, tuple[ParticipationId, ...]]:
    """Mentors by mentee of a programme, the best first."""
    rows = await conn.fetch(
        """
        SELECT f.mentee_participation_id, array_agg(f.mentor_participation_id ORDER BY f.place) AS mentors
        FROM favourite f JOIN participation a ON a.id = f.mentee_participation_id
        WHERE a.programme_id = $1 GROUP BY f.mentee_participation_id
        """,
        programme_id,
    )
    return {row["mentee_participation_id"]: tuple(row["mentors"]) for row in rows}


async def favourites_of(conn: Connection, programme_id: UUID, mentee_id: UUID) -> list[PersonId]:
    """The mentors one mentee of a programme would like, the best first."""
    rows = await conn.fetch(
        """
        SELECT m.person_id FROM favourite f
        JOIN participation a ON a.id = f.mentee_participation_id
        JOIN participation m ON m.id = f.mentor_participation_id
        WHERE a.programme_id = $1 AND a.person_id = $2 AND a.state = 'active' AND m.state = 'active'
        ORDER BY f.place
        """,
        programme_id,
        mentee_id,
    )
    return [PersonId(row["person_id"]) for row in rows]
