"""Rows of facts about people, and of the keys by which sources know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from asyncpg import Record

from services.matching.core.facts import Fact, Heard, Identity, Kept, Key, Voice, email_key
from services.matching.core.ids import PersonId
from shared.errors import NotFound
from shared.tx import Connection


def _kept(row: Record) -> Kept:
    fact = Fact(
        source=row["source"],
        event_id=row["event_id"],
        kind=row["kind"],
        who=Identity(row["employee_number"], row["external_id"], row["work_email"]),
        fields=orjson.loads(row["fields"]),
        effective_on=row["effective_on"],
        until=row["until"],
        said_at=row["said_at"],
        said_version=row["said_version"],
    )
    return Kept(
        heard=Heard(fact, row["received_at"], row["arrival"]),
        person_id=row["person_id"],
        state=row["state"],
        field=row["field"],
        reason=row["reason"],
        due_at=row["due_at"],
        applied_at=row["applied_at"],
        settled=row["settled"],
        hold_id=row["hold_id"],
    )


async def voices(conn: Connection) -> dict[str, Voice]:
    """How much the word of each source counts, retired ones too: their facts still hold."""
    rows = await conn.fetch("SELECT name, precedence, precedence_by_field FROM hris_source")
    return {
        row["name"]: Voice(row["name"], row["precedence"], orjson.loads(row["precedence_by_field"]))
        for row in rows
    }


async def of_keys(conn: Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], PersonId]:
    """Whom sources know by these ids of theirs."""
    rows = await conn.fetch(
        """
        SELECT k.source, k.external_id, k.person_id
        FROM unnest($1::text[], $2::text[]) AS n (source, external_id)
        JOIN person_key k ON k.source = n.source AND k.external_id = n.external_id
        """,
        [source for source, _ in keys],
        [external_id for _, external_id in keys],
    )
    return {(row["source"], row["external_id"]): row["person_id"] for row in rows}


async def add_keys(conn: Connection, keys: Mapping[tuple[str, str], PersonId]) -> None:
    await conn.execute(
        """
        INSERT INTO person_key (source, external_id, person_id)
        SELECT source, external_id, person_id
        FROM unnest($1::text[], $2::text[], $3::uuid[]) AS n (source, external_id, person_id)
        ON CONFLICT DO NOTHING
        """,
        [source for source, _ in keys],
        [external_id for _, external_id in keys],
        list(keys.values()),
    )


async def about(
    conn: Connection, people: Sequence[UUID], keys: Sequence[Key], *, also_settled: bool = False
) -> list[Kept]:
    """Facts that may still matter about these people (or all of them), and those with these names; one may be
    there twice."""
    rows = await conn.fetch(
        """
        SELECT source, event_id, arrival, kind, employee_number, external_id, work_email, fields,
               effective_on, until, said_at, said_version, received_at, person_id, state, field, reason,
               due_at, applied_at, settled, hold_id
        FROM hris_fact WHERE person_id = ANY($1::uuid[]) AND (NOT settled OR $4)
        UNION ALL
        SELECT f.source, f.event_id, arrival, kind, employee_number, external_id, work_email, fields,
               effective_on, until, said_at, said_version, received_at, person_id, state, field, reason,
               due_at, applied_at, settled, hold_id
        FROM unnest($2::text[], $3::text[]) AS n (source, event_id)
        JOIN hris_fact f ON f.source = n.source AND f.event_id = n.event_id
        """,
        people,
        [key.source for key in keys],
        [key.event_id for key in keys],
        also_settled,
    )
    return [_kept(row) for row in rows]


async def get(conn: Connection, fact_id: int) -> Kept:
    """By its place among all arrivals. Raises NotFound."""
    row = await conn.fetchrow(
        """
        SELECT source, event_id, arrival, kind, employee_number, external_id, work_email, fields,
               effective_on, until, said_at, said_version, received_at, person_id, state, field, reason,
               due_at, applied_at, settled, hold_id
        FROM hris_fact WHERE arrival = $1
        """,
        fact_id,
    )
    if row is None:
        raise NotFound(f"there is no fact {fact_id}")
    return _kept(row)


async def get_locked(conn: Connection, fact_id: int) -> Kept:
    """By its place among all arrivals, nobody else's until the transaction ends. Raises NotFound."""
    row = await conn.fetchrow(
        """
        SELECT source, event_id, arrival, kind, employee_number, external_id, work_email, fields,
               effective_on, until, said_at, said_version, received_at, person_id, state, field, reason,
               due_at, applied_at, settled, hold_id
        FROM hris_fact WHERE arrival = $1 FOR UPDATE
        """,
        fact_id,
    )
    if row is None:
        raise NotFound(f"there is no fact {fact_id}")
    return _kept(row)


