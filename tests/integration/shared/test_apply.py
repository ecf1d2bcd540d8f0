"""Heard at least once, acted on once; nothing lost, nothing out of order, one key late and the others not."""

from __future__ import annotations

import pytest

from shared import apply, inbox, parked, tx
from shared.breaker import Breaker
from shared.errors import Transient
from tests.integration.shared.plumbing import Listener, a_match, declined, ended, recorded


async def hear(listener: Listener, *records: inbox.Record, breaker: Breaker | None = None) -> list[str]:
    outcome = await apply.apply_batch(listener.door, listener.ears(), records, breaker or Breaker())
    return list(outcome.outcomes)


async def retry(listener: Listener, *, early_too: bool = False) -> int:
    await listener.door.pool.execute(
        "UPDATE parked SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL"
    )
    released = 0
    while more := await apply.retry_heads(listener.door, listener.ears(), early_too=early_too):
        released += more
    return released


async def test_U5_an_event_that_comes_again_has_its_effect_once(listener: Listener) -> None:
    match = a_match()
    record = recorded(ended(match), 0)
    assert await hear(listener, record, record) == ["applied", "repeated"]
    assert await hear(listener, record) == ["repeated"]
    assert await listener.effects(match) == [1]


async def test_a_failing_event_is_parked_with_the_effects_of_the_others(listener: Listener) -> None:
    good, bad = a_match(), a_match()
    listener.poison.add(bad)
    outcomes = await hear(listener, recorded(ended(bad), 0), recorded(ended(good), 1))
    assert outcomes == ["failed", "applied"]
    assert await listener.effects(bad) == []
    assert await listener.effects(good) == [1]
    assert await listener.parked() == ["failed"]


async def test_the_key_of_a_parked_event_halts_and_goes_on_in_order_after_the_repair(
    listener: Listener,
) -> None:
    match = a_match()
    listener.poison.add(match)
    await hear(listener, recorded(ended(match, 1), 0))
    assert await hear(listener, recorded(ended(match, 2), 1), recorded(ended(match, 3), 2)) == ["waiting"] * 2
    listener.poison.clear()
    assert await retry(listener) == 3
    assert await listener.effects(match) == [1, 2, 3]
    assert await listener.parked() == []


async def test_a_parked_event_that_comes_again_is_not_parked_twice(listener: Listener) -> None:
    match = a_match()
    listener.poison.add(match)
    record = recorded(ended(match), 0)
    await hear(listener, record)
    assert await hear(listener, record) == ["repeated"]
    assert await listener.parked() == ["failed"]


async def test_a_record_that_cannot_be_read_is_parked_with_its_reason(listener: Listener) -> None:
    match, other = a_match(), a_match()
    broken = recorded(ended(match), 0, value=b'{"at": "yesterday"}')
    assert await hear(listener, broken, recorded(ended(other), 1)) == ["failed", "applied"]
    error = await listener.door.pool.fetchval("SELECT error FROM parked")
    assert "not a valid MatchEnded" in error
    assert "match_id: Field required" in error


async def test_a_record_without_headers_is_parked_with_its_reason(listener: Listener) -> None:
    bare = inbox.Record("match-ended", 0, 0, "@0/0", (), b"{}", recorded(ended(a_match()), 0).time)
    assert await hear(listener, bare) == ["failed"]
    assert "ce_id is missing" in await listener.door.pool.fetchval("SELECT error FROM parked")


async def test_a_record_with_zero_bytes_in_its_headers_is_parked_and_released_with_them(
    listener: Listener,
) -> None:
    match = a_match()
    listener.poison.add(match)
    plain = recorded(ended(match), 0)
    record = plain._replace(
        headers=(*plain.headers, ("length", b"\x00\x00\x01\x02"), ("na\0me", "ü".encode()))
    )
    assert await hear(listener, record) == ["failed"]
    kept = inbox.record_of(await listener.door.pool.fetchrow("SELECT * FROM parked"))
    assert kept == record._replace(headers=(*record.headers[:-1], ("na\ufffdme", "ü".encode())))
    async with tx.transaction(listener.door) as t:
        shown = await parked.show_parked(t.conn, (await parked.list_parked(t.conn))[0].id)
    assert list(shown.headers)[-2:] == [("length", "base64:AAABAg=="), ("na\ufffdme", "ü")]
    listener.poison.clear()
    assert await retry(listener) == 1


async def test_an_unknown_field_is_ignored(listener: Listener) -> None:
    match = a_match()
    value = ended(match).model_dump_json().replace("{", '{"from_the_future": 1, ', 1).encode()
    assert await hear(listener, recorded(ended(match), 0, value=value)) == ["applied"]


async def test_U9_a_fact_that_comes_early_waits_for_its_parent_and_is_not_lost(listener: Listener) -> None:
    match = a_match()
    listener.orphans.add(match)
    assert await hear(listener, recorded(ended(match), 0)) == ["waiting"]
    assert await listener.parked() == ["early"]
    await hear(listener, recorded(declined(match), 0))
    assert await retry(listener, early_too=True) == 1
    assert await listener.effects(match) == [1]


