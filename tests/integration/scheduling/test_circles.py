"""The pairs of a circle meet at one time; what becomes of a meeting depends on who speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.scheduling import core
from shared.events import GroupId, MatchId, PersonId
from tests.integration.scheduling import world
from tests.integration.scheduling.world import MATCH, MENTEE, MENTOR, World, bearer

ADA, LEO, ZOE = (PersonId(UUID(int=n)) for n in (3, 4, 5))
NAMES = {ADA: "Ada", LEO: "Leo", ZOE: "Zoe"}
CIRCLE = GroupId(UUID(int=600))
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)


def match_of(person_id: PersonId) -> MatchId:
    return MATCH if person_id == MENTEE else MatchId(UUID(int=500 + person_id.int))


async def matched_too(here: World, *people: PersonId, **changes: Any) -> None:
    """More mentees in Tom's circle."""
    now = here.now
    for person in people:
        await here.hear(
            world.a_person(person, now, given_name=NAMES[person]),
            world.a_participant(person, "mentee", now),
            world.a_match(now, match_id=match_of(person), mentee_id=person, group_id=CIRCLE, **changes),
        )


async def confirmed(here: World, person: PersonId, cadence: str = "biweekly") -> None:
    for who in (person, MENTOR):
        assert (await here.confirm(who, match_of(person), cadence=cadence)).status_code == 200


async def work_until(here: World, until: datetime) -> None:
    """The jobs at each time at which a booking is due, up to `until`."""
    while True:
        await here.work()
        at = await here.door.pool.fetchval("SELECT min(book_at) FROM booking")
        if at is None or at > until:
            return here.at(until)
        here.at(max(at, here.now))


async def open_ones(here: World, *people: PersonId) -> list[core.sessions.Session]:
    found = [one for person in people for one in await here.sessions(match_of(person))]
    return [one for one in found if one.state == "scheduled"]


async def said(here: World, topic: str) -> list[dict[str, Any]]:
    return [one for one in await here.said() if one["topic"] == topic]


async def busy(here: World) -> dict[UUID, int]:
    """How many times are taken of whom."""
    rows = await here.door.pool.fetch("SELECT person_id, count(*) FROM busy_time GROUP BY 1")
    return {row[0]: row[1] for row in rows}


async def mia_and_tom(here: World) -> None:
    now = here.now
    await here.hear(
        world.a_programme(now),
        *(world.a_person(one, now) for one in (MENTEE, MENTOR)),
        world.a_participant(MENTOR, "mentor", now),
        world.a_participant(MENTEE, "mentee", now),
        world.a_match(now, group_id=CIRCLE),
    )


@pytest.fixture
async def circle(empty: World) -> World:
    """Mia, Ada and Leo with Tom: all have confirmed, in three cadences, and the first meeting is booked."""
    now = empty.now
    await mia_and_tom(empty)
    await matched_too(empty, ADA, LEO)
    for person, cadence in ((MENTEE, "weekly"), (ADA, "monthly"), (LEO, "biweekly")):
        await confirmed(empty, person, cadence)
    await work_until(empty, now + 3 * DAY + QUARTER)
    return empty


def at_one_time(sessions: Sequence[core.sessions.Session], many: int) -> core.sessions.Session:
    assert len(sessions) == many
    assert len({(one.meeting_id, one.slot, one.sequence) for one in sessions}) == 1
    assert sessions[0].meeting_id is not None
    return sessions[0]


async def test_S21_a_circle_meets_at_one_time_and_then_at_its_rarest_cadence(circle: World) -> None:
    first = await open_ones(circle, MENTEE, ADA, LEO)
    one = at_one_time(first, 3)
    assert await busy(circle) == dict.fromkeys((MENTEE, ADA, LEO, MENTOR), 1)
    scheduled = await said(circle, "session-scheduled")
    assert {event["match_id"] for event in scheduled} == {str(one.match_id) for one in first}
    assert {event["meeting_id"] for event in scheduled} == {str(one.meeting_id)}
    circle.at(one.ends_at)
    answer = await circle.act("happened", one, by=MENTOR)
    assert "We noted that the meeting took place" in answer.text
    assert len(await said(circle, "session-completed")) == 3
    await work_until(circle, circle.now + QUARTER)
    second = at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 3)
    assert second.due_wall - one.due_wall == timedelta(days=28)
    assert second.meeting_id != one.meeting_id


