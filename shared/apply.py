"""Applies heard records to the store: one transaction per batch, each event's effects once.

Decode, drop what is known, hold back keys that halt, hand the rest to the handlers. If a handler fails, the
batch is rolled back and done again event by event in savepoints: the failing event is parked in the same
transaction as the effects of the others.

Two processes may hold the same records: a paused one wakes up and does not know that its partitions have a
new owner. Each transaction locks the partitions whose records it applies, so the second one finds what the
first one did, also what it parked, and the events of a key take effect in their order.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from shared import crash, envelope, inbox, log
from shared.breaker import Breaker, Outcome
from shared.errors import Early, Transient
from shared.events import Event, parse_event
from shared.inbox import Heard, Record
from shared.outbox import Said
from shared.service import Feed, Handler, InBatches, Listener
from shared.tx import Door, Tx, is_broken, transaction

RETRIED_AT_ONCE = 100


@dataclass(frozen=True)
class Unreadable:
    """A record that is not."""

    record: Record
    error: str


@dataclass(frozen=True)
class Applied:
    """What became of the records, in order, as far as the batch was taken."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Ears:
    """Which events a service hears, by topic, who handles them, and who is told of what was applied.

    `readers` are of the topics on which others speak; there each record stands alone, whatever its key is.
    """

    service: str
    kinds: Mapping[str, type[Event]]
    handlers: Mapping[type[Event], Handler]
    heard: Listener | None = None
    readers: Mapping[str, Callable[[Record], Heard]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        service: str,
        handlers: Mapping[type[Event], Handler],
        heard: Listener | None = None,
        *,
        feeds: Sequence[Feed] = (),
    ) -> Ears:
        kinds = {kind.topic(): kind for kind in handlers} | {feed.topic: feed.kind for feed in feeds}
        handled = {**handlers, **{feed.kind: feed.handle for feed in feeds}}
        return cls(service, kinds, handled, heard, {feed.topic: feed.read for feed in feeds})


def decode(ears: Ears, record: Record) -> Heard | Unreadable:
    """Reads one record; whatever is wrong with it becomes the reason of an Unreadable."""
    kind = ears.kinds[record.topic]
    if record.topic in ears.readers:
        record = record._replace(key=f"@{record.partition}/{record.offset}")
    try:
        if record.topic in ears.readers:
            return ears.readers[record.topic](record)
        if record.value is None and kind.tombstone in ears.handlers:
            return _tombstone(kind, record)
        attributes, payload = envelope.from_record(record.headers, record.value)
        _refuse_other_types(attributes, kind)
        return Heard(record, attributes, parse_event(kind, payload))
    except envelope.Malformed as error:
        return Unreadable(record, str(error))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'value'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)[:10]
        )
        return Unreadable(record, f"not a valid {kind.__name__}: {faults}")


def _tombstone(kind: type[Event], record: Record) -> Heard:
    """Where a key is to be forgotten, that is heard as the event which says so with words."""
    assert kind.tombstone is not None
    attributes = envelope.of_tombstone(record.headers)
    _refuse_other_types(attributes, kind)
    said = {kind.tombstone.key_field: record.key, "at": attributes.time}
    return Heard(record, attributes, kind.tombstone.model_validate(said))


def _refuse_other_types(attributes: envelope.Envelope, kind: type[Event]) -> None:
    expected = envelope.type_of(kind.topic(), kind.version_of_schema)
    if attributes.type != expected:
        raise envelope.Malformed(f"the type is {attributes.type!r}, this topic carries {expected!r}")


async def apply_batch(door: Door, ears: Ears, records: Sequence[Record], breaker: Breaker) -> Applied:
    """Applies records in order as far as the breaker lets it: there may be fewer outcomes than records.

    Raises Transient where the store has to be tried again.
    """
    decoded = [decode(ears, record) for record in records]
    if all(isinstance(one, Heard) for one in decoded):
        try:
            async with transaction(door, "batch") as tx:
                applied = await _all_together(tx, ears, [one for one in decoded if isinstance(one, Heard)])
            breaker.trips(applied.outcomes)
            return applied
        except Transient:
            raise
        except Exception as error:
            log.info("batch-replayed", service=ears.service, events=len(decoded), error=type(error).__name__)
    counted = breaker.trial()
    async with transaction(door, "careful") as tx:
        applied = await _one_by_one(tx, ears, decoded, counted)
    breaker.adopt(counted)
    return applied