async def of_person(conn: Connection, person_id: UUID, *, before: int | None, limit: int) -> list[Kept]:
    """All that was said about somebody, the newest arrival first."""
    rows = await conn.fetch(
        """
        SELECT source, event_id, arrival, kind, employee_number, external_id, work_email, fields,
               effective_on, until, said_at, said_version, received_at, person_id, state, field, reason,
               due_at, applied_at, settled, hold_id
        FROM hris_fact WHERE person_id = $1 AND ($2::bigint IS NULL OR arrival < $2)
        ORDER BY arrival DESC LIMIT $3
        """,
        person_id,
        before,
        limit,
    )
    return [_kept(row) for row in rows]


async def in_state(
    conn: Connection, state: str, source: str | None, *, before: int | None, limit: int
) -> list[Kept]:
    """Facts that wait for something, the newest arrival first."""
    rows = await conn.fetch(
        """
        SELECT source, event_id, arrival, kind, employee_number, external_id, work_email, fields,
               effective_on, until, said_at, said_version, received_at, person_id, state, field, reason,
               due_at, applied_at, settled, hold_id
        FROM hris_fact
        WHERE state = $1 AND state IN ('held', 'rejected', 'waiting') AND ($2::text IS NULL OR source = $2)
          AND ($3::bigint IS NULL OR arrival < $3)
        ORDER BY arrival DESC LIMIT $4
        """,
        state,
        source,
        before,
        limit,
    )
    return [_kept(row) for row in rows]


async def about_nobody(
    conn: Connection, numbers: Sequence[str], keys: Sequence[tuple[str, str]], emails: Sequence[str]
) -> list[Kept]:
    """Facts that wait for somebody with one of these numbers, keys or addresses."""
    rows = await conn.fetch(
        """
        SELECT source, event_id, arrival, kind, employee_number, external_id, work_email, fields,
               effective_on, until, said_at, said_version, received_at, person_id, state, field, reason,
               due_at, applied_at, settled, hold_id
        FROM hris_fact
        WHERE person_id IS NULL AND state = 'waiting'
          AND (employee_number = ANY($1::text[]) OR work_email = ANY($4::text[])
               OR external_id = ANY($3::text[])
                  AND (source, external_id) IN (SELECT s, e FROM unnest($2::text[], $3::text[]) AS n (s, e)))
        ORDER BY arrival FOR UPDATE
        """,
        numbers,
        [source for source, _ in keys],
        [external_id for _, external_id in keys],
        emails,
    )
    return [_kept(row) for row in rows]


async def lock_due(conn: Connection, now: datetime, limit: int) -> list[Kept]:
    """Facts about nobody known whose day has begun."""
    rows = await conn.fetch(
        """
        SELECT source, event_id, arrival, kind, employee_number, external_id, work_email, fields,
               effective_on, until, said_at, said_version, received_at, person_id, state, field, reason,
               due_at, applied_at, settled, hold_id
        FROM hris_fact WHERE person_id IS NULL AND state = 'waiting' AND due_at <= $1
        ORDER BY due_at, arrival LIMIT $2 FOR UPDATE
        """,
        now,
        limit,
    )
    return [_kept(row) for row in rows]


