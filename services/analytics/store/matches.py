"""Rounds, matches and agreements. A match's row is begun by whichever of its events is heard first.

What an event says of a match belongs to the moment it tells. Should one be told twice, the earlier counts
(and of two at one time the one that sorts first), so that nothing depends on which was heard first.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.analytics.store.rows import columns
from shared.events import (
    AgreementConfirmed,
    MatchContinued,
    MatchDeclined,
    MatchEnded,
    MatchFlagged,
    MatchingRunFinished,
    MatchMade,
    MatchProposed,
)
from shared.tx import Connection

FOCUS_OF_TALKS = "career"
"""What a draft begins with: of a flash talk nobody is asked."""


async def put_runs(conn: Connection, events: Sequence[MatchingRunFinished]) -> None:
    """Of a run in several parts the first tells all but who waits."""
    first = [event for event in events if event.part == 0]
    if not first:
        return
    await conn.execute(
        """
        INSERT INTO matching_run (run_id, programme_id, finished_at, mentees, mentors, feasible_pairs,
                                  proposed, waiting)
        SELECT run_id, programme_id, at, mentees, mentors, feasible_pairs, proposed, waiting
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int[], $5::int[], $6::int[], $7::int[],
                    $8::int[])
             AS n (run_id, programme_id, at, mentees, mentors, feasible_pairs, proposed, waiting)
        ORDER BY run_id
        ON CONFLICT (run_id) DO NOTHING
        """,
        *columns(
            (
                e.run_id,
                e.programme_id,
                e.at,
                e.mentees,
                e.mentors,
                e.feasible_pairs,
                e.proposed,
                len(e.waiting) if e.waiting_in_all is None else e.waiting_in_all,
            )
            for e in first
        ),
    )


async def put_waiting(conn: Connection, events: Sequence[MatchingRunFinished]) -> None:
    """Who waits after these runs; those of older runs are kept, for figures of the past."""
    rows = [
        (event.run_id, one.person_id, "peer" if event.peer else one.role, event.programme_id, one.reason)
        for event in events
        for one in event.waiting
    ]
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO waiting (run_id, person_id, role, programme_id, reason)
        SELECT run_id, person_id, role, programme_id, reason
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[])
             AS n (run_id, person_id, role, programme_id, reason)
        ORDER BY run_id, person_id, role
        ON CONFLICT (run_id, person_id, role) DO NOTHING
        """,
        *columns(rows),
    )


async def put_proposed(conn: Connection, events: Sequence[MatchProposed]) -> None:
    await conn.execute(
        """
        INSERT INTO match AS m (match_id, programme_id, mentee_id, mentor_id, score, proposed_at)
        SELECT match_id, programme_id, mentee_id, mentor_id, max(score), min(at)
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::float8[], $6::timestamptz[])
             AS n (match_id, programme_id, mentee_id, mentor_id, score, at)
        GROUP BY match_id, programme_id, mentee_id, mentor_id ORDER BY match_id
        ON CONFLICT (match_id) DO UPDATE SET
            score = greatest(m.score, excluded.score),
            proposed_at = least(m.proposed_at, excluded.proposed_at)
        """,
        *columns((e.match_id, e.programme_id, e.mentee_id, e.mentor_id, e.score, e.at) for e in events),
    )


async def put_declined(conn: Connection, events: Sequence[MatchDeclined]) -> None:
    await conn.execute(
        """
        INSERT INTO match AS m (match_id, programme_id, mentee_id, mentor_id, declined_reason, declined_at)
        SELECT DISTINCT ON (match_id) match_id, programme_id, mentee_id, mentor_id, reason, at
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
             AS n (match_id, programme_id, mentee_id, mentor_id, reason, at)
        ORDER BY match_id, at, reason
        ON CONFLICT (match_id) DO UPDATE SET
            declined_reason = excluded.declined_reason, declined_at = excluded.declined_at
        WHERE m.declined_at IS NULL
           OR (excluded.declined_at, excluded.declined_reason) < (m.declined_at, m.declined_reason)
        """,
        *columns((e.match_id, e.programme_id, e.mentee_id, e.mentor_id, e.reason, e.at) for e in events),
    )


