"""What operators do to parked events, seen through a real consumer: order is kept, nothing waits for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from shared import inbox, operate, parked, tx
from shared.api import application
from shared.events import MatchId
from shared.service import Service
from shared.settings import Settings
from tests.integration.shared.http import notes
from tests.integration.shared.plumbing import Listener, a_match, ended
from tests.integration.shared.test_carrying import running, settings, until

__all__ = ["settings"]

NEVER = "UPDATE parked SET next_attempt_at = 'infinity' WHERE next_attempt_at IS NOT NULL"


async def say(listener: Listener, match: MatchId, *versions: int) -> None:
    async with tx.transaction(listener.door) as t:
        for version in versions:
            t.emit(ended(match, version))


async def listed(listener: Listener) -> list[parked.Listed]:
    async with tx.transaction(listener.door) as t:
        return await parked.list_parked(t.conn)


async def wait_for(listener: Listener, match: MatchId, versions: list[int]) -> None:
    async def applied() -> bool:
        return await listener.effects(match) == versions

    await until(applied)


async def put_aside(listener: Listener, match: MatchId, *versions: int) -> parked.Listed:
    """The first fails and is not tried again by itself; the others wait behind it. Returns the head."""
    listener.poison.add(match)
    await say(listener, match, *versions)

    async def all_parked() -> bool:
        return len(await listener.parked()) == len(versions)

    await until(all_parked)
    await listener.door.pool.execute(NEVER)
    return (await listed(listener))[0]


async def test_a_repaired_key_is_released_in_order(listener: Listener, settings: Settings) -> None:
    match, other = a_match(), a_match()
    async with running(listener, settings):
        head = await put_aside(listener, match, 1, 2, 3)
        await say(listener, other, 1)
        await wait_for(listener, other, [1])
        listener.poison.clear()
        async with tx.transaction(listener.door) as t:
            assert await parked.retry_parked(t.conn, head.id) == 1
        await say(listener, match, 4)
        await wait_for(listener, match, [1, 2, 3, 4])
    assert await listener.parked() == []


async def test_a_dropped_head_lets_those_behind_it_go_on_in_order(
    listener: Listener, settings: Settings
) -> None:
    match = a_match()
    async with running(listener, settings):
        head = await put_aside(listener, match, 1, 2, 3)
        listener.poison.clear()
        async with tx.transaction(listener.door) as t:
            await parked.drop_parked(t.conn, head.id, "sent by mistake", by="a test")
        await say(listener, match, 4)
        await wait_for(listener, match, [2, 3, 4])
    assert await listener.parked() == ["dropped"]


async def test_a_dead_event_that_is_retried_after_the_repair_releases_its_key_in_order(
    listener: Listener, settings: Settings
) -> None:
    match = a_match()
    async with running(listener, settings):
        head = await put_aside(listener, match, 1, 2, 3)
        await listener.door.pool.execute(
            "UPDATE parked SET attempts = $1, next_attempt_at = now() WHERE id = $2",
            len(inbox.RETRY_AFTER_S),
            head.id,
        )

        async def dead() -> bool:
            return await listener.parked() == ["dead", "behind", "behind"]

        await until(dead)
        listener.poison.clear()
        async with tx.transaction(listener.door) as t:
            assert await parked.retry_parked(t.conn, None) == 1
        await wait_for(listener, match, [1, 2, 3])


async def test_a_record_that_cannot_be_read_is_dropped_and_its_key_goes_on(
    listener: Listener, settings: Settings
) -> None:
    match = a_match()
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    topic = settings.topic_prefix + "match-ended"
    await producer.send_and_wait(topic, b"\xff not an event", key=str(match).encode())
    await producer.stop()
    async with running(listener, settings):

        async def unreadable() -> bool:
            return await listener.parked() == ["unreadable"]

        await until(unreadable)
        await listener.door.pool.execute(NEVER)
        await say(listener, match, 1, 2)

        async def all_wait() -> bool:
            return await listener.parked() == ["unreadable", "behind", "behind"]

        await until(all_wait)
        (head, *_) = await listed(listener)
        async with tx.transaction(listener.door) as t:
            assert (await parked.show_parked(t.conn, head.id)).payload.format == "base64"
            await parked.drop_parked(t.conn, head.id, "a foreign program wrote to our topic", by="a test")
        await wait_for(listener, match, [1, 2])


@asynccontextmanager
async def asked(listener: Listener, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator's client of the HTTP door on the listener's store."""
    app = application(listener.door, notes.settings(folder, listener.dsn), title="release")
    transport, headers = httpx.ASGITransport(app), {"Authorization": f"Bearer {notes.ADMIN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as client:
        yield client


async def over_http(listener: Listener, settings: Settings, folder: Path) -> None:
    async with asked(listener, folder) as client:
        assert (await client.post("/v1/consumer/resume")).json()["was_stopped"]


async def by_command(listener: Listener, settings: Settings, folder: Path) -> None:
    service = Service("plumbing", settings, folder, lambda door: application(door, settings, title="none"))
    assert await operate.run(service, operate.parse("plumbing", (), ["resume"])) == 0


@pytest.mark.parametrize("resume", [over_http, by_command])
async def test_a_stopped_consumer_goes_on_whichever_door_it_is_resumed_through(
    listener: Listener,
    settings: Settings,
    tmp_path: Path,
    resume: Callable[[Listener, Settings, Path], Awaitable[None]],
) -> None:
    match = a_match()
    async with tx.transaction(listener.door) as t:
        await inbox.stop(t.conn, "50 in a row")
    async with running(listener, settings) as progress:
        await say(listener, match, 1)
        await until(lambda: sum(progress.sent.values()) == 1)
        await resume(listener, settings, tmp_path)
        await wait_for(listener, match, [1])
    assert await listener.door.pool.fetchval("SELECT resumed_by IS NOT NULL FROM consumer_state")