async def test_S21_a_meeting_is_moved_for_all_to_a_time_that_is_free_for_all(circle: World) -> None:
    one = at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 3)
    elsewhere = MatchId(UUID(int=900))
    await circle.hear(
        world.a_person(ZOE, circle.now, given_name="Zoe"),
        world.a_participant(ZOE, "mentor", circle.now),
        world.a_match(circle.now, match_id=elsewhere, mentee_id=LEO, mentor_id=ZOE),
    )
    await circle.agree(elsewhere, LEO, ZOE)
    [leos] = await circle.sessions(elsewhere)
    answer = await circle.client.get(f"/v1/sessions/{one.session_id}/slots", headers=bearer("reader"))
    offered = [datetime.fromisoformat(slot["starts_at"]) for slot in answer.json()["slots"]]
    assert leos.starts_at not in offered
    taken = await circle.act("move", one, slot=leos.starts_at.isoformat())
    assert (taken.status_code, "no longer free for all of you" in taken.text) == (409, True)
    moved = await circle.act("move", one, slot=offered[0].isoformat())
    assert "All of you get a new calendar invitation" in moved.text
    after = at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 3)
    assert (after.starts_at, after.sequence, after.meeting_id) == (offered[0], 1, one.meeting_id)
    assert [event["moved_by"] for event in await said(circle, "session-moved")] == [str(MENTEE)] * 3
    assert await busy(circle) == {**dict.fromkeys((MENTEE, ADA, MENTOR, ZOE), 1), LEO: 2}


async def test_S21_a_mentee_cancels_their_part_alone_and_comes_to_the_next_meeting(circle: World) -> None:
    one, *_ = await open_ones(circle, MENTEE)
    await circle.act("cancel", one)
    assert [event["match_id"] for event in await said(circle, "session-cancelled")] == [str(MATCH)]
    assert await busy(circle) == dict.fromkeys((ADA, LEO, MENTOR), 1)
    await work_until(circle, one.starts_at)
    other = at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 2)
    circle.at(other.ends_at)
    await circle.act("happened", other, by=MENTOR)
    await work_until(circle, circle.now + QUARTER)
    at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 3)


async def test_S21_the_mentor_cancels_for_all_and_the_time_is_free_again(circle: World) -> None:
    one, *_ = await open_ones(circle, MENTEE)
    await circle.act("cancel", one, by=MENTOR)
    cancelled = await said(circle, "session-cancelled")
    assert [(event["cancelled_by"], event["sequence"]) for event in cancelled] == [(str(MENTOR), 1)] * 3
    assert await busy(circle) == {}
    await work_until(circle, circle.now + QUARTER)
    again = at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 3)
    assert again.due_wall - one.due_wall == timedelta(days=28)


async def test_S21_an_absence_of_a_mentee_takes_them_out_and_one_of_the_mentor_takes_all(
    circle: World,
) -> None:
    one = at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 3)
    until = one.starts_wall.date()
    await circle.hear(world.a_pause(ADA, "mentee", circle.now, until))
    at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 2)
    assert await busy(circle) == dict.fromkeys((MENTEE, LEO, MENTOR), 1)
    await circle.hear(world.a_pause(MENTOR, "mentor", circle.now, until))
    assert await open_ones(circle, MENTEE, ADA, LEO) == []
    assert await busy(circle) == {}
    await work_until(circle, one.starts_at + 2 * DAY)
    again = at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 3)
    assert again.starts_wall.date() > until


async def test_S21_the_end_of_one_match_takes_only_that_mentee_out(circle: World) -> None:
    end = {"match_id": match_of(LEO), "mentee_id": LEO}
    await circle.hear(world.an_end(circle.now, **end))
    one = at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 2)
    circle.at(one.ends_at)
    await circle.act("missed", one, by=MENTOR)
    assert len(await said(circle, "session-missed")) == 2
    await work_until(circle, circle.now + QUARTER)
    at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 2)


