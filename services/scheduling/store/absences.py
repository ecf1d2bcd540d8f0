"""Who takes no part, and until when."""

from __future__ import annotations

from services.scheduling import core
from shared.tx import Connection


async def save(conn: Connection, absence: core.absences.Absence) -> bool:
    """Keeps the newest word on a participation; whether this is it. Nothing of somebody who was erased."""
    row = await conn.fetchrow(
        "INSERT INTO absence (participation_id, version, person_id, state, since, until)"
        " SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT FROM erased_person WHERE person_id = $3)"
        " ON CONFLICT (participation_id) DO UPDATE SET version = excluded.version, state = excluded.state,"
        " since = excluded.since, until = excluded.until"
        " WHERE absence.version < excluded.version RETURNING participation_id",
        absence.participation_id,
        absence.version,
        absence.person_id,
        absence.state,
        absence.since,
        absence.until,
    )
    return row is not None
