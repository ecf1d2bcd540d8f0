"""The servers every other test stands on."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import databases, stores
from deploy.local.child import Trouble
from shared import tx
from tests import infra
from tests.integration.shared.plumbing import a_match, ended


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


async def test_an_owner_who_may_make_no_role_is_told_what_to_give_instead(
    database: infra.MakeDatabase,
) -> None:
    owner = (await database("plumbing")).owner_dsn
    with pytest.raises(Trouble, match=r"make a role with a login .* in DATABASE_URL_PLUMBING_APP"):
        await stores.given({"plumbing": owner}, {})


async def test_a_given_role_is_the_one_that_runs_the_service(database: infra.MakeDatabase) -> None:
    store = await database("plumbing")
    found = await stores.given({"plumbing": store.owner_dsn}, {"DATABASE_URL_PLUMBING_APP": store.dsn})
    assert found["plumbing"] == store


async def test_a_story_is_never_told_in_a_database_with_somebodys_data(
    database: infra.MakeDatabase, postgres: infra.Databases
) -> None:
    empty = await postgres.unmigrated("plumbing")
    try:
        await stores.require_empty({"plumbing": empty})
    finally:
        await postgres.drop(empty)
    with pytest.raises(Trouble, match="The database of plumbing is not empty"):
        await stores.require_empty({"plumbing": await database("plumbing")})


async def test_a_copy_is_kept_of_what_is_said(door: infra.MakeDoor, database: infra.MakeDatabase) -> None:
    plumbing = await door("plumbing")
    name = await plumbing.pool.fetchval("SELECT current_database()")
    owner = (await database("plumbing")).owner_dsn.rpartition("/")[0] + f"/{name}"
    await stores.copy_what_is_said({"plumbing": databases.Store(name, "", owner, "")})
    async with tx.transaction(plumbing) as unit:
        event = ended(a_match(), 1)
        event_id = unit.emit(event)
    await plumbing.pool.execute("DELETE FROM outbox")
    conn = await asyncpg.connect(owner)
    try:
        rows = await conn.fetch("SELECT event_id, topic, key FROM said")
    finally:
        await conn.close()
    assert [tuple(row) for row in rows] == [(event_id, "match-ended", event.key)]
