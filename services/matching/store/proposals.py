"""Rows of open proposals: making many, and who has one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.matching.core.ids import ParticipationId
from services.matching.core.matches import Match
from shared.tx import Connection


async def add(conn: Connection, run_id: UUID, matches: Sequence[Match]) -> int:
    """Makes open proposals of pairs that are written down of a run; returns how many mentees had none yet.

    Weights and explanations stand there already and are not sent again.
    """
    done = await conn.execute(
        """
        INSERT INTO match (id, programme_id, run_id, mentee_participation_id, mentor_participation_id,
                           mentee_id, mentor_id, state, weight, answer_by, explanation, version, created_at,
                           group_id, peer, talk_at)
        SELECT new.id, r.programme_id, r.id, p.mentee_participation_id, p.mentor_participation_id,
               new.mentee_id, new.mentor_id, 'proposed', p.weight, new.answer_by, p.explanation, new.version,
               new.created_at, new.group_id, new.peer, p.talk_at
        FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::timestamptz[],
                    $8::int[], $9::timestamptz[], $10::uuid[], $11::boolean[])
             AS new (id, mentee_participation_id, mentor_participation_id, mentee_id, mentor_id, answer_by,
                     version, created_at, group_id, peer)
        JOIN run_pair p USING (mentee_participation_id, mentor_participation_id)
        JOIN matching_run r ON r.id = p.run_id
        WHERE p.run_id = $1
        ON CONFLICT (mentee_participation_id) WHERE state IN ('proposed', 'active') DO NOTHING
        """,
        run_id,
        [one.id for one in matches],
        [one.mentee_participation_id for one in matches],
        [one.mentor_participation_id for one in matches],
        [one.mentee_id for one in matches],
        [one.mentor_id for one in matches],
        [one.answer_by for one in matches],
        [one.version for one in matches],
        [one.created_at for one in matches],
        [one.group_id for one in matches],
        [one.peer for one in matches],
    )
    return int(done.rpartition(" ")[2])


async def mentees(conn: Connection, programme_id: UUID) -> list[ParticipationId]:
    """The mentees' participations of open proposals."""
    rows = await conn.fetch(
        "SELECT mentee_participation_id FROM match WHERE programme_id = $1 AND state = 'proposed'",
        programme_id,
    )
    return [row["mentee_participation_id"] for row in rows]


async def came_of(conn: Connection, run_id: UUID, *, mentee_id: UUID, mentor_id: UUID) -> bool:
    """Whether a run proposed these two to each other."""
    made = await conn.fetchval(
        """
        SELECT 1 FROM match
        WHERE run_id = $1 AND ((mentee_id = $2 AND mentor_id = $3)
                            OR (peer AND mentee_id = $3 AND mentor_id = $2))
        """,
        run_id,
        mentee_id,
        mentor_id,
    )
    return made is not None
