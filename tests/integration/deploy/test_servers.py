"""The servers every other test stands on."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared import tx
from tests import infra


async def test_a_fresh_database_has_the_plumbing_and_nothing_in_it(pool: infra.MakePool) -> None:
    connections = await pool("plumbing")
    assert await connections.fetchval("SELECT count(*) FROM outbox") == 0
    assert await connections.fetchval("SELECT count(*) FROM consumer_state") == 1


async def test_two_databases_of_one_service_know_nothing_of_each_other(pool: infra.MakePool) -> None:
    one, other = await pool("plumbing"), await pool("plumbing")
    await one.execute("INSERT INTO used_link VALUES (gen_random_uuid(), now())")
    assert await other.fetchval("SELECT count(*) FROM used_link") == 0


async def test_the_role_that_runs_a_service_owns_nothing(database: infra.MakeDatabase) -> None:
    store = await database("plumbing")
    conn = await asyncpg.connect(store.dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("DROP TABLE outbox")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("CREATE TABLE mine (a int)")
    finally:
        await conn.close()


async def test_a_door_stands_at_the_beginning_of_the_story(door: infra.MakeDoor) -> None:
    plumbing = await door("plumbing")
    async with tx.transaction(plumbing) as unit:
        assert unit.now == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def test_the_broker_takes_a_record(kafka: str, topic_prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    try:
        await admin.create_topics([NewTopic(f"{topic_prefix}hello", 1, 1)])
        await producer.start()
        stored = await producer.send_and_wait(f"{topic_prefix}hello", b"world")
    finally:
        await producer.stop()
        await admin.close()
    assert stored.offset == 0
