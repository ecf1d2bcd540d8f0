"""People, programmes and working hours, as matching tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from services.scheduling import core
from services.scheduling.core.ids import MatchId, Part, ParticipationId, PersonId, ProgrammeId
from shared import events
from shared.errors import NotFound
from shared.privacy import FORMER
from shared.tx import Connection


async def save_person(conn: Connection, person: core.people.Person) -> None:
    """Keeps the newest version; nothing of somebody who was erased."""
    await conn.execute(
        "INSERT INTO person (person_id, version, employee_number, given_name, family_name, time_zone, status)"
        " SELECT $1, $2, $3, $4, $5, $6, $7"
        " WHERE NOT EXISTS (SELECT FROM erased_person WHERE person_id = $1)"
        " ON CONFLICT (person_id) DO UPDATE SET version = excluded.version,"
        " employee_number = excluded.employee_number, given_name = excluded.given_name,"
        " family_name = excluded.family_name, time_zone = excluded.time_zone, status = excluded.status"
        " WHERE person.version < excluded.version",
        person.person_id,
        person.version,
        person.employee_number,
        person.given_name,
        person.family_name,
        person.time_zone,
        person.status,
    )


async def save_programme(conn: Connection, programme_id: ProgrammeId, version: int, name: str) -> None:
    """Keeps the newest version."""
    await conn.execute(
        "INSERT INTO programme (programme_id, version, name) VALUES ($1, $2, $3)"
        " ON CONFLICT (programme_id) DO UPDATE SET version = excluded.version, name = excluded.name"
        " WHERE programme.version < excluded.version",
        programme_id,
        version,
        name,
    )


async def save_participation(
    conn: Connection,
    participation_id: ParticipationId,
    version: int,
    *,
    person_id: PersonId,
    programme_id: ProgrammeId,
    role: Part,
    hours: Sequence[core.slots.Hours],
    joined_at: datetime,
) -> None:
    """Keeps the newest version; nothing of somebody who was erased."""
    await conn.execute(
        "INSERT INTO participation"
        " (participation_id, version, person_id, programme_id, role, hours, joined_at)"
        " SELECT $1, $2, $3, $4, $5, $6, $7"
        " WHERE NOT EXISTS (SELECT FROM erased_person WHERE person_id = $3)"
        " ON CONFLICT (participation_id) DO UPDATE SET version = excluded.version, hours = excluded.hours"
        " WHERE participation.version < excluded.version",
        participation_id,
        version,
        person_id,
        programme_id,
        role,
        [[one.weekday, one.opens_minute, one.closes_minute] for one in hours],
        joined_at,
    )


async def find_unknown(
    conn: Connection, programme_id: ProgrammeId, mentee_id: PersonId, mentor_id: PersonId
) -> str | None:
    """What a pair needs and is not known here yet, in words, or None where nothing is missing."""
    found: str | None = await conn.fetchval(
        "SELECT what FROM ("
        " SELECT 1 AS place, 'programme ' || $1::uuid AS what"
        "   WHERE NOT EXISTS (SELECT FROM programme WHERE programme_id = $1)"
        " UNION ALL SELECT 2, 'person ' || side.id FROM (VALUES ($2::uuid), ($3::uuid)) AS side (id)"
        "   WHERE NOT EXISTS (SELECT FROM person WHERE person_id = side.id)"
        " UNION ALL SELECT 3, 'working hours of ' || side.id"
        "   FROM (VALUES ($2::uuid, 'mentee'), ($3::uuid, 'mentor')) AS side (id, role)"
        "   WHERE NOT EXISTS (SELECT FROM participation p WHERE p.person_id = side.id"
        "                     AND p.programme_id = $1 AND p.role IN (side.role, 'peer'))"
        ") AS unknown ORDER BY place, what LIMIT 1",
        programme_id,
        mentee_id,
        mentor_id,
    )
    return found


async def get_person(conn: Connection, person_id: PersonId) -> core.people.Person:
    """Whoever was erased has a name that says so, for the partner's pages. Raises NotFound."""
    row = await conn.fetchrow(
        "SELECT person_id, version, employee_number, given_name, family_name, time_zone, status"
        " FROM person WHERE person_id = $1"
        " UNION ALL SELECT person_id, 0, '', $2, $3, 'UTC', 'terminated'"
        " FROM erased_person WHERE person_id = $1",
        person_id,
        *FORMER,
    )
    if row is None:
        raise NotFound("this person is not known here")
    return core.people.Person(**row)


async def names(conn: Connection, person_id: PersonId) -> tuple[str, ...]:
    """Given and family name, or nothing where they are not known."""
    row = await conn.fetchrow(
        "SELECT given_name, family_name FROM person WHERE person_id = $1",
        person_id,
    )
    return tuple(row) if row else ()


async def has_access(conn: Connection, person_id: UUID) -> bool:
    """Whether the person's links open; nobody's who is not known."""
    status: str | None = await conn.fetchval("SELECT status FROM person WHERE person_id = $1", person_id)
    return status in events.WITH_ACCESS


async def get_programme_name(conn: Connection, programme_id: ProgrammeId) -> str:
    """Raises NotFound."""
    name: str | None = await conn.fetchval("SELECT name FROM programme WHERE programme_id = $1", programme_id)
    if name is None:
        raise NotFound("this programme is not known here")
    return name


async def calendars(
    conn: Connection,
    match_ids: Sequence[MatchId],
    *,
    after: datetime,
    except_time: UUID | None = None,
) -> Mapping[tuple[MatchId, PersonId], core.slots.Calendar]:
    """Both calendars of each pair, with the times taken after `after` but by one session or meeting.

    Hours and absences are those of the newest participation: whoever comes back joins anew. Nobody who was
    erased has hours.
    """
    rows = await conn.fetch(
        "SELECT side.match_id, side.person_id, person.time_zone, person.status, part.hours,"
        " absence.state, absence.since, absence.until,"
        " ARRAY(SELECT ARRAY[b.starts_at, b.ends_at] FROM busy_time b WHERE b.person_id = side.person_id"
        "    AND b.ends_at > $2 AND b.session_id IS DISTINCT FROM $3 ORDER BY b.starts_at) AS busy"
        " FROM (SELECT match_id, programme_id, mentee_id AS person_id, 'mentee' AS role FROM agreement"
        "       UNION ALL"
        "       SELECT match_id, programme_id, mentor_id, 'mentor' FROM agreement) AS side"
        " LEFT JOIN person USING (person_id)"
        " LEFT JOIN LATERAL (SELECT participation_id, hours FROM participation p"
        "    WHERE p.person_id = side.person_id AND p.programme_id = side.programme_id"
        "    AND p.role IN (side.role, 'peer')"
        "    ORDER BY p.joined_at DESC, p.participation_id DESC LIMIT 1) AS part ON true"
        " LEFT JOIN absence USING (participation_id)"
        " WHERE side.match_id = ANY ($1::uuid[])",
        match_ids,
        after,
        except_time,
    )
    return {(row["match_id"], row["person_id"]): _calendar(row) for row in rows}


def _calendar(row: asyncpg.Record) -> core.slots.Calendar:
    zone = ZoneInfo(row["time_zone"] or "UTC")
    absent = core.absences.span(row["state"], row["since"], row["until"], zone)
    return core.slots.Calendar(
        zone,
        tuple(core.slots.Hours(*one) for one in row["hours"] or ()),
        tuple(core.slots.Interval(*one) for one in row["busy"]),
        core.absences.away(row["status"] or "terminated", absent),
    )
