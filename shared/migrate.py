"""Brings a database to the schema of this code: forward only, in order, each file once and never changed.

Runs as the role that owns the database; the role that runs the service gets rows, not tables. To a table with
the comment `append-only` it may only add.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.tx import Connection

PLUMBING = Path(__file__).parent / "sql"
LOCK = 7_011_002
WAIT_FOR_OTHERS = "60s"
WAIT_FOR_TABLES = "5s"
LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
GRANTS = """
GRANT USAGE ON SCHEMA public TO %1$I;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %1$I;
REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM %1$I;
DO $do$
DECLARE kept regclass;
BEGIN
    FOR kept IN
        SELECT c.oid FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE c.relkind IN ('r', 'p')
          AND obj_description(coalesce(i.inhparent, c.oid), 'pg_class') = 'append-only'
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE ON %%s FROM %%I', kept, %1$L);
    END LOOP;
END $do$;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %1$I;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO %1$I;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %1$I;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO %1$I;
"""


class Drift(Exception):
    """The database and the files disagree about the past; the text says how and what to do."""


class MigrationFailed(Exception):
    """A file could not be applied; nothing of it was. The text names it and the reason."""


@dataclass(frozen=True)
class Migration:
    """`name` is "<shared or service>/<file>"; `checksum` the SHA-256 of the text."""

    name: str
    sql: str
    checksum: str


def migrations(folder: Path) -> tuple[Migration, ...]:
    """All of a service in the order in which they are applied: the plumbing first."""
    found = []
    for owner, place in (("shared", PLUMBING), (folder.name, folder / "sql" / "migrations")):
        for file in sorted(place.glob("*.sql")):
            text = file.read_text()
            found.append(Migration(f"{owner}/{file.name}", text, hashlib.sha256(text.encode()).hexdigest()))
    return tuple(found)


async def migrate(owner_dsn: str, folder: Path, app_role: str) -> list[str]:
    """Applies what is missing and lends the rows to `app_role`. Returns the names applied.

    Raises Drift or MigrationFailed. Two at once are safe: one waits for the other.
    """
    conn = await asyncpg.connect(owner_dsn, timeout=10, command_timeout=600)
    try:
        async with _alone(conn):
            applied = await _apply(conn, migrations(folder))
            await _grant(conn, app_role)
    finally:
        await conn.close(timeout=5)
    return applied


async def at_head(conn: Connection, folder: Path) -> bool:
    """Whether the database has every migration of this code, unchanged; it may have later ones, too."""
    return not await pending(conn, folder)


async def pending(conn: Connection, folder: Path) -> list[str]:
    """The names of migrations that the database lacks, or has in another form."""
    try:
        ledger = await _ledger(conn)
    except asyncpg.UndefinedTableError:
        ledger = {}
    return [one.name for one in migrations(folder) if ledger.get(one.name) != one.checksum]


async def _ledger(conn: Connection) -> Mapping[str, str]:
    rows = await conn.fetch("SELECT name, checksum FROM schema_migrations")
    return {row["name"]: row["checksum"] for row in rows}


@asynccontextmanager
async def _alone(conn: Connection) -> AsyncIterator[None]:
    """One migrator per database at a time."""
    await conn.execute(f"SET lock_timeout = '{WAIT_FOR_OTHERS}'")
    try:
        await conn.execute(f"SELECT pg_advisory_lock({LOCK})")
    except asyncpg.LockNotAvailableError as error:
        raise MigrationFailed(f"another migration has been running for {WAIT_FOR_OTHERS}") from error
    await conn.execute(f"SET lock_timeout = '{WAIT_FOR_TABLES}'")
    try:
        yield
    finally:
        await conn.execute(f"SELECT pg_advisory_unlock({LOCK})")


async def _apply(conn: Connection, files: tuple[Migration, ...]) -> list[str]:
    await conn.execute(LEDGER)
    ledger = await _ledger(conn)
    _refuse_drift(ledger, files)
    missing = [one for one in files if one.name not in ledger]
    for one in missing:
        await _apply_one(conn, one)
    return [one.name for one in missing]


def _refuse_drift(ledger: Mapping[str, str], files: tuple[Migration, ...]) -> None:
    known = {one.name: one.checksum for one in files}
    for name, checksum in sorted(ledger.items()):
        if name not in known:
            raise Drift(
                f"the database has the migration {name}, which this version lacks: use a newer version"
            )
        if known[name] != checksum:
            raise Drift(f"the migration {name} was changed after it was applied: put it back, add a new file")


async def _apply_one(conn: Connection, one: Migration) -> None:
    try:
        async with conn.transaction():
            await conn.execute(one.sql)
            await conn.execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", one.name, one.checksum
            )
    except asyncpg.PostgresError as error:
        raise MigrationFailed(f"the migration {one.name} could not be applied: {error}") from error


async def _grant(conn: Connection, app_role: str) -> None:
    if await conn.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", app_role) is None:
        raise MigrationFailed(f"the role {app_role}, which runs the service, does not exist: create it first")
    async with conn.transaction():
        await conn.execute(await conn.fetchval("SELECT format($1, $2::text)", GRANTS, app_role))
