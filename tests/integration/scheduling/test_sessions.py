"""Sessions are booked into both people's hours, follow the cadence, and only move forward."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from services.scheduling import store
from shared import events, tx
from shared.events import MatchId, PersonId
from tests.integration.scheduling import world
from tests.integration.scheduling.world import MATCH, MENTEE, MENTOR, World, bearer

MADRID = ZoneInfo("Europe/Madrid")


def works(
    person_id: PersonId, role: events.Role, at: datetime, version: int, *days: int
) -> events.ParticipantJoined:
    """From nine to twelve on these days."""
    hours = tuple(events.WorkingHours(weekday=day, starts="09:00", ends="12:00") for day in days)
    return world.a_participant(person_id, role, at, version=version, hours=hours)


async def act(
    here: World, session_id: UUID, verb: str, status: int = 200, **body: object
) -> dict[str, object]:
    answer = await here.client.post(f"/v1/sessions/{session_id}/{verb}", json=body, headers=bearer("writer"))
    assert answer.status_code == status, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_the_first_session_comes_two_days_after_the_agreement_and_within_ten_of_the_match(
    matched: World,
) -> None:
    made_at = matched.now
    await matched.agree()
    [session] = await matched.sessions()
    assert timedelta(days=2) <= session.starts_at - made_at <= timedelta(days=10)
    assert (session.ordinal, session.sequence, session.state) == (1, 0, "scheduled")
    assert (session.zone, session.starts_wall) == ("Europe/Madrid", datetime(2026, 3, 4, 10, 30))  # noqa: DTZ001
    [_, said] = await matched.said()
    assert (said["topic"], said["session_id"], said["ordinal"]) == (
        "session-scheduled",
        str(session.session_id),
        1,
    )


async def test_S27_sessions_of_a_biweekly_pair_are_due_14_days_apart(matched: World) -> None:
    await matched.agree()
    for _ in range(5):
        await matched.hold()
        matched.at(matched.now + timedelta(minutes=15))
        await matched.work()
    found = await matched.sessions()
    assert [one.ordinal for one in found] == [1, 2, 3, 4, 5, 6]
    gaps = {after.due_wall - before.due_wall for before, after in itertools.pairwise(found)}
    assert gaps == {timedelta(days=14)}
    assert {one.starts_wall.time() for one in found} == {found[0].starts_wall.time()}
    assert len({one.starts_at.astimezone(UTC).time() for one in found}) == 2, "summer time began in between"


async def test_S23_sessions_of_partners_in_two_zones_are_inside_both_working_hours(matched: World) -> None:
    now = matched.now
    for zone in ("America/Sao_Paulo", "America/New_York", "Africa/Casablanca", "Asia/Kathmandu"):
        n = 100 + hash_of(zone)
        mentor, match_id = PersonId(UUID(int=n)), MatchId(UUID(int=n))
        await matched.hear(
            world.a_person(mentor, now, time_zone=zone),
            world.a_participant(mentor, "mentor", now),
            world.a_match(now, match_id=match_id, mentor_id=mentor),
        )
        await matched.agree(match_id, MENTEE, mentor)
        [session] = await matched.sessions(match_id)
        for clock in (MADRID, ZoneInfo(zone)):
            start, end = session.starts_at.astimezone(clock), session.ends_at.astimezone(clock)
            assert start.weekday() < 5
            assert start.hour >= 9
            assert (end.hour, end.minute) <= (17, 0)


def hash_of(text: str) -> int:
    return sum(text.encode())


async def test_S42_offered_slots_are_free_of_both_peoples_sessions_and_can_be_taken(matched: World) -> None:
    other = PersonId(UUID(int=7))
    await matched.hear(
        world.a_person(other, matched.now, given_name="Ada"),
        world.a_participant(other, "mentee", matched.now),
        world.a_match(matched.now, match_id=MatchId(UUID(int=70)), mentee_id=other),
    )
    await matched.agree()
    await matched.agree(MatchId(UUID(int=70)), other, MENTOR)
    [mine] = await matched.sessions()
    [theirs] = await matched.sessions(MatchId(UUID(int=70)))
    answer = await matched.client.get(f"/v1/sessions/{mine.session_id}/slots", headers=bearer("reader"))
    offered = [datetime.fromisoformat(slot["starts_at"]) for slot in answer.json()["slots"]]
    assert len(offered) == 6
    for start in offered:
        assert start + timedelta(hours=1) <= theirs.starts_at or start >= theirs.ends_at
    await act(matched, mine.session_id, "move", starts_at=offered[-1].isoformat(), sequence=0)
    taken = theirs.starts_at.isoformat()
    problem = await act(matched, mine.session_id, "move", 409, starts_at=taken, sequence=1)
    assert problem["type"] == "urn:mentoring:problem:slot-taken"


async def test_contested_hours_go_by_employee_number_and_not_by_who_confirmed_first(matched: World) -> None:
    now = matched.now
    await matched.hear(works(MENTOR, "mentor", now, 2, 3))
    late, early = PersonId(UUID(int=3)), PersonId(UUID(int=4))
    for person, number in ((late, "E9"), (early, "E0")):
        await matched.hear(
            world.a_person(person, now, employee_number=number),
            world.a_participant(person, "mentee", now),
            world.a_match(now, match_id=MatchId(UUID(int=person.int)), mentee_id=person),
        )
    for person in (late, early):
        for who in (person, MENTOR):
            assert (await matched.confirm(who, MatchId(UUID(int=person.int)))).status_code == 200
    matched.at(now + timedelta(minutes=15))
    await matched.work()
    [first] = await matched.sessions(MatchId(UUID(int=early.int)))
    [second] = await matched.sessions(MatchId(UUID(int=late.int)))
    assert first.ends_at <= second.starts_at


async def test_nobody_has_two_sessions_at_one_time_even_if_two_race_for_it(matched: World) -> None:
    other = MatchId(UUID(int=70))
    await matched.hear(world.a_match(matched.now, match_id=other))
    await matched.agree()
    await matched.agree(other)
    [one], [two] = await matched.sessions(), await matched.sessions(other)
    target = one.starts_at + timedelta(days=5)

    async def race(session_id: UUID) -> int:
        answer = await matched.client.post(
            f"/v1/sessions/{session_id}/move",
            json={"starts_at": target.isoformat(), "sequence": 0},
            headers=bearer("writer"),
        )
        return answer.status_code

    assert sorted(await asyncio.gather(race(one.session_id), race(two.session_id))) == [200, 409]
    async with tx.transaction(matched.door) as unit:
        people = [one.mentee_id, one.mentor_id]
        assert not await store.sessions.take_time(unit.conn, two.session_id, people, one.slot)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await matched.door.pool.execute(
            "UPDATE busy_time SET starts_at = $1, ends_at = $2", target, one.ends_at + timedelta(days=9)
        )


async def test_people_without_common_hours_are_listed_and_booked_once_they_have_some(matched: World) -> None:
    await matched.hear(
        works(MENTEE, "mentee", matched.now, 2, 0),
        works(MENTOR, "mentor", matched.now, 2, 1),
    )
    await matched.agree()
    assert await matched.sessions() == []
    answer = await matched.client.get("/v1/agreements?state=unbookable", headers=bearer("reader"))
    [listed] = answer.json()["items"]
    assert (listed["match_id"], listed["problem"]) == (str(MATCH), "no-common-hours")
    page = await matched.client.get(matched.link("pair", MATCH, MENTEE))
    assert "no time at which both of you work" in page.text
    await matched.hear(works(MENTOR, "mentor", matched.now, 3, 0))
    matched.at(matched.now + timedelta(minutes=15))
    await matched.work()
    [session] = await matched.sessions()
    assert session.starts_at.weekday() == 0
    answer = await matched.client.get("/v1/agreements?state=unbookable", headers=bearer("reader"))
    assert answer.json()["items"] == []


async def test_who_is_without_common_hours_is_tried_again_a_week_later(matched: World) -> None:
    await matched.hear(works(MENTEE, "mentee", matched.now, 2, 0), works(MENTOR, "mentor", matched.now, 2, 1))
    await matched.agree()
    async with tx.transaction(matched.door) as unit:
        again = await store.bookings.next_at(unit.conn)
    assert again is not None
    assert timedelta(days=7) <= again - matched.now <= timedelta(days=7, minutes=15)


async def test_a_session_of_which_nobody_speaks_is_missed_after_three_days(matched: World) -> None:
    await matched.agree()
    [session] = await matched.sessions()
    matched.at(session.ends_at + timedelta(days=3) - timedelta(minutes=1))
    await matched.work()
    assert (await matched.sessions())[0].state == "scheduled"
    matched.at(session.ends_at + timedelta(days=3))
    await matched.work()
    missed = next(one for one in await matched.said() if one["topic"] == "session-missed")
    assert (missed["session_id"], missed["reported_by"]) == (str(session.session_id), None)
    matched.at(matched.now + timedelta(minutes=15))
    await matched.work()
    assert [one.state for one in await matched.sessions()] == ["missed", "scheduled"]


async def test_after_a_missed_or_cancelled_session_the_next_one_follows_the_rhythm(matched: World) -> None:
    await matched.agree()
    [first] = await matched.sessions()
    await act(matched, first.session_id, "cancel", sequence=0, by=str(MENTEE))
    matched.at(matched.now + timedelta(minutes=15))
    await matched.work()
    second = (await matched.sessions())[1]
    assert second.due_wall - first.due_wall == timedelta(days=14)
    assert second.ordinal == 2


async def test_a_cancelled_session_gives_its_time_back(matched: World) -> None:
    await matched.agree()
    [session] = await matched.sessions()
    await act(matched, session.session_id, "cancel", sequence=0)
    assert await matched.rows("busy_time") == []
    said = (await matched.said())[-1]
    assert (said["topic"], said["sequence"], said["late"], said["cancelled_by"]) == (
        "session-cancelled",
        1,
        False,
        None,
    )


async def test_a_cancellation_inside_24_hours_is_said_to_be_late(matched: World) -> None:
    await matched.agree()
    [session] = await matched.sessions()
    matched.at(session.starts_at - timedelta(hours=23))
    await act(matched, session.session_id, "cancel", sequence=0, by=str(MENTOR))
    said = (await matched.said())[-1]
    assert (said["late"], said["cancelled_by"], said["reason"]) == (True, str(MENTOR), "participant")


async def test_a_session_in_the_future_cannot_be_completed(matched: World) -> None:
    await matched.agree()
    [session] = await matched.sessions()
    problem = await act(matched, session.session_id, "complete", 409, sequence=0)
    assert problem["type"] == "urn:mentoring:problem:session-not-begun"


async def test_a_stale_sequence_is_refused(matched: World) -> None:
    await matched.agree()
    [session] = await matched.sessions()
    later = session.starts_at + timedelta(days=1)
    await act(matched, session.session_id, "move", starts_at=later.isoformat(), sequence=0)
    problem = await act(matched, session.session_id, "cancel", 409, sequence=0)
    assert problem["type"] == "urn:mentoring:problem:stale-sequence"
    said = (await matched.said())[-1]
    assert (said["topic"], said["sequence"]) == ("session-moved", 1)
    assert datetime.fromisoformat(said["previous_starts_at"]) == session.starts_at


async def test_the_state_of_a_session_moves_forward_only(matched: World) -> None:
    await matched.agree()
    session = await matched.hold()
    for verb, body in (("cancel", {}), ("move", {"starts_at": "2026-03-10T09:00:00Z"})):
        problem = await act(matched, session.session_id, verb, 409, sequence=0, **body)
        assert problem["type"] == "urn:mentoring:problem:session-over"
    again = await act(matched, session.session_id, "complete", sequence=0)
    assert again["state"] == "completed"
    assert (await matched.topics()).count("session-completed") == 1


async def test_the_same_request_sent_twice_has_one_effect(matched: World) -> None:
    await matched.agree()
    [session] = await matched.sessions()
    for _ in range(2):
        answer = await matched.client.post(
            f"/v1/sessions/{session.session_id}/cancel",
            json={"sequence": 0},
            headers={**bearer("writer"), "Idempotency-Key": "once"},
        )
        assert answer.status_code == 200
    assert (await matched.topics()).count("session-cancelled") == 1


async def test_an_unknown_field_and_a_naive_time_are_refused_by_name(matched: World) -> None:
    await matched.agree()
    [session] = await matched.sessions()
    problem = await act(matched, session.session_id, "cancel", 422, sequence=0, why="?")
    assert problem["errors"] == [{"pointer": "/why", "detail": "Extra inputs are not permitted"}]
    problem = await act(matched, session.session_id, "move", 422, sequence=0, starts_at="2026-03-10T09:00:00")
    assert [error["pointer"] for error in problem["errors"]] == ["/starts_at"]  # type: ignore[attr-defined]


async def test_somebody_else_cannot_act_for_the_pair(matched: World) -> None:
    await matched.agree()
    [session] = await matched.sessions()
    problem = await act(matched, session.session_id, "cancel", 403, sequence=0, by=str(UUID(int=99)))
    assert problem["type"] == "urn:mentoring:problem:not-of-this-pair"


async def test_the_end_of_a_match_cancels_what_lies_ahead_and_books_no_more(matched: World) -> None:
    await matched.agree()
    await matched.hold()
    matched.at(matched.now + timedelta(minutes=15))
    await matched.work()
    await matched.hear(world.an_end(matched.now), world.an_end(matched.now))
    assert [one.state for one in await matched.sessions()] == ["completed", "cancelled"]
    said = (await matched.said())[-1]
    assert (said["topic"], said["reason"], said["cancelled_by"]) == ("session-cancelled", "match-ended", None)
    matched.at(matched.now + timedelta(days=60))
    await matched.work()
    assert len(await matched.sessions()) == 2
    assert (await matched.topics()).count("session-cancelled") == 1


async def test_nothing_is_booked_after_the_last_day(matched: World) -> None:
    other = MatchId(UUID(int=71))
    await matched.hear(world.a_match(matched.now, match_id=other, ends_on=date(2026, 3, 20)))
    await matched.agree(other)
    for _ in range(3):
        if any(one.state == "scheduled" for one in await matched.sessions(other)):
            await matched.hold(other)
        matched.at(matched.now + timedelta(minutes=15))
        await matched.work()
    found = await matched.sessions(other)
    assert [one.ordinal for one in found] == [1, 2]
    assert found[-1].ends_at < datetime(2026, 3, 20, 23, tzinfo=UTC)
    assert await matched.rows("booking") == []


async def test_a_person_who_moves_to_another_zone_keeps_the_instants_of_their_sessions(
    matched: World,
) -> None:
    await matched.agree()
    [before] = await matched.sessions()
    await matched.hear(world.a_person(MENTEE, matched.now, version=2, time_zone="America/New_York"))
    assert await matched.sessions() == [before]


async def test_sessions_are_listed_by_pair(matched: World) -> None:
    await matched.agree()
    [session] = await matched.sessions()
    answer = await matched.client.get(f"/v1/sessions?match_id={MATCH}", headers=bearer("reader"))
    [listed] = answer.json()["items"]
    alone = await matched.client.get(f"/v1/sessions/{session.session_id}", headers=bearer("reader"))
    assert alone.json() == listed
    assert listed["starts_wall"] == "2026-03-04T10:30:00"
    none = await matched.client.get(f"/v1/sessions?match_id={UUID(int=1)}", headers=bearer("reader"))
    assert none.json() == {"items": [], "next": None}
    unknown = await matched.client.get(f"/v1/sessions/{UUID(int=1)}", headers=bearer("reader"))
    assert unknown.status_code == 404
