"""Carries outbox rows to Kafka, in order, with one leader per database.

The leader holds a session advisory lock on a connection of its own. A round reads the oldest rows, up
to a number and a size (the more there are, the more share its waits), sends at most one batch to each
partition, waits for every acknowledgement and deletes what was acknowledged. While a full round is on its way
the rows behind it are read. A crash between sending and deleting sends rows again: inboxes drop those; so the
deletion need not wait for the disk. A zombie's late sends are only such repeats, because it never saw newer
rows.
"""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from shared import crash, envelope, log, outbox
from shared.progress import Progress
from shared.settings import Settings
from shared.tx import AWAY, Bell, Connection
from shared.waiting import pause

LEADER_LOCK = 7_011_001
STOP_TIMEOUT_S = 3.0
ACK_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 3.0
FOLLOW_S = 1.0
HEALTHY_S = 10.0
"""Who has worked that long begins the back-off anew."""
KEYS_REMEMBERED = 10_000
WORD = struct.Struct("<I")
BACK_OFF_S = (0.1, 0.5, 1.0, 2.0)
LEADER_IDLE_S = 30.0
LEAD = """
SELECT pg_try_advisory_lock($2)
FROM set_config('idle_session_timeout', $1, false) AS idle,
     set_config('synchronous_commit', 'off', false) AS unhurried
"""


@dataclass(frozen=True)
class Sent:
    """One batch on its way to one partition, and the outbox rows in it."""

    topic: str
    partition: int
    ids: Sequence[int]
    ack: Awaitable[Any]


async def run(settings: Settings, bell: Bell, progress: Progress, stopping: asyncio.Event) -> None:
    """Tries to lead, and carries while leading, until `stopping` is set; after trouble it tries again."""
    woken = bell.listener()
    failures = 0
    while not stopping.is_set():
        began = asyncio.get_running_loop().time()
        try:
            async with _leading(settings) as conn:
                if conn is None:
                    progress.broker_ok = await _answers(settings)
                    await crash.around("relay.follow", pause(FOLLOW_S, stopping))
                    continue
                async with _producer(settings) as producer:
                    progress.broker_ok = True
                    carrier = Carrier(
                        conn, producer, progress, settings.topic_prefix, settings.relay_rows_max
                    )
                    await _carry_on(carrier, settings.poll_s, woken, stopping)
        except (*AWAY, KafkaError) as error:
            progress.broker_ok = not isinstance(error, (KafkaError, TimeoutError))
            log.warning("relay", outcome="retry", error=f"{type(error).__name__}: {error}")
            if asyncio.get_running_loop().time() - began > HEALTHY_S:
                failures = 0
            rest_s = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
            await crash.around("relay.back-off", pause(rest_s, stopping))
            failures += 1


@asynccontextmanager
async def _leading(settings: Settings) -> AsyncIterator[Connection | None]:
    """A connection that holds the leader's lock, or None where another process leads.

    The server ends it when nothing is asked for a while: a leader that was frozen leads no longer.
    """
    conn = await crash.around(
        "relay.connect",
        asyncpg.connect(
            settings.dsn.get_secret_value(), timeout=5, command_timeout=settings.statement_timeout_s
        ),
    )
    try:
        idle_s = max(LEADER_IDLE_S, 2 * settings.poll_s)
        leads = await crash.around("relay.lock", conn.fetchval(LEAD, f"{idle_s:.0f}s", LEADER_LOCK))
        yield conn if leads else None
    finally:
        conn.terminate()


async def _answers(settings: Settings) -> bool:
    """Whether the broker tells of itself: who does not lead sends nothing by which it would know."""
    client = AIOKafkaClient(bootstrap_servers=settings.kafka)
    try:
        await crash.around("relay.ask", asyncio.wait_for(client.bootstrap(), ANSWER_TIMEOUT_S))
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await crash.around("relay.ask-close", client.close())
    return True


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        acks="all",
        enable_idempotence=True,
        max_batch_size=1 << 20,
        request_timeout_ms=10_000,
    )
    try:
        await crash.around("relay.producer-start", asyncio.wait_for(producer.start(), 10))
        yield producer
    finally:
        await stop_quietly(producer)


async def stop_quietly(client: Any) -> None:
    """Stops an aiokafka client within a limit: with unsent rows and a hanging broker it never ends."""
    try:
        await crash.around("client.stop", asyncio.wait_for(client.stop(), STOP_TIMEOUT_S))
    except (TimeoutError, KafkaError, OSError) as error:
        log.warning("kafka-client-stop", outcome="abandoned", error=type(error).__name__)


