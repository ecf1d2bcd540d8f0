"""What a service keeps for a time is gone after it, and what passes through leaves no disk behind."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.databases import Store
from shared import housekeeping, inbox, outbox, tx
from shared.clock import SteppedClock
from shared.inbox import Record
from shared.tx import Connection
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.shared.plumbing import a_match, ended

PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'inbox'::regclass
"""
SIZE = "SELECT pg_total_relation_size($1::text::regclass)"
ROUNDS, EVENTS_A_ROUND = 40, 500
BYTES_A_KEY_MAX = 2000


@pytest_asyncio.fixture
async def store(database: infra.MakeDatabase) -> Store:
    return await database("plumbing")


@pytest_asyncio.fixture
async def owner(store: Store) -> AsyncIterator[Connection]:
    conn = await asyncpg.connect(store.owner_dsn)
    yield conn
    await conn.close()


@pytest_asyncio.fixture
async def service(store: Store) -> AsyncIterator[tx.Door]:
    """A door as the role that runs the service has it."""
    clock = SteppedClock()
    clock.set(BEGINNING)
    pool = await infra.connect(store.dsn)
    yield tx.Door("plumbing", pool, clock, tx.Bell())
    pool.terminate()


def said_at(moment: datetime) -> uuid.UUID:
    """An id as it would have been made at that time."""
    random = uuid.uuid4().int & ((1 << 76) - 1)
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | random)


async def heard(service: tx.Door, *ids: uuid.UUID) -> None:
    record = Record("match-ended", 0, 0, "key", (), b"", datetime.now(UTC))
    async with tx.transaction(service) as t:
        await inbox.admit(t.conn, [(one, 1, record) for one in ids])


async def partitions(conn: Connection) -> set[str]:
    return {row["relname"] for row in await conn.fetch(PARTITIONS)}


def of_day(day: date) -> str:
    return f"inbox_{day:%Y%m%d}"


async def test_today_and_three_more_days_have_a_partition_and_take_what_was_heard_before_them(
    service: tx.Door, owner: Connection
) -> None:
    now = datetime.now(UTC)
    await heard(service, *(said_at(now + timedelta(days=day)) for day in (0, 0, 1, 3, 4)))
    await housekeeping.tidy(service)
    days = [now.date() + timedelta(days=day) for day in range(4)]
    assert await partitions(owner) == {"inbox_rest", *map(of_day, days)}
    assert [await owner.fetchval(f"SELECT count(*) FROM {of_day(day)}") for day in days] == [2, 1, 0, 1]
    assert await owner.fetchval("SELECT count(*) FROM inbox_rest") == 1


async def test_U5_an_event_that_was_moved_to_its_partition_still_counts_as_heard(service: tx.Door) -> None:
    one = said_at(datetime.now(UTC))
    await heard(service, one)
    await housekeeping.tidy(service)
    record = Record("match-ended", 0, 0, "key", (), b"", datetime.now(UTC))
    async with tx.transaction(service) as t:
        assert await inbox.admit(t.conn, [(one, 1, record)]) == set()


async def test_a_day_of_the_inbox_is_dropped_after_three_weeks(service: tx.Door, owner: Connection) -> None:
    today = datetime.now(UTC).date()
    for age in (21, 22, 40):
        day = today - timedelta(days=age)
        await owner.execute(
            f"CREATE TABLE {of_day(day)} PARTITION OF inbox"
            f" FOR VALUES FROM (first_id_of('{day}')) TO (first_id_of('{day + timedelta(days=1)}'))"
        )
    await housekeeping.tidy(service)
    found = {name for name in await partitions(owner) if name < of_day(today)}
    assert found == {of_day(today - timedelta(days=21))}


async def test_the_default_partition_keeps_nothing_for_ever(service: tx.Door, owner: Connection) -> None:
    """Ids of days that have no partition any more, and ids that carry no time at all."""
    old, new = said_at(datetime.now(UTC) - timedelta(days=30)), uuid.uuid4()
    await heard(service, old, new)
    await owner.execute("UPDATE inbox SET applied_at = now() - interval '22 days' WHERE event_id = $1", old)
    await housekeeping.tidy(service)
    assert [row["event_id"] for row in await owner.fetch("SELECT event_id FROM inbox_rest")] == [new]


async def test_idempotency_keys_are_forgotten_after_a_day(
    service: tx.Door, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "ROWS_AT_ONCE", 10)
    await owner.execute(
        "INSERT INTO idempotency (caller, key, fingerprint, created_at)"
        " SELECT 'someone', n::text, '', now() - make_interval(hours => n) FROM generate_series(1, 60) n"
    )
    await housekeeping.tidy(service)
    assert await owner.fetchval("SELECT count(*) FROM idempotency") == 23


async def test_a_used_link_is_remembered_until_it_is_no_longer_valid(
    service: tx.Door, owner: Connection
) -> None:
    """By business time, which is far from the wall's where it is stepped."""
    ends = [BEGINNING - timedelta(seconds=1), BEGINNING + timedelta(seconds=1)]
    await owner.executemany(
        "INSERT INTO used_link (link_id, used_at, expires_at) VALUES (gen_random_uuid(), $1, $2)",
        [(BEGINNING - timedelta(days=1), end) for end in ends],
    )
    await housekeeping.tidy(service)
    assert [row["expires_at"] for row in await owner.fetch("SELECT expires_at FROM used_link")] == ends[1:]


async def test_the_outbox_stays_small_however_much_passes_through_it(
    service: tx.Door, owner: Connection
) -> None:
    """Vacuumed as often as the server does it (once a minute, since a thousand dead rows are enough for it),
    the outbox is as large after the last events as after the first; never vacuumed it grows with each."""
    options = await owner.fetchval("SELECT reloptions FROM pg_class WHERE relname = 'outbox'")
    assert options == ["autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=1000"]
    kept = await carried(service, owner, vacuum_every=10)
    await owner.execute("ALTER TABLE outbox SET (autovacuum_enabled = false)")
    alone = await carried(service, owner, vacuum_every=ROUNDS + 1)
    half = ROUNDS // 2
    grown, unkept = max(kept[half:]) - max(kept[:half]), alone[-1] - alone[0]
    print(f"outbox in bytes at most: vacuumed {max(kept[:half])}, then {max(kept)}; never {max(alone)}")
    assert grown < unkept / 10
    keys = await owner.fetchval("SELECT count(*) FROM outbox_sequence")
    assert await owner.fetchval(SIZE, "outbox_sequence") < BYTES_A_KEY_MAX * keys


async def carried(service: tx.Door, owner: Connection, *, vacuum_every: int) -> list[int]:
    """Says and deletes events as handlers and the relay do; the outbox's size in bytes after each round."""
    matches = [a_match() for _ in range(50)]
    sizes = []
    for number in range(1, ROUNDS + 1):
        async with tx.transaction(service) as t:
            for place in range(EVENTS_A_ROUND):
                t.emit(ended(matches[place % len(matches)], version=number))
        async with service.pool.acquire() as conn:
            rows = await outbox.oldest(conn, EVENTS_A_ROUND)
            await outbox.delete(conn, [row["id"] for row in rows])
        sizes.append(await owner.fetchval(SIZE, "outbox"))
        if number % vacuum_every == 0:
            await owner.execute("VACUUM outbox")
    return sizes
