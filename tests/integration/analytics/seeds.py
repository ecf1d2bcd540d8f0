"""Half a year of a made-up programme as facts, the same each time, for pages to look at."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.analytics import jobs
from services.analytics.core.live import WINDOW_S, Window, window_of
from services.analytics.store import live
from shared import envelope, inbox
from shared.clock import SteppedClock
from shared.events import Event
from shared.jobs import run_while_due
from shared.tx import Door, transaction
from tests.integration.analytics.builders import (
    a_card,
    a_programme,
    agreed,
    cancelled,
    completed,
    day,
    declined,
    ended,
    failed,
    hear,
    invited,
    joined,
    made,
    missed,
    proposed,
    ran,
    rated,
    scheduled,
    sent,
)
from tests.integration.shared.plumbing import recorded

GIVEN = (
    *("Ada", "Ben", "Cleo", "Dan", "Elif", "Finn", "Gita", "Hugo", "Ines", "Jun", "Kofi", "Lena"),
    *("Mira", "Noor", "Omar", "Pia", "Quinn", "Rosa", "Sami", "Tara"),
)
FAMILY = ("Okafor", "Lind", "Haddad", "Silva", "Novak", "Tanaka", "Weber", "Rossi")
DEPARTMENTS = ("Research", "Production", "Sales", "Finance", "Design")
DAYS = 140
MENTEES = 44
MENTORS = 28


def name(number: int) -> str:
    return f"{GIVEN[number % len(GIVEN)]} {FAMILY[(number * 3 + number // len(GIVEN)) % len(FAMILY)]}"


def story() -> Iterator[Event]:
    """A programme with pairs that do well, pairs that fade, and people who wait."""
    chance = random.Random(7)
    yield a_programme(title="Career growth")
    yield a_programme("New managers", at=1)
    people = [name(number) for number in range(MENTEES + MENTORS + 14)]
    for person in people:
        yield a_card(person, department=chance.choice(DEPARTMENTS))
        yield invited(person, at=chance.uniform(0, 2))
    mentees, mentors = people[:MENTEES], people[MENTEES : MENTEES + MENTORS]
    for person in mentees:
        yield joined(person, at=chance.uniform(1, 14))
    for person in mentors:
        yield joined(person, "mentor", at=chance.uniform(1, 9))
    for number, mentee in enumerate(mentees[: MENTEES - 7]):
        yield from _pair(chance, mentee, mentors[number % (MENTORS - 4)], day_made=chance.uniform(10, 60))
    yield proposed(mentees[-1], mentors[-1], at=DAYS - 1)
    yield proposed(mentees[-2], mentors[-2], at=30)
    yield declined(mentees[-2], mentors[-2], at=32)
    yield ran(
        DAYS - 1,
        waiting=[
            *((mentee, "mentee", "no-candidate") for mentee in mentees[-7:-4]),
            (mentees[-4], "mentee", "goals-missing"),
            (mentees[-3], "mentee", "no-shared-hours"),
            *((mentor, "mentor", "not-asked-for") for mentor in mentors[-4:-1]),
        ],
    )
    for number in range(160):
        yield sent(people[number % len(people)], number, due=number / 2, minutes_late=chance.uniform(0, 9))
    yield failed(people[3], 900, due=40)


def _pair(chance: random.Random, mentee: str, mentor: str, *, day_made: float) -> Iterator[Event]:
    yield proposed(mentee, mentor, at=day_made - chance.uniform(0.5, 2.5))
    yield made(mentee, mentor, at=day_made)
    if chance.random() < 0.88:
        yield agreed(mentee, mentor, at=day_made + chance.uniform(1, 6))
    starts, keen = day_made + chance.uniform(4, 9), chance.uniform(0.6, 1.0)
    for ordinal in range(1, 12):
        yield scheduled(mentee, mentor, ordinal, starts=starts, at=starts - 5)
        if starts > DAYS:
            return
        luck = chance.random()
        if luck < keen:
            yield completed(mentee, mentor, ordinal, starts=starts)
            if chance.random() < 0.8:
                rating = min(5, max(1, round(chance.gauss(4.2, 0.8))))
                yield rated(mentee, mentor, ordinal, by="mentee", overall=rating, at=starts + 1)
            if chance.random() < 0.6:
                yield rated(mentee, mentor, ordinal, by="mentor", overall=4, at=starts + 1.2)
        elif luck < keen + 0.12:
            yield missed(mentee, mentor, ordinal, starts=starts)
        else:
            yield cancelled(mentee, mentor, ordinal, starts=starts, at=starts - 2)
        if ordinal == 1 and chance.random() < 0.07:
            yield ended(mentee, mentor, at=starts + 2)
            return
        starts += 14


async def seed(door: Door) -> datetime:
    """Puts the story into the store and writes its days. Returns the business time at its end."""
    assert isinstance(door.clock, SteppedClock)
    async with transaction(door) as tx:
        await hear(tx.conn, *(event for event in story() if event.at <= day(DAYS)))
    door.clock.set(day(DAYS))
    await run_while_due(door, jobs.JOBS[0])
    return day(DAYS)


async def seed_windows(door: Door) -> None:
    """Ten minutes of live windows up to now, by the wall."""
    chance = random.Random(3)
    now = window_of(datetime.now(UTC))
    topics = ("session-completed", "session-scheduled", "message-sent", "feedback-submitted", "match-made")
    windows = [
        Window(topic, now - timedelta(seconds=WINDOW_S * back), chance.randrange(0, 40))
        for back in range(1, 55)
        for topic in topics
    ]
    async with transaction(door) as tx:
        await live.put_counted(tx.conn, windows)


async def seed_parked(door: Door, offset: int) -> list[int]:
    """Four parked events from an offset on, to be tried in an hour: their numbers, in this order.

    The end of a match that cannot be read, two good ones behind it, and the card of a person.
    """
    mentee, mentor = f"Wim {offset}", f"Xia {offset}"
    end = recorded(ended(mentee, mentor, at=40), offset, value=b'{"at": "yesterday"}')
    behind = [recorded(ended(mentee, mentor, at=40 + place), offset + place) for place in (1, 2)]
    card = recorded(a_card(f"Yara {offset}"), offset + 3)
    async with transaction(door) as tx:
        unread = "not a valid MatchEnded: at: Input should be a valid datetime; match_id: Field required"
        await inbox.park(tx.conn, end, event_id=None, state="unreadable", error=unread)
        for record in behind:
            waits = "waits behind an earlier event of its key"
            await inbox.park(tx.conn, record, event_id=_id_of(record), state="behind", error=waits)
        failed = "ValueError: no such site"
        await inbox.park(tx.conn, card, event_id=_id_of(card), state="failed", error=failed)
    await door.pool.execute(
        "UPDATE parked SET next_attempt_at = now() + interval '1 hour' WHERE next_attempt_at IS NOT NULL"
    )
    rows = await door.pool.fetch("SELECT id FROM parked WHERE record_offset >= $1 ORDER BY id", offset)
    return [row["id"] for row in rows]


def _id_of(record: inbox.Record) -> UUID:
    return envelope.from_record(record.headers, record.value)[0].id
