"""A flash talk is booked at its own time, without anything to agree on, and nothing follows it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from shared.events import MatchId
from tests.integration.scheduling import world
from tests.integration.scheduling.world import MATCH, MENTEE, World, bearer

TALK = datetime(2026, 3, 3, 14, 30, tzinfo=UTC)
"""Tomorrow, 15:30 in Madrid: sooner than any other session would be booked."""
OTHER = MatchId(UUID(int=51))


def a_talk(at: datetime, **changes: object) -> world.events.MatchMade:
    plain = {"talk_at": TALK, "session_minutes": 30, "ends_on": date(2026, 3, 4)}
    return world.a_match(at, **{**plain, **changes})


async def test_a_talk_is_booked_at_once_at_its_own_time(known: World) -> None:
    await known.hear(a_talk(known.now))
    await known.work()
    [session] = await known.sessions()
    assert (session.starts_at, session.ends_at) == (TALK, TALK + timedelta(minutes=30))
    [said] = await known.said()
    assert (said["topic"], said["starts_at"]) == ("session-scheduled", "2026-03-03T14:30:00Z")
    page = await known.client.get(known.link("pair", MATCH, MENTEE))
    assert page.status_code == 200
    missing = await known.client.get(
        "/v1/agreements", params={"state": "confirmed"}, headers=bearer("reader")
    )
    assert [one["match_id"] for one in missing.json()["items"]] == [str(MATCH)]


async def test_after_the_talk_nothing_more_is_booked(known: World) -> None:
    await known.hear(a_talk(known.now, ends_on=date(2026, 9, 1)))
    await known.work()
    await known.hold()
    known.at(known.now + timedelta(days=60))
    await known.work()
    assert [one.state for one in await known.sessions()] == ["completed"]


async def test_where_somebody_has_become_busy_the_talk_is_at_the_first_free_time_after(known: World) -> None:
    await known.hear(a_talk(known.now, match_id=OTHER), a_talk(known.now, ends_on=date(2026, 3, 20)))
    await known.work()
    [first], [second] = await known.sessions(OTHER), await known.sessions()
    assert {first.starts_at, second.starts_at} == {TALK, datetime(2026, 3, 4, 9, tzinfo=UTC)}


async def test_the_same_match_heard_again_books_no_second_talk(known: World) -> None:
    made = a_talk(known.now)
    await known.hear(made)
    await known.work()
    await known.hear(made)
    await known.work()
    assert len(await known.sessions()) == 1