async def put_made(conn: Connection, events: Sequence[MatchMade]) -> None:
    await conn.execute(
        """
        INSERT INTO match AS m (match_id, programme_id, mentee_id, mentor_id, score, cadence, ends_on,
                                made_at)
        SELECT DISTINCT ON (match_id) match_id, programme_id, mentee_id, mentor_id,
               max(score) OVER (PARTITION BY match_id), cadence, ends_on, at
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::float8[], $6::text[], $7::date[],
                    $8::timestamptz[])
             AS n (match_id, programme_id, mentee_id, mentor_id, score, cadence, ends_on, at)
        ORDER BY match_id, at, cadence, ends_on
        ON CONFLICT (match_id) DO UPDATE SET
            score = greatest(m.score, excluded.score),
            (cadence, ends_on, made_at) = (
                SELECT cadence, ends_on, made_at
                FROM (VALUES (m.cadence, m.ends_on, m.made_at),
                             (excluded.cadence, excluded.ends_on, excluded.made_at))
                     AS told (cadence, ends_on, made_at)
                ORDER BY made_at, cadence, ends_on LIMIT 1
            )
        """,
        *columns(
            (e.match_id, e.programme_id, e.mentee_id, e.mentor_id, e.score, e.cadence, e.ends_on, e.at)
            for e in events
        ),
    )


async def put_ended(conn: Connection, events: Sequence[MatchEnded]) -> None:
    await conn.execute(
        """
        INSERT INTO match AS m (match_id, programme_id, mentee_id, mentor_id, ended_reason, ended_at)
        SELECT DISTINCT ON (match_id) match_id, programme_id, mentee_id, mentor_id, reason, at
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
             AS n (match_id, programme_id, mentee_id, mentor_id, reason, at)
        ORDER BY match_id, at, reason
        ON CONFLICT (match_id) DO UPDATE SET
            ended_reason = excluded.ended_reason, ended_at = excluded.ended_at
        WHERE m.ended_at IS NULL
           OR (excluded.ended_at, excluded.ended_reason) < (m.ended_at, m.ended_reason)
        """,
        *columns((e.match_id, e.programme_id, e.mentee_id, e.mentor_id, e.reason, e.at) for e in events),
    )


async def put_flags(conn: Connection, events: Sequence[MatchFlagged]) -> None:
    """Every time that a match was said to need a look."""
    await conn.execute(
        """
        INSERT INTO match_flag (match_id, version, flagged_at, programme_id, reason)
        SELECT match_id, version, at, programme_id, reason
        FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::uuid[], $5::text[])
             AS n (match_id, version, at, programme_id, reason)
        ORDER BY match_id, version, at
        ON CONFLICT DO NOTHING
        """,
        *columns((e.match_id, e.version, e.at, e.programme_id, e.reason) for e in events),
    )


async def put_continued(conn: Connection, events: Sequence[MatchContinued]) -> None:
    await conn.execute(
        """
        INSERT INTO match AS m (match_id, programme_id, mentee_id, mentor_id, continued_at)
        SELECT match_id, programme_id, mentee_id, mentor_id, min(at)
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[])
             AS n (match_id, programme_id, mentee_id, mentor_id, at)
        GROUP BY match_id, programme_id, mentee_id, mentor_id ORDER BY match_id
        ON CONFLICT (match_id) DO UPDATE SET continued_at = least(m.continued_at, excluded.continued_at)
        """,
        *columns((e.match_id, e.programme_id, e.mentee_id, e.mentor_id, e.at) for e in events),
    )


async def put_agreements(conn: Connection, events: Sequence[AgreementConfirmed]) -> None:
    """All terms a pair ever agreed on, each with its version."""
    await _put_terms(
        conn,
        [
            (e.match_id, e.programme_id, e.version, e.hours_per_month, e.cadence, e.focus, e.at)
            for e in events
        ],
    )


async def put_talks(conn: Connection, events: Sequence[MatchMade]) -> None:
    """Two who have said yes to a flash talk have agreed on all there is."""
    await _put_terms(
        conn,
        [
            (e.match_id, e.programme_id, 1, e.hours_per_month, e.cadence, FOCUS_OF_TALKS, e.at)
            for e in events
            if e.talk_at is not None
        ],
    )


async def _put_terms(conn: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO agreement (match_id, programme_id, version, hours_per_month, cadence, focus, confirmed_at)
        SELECT match_id, programme_id, version, hours_per_month, cadence, focus, at
        FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::text[], $7::timestamptz[])
             AS n (match_id, programme_id, version, hours_per_month, cadence, focus, at)
        ORDER BY match_id, version, at
        ON CONFLICT DO NOTHING
        """,
        *columns(rows),
    )
