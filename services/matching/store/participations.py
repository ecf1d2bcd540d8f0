"""Rows of participations."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from services.matching.core.ids import ParticipationId, PersonId, ProgrammeId, Role
from services.matching.core.participations import Hours, Participation, Profile
from services.matching.core.people import name_key
from shared.errors import NotFound
from shared.tx import Connection


def _profile(text: str) -> Profile:
    told: dict[str, Any] = orjson.loads(text)
    return Profile(
        goals=tuple(told["goals"]),
        skills=told["skills"],
        values=told["values"],
        style=told["style"],
        languages=tuple(told["languages"]),
        interests=tuple(told["interests"]),
        hours=tuple(Hours(**stretch) for stretch in told["hours"]),
        current=told.get("current", {}),
        learning=tuple(told.get("learning", ())),
    )


def as_json(profile: Profile) -> dict[str, Any]:
    """A profile as it is kept and shown."""
    return asdict(profile)


def _participation(row: Record) -> Participation:
    return Participation(
        id=ParticipationId(row["id"]),
        programme_id=ProgrammeId(row["programme_id"]),
        person_id=PersonId(row["person_id"]),
        role=row["role"],
        capacity=row["capacity"],
        profile=_profile(row["profile"]),
        consent=row["consent"],
        version=row["version"],
        joined_at=row["joined_at"],
        paused_until=row["paused_until"],
        state=row["state"],
        left_at=row["left_at"],
        left_reason=row["left_reason"],
        away_reason=row["away_reason"],
        away_until=row["away_until"],
    )


async def add(conn: Connection, participation: Participation) -> bool:
    """False where the person has this role in the programme already."""
    done = await conn.fetchval(
        """
        INSERT INTO participation (id, programme_id, person_id, role, capacity, profile, consent, version,
                                   joined_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (programme_id, person_id, role) WHERE state = 'active' DO NOTHING RETURNING true
        """,
        participation.id,
        participation.programme_id,
        participation.person_id,
        participation.role,
        participation.capacity,
        json.dumps(as_json(participation.profile), sort_keys=True),
        participation.consent,
        participation.version,
        participation.joined_at,
    )
    return bool(done)


async def by_ids(conn: Connection, ids: Sequence[UUID]) -> dict[ParticipationId, Participation]:
    rows = await conn.fetch(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation WHERE id = ANY($1::uuid[])
        """,
        ids,
    )
    return {row["id"]: _participation(row) for row in rows}


async def get_locked(conn: Connection, participation_id: UUID) -> Participation:
    """Nobody else's until the transaction ends."""
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation WHERE id = $1 FOR NO KEY UPDATE
        """,
        participation_id,
    )
    if row is None:
        raise NotFound(f"there is no participation {participation_id}")
    return _participation(row)


async def get(conn: Connection, participation_id: UUID) -> Participation:
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation WHERE id = $1
        """,
        participation_id,
    )
    if row is None:
        raise NotFound(f"there is no participation {participation_id}")
    return _participation(row)


async def update(conn: Connection, participation: Participation) -> None:
    """Writes what changes in the life of a participation that was read under its lock."""
    await conn.execute(
        """
        UPDATE participation
        SET paused_until = $2, version = $3, state = $4, left_at = $5, left_reason = $6, away_reason = $7,
            away_until = $8
        WHERE id = $1
        """,
        participation.id,
        participation.paused_until,
        participation.version,
        participation.state,
        participation.left_at,
        participation.left_reason,
        participation.away_reason,
        participation.away_until,
    )


async def lock_of_people(conn: Connection, people: Sequence[UUID]) -> list[Participation]:
    """All in which these people take part, in the order in which seats are locked."""
    rows = await conn.fetch(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation WHERE person_id = ANY($1::uuid[]) AND state = 'active'
        ORDER BY id FOR NO KEY UPDATE
        """,
        people,
    )
    return [_participation(row) for row in rows]


async def lock_paused(conn: Connection, last_day: date, limit: int) -> list[Participation]:
    """Those whose pause ends with this day or an earlier one."""
    rows = await conn.fetch(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation WHERE paused_until <= $1 ORDER BY paused_until, id LIMIT $2 FOR NO KEY UPDATE
        """,
        last_day,
        limit,
    )
    return [_participation(row) for row in rows]


async def next_pause_end(conn: Connection) -> date | None:
    day: date | None = await conn.fetchval(
        "SELECT min(paused_until) FROM participation WHERE paused_until IS NOT NULL"
    )
    return day


