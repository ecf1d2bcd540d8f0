"""Erasures: who is to be forgotten, what an erasure does to each table, and the receipts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import MatchId, PersonId
from services.matching.core.privacy import Erasure, Receipt
from shared.errors import NotFound
from shared.privacy import Place
from shared.tx import Connection

ERASED = (
    Place("invitation", "DELETE FROM invitation WHERE person_id = $1"),
    Place(
        "participation_group",
        """
        DELETE FROM participation_group g USING participation p
        WHERE p.id = g.participation_id AND p.person_id = $1
        """,
    ),
    Place(
        "favourite",
        """
        DELETE FROM favourite f USING participation p
        WHERE p.person_id = $1 AND p.id IN (f.mentee_participation_id, f.mentor_participation_id)
        """,
    ),
    Place(
        "lesson",
        "DELETE FROM lesson l USING participation p WHERE p.id = l.participation_id AND p.person_id = $1",
    ),
    Place("block", "DELETE FROM block WHERE mentee_id = $1 OR mentor_id = $1"),
    Place("rating", "DELETE FROM rating WHERE about_id = $1"),
    Place(
        "request",
        """
        DELETE FROM request r USING match m
        WHERE m.id = r.match_id AND (m.mentee_id = $1 OR m.mentor_id = $1)
        """,
    ),
    Place(
        "match",
        """
        UPDATE match SET explanation = '{}'
        WHERE (mentee_id = $1 OR mentor_id = $1) AND explanation <> '{}'
        """,
    ),
    Place(
        "run_pair",
        """
        UPDATE run_pair r SET explanation = '{}' FROM participation p
        WHERE p.person_id = $1 AND p.id IN (r.mentee_participation_id, r.mentor_participation_id)
          AND r.explanation <> '{}'
        """,
    ),
    Place(
        "run_waiting",
        """
        UPDATE run_waiting w SET sentence = '' FROM participation p
        WHERE p.id = w.participation_id AND p.person_id = $1 AND w.sentence <> ''
        """,
    ),
    Place("run_decision", "SELECT ordinal FROM forget_reasons($1) AS emptied (ordinal)"),
    Place(
        "participation",
        """
        UPDATE participation SET version = version + 1, consent = false, paused_until = NULL,
               away_reason = NULL, away_until = NULL,
               profile = '{"goals": [], "skills": {}, "values": {}, "style": {}, "languages": [],
                           "interests": [], "hours": []}'
        WHERE person_id = $1 AND profile <> '{"goals": [], "skills": {}, "values": {}, "style": {},
                                              "languages": [], "interests": [], "hours": []}'
        """,
    ),
    Place(
        "hris_received",
        """
        DELETE FROM hris_received r USING person p
        WHERE p.id = $1 AND (r.fact #>> '{who,employee_number}' = p.employee_number
                             OR lower(r.fact #>> '{who,work_email}') = p.work_email_key)
        """,
    ),
    Place(
        "hris_fact",
        """
        UPDATE hris_fact f SET employee_number = NULL, external_id = NULL, work_email = NULL, fields = '{}',
               effective_on = NULL, until = NULL, reason = '', due_at = NULL, settled = true,
               state = CASE WHEN f.state = 'waiting' THEN 'cancelled' ELSE f.state END, person_id = $1
        FROM person p
        WHERE p.id = $1 AND (f.employee_number, f.external_id, f.work_email, f.fields) IS DISTINCT FROM
                            (NULL, NULL, NULL, '{}'::jsonb)
          AND (f.person_id = $1 OR f.person_id IS NULL
               AND (f.employee_number = p.employee_number OR lower(f.work_email) = p.work_email_key))
        """,
    ),
    Place(
        "scim_resource",
        """
        WITH theirs AS (
            SELECT r.id, r.source, r.kind, r.deleted_at FROM scim_resource r JOIN person p ON p.id = $1
            WHERE r.name_key <> 'erased-' || r.id
              AND (r.person_id = p.id
                   OR r.person_id IS NULL AND r.kind = 'User' AND r.name_key = p.user_name_key)
            FOR UPDATE OF r
        ), parted AS (
            DELETE FROM scim_member m USING theirs WHERE m.member_id = theirs.id
        ), counted AS (
            INSERT INTO scim_tally (source, kind, slot, many)
            SELECT source, kind, pg_backend_pid() % 32, -count(*) FROM theirs WHERE deleted_at IS NULL
            GROUP BY source, kind
            ON CONFLICT (source, kind, slot) DO UPDATE SET many = scim_tally.many + excluded.many
        )
        UPDATE scim_resource r SET resource = '{}', compared = '{}', name_key = 'erased-' || r.id,
               external_id = NULL, version = r.version + 1, deleted_at = coalesce(r.deleted_at, now())
        FROM theirs WHERE theirs.id = r.id
        """,
    ),
    Place(
        "hris_file_row",
        """
        DELETE FROM hris_file_row r USING person p
        WHERE p.id = $1 AND (r.employee_number = p.employee_number OR r.user_name_key = p.user_name_key
                             OR r.work_email_key = p.work_email_key)
        """,
    ),
    Place(
        "hris_file_reject",
        """
        DELETE FROM hris_file_reject r USING person p
        WHERE p.id = $1 AND (r.employee_number = p.employee_number
                             OR strpos(lower(r.reason), p.user_name_key) > 0
                             OR strpos(lower(r.reason), p.work_email_key) > 0)
        """,
    ),
    Place(
        "hris_file",
        """
        UPDATE hris_file f SET report = f.report || '{"named": {}, "ended_named": []}' FROM person p
        WHERE p.id = $1 AND strpos(f.report::text, to_json(p.employee_number)::text) > 0
          AND (f.report -> 'named' <> '{}' OR f.report -> 'ended_named' <> '[]')
        """,
    ),
    Place(
        "hris_roster",
        "DELETE FROM hris_roster r USING person p WHERE p.id = $1 AND r.employee_number = p.employee_number",
    ),
    Place("person_key", "DELETE FROM person_key WHERE person_id = $1"),
    Place(
        "person",
        """
        UPDATE person SET version = version + 1, employee_number = 'erased-' || id,
               user_name = 'erased-' || id, user_name_key = 'erased-' || id,
               given_name = 'A former', family_name = 'colleague',
               work_email = '', work_email_key = 'erased-' || id, title = '', department = '', site = '',
               time_zone = 'UTC', manager_employee_number = NULL, manager_id = NULL, hire_date = NULL,
               status = 'terminated', pool = '', leave_from = NULL, leave_until = NULL, inactive_on = NULL,
               grace_until = NULL, terminated_on = NULL, erase_asked = false, due_at = NULL,
               manager_source = NULL, manager_external_id = NULL, manager_said_at = NULL,
               manager_cut_id = NULL
        WHERE id = $1 AND employee_number <> 'erased-' || id
        """,
    ),
    Place("audit_entry", "SELECT id FROM forget_audit($1) AS emptied (id)"),
)
"""In this order: the person comes late, so that a line above may ask what their number or address was; then
what was noted of all this. Totals stay: who was brought together with whom, by ids, with scores."""

WITHOUT: Mapping[str, str] = {
    "programme": "names and rules of programmes",
    "matching_run": "figures, and who asked for the run",
    "run_ledger": "counts of groups",
    "run_certificate": "ids and amounts",
    "continuation": "ids and times",
    "hris_source": "names of systems",
    "site_zone": "names of places",
    "hris_credential": "hashes and sealed secrets of systems",
    "hris_delivery": "ids and hashes",
    "scim_member": "ids; what is said beside one goes with the user it is said of",
    "scim_tally": "counts",
    "scim_group_role": "ids and codes",
    "hris_hold": "who decided about a flood of facts, and how many people it would have ended",
    "erasure": "ids, times, and who asked",
    "erasure_receipt": "counts",
}
"""Tables in which nothing is to be deleted, and why."""


def _erasure(row: Record) -> Erasure:
    return Erasure(**{**dict(row), "person_id": PersonId(row["person_id"])})


async def add(conn: Connection, erasure: Erasure) -> bool:
    """False where the person is to be erased already, or was."""
    done = await conn.fetchval(
        """
        INSERT INTO erasure (id, person_id, cause, asked_by, asked_at, runs_at, state, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING true
        """,
        erasure.id,
        erasure.person_id,
        erasure.cause,
        erasure.asked_by,
        erasure.asked_at,
        erasure.runs_at,
        erasure.state,
        erasure.version,
    )
    return bool(done)


async def save(conn: Connection, erasure: Erasure) -> None:
    await conn.execute(
        """
        UPDATE erasure SET state = $2, cancelled_by = $3, cancelled_at = $4, erased_at = $5,
               completed_at = $6, again_at = $7, version = $8
        WHERE id = $1
        """,
        erasure.id,
        erasure.state,
        erasure.cancelled_by,
        erasure.cancelled_at,
        erasure.erased_at,
        erasure.completed_at,
        erasure.again_at,
        erasure.version,
    )


async def get(conn: Connection, erasure_id: UUID) -> Erasure:
    """Raises NotFound."""
    row = await conn.fetchrow(
        """
        SELECT id, person_id, cause, asked_by, asked_at, runs_at, state, cancelled_by, cancelled_at,
               erased_at, completed_at, again_at, version
        FROM erasure WHERE id = $1
        """,
        erasure_id,
    )
    if row is None:
        raise NotFound(f"there is no erasure {erasure_id}")
    return _erasure(row)


async def find_of(conn: Connection, person_id: UUID) -> Erasure | None:
    """The erasure of a person that was not cancelled, locked until the transaction ends."""
    row = await conn.fetchrow(
        """
        SELECT id, person_id, cause, asked_by, asked_at, runs_at, state, cancelled_by, cancelled_at,
               erased_at, completed_at, again_at, version
        FROM erasure WHERE person_id = $1 AND state <> 'cancelled' FOR UPDATE
        """,
        person_id,
    )
    return None if row is None else _erasure(row)


async def get_locked(conn: Connection, erasure_id: UUID) -> Erasure:
    """Nobody else's until the transaction ends. Raises NotFound."""
    row = await conn.fetchrow(
        """
        SELECT id, person_id, cause, asked_by, asked_at, runs_at, state, cancelled_by, cancelled_at,
               erased_at, completed_at, again_at, version
        FROM erasure WHERE id = $1 FOR UPDATE
        """,
        erasure_id,
    )
    if row is None:
        raise NotFound(f"there is no erasure {erasure_id}")
    return _erasure(row)


async def lock_due(conn: Connection, now: datetime) -> Erasure | None:
    """The erasure that has been due longest."""
    row = await conn.fetchrow(
        """
        SELECT id, person_id, cause, asked_by, asked_at, runs_at, state, cancelled_by, cancelled_at,
               erased_at, completed_at, again_at, version
        FROM erasure WHERE state = 'waiting' AND runs_at <= $1
        ORDER BY runs_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
        """,
        now,
    )
    return None if row is None else _erasure(row)


async def next_run_at(conn: Connection) -> datetime | None:
    at: datetime | None = await conn.fetchval("SELECT min(runs_at) FROM erasure WHERE state = 'waiting'")
    return at


async def lock_again(conn: Connection, now: datetime, limit: int) -> list[Erasure]:
    """Those whose tombstone is to be said once more."""
    rows = await conn.fetch(
        """
        SELECT id, person_id, cause, asked_by, asked_at, runs_at, state, cancelled_by, cancelled_at,
               erased_at, completed_at, again_at, version
        FROM erasure WHERE again_at <= $1 ORDER BY again_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        now,
        limit,
    )
    return [_erasure(row) for row in rows]


async def next_again_at(conn: Connection) -> datetime | None:
    at: datetime | None = await conn.fetchval("SELECT min(again_at) FROM erasure WHERE again_at IS NOT NULL")
    return at


async def page(
    conn: Connection, person_id: UUID | None, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Erasure]:
    """At most `limit` in order of (asked_at, id), those after the key; of one person or of everybody."""
    rows = await conn.fetch(
        """
        SELECT id, person_id, cause, asked_by, asked_at, runs_at, state, cancelled_by, cancelled_at,
               erased_at, completed_at, again_at, version
        FROM erasure
        WHERE ($1::uuid IS NULL OR person_id = $1)
          AND ($2::timestamptz IS NULL OR (asked_at, id) > ($2, $3::uuid))
        ORDER BY asked_at, id LIMIT $4
        """,
        person_id,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_erasure(row) for row in rows]


async def receipts(conn: Connection, erasure_id: UUID) -> list[Receipt]:
    rows = await conn.fetch(
        """
        SELECT service, given_at, removed FROM erasure_receipt WHERE erasure_id = $1 ORDER BY service
        """,
        erasure_id,
    )
    return [Receipt(row["service"], row["given_at"], json.loads(row["removed"])) for row in rows]


async def save_receipt(conn: Connection, erasure_id: UUID, receipt: Receipt) -> None:
    await conn.execute(
        """
        INSERT INTO erasure_receipt (erasure_id, service, given_at, removed) VALUES ($1, $2, $3, $4)
        ON CONFLICT (erasure_id, service) DO UPDATE SET removed = excluded.removed
        """,
        erasure_id,
        receipt.service,
        receipt.given_at,
        json.dumps(receipt.removed, sort_keys=True),
    )


async def lock_open_matches(conn: Connection, person_id: UUID) -> list[MatchId]:
    """Ids of the proposals and matches of a person that are not over, in a fixed order."""
    rows = await conn.fetch(
        """
        SELECT id FROM match WHERE (mentee_id = $1 OR mentor_id = $1) AND state IN ('proposed', 'active')
        ORDER BY id FOR UPDATE
        """,
        person_id,
    )
    return [MatchId(row["id"]) for row in rows]
