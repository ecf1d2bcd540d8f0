"""Rounds, matches and agreements. A match's row is begun by whichever of its events is heard first."""

from __future__ import annotations

from collections.abc import Sequence

from services.analytics.store.rows import columns
from shared.events import (
    AgreementConfirmed,
    MatchDeclined,
    MatchEnded,
    MatchingRunFinished,
    MatchMade,
    MatchProposed,
)
from shared.tx import Connection


async def put_runs(conn: Connection, events: Sequence[MatchingRunFinished]) -> None:
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
                len(e.waiting),
            )
            for e in events
        ),
    )


async def put_waiting(conn: Connection, events: Sequence[MatchingRunFinished]) -> None:
    """Who waits after these runs; `drop_old_waiting` then keeps the newest run's alone."""
    rows = [
        (event.run_id, one.person_id, one.role, event.programme_id, one.reason)
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


async def drop_old_waiting(conn: Connection, programme_ids: Sequence[object]) -> None:
    """Forgets who waited after any run but the newest of these programmes, whatever order they came in."""
    await conn.execute(
        """
        DELETE FROM waiting w USING (
            SELECT DISTINCT ON (programme_id) programme_id, run_id FROM matching_run
            WHERE programme_id = ANY ($1::uuid[])
            ORDER BY programme_id, finished_at DESC, run_id DESC
        ) newest
        WHERE w.programme_id = newest.programme_id AND w.run_id <> newest.run_id
        """,
        list(programme_ids),
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
            score = coalesce(m.score, excluded.score),
            proposed_at = least(m.proposed_at, excluded.proposed_at)
        """,
        *columns((e.match_id, e.programme_id, e.mentee_id, e.mentor_id, e.score, e.at) for e in events),
    )


async def put_declined(conn: Connection, events: Sequence[MatchDeclined]) -> None:
    await conn.execute(
        """
        INSERT INTO match AS m (match_id, programme_id, mentee_id, mentor_id, declined_reason, declined_at)
        SELECT match_id, programme_id, mentee_id, mentor_id, min(reason), min(at)
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
             AS n (match_id, programme_id, mentee_id, mentor_id, reason, at)
        GROUP BY match_id, programme_id, mentee_id, mentor_id ORDER BY match_id
        ON CONFLICT (match_id) DO UPDATE SET
            declined_reason = coalesce(m.declined_reason, excluded.declined_reason),
            declined_at = least(m.declined_at, excluded.declined_at)
        """,
        *columns((e.match_id, e.programme_id, e.mentee_id, e.mentor_id, e.reason, e.at) for e in events),
    )


async def put_made(conn: Connection, events: Sequence[MatchMade]) -> None:
    await conn.execute(
        """
        INSERT INTO match AS m (match_id, programme_id, mentee_id, mentor_id, score, cadence, ends_on,
                                made_at)
        SELECT match_id, programme_id, mentee_id, mentor_id, max(score), min(cadence), max(ends_on), min(at)
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::float8[], $6::text[], $7::date[],
                    $8::timestamptz[])
             AS n (match_id, programme_id, mentee_id, mentor_id, score, cadence, ends_on, at)
        GROUP BY match_id, programme_id, mentee_id, mentor_id ORDER BY match_id
        ON CONFLICT (match_id) DO UPDATE SET
            score = coalesce(m.score, excluded.score), cadence = coalesce(m.cadence, excluded.cadence),
            ends_on = coalesce(m.ends_on, excluded.ends_on), made_at = least(m.made_at, excluded.made_at)
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
        SELECT match_id, programme_id, mentee_id, mentor_id, min(reason), min(at)
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
             AS n (match_id, programme_id, mentee_id, mentor_id, reason, at)
        GROUP BY match_id, programme_id, mentee_id, mentor_id ORDER BY match_id
        ON CONFLICT (match_id) DO UPDATE SET
            ended_reason = coalesce(m.ended_reason, excluded.ended_reason),
            ended_at = least(m.ended_at, excluded.ended_at)
        """,
        *columns((e.match_id, e.programme_id, e.mentee_id, e.mentor_id, e.reason, e.at) for e in events),
    )


async def put_agreements(conn: Connection, events: Sequence[AgreementConfirmed]) -> None:
    """The newest terms of each pair; it has an agreement from the first confirmation on."""
    await conn.execute(
        """
        INSERT INTO agreement AS a (match_id, programme_id, version, hours_per_month, cadence, focus,
                                    confirmed_at)
        SELECT DISTINCT ON (n.match_id) n.match_id, n.programme_id, n.version, n.hours_per_month, n.cadence,
               n.focus, min(n.at) OVER (PARTITION BY n.match_id)
        FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::text[], $7::timestamptz[])
             AS n (match_id, programme_id, version, hours_per_month, cadence, focus, at)
        ORDER BY n.match_id, n.version DESC
        ON CONFLICT (match_id) DO UPDATE SET
            version = greatest(a.version, excluded.version),
            hours_per_month = CASE WHEN excluded.version > a.version THEN excluded.hours_per_month
                                   ELSE a.hours_per_month END,
            cadence = CASE WHEN excluded.version > a.version THEN excluded.cadence ELSE a.cadence END,
            focus = CASE WHEN excluded.version > a.version THEN excluded.focus ELSE a.focus END,
            confirmed_at = least(a.confirmed_at, excluded.confirmed_at)
        """,
        *columns(
            (e.match_id, e.programme_id, e.version, e.hours_per_month, e.cadence, e.focus, e.at)
            for e in events
        ),
    )
