"""People, programmes, pairs and sessions, as far as mails need them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.notifications import core
from shared.privacy import FORMER
from shared.tx import Connection


async def save_person(
    conn: Connection, card: core.Card, version: int, said_at: datetime
) -> tuple[bool, str | None]:
    """Keeps the newest card: topics of cards are replayed from the beginning. Whether this is it, and the
    status before. Nothing of somebody who was erased."""
    row = await conn.fetchrow(
        """
        INSERT INTO person AS p (person_id, version, given_name, family_name, email, title, time_zone, status)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8
        WHERE NOT EXISTS (SELECT FROM erased_person WHERE person_id = $1)
        ON CONFLICT (person_id) DO UPDATE SET version = excluded.version, given_name = excluded.given_name,
            family_name = excluded.family_name, email = excluded.email, title = excluded.title,
            time_zone = excluded.time_zone, status = excluded.status,
            access_since = CASE WHEN excluded.status = ANY($9::text[]) AND NOT p.status = ANY($9::text[])
                THEN $10 ELSE p.access_since END
        WHERE p.version < excluded.version
        RETURNING old.status AS before
        """,
        card.person_id,
        version,
        card.given_name,
        card.family_name,
        card.email,
        card.title,
        card.time_zone,
        card.status,
        list(core.WITH_ACCESS),
        said_at,
    )
    return row is not None, row["before"] if row is not None else None


async def cards(conn: Connection, person_ids: Collection[UUID]) -> dict[UUID, core.Card]:
    """The cards of those who are known; of who was erased one that says no more than that."""
    rows = await conn.fetch(
        """
        SELECT person_id, given_name, family_name, email, title, time_zone, status, access_since
        FROM person WHERE person_id = ANY($1)
        UNION ALL
        SELECT person_id, $2, $3, '', '', 'UTC', 'terminated', NULL
        FROM erased_person WHERE person_id = ANY($1)
        """,
        list(person_ids),
        *FORMER,
    )
    return {row["person_id"]: core.Card(**dict(row)) for row in rows}


async def save_programme(
    conn: Connection, programme_id: UUID, version: int, *, name: str, organiser_id: UUID | None
) -> None:
    await conn.execute(
        """
        INSERT INTO programme AS p (programme_id, version, name, organiser_id) VALUES ($1, $2, $3, $4)
        ON CONFLICT (programme_id) DO UPDATE SET version = excluded.version, name = excluded.name,
            organiser_id = excluded.organiser_id
        WHERE p.version < excluded.version
        """,
        programme_id,
        version,
        name,
        organiser_id,
    )


async def find_organiser(conn: Connection, programme_id: UUID) -> UUID | None:
    """Who runs a programme, where anybody is named."""
    found: UUID | None = await conn.fetchval(
        "SELECT organiser_id FROM programme WHERE programme_id = $1", programme_id
    )
    return found


@dataclass(frozen=True)
class Part:
    """A participation as an event names it, and how new its word is."""

    participation_id: UUID
    version: int
    programme_id: UUID
    role: Literal["mentee", "mentor", "peer"]

    @property
    def sides(self) -> tuple[core.Role, ...]:
        """On which sides of a pair the person can be."""
        return ("mentee", "mentor") if self.role == "peer" else (self.role,)


async def save_absence(
    conn: Connection, part: Part, away: core.Away, *, state: Literal["away", "back"], cause: core.Cause
) -> bool:
    """Keeps the newest word on whether somebody takes part; whether this is it."""
    row = await conn.fetchrow(
        """
        INSERT INTO absence AS a (participation_id, version, person_id, state, programme_id, role, since,
            until, cause, traceparent, correlation_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (participation_id) DO UPDATE SET version = excluded.version, state = excluded.state,
            since = excluded.since, until = excluded.until, cause = excluded.cause,
            traceparent = excluded.traceparent, correlation_id = excluded.correlation_id
        WHERE a.version < excluded.version RETURNING participation_id
        """,
        part.participation_id,
        part.version,
        away.person_id,
        state,
        part.programme_id,
        part.role,
        away.since,
        away.until,
        cause.id,
        cause.traceparent,
        cause.correlation_id,
    )
    return row is not None


async def away_of(conn: Connection, pair: core.Pair, since: datetime) -> list[tuple[core.Away, core.Cause]]:
    """Who of a pair is away, from `since` on or later, and by which event."""
    rows = await conn.fetch(
        """
        SELECT person_id, since, until, cause, traceparent, correlation_id FROM absence
        WHERE state = 'away' AND programme_id = $1 AND since >= $4
          AND (person_id = $2 AND role IN ('mentee', 'peer') OR person_id = $3 AND role IN ('mentor', 'peer'))
        ORDER BY person_id
        """,
        pair.programme_id,
        pair.mentee_id,
        pair.mentor_id,
        since,
    )
    return [
        (
            core.Away(row["person_id"], row["since"], row["until"]),
            core.Cause(row["cause"], row["traceparent"], row["correlation_id"]),
        )
        for row in rows
    ]


async def programme_names(conn: Connection, programme_ids: Collection[UUID]) -> dict[UUID, str]:
    rows = await conn.fetch(
        "SELECT programme_id, name FROM programme WHERE programme_id = ANY($1)", list(programme_ids)
    )
    return {row["programme_id"]: row["name"] for row in rows}


async def save_pair(conn: Connection, pair: core.Pair, version: int) -> bool:
    """Keeps what is known of a match; tells whether this is the newest that was heard of it."""
    newest: bool = await conn.fetchval(
        """
        INSERT INTO pair AS p (match_id, version, programme_id, mentee_id, mentor_id, ends_on, ended)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (match_id) DO UPDATE SET version = greatest(p.version, excluded.version),
            ends_on = coalesce(excluded.ends_on, p.ends_on), ended = p.ended OR excluded.ended
        RETURNING p.version = $2
        """,
        pair.match_id,
        version,
        pair.programme_id,
        pair.mentee_id,
        pair.mentor_id,
        pair.ends_on,
        pair.ended,
    )
    return newest


async def pairs_of(
    conn: Connection, programme_id: UUID, person_id: UUID, roles: Collection[core.Role]
) -> list[core.Pair]:
    """The pairs of a programme that were made and go on, in which somebody has one of these roles."""
    rows = await conn.fetch(
        """
        SELECT match_id, programme_id, mentee_id, mentor_id, ends_on, ended FROM pair
        WHERE programme_id = $1 AND ends_on IS NOT NULL AND NOT ended
          AND (mentee_id = $2 AND 'mentee' = ANY($3::text[]) OR mentor_id = $2 AND 'mentor' = ANY($3::text[]))
        ORDER BY match_id
        """,
        programme_id,
        person_id,
        list(roles),
    )
    return [core.Pair(**dict(row)) for row in rows]


async def find_pair(conn: Connection, match_id: UUID) -> core.Pair | None:
    row = await conn.fetchrow(
        "SELECT match_id, programme_id, mentee_id, mentor_id, ends_on, ended FROM pair WHERE match_id = $1",
        match_id,
    )
    return core.Pair(**dict(row)) if row else None


async def add_meeting(
    conn: Connection, session_id: UUID, match_id: UUID, sequence: int, *, meeting_id: UUID | None = None
) -> bool:
    """Whether the session is new here; `meeting_id` is that of the circle's meeting it belongs to."""
    row = await conn.fetchrow(
        """
        INSERT INTO meeting (session_id, match_id, sequence, state, meeting_id)
        VALUES ($1, $2, $3, 'planned', $4)
        ON CONFLICT DO NOTHING RETURNING session_id
        """,
        session_id,
        match_id,
        sequence,
        meeting_id,
    )
    return row is not None


async def lock_circle_meeting(conn: Connection, session_id: UUID) -> UUID | None:
    """The meeting of a circle that a session belongs to. From now on its sessions are heard of one after
    another, so that the last of them knows that it is the last."""
    found: UUID | None = await conn.fetchval(
        """
        SELECT whole.session_id FROM meeting whole JOIN meeting m ON m.meeting_id = whole.session_id
        WHERE m.session_id = $1 FOR UPDATE OF whole
        """,
        session_id,
    )
    return found


async def anybody_comes(conn: Connection, meeting_id: UUID) -> bool:
    """Whether a session of a circle's meeting is still planned."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM meeting WHERE meeting_id = $1 AND state = 'planned')", meeting_id
        )
    )


async def taking_part(conn: Connection, meeting_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The mentees of those of these meetings that are a circle's; of one that is off or over, all."""
    rows = await conn.fetch(
        """
        SELECT m.meeting_id, array_agg(mentee_id ORDER BY mentee_id) AS mentee_ids
        FROM meeting m JOIN pair USING (match_id)
        WHERE m.meeting_id = ANY($1) AND (m.state = 'planned' OR NOT EXISTS (
            SELECT FROM meeting o WHERE o.meeting_id = m.meeting_id AND o.state = 'planned'))
        GROUP BY m.meeting_id
        """,
        list(meeting_ids),
    )
    return {row["meeting_id"]: row["mentee_ids"] for row in rows}


async def knows_meeting(conn: Connection, session_id: UUID) -> bool:
    return await conn.fetchval("SELECT 1 FROM meeting WHERE session_id = $1", session_id) is not None


async def advance_meeting(conn: Connection, session_id: UUID, sequence: int, state: str) -> bool:
    """Moves or cancels a session that still lies ahead; whether this is newer than what was known.

    A session that is over or off stays so; only that its plan had changed before is kept.
    """
    found: bool | None = await conn.fetchval(
        """
        WITH was AS (
            SELECT state FROM meeting WHERE session_id = $1 AND sequence < $2 FOR UPDATE
        )
        UPDATE meeting SET sequence = $2,
            state = CASE was.state WHEN 'planned' THEN $3 ELSE was.state END
        FROM was WHERE session_id = $1
        RETURNING was.state = 'planned'
        """,
        session_id,
        sequence,
        state,
    )
    return found is True


async def close_meeting(conn: Connection, session_id: UUID, state: str) -> None:
    await conn.execute("UPDATE meeting SET state = $2 WHERE session_id = $1", session_id, state)
