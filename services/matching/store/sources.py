"""Rows of sources, and of the tokens and secrets that open their doors. All times here are wall time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record

from services.matching.core.sources import Credential, Ending, Opener, Scope, Source
from shared.errors import NotFound
from shared.tx import Connection

SOURCES_MAX = 200
CREDENTIALS_MAX = 50


def _source(row: Record) -> Source:
    return Source(
        name=row["name"],
        kind=row["kind"],
        precedence=row["precedence"],
        created_at=row["created_at"],
        retired_at=row["retired_at"],
        last_contact_at=row["last_contact_at"],
        last_success_at=row["last_success_at"],
        silent_after_hours=row["silent_after_hours"],
        by_field=json.loads(row["precedence_by_field"]),
    )


def _credential(row: Record) -> Credential:
    return Credential(
        id=row["id"],
        source=row["source"],
        kind=row["kind"],
        scope=row["scope"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


async def add(conn: Connection, source: Source) -> bool:
    """Whether the name was free."""
    added = await conn.fetchval(
        """
        INSERT INTO hris_source (name, kind, precedence, created_at, silent_after_hours, precedence_by_field)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true
        """,
        source.name,
        source.kind,
        source.precedence,
        source.created_at,
        source.silent_after_hours,
        json.dumps(dict(source.by_field)),
    )
    return bool(added)


async def add_desk(conn: Connection, name: str, now: datetime) -> None:
    """Whatever is said by hand has a source, too, the first time it is needed; its word counts most."""
    await conn.execute(
        """
        INSERT INTO hris_source (name, kind, precedence, created_at) VALUES ($1, 'desk', 0, $2)
        ON CONFLICT DO NOTHING
        """,
        name,
        now,
    )


async def every(conn: Connection) -> list[Source]:
    """All sources, retired ones last, else in the order in which they win."""
    rows = await conn.fetch(
        """
        SELECT name, kind, precedence, created_at, retired_at, last_contact_at, last_success_at,
               silent_after_hours, precedence_by_field
        FROM hris_source ORDER BY retired_at IS NOT NULL, precedence, name LIMIT $1
        """,
        SOURCES_MAX,
    )
    return [_source(row) for row in rows]


async def find(conn: Connection, name: str) -> Source | None:
    row = await conn.fetchrow(
        """
        SELECT name, kind, precedence, created_at, retired_at, last_contact_at, last_success_at,
               silent_after_hours, precedence_by_field
        FROM hris_source WHERE name = $1
        """,
        name,
    )
    return _source(row) if row else None


async def get(conn: Connection, name: str) -> Source:
    source = await find(conn, name)
    if source is None:
        raise NotFound(f"there is no source {name}: see the list of sources, or create it")
    return source


async def feeds(conn: Connection) -> frozenset[str]:
    """The names of the sources that speak on Kafka."""
    rows = await conn.fetch("SELECT name FROM hris_source WHERE kind = 'feed' AND retired_at IS NULL")
    return frozenset(row["name"] for row in rows)


async def lock(conn: Connection, name: str) -> Source:
    """Keeps others from changing what opens the door of a source. Raises NotFound."""
    row = await conn.fetchrow(
        """
        SELECT name, kind, precedence, created_at, retired_at, last_contact_at, last_success_at,
               silent_after_hours, precedence_by_field
        FROM hris_source WHERE name = $1 FOR NO KEY UPDATE
        """,
        name,
    )
    if row is None:
        raise NotFound(f"there is no source {name}: see the list of sources, or create it")
    return _source(row)


async def retire(conn: Connection, name: str, now: datetime) -> None:
    await conn.execute("UPDATE hris_source SET retired_at = $2 WHERE name = $1", name, now)


async def find_by_token(conn: Connection, sha256: str, scope: Scope, now: datetime) -> Source | None:
    """The source whose door of that scope a token opens; None where it opens nothing (any more).

    The token itself is never compared: its hash is looked up, and that tells nothing by the time it takes.
    """
    row = await conn.fetchrow(
        """
        SELECT s.name, s.kind, s.precedence, s.created_at, s.retired_at, s.last_contact_at, s.last_success_at,
               s.silent_after_hours, s.precedence_by_field
        FROM hris_credential c JOIN hris_source s ON s.name = c.source
        WHERE c.sha256 = $1 AND c.scope = $2 AND c.expires_at > $3 AND c.revoked_at IS NULL
          AND s.retired_at IS NULL
        """,
        sha256,
        scope,
        now,
    )
    return _source(row) if row else None


async def find_credential_by_token(conn: Connection, sha256: str) -> Credential | None:
    """A token, valid or not: to tell its holder why it opens nothing."""
    row = await conn.fetchrow(
        """
        SELECT id, source, kind, scope, created_at, expires_at, revoked_at
        FROM hris_credential WHERE sha256 = $1
        """,
        sha256,
    )
    return _credential(row) if row else None


async def mark(conn: Connection, name: str, now: datetime, *, success: bool, spacing: timedelta) -> None:
    """Notes that a source was heard of, unless that was noted a moment ago."""
    await conn.execute(
        """
        UPDATE hris_source
        SET last_contact_at = $2, last_success_at = CASE WHEN $3 THEN $2 ELSE last_success_at END
        WHERE name = $1 AND CASE WHEN $3 THEN coalesce(last_success_at < $2::timestamptz - $4::interval, true)
                                 ELSE coalesce(last_contact_at < $2::timestamptz - $4::interval, true) END
        """,
        name,
        now,
        success,
        spacing,
    )


async def add_credential(
    conn: Connection, credential: Credential, *, sha256: str | None = None, sealed: bytes | None = None
) -> None:
    await conn.execute(
        """
        INSERT INTO hris_credential (id, source, kind, scope, sha256, sealed, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        credential.id,
        credential.source,
        credential.kind,
        credential.scope,
        sha256,
        sealed,
        credential.created_at,
        credential.expires_at,
    )


