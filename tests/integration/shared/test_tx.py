"""Said if and only if committed, in order per key."""

from __future__ import annotations

import asyncio
import json

import pytest

from shared import envelope, outbox, tx
from shared.errors import Transient
from tests.integration.shared.plumbing import Listener, a_match, ended


async def test_an_event_is_said_if_and_only_if_the_transaction_commits(listener: Listener) -> None:
    door = listener.door
    with pytest.raises(RuntimeError):
        async with tx.transaction(door) as t:
            t.emit(ended(a_match()))
            raise RuntimeError
    assert await door.pool.fetchval("SELECT count(*) FROM outbox") == 0
    async with tx.transaction(door) as t:
        said = t.emit(ended(a_match()))
    assert await door.pool.fetchval("SELECT event_id FROM outbox") == said


async def test_loops_are_woken_after_the_commit_and_never_before(listener: Listener) -> None:
    door = listener.door
    woken = door.bell.listener()
    async with tx.transaction(door) as t:
        t.emit(ended(a_match()))
        assert not woken.is_set()
    assert woken.is_set()
    assert await door.pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_events_of_one_key_are_counted_in_the_order_in_which_they_were_said(listener: Listener) -> None:
    door = listener.door
    match, other = a_match(), a_match()
    async with tx.transaction(door) as t:
        for version, which in ((1, match), (1, other), (2, match)):
            t.emit(ended(which, version))
    async with tx.transaction(door) as t:
        t.emit(ended(match, 3))
    rows = await door.pool.fetch(
        "SELECT sequence, payload FROM outbox WHERE key = $1 ORDER BY id", str(match)
    )
    assert [(row["sequence"], json.loads(row["payload"])["version"]) for row in rows] == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]


async def test_racing_transactions_on_one_key_keep_ids_and_sequences_in_commit_order(
    listener: Listener,
) -> None:
    door = listener.door
    match = a_match()

    async def say() -> None:
        async with tx.transaction(door) as t:
            t.emit(ended(match))

    await asyncio.gather(*(say() for _ in range(40)))
    rows = await door.pool.fetch("SELECT sequence FROM outbox ORDER BY id")
    assert [row["sequence"] for row in rows] == list(range(1, 41))


async def test_transactions_that_say_very_much_of_the_same_keys_never_wait_for_each_other(
    listener: Listener,
) -> None:
    door = listener.door
    matches = [a_match() for _ in range(1_200)]

    async def say(version: int) -> None:
        async with tx.transaction(door) as t:
            for match in matches if version % 2 else reversed(matches):
                t.emit(ended(match, version))

    await asyncio.gather(*(say(version) for version in range(1, 7)))
    rows = await door.pool.fetch(
        "SELECT key, array_agg(sequence ORDER BY id) AS told FROM outbox GROUP BY key"
    )
    assert len(rows) == len(matches)
    assert all(row["told"] == list(range(1, 7)) for row in rows)


async def test_a_failed_part_takes_back_what_it_said(listener: Listener) -> None:
    door = listener.door
    async with tx.transaction(door) as t:
        with pytest.raises(ValueError, match="no"):
            async with t.savepoint():
                t.emit(ended(a_match()))
                raise ValueError("no")
        kept = t.emit(ended(a_match()))
    assert [row["event_id"] for row in await door.pool.fetch("SELECT event_id FROM outbox")] == [kept]


async def test_what_was_said_before_a_failed_part_is_said_although_the_part_had_written_its_own(
    listener: Listener,
) -> None:
    door = listener.door
    async with tx.transaction(door) as t:
        kept = t.emit(ended(a_match()))
        with pytest.raises(ValueError, match="no"):
            async with t.savepoint():
                t.emit(ended(a_match()))
                await t.flush()
                raise ValueError("no")
    assert [row["event_id"] for row in await door.pool.fetch("SELECT event_id FROM outbox")] == [kept]


async def test_an_event_larger_than_a_broker_takes_fails_where_it_is_said(listener: Listener) -> None:
    door = listener.door
    with pytest.raises(outbox.EventTooLarge, match="at most 524288 can be said"):
        async with tx.transaction(door) as t:
            t.emit(ended(a_match(), reason="x" * outbox.PAYLOAD_BYTES_MAX))
    assert await door.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_lost_connection_is_transient(listener: Listener) -> None:
    door = listener.door
    with pytest.raises(Transient):
        async with tx.transaction(door) as t:
            await t.conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_what_is_said_carries_the_trace_of_its_request_and_its_cause(listener: Listener) -> None:
    door = listener.door
    trace = envelope.new_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    token = envelope.TRACE.set(trace)
    async with tx.transaction(door) as t:
        t.emit(ended(a_match()))
    envelope.TRACE.reset(token)
    row = await door.pool.fetchrow("SELECT traceparent, correlation_id FROM outbox")
    assert row["traceparent"] == trace.traceparent
    assert row["correlation_id"] == trace.correlation_id


async def test_a_look_whose_connection_is_cut_may_be_tried_again(listener: Listener) -> None:
    with pytest.raises(Transient):
        async with tx.snapshot(listener.door) as conn:
            await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    async with tx.snapshot(listener.door) as conn:
        assert await conn.fetchval("SELECT 1") == 1
