"""Kafka → inbox → handlers. Offsets are committed after the store and are only a hint.

The loop's shape is the one that loses nothing across rebalances: never hold the lock around `getmany`; a
batch fetched before a revocation is dropped (the new owner reads it again); commits name their offsets; a
refused commit is logged, because the inbox drops what comes again. What is committed is never taken from the
client's own position while records are in hand: that runs ahead of what was applied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from shared import apply, crash, inbox, log, membership
from shared.breaker import Breaker
from shared.errors import Transient
from shared.inbox import Record
from shared.progress import Progress
from shared.relay import stop_quietly
from shared.settings import Settings
from shared.tx import AWAY, Door, transaction
from shared.waiting import pause, until

FETCH_MS = 300
RETRY_S = (0.05, 0.2, 0.5, 1.0, 2.0)
LOOK_ASIDE_S = 1.0
POSITION_TIMEOUT_S = 0.5
STATE_TIMEOUT_S = 10.0


class Listening(ConsumerRebalanceListener):
    """One membership in the service's group: what was applied and not yet committed, and rebalances.

    `reread_at` is the time of the last wish for a replay that was followed, or was older than the membership.
    """

    def __init__(self, door: Door, ears: apply.Ears, settings: Settings, progress: Progress) -> None:
        self.door, self.ears, self.settings, self.progress = door, ears, settings, progress
        self.lock = asyncio.Lock()
        self.revoking = False
        self.done: dict[TopicPartition, int] = {}
        self.reread_at: datetime | None = None
        self.breaker = Breaker()
        self.consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka,
            group_id=membership.group_of(settings),
            group_instance_id=membership.instance_of(settings, settings.replica),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=settings.batch_records_max,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=1_000,
            max_poll_interval_ms=60_000,
            request_timeout_ms=15_000,
        )

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self.revoking = True
        async with crash.within("revoke.lock", self.lock):
            done = {tp: at for tp, at in self.done.items() if tp in set(revoked)}
            await crash.around("revoke.offsets", self.commit(done))
            for tp in revoked:
                self.done.pop(tp, None)
                self.progress.forget(tp.topic, tp.partition)

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self.revoking = False

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commits named offsets; a refusal only means that some records come again."""
        if not offsets:
            return
        try:
            await crash.around("offsets.commit", asyncio.wait_for(self.consumer.commit(dict(offsets)), 10))
        except (KafkaError, TimeoutError) as error:
            log.info("offset-commit", outcome="refused", error=type(error).__name__)

    def record_of(self, raw: Any) -> Record:
        key = (
            raw.key.decode("utf-8", "replace").replace("\0", "\ufffd")
            if raw.key
            else f"@{raw.partition}/{raw.offset}"
        )
        return Record(
            topic=raw.topic.removeprefix(self.settings.topic_prefix),
            partition=raw.partition,
            offset=raw.offset,
            key=key,
            headers=tuple(raw.headers)
            if all(map(itemgetter(1), raw.headers))
            else tuple((name, value or b"") for name, value in raw.headers),
            value=raw.value,
            time=datetime.fromtimestamp(raw.timestamp / 1000, UTC),
        )


async def run(
    door: Door, ears: apply.Ears, settings: Settings, progress: Progress, *, stopping: asyncio.Event
) -> None:
    """Listens until `stopping` is set; a broken membership is made anew."""
    await crash.around("consumer.begin", until(door.clock.started(), stopping))
    while not stopping.is_set():
        listening = Listening(door, ears, settings, progress)
        try:
            topics = [settings.topic_prefix + topic for topic in ears.kinds]
            listening.consumer.subscribe(topics, listener=listening)
            await crash.around("consumer.start", asyncio.wait_for(listening.consumer.start(), 30))
            await _listen(listening, stopping)
        except (KafkaError, OSError) as error:
            log.warning(
                "consumer", service=door.service, outcome="retry", error=f"{type(error).__name__}: {error}"
            )
            await crash.around("consumer.back-off", pause(1.0, stopping))
        finally:
            await crash.around("consumer.stop", stop_quietly(listening.consumer))


