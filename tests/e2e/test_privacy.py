"""A person with words that stand nowhere else lives through a whole small story, and is then forgotten."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition

from shared.events import PersonChanged
from tests.e2e import pairs
from tests.e2e.pairs import FEEDBACK, Pair, Someone, Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

MARKS = ("zzlisbet", "zzquille", "zzbuyer", "zzwords")
"""Long ones: the hexadecimal digits of two letters stand in many an id."""
CANARY = Someone(900, "Zzlisbet", "Zzquille", "Zzbuyer", "Madrid", "Europe/Madrid", login="zzlisbet")
PARTNER = Someone(901, "Davi", "Rocha", "Lead", "Recife", "America/Sao_Paulo")
WORDS = {**FEEDBACK, "went_well": "Zzwords: you held the pen.", "to_improve": "Zzwords: talk less."}
OF_THE_PARTNER = {**FEEDBACK, "went_well": "Zzlisbet was brave."}
SERVICES = ("matching", "scheduling", "notifications", "analytics")
LISTENERS = {"scheduling", "notifications", "analytics"}
SEGMENT_MS = 50
QUICKLY = {
    "cleanup.policy": "compact",
    "segment.ms": str(SEGMENT_MS),
    "max.compaction.lag.ms": str(SEGMENT_MS),
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "0",
}
WITHIN_S = 90.0
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
FIGURES = """
SELECT figure, count(*) AS many, sum(amount) AS amount FROM facts_behind($1, $2, to_timestamp(0), 14, 2)
GROUP BY figure ORDER BY figure
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with pairs.town(tmp_path_factory.mktemp("privacy")) as made:
        yield made


async def test_U7_nothing_of_who_was_erased_is_left_in_a_store_a_topic_or_a_log(town: Town) -> None:
    await _compact_quickly(town)
    pair = await _live(town)
    as_of = town.stepper.now
    before = await _figures(town, pair, as_of)
    assert len(before) > 10
    assert {service for service, _ in await _in_stores(town)} == set(SERVICES), "the search itself works"
    assert await _in_topics(town) == {PersonChanged.topic()}
    await _see_what_is_kept(town)
    erasure = await _erase(town)
    removed = {one["service"]: one["removed"] for one in erasure["receipts"]}
    assert {service for service in SERVICES if removed[service]["person"] == 1} == set(SERVICES)
    assert {service for service in SERVICES if removed[service].get("parked")} == LISTENERS
    assert removed["scheduling"]["feedback"] == 2
    assert await _in_stores(town) == []
    assert await _in_topics(town) <= {PersonChanged.topic()}
    await _until_compacted(town)
    logs = [log.name for log in town.company.directory.rglob("*.log") if _is_marked(log.read_bytes())]
    assert logs == []
    assert await _figures(town, pair, as_of) == before, "totals stay"
    assert not any("ended" in one.subject for one in town.letters[CANARY.email])


async def test_U7_the_partner_is_told_without_a_name_and_nothing_waits_for_ever(town: Town) -> None:
    subjects = [one.subject for one in town.letters[PARTNER.email]]
    assert "Your mentoring with A former colleague has ended" in subjects
    status, page = await town.browser.get(town.link(PARTNER, "pair"))
    assert (status, "A former colleague" in page.words) == (200, True)
    for service in SERVICES:
        assert await _rows(town, service, "SELECT state FROM parked WHERE state <> 'dropped'") == []


async def _live(town: Town) -> Pair:
    """From the import to feedback on both sides, and a record about the canary that nobody can read."""
    pair = await town.newcomers(CANARY, PARTNER)
    await town.propose(pair)
    await town.match(pair)
    await town.agree(pair)
    await town.meet(pair)
    await town.report(pair)
    await town.fill(town.link(CANARY, "feedback"), "went_well", dict(WORDS))
    await town.fill(town.link(PARTNER, "feedback"), "went_well", dict(OF_THE_PARTNER))
    await town.settle()
    await _say_nonsense(town)
    return pair


async def _see_what_is_kept(town: Town) -> None:
    """One link, and a button on each part: at the end there is one file with what all services have."""
    asked = await town.post("/v1/privacy/access", json={"person_id": await _person_id(town)})
    status, page = await town.browser.get(asked["url"])
    words = [page.words]
    while (form := page.form("so_far")) is not None:
        status, page = await town.browser.post(form.action, form, {})
        assert status == 200
        words.append(page.words)
    assert len(words) == len(SERVICES)
    whole = words[-1]
    for told in (CANARY.email, CANARY.title, WORDS["went_well"], OF_THE_PARTNER["went_well"], "Mails to you"):
        assert str(told) in whole
    assert "Ratings you gave" in whole
    assert words[0] != whole, "each part adds something"


