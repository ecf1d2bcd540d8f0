"""Half a year of a small programme, told by a seed: every event analytics hears, in the order of time.

Sessions move, are cancelled and missed, ratings come weeks later, people are away, come back and leave, terms
and cards have several versions, mails fail before they go. `records` makes Kafka records of it, as the relay
would.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared import envelope, outbox
from shared.events import Cadence, Event
from shared.inbox import Record
from tests.integration.analytics import builders as say

BEFORE = datetime(2026, 9, 1, tzinfo=UTC)
"""Wall time of the records: it has nothing to do with the business time in them."""
WEEKS = 26
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Elif", "Finn", "Gita", "Hugo", "Ines", "Jun")
MENTORS = ("Max", "Nora", "Olga", "Pia", "Quinn", "Rosa")
CADENCES: Sequence[Cadence] = ("weekly", "biweekly", "monthly")


def half_year(seed: int, *, weeks: int = WEEKS) -> list[Event]:
    """The story up to some week, sorted by time; the same seed, the same story."""
    chance = random.Random(seed)
    told = [*_programme(), *_people(chance), *_rounds(chance), *_pairs(chance), *_mails(chance)]
    told += _facts(random.Random(seed + 1))
    return sorted((event for event in told if event.at <= say.day(7 * weeks)), key=lambda event: event.at)


def records(events: Iterable[Event]) -> list[Record]:
    """Each event as a record with an id that sorts like the story, and with its sequence within its key."""
    made, counted = [], dict[tuple[str, str], int]()
    for place, event in enumerate(events):
        said = outbox.said(event, "test", envelope.new_trace())
        number = counted[said.topic, said.key] = counted.get((said.topic, said.key), 0) + 1
        about = envelope.Envelope(
            _id(place, said.id), said.type, said.source, said.key, said.time, number, said.trace
        )
        headers = tuple(envelope.to_headers(about))
        made.append(Record(said.topic, 0, place, said.key, headers, said.payload, BEFORE))
    return made


def _id(place: int, drawn: UUID) -> UUID:
    """A UUIDv7 of the millisecond `place`."""
    milliseconds = int(BEFORE.timestamp() * 1000) + place
    return UUID(f"{milliseconds:012x}{drawn.hex[12:]}")


def _programme() -> Iterator[Event]:
    yield say.a_programme(at=0)
    yield say.a_programme(at=20, version=2, title="Growth and more")
    yield say.a_programme("Managers", at=9)


def _people(chance: random.Random) -> Iterator[Event]:
    for name in (*NAMES, *MENTORS, "Shy"):
        yield say.a_card(name, at=chance.uniform(-30, 0))
        yield say.invited(name, at=chance.uniform(0, 3))
        if chance.random() < 0.4:
            left = chance.uniform(30, 120)
            yield say.a_card(name, at=left, status=chance.choice(("leave", "left")), version=2)
            if chance.random() < 0.6:
                yield say.a_card(name, at=left + chance.uniform(1, 40), version=3, department="Sales")
    for name in NAMES:
        yield say.joined(name, at=chance.uniform(1, 20))
    for name in MENTORS:
        joined = chance.uniform(1, 9)
        yield say.joined(name, "mentor", at=joined)
        yield say.joined(name, "mentor", at=joined + chance.uniform(5, 50), version=2, capacity=3)


def _rounds(chance: random.Random) -> Iterator[Event]:
    for week in range(1, WEEKS, 2):
        left = chance.sample(NAMES, 3)
        yield say.ran(
            7 * week + 0.5, [(name, "mentee", chance.choice(("no-candidate", "blocked"))) for name in left]
        )


def _pairs(chance: random.Random) -> Iterator[Event]:
    for number, mentee in enumerate(NAMES):
        mentor = MENTORS[number % len(MENTORS)]
        begins = chance.uniform(10, 60)
        yield say.proposed(mentee, mentor, at=begins - 2)
        if number % 4 == 3:
            yield say.declined(mentee, mentor, at=begins - 1)
            mentor = MENTORS[(number + 1) % len(MENTORS)]
            yield say.proposed(mentee, mentor, at=begins - 0.5)
        yield say.made(mentee, mentor, at=begins)
        yield from _terms(chance, mentee, mentor, begins)
        yield from _meetings(chance, (mentee, mentor), begins)


def _terms(chance: random.Random, mentee: str, mentor: str, begins: float) -> Iterator[Event]:
    at = begins + chance.uniform(1, 20)
    for version in range(2, 2 + chance.randrange(4)):
        yield say.agreed(mentee, mentor, at=at, cadence=chance.choice(CADENCES), version=version)
        at += chance.uniform(5, 60)


def _meetings(chance: random.Random, pair: tuple[str, str], begins: float) -> Iterator[Event]:
    starts, ends = (
        begins + chance.uniform(4, 9),
        chance.choice((7.0 * WEEKS + 99, begins + chance.uniform(20, 90))),
    )
    for ordinal in range(1, 20):
        if starts > min(7 * WEEKS, ends):
            break
        planned = starts
        yield say.scheduled(*pair, ordinal, starts=planned, at=planned - 5)
        for move in range(1, 1 + chance.choice((0, 0, 0, 1, 2))):
            planned += chance.uniform(0.5, 4)
            yield say.moved(*pair, ordinal, starts=planned, at=starts - 4 + move, sequence=move)
        yield from _outcome(chance, pair, ordinal, planned)
        starts = planned + chance.uniform(5, 16)
    if ends <= 7 * WEEKS:
        reason = chance.choice(("completed", "withdrawn", "not-a-good-fit"))
        yield say.ended(*pair, at=ends, reason=reason)
        if reason == "completed":
            yield say.continued(*pair, at=ends + 1)


def _outcome(chance: random.Random, pair: tuple[str, str], ordinal: int, starts: float) -> Iterator[Event]:
    luck = chance.random()
    if luck < 0.7:
        yield say.completed(*pair, ordinal, starts=starts)
        if chance.random() < 0.7:
            late = chance.choice((0.2, 1, 20))
            yield say.rated(*pair, ordinal, by="mentee", overall=chance.randint(2, 5), at=starts + late)
        if chance.random() < 0.4:
            yield say.rated(*pair, ordinal, by="mentor", overall=chance.randint(3, 5), at=starts + 1.5)
    elif luck < 0.8:
        yield say.missed(*pair, ordinal, starts=starts)
    elif luck < 0.92:
        yield say.cancelled(*pair, ordinal, starts=starts, at=starts - 0.5, late=chance.random() < 0.5)


def _facts(chance: random.Random) -> Iterator[Event]:
    """Somebody is on leave, comes back and leaves for good; a mentor gets into a reporting line."""
    for name in chance.sample(NAMES, 3):
        yield from say.paused_resumed_left(name, at=chance.uniform(20, 100))
    for mentor in chance.sample(MENTORS, 2):
        yield from say.paused_resumed_left(mentor, "mentor", at=chance.uniform(20, 100))
    yield say.flagged(NAMES[0], MENTORS[0], at=chance.uniform(20, 60))


def _mails(chance: random.Random) -> Iterator[Event]:
    for number in range(4 * WEEKS):
        name = chance.choice((*NAMES, *MENTORS))
        due = chance.uniform(0, 7 * WEEKS)
        if number % 9 == 0:
            yield say.failed(name, number, due=due)
        if number % 9 or number % 2:
            late = chance.choice((0, 3, 2000))
            yield say.sent(name, number, due=due, minutes_late=late, kind="reminder")
