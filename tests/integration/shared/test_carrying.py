"""From one store through a real broker into another: relay and consumer together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import SecretStr

from shared import consumer, envelope, inbox, outbox, parked, relay, topics, tx
from shared.events import MatchDeclined, MatchEnded
from shared.progress import Progress
from shared.settings import Settings
from tests.integration.shared.plumbing import Listener, a_match, declined, ended


class PlumbingSettings(Settings):
    service = "plumbing"


async def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Waits for a condition (a function or a coroutine function) and fails at the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        met = condition()
        if asyncio.iscoroutine(met):
            met = await met
        if met:
            return
        assert time.monotonic() < deadline, "the condition was not met in time"
        await asyncio.sleep(0.02)


@pytest.fixture
async def settings(listener: Listener, kafka: str, topic_prefix: str) -> Settings:
    await topics.ensure(kafka, topic_prefix, (MatchEnded, MatchDeclined))
    dsn = listener.dsn
    return PlumbingSettings(dsn=dsn, kafka=kafka, topic_prefix=topic_prefix)


@contextlib.asynccontextmanager
async def running(listener: Listener, settings: Settings, *, replica: int = 0) -> AsyncIterator[Progress]:
    """A consumer and a relay on the listener's store, as a process would run them."""
    progress = Progress()
    stopping = asyncio.Event()
    own = settings.model_copy(update={"replica": replica})
    async with asyncio.TaskGroup() as group:
        group.create_task(relay.run(own, listener.door.bell, progress, stopping))
        group.create_task(consumer.run(listener.door, listener.ears(), own, progress, stopping=stopping))
        try:
            yield progress
        finally:
            stopping.set()


async def test_what_is_said_is_heard_once_and_in_order(listener: Listener, settings: Settings) -> None:
    matches = [a_match() for _ in range(20)]
    async with running(listener, settings) as progress:
        for version in range(1, 11):
            async with tx.transaction(listener.door) as t:
                for match in matches:
                    t.emit(ended(match, version))
        await until(lambda: sum(progress.done.values()) == 200)
        assert progress.sent == {place: at for place, at in progress.done.items() if at}
    for match in matches:
        assert await listener.effects(match) == list(range(1, 11))
    assert await listener.door.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_who_does_not_lead_knows_whether_the_broker_answers(
    listener: Listener, settings: Settings, unused_tcp_port: int
) -> None:
    async with running(listener, settings) as leader:
        await until(lambda: leader.broker_ok)
        progress, stopping = Progress(broker_ok=True), asyncio.Event()
        nowhere = settings.model_copy(update={"kafka": f"127.0.0.1:{unused_tcp_port}"})
        for own, answers in ((nowhere, False), (settings, True)):
            stopping.clear()
            following = asyncio.create_task(relay.run(own, listener.door.bell, progress, stopping))
            await until(lambda answers=answers: progress.broker_ok is answers)  # type: ignore[misc]
            stopping.set()
            await following


async def test_of_two_relays_one_leads_and_the_other_takes_over(
    listener: Listener, settings: Settings
) -> None:
    async with running(listener, settings) as first:
        await until(lambda: first.broker_ok)
        async with running(listener, settings, replica=1) as second:
            async with tx.transaction(listener.door) as t:
                t.emit(ended(match := a_match()))
            await until(lambda: sum(first.sent.values()) == 1)
            assert second.sent == {}
            await listener.door.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND objid = $1"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                relay.LEADER_LOCK,
            )
            async with tx.transaction(listener.door) as t:
                t.emit(ended(match, 2))

            async def both() -> bool:
                return await listener.effects(match) == [1, 2]

            await until(both)


async def test_a_relay_outlives_a_store_that_lets_nobody_in(listener: Listener, settings: Settings) -> None:
    stopping = asyncio.Event()
    progress = Progress()
    elsewhere = settings.dsn.get_secret_value().rpartition("/")[0] + "/template0"
    shut = settings.model_copy(update={"dsn": SecretStr(elsewhere)})
    carrying = asyncio.create_task(relay.run(shut, listener.door.bell, progress, stopping))
    await until(lambda: progress.broker_ok or carrying.done())
    assert not carrying.done()
    stopping.set()
    await asyncio.wait_for(carrying, 10)


async def test_a_row_sent_twice_by_a_killed_relay_has_its_effect_once(
    listener: Listener, settings: Settings
) -> None:
    match = a_match()
    async with tx.transaction(listener.door) as t:
        t.emit(ended(match))
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    row = (await outbox.oldest(listener.door.pool, 1))[0]
    headers = envelope.to_headers(outbox.envelope_of(row))
    topic = settings.topic_prefix + row["topic"]
    await producer.send_and_wait(topic, row["payload"], key=row["key"].encode(), headers=headers)
    await producer.stop()
    async with running(listener, settings) as progress:
        await until(lambda: sum(progress.done.values()) == 2)
    assert await listener.effects(match) == [1]