async def _listen(listening: Listening, stopping: asyncio.Event) -> None:
    state = await _read_state(listening)
    listening.reread_at = state.replay_requested_at if state else None
    await _halt_while_stopped(listening, state, stopping)
    looked_at = 0.0
    loop = asyncio.get_running_loop()
    while not stopping.is_set():
        fetched = await crash.around("consumer.fetch", listening.consumer.getmany(timeout_ms=FETCH_MS))
        with _before_looking_aside(listening.progress):
            async with crash.within("consumer.lock", listening.lock):
                if listening.revoking:
                    continue
                applied = bool(fetched) and await _take(listening, fetched, stopping)
            looks = applied or loop.time() - looked_at > LOOK_ASIDE_S
            if looks:
                looked_at = loop.time()
                state = await _look_aside(listening, early_too=applied)
        if looks:
            await _halt_while_stopped(listening, state, stopping)


@contextmanager
def _before_looking_aside(progress: Progress) -> Iterator[None]:
    """What is applied may let an event go on that came early: nothing is done before that was tried."""
    progress.aside += 1
    try:
        yield
    finally:
        progress.aside -= 1


async def _take(listening: Listening, fetched: Mapping[TopicPartition, Any], stopping: asyncio.Event) -> bool:
    """Applies what was fetched and commits its offsets; returns whether anything was applied."""
    story = {
        listening.settings.topic_prefix + topic: place for place, topic in enumerate(listening.ears.kinds)
    }
    parts = sorted(fetched, key=lambda tp: (story[tp.topic], tp.partition))
    records = [listening.record_of(raw) for tp in parts for raw in fetched[tp]]
    for tp in parts:  # the client's position is behind these by now: nobody may take it for what is done
        listening.done.setdefault(tp, fetched[tp][0].offset)
    outcome = await _apply_until_done(listening, records, stopping)
    if outcome is None:
        return False  # the partitions go or the process ends: the next owner reads the batch again
    handled = len(outcome.outcomes)
    for tp in parts:
        count = len(fetched[tp])
        taken, handled = min(count, handled), max(0, handled - count)
        if taken:
            listening.done[tp] = fetched[tp][taken - 1].offset + 1
            listening.progress.applied(tp.topic, tp.partition, listening.done[tp])
        if taken < count:
            listening.consumer.seek(tp, fetched[tp][taken].offset)
    await crash.around("batch.offsets", listening.commit({tp: listening.done[tp] for tp in parts}))
    if listening.breaker.trips(()):
        await _stop(listening, stopping)
    return "applied" in outcome.outcomes


async def _apply_until_done(
    listening: Listening, records: Sequence[Record], stopping: asyncio.Event
) -> apply.Applied | None:
    """Tries again while the store is away; None when the partitions go or the process ends first."""
    attempt = 0
    while not (listening.revoking or stopping.is_set()):
        try:
            return await apply.apply_batch(listening.door, listening.ears, records, listening.breaker)
        except Transient as error:
            log.warning("apply", service=listening.door.service, outcome="retry", error=str(error))
            await _rest(attempt, stopping)
            attempt += 1
    return None


async def _rest(attempt: int, stopping: asyncio.Event) -> None:
    await crash.around("store.again", pause(RETRY_S[min(attempt, len(RETRY_S) - 1)], stopping))


async def _note_positions(listening: Listening) -> None:
    """Keeps `/quiet` and the lag true, also for partitions from which nothing came."""
    lag = 0
    for tp in listening.consumer.assignment():
        if tp not in listening.done:
            try:
                asking = asyncio.wait_for(listening.consumer.position(tp), POSITION_TIMEOUT_S)
                at = await crash.around("aside.position", asking)
            except (TimeoutError, KafkaError):
                continue
            listening.done[tp] = at
            listening.progress.applied(tp.topic, tp.partition, at)
        end = listening.consumer.highwater(tp)
        lag += max(0, end - listening.done[tp]) if end is not None else 0
    listening.progress.lag = lag


