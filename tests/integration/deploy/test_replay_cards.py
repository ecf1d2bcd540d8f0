"""U1: cards of people and programmes are what their compacted topics say, in every service that keeps any."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from rich.progress import Progress

from deploy.local.databases import Store
from deploy.replay import cards
from deploy.replay.report import Outcome
from deploy.replay.run import Live, replay_cards
from deploy.replay.scratch import Place
from shared import apply, envelope, outbox, topics
from shared.breaker import Breaker
from shared.clock import SteppedClock
from shared.consumer import Listening
from shared.events import Event, PersonChanged, ProgrammeChanged
from shared.progress import Progress as Progressed
from shared.settings import Settings
from shared.tx import Bell, Door
from tests import infra
from tests.integration.analytics.builders import BEGINNING, a_card, a_programme, person

TOLD: Sequence[Event] = (
    a_programme(),
    a_programme(at=3, version=2, title="Growth and more"),
    *(a_card(name) for name in ("Ada", "Ben", "Cleo", "Max")),
    a_card("Ada", version=2, at=4, department="Sales"),
)


@dataclass
class Town:
    """A live service and the topics it hears."""

    service: str
    store: Store
    live: Live
    place: Place
    door: Door
    listening: Listening

    async def say(self, *events: Event) -> None:
        await self._send([outbox.said(event, "matching", envelope.new_trace()) for event in events])

    async def forget(self, name: str) -> None:
        """A tombstone for a card."""
        key, trace = str(person(name)), envelope.new_trace()
        await self._send([outbox.forgotten(PersonChanged, key, "matching", trace, at=BEGINNING)])

    async def _send(self, told: Sequence[outbox.Said]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.live.kafka)
        await producer.start()
        try:
            for said in told:
                about = envelope.Envelope(said.id, said.type, said.source, said.key, said.time, 1, said.trace)
                headers = envelope.to_headers(about)
                topic = self.live.topic_prefix + said.topic
                await producer.send_and_wait(topic, said.payload, key=said.key.encode(), headers=headers)
        finally:
            await producer.stop()

    async def hear(self, many: int) -> None:
        """Applies so many records and commits their offsets, as the service's own consumer does."""
        consumer, seen = self.listening.consumer, 0
        while seen < many:
            for tp, raws in (await consumer.getmany(timeout_ms=200)).items():
                records = [self.listening.record_of(raw) for raw in raws]
                await apply.apply_batch(self.door, self.listening.ears, records, Breaker())
                await self.listening.commit({tp: raws[-1].offset + 1})
                seen += len(raws)

    async def replay(self) -> Outcome:
        return await replay_cards(self.live, self.place, bar=Progress(disable=True))

    async def harm(self, statement: str) -> None:
        conn = await asyncpg.connect(self.store.owner_dsn)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()


@pytest_asyncio.fixture(params=sorted(cards.KEPT))
async def town(
    request: pytest.FixtureRequest,
    database: infra.MakeDatabase,
    postgres: infra.Databases,
    kafka: str,
    topic_prefix: str,
) -> AsyncIterator[Town]:
    service: str = request.param
    store = await database(service)
    await topics.ensure(kafka, topic_prefix, (PersonChanged, ProgrammeChanged))
    pool = await infra.connect(store.dsn)
    clock = SteppedClock()
    clock.set(BEGINNING)
    door = Door(service, pool, clock, Bell(), topic_prefix)
    live = Live(service, store.owner_dsn, kafka, topic_prefix)
    settings = settings_of(service)(dsn="", kafka=kafka, topic_prefix=topic_prefix)
    of = cards.Topics(kafka, topic_prefix, service, {})
    listening = Listening(door, of.ears, settings, Progressed())
    listening.consumer.subscribe([topic_prefix + card.event.topic() for card in of.cards])
    await listening.consumer.start()
    yield Town(service, store, live, Place(postgres.admin_dsn), door, listening)
    await listening.consumer.stop()
    pool.terminate()


def settings_of(name: str) -> type[Settings]:
    class Own(Settings):
        service: ClassVar[str] = name

    return Own


def differing(outcome: Outcome) -> dict[str, set[str]]:
    return {
        one.name: {found.key for found in one.listed}
        for _, verdicts in outcome.parts
        for one in verdicts
        if one.different
    }


async def test_U1_cards_equal_those_rebuilt_from_their_topics_and_what_is_not_is_named(town: Town) -> None:
    await town.say(*TOLD)
    await town.hear(len(TOLD))
    outcome = await town.replay()
    assert differing(outcome) == {}
    rows = {one.name: (one.live_rows, one.rebuilt_rows) for _, verdicts in outcome.parts for one in verdicts}
    assert rows == {"person": (4, 4), "programme": (1, 1)}

    await town.say(a_card("Ben", version=2, at=5, department="Research"))
    underway = await town.replay()
    assert differing(underway) == {}
    assert any("1 cards of which news was on its way" in note for note in underway.notes)
    await town.hear(1)

    await town.forget("Max")
    await town.hear(1)
    forgotten = await town.replay()
    assert differing(forgotten) == {}
    assert {one.live_rows for _, found in forgotten.parts for one in found if one.name == "person"} == {3}

    await town.harm("UPDATE programme SET name = 'Decline'")
    await town.harm(f"DELETE FROM person WHERE person_id = '{person('Cleo')}'")
    found = await town.replay()
    assert set(differing(found)) == {"programme", "person"}
    assert differing(found)["person"] == {str(person("Cleo"))}


async def test_U1_a_card_whose_offset_was_committed_and_that_was_never_applied_is_found(town: Town) -> None:
    await town.say(*TOLD, a_card("Zoe"))
    await town.hear(len(TOLD) + 1)
    await town.harm(f"DELETE FROM person WHERE person_id = '{person('Zoe')}'")
    await town.harm("DELETE FROM inbox")
    assert differing(await town.replay()) == {"person": {str(person("Zoe"))}}
