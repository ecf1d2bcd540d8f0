"""Matches that a change of people concerns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from services.matching.core.matches import Match
from services.matching.store.matches import match_of
from shared.tx import Connection


async def lock_open(conn: Connection, participations: Sequence[UUID]) -> list[Match]:
    """Open proposals and active matches of these participations, nobody else's until the transaction ends."""
    rows = await conn.fetch(
        """
        SELECT id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, version, created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match
        WHERE state IN ('proposed', 'active')
          AND (mentee_participation_id = ANY($1::uuid[]) OR mentor_participation_id = ANY($1::uuid[]))
        ORDER BY id FOR UPDATE
        """,
        participations,
    )
    return [match_of(row) for row in rows]


async def lock_in_line(conn: Connection, people: Sequence[UUID]) -> list[Match]:
    """Open proposals and active matches of whom one is one of these people or below, and the other above."""
    rows = await conn.fetch(
        """
        WITH RECURSIVE below AS (
            SELECT id AS root, id FROM person WHERE id = ANY($1::uuid[]) AND manager_id IS NOT NULL
            UNION SELECT b.root, p.id FROM below b JOIN person p ON p.manager_id = b.id
        ), above AS (
            SELECT id AS root, manager_id AS id FROM person
            WHERE id = ANY($1::uuid[]) AND manager_id IS NOT NULL
            UNION SELECT a.root, p.manager_id FROM above a JOIN person p ON p.id = a.id
            WHERE p.manager_id IS NOT NULL
        ), pairs AS (
            SELECT m.id FROM below b JOIN match m ON m.mentee_id = b.id
            JOIN above a ON a.root = b.root AND a.id = m.mentor_id WHERE m.state IN ('proposed', 'active')
            UNION SELECT m.id FROM below b JOIN match m ON m.mentor_id = b.id
            JOIN above a ON a.root = b.root AND a.id = m.mentee_id WHERE m.state IN ('proposed', 'active')
        )
        SELECT id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, version, created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match WHERE id IN (SELECT id FROM pairs) AND state IN ('proposed', 'active') AND flag IS NULL
        ORDER BY id FOR UPDATE
        """,
        people,
    )
    return [match_of(row) for row in rows]


async def outdate(conn: Connection, people: Sequence[UUID]) -> None:
    """Open proposals of these people are to be scored again."""
    await conn.execute(
        """
        UPDATE match SET stale = true
        WHERE state = 'proposed' AND NOT stale
          AND (mentee_id = ANY($1::uuid[]) OR mentor_id = ANY($1::uuid[]))
        """,
        people,
    )


async def lock_outdated(conn: Connection) -> list[Match]:
    """The proposals to be scored again of one programme."""
    rows = await conn.fetch(
        """
        SELECT id, programme_id, run_id, mentee_participation_id, mentor_participation_id, mentee_id,
               mentor_id, state, weight, answer_by, explanation, mentee_answer, mentor_answer, decline_reason,
               declined_by, made_at, ends_on, ended_at, end_reason, version, created_at, group_id, peer,
               talk_at, flag, flagged_at
        FROM match
        WHERE stale AND state = 'proposed'
          AND programme_id = (SELECT programme_id FROM match WHERE stale AND state = 'proposed'
                              ORDER BY programme_id LIMIT 1)
        ORDER BY id FOR UPDATE
        """
    )
    return [match_of(row) for row in rows]


async def is_any_outdated(conn: Connection) -> bool:
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT 1 FROM match WHERE stale AND state = 'proposed')"
    )
    return found


async def score_again(conn: Connection, match: Match) -> None:
    """Writes how well the two of a proposal fit now."""
    await conn.execute(
        "UPDATE match SET weight = $2, explanation = $3, version = $4, stale = false WHERE id = $1",
        match.id,
        match.weight,
        json.dumps(match.explanation),
        match.version,
    )


async def settle(conn: Connection, matches: Sequence[UUID]) -> None:
    """They are as good as when they were proposed."""
    await conn.execute("UPDATE match SET stale = false WHERE id = ANY($1::uuid[])", matches)