async def _read_state(listening: Listening) -> inbox.ConsumerState | None:
    """The stop, the wish for a replay and whether anything is parked; None while the store is away."""
    try:
        reading = asyncio.wait_for(inbox.consumer_state(listening.door.pool), STATE_TIMEOUT_S)
        return await crash.around("state.read", reading)
    except AWAY as error:
        log.warning("consumer-state", service=listening.door.service, outcome="retry", error=str(error))
        return None


async def _look_aside(listening: Listening, *, early_too: bool) -> inbox.ConsumerState | None:
    """Positions, parked events, a wish for a replay; returns what it saw."""
    async with crash.within("aside.lock", listening.lock):
        if not listening.revoking:
            await _note_positions(listening)
    state = await _read_state(listening)
    if state is None:
        return None
    if state.parked:
        await _retry_parked(listening, early_too=early_too)
    if state.replay_requested_at is None or state.replay_requested_at == listening.reread_at:
        return state
    async with crash.within("replay.lock", listening.lock):
        if not listening.revoking:
            seeking = listening.consumer.seek_to_beginning(*listening.consumer.assignment())
            await crash.around("replay.seek", seeking)
            listening.done.clear()
    listening.reread_at = state.replay_requested_at
    log.info("reread", service=listening.door.service, outcome="from the beginning")
    return state


async def _retry_parked(listening: Listening, *, early_too: bool) -> None:
    """Tries parked heads until nothing more is released."""
    try:
        while await apply.retry_heads(listening.door, listening.ears, early_too=early_too):
            continue
    except Transient as error:
        log.warning("retry-parked", service=listening.door.service, outcome="retry", error=str(error))


async def _stop(listening: Listening, stopping: asyncio.Event) -> None:
    """Stops all consumers of the service; a store that is away is no reason to go on."""
    reason = "too many events failed (20 of the last 100, or 50 in a row): mend the cause, then resume"
    attempt = 0
    while not stopping.is_set():
        try:
            async with transaction(listening.door, "stop") as tx:
                await crash.around("stop.write", inbox.stop(tx.conn, reason))
            break
        except Transient as error:
            log.warning("breaker", service=listening.door.service, outcome="retry", error=str(error))
            await _rest(attempt, stopping)
            attempt += 1
    log.error("breaker", service=listening.door.service, outcome="stopped")


async def _halt_while_stopped(
    listening: Listening, state: inbox.ConsumerState | None, stopping: asyncio.Event
) -> None:
    """While the breaker's stop stands, partitions are kept and heartbeats go on, but nothing is read.

    A store that is away in the meantime lifts no stop. What a new assignment hands out before it is paused is
    put back, else it would be passed over.
    """
    halted, by = False, None
    while not stopping.is_set():
        if not (halted if state is None else state.stopped_reason):
            by = state.resumed_by if state else None
            break
        halted = True
        listening.consumer.pause(*listening.consumer.assignment())
        came = await crash.around("halt.fetch", listening.consumer.getmany(timeout_ms=FETCH_MS))
        _put_back(listening, came)
        async with crash.within("halt.lock", listening.lock):
            if not listening.revoking:
                await _note_positions(listening)
        await crash.around("halt.pause", pause(LOOK_ASIDE_S, stopping))
        state = await _read_state(listening)
    if halted and not stopping.is_set():
        log.info("breaker", service=listening.door.service, outcome="resumed", by=by)
        listening.breaker.reset()
        listening.consumer.resume(*listening.consumer.assignment())


def _put_back(listening: Listening, fetched: Mapping[TopicPartition, Any]) -> None:
    for tp in listening.consumer.assignment() & fetched.keys():
        listening.consumer.seek(tp, fetched[tp][0].offset)
