"""Programmes, people, invitations and participations: who could be matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.analytics.store.rows import columns
from shared.events import (
    ParticipantInvited,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantPaused,
    ParticipantResumed,
    PersonChanged,
    ProgrammeChanged,
)
from shared.tx import Connection


@dataclass(frozen=True)
class Programme:
    id: UUID
    name: str
    kind: str
    state: str


async def put_programmes(conn: Connection, events: Sequence[ProgrammeChanged]) -> None:
    """The newest version wins; the first time a programme was heard of is kept."""
    await conn.execute(
        """
        INSERT INTO programme AS p (programme_id, version, name, kind, state, starts_on, ends_on, first_said)
        SELECT DISTINCT ON (n.programme_id) n.programme_id, n.version, n.name, n.kind, n.state, n.starts_on,
               n.ends_on, min(n.at) OVER (PARTITION BY n.programme_id)
        FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::date[], $7::date[],
                    $8::timestamptz[])
             AS n (programme_id, version, name, kind, state, starts_on, ends_on, at)
        ORDER BY n.programme_id, n.version DESC
        ON CONFLICT (programme_id) DO UPDATE SET
            version = greatest(p.version, excluded.version),
            name = CASE WHEN excluded.version > p.version THEN excluded.name ELSE p.name END,
            kind = CASE WHEN excluded.version > p.version THEN excluded.kind ELSE p.kind END,
            state = CASE WHEN excluded.version > p.version THEN excluded.state ELSE p.state END,
            starts_on = CASE WHEN excluded.version > p.version THEN excluded.starts_on ELSE p.starts_on END,
            ends_on = CASE WHEN excluded.version > p.version THEN excluded.ends_on ELSE p.ends_on END,
            first_said = least(p.first_said, excluded.first_said)
        """,
        *columns(
            (e.programme_id, e.version, e.name, e.kind, e.state, e.starts_on, e.ends_on, e.at) for e in events
        ),
    )


async def put_people(conn: Connection, events: Sequence[PersonChanged]) -> None:
    """The card of each person, as little of it as a list needs; the newest version wins.

    Never of somebody who was erased.
    """
    await conn.execute(
        """
        INSERT INTO person AS p (person_id, version, name, department, site)
        SELECT DISTINCT ON (n.person_id) n.person_id, n.version, n.name, n.department, n.site
        FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[])
             AS n (person_id, version, name, department, site)
        WHERE NOT EXISTS (SELECT FROM erased_person e WHERE e.person_id = n.person_id)
        ORDER BY n.person_id, n.version DESC
        ON CONFLICT (person_id) DO UPDATE SET
            version = excluded.version, name = excluded.name, department = excluded.department,
            site = excluded.site
        WHERE excluded.version > p.version
        """,
        *columns(
            (e.person_id, e.version, f"{e.given_name} {e.family_name}", e.department, e.site) for e in events
        ),
    )


async def find_name(conn: Connection, person_id: UUID) -> str | None:
    name: str | None = await conn.fetchval("SELECT name FROM person WHERE person_id = $1", person_id)
    return name


async def put_statuses(conn: Connection, events: Sequence[PersonChanged]) -> None:
    """Every status a person ever had: a figure of a past moment counts with the one that held then."""
    await conn.execute(
        """
        INSERT INTO person_status (person_id, version, said_at, status)
        SELECT person_id, version, said_at, status
        FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[])
             AS n (person_id, version, said_at, status)
        ORDER BY person_id, version, said_at
        ON CONFLICT DO NOTHING
        """,
        *columns((e.person_id, e.version, e.at, e.status) for e in events),
    )


async def put_invitations(conn: Connection, events: Sequence[ParticipantInvited]) -> None:
    """A person counts as invited from the first invitation on."""
    await conn.execute(
        """
        INSERT INTO invitation AS i (programme_id, person_id, invited_at)
        SELECT n.programme_id, n.person_id, min(n.at)
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS n (programme_id, person_id, at)
        GROUP BY n.programme_id, n.person_id ORDER BY n.programme_id, n.person_id
        ON CONFLICT (programme_id, person_id) DO UPDATE SET
            invited_at = least(i.invited_at, excluded.invited_at)
        """,
        *columns((e.programme_id, e.person_id, e.at) for e in events),
    )


def _part(event: ParticipantJoined | ParticipantPaused | ParticipantResumed | ParticipantLeft) -> str:
    return "peer" if event.peer else event.role


async def put_participants(conn: Connection, events: Sequence[ParticipantJoined]) -> None:
    """The newest version of a participation; it began when it was first said."""
    await conn.execute(
        """
        INSERT INTO participant AS p (participation_id, programme_id, person_id, role, version, capacity,
                                      joined_at)
        SELECT DISTINCT ON (n.participation_id) n.participation_id, n.programme_id, n.person_id, n.role,
               n.version, n.capacity, min(n.at) OVER (PARTITION BY n.participation_id)
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::int[], $7::timestamptz[])
             AS n (participation_id, programme_id, person_id, role, version, capacity, at)
        ORDER BY n.participation_id, n.version DESC
        ON CONFLICT (participation_id) DO UPDATE SET
            version = greatest(p.version, excluded.version),
            capacity = CASE WHEN excluded.version > p.version THEN excluded.capacity ELSE p.capacity END,
            joined_at = least(p.joined_at, excluded.joined_at)
        """,
        *columns(
            (e.participation_id, e.programme_id, e.person_id, _part(e), e.version, e.capacity, e.at)
            for e in events
        ),
    )


async def put_paused(conn: Connection, events: Sequence[ParticipantPaused]) -> None:
    """Every word on a participation is kept, with its version: a figure of the past reads what held then."""
    await _put_states(conn, [(*_state(e, "paused"), e.until, e.reason) for e in events])


async def put_resumed(conn: Connection, events: Sequence[ParticipantResumed]) -> None:
    await _put_states(conn, [(*_state(e, "resumed"), None, None) for e in events])


async def put_left(conn: Connection, events: Sequence[ParticipantLeft]) -> None:
    await _put_states(conn, [(*_state(e, "left"), None, e.reason) for e in events])


def _state(event: ParticipantPaused | ParticipantResumed | ParticipantLeft, state: str) -> tuple[object, ...]:
    of = event.participation_id, event.version, event.at, state
    return *of, event.person_id, event.programme_id, _part(event)


async def _put_states(conn: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    await conn.execute(
        """
        INSERT INTO participation_state (participation_id, version, said_at, state, person_id, programme_id,
                                         role, until, reason)
        SELECT participation_id, version, said_at, state, person_id, programme_id, role, until, reason
        FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::uuid[], $6::uuid[], $7::text[],
                    $8::date[], $9::text[])
             AS n (participation_id, version, said_at, state, person_id, programme_id, role, until, reason)
        ORDER BY participation_id, version, said_at, state
        ON CONFLICT DO NOTHING
        """,
        *columns(rows),
    )


async def programmes(conn: Connection) -> tuple[Programme, ...]:
    """Those with the most participants first: the ones a visitor most likely wants to see."""
    rows = await conn.fetch(
        """
        SELECT p.programme_id, p.name, p.kind, p.state
        FROM programme p LEFT JOIN participant t USING (programme_id)
        GROUP BY p.programme_id ORDER BY count(t.person_id) DESC, p.name, p.programme_id LIMIT 100
        """
    )
    return tuple(Programme(row["programme_id"], row["name"], row["kind"], row["state"]) for row in rows)


async def find_programme(conn: Connection, programme_id: UUID) -> Programme | None:
    row = await conn.fetchrow(
        "SELECT programme_id, name, kind, state FROM programme WHERE programme_id = $1", programme_id
    )
    return None if row is None else Programme(row["programme_id"], row["name"], row["kind"], row["state"])