async def test_U9_the_patience_of_an_early_fact_is_not_used_up_by_news_of_others(listener: Listener) -> None:
    match = a_match()
    listener.orphans.add(match)
    await hear(listener, recorded(ended(match), 0))
    for news in range(2 * len(inbox.RETRY_AFTER_S)):
        await hear(listener, recorded(ended(a_match()), news + 1))
        assert await apply.retry_heads(listener.door, listener.ears(), early_too=True) == 0
    assert await listener.parked() == ["early"]
    await hear(listener, recorded(declined(match), 0))
    assert await apply.retry_heads(listener.door, listener.ears(), early_too=True) == 1
    assert await listener.effects(match) == [1]


async def test_a_dropped_event_keeps_its_reason_and_lets_its_key_go_on(listener: Listener) -> None:
    match = a_match()
    listener.poison.add(match)
    await hear(listener, recorded(ended(match, 1), 0), recorded(ended(match, 2), 1))
    listener.poison.clear()
    async with tx.transaction(listener.door) as t:
        head = (await parked.list_parked(t.conn))[0]
        await parked.drop_parked(t.conn, head.id, "sent by mistake", by="a test")
    assert await retry(listener) == 1
    assert await listener.effects(match) == [2]
    assert await listener.door.pool.fetchval("SELECT closed_reason FROM parked") == "sent by mistake"


async def test_an_event_that_always_fails_dies_and_is_announced_without_its_content(
    listener: Listener,
) -> None:
    match = a_match()
    listener.poison.add(match)
    await hear(listener, recorded(ended(match, reason="canary"), 0))
    for _ in inbox.RETRY_AFTER_S:
        await retry(listener)
    assert await listener.parked() == ["dead"]
    topic, payload = await listener.door.pool.fetchrow("SELECT topic, payload FROM outbox")
    assert topic == "plumbing.dead-letter"
    assert b"canary" not in payload


async def test_a_dead_event_has_one_more_try_when_it_is_asked_for_and_dies_again(listener: Listener) -> None:
    match = a_match()
    listener.poison.add(match)
    await hear(listener, recorded(ended(match, 1), 0), recorded(ended(match, 2), 1))
    for _ in inbox.RETRY_AFTER_S:
        await retry(listener)
    for tries in (7, 8):
        async with tx.transaction(listener.door) as t:
            assert await parked.retry_parked(t.conn, None) == 1
        assert await apply.retry_heads(listener.door, listener.ears(), early_too=False) == 0
        async with tx.transaction(listener.door) as t:
            dead, behind = await parked.list_parked(t.conn)
        assert (dead.state, dead.attempts, behind.state) == ("dead", tries, "behind")
    assert await listener.effects(match) == []


async def test_a_bad_deploy_stops_at_fifty_failures_and_empties_nothing(listener: Listener) -> None:
    matches = [a_match() for _ in range(80)]
    listener.poison.update(matches)
    records = [recorded(ended(match), offset) for offset, match in enumerate(matches)]
    outcomes = await hear(listener, *records)
    assert outcomes == ["failed"] * 50
    assert len(await listener.parked()) == 50


async def test_more_than_a_fifth_of_a_hundred_failures_trips_the_breaker() -> None:
    breaker = Breaker()
    assert not breaker.trips(["applied"] * 80 + ["failed"] * 20)
    assert breaker.trips(["failed"])


async def test_failures_of_a_batch_that_is_rolled_back_and_tried_again_count_once(listener: Listener) -> None:
    bad, away = a_match(), a_match()
    listener.poison.add(bad)
    listener.away.add(away)
    breaker = Breaker()
    for _ in range(60):
        with pytest.raises(Transient):
            await hear(listener, recorded(ended(bad), 0), recorded(ended(away), 1), breaker=breaker)
    assert not breaker.trips(())
    assert await listener.parked() == []


async def test_a_failure_now_and_then_among_batches_that_go_well_never_trips_the_breaker(
    listener: Listener,
) -> None:
    breaker = Breaker()
    for place in range(0, 600, 10):
        bad = a_match()
        listener.poison.add(bad)
        await hear(listener, *(recorded(ended(a_match()), place + n) for n in range(9)), breaker=breaker)
        await hear(listener, recorded(ended(bad), place + 9), breaker=breaker)
    assert not breaker.trips(())


async def test_what_cannot_be_said_fails_with_the_event_that_says_it_and_not_with_the_batch(
    listener: Listener,
) -> None:
    mute, good = a_match(), a_match()
    listener.mute.add(mute)
    assert await hear(listener, recorded(ended(mute), 0), recorded(ended(good), 1)) == ["failed", "applied"]
    assert await listener.effects(good) == [1]


async def test_waiting_and_repeated_events_say_nothing_about_the_code() -> None:
    breaker = Breaker()
    assert not breaker.trips(["waiting", "repeated"] * 200)