async def of_person(conn: Connection, programme_id: UUID, person_id: UUID) -> list[Participation]:
    """The roles of a person in a programme, the oldest first."""
    rows = await conn.fetch(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation
        WHERE programme_id = $1 AND person_id = $2 AND state = 'active' ORDER BY joined_at, role
        """,
        programme_id,
        person_id,
    )
    return [_participation(row) for row in rows]


async def lock_role(
    conn: Connection, programme_id: UUID, person_id: UUID, role: Role
) -> Participation | None:
    """A person's participation in a role, theirs alone until the transaction ends."""
    row = await conn.fetchrow(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation
        WHERE programme_id = $1 AND person_id = $2 AND role = $3 AND state = 'active' FOR NO KEY UPDATE
        """,
        programme_id,
        person_id,
        role,
    )
    return None if row is None else _participation(row)


async def changed(conn: Connection, participation_id: ParticipationId) -> None:
    """Marks that a round which looked at it before looked at something else."""
    await conn.execute("UPDATE participation SET version = version + 1 WHERE id = $1", participation_id)


async def mentors(
    conn: Connection, programme_id: UUID, people: Sequence[UUID]
) -> dict[PersonId, ParticipationId]:
    """Those of the people who are mentors of a programme."""
    rows = await conn.fetch(
        """
        SELECT person_id, id FROM participation
        WHERE programme_id = $1 AND role = 'mentor' AND state = 'active' AND person_id = ANY($2::uuid[])
        """,
        programme_id,
        people,
    )
    return {row["person_id"]: row["id"] for row in rows}


async def mentors_at(conn: Connection, programme_id: UUID, emails: Sequence[str]) -> dict[str, PersonId]:
    """The mentors of a programme behind work addresses, by address without case."""
    rows = await conn.fetch(
        """
        SELECT p.work_email_key, a.person_id FROM participation a JOIN person p ON p.id = a.person_id
        WHERE a.programme_id = $1 AND a.role = 'mentor' AND a.state = 'active'
          AND p.work_email_key = ANY($2::text[])
        """,
        programme_id,
        [name_key(email) for email in emails],
    )
    return {row["work_email_key"]: row["person_id"] for row in rows}


async def lock_pair(
    conn: Connection, programme_id: UUID, *, mentee_id: UUID, mentor_id: UUID
) -> list[Participation]:
    """The two participations, theirs alone until the transaction ends; seats are counted under this lock."""
    rows = await conn.fetch(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation
        WHERE programme_id = $1 AND state = 'active'
          AND (person_id, role) IN (($2, 'mentee'), ($3, 'mentor'), ($2, 'peer'), ($3, 'peer'))
        ORDER BY id FOR NO KEY UPDATE
        """,
        programme_id,
        mentee_id,
        mentor_id,
    )
    return [_participation(row) for row in rows]


async def lock_seats(conn: Connection, programme_id: UUID) -> None:
    """Nobody else gives or takes a seat of this programme until the transaction ends."""
    await conn.execute(
        "SELECT id FROM participation WHERE programme_id = $1 AND state = 'active'"
        " ORDER BY id FOR NO KEY UPDATE",
        programme_id,
    )


async def of_programme(conn: Connection, programme_id: UUID) -> list[Participation]:
    rows = await conn.fetch(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation WHERE programme_id = $1 AND state = 'active' ORDER BY id
        """,
        programme_id,
    )
    # Thousands of answers are read in a thread, so that others are answered meanwhile.
    return await asyncio.to_thread(lambda: [_participation(row) for row in rows])


async def versions(conn: Connection, programme_id: UUID) -> dict[ParticipationId, int]:
    """The version of every participation of a programme, in the order of `of_programme`."""
    rows = await conn.fetch(
        "SELECT id, version FROM participation WHERE programme_id = $1 AND state = 'active' ORDER BY id",
        programme_id,
    )
    return {row["id"]: row["version"] for row in rows}


async def page(
    conn: Connection, programme_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Participation]:
    rows = await conn.fetch(
        """
        SELECT id, programme_id, person_id, role, capacity, profile, consent, version, joined_at,
               paused_until, state, left_at, left_reason, away_reason, away_until
        FROM participation
        WHERE programme_id = $1 AND ($2::timestamptz IS NULL OR (joined_at, id) > ($2, $3::uuid))
        ORDER BY joined_at, id LIMIT $4
        """,
        programme_id,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_participation(row) for row in rows]
