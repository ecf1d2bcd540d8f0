"""Runs as work: which wait, who works on them, how far they are, and whether their inputs still hold."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.matching.core.ids import ProgrammeId, RunId
from services.matching.core.runs import SOMEBODY_JOINED
from shared.tx import Connection


@dataclass(frozen=True)
class Waiting:
    """A run that is to be solved, of a programme with so `many` participations."""

    id: RunId
    programme_id: ProgrammeId
    many: int
    only_offers: bool


async def waiting(conn: Connection) -> list[tuple[RunId, ProgrammeId]]:
    """Runs to be solved, also those that a process may be solving, the oldest first."""
    rows = await conn.fetch(
        """
        SELECT id, programme_id FROM matching_run WHERE state IN ('queued', 'solving') ORDER BY created_at, id
        """
    )
    return [(row["id"], row["programme_id"]) for row in rows]


async def next_waiting(conn: Connection) -> Waiting | None:
    """The run that is to be solved next, of those that nobody works on."""
    row = await conn.fetchrow(
        """
        SELECT r.id, r.programme_id, r.asked_by,
               (SELECT count(*) FROM participation a WHERE a.programme_id = r.programme_id) AS many
        FROM matching_run r
        WHERE r.state IN ('queued', 'solving') AND NOT EXISTS (
            SELECT 1 FROM pg_locks l
            WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database
                                                            WHERE datname = current_database())
              AND (l.classid::bigint << 32) | l.objid::bigint
                  = hashtextextended('matching programme ' || r.programme_id::text, 0)
              AND l.objsubid = 1)
        ORDER BY r.created_at, r.id LIMIT 1
        """
    )
    if row is None:
        return None
    only_offers = row["asked_by"] == SOMEBODY_JOINED
    return Waiting(RunId(row["id"]), ProgrammeId(row["programme_id"]), row["many"], only_offers=only_offers)


async def take_back(conn: Connection, run_id: UUID) -> bool:
    """Deletes a run that nobody has begun and that was to offer only what need not wait. False: it is not
    such a run any more."""
    gone = await conn.fetchval(
        "DELETE FROM matching_run WHERE id = $1 AND state = 'queued' AND asked_by = $2 RETURNING true",
        run_id,
        SOMEBODY_JOINED,
    )
    return bool(gone)


async def busy(conn: Connection) -> int:
    """How many runs are to be solved."""
    count: int = await conn.fetchval("SELECT count(*) FROM matching_run WHERE state IN ('queued', 'solving')")
    return count


async def take(conn: Connection, programme_id: UUID) -> bool:
    """Whether this connection alone may work on the programme now; until `leave`, or until it is lost."""
    taken: bool = await conn.fetchval(
        "SELECT pg_try_advisory_lock(hashtextextended('matching programme ' || $1::uuid::text, 0))",
        programme_id,
    )
    return taken


async def leave(conn: Connection, programme_id: UUID) -> None:
    await conn.execute(
        "SELECT pg_advisory_unlock(hashtextextended('matching programme ' || $1::uuid::text, 0))",
        programme_id,
    )


async def publish_alone(conn: Connection) -> None:
    """One run publishes at a time, until the transaction ends: two programmes may want the same pair."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('matching publication'))")


async def tell(conn: Connection, run_id: UUID, attempt: int, *, phase: str, done: int, total: int) -> bool:
    """Writes how far a run is. False: it was cancelled, or somebody else works on it."""
    told = await conn.fetchval(
        """
        UPDATE matching_run SET phase = $3, done = $4, total = $5
        WHERE id = $1 AND state = 'solving' AND attempts = $2 RETURNING true
        """,
        run_id,
        attempt,
        phase,
        done,
        total,
    )
    return bool(told)


async def edition(conn: Connection, programme_id: UUID) -> str:
    """A text that differs when anything changed that a run of the programme looks at.

    Versions only grow and rows are only added, so equal counts and sums are equal rows; favourites and
    groups are replaced, so theirs are sums of hashes.
    """
    text: str = await conn.fetchval(
        """
        WITH these AS (SELECT id, person_id, version FROM participation WHERE programme_id = $1)
        SELECT concat_ws('/',
            (SELECT version FROM programme WHERE id = $1),
            (SELECT count(*) || '.' || coalesce(sum(version), 0) FROM these),
            (SELECT count(*) || '.' || coalesce(sum(version), 0) FROM person),
            (SELECT count(*) || '.' || coalesce(sum(version), 0) FROM match
             WHERE mentee_id IN (SELECT person_id FROM these)
               AND mentor_id IN (SELECT person_id FROM these)),
            (SELECT count(*) || '.' || coalesce(sum(extract(epoch FROM until)), 0) FROM block
             WHERE mentee_id IN (SELECT person_id FROM these)
               AND mentor_id IN (SELECT person_id FROM these)),
            (SELECT count(*) FROM rating WHERE about_id IN (SELECT person_id FROM these)),
            (SELECT coalesce(sum(hashtextextended(concat(mentee_participation_id, mentor_participation_id,
                                                         place), 0)::numeric), 0)
             FROM favourite WHERE mentee_participation_id IN (SELECT id FROM these)),
            (SELECT coalesce(sum(hashtextextended(concat(participation_id, code), 0)::numeric), 0)
             FROM participation_group WHERE participation_id IN (SELECT id FROM these)),
            (SELECT count(*) FROM lesson WHERE participation_id IN (SELECT id FROM these)),
            (SELECT count(*) FROM matching_run WHERE programme_id = $1 AND state = 'published'))
        """,
        programme_id,
    )
    return text
