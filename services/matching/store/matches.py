"""Rows of matches, from proposal to end, of blocks and of ratings."""

from __future__ import annotations

import json
from datetime import date, datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import MatchId, ParticipationId, PersonId, ProgrammeId, Role
from services.matching.core.matches import Block, Match
from shared.errors import NotFound
from shared.tx import Connection


def match_of(row: Record) -> Match:
    return Match(
        id=MatchId(row["id"]),
        programme_id=ProgrammeId(row["programme_id"]),
        run_id=row["run_id"],
        mentee_participation_id=ParticipationId(row["mentee_participation_id"]),
        mentor_participation_id=ParticipationId(row["mentor_participation_id"]),
        mentee_id=PersonId(row["mentee_id"]),
        mentor_id=PersonId(row["mentor_id"]),
        state=row["state"],
        weight=row["weight"],
        answer_by=row["answer_by"],
        created_at=row["created_at"],
        explanation=json.loads(row["explanation"]),
        mentee_answer=row["mentee_answer"],
        mentor_answer=row["mentor_answer"],
        decline_reason=row["decline_reason"],
        declined_by=row["declined_by"],
        made_at=row["made_at"],
        ends_on=row["ends_on"],
        ended_at=row["ended_at"],
        end_reason=row["end_reason"],
        version=row["version"],
        group_id=row.get("group_id"),
        peer=bool(row.get("peer")),
        flag=row.get("flag"),
        flagged_at=row.get("flagged_at"),
        talk_at=row["talk_at"],
    )


async def add(conn: Connection, match: Match) -> bool:
    """False where the mentee has an open proposal or a match in the programme already."""
    done = await conn.fetchval(
        """
        INSERT INTO match (id, programme_id, run_id, mentee_participation_id, mentor_participation_id,
                           mentee_id, mentor_id, state, weight, answer_by, explanation, made_at, ends_on,
                           version, created_at, group_id, peer, talk_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        ON CONFLICT (mentee_participation_id) WHERE state IN ('proposed', 'active') DO NOTHING RETURNING true
        """,
        match.id,
        match.programme_id,
        match.run_id,
        match.mentee_participation_id,
        match.mentor_participation_id,
        match.mentee_id,
        match.mentor_id,
        match.state,
        match.weight,
        match.answer_by,
        json.dumps(match.explanation),
        match.made_at,
        match.ends_on,
        match.version,
        match.created_at,
        match.group_id,
        match.peer,
        match.talk_at,
    )
    return bool(done)


async def update(conn: Connection, match: Match) -> None:
    """Writes what changes in the life of a match that was read under its lock."""
    await conn.execute(
        """
        UPDATE match
        SET state = $2, mentee_answer = $3, mentor_answer = $4, decline_reason = $5, declined_by = $6,
            made_at = $7, ends_on = $8, ended_at = $9, end_reason = $10, version = $11, flag = $12,
            flagged_at = $13
        WHERE id = $1
        """,
        match.id,
        match.state,
        match.mentee_answer,
        match.mentor_answer,
        match.decline_reason,
        match.declined_by,
        match.made_at,
        match.ends_on,
        match.ended_at,
        match.end_reason,
        match.version,
        match.flag,
        match.flagged_at,
    )


async def get(conn: Connection, match_id: UUID) -> Match:
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, version, created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match WHERE id = $1
        """,
        match_id,
    )
    if row is None:
        raise NotFound(f"there is no match {match_id}")
    return match_of(row)


async def find_locked(conn: Connection, match_id: UUID) -> Match | None:
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, version, created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match WHERE id = $1 FOR UPDATE
        """,
        match_id,
    )
    return None if row is None else match_of(row)


async def page(
    conn: Connection,
    *,
    programme_id: UUID | None,
    person_id: UUID | None,
    run_id: UUID | None = None,
    state: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Match]:
    rows = await conn.fetch(
        """
        SELECT id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, version, created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match
        WHERE ($1::uuid IS NULL OR programme_id = $1)
          AND ($2::uuid IS NULL OR mentee_id = $2 OR mentor_id = $2)
          AND ($3::text IS NULL OR state = $3)
          AND ($4::timestamptz IS NULL OR (created_at, id) > ($4, $5::uuid))
          AND ($7::uuid IS NULL OR run_id = $7)
        ORDER BY created_at, id LIMIT $6
        """,
        programme_id,
        person_id,
        state,
        after[0] if after else None,
        after[1] if after else None,
        limit,
        run_id,
    )
    return [match_of(row) for row in rows]


async def of_run(conn: Connection, run_id: UUID, limit: int | None = None) -> list[Match]:
    """What a run proposed, or the first of that, in the order of the mentees' employee numbers."""
    rows = await conn.fetch(
        """
        SELECT m.id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, m.version, m.created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match m JOIN person p ON p.id = m.mentee_id
        WHERE run_id = $1 ORDER BY length(p.employee_number), p.employee_number LIMIT $2
        """,
        run_id,
        limit,
    )
    return [match_of(row) for row in rows]


async def seats_taken(conn: Connection, participation_id: UUID) -> int:
    """Active matches and open proposals of a mentor or a peer whose participation is locked."""
    taken: int = await conn.fetchval(
        """
        SELECT count(*) FROM match
        WHERE (mentor_participation_id = $1 OR (peer AND mentee_participation_id = $1))
          AND state IN ('proposed', 'active')
        """,
        participation_id,
    )
    return taken


