"""Agreements, one row for each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import asyncpg

from services.scheduling import core
from services.scheduling.core.ids import MatchId, Part, PersonId, ProgrammeId
from shared.errors import NotFound
from shared.tx import Connection

Wanted = Literal["missing", "unbookable", "draft", "confirmed", "closed"]


async def add(conn: Connection, agreement: core.agreements.Agreement) -> bool:
    """The agreement of a new pair; False for a pair that is known already, which stays as it is."""
    done = await conn.execute(
        "INSERT INTO agreement (match_id, programme_id, mentee_id, mentor_id, made_at, ends_on,"
        " session_minutes, state, terms_version, hours_per_month, cadence, focus, mentee_confirmed,"
        " mentor_confirmed, confirmed_at, group_id, talk_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        " ON CONFLICT DO NOTHING",
        agreement.match_id,
        agreement.programme_id,
        agreement.mentee_id,
        agreement.mentor_id,
        agreement.made_at,
        agreement.ends_on,
        agreement.session_minutes,
        agreement.state,
        agreement.version,
        agreement.terms.hours_per_month,
        agreement.terms.cadence,
        agreement.terms.focus,
        agreement.mentee_confirmed,
        agreement.mentor_confirmed,
        agreement.confirmed_at,
        agreement.group_id,
        agreement.talk_at,
    )
    return bool(done.endswith("1"))


async def save(conn: Connection, agreement: core.agreements.Agreement) -> None:
    """What both agree on, and how far they are."""
    terms = agreement.terms
    await conn.execute(
        "UPDATE agreement SET state = $2, terms_version = $3, hours_per_month = $4, cadence = $5, focus = $6,"
        " mentee_confirmed = $7, mentor_confirmed = $8, confirmed_at = $9, ended_at = $10, ended_reason = $11"
        " WHERE match_id = $1",
        agreement.match_id,
        agreement.state,
        agreement.version,
        terms.hours_per_month,
        terms.cadence,
        terms.focus,
        agreement.mentee_confirmed,
        agreement.mentor_confirmed,
        agreement.confirmed_at,
        agreement.ended_at,
        agreement.ended_reason,
    )


async def get(conn: Connection, match_id: MatchId) -> core.agreements.Agreement:
    """Raises NotFound."""
    row = await conn.fetchrow(
        "SELECT match_id, programme_id, mentee_id, mentor_id, made_at, ends_on, session_minutes, state,"
        " terms_version, hours_per_month, cadence, focus, mentee_confirmed, mentor_confirmed, confirmed_at,"
        " ended_at, ended_reason, group_id, talk_at FROM agreement WHERE match_id = $1",
        match_id,
    )
    if row is None:
        raise NotFound("this pair is not known here")
    return _agreement(row)


async def lock(conn: Connection, match_id: MatchId) -> core.agreements.Agreement:
    """The pair, until the end of the transaction ours alone to change, and so its circle. Raises NotFound."""
    return (await lock_circle(conn, match_id))[match_id]


async def lock_circle(conn: Connection, match_id: MatchId) -> Mapping[MatchId, core.agreements.Agreement]:
    """The pair, and all pairs of its circle where it belongs to one: locked in a fixed order, so that whoever
    comes to another of them waits. Raises NotFound."""
    rows = await conn.fetch(
        "SELECT match_id, programme_id, mentee_id, mentor_id, made_at, ends_on, session_minutes, state,"
        " terms_version, hours_per_month, cadence, focus, mentee_confirmed, mentor_confirmed, confirmed_at,"
        " ended_at, ended_reason, group_id, talk_at FROM agreement WHERE match_id = $1"
        " OR group_id = (SELECT group_id FROM agreement WHERE match_id = $1) ORDER BY match_id FOR UPDATE",
        match_id,
    )
    if not rows:
        raise NotFound("this pair is not known here")
    return {row["match_id"]: _agreement(row) for row in rows}


async def last_day(conn: Connection, match_ids: Sequence[MatchId]) -> date:
    """The first last day of some pairs."""
    day: date = await conn.fetchval(
        "SELECT min(ends_on) FROM agreement WHERE match_id = ANY ($1::uuid[])", match_ids
    )
    return day


async def all_open_of(conn: Connection, person_id: PersonId) -> list[MatchId]:
    """The pairs of a person that have not ended."""
    rows = await conn.fetch(
        "SELECT match_id FROM agreement WHERE (mentee_id = $1 OR mentor_id = $1) AND state <> 'closed'"
        " ORDER BY match_id",
        person_id,
    )
    return [row["match_id"] for row in rows]


async def open_of(
    conn: Connection, person_id: PersonId, programme_id: ProgrammeId, role: Part
) -> list[MatchId]:
    """The pairs of one participation that have not ended, in a fixed order."""
    rows = await conn.fetch(
        "SELECT match_id FROM agreement WHERE programme_id = $2 AND state <> 'closed'"
        " AND (mentee_id = $1 AND $3 IN ('mentee', 'peer') OR mentor_id = $1 AND $3 IN ('mentor', 'peer'))"
        " ORDER BY match_id",
        person_id,
        programme_id,
        role,
    )
    return [row["match_id"] for row in rows]


async def listed(
    conn: Connection,
    wanted: Wanted | None,
    *,
    made_before: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[tuple[core.agreements.Agreement, core.booking.Problem | None]]:
    """Agreements with what hinders their next session, oldest first, from behind the key `after`.

    "missing" are drafts of matches made before `made_before`; "unbookable" those for whom no slot was found.
    """
    rows = await conn.fetch(
        "SELECT match_id, programme_id, mentee_id, mentor_id, made_at, ends_on, session_minutes, state,"
        " terms_version, hours_per_month, cadence, focus, mentee_confirmed, mentor_confirmed, confirmed_at,"
        " ended_at, ended_reason, group_id, talk_at, problem"
        " FROM agreement LEFT JOIN booking USING (match_id)"
        " WHERE CASE $1::text WHEN 'missing' THEN state = 'draft' AND made_at <= $2"
        "   WHEN 'unbookable' THEN problem IS NOT NULL ELSE $1 IS NULL OR state = $1 END"
        " AND ($3::timestamptz IS NULL OR (made_at, match_id) > ($3, $4::uuid))"
        " ORDER BY made_at, match_id LIMIT $5",
        wanted,
        made_before,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [(_agreement(row), row["problem"]) for row in rows]


def _agreement(row: asyncpg.Record) -> core.agreements.Agreement:
    return core.agreements.Agreement(
        match_id=row["match_id"],
        programme_id=row["programme_id"],
        mentee_id=row["mentee_id"],
        mentor_id=row["mentor_id"],
        made_at=row["made_at"],
        ends_on=row["ends_on"],
        session_minutes=row["session_minutes"],
        terms=core.agreements.Terms(row["hours_per_month"], row["cadence"], row["focus"]),
        version=row["terms_version"],
        state=row["state"],
        mentee_confirmed=row["mentee_confirmed"],
        mentor_confirmed=row["mentor_confirmed"],
        confirmed_at=row["confirmed_at"],
        ended_at=row["ended_at"],
        ended_reason=row["ended_reason"],
        group_id=row["group_id"],
        talk_at=row["talk_at"],
    )
