"""The schema comes by deploy: in order, once, unchanged, and with least rights for the one who runs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.local import databases
from shared import migrate
from shared.tx import Connection
from tests import infra

ROLE = databases.app_role("plumbing")
PLUMBING = [f"shared/{file.name}" for file in sorted(migrate.PLUMBING.glob("*.sql"))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service called diary with one migration."""
    add(tmp_path / "diary", "0001_initial.sql", "CREATE TABLE day (id int PRIMARY KEY, text text);")
    return tmp_path / "diary"


@pytest_asyncio.fixture
async def store(postgres: infra.Databases) -> AsyncIterator[databases.Store]:
    """A database without any table."""
    await databases.make_roles(postgres.admin_dsn, "plumbing")
    made = await databases.make(postgres.admin_dsn, "plumbing", f"test_migrate_{uuid.uuid4().hex[:12]}")
    yield made
    await databases.drop(postgres.admin_dsn, made.name)


@pytest_asyncio.fixture
async def runner(store: databases.Store) -> AsyncIterator[Connection]:
    """A connection as the role that runs the service."""
    conn = await asyncpg.connect(store.dsn)
    yield conn
    await conn.close()


def add(folder: Path, name: str, sql: str) -> None:
    place = folder / "sql" / "migrations"
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(sql)


async def test_migrations_are_applied_in_order_and_once(store: databases.Store, folder: Path) -> None:
    add(folder, "0002_more.sql", "ALTER TABLE day ADD COLUMN mood int;")
    first = await migrate.migrate(store.owner_dsn, folder, ROLE)
    second = await migrate.migrate(store.owner_dsn, folder, ROLE)
    assert first == [*PLUMBING, "diary/0001_initial.sql", "diary/0002_more.sql"]
    assert second == []


async def test_only_what_is_new_is_applied_later(store: databases.Store, folder: Path) -> None:
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    add(folder, "0002_more.sql", "ALTER TABLE day ADD COLUMN mood int;")
    assert await migrate.migrate(store.owner_dsn, folder, ROLE) == ["diary/0002_more.sql"]