async def test_a_malformed_record_is_parked_and_the_others_of_its_partition_flow(
    listener: Listener, settings: Settings
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    for partition in range(6):
        await producer.send_and_wait(settings.topic_prefix + "match-ended", b"\xff\x00", partition=partition)
    await producer.stop()
    matches = [a_match() for _ in range(12)]
    async with running(listener, settings) as progress:
        async with tx.transaction(listener.door) as t:
            for match in matches:
                t.emit(ended(match))
        await until(lambda: sum(progress.done.values()) == 18)
    assert [await listener.effects(match) for match in matches] == [[1]] * 12
    assert await listener.parked() == ["unreadable"] * 6


async def test_two_members_share_the_partitions_and_lose_nothing_when_one_leaves(
    listener: Listener, settings: Settings
) -> None:
    matches = [a_match() for _ in range(60)]

    async def say(version: int) -> None:
        async with tx.transaction(listener.door) as t:
            for match in matches:
                t.emit(ended(match, version))

    async with running(listener, settings) as first:
        await say(1)
        await until(lambda: sum(first.done.values()) == 60)
        async with running(listener, settings, replica=1) as second:
            await say(2)
            await until(lambda: len(first.done) and len(second.done))
            await say(3)
            assert set(first.done).isdisjoint(second.done)

        async def everything() -> bool:
            return await listener.door.pool.fetchval("SELECT count(*) FROM effect") == 180

        await until(everything, 40)
    for match in matches:
        assert await listener.effects(match) == [1, 2, 3]


async def test_whoever_has_yet_to_try_again_what_came_early_says_so(
    listener: Listener, settings: Settings
) -> None:
    """Once all offsets are done and nothing is to be tried, all effects are there."""
    orphan = a_match()
    listener.orphans.add(orphan)
    async with running(listener, settings) as progress:

        async def say(event: MatchEnded | MatchDeclined, total: int) -> None:
            async with tx.transaction(listener.door) as t:
                t.emit(event)
            while sum(progress.done.values()) < total or progress.aside:  # noqa: ASYNC110 - any moment counts
                await asyncio.sleep(0)

        await say(ended(orphan), 1)
        await listener.door.pool.execute("UPDATE parked SET attempts = 3, next_attempt_at = 'infinity'")
        await say(declined(orphan), 2)
        assert await listener.effects(orphan) == [1]


async def test_a_reread_reads_everything_again_and_changes_nothing(
    listener: Listener, settings: Settings
) -> None:
    match = a_match()
    async with running(listener, settings) as progress:
        async with tx.transaction(listener.door) as t:
            t.emit(ended(match))
        await until(lambda: sum(progress.done.values()) == 1)
        await listener.door.pool.execute("DELETE FROM inbox")
        async with tx.transaction(listener.door) as t:
            await inbox.request_reread(t.conn)

        async def twice() -> bool:
            return await listener.effects(match) == [1, 1]

        await until(twice)
        await listener.door.pool.execute("UPDATE consumer_state SET replay_requested_at = clock_timestamp()")
        await until(lambda: sum(progress.done.values()) == 1)
    assert await listener.effects(match) == [1, 1]


async def test_the_breaker_stops_the_consumer_and_resume_starts_it(
    listener: Listener, settings: Settings
) -> None:
    matches = [a_match() for _ in range(60)]
    listener.poison.update(matches)
    async with running(listener, settings):
        async with tx.transaction(listener.door) as t:
            for match in matches:
                t.emit(ended(match))

        async def stopped() -> bool:
            return await listener.door.pool.fetchval("SELECT stopped_at IS NOT NULL FROM consumer_state")

        await until(stopped)
        assert len(await listener.parked()) == 50
        listener.poison.clear()
        await listener.door.pool.execute("UPDATE parked SET next_attempt_at = clock_timestamp()")
        async with tx.transaction(listener.door) as t:
            await parked.resume(t.conn, by="a test")

        async def all_applied() -> bool:
            return await listener.door.pool.fetchval("SELECT count(*) FROM effect") == 60

        await until(all_applied)


async def test_headers_are_those_of_a_cloud_event(listener: Listener, settings: Settings) -> None:
    async with tx.transaction(listener.door) as t:
        said = t.emit(ended(match := a_match()))
    reader = AIOKafkaConsumer(
        settings.topic_prefix + "match-ended", bootstrap_servers=settings.kafka, auto_offset_reset="earliest"
    )
    await reader.start()
    async with running(listener, settings):
        record = await asyncio.wait_for(reader.getone(), 20)
    await reader.stop()
    headers = dict(record.headers)
    assert headers["ce_id"] == str(said).encode()
    assert headers["ce_type"] == b"mentoring.match-ended.v1"
    assert headers["ce_time"] == ended(match).at.isoformat().encode()
    assert record.key == str(match).encode()
    assert abs(record.timestamp / 1000 - time.time()) < 60


async def test_a_structured_cloud_event_is_read_as_well(listener: Listener) -> None:
    event = ended(a_match())
    document = {
        "specversion": "1.0",
        "id": str(envelope.new_id()),
        "type": "mentoring.match-ended.v1",
        "source": "/elsewhere",
        "time": event.at.isoformat(),
        "data": json.loads(event.model_dump_json()),
    }
    headers = [("content-type", b"application/cloudevents+json")]
    around, payload = envelope.from_record(headers, json.dumps(document).encode())
    assert around.source == "/elsewhere"
    assert MatchEnded.model_validate_json(payload) == event