class _Halted(Exception):
    """Some event of the batch is parked or has to wait: the careful way decides."""


async def _all_together(tx: Tx, ears: Ears, batch: Sequence[Heard]) -> Applied:
    await crash.around("batch.lock", inbox.lock_partitions(tx.conn, [h.record for h in batch]))
    rows = [(h.envelope.id, h.envelope.sequence, h.record) for h in batch]
    fresh = await crash.around("batch.admit", inbox.admit_unparked(tx.conn, rows))
    if fresh is None:
        raise _Halted
    todo = []
    outcomes: list[Outcome] = []
    for one in batch:
        outcomes.append("applied" if one.envelope.id in fresh else "repeated")
        if one.envelope.id in fresh:
            fresh.discard(one.envelope.id)
            todo.append(one)
    for run in _runs(ears, todo):
        await _handle(tx, ears, run)
    await _tell(tx, ears, todo)
    return Applied(tuple(outcomes))


def _runs(ears: Ears, todo: Sequence[Heard]) -> list[list[Heard]]:
    """Neighbours of one topic with a batch handler stay together, everything else is alone."""
    runs: list[list[Heard]] = []
    for one in todo:
        together = isinstance(ears.handlers[type(one.event)], InBatches)
        if together and runs and type(runs[-1][0].event) is type(one.event):
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


async def _handle(tx: Tx, ears: Ears, run: Sequence[Heard]) -> None:
    handler = ears.handlers[type(run[0].event)]
    tx.cause = run[0].envelope
    token = envelope.TRACE.set(run[0].envelope.trace)
    began = time.monotonic()
    try:
        if isinstance(handler, InBatches):
            await crash.around("handle.many", handler.handle([one.event for one in run], tx))
        else:
            await crash.around("handle.one", handler(run[0].event, tx))
        milliseconds = round((time.monotonic() - began) * 1000, 1)
        log.info(
            "heard",
            topic=run[0].record.topic,
            event=str(run[0].envelope.id),
            events=len(run),
            ms=milliseconds,
        )
    finally:
        tx.cause = None
        envelope.TRACE.reset(token)


async def _tell(tx: Tx, ears: Ears, applied: Sequence[Heard]) -> None:
    """Tells who wants to know of everything that was applied, in the same transaction."""
    if applied and ears.heard is not None:
        await crash.around("handle.heard", ears.heard(applied, tx))


async def _one_by_one(tx: Tx, ears: Ears, batch: Sequence[Heard | Unreadable], breaker: Breaker) -> Applied:
    records = [one.record for one in batch]
    await crash.around("careful.lock", inbox.lock_partitions(tx.conn, records))
    keys = {(record.topic, record.key) for record in records}
    halted = await crash.around("careful.halted", inbox.halted(tx.conn, keys))
    known = await crash.around("careful.known", inbox.known_parked(tx.conn, records))
    outcomes: list[Outcome] = []
    for one in batch:
        record = one.record
        if (record.topic, record.partition, record.offset) in known:
            outcomes.append("repeated")
            continue
        outcome = await _one(tx, ears, one, behind=(record.topic, record.key) in halted)
        outcomes.append(outcome)
        if outcome in ("failed", "waiting"):
            halted.add((record.topic, record.key))
        if breaker.trips([outcome]):
            break
    return Applied(tuple(outcomes))