async def test_the_one_who_runs_may_touch_rows_and_never_tables(
    store: databases.Store, folder: Path, runner: Connection
) -> None:
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    await runner.execute("INSERT INTO day (id, text) VALUES (1, 'x')")
    await runner.execute("UPDATE day SET text = 'y'")
    await runner.execute("DELETE FROM day")
    await runner.execute("INSERT INTO outbox_sequence (topic, key, last) VALUES ('t', 'k', 1)")
    for forbidden in (
        "CREATE TABLE other (id int)",
        "ALTER TABLE day ADD COLUMN x int",
        "DROP TABLE day",
        "TRUNCATE day",
        "CREATE SCHEMA other",
        "UPDATE schema_migrations SET checksum = 'x'",
        "DELETE FROM schema_migrations",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await runner.execute(forbidden)


async def test_to_a_table_that_is_append_only_the_one_who_runs_may_only_add(
    store: databases.Store, folder: Path, runner: Connection
) -> None:
    add(
        folder,
        "0002_log.sql",
        "CREATE TABLE kept (id int) PARTITION BY RANGE (id); COMMENT ON TABLE kept IS 'append-only';"
        " CREATE TABLE kept_rest PARTITION OF kept DEFAULT;",
    )
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    await runner.execute("INSERT INTO kept (id) VALUES (1)")
    for forbidden in ("UPDATE kept SET id = 2", "DELETE FROM kept", "DELETE FROM kept_rest"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await runner.execute(forbidden)
    await runner.execute("DELETE FROM day")


async def test_partitions_made_later_are_open_to_the_one_who_runs(
    store: databases.Store, folder: Path, runner: Connection
) -> None:
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    assert await runner.fetchval("SELECT make_inbox_partitions(2)") == 3, "today's, too"
    name = await runner.fetchval(
        "SELECT relname FROM pg_class WHERE relname ~ '^inbox_[0-9]+$' ORDER BY relname LIMIT 1"
    )
    assert await runner.fetchval("SELECT has_table_privilege($1, 'SELECT, INSERT')", name)


async def test_functions_are_for_the_one_who_runs_and_not_for_everybody(
    store: databases.Store, folder: Path, runner: Connection
) -> None:
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    rows = await runner.fetch(
        "SELECT p.oid::regprocedure::text AS name, proacl::text AS rights FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public'"
    )
    assert rows
    for row in rows:
        assert f"{ROLE}=X" in row["rights"], row["name"]
        assert "{=X" not in row["rights"], row["name"]
        assert ",=X" not in row["rights"], row["name"]


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(
    store: databases.Store, folder: Path
) -> None:
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    add(folder, "0001_initial.sql", "CREATE TABLE day (id bigint PRIMARY KEY, text text);")
    with pytest.raises(migrate.Drift, match=r"diary/0001_initial\.sql was changed after it was applied"):
        await migrate.migrate(store.owner_dsn, folder, ROLE)


async def test_a_database_ahead_of_the_files_is_refused(store: databases.Store, folder: Path) -> None:
    add(folder, "0002_more.sql", "ALTER TABLE day ADD COLUMN mood int;")
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    (folder / "sql" / "migrations" / "0002_more.sql").unlink()
    with pytest.raises(migrate.Drift, match=r"diary/0002_more\.sql, which this version lacks"):
        await migrate.migrate(store.owner_dsn, folder, ROLE)


async def test_a_migration_that_fails_leaves_nothing_and_the_ones_before_it(
    store: databases.Store, folder: Path, runner: Connection
) -> None:
    add(folder, "0002_broken.sql", "CREATE TABLE half (id int); SELECT nothing FROM nowhere;")
    with pytest.raises(migrate.MigrationFailed, match=r"diary/0002_broken\.sql"):
        await migrate.migrate(store.owner_dsn, folder, ROLE)
    assert await runner.fetchval("SELECT to_regclass('half')") is None
    assert await runner.fetchval("SELECT to_regclass('day')") is not None
    add(folder, "0002_broken.sql", "CREATE TABLE half (id int);")
    assert await migrate.migrate(store.owner_dsn, folder, ROLE) == ["diary/0002_broken.sql"]


async def test_a_busy_table_is_not_waited_for_for_ever(
    store: databases.Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    add(folder, "0002_more.sql", "ALTER TABLE day ADD COLUMN mood int;")
    monkeypatch.setattr(migrate, "WAIT_FOR_TABLES", "50ms")
    reader = await asyncpg.connect(store.owner_dsn)
    async with reader.transaction():
        await reader.execute("SELECT count(*) FROM day")
        with pytest.raises(migrate.MigrationFailed, match="lock timeout"):
            await migrate.migrate(store.owner_dsn, folder, ROLE)
    await reader.close()
    assert await migrate.migrate(store.owner_dsn, folder, ROLE) == ["diary/0002_more.sql"]


async def test_two_migrators_at_once_apply_each_file_once(store: databases.Store, folder: Path) -> None:
    done = await asyncio.gather(*(migrate.migrate(store.owner_dsn, folder, ROLE) for _ in range(4)))
    assert sorted(len(applied) for applied in done) == [0, 0, 0, len(PLUMBING) + 1]


async def test_the_head_is_reached_when_every_file_is_applied_unchanged(
    store: databases.Store, folder: Path, runner: Connection
) -> None:
    assert await migrate.pending(runner, folder) == [*PLUMBING, "diary/0001_initial.sql"]
    await migrate.migrate(store.owner_dsn, folder, ROLE)
    assert await migrate.at_head(runner, folder)
    add(folder, "0002_more.sql", "ALTER TABLE day ADD COLUMN mood int;")
    assert await migrate.pending(runner, folder) == ["diary/0002_more.sql"]
    assert not await migrate.at_head(runner, folder)


async def test_a_missing_role_is_one_clear_sentence(store: databases.Store, folder: Path) -> None:
    with pytest.raises(migrate.MigrationFailed, match="the role nobody_here, which runs the service"):
        await migrate.migrate(store.owner_dsn, folder, "nobody_here")