async def test_S21_a_mentee_speaks_for_themselves_and_the_mentor_for_who_is_left(circle: World) -> None:
    mine, *others = await open_ones(circle, MENTEE, ADA, LEO)
    circle.at(mine.ends_at)
    await circle.act("happened", mine)
    assert [event["match_id"] for event in await said(circle, "session-completed")] == [str(MATCH)]
    page = await circle.client.get(circle.link("pair", MATCH, MENTOR))
    assert str(others[0].session_id) in page.text, "the mentor is still asked about the others"
    form = {"action": "missed", "session_id": str(others[0].session_id), "sequence": "0"}
    answer = await circle.client.post(circle.link("pair", MATCH, MENTEE), data=form)
    assert answer.status_code == 404
    await circle.client.post(circle.link("pair", MATCH, MENTOR), data=form)
    assert len(await said(circle, "session-missed")) == 2
    assert (await circle.sessions())[0].state == "completed"


async def test_S21_who_confirms_late_joins_the_planned_meeting_and_the_mentor_meets_once(
    circle: World,
) -> None:
    one = at_one_time(await open_ones(circle, MENTEE, ADA, LEO), 3)
    await matched_too(circle, ZOE)
    circle.at(one.starts_at - 2 * DAY - QUARTER)
    await confirmed(circle, ZOE)
    await work_until(circle, one.starts_at - DAY)
    joined = at_one_time(await open_ones(circle, MENTEE, ADA, LEO, ZOE), 4)
    assert joined.slot == one.slot
    assert (await busy(circle))[MENTOR] == 1


async def test_S21_nobody_waits_for_ever_for_who_does_not_confirm(empty: World) -> None:
    now = empty.now
    await mia_and_tom(empty)
    await matched_too(empty, ADA)
    await confirmed(empty, MENTEE)
    await work_until(empty, now + 7 * DAY - QUARTER)
    assert await empty.sessions() == []
    page = await empty.client.get(empty.link("pair", MATCH, MENTEE))
    assert "Your circle meets together" in page.text
    await work_until(empty, now + 7 * DAY + QUARTER)
    at_one_time(await open_ones(empty, MENTEE, ADA), 1)


async def test_S21_a_match_that_ends_before_it_is_agreed_on_keeps_nobody_waiting(empty: World) -> None:
    await mia_and_tom(empty)
    now = empty.now
    await matched_too(empty, ADA)
    await confirmed(empty, MENTEE)
    await work_until(empty, now + 4 * DAY)
    await empty.hear(world.an_end(empty.now, match_id=match_of(ADA), mentee_id=ADA))
    await work_until(empty, empty.now + QUARTER)
    at_one_time(await open_ones(empty, MENTEE), 1)


async def test_S21_the_page_says_who_else_is_there_and_how_often_the_circle_meets(circle: World) -> None:
    page = (await circle.client.get(circle.link("pair", MATCH, MENTEE))).text
    assert "The next meeting of your circle" in page
    assert "Ada Number3, Leo Number4" in page
    assert "your circle meets every four weeks, the rarest that its pairs agreed on" in page
    assert "the others meet without you" in page
    theirs = (await circle.client.get(circle.link("pair", match_of(ADA), MENTOR))).text
    assert "Mia Number1, Leo Number4" in theirs
    assert "The meeting is then off for your whole circle" in theirs


async def test_S21_two_who_cancel_at_one_time_both_get_their_time_back(circle: World) -> None:
    """The last of them frees the mentor: whoever comes second sees what the first did."""
    await circle.hear(world.an_end(circle.now, match_id=match_of(LEO), mentee_id=LEO))
    mine, adas = await open_ones(circle, MENTEE, ADA)
    answers = await asyncio.gather(circle.act("cancel", mine), circle.act("cancel", adas, by=ADA))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert await busy(circle) == {}
