"""What facts about people mean for their sessions: leaves, doubts, departures, and who may still look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.scheduling import core
from shared import events
from shared.errors import Early
from shared.events import MatchId, PersonId
from tests import links
from tests.integration.scheduling import world
from tests.integration.scheduling.world import MATCH, MENTEE, MENTOR, World

MADRID = ZoneInfo("Europe/Madrid")
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)


async def planned(matched: World) -> core.sessions.Session:
    """Both agreed, and their first session is booked."""
    await matched.agree()
    [session] = await matched.sessions()
    return session


async def work_on(matched: World, until: datetime) -> None:
    """The jobs at each quarter of an hour in which they are due, up to `until`."""
    while True:
        await matched.work()
        at = await matched.door.pool.fetchval("SELECT min(book_at) FROM booking")
        if at is None or at > until:
            matched.at(until)
            return
        matched.at(max(at, matched.now))


async def newest(matched: World) -> core.sessions.Session:
    return (await matched.sessions())[-1]


async def cancellations(matched: World) -> list[dict[str, Any]]:
    return [one for one in await matched.said() if one["topic"] == "session-cancelled"]


async def test_U6_a_leave_cancels_what_lies_inside_it_for_nobodys_fault(matched: World) -> None:
    session = await planned(matched)
    matched.at(session.starts_at - timedelta(hours=2))
    await matched.hear(world.a_pause(MENTOR, "mentor", matched.now, session.starts_wall.date()))
    [gone] = await cancellations(matched)
    assert (gone["sequence"], gone["reason"], gone["cancelled_by"], gone["late"]) == (1, "away", None, False)
    assert (await newest(matched)).state == "cancelled"
    assert await matched.rows("busy_time") == []


async def test_U6_a_leave_keeps_what_lies_behind_it_and_counts_days_on_the_persons_clock(
    matched: World,
) -> None:
    session = await planned(matched)
    day_before = session.starts_wall.date() - DAY
    await matched.hear(
        world.a_person(MENTOR, matched.now, version=2, time_zone="Pacific/Apia"),
        world.a_pause(MENTOR, "mentor", matched.now, day_before),
    )
    assert await cancellations(matched) == []
    await matched.hear(
        world.a_person(MENTOR, matched.now, version=3, time_zone="Pacific/Honolulu"),
        world.a_pause(MENTOR, "mentor", matched.now, day_before, version=3),
    )
    assert len(await cancellations(matched)) == 1, "in Honolulu the day before is not over yet"


async def test_U6_nothing_is_booked_inside_a_leave_and_then_the_rhythm_goes_on(matched: World) -> None:
    session = await planned(matched)
    back = session.starts_wall.date() + 20 * DAY
    await matched.hear(world.a_pause(MENTEE, "mentee", matched.now, back - DAY))
    midnight = datetime.combine(back, datetime.min.time(), MADRID)
    await work_on(matched, midnight - QUARTER)
    assert [one.state for one in await matched.sessions()] == ["cancelled"]
    page = await matched.client.get(matched.link("pair", MATCH, MENTOR))
    assert "One of you is away at the moment." in page.text
    await matched.hear(world.a_return(MENTEE, "mentee", midnight))
    await work_on(matched, midnight + DAY)
    following = await newest(matched)
    assert (following.state, following.ordinal) == ("scheduled", 2)
    assert following.due_wall == session.due_wall + timedelta(days=14), (
        "a week late is nearer than a week early"
    )
    assert following.starts_at >= midnight + 2 * DAY


async def test_U6_whoever_comes_back_early_is_booked_early(matched: World) -> None:
    session = await planned(matched)
    await matched.hear(world.a_pause(MENTEE, "mentee", matched.now, session.starts_wall.date() + 60 * DAY))
    await work_on(matched, matched.now + DAY)
    await matched.hear(world.a_return(MENTEE, "mentee", matched.now))
    await work_on(matched, matched.now + QUARTER)
    assert (await newest(matched)).state == "scheduled"


async def test_a_leave_without_an_end_cancels_and_books_nothing_until_the_return(matched: World) -> None:
    await planned(matched)
    await matched.hear(world.a_pause(MENTOR, "mentor", matched.now, None))
    await work_on(matched, matched.now + 40 * DAY)
    assert [one.state for one in await matched.sessions()] == ["cancelled"]
    await matched.hear(world.a_return(MENTOR, "mentor", matched.now))
    await work_on(matched, matched.now + QUARTER)
    assert (await newest(matched)).state == "scheduled"


async def test_U6_whoever_may_be_gone_has_sessions_cancelled_as_soon_as_it_is_known_until_when(
    matched: World,
) -> None:
    session = await planned(matched)
    doubt = world.a_pause(MENTOR, "mentor", matched.now, None, reason="inactive")
    await matched.hear(doubt)
    assert await cancellations(matched) == []
    until = session.starts_wall.date()
    await matched.hear(doubt.model_copy(update={"version": 3, "until": until}))
    assert len(await cancellations(matched)) == 1


async def test_not_now_leaves_a_pair_that_exists_alone(matched: World) -> None:
    session = await planned(matched)
    until = session.starts_wall.date() + 60 * DAY
    await matched.hear(world.a_pause(MENTOR, "mentor", matched.now, until, reason="not-now"))
    await matched.hold()
    await work_on(matched, matched.now + QUARTER)
    assert [one.state for one in await matched.sessions()] == ["completed", "scheduled"]


async def test_a_pause_says_nothing_about_the_other_role(matched: World) -> None:
    session = await planned(matched)
    await matched.hear(world.a_pause(MENTOR, "mentee", matched.now, session.starts_wall.date()))
    assert await cancellations(matched) == []


async def test_among_peers_a_pause_counts_on_either_side(matched: World) -> None:
    session = await planned(matched)
    pause = world.a_pause(MENTOR, "mentee", matched.now, session.starts_wall.date(), peer=True)
    await matched.hear(pause)
    assert len(await cancellations(matched)) == 1


async def test_U6_a_pause_heard_after_the_return_is_history(matched: World) -> None:
    session = await planned(matched)
    await matched.hear(
        world.a_return(MENTEE, "mentee", matched.now),
        world.a_pause(MENTEE, "mentee", matched.now, session.starts_wall.date()),
    )
    assert await cancellations(matched) == []


async def test_U6_a_pause_heard_before_all_else_holds(empty: World) -> None:
    now = empty.now
    pause = world.a_pause(MENTEE, "mentee", now, now.date() + 9 * DAY)
    with pytest.raises(Early):
        await empty.hear(pause)
    await empty.hear(world.a_person(MENTEE, now), pause)
    await empty.hear(world.a_person(MENTOR, now), world.a_programme(now))
    await empty.hear(world.a_participant(MENTEE, "mentee", now), world.a_participant(MENTOR, "mentor", now))
    await empty.hear(world.a_match(now))
    await empty.agree()
    assert await empty.sessions() == []
    await work_on(empty, now + 11 * DAY)
    assert (await newest(empty)).starts_at.astimezone(MADRID).date() >= now.date() + 10 * DAY


@pytest.mark.parametrize("status", ["leave", "inactive", "terminated"])
async def test_U6_a_card_alone_stops_what_is_not_booked_yet(matched: World, status: str) -> None:
    await matched.hear(world.a_person(MENTEE, matched.now, version=2, status=status))
    for who in (MENTEE, MENTOR):
        await matched.confirm(who)
    await matched.hear(world.a_person(MENTEE, matched.now, version=3))
    await matched.confirm(MENTEE)
    await matched.hear(world.a_person(MENTEE, matched.now, version=4, status=status))
    await work_on(matched, matched.now + DAY)
    assert await matched.sessions() == []
    await matched.hear(world.a_person(MENTEE, matched.now, version=5))
    await work_on(matched, matched.now + QUARTER)
    assert (await newest(matched)).state == "scheduled"


async def test_a_session_is_not_moved_into_a_leave(matched: World) -> None:
    session = await planned(matched)
    begins = matched.now
    await matched.hear(
        world.a_person(MENTOR, matched.now, version=2),
        world.a_pause(MENTOR, "mentor", begins, session.starts_wall.date() - DAY),
    )
    offered = await matched.client.get(
        f"/v1/sessions/{session.session_id}/slots", headers=world.bearer("reader")
    )
    starts = [datetime.fromisoformat(one["starts_at"]) for one in offered.json()["slots"]]
    assert starts
    assert min(starts).astimezone(MADRID).date() >= session.starts_wall.date()


@pytest.mark.parametrize("order", ["departure first", "end first"])
async def test_U6_a_departure_cancels_what_is_ahead_once_whatever_is_heard_first(
    matched: World, order: str
) -> None:
    await planned(matched)
    news: list[events.Event] = [
        world.a_departure(MENTOR, "mentor", matched.now),
        world.an_end(matched.now, reason="left-company"),
    ]
    await matched.hear(*(news if order == "departure first" else reversed(news)))
    [gone] = await cancellations(matched)
    assert (gone["sequence"], gone["reason"], gone["late"]) == (1, "match-ended", False)
    await work_on(matched, matched.now + 30 * DAY)
    assert len(await matched.sessions()) == 1


async def test_U6_a_rehire_meets_with_the_hours_of_the_new_participation(matched: World) -> None:
    await planned(matched)
    now = matched.now
    await matched.hear(world.an_end(now), world.a_departure(MENTOR, "mentor", now))
    again, mentee = MatchId(world.UUID(int=51)), PersonId(world.UUID(int=9))
    anew = world.a_participant(MENTOR, "mentor", now + DAY)
    matched.at(now + DAY)
    await matched.hear(
        anew.model_copy(update={"participation_id": world.ParticipationId(world.UUID(int=77))}),
        world.a_person(mentee, matched.now),
        world.a_participant(mentee, "mentee", matched.now),
        world.a_match(matched.now, match_id=again, mentee_id=mentee),
    )
    await matched.agree(again, mentee, MENTOR)
    [session] = await matched.sessions(again)
    assert session.state == "scheduled"


@pytest.mark.parametrize(("status", "opens"), [("leave", 200), ("inactive", 410), ("terminated", 410)])
async def test_U6_every_page_is_closed_to_whoever_lost_access_and_open_in_a_leave(
    matched: World, status: str, opens: int
) -> None:
    session = await planned(matched)
    matched.at(session.ends_at)
    await matched.act("happened", session, by=MENTOR)
    await matched.hear(world.a_person(MENTEE, matched.now, version=2, status=status))
    pages = {
        "agreement": matched.link("agreement", MATCH, MENTEE),
        "pair": matched.link("pair", MATCH, MENTEE),
        "feedback": matched.link("feedback", session.session_id, MENTEE),
    }
    before = await matched.snapshot()
    for page in pages.values():
        shown = await matched.client.get(page)
        assert shown.status_code == opens
    if opens == 410:
        await links.all_closed(matched.app, matched.client, lambda purpose: pages[purpose])
        assert await matched.snapshot() == before
    assert (await matched.client.get(matched.link("pair", MATCH, MENTOR))).status_code == 200