async def open_in(
    conn: Connection, programme_id: UUID, *, besides: UUID | None = None
) -> list[tuple[ParticipationId, ParticipationId]]:
    """(mentee's, mentor's participation) of every open proposal and active match of a programme.

    Those that came of the run `besides` do not count.
    """
    rows = await conn.fetch(
        """
        SELECT mentee_participation_id, mentor_participation_id FROM match
        WHERE programme_id = $1 AND state IN ('proposed', 'active')
          AND ($2::uuid IS NULL OR run_id IS DISTINCT FROM $2)
        """,
        programme_id,
        besides,
    )
    return [(row["mentee_participation_id"], row["mentor_participation_id"]) for row in rows]


async def lock_lapsed(conn: Connection, now: datetime, limit: int) -> list[Match]:
    """Proposals whose time to answer went by, in the order of the mentees' employee numbers."""
    rows = await conn.fetch(
        """
        SELECT m.id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, m.version, m.created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match m JOIN person p ON p.id = m.mentee_id
        WHERE state = 'proposed' AND answer_by <= $1
        ORDER BY answer_by, length(p.employee_number), p.employee_number LIMIT $2 FOR UPDATE OF m
        """,
        now,
        limit,
    )
    return [match_of(row) for row in rows]


async def next_answer_by(conn: Connection) -> datetime | None:
    at: datetime | None = await conn.fetchval("SELECT min(answer_by) FROM match WHERE state = 'proposed'")
    return at


async def lock_over(conn: Connection, last_day: date, limit: int) -> list[Match]:
    """Active matches whose last day is this one or earlier, in the order of the mentees' employee numbers."""
    rows = await conn.fetch(
        """
        SELECT m.id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, m.version, m.created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match m JOIN person p ON p.id = m.mentee_id
        WHERE state = 'active' AND ends_on <= $1
        ORDER BY ends_on, length(p.employee_number), p.employee_number LIMIT $2 FOR UPDATE OF m
        """,
        last_day,
        limit,
    )
    return [match_of(row) for row in rows]


async def next_ends_on(conn: Connection) -> date | None:
    day: date | None = await conn.fetchval("SELECT min(ends_on) FROM match WHERE state = 'active'")
    return day


async def block(conn: Connection, blocked: Block) -> None:
    """The longer block stays."""
    await conn.execute(
        """
        INSERT INTO block AS b (mentee_id, mentor_id, reason, until) VALUES ($1, $2, $3, $4)
        ON CONFLICT (mentee_id, mentor_id) DO UPDATE SET reason = excluded.reason, until = excluded.until
        WHERE b.until IS NOT NULL AND (excluded.until IS NULL OR excluded.until > b.until)
        """,
        blocked.mentee_id,
        blocked.mentor_id,
        blocked.reason,
        blocked.until,
    )


async def is_blocked(conn: Connection, mentee_id: UUID, mentor_id: UUID, now: datetime) -> bool:
    """Whether the two may not be brought together now, in either role."""
    found = await conn.fetchval(
        """
        SELECT 1 FROM block
        WHERE (until IS NULL OR until > $3) AND (mentee_id, mentor_id) IN (($1, $2), ($2, $1)) LIMIT 1
        """,
        mentee_id,
        mentor_id,
        now,
    )
    return found is not None


async def find_open(conn: Connection, mentee_participation_id: UUID) -> Match | None:
    """The open proposal or active match of a mentee."""
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, version, created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match WHERE mentee_participation_id = $1 AND state IN ('proposed', 'active')
        """,
        mentee_participation_id,
    )
    return None if row is None else match_of(row)


async def apart(
    conn: Connection, programme_id: UUID, now: datetime, *, besides: UUID | None = None
) -> list[tuple[PersonId, PersonId, datetime | None]]:
    """Pairs of a programme's people that may not be made now, and until when: blocked, or together already.

    Those that came of the run `besides` do not count as together.
    """
    rows = await conn.fetch(
        """
        WITH these AS (SELECT person_id FROM participation WHERE programme_id = $1)
        SELECT mentee_id, mentor_id, until FROM block
        WHERE (until IS NULL OR until > $2)
          AND mentee_id IN (SELECT person_id FROM these) AND mentor_id IN (SELECT person_id FROM these)
        UNION ALL
        SELECT mentee_id, mentor_id, NULL FROM match
        WHERE state IN ('proposed', 'active')
          AND mentee_id IN (SELECT person_id FROM these) AND mentor_id IN (SELECT person_id FROM these)
          AND ($3::uuid IS NULL OR run_id IS DISTINCT FROM $3)
        """,
        programme_id,
        now,
        besides,
    )
    return [(row["mentee_id"], row["mentor_id"], row["until"]) for row in rows]


async def rate(
    conn: Connection,
    *,
    session_id: UUID,
    author_id: UUID,
    about_id: UUID,
    about_role: Role,
    rating: float,
    at: datetime,
) -> None:
    """One rating per session and author; the first one stays. None about somebody who was erased."""
    await conn.execute(
        """
        INSERT INTO rating (session_id, author_id, about_id, about_role, rating, submitted_at)
        SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT FROM erased_person WHERE person_id = $3)
        ON CONFLICT (session_id, author_id) DO NOTHING
        """,
        session_id,
        author_id,
        about_id,
        about_role,
        rating,
        at,
    )


async def ratings_about(
    conn: Connection, programme_id: UUID
) -> dict[tuple[PersonId, Role], list[tuple[float, datetime]]]:
    """What partners thought of a programme's people in a role: (1 to 5, when), the oldest first."""
    rows = await conn.fetch(
        """
        SELECT about_id, about_role, rating, submitted_at FROM rating
        WHERE about_id IN (SELECT person_id FROM participation WHERE programme_id = $1)
        ORDER BY submitted_at, rating
        """,
        programme_id,
    )
    found: dict[tuple[PersonId, Role], list[tuple[float, datetime]]] = {}
    for row in rows:
        about = (row["about_id"], row["about_role"])
        found.setdefault(about, []).append((row["rating"], row["submitted_at"]))
    return found