async def next_due(conn: Connection) -> datetime | None:
    """When the first fact holds, or the first person stands otherwise because a day is over."""
    at: datetime | None = await conn.fetchval(
        """
        SELECT least((SELECT min(due_at) FROM person WHERE due_at IS NOT NULL),
                     (SELECT min(due_at) FROM hris_fact
                      WHERE person_id IS NULL AND state = 'waiting' AND due_at IS NOT NULL))
        """
    )
    return at


ADD = """
INSERT INTO hris_fact (source, event_id, kind, employee_number, external_id, work_email, fields, effective_on,
                       until, said_at, said_version, received_at, person_id, state, field, reason, due_at,
                       applied_at, settled, hold_id)
SELECT source, event_id, kind, employee_number, external_id, work_email, fields, effective_on, until, said_at,
       said_version, received_at, person_id, state, field, reason, due_at, applied_at, settled, hold_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::date[],
            $9::date[], $10::timestamptz[], $11::bigint[], $12::timestamptz[], $13::uuid[], $14::text[],
            $15::text[], $16::text[], $17::timestamptz[], $18::timestamptz[], $19::bool[], $20::uuid[])
     WITH ORDINALITY
     AS n (source, event_id, kind, employee_number, external_id, work_email, fields, effective_on, until,
           said_at, said_version, received_at, person_id, state, field, reason, due_at, applied_at, settled,
           hold_id, place)
ORDER BY place
ON CONFLICT DO NOTHING RETURNING source, event_id
"""


async def add(conn: Connection, rows: Sequence[Kept]) -> int:
    """How many were new: the others another transaction has taken at the same moment."""
    columns = zip(*(_columns(one) for one in rows), strict=True)
    added = await conn.fetch(ADD, *(list(column) for column in columns))
    return len(added)


COLUMNS = (
    *("source", "event_id", "kind", "employee_number", "external_id", "work_email", "fields", "effective_on"),
    *("until", "said_at", "said_version", "received_at", "person_id", "state", "field", "reason", "due_at"),
    *("applied_at", "settled", "hold_id"),
)


async def add_many(conn: Connection, rows: Sequence[Kept]) -> None:
    """The same by COPY, which takes half the time. Raises UniqueViolationError where another transaction has
    taken one of them at the same moment."""
    await conn.copy_records_to_table("hris_fact", records=map(_columns, rows), columns=COLUMNS)


def _columns(one: Kept) -> tuple[object, ...]:
    """In the order of the statement's parameters, and of COLUMNS."""
    fact = one.heard.fact
    who = fact.who
    return (
        fact.source,
        fact.event_id,
        fact.kind,
        who.employee_number,
        who.external_id,
        email_key(who),
        orjson.dumps(dict(fact.fields)).decode(),
        fact.effective_on,
        fact.until,
        fact.said_at,
        fact.said_version,
        one.heard.received_at,
        one.person_id,
        one.state,
        one.field,
        one.reason,
        one.due_at,
        one.applied_at,
        one.settled,
        one.hold_id,
    )


async def update(conn: Connection, rows: Sequence[Kept]) -> None:
    """Writes what became of facts whose people are locked."""
    await conn.execute(
        """
        UPDATE hris_fact f
        SET person_id = n.person_id, state = n.state, field = n.field, reason = n.reason, due_at = n.due_at,
            applied_at = n.applied_at, settled = n.settled, hold_id = n.hold_id
        FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                    $8::timestamptz[], $9::bool[], $10::uuid[])
             AS n (source, event_id, person_id, state, field, reason, due_at, applied_at, settled, hold_id)
        WHERE f.source = n.source AND f.event_id = n.event_id
        """,
        [one.key.source for one in rows],
        [one.key.event_id for one in rows],
        [one.person_id for one in rows],
        [one.state for one in rows],
        [one.field for one in rows],
        [one.reason for one in rows],
        [one.due_at for one in rows],
        [one.applied_at for one in rows],
        [one.settled for one in rows],
        [one.hold_id for one in rows],
    )