async def _one(tx: Tx, ears: Ears, one: Heard | Unreadable, *, behind: bool) -> Outcome:
    if isinstance(one, Unreadable):
        await _park(tx, one, "unreadable", one.error)
        log.warning("event-parked", service=ears.service, topic=one.record.topic, state="unreadable")
        # What others write says nothing about our code: it must not stop the consumer.
        return "waiting" if one.record.topic in ears.readers else "failed"
    if await crash.around("careful.repeated", inbox.is_known(tx.conn, one.envelope.id)):
        return "repeated"
    if behind:
        await _park(tx, one, "behind", "waits behind an earlier event of its key")
        return "waiting"
    trouble = await try_one(tx, ears, one)
    if trouble is None:
        return "applied"
    state, error = trouble
    await _park(tx, one, state, error)
    log.warning("event-parked", service=ears.service, topic=one.record.topic, state=state, error=error)
    return "waiting" if state == "early" else "failed"


async def _park(tx: Tx, one: Heard | Unreadable, state: inbox.State, error: str) -> None:
    event_id = one.envelope.id if isinstance(one, Heard) else None
    parking = inbox.park(tx.conn, one.record, event_id=event_id, state=state, error=error)
    await crash.around("careful.park", parking)


async def try_one(tx: Tx, ears: Ears, one: Heard) -> tuple[inbox.State, str] | None:
    """Applies one event in a savepoint, unless it was applied before; returns what went wrong with it.

    What the handler says is written within the savepoint, so that what cannot be said fails there as well.
    """
    row = (one.envelope.id, one.envelope.sequence, one.record)
    try:
        async with crash.within("try", tx.savepoint()):
            if await crash.around("try.admit", inbox.admit(tx.conn, [row])):
                await _handle(tx, ears, [one])
                await _tell(tx, ears, [one])
                await crash.around("try.flush", tx.flush())
    except Early as early:
        return "early", str(early)
    except Exception as error:
        if isinstance(error, Transient) or is_broken(error, tx.conn):
            raise
        return "failed", f"{type(error).__name__}: {error}"
    return None


async def retry_heads(door: Door, ears: Ears, *, early_too: bool) -> int:
    """Tries parked heads that are due and releases what waited behind them. Returns how many were applied."""
    released = 0
    async with transaction(door, "retry") as tx:
        heads = inbox.due_heads(tx.conn, RETRIED_AT_ONCE, early_too=early_too)
        for row in await crash.around("retry.heads", heads):
            released += await _retry(tx, ears, row)
    return released


async def _retry(tx: Tx, ears: Ears, row: Mapping[str, Any]) -> int:
    record = inbox.record_of(row)
    one = (
        decode(ears, record) if record.topic in ears.kinds else Unreadable(record, "nobody hears this topic")
    )
    if isinstance(one, Unreadable):
        trouble: tuple[inbox.State, str] | None = ("unreadable", one.error)
    else:
        trouble = await try_one(tx, ears, one)
    if trouble is None:
        await crash.around("retry.unpark", inbox.unpark(tx.conn, row["id"]))
        log.info("event-released", service=ears.service, topic=record.topic, parked=row["id"])
        return 1
    state, error = trouble
    if state == row["state"] == "early" and not row["due"]:
        # Asked out of turn, because others had news: that brings the end of its patience no nearer.
        return 0
    attempts = row["attempts"] + 1
    if attempts > len(inbox.RETRY_AFTER_S):
        state = "dead"
        tx.say(_dead_letter(ears.service, record, row, error))
    postponing = inbox.postpone(tx.conn, row["id"], state=state, error=error, attempts=attempts)
    await crash.around("retry.postpone", postponing)
    return 0


def _dead_letter(service: str, record: Record, row: Mapping[str, Any], error: str) -> Said:
    """The announcement of an event that was given up: where it is, never what was in it."""
    body = {
        "event_id": str(row["event_id"]) if row["event_id"] else None,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "error": error.split(":", 1)[0],
    }
    return Said(
        id=envelope.new_id(),
        topic=f"{service}.dead-letter",
        key=record.key,
        type="mentoring.dead-letter.v1",
        source=f"/mentoring/{service}",
        time=record.time,
        trace=envelope.TRACE.get() or envelope.new_trace(),
        payload=json.dumps(body).encode(),
    )