async def _say_nonsense(town: Town) -> None:
    """A card that is none is parked by every listener, raw as it is, and what follows waits behind it."""
    producer = AIOKafkaProducer(bootstrap_servers=town.company.kafka)
    await producer.start()
    key = (await _person_id(town)).encode()
    await producer.send_and_wait(_topic(town), b'{"name": "Zzlisbet Zzquille"', key=key)
    await producer.stop()
    for service in LISTENERS:
        await _until_some(town, service, "SELECT id FROM parked WHERE state = 'unreadable'")


async def _erase(town: Town) -> dict[str, Any]:
    """Asked for, waited for, done, acknowledged by everybody; and the tombstone said once more."""
    asked = await town.post("/v1/privacy/erasures", json={"person_id": await _person_id(town)})
    assert asked["state"] == "waiting"
    await town.until(town.stepper.now + timedelta(days=7, hours=1))
    erased = "SELECT id FROM erasure WHERE state = 'complete'"
    await _until_some(town, "matching", erased)
    await town.until(town.stepper.now + timedelta(hours=26))
    async with town.desk.get(f"/v1/privacy/erasures/{asked['erasure_id']}") as answer:
        shown: dict[str, Any] = await answer.json()
        return shown


async def _person_id(town: Town) -> str:
    said = await _rows(town, "matching", "SELECT id FROM person WHERE given_name = $1", CANARY.given_name)
    return str(said[0]["id"])


async def _in_stores(town: Town) -> list[tuple[str, str]]:
    """Where the canary stands in a row of any table, as text or as bytes."""
    found = []
    for service in SERVICES:
        for table in await _rows(town, service, TABLES):
            query = f'SELECT 1 FROM "{table[0]}" t WHERE t::text ILIKE ANY ($1) LIMIT 1'
            spelt = [word.encode().hex() for mark in MARKS for word in (mark, mark.capitalize())]
            if await _rows(town, service, query, [f"%{one}%" for one in (*MARKS, *spelt)]):
                found.append((service, table[0]))
    return found


async def _in_topics(town: Town) -> set[str]:
    """The topics, all there are, that have the canary in a key, a header or a value."""
    consumer = AIOKafkaConsumer(bootstrap_servers=town.company.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        parts = await _partitions(town)
        consumer.assign(parts)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(parts)
        found = set()
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for part, batch in (await consumer.getmany(timeout_ms=300)).items():
                if any(_is_marked(_bytes(record)) for record in batch):
                    found.add(part.topic.removeprefix(town.company.topic_prefix))
        return found
    finally:
        await consumer.stop()


async def _partitions(town: Town) -> list[TopicPartition]:
    """Of every topic on the broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=town.company.kafka)
    await admin.start()
    topics = await admin.describe_topics()
    await admin.close()
    return [TopicPartition(one["topic"], part["partition"]) for one in topics for part in one["partitions"]]


def _bytes(record: Any) -> bytes:
    return b"".join([record.key or b"", record.value or b"", *(value for _, value in record.headers)])


async def _compact_quickly(town: Town) -> None:
    """What takes days in operation takes seconds here."""
    admin = AIOKafkaAdminClient(bootstrap_servers=town.company.kafka)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, _topic(town), QUICKLY)])
    await admin.close()


def _topic(town: Town) -> str:
    return town.company.topic_prefix + PersonChanged.topic()


async def _until_compacted(town: Town) -> None:
    deadline = time.monotonic() + WITHIN_S
    while left := await _in_topics(town):
        assert time.monotonic() < deadline, f"after {WITHIN_S:.0f} s the canary is still in {left}"


async def _until_some(town: Town, service: str, query: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not await _rows(town, service, query):
        assert time.monotonic() < deadline, f"{service} has nothing for {query}"
        await town.settle()


async def _figures(town: Town, pair: Pair, as_of: datetime) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await _rows(town, "analytics", FIGURES, pair.programme_id, as_of)]


async def _rows(town: Town, service: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    """What a service's database answers to its owner."""
    conn = await asyncpg.connect(town.company.stores[service].owner_dsn, timeout=10)
    try:
        return list(await conn.fetch(query, *arguments))
    finally:
        await conn.close()


def _is_marked(raw: bytes) -> bool:
    text = raw.decode("utf-8", "replace").lower()
    return any(mark in text for mark in MARKS)
