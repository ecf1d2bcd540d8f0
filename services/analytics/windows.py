"""The live worker: events per topic in windows of ten seconds of record (wall) time, counted by Faust.

It runs as a process of its own (`python -m services.analytics live`), exactly one of them, and only writes
the table `live_window`; the console reads that table and never talks to Faust. Nothing here is the only copy
of a number: SQL counts closed windows again from what was applied.

Faust counts an event as read even when its agent raised, and drops every event, silently, when a table's
partitions are not those of its topics. So: nothing rises out of the agent, one agent task, the memory store,
as many partitions as the topics have, and raw records that are read inside a `try`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import ValidationError

from services.analytics.core.live import WINDOW_S, Window
from services.analytics.settings import Settings
from services.analytics.store import live as store
from shared import envelope, log, run
from shared.events import EVENTS, Event, parse_event
from shared.service import Service
from shared.topics import PARTITIONS, REPLICAS_MAX
from shared.tx import AWAY, Pool

TABLE = "windows"
CHANGELOG = {"cleanup.policy": "compact,delete"}
FLUSH_S = 1.0
STOP_TIMEOUT_S = 5.0
ABANDON_AFTER_S = 1.5
POLL_S = 0.5


async def live(service: Service) -> int:
    """Counts until SIGTERM or SIGINT. Returns the exit code; 1 when Faust gave up."""
    settings = service.settings
    assert isinstance(settings, Settings)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with run.open_pool(settings, stopping) as pool:
        await make_changelog(settings)
        app = build(settings, pool)
        log.info("live", outcome="started")
        try:
            await _until_stopped(app, stopping)
        finally:
            code = 0 if stopping.is_set() else 1
            await _stop(app, code)
        log.info("live", outcome="stopped")
        return code


async def _until_stopped(app: faust.App, stopping: asyncio.Event) -> None:
    starting = asyncio.create_task(app.start())
    while not stopping.is_set() and not app.should_stop:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), POLL_S)
        if starting.done() and starting.exception() is not None:
            log.error("live", outcome="failed", error=repr(starting.exception()))
            return
    starting.cancel()


async def _stop(app: faust.App, code: int) -> None:
    """A broker that hangs holds Faust up for ever, also once it was cancelled. Then the process simply ends:
    that costs nothing, since nothing here is the only copy."""
    watchdog = threading.Timer(STOP_TIMEOUT_S + ABANDON_AFTER_S, os._exit, (code,))
    watchdog.daemon = True
    watchdog.start()
    await asyncio.wait([asyncio.create_task(app.stop())], timeout=STOP_TIMEOUT_S)


class _App(faust.App):
    def _create_directories(self) -> None:
        """None: the memory store keeps nothing on disk."""


async def make_changelog(settings: Settings) -> None:
    """Makes the topic of the table's changes, if it is not there.

    Faust would make it, too, but too late: what it knew of topics before lasts for five minutes, and a
    changelog without partitions counts as a mismatch until then.
    """
    name = f"{group(settings)}-{TABLE}-changelog"
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        await admin.start()
        replicas = min(REPLICAS_MAX, len((await admin.describe_cluster())["brokers"]))
        # one that exists already is no matter: it is answered, not raised
        await admin.create_topics([NewTopic(name, PARTITIONS, replicas, topic_configs=CHANGELOG)])
    finally:
        await admin.close()


def group(settings: Settings) -> str:
    return f"{settings.topic_prefix}analytics-live"


def build(settings: Settings, pool: Pool) -> faust.App:
    """The Faust app with its table, agent and timer. Must be called inside the loop it will run in."""
    app = _App(
        group(settings),
        broker=[f"kafka://{server}" for server in settings.kafka.split(",")],
        store="memory://",
        topic_partitions=PARTITIONS,
        topic_disable_leader=True,
        web_enabled=False,
        stream_wait_empty=False,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        # So long a group waits for a worker that dies while the partitions are being shared out.
        broker_rebalance_timeout=20.0,
    )
    kinds = {settings.topic_prefix + kind.topic(): kind for kind in EVENTS}
    table = app.Table(TABLE, default=int, partitions=PARTITIONS)
    counts = table.tumbling(float(WINDOW_S), expires=float(settings.live_memory_s))
    records = app.topic(
        *kinds,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=PARTITIONS,
        allow_empty=True,
    )
    _count(app, records, counts, kinds)
    _flush(app, counts.table, pool)
    return app


def _count(app: faust.App, records: Any, counts: Any, kinds: Mapping[str, type[Event]]) -> None:
    async def count(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            try:
                kind = kinds[message.topic]
                if message.value is None and kind.tombstone is not None:
                    envelope.of_tombstone(message.headers or ())
                else:
                    _, payload = envelope.from_record(message.headers or (), message.value)
                    parse_event(kind, payload)
            except (envelope.Malformed, ValidationError, KeyError) as error:
                log.warning("live", outcome="unreadable", topic=message.topic, error=type(error).__name__)
                continue
            # the partition is part of the key: changelogs of two partitions must not overwrite each other
            counts[f"{kind.topic()}/{message.partition}"] += 1

    app.agent(records, name="count", concurrency=1)(count)


def _flush(app: faust.App, table: Any, pool: Pool) -> None:
    written: dict[tuple[str, datetime], int] = {}

    async def flush() -> None:
        if app.rebalancing or app.in_recovery:
            return
        sums = _sums(table.items())
        news = [Window(*place, events) for place, events in sums.items() if written.get(place) != events]
        if not news:
            return
        try:
            async with pool.acquire(timeout=FLUSH_S) as conn:
                await store.put_counted(conn, news)  # type: ignore[arg-type]
        except AWAY as error:
            log.warning("live", outcome="retry", error=type(error).__name__)
            return
        written.clear()
        written.update(sums)

    app.timer(FLUSH_S)(flush)


def _sums(items: Iterable[tuple[tuple[str, tuple[float, float]], int]]) -> dict[tuple[str, datetime], int]:
    """Events by topic and window, over the partitions."""
    sums: dict[tuple[str, datetime], int] = {}
    for topic, start, events in _windows(items):
        sums[topic, start] = sums.get((topic, start), 0) + events
    return sums


def _windows(
    items: Iterable[tuple[tuple[str, tuple[float, float]], int]],
) -> Iterator[tuple[str, datetime, int]]:
    for (place, (start, _end)), events in items:
        yield place.rpartition("/")[0], datetime.fromtimestamp(start, UTC), events
