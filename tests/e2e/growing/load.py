"""A steady load: cards that change and pairs that are matched, said in transactions on matching's store."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.local.programs import Wiring
from services.matching.settings import Settings
from shared import events as say
from shared import relay, tx
from shared.clock import WallClock
from shared.events import Event
from shared.progress import Progress
from tests import infra

SEED = 7
PEOPLE = 60
TICK_S = 0.1
CARDS_A_TICK, MATCHES_A_TICK = 5, 1
HOURS = tuple(say.WorkingHours(weekday=day, starts="09:00", ends="17:00") for day in range(5))


@dataclass(eq=False)
class Load:
    """`said` is the ids of everything whose transaction was committed, by topic."""

    door: tx.Door
    chance: random.Random
    people: list[say.PersonId]
    programme: say.ProgrammeId
    versions: dict[say.PersonId, int] = field(default_factory=dict)
    matches: list[say.MatchId] = field(default_factory=list)
    said: dict[str, set[uuid.UUID]] = field(default_factory=dict)

    async def say(self, *told: Event) -> None:
        async with tx.transaction(self.door) as t:
            ids = [(event.topic(), t.emit(event)) for event in told]
        for topic, event_id in ids:
            self.said.setdefault(topic, set()).add(event_id)

    async def begin(self) -> None:
        """The programme and its people, half of them mentors."""
        await self.say(self._programme(), *(self._card(one) for one in self.people))
        await self.say(*(self._joined(number, one) for number, one in enumerate(self.people)))

    async def go_on(self) -> None:
        """Says something every tick, until it is cancelled. What it says is a matter of the seed."""
        while True:
            cards = [self._card(one) for one in self.chance.sample(self.people, CARDS_A_TICK)]
            await self.say(*cards, *(self._match() for _ in range(MATCHES_A_TICK)))
            await asyncio.sleep(TICK_S)

    def _match(self) -> Event:
        mentees, mentors = self.people[0::2], self.people[1::2]
        self.matches.append(say.MatchId(uuid.uuid4()))
        return say.MatchMade(
            at=datetime.now(UTC),
            match_id=self.matches[-1],
            programme_id=self.programme,
            mentee_id=self.chance.choice(mentees),
            mentor_id=self.chance.choice(mentors),
            version=1,
            score=0.8,
            cadence="biweekly",
            hours_per_month=2,
            session_minutes=15,
            ends_on=datetime.now(UTC).date() + timedelta(days=180),
        )

    def _programme(self) -> Event:
        return say.ProgrammeChanged(
            at=datetime.now(UTC),
            programme_id=self.programme,
            version=1,
            name="Growth",
            kind="evergreen",
            state="open",
            starts_on=datetime.now(UTC).date(),
            ends_on=None,
            cadence="biweekly",
            hours_per_month=2,
            session_minutes=15,
            organiser_id=None,
        )

    def _card(self, person: say.PersonId) -> Event:
        self.versions[person] = version = self.versions.get(person, 0) + 1
        return say.PersonChanged(
            at=datetime.now(UTC),
            person_id=person,
            version=version,
            employee_number=str(person),
            given_name="Ana",
            family_name="Example",
            email=f"{person}@example.test",
            title="Engineer",
            department="Design",
            site="Lisbon",
            time_zone="Europe/Lisbon",
            manager_id=None,
            hire_date=None,
            status="active",
        )

    def _joined(self, number: int, person: say.PersonId) -> Event:
        return say.ParticipantJoined(
            at=datetime.now(UTC),
            participation_id=say.ParticipationId(uuid.uuid4()),
            person_id=person,
            programme_id=self.programme,
            role="mentor" if number % 2 else "mentee",
            version=1,
            capacity=5,
            languages=("en",),
            hours=HOURS,
        )

    @contextlib.asynccontextmanager
    async def steady(self) -> AsyncIterator[None]:
        """While the block runs, something is said every tick."""
        saying = asyncio.create_task(self.go_on())
        try:
            yield
        finally:
            saying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await saying


@contextlib.asynccontextmanager
async def flowing(wiring: Wiring) -> AsyncIterator[Load]:
    """A load on matching's store, and the relay that carries it."""
    dsn = wiring.stores["matching"].dsn
    pool = await infra.connect(dsn)
    door = tx.Door("matching", pool, WallClock(), tx.Bell(), wiring.topic_prefix)
    chance = random.Random(SEED)
    people = [say.PersonId(uuid.uuid4()) for _ in range(PEOPLE)]
    settings = Settings(
        dsn=dsn,
        kafka=wiring.kafka,
        topic_prefix=wiring.topic_prefix,
        tokens_file=Path(wiring.home.tokens),
        link_key="a key for tests only, thirty-two",
    )
    stopping = asyncio.Event()
    carrying = asyncio.create_task(relay.run(settings, door.bell, Progress(), stopping))
    try:
        yield Load(door, chance, people, say.ProgrammeId(uuid.uuid4()))
    finally:
        stopping.set()
        await carrying
        pool.terminate()