async def credentials(conn: Connection, source: str, kind: Opener) -> list[Credential]:
    """The newest ones of a source, ended ones too, the newest first."""
    rows = await conn.fetch(
        """
        SELECT id, source, kind, scope, created_at, expires_at, revoked_at
        FROM hris_credential WHERE source = $1 AND kind = $2 ORDER BY created_at DESC, id DESC LIMIT $3
        """,
        source,
        kind,
        CREDENTIALS_MAX,
    )
    return [_credential(row) for row in rows]


async def signing_secrets(conn: Connection, source: str, now: datetime) -> list[tuple[UUID, bytes]]:
    """The sealed secrets with which a webhook signs today, the newest first."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.sealed FROM hris_credential c JOIN hris_source s ON s.name = c.source
        WHERE c.source = $1 AND c.kind = 'secret' AND c.revoked_at IS NULL
          AND coalesce(c.expires_at > $2, true) AND s.kind = 'webhook' AND s.retired_at IS NULL
        ORDER BY c.created_at DESC, c.id DESC LIMIT 2
        """,
        source,
        now,
    )
    return [(row["id"], row["sealed"]) for row in rows]


async def end_credentials(conn: Connection, endings: Sequence[Ending]) -> None:
    await conn.execute(
        """
        UPDATE hris_credential c SET expires_at = n.expires_at
        FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, expires_at) WHERE c.id = n.id
        """,
        [one.id for one in endings],
        [one.expires_at for one in endings],
    )


async def revoke_credential(conn: Connection, credential_id: UUID, kind: Opener, now: datetime) -> Credential:
    """Ends it at once; one that has ended stays as it is. Raises NotFound."""
    row = await conn.fetchrow(
        """
        UPDATE hris_credential SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND kind = $2
        RETURNING id, source, kind, scope, created_at, expires_at, revoked_at
        """,
        credential_id,
        kind,
        now,
    )
    if row is None:
        raise NotFound(f"there is no {kind} {credential_id}: see the list of its source")
    return _credential(row)


async def revoke_all(conn: Connection, source: str, now: datetime) -> None:
    """Ends whatever opens the door of a source."""
    await conn.execute(
        "UPDATE hris_credential SET revoked_at = $2 WHERE source = $1 AND revoked_at IS NULL", source, now
    )


async def last_expiries(conn: Connection, now: datetime) -> dict[str, datetime]:
    """When the last opener of each source in use will have ended, or has, in the last thirty days.

    A webhook may have tokens as well; it is its secrets that count.
    """
    rows = await conn.fetch(
        """
        SELECT c.source, max(c.expires_at) AS ends FROM hris_credential c
        JOIN hris_source s ON s.name = c.source
        WHERE c.revoked_at IS NULL AND s.retired_at IS NULL AND (c.kind = 'secret') = (s.kind = 'webhook')
          AND coalesce(c.expires_at > $1::timestamptz - interval '30 days', true)
        GROUP BY c.source HAVING bool_and(c.expires_at IS NOT NULL)
        """,
        now,
    )
    return {row["source"]: row["ends"] for row in rows}
