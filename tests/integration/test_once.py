"""U5: whatever crashes, comes again or comes in another order across topics, a service ends up with the same.

A recorded company is delivered once, in the order of time; and to another store every event twice, topics
interleaved by chance (the order within a key is kept, as Kafka keeps it), with crashes in mid-batch.
"""

from __future__ import annotations

import os
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from services.analytics import consumers as analytics
from services.notifications import consumers as notifications
from services.scheduling import consumers as scheduling
from shared import apply
from shared.breaker import Breaker
from shared.errors import Transient
from shared.events import Event
from shared.inbox import Record
from shared.service import Handler, InBatches
from shared.tx import Door, Tx
from tests import infra
from tests.integration.analytics.half_year import half_year, records

CRASHES = 0.1
CRASHES_MAX = 30
CONSUMERS: Mapping[str, Mapping[type[Event], Handler]] = {
    "scheduling": scheduling.CONSUMERS,
    "notifications": notifications.CONSUMERS,
    "analytics": analytics.CONSUMERS,
}
WITHOUT = ["id", "created_at", "answer_id", "traceparent", "correlation_id"]
"""Columns that are drawn anew in every store, or tell how an effect came about."""
EFFECTS: Mapping[str, Mapping[str, str]] = {
    "scheduling": dict.fromkeys(
        ("person", "programme", "participation", "absence", "agreement", "booking"), "true"
    ),
    # what is owed counts: that a mail was withdrawn again is the same as that it was never owed
    "notifications": {
        "person": "true",
        "programme": "true",
        "pair": "true",
        "absence": "true",
        "meeting": "true",
        "message": "state = 'waiting'",
    },
    "analytics": dict.fromkeys(
        (
            *("programme", "person", "person_status", "invitation", "participant", "matching_run", "waiting"),
            *("participation_state", "match_flag"),
            *("match", "agreement", "session", "session_plan", "feedback", "message", "event_log"),
        ),
        "true",
    ),
}


@dataclass
class Fate:
    """Decides when the process crashes, and no more than so often."""

    chance: random.Random
    left: int = CRASHES_MAX

    def strike(self) -> None:
        if self.left and self.chance.random() < CRASHES:
            self.left -= 1
            raise Transient("the process is gone")


def crashing(handler: Handler, fate: Fate) -> Handler:
    """A handler that sometimes takes the process with it, before or after its work: all is rolled back."""

    async def in_batches(events: Sequence[Any], tx: Tx) -> None:
        fate.strike()
        if isinstance(handler, InBatches):
            await handler.handle(events, tx)
        else:
            await handler(events[0], tx)
        fate.strike()

    async def one_by_one(event: Any, tx: Tx) -> None:
        await in_batches([event], tx)

    return InBatches(in_batches) if isinstance(handler, InBatches) else one_by_one


async def deliver(door: Door, ears: apply.Ears, batches: Sequence[Sequence[Record]]) -> None:
    """As the consumer does it: a batch until it is applied, then what came early is tried again."""
    for batch in batches:
        await _until_done(lambda batch=batch: apply.apply_batch(door, ears, batch, Breaker()))  # type: ignore[misc]
        while await _until_done(lambda: apply.retry_heads(door, ears, early_too=True)):
            continue
    left = await door.pool.fetch("SELECT state, error FROM parked")
    assert [tuple(row) for row in left] == []


async def _until_done(work: Any) -> Any:
    for _ in range(CRASHES_MAX + 1):
        try:
            return await work()
        except Transient:
            continue
    raise AssertionError("crashed more often than fate allows")


def shuffled(told: Sequence[Record], chance: random.Random) -> list[list[Record]]:
    """Everything twice, in any order that keeps the order within a key; in batches of any size."""
    queues: dict[tuple[str, str], deque[Record]] = {}
    for one in told:
        queues.setdefault((one.topic, one.key), deque()).append(one)
    mixed: list[Record] = []
    while queues:
        place = chance.choice(list(queues))
        mixed.append(queues[place].popleft())
        if not queues[place]:
            del queues[place]
    twice = [(float(place), one) for place, one in enumerate(mixed)]
    twice += [(chance.uniform(place, len(mixed)), one) for place, one in twice]
    return cut([one for _, one in sorted(twice, key=lambda found: found[0])], chance)


def cut(told: Sequence[Record], chance: random.Random) -> list[list[Record]]:
    batches, start = [], 0
    while start < len(told):
        size = chance.choice((1, 5, 40, 200))
        batches.append(list(told[start : start + size]))
        start += size
    return batches


async def effects(door: Door, service: str) -> dict[str, list[str]]:
    found = {}
    for table, where in EFFECTS[service].items():
        rows = await door.pool.fetch(
            f"SELECT (to_jsonb(t) - $1::text[])::text AS row FROM {table} t WHERE {where} ORDER BY 1", WITHOUT
        )
        found[table] = [row["row"] for row in rows]
    return found


@pytest.mark.parametrize("service", list(CONSUMERS))
async def test_U5_effects_happen_once_under_crash_redelivery_and_reorder(
    door: infra.MakeDoor, service: str
) -> None:
    seed = int(os.environ.get("U5_SEED") or random.SystemRandom().randrange(10**6))
    print(f"U5_SEED={seed}")
    chance, handlers = random.Random(seed), CONSUMERS[service]
    heard = {kind.topic() for kind in handlers}
    told = [one for one in records(half_year(3, weeks=9)) if one.topic in heard]
    hook = analytics.remember if service == "analytics" else None
    in_order, otherwise = await door(service), await door(service)
    await deliver(in_order, apply.Ears.of(service, handlers, hook), cut(told, random.Random(1)))
    fate = Fate(chance)
    fragile = {kind: crashing(handler, fate) for kind, handler in handlers.items()}
    await deliver(otherwise, apply.Ears.of(service, fragile, hook), shuffled(told, chance))
    wanted, found = await effects(in_order, service), await effects(otherwise, service)
    for table, rows in wanted.items():
        more, less = set(found[table]) - set(rows), set(rows) - set(found[table])
        assert (sorted(more), sorted(less)) == ([], []), f"{table} differs: repeat it with U5_SEED={seed}"
        assert len(found[table]) == len(rows), f"{table} differs: repeat it with U5_SEED={seed}"
    assert any(wanted.values())
    assert fate.left < CRASHES_MAX
