"""The mentor of a circle hears of a meeting once, with the names of all; each mentee of their own session."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest

from shared import events
from shared.events import MatchId, MeetingId, PersonId, SessionId
from tests.integration.notifications import world
from tests.integration.notifications.world import MATCH, MENTEE, MENTOR, SESSION, World

ADA, LEO = PersonId(UUID(int=3)), PersonId(UUID(int=4))
MEETING = MeetingId(UUID(int=80))
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
Said = TypeVar("Said", bound=events.Event)


def of(person: PersonId, event: Said, **changes: Any) -> Said:
    """What is said of Mia's pair, said of another pair of the circle."""
    ids: dict[str, Any] = {"match_id": MatchId(MATCH)}
    if person != MENTEE:
        ids = {"match_id": MatchId(UUID(int=50 + person.int)), "mentee_id": person}
        if hasattr(event, "session_id"):
            ids["session_id"] = session_of(person)
    return event.model_copy(update={**ids, **changes})


def session_of(person: PersonId) -> SessionId:
    return SESSION if person == MENTEE else SessionId(UUID(int=70 + person.int))


@pytest.fixture
async def circle(matched: World) -> World:
    """Mia's, Ada's and Leo's pairs with Tom, all told of their match."""
    for person, name in ((ADA, "Ada"), (LEO, "Leo")):
        await matched.hear(world.a_person(person, matched.now, name=name))
        await matched.hear(of(person, world.a_match(matched.now)))
    await matched.send()
    matched.inbox.mails.clear()
    return matched


async def planned(here: World, *people: PersonId) -> datetime:
    """A meeting in three days is heard of, and everybody told."""
    start = here.now + 3 * DAY
    for person in people:
        await here.hear(of(person, world.a_session(here.now, start), meeting_id=MEETING))
    await settled(here)
    return start


async def settled(here: World) -> None:
    here.at(here.now + MINUTE)
    await here.send()


def newest(here: World, to: PersonId) -> tuple[str, str]:
    """The text and the unfolded calendar entry of the last mail to somebody."""
    mail = [one for one in here.inbox.mails if one["to"].addresses[0].addr_spec == world.address(to)][-1]
    parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    entry = parts.get("text/calendar", b"")
    entry = entry if isinstance(entry, str) else entry.decode()
    return f"{mail['subject']}\n{parts['text/plain']}", entry.replace("\r\n ", "").replace("\n ", "")


async def test_S21_the_mentor_gets_one_invitation_of_a_meeting_and_it_names_all(circle: World) -> None:
    start = await planned(circle, MENTEE, ADA, LEO)
    assert circle.inbox.kinds(MENTOR) == ["session-scheduled"]
    text, entry = newest(circle, MENTOR)
    assert "Meeting with your circle" in text
    assert "your circle, Ada Person 3, Leo Person 4 and Mia Person 1" in " ".join(text.split())
    assert f"UID:{MEETING}@" in entry
    assert "SUMMARY:Mentoring: Ada Person 3\\, Leo Person 4\\, Mia Person 1 and Tom Person 2" in entry
    assert entry.count("ATTENDEE") == 4
    for person in (MENTEE, ADA, LEO):
        assert circle.inbox.kinds(person) == ["session-scheduled"]
        text, entry = newest(circle, person)
        assert "Session 1 with Tom Person 2" in text
        assert (f"UID:{session_of(person)}@" in entry, entry.count("ATTENDEE")) == (True, 2)
    for moment in (start - DAY, start - timedelta(hours=1), start + timedelta(hours=1)):
        circle.at(moment)
        await circle.send()
    assert circle.inbox.kinds(MENTOR)[1:] == ["reminder-day", "reminder-hour", "session-over"]
    assert circle.inbox.kinds(ADA)[1:] == ["reminder-day", "reminder-hour", "session-over"]
    assert "it holds for all of you" in " ".join(newest(circle, MENTOR)[0].split())