async def _carry_on(carrier: Carrier, rest_s: float, woken: asyncio.Event, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        woken.clear()
        if await carrier.round() == 0:
            try:
                await crash.around("relay.rest", asyncio.wait_for(woken.wait(), rest_s))
            except TimeoutError:
                continue


@dataclass(eq=False)
class Carrier:
    """Carries a store's rows in rounds of at most `rows_max`; `ahead` are rows read for the next one."""

    conn: Connection
    producer: AIOKafkaProducer
    progress: Progress
    prefix: str
    rows_max: int
    ahead: Sequence[asyncpg.Record] = ()

    async def round(self) -> int:
        """Reads, sends, awaits the acknowledgements, deletes. Returns how many rows were carried.

        What one partition's broker refuses is raised after the rows of the others were deleted.
        """
        rows, self.ahead = self.ahead, ()
        if not rows:
            rows = await crash.around("relay.read", outbox.oldest(self.conn, self.rows_max))
        if not rows:
            return 0
        sent = await self._send_all(rows)
        following: Sequence[asyncpg.Record] = ()
        if len(rows) == self.rows_max == sum(len(one.ids) for one in sent):
            after = rows[-1]["id"]
            following = await crash.around(
                "relay.read-ahead", outbox.oldest(self.conn, self.rows_max, after=after)
            )
        ids, trouble = await _acknowledged(sent, self.progress)
        await crash.around("relay.delete", outbox.delete(self.conn, ids))
        if trouble is not None:
            raise trouble
        self.ahead = following
        return len(ids)

    async def _send_all(self, rows: Sequence[asyncpg.Record]) -> list[Sent]:
        names = {row["topic"] for row in rows}
        counts = {name: await partition_count(self.producer, self.prefix + name) for name in names}
        groups: defaultdict[tuple[str, int], list[asyncpg.Record]] = defaultdict(list)
        for row in rows:  # in the order of their ids
            topic = row["topic"]
            groups[topic, partition_of(row["key"], counts[topic])].append(row)
        sent = []
        for (topic, partition), group in groups.items():
            # A full round takes tens of milliseconds: others come in between.
            await crash.around("relay.give-way", asyncio.sleep(0))
            sent.append(await _send(self.producer, group, topic=self.prefix + topic, partition=partition))
        return sent


async def partition_count(producer: AIOKafkaProducer, topic: str) -> int:
    return len(await crash.around("relay.partitions", producer.partitions_for(topic)))


@lru_cache(maxsize=KEYS_REMEMBERED)
def partition_of(key: str, partitions: int) -> int:
    """Kafka's own default: murmur2 of the key, positive, modulo the number of partitions.

    In Python the hash costs as much as all the rest of a row, and a key comes again.
    """
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def murmur2(key: bytes) -> int:
    """The hash of 32 bits as Kafka's clients have it, word by word: half of what the client's own takes."""
    length = len(key)
    whole = length & ~3
    found = 0x9747B28C ^ length
    for (word,) in WORD.iter_unpack(key[:whole]):
        word = word * 0x5BD1E995 & 0xFFFFFFFF
        word = (word ^ word >> 24) * 0x5BD1E995
        found = (found * 0x5BD1E995 ^ word) & 0xFFFFFFFF
    if length > whole:
        found = (found ^ int.from_bytes(key[whole:], "little")) * 0x5BD1E995 & 0xFFFFFFFF
    found = (found ^ found >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return found ^ found >> 15


async def _send(
    producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record], *, topic: str, partition: int
) -> Sent:
    """Sends as many rows of one partition as fit into one batch.

    The others wait for the next round: of two batches on their way the first could fail and the second not,
    and a key's events would be heard in the wrong order.
    """
    batch = producer.create_batch()
    ids = []
    for row in rows:
        fits = batch.append(
            key=row["key"].encode(),
            value=row["payload"],
            headers=envelope.to_headers(outbox.envelope_of(row)),
            timestamp=None,
        )
        if fits is None:
            break
        ids.append(row["id"])
    ack = await crash.around("relay.send", producer.send_batch(batch, topic, partition=partition))
    return Sent(topic, partition, ids, ack)


async def _acknowledged(
    sent: Sequence[Sent], progress: Progress
) -> tuple[list[int], KafkaError | TimeoutError | None]:
    """The rows that are on the broker, and the first trouble with others."""
    ids: list[int] = []
    trouble: KafkaError | TimeoutError | None = None
    deadline = asyncio.get_running_loop().time() + ACK_TIMEOUT_S
    for one in sent:
        try:
            async with asyncio.timeout_at(deadline):
                record = await crash.around("relay.ack", one.ack)
        except (KafkaError, TimeoutError) as error:
            trouble = trouble or error
            continue
        ids += one.ids
        if record.offset >= 0:
            progress.acknowledged(one.topic, one.partition, record.offset + len(one.ids))
    return ids, trouble
