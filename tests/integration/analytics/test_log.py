"""The event log: everything that was applied, once, in ids and codes, never changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args
from uuid import UUID

import asyncpg
import pytest

from services.analytics.consumers import CONSUMERS, remember
from services.analytics.core.log import KEPT, STAND_INS, whole
from services.analytics.store import log
from shared import apply
from shared.breaker import Breaker
from shared.clock import WallClock
from shared.events import Event, ParticipantJoined, WorkingHours
from shared.inbox import Record
from shared.service import InBatches
from shared.tx import Bell, Door, Tx, transaction
from tests import infra
from tests.integration.analytics.builders import (
    continued,
    erased,
    flagged,
    forgotten,
    invited,
    made,
    paused_resumed_left,
)
from tests.integration.analytics.half_year import half_year, records

KINDS = {kind.topic(): kind for kind in CONSUMERS}
EARS = apply.Ears.of("analytics", CONSUMERS, remember)
CANARY = "Zzcanary"


@pytest.fixture
async def door(door: infra.MakeDoor) -> Door:
    return await door("analytics")


async def hear(door: Door, told: Iterable[Record], ears: apply.Ears = EARS) -> Sequence[str]:
    return (await apply.apply_batch(door, ears, tuple(told), Breaker())).outcomes


async def logged(door: Door) -> list[Mapping[str, Any]]:
    rows = await door.pool.fetch("SELECT event_id, topic, payload FROM event_log ORDER BY event_id")
    return [{**dict(row), "payload": json.loads(row["payload"])} for row in rows]


async def test_every_applied_event_is_logged_once_with_its_facts(door: Door) -> None:
    told = records(half_year(1, weeks=10))
    await hear(door, told)
    await hear(door, told[:50])
    found = await logged(door)
    assert [row["event_id"] for row in found] == [UUID(dict(one.headers)["ce_id"].decode()) for one in told]
    assert len(found) == len(told) == await door.pool.fetchval("SELECT count(*) FROM inbox")


async def test_what_fails_is_not_logged_and_what_is_released_is(door: Door) -> None:
    """Also in the careful way, event by event, and out of `parked`: log and facts are one savepoint."""
    sick: list[bool] = [True]

    async def on_matches_made(events: Sequence[Event], tx: Tx) -> None:
        handler = CONSUMERS[type(events[0])]
        assert isinstance(handler, InBatches)
        await handler.handle(events, tx)
        if sick:
            raise ValueError("not today")

    told = records([made("Ada", "Max"), invited("Ada")])
    ears = apply.Ears.of(
        "analytics", {**CONSUMERS, type(made("Ada", "Max")): InBatches(on_matches_made)}, remember
    )
    assert await hear(door, told, ears) == ("failed", "applied")
    assert [row["topic"] for row in await logged(door)] == ["participant-invited"]
    sick.clear()
    await door.pool.execute("UPDATE parked SET next_attempt_at = now()")
    assert await apply.retry_heads(door, ears, early_too=False) == 1
    assert {row["topic"] for row in await logged(door)} == {"participant-invited", "match-made"}
    async with transaction(door) as tx:
        assert await log.unlogged(tx.conn, 10) == []


async def test_the_service_may_add_to_the_log_and_not_change_it(door: Door) -> None:
    await hear(door, records([invited("Ada")]))
    assert await door.pool.fetchval("SELECT make_event_log_partitions(2)") == 2
    tables = await door.pool.fetch(
        "SELECT relname FROM pg_class WHERE relname ~ '^event_log' AND relkind IN ('r', 'p')"
    )
    assert len(tables) == 4
    for table in tables:
        for forbidden in ("UPDATE {} SET key = ''", "DELETE FROM {}", "TRUNCATE {}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await door.pool.execute(forbidden.format(table["relname"]))


async def test_months_of_the_log_are_made_ahead_and_old_ones_dropped_where_it_is_told(
    database: infra.MakeDatabase, topic_prefix: str
) -> None:
    store = await database("analytics")
    pool = await infra.connect(store.dsn)
    door = Door("analytics", pool, WallClock(), Bell(), topic_prefix)
    owner = await asyncpg.connect(store.owner_dsn)
    try:
        await owner.execute(
            "CREATE TABLE event_log_202001 PARTITION OF event_log"
            " FOR VALUES FROM (first_event_id('2020-01-01')) TO (first_event_id('2020-02-01'))"
        )
    finally:
        await owner.close()
    async with transaction(door) as tx:
        await log.make_months(tx.conn, 2)
        await log.make_months(tx.conn, 2)
        assert await log.begins(tx.conn) is None
        await log.drop_months(tx.conn, 12)
        assert await log.begins(tx.conn) is not None
    assert await door.pool.fetchval("SELECT to_regclass('event_log_202001')") is None
    with pytest.raises(asyncpg.RaiseError, match="keep at least 1"):
        await door.pool.execute("SELECT drop_event_log_partitions(0)")
    pool.terminate()


async def test_processes_that_make_the_same_months_at_once_wait_for_each_other(door: Door) -> None:
    async def make() -> None:
        async with transaction(door) as tx:
            await log.make_months(tx.conn, 6)

    await asyncio.gather(*(make() for _ in range(4)))
    assert await door.pool.fetchval(
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'event_log'::regclass"
    ) == (1 + 6)


def test_the_log_says_of_every_event_what_it_keeps_and_no_name_is_among_it() -> None:
    assert set(KEPT) == {kind.topic() for kind in CONSUMERS}
    for kind in CONSUMERS:
        topic = kind.topic()
        left_out = set(kind.model_fields) - set(KEPT[topic])
        assert set(KEPT[topic]) <= set(kind.model_fields), topic
        assert left_out == set(STAND_INS.get(topic, {})), topic
    assert set(KEPT["person-changed"]) == {"at", "person_id", "version", "status"}


async def test_U15_no_name_and_no_mail_enters_the_log(door: Door) -> None:
    """Every text that the log does not keep on purpose is a canary, and none of them is found."""
    told = [with_canaries(event) for event in one_of_each()]
    assert {type(event) for event in told} == set(CONSUMERS)
    await hear(door, records(told))
    assert len(await logged(door)) == len(told)
    dumps = await door.pool.fetchval("SELECT string_agg(to_jsonb(l)::text, ' ') FROM event_log l")
    assert CANARY not in dumps
    cards = await door.pool.fetchval("SELECT string_agg(to_jsonb(p)::text, ' ') FROM person p")
    assert CANARY in cards  # the canary is alive: the card, for lists, has the name


def one_of_each() -> list[Event]:
    kinds: dict[type[Event], Event] = {}
    late = [continued("ana", "tom", at=200), flagged("ana", "tom", at=20), erased("ana", at=300)]
    late.append(forgotten("ana", at=301))
    for event in [*half_year(1, weeks=26), *paused_resumed_left("ana"), *late]:
        kinds.setdefault(type(event), event)
    return list(kinds.values())


def with_canaries(event: Event) -> Event:
    """The event with a canary in every text that is not a code which the log keeps."""
    kept = KEPT[event.topic()]
    texts = {
        name: f"{CANARY} {name}"
        for name, field in type(event).model_fields.items()
        if name not in kept and str in (field.annotation, *get_args(field.annotation)) and name != "time_zone"
    }
    if isinstance(event, ParticipantJoined):
        hours = WorkingHours(weekday=1, starts="09:00", ends="17:00")
        return event.model_copy(update={"hours": (hours,), "languages": (CANARY,)})
    return event.model_copy(update=texts)


async def test_an_event_is_whole_again_when_it_is_read_back(door: Door) -> None:
    told = half_year(1, weeks=6)
    await hear(door, records(told))
    async with transaction(door) as tx:
        back = [one async for page in log.read(tx.conn, None, rows=100) for one in page]
    parsed = {one.event_id: KINDS[one.topic].model_validate(whole(one)) for one in back}
    assert len(parsed) == len(told)
    for event, one in zip(told, sorted(parsed), strict=True):
        stand_ins = {name: getattr(parsed[one], name) for name in STAND_INS.get(event.topic(), {})}
        assert parsed[one] == event.model_copy(update=stand_ins)