async def test_S21_the_mentor_hears_once_that_a_meeting_moved_and_once_that_it_is_off(circle: World) -> None:
    start = await planned(circle, MENTEE, ADA, LEO)
    later = start + timedelta(hours=2)
    for person in (ADA, LEO, MENTEE):
        await circle.hear(of(person, world.a_move(circle.now, later, was=start)))
    await settled(circle)
    assert circle.inbox.kinds(MENTOR) == ["session-scheduled", "session-moved"]
    assert f"UID:{MEETING}@" in newest(circle, MENTOR)[1]
    assert "SEQUENCE:1" in newest(circle, MENTOR)[1]
    for person in (LEO, MENTEE, ADA):
        await circle.hear(of(person, world.a_cancellation(circle.now, later, sequence=2)))
    await settled(circle)
    assert circle.inbox.kinds(MENTOR) == ["session-scheduled", "session-moved", "session-cancelled"]
    text, entry = newest(circle, MENTOR)
    assert "Cancelled: meeting with your circle" in text
    assert "With: Ada Person 3, Leo Person 4 and Mia Person 1" in " ".join(text.split())
    assert ("METHOD:CANCEL" in entry, f"UID:{MEETING}@" in entry, "SEQUENCE:2" in entry) == (True, True, True)
    assert await circle.waiting(MENTOR) == {}
    assert circle.inbox.kinds(LEO) == ["session-scheduled", "session-moved", "session-cancelled"]


async def test_S21_the_mentor_hears_who_no_longer_comes_and_who_joins(circle: World) -> None:
    start = await planned(circle, MENTEE, ADA)
    await circle.hear(of(ADA, world.a_cancellation(circle.now, start)))
    await settled(circle)
    assert circle.inbox.kinds(MENTOR) == ["session-scheduled", "circle-changed"]
    text, entry = newest(circle, MENTOR)
    assert "With: Mia Person 1\n" in text
    assert ("METHOD:REQUEST" in entry, entry.count("ATTENDEE"), "SEQUENCE:0" in entry) == (True, 2, True)
    assert circle.inbox.kinds(ADA) == ["session-scheduled", "session-cancelled"]
    assert circle.inbox.kinds(MENTEE) == ["session-scheduled"]
    await circle.hear(of(LEO, world.a_session(circle.now, start), meeting_id=MEETING))
    await settled(circle)
    assert circle.inbox.kinds(MENTOR)[2:] == ["circle-changed"]
    assert "With: Leo Person 4 and Mia Person 1\n" in newest(circle, MENTOR)[0]
    assert sorted(await circle.waiting(MENTOR)) == ["reminder-day", "reminder-hour", "session-over"]


async def test_S21_the_mentor_is_asked_until_it_is_known_of_all_whether_it_took_place(circle: World) -> None:
    start = await planned(circle, MENTEE, ADA)
    circle.at(start + timedelta(minutes=30))
    await circle.send()
    await circle.hear(world.a_completion(circle.now, start))
    assert "session-over" in await circle.waiting(MENTOR)
    assert "session-over" not in await circle.waiting(MENTEE)
    await circle.hear(of(ADA, world.a_miss(circle.now, start)))
    assert "session-over" not in await circle.waiting(MENTOR)
    await circle.send()
    assert circle.inbox.kinds(MENTOR)[-1] == "feedback"
    assert "Mia" in newest(circle, MENTOR)[0], "feedback is about one of them"


async def test_S21_the_mentor_hears_that_a_meeting_is_off_also_if_that_is_heard_all_at_once(
    circle: World,
) -> None:
    everybody = (MENTEE, ADA, LEO)
    start = await planned(circle, *everybody)
    off = [of(person, world.a_cancellation(circle.now, start)) for person in everybody]
    await asyncio.gather(*(circle.hear(one) for one in off))
    await settled(circle)
    assert circle.inbox.kinds(MENTOR) == ["session-scheduled", "session-cancelled"]
