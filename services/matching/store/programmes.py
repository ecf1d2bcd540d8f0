"""Rows of programmes and invitations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from services.matching.core.ids import PersonId, ProgrammeId
from services.matching.core.programmes import Programme, Rules
from shared.errors import NotFound
from shared.tx import Connection


def _programme(row: Record) -> Programme:
    return Programme(
        id=ProgrammeId(row["id"]),
        name=row["name"],
        kind=row["kind"],
        state=row["state"],
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        match_on=row["match_on"],
        cadence=row["cadence"],
        hours_per_month=row["hours_per_month"],
        session_minutes=row["session_minutes"],
        rules=_rules(row["rules"]),
        organiser_id=row["organiser_id"],
        next_round_at=row["next_round_at"],
        version=row["version"],
        created_at=row["created_at"],
    )


def _rules(kept: str) -> Rules:
    told = json.loads(kept)
    return Rules(**{**told, "talks_at": [datetime.fromisoformat(at) for at in told.get("talks_at", ())]})


def _values(programme: Programme) -> tuple[object, ...]:
    return (
        programme.id,
        programme.name,
        programme.kind,
        programme.state,
        programme.starts_on,
        programme.ends_on,
        programme.match_on,
        programme.cadence,
        programme.hours_per_month,
        programme.session_minutes,
        json.dumps(asdict(programme.rules), sort_keys=True, default=datetime.isoformat),
        programme.organiser_id,
        programme.next_round_at,
        programme.version,
        programme.created_at,
    )


async def add(conn: Connection, programme: Programme) -> bool:
    """False where the name is taken."""
    done = await conn.fetchval(
        """
        INSERT INTO programme (id, name, kind, state, starts_on, ends_on, match_on, cadence, hours_per_month,
                               session_minutes, rules, organiser_id, next_round_at, version, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        ON CONFLICT (name) DO NOTHING RETURNING true
        """,
        *_values(programme),
    )
    return bool(done)


async def update(conn: Connection, programme: Programme) -> None:
    """Writes every column but id and created_at of a programme that was read under a lock."""
    await conn.execute(
        """
        UPDATE programme
        SET name = $2, kind = $3, state = $4, starts_on = $5, ends_on = $6, match_on = $7, cadence = $8,
            hours_per_month = $9, session_minutes = $10, rules = $11, organiser_id = $12, next_round_at = $13,
            version = $14
        WHERE id = $1 AND created_at = $15
        """,
        *_values(programme),
    )


async def is_name_taken(conn: Connection, name: str, *, by_other_than: UUID) -> bool:
    taken = await conn.fetchval("SELECT 1 FROM programme WHERE name = $1 AND id <> $2", name, by_other_than)
    return taken is not None


async def get(conn: Connection, programme_id: UUID) -> Programme:
    row = await conn.fetchrow(
        """
        SELECT id, name, kind, state, starts_on, ends_on, match_on, cadence, hours_per_month, session_minutes,
               rules, organiser_id, next_round_at, version, created_at
        FROM programme WHERE id = $1
        """,
        programme_id,
    )
    if row is None:
        raise NotFound(f"there is no programme {programme_id}")
    return _programme(row)


async def lock(conn: Connection, programme_id: UUID) -> Programme:
    """The programme, nobody else's until the transaction ends: rounds and changes take turns."""
    row = await conn.fetchrow(
        """
        SELECT id, name, kind, state, starts_on, ends_on, match_on, cadence, hours_per_month, session_minutes,
               rules, organiser_id, next_round_at, version, created_at
        FROM programme WHERE id = $1 FOR NO KEY UPDATE
        """,
        programme_id,
    )
    if row is None:
        raise NotFound(f"there is no programme {programme_id}")
    return _programme(row)


async def page(conn: Connection, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Programme]:
    rows = await conn.fetch(
        """
        SELECT id, name, kind, state, starts_on, ends_on, match_on, cadence, hours_per_month, session_minutes,
               rules, organiser_id, next_round_at, version, created_at
        FROM programme
        WHERE $1::timestamptz IS NULL OR (created_at, id) > ($1, $2::uuid)
        ORDER BY created_at, id LIMIT $3
        """,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_programme(row) for row in rows]


async def of_people(conn: Connection, people: Sequence[UUID]) -> list[ProgrammeId]:
    """The programmes any of the people take part in, in order of name."""
    rows = await conn.fetch(
        """
        SELECT id FROM programme
        WHERE id IN (SELECT programme_id FROM participation
                     WHERE person_id = ANY($1::uuid[]) AND state = 'active')
        ORDER BY name
        """,
        people,
    )
    return [row["id"] for row in rows]


async def ask_for_round(conn: Connection, programme_id: UUID, at: datetime | None) -> None:
    """Sees to it that a round is held at that time, if none is due earlier; None asks for nothing."""
    await conn.execute(
        "UPDATE programme SET next_round_at = LEAST(next_round_at, $2) WHERE id = $1", programme_id, at
    )


async def set_round(conn: Connection, programme_id: UUID, at: datetime | None) -> None:
    """After a round: the next one is due then, or when something changes."""
    await conn.execute("UPDATE programme SET next_round_at = $2 WHERE id = $1", programme_id, at)


async def next_round_at(conn: Connection) -> datetime | None:
    at: datetime | None = await conn.fetchval("SELECT min(next_round_at) FROM programme")
    return at


async def ask_for_offer(conn: Connection, programme_id: UUID, at: datetime) -> None:
    """Sees to it that the programme looks at that time, or earlier, whether it can offer somebody."""
    await conn.execute(
        "UPDATE programme SET next_offer_at = LEAST(next_offer_at, $2) WHERE id = $1", programme_id, at
    )


async def offers_looked_for(conn: Connection, programme_id: UUID) -> None:
    await conn.execute("UPDATE programme SET next_offer_at = NULL WHERE id = $1", programme_id)


async def next_offer_at(conn: Connection) -> datetime | None:
    at: datetime | None = await conn.fetchval("SELECT min(next_offer_at) FROM programme")
    return at


async def lock_offer_due(conn: Connection, now: datetime) -> Programme | None:
    """The programme that has been to look longest whether it can offer somebody."""
    row = await conn.fetchrow(
        """
        SELECT id, name, kind, state, starts_on, ends_on, match_on, cadence, hours_per_month, session_minutes,
               rules, organiser_id, next_round_at, version, created_at
        FROM programme WHERE next_offer_at <= $1
        ORDER BY next_offer_at, name LIMIT 1 FOR NO KEY UPDATE
        """,
        now,
    )
    return None if row is None else _programme(row)


async def lock_due(conn: Connection, now: datetime) -> Programme | None:
    """The programme whose round has been due longest."""
    row = await conn.fetchrow(
        """
        SELECT id, name, kind, state, starts_on, ends_on, match_on, cadence, hours_per_month, session_minutes,
               rules, organiser_id, next_round_at, version, created_at
        FROM programme WHERE next_round_at <= $1
        ORDER BY next_round_at, name LIMIT 1 FOR NO KEY UPDATE
        """,
        now,
    )
    return None if row is None else _programme(row)


async def invite(
    conn: Connection, programme_id: UUID, people: Sequence[UUID], *, now: datetime, expires_at: datetime
) -> list[PersonId]:
    """Who is invited now: those without an invitation that still holds."""
    rows = await conn.fetch(
        """
        INSERT INTO invitation AS i (programme_id, person_id, invited_at, expires_at)
        SELECT $1, person_id, $3, $4 FROM unnest($2::uuid[]) AS person_id
        ON CONFLICT (programme_id, person_id) DO UPDATE
            SET invited_at = excluded.invited_at, expires_at = excluded.expires_at
            WHERE i.expires_at <= $3
        RETURNING person_id
        """,
        programme_id,
        people,
        now,
        expires_at,
    )
    return [PersonId(row["person_id"]) for row in rows]


async def take_back_invitations(
    conn: Connection, programme_id: UUID, people: Sequence[UUID], *, now: datetime
) -> None:
    await conn.execute(
        """
        UPDATE invitation SET expires_at = $3
        WHERE programme_id = $1 AND person_id = ANY ($2::uuid[]) AND expires_at > $3
        """,
        programme_id,
        people,
        now,
    )
