from __future__ import annotations

import asyncio
from uuid import UUID

import httpx
import pytest

from services.matching import commands, jobs, store
from shared import jobs as loop
from shared import tx
from shared.errors import Early
from tests.integration.matching.world import NEGOTIATION, SPEAKING, World, a_feedback


async def proposed(
    company: World, *, mentees: tuple[int, ...] = (1,), mentors: tuple[int, ...] = (2,)
) -> str:
    """A programme with a round behind it; the answer is its id."""
    programme = await company.open()
    for number in mentees:
        await company.enrol(programme, number, "mentee")
    for number in mentors:
        await company.enrol(programme, number, "mentor")
    await company.next_morning()
    return programme


async def test_a_match_is_made_when_both_say_yes(company: World) -> None:
    await proposed(company)
    (match,) = await company.matches()
    assert (await company.say(match["match_id"], 2, "accept")).status_code == 303
    assert await company.said("match-made") == []
    company.later(hours=5)
    assert (await company.say(match["match_id"], 1, "accept")).status_code == 303
    (made,) = await company.said("match-made")
    assert (made["match_id"], made["version"], made["score"]) == (match["match_id"], 3, match["score"])
    assert (made["cadence"], made["hours_per_month"], made["session_minutes"]) == ("monthly", 2, 60)
    assert made["ends_on"] == "2026-09-01"
    found = await company.call("GET", f"/v1/matches/{match['match_id']}")
    assert (found.json()["state"], found.headers["etag"]) == ("active", '"3"')


async def test_a_no_frees_both_and_keeps_them_apart(company: World) -> None:
    await proposed(company, mentors=(2, 3))
    ((mentee, first),) = await company.pairs()
    (match,) = await company.matches()
    await company.say(match["match_id"], mentee, "accept")
    await company.say(match["match_id"], first, "decline", reason="prefer-other")
    (declined,) = await company.said("match-declined")
    assert (declined["reason"], declined["declined_by"]) == ("prefer-other", company.people[first])
    await company.next_morning()
    assert await company.pairs(state="proposed") == [("1", "3" if first == "2" else "2")]
    for _ in range(40):
        await company.next_morning()
    assert set(await company.pairs()) == {("1", "2"), ("1", "3")}
    assert (await company.pairs()).count((mentee, first)) == 1


async def test_what_nobody_answers_lapses_after_three_days_and_may_come_again_after_thirty(
    company: World,
) -> None:
    await proposed(company)
    (match,) = await company.matches()
    await company.say(match["match_id"], 1, "accept")
    company.later(days=3, seconds=-1)
    await company.work()
    assert await company.said("match-declined") == []
    company.later(seconds=1)
    await company.work()
    (declined,) = await company.said("match-declined")
    assert (declined["reason"], declined["declined_by"]) == ("lapsed", None)
    for _ in range(29):
        await company.next_morning()
    assert len(await company.said("match-proposed")) == 1
    for _ in range(2):
        await company.next_morning()
    assert len(await company.said("match-proposed")) == 2


@pytest.mark.parametrize("order", [1, -1])
async def test_a_round_at_the_moment_of_a_lapse_has_the_seat_whichever_job_is_first(
    company: World, order: int
) -> None:
    programme = await proposed(company)
    company.later(days=2, hours=3)
    await company.enrol(programme, 3, "mentee")
    company.later(hours=21)
    for job in jobs.JOBS[::order]:
        await loop.run_while_due(company.door, job)
    await company.solve()
    assert await company.pairs(state="lapsed") == [("1", "2")]
    assert await company.pairs(state="proposed") == [("3", "2")]
    assert len(await company.said("match-declined")) == 1


async def test_a_match_ends_when_its_last_day_is_over(company: World) -> None:
    programme = await company.open(ends_on="2026-05-29")
    for number, role in ((1, "mentee"), (2, "mentor")):
        await company.enrol(programme, number, role)
    made = await company.pair(programme, 1, 2)
    assert made.json()["ends_on"] == "2026-05-29"
    company.at(company.now.replace(month=5, day=29, hour=23, minute=59))
    await company.work()
    assert await company.said("match-ended") == []
    company.later(minutes=1)
    await company.work()
    (ended,) = await company.said("match-ended")
    assert (ended["match_id"], ended["reason"]) == (made.json()["match_id"], "completed")
    (match,) = await company.matches()
    assert (match["state"], match["end_reason"]) == ("ended", "completed")


async def test_S16_a_third_mentee_is_refused_by_hand_and_nothing_is_said(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 9, "mentor", capacity=2)
    for number in (1, 2, 3):
        await company.enrol(programme, number, "mentee")
    assert (await company.pair(programme, 1, 9)).status_code == 201
    assert (await company.pair(programme, 2, 9)).status_code == 201
    before = await company.snapshot()
    third = await company.pair(programme, 3, 9)
    assert (third.status_code, third.json()["type"]) == (409, "urn:mentoring:problem:capacity-exceeded")
    assert await company.snapshot() == before
    run = await company.hold_round(programme)
    assert run["proposed"] == 0


async def test_S16_an_open_proposal_holds_a_seat(company: World) -> None:
    programme = await proposed(company)
    await company.enrol(programme, 3, "mentee")
    refused = await company.pair(programme, 3, 2)
    assert refused.json()["type"] == "urn:mentoring:problem:capacity-exceeded"
    (match,) = await company.matches()
    await company.say(match["match_id"], 1, "decline")
    assert (await company.pair(programme, 3, 2)).status_code == 201


async def test_S16_of_requests_that_race_for_the_last_seat_one_wins(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 9, "mentor", capacity=2)
    for number in range(1, 7):
        await company.enrol(programme, number, "mentee")
    answers = await asyncio.gather(*[company.pair(programme, number, 9) for number in range(1, 7)])
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]
    assert len(await company.pairs(state="active")) == 2
    assert len(await company.said("match-made")) == 2


async def test_S16_a_round_and_a_request_by_hand_that_race_do_not_share_a_seat(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 9, "mentor")
    for number in (1, 2):
        await company.enrol(programme, number, "mentee")

    async def by_hand() -> httpx.Response:
        return await company.pair(programme, 2, 9)

    async def by_round() -> httpx.Response:
        return await company.call("POST", f"/v1/programmes/{programme}/runs")

    for answer in await asyncio.gather(by_hand(), by_round(), by_hand(), by_round()):
        assert answer.status_code in (201, 409)
    assert len(await company.pairs()) == 1


async def test_S16_the_lock_is_what_holds_the_second_back(company: World) -> None:
    """One transaction has taken the last seat and is not over: the next waits, and then is refused."""
    programme = await company.open()
    await company.enrol(programme, 9, "mentor")
    for number in (1, 2):
        await company.enrol(programme, number, "mentee")
    async with tx.transaction(company.door) as first:
        found = await store.people.by_numbers(first.conn, ["1", "2", "9"])
        await commands.matches.make_by_hand(
            first, company.kept, UUID(programme), mentee_id=found["1"].id, mentor_id=found["9"].id
        )
        second = asyncio.create_task(company.pair(programme, 2, 9))
        await _somebody_waits_for_a_lock(company)
        assert not second.done()
    assert (await second).json()["type"] == "urn:mentoring:problem:capacity-exceeded"


async def test_by_hand_the_rules_hold_and_nobody_gets_two_mentors(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "both")
    await company.enrol(programme, 2, "mentor", capacity=2)
    await company.enrol(programme, 3, "mentor", languages=["ja"])
    assert (await company.pair(programme, 1, 1)).json()["type"] == "urn:mentoring:problem:rules-forbid"
    no_language = await company.pair(programme, 1, 3)
    assert "no language in common" in no_language.json()["detail"]
    stranger = await company.pair(programme, 1, 5)
    assert (stranger.status_code, stranger.json()["type"]) == (422, "urn:mentoring:problem:not-in-programme")
    assert (await company.pair(programme, 1, 2)).status_code == 201
    again = await company.pair(programme, 1, 2)
    assert (again.status_code, again.json()["type"]) == (409, "urn:mentoring:problem:already-matched")


async def test_what_a_mentee_thinks_of_a_mentor_counts_in_the_next_round(company: World) -> None:
    programme = await company.open()
    for number in (8, 9):
        await company.enrol(programme, number, "mentor", capacity=2)
    for number in (1, 2):
        await company.enrol(programme, number, "mentee")
    await company.pair(programme, 1, 8)
    await company.pair(programme, 2, 9)
    for match in await company.matches():
        praised = match["mentor_id"] == company.people["9"]
        ratings = dict.fromkeys(("overall", "usefulness", "listening"), 5 if praised else 1)
        await company.hear(a_feedback(match, company.now, ratings=ratings))
    await company.enrol(programme, 3, "mentee")
    await company.hold_round(programme)
    assert await company.pairs(state="proposed") == [("3", "9")]


async def test_S14_not_a_good_fit_after_the_first_session_ends_the_match_and_looks_again(
    company: World,
) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", goals=[NEGOTIATION])
    await company.enrol(programme, 2, "mentor")
    await company.enrol(programme, 3, "mentor", skills={SPEAKING: 5})
    made = (await company.pair(programme, 1, 2)).json()
    mentor = {"author_id": made["mentor_id"], "author_role": "mentor", "about_id": made["mentee_id"]}
    await company.hear(a_feedback(made, company.now, fit="not-good"))
    await company.hear(a_feedback(made, company.now, fit="not-good", **mentor))
    (ended,) = await company.said("match-ended")
    assert (ended["reason"], ended["version"]) == ("not-a-good-fit", 2)
    await company.next_morning()
    assert await company.pairs(state="proposed") == [("1", "3")]
    assert ("1", "2") not in await company.pairs(state="proposed")


@pytest.mark.parametrize("changes", [{"fit": "unsure"}, {"fit": "not-good", "ordinal": 2}, {"fit": None}])
async def test_any_other_feedback_leaves_the_match_alone(company: World, changes: dict[str, object]) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    made = (await company.pair(programme, 1, 2)).json()
    await company.hear(a_feedback(made, company.now, **changes))
    assert await company.pairs(state="active") == [("1", "2")]


async def test_feedback_on_a_match_nobody_knows_waits(company: World) -> None:
    stranger = {
        "match_id": company.people["1"],
        "programme_id": company.people["1"],
        "mentee_id": company.people["1"],
        "mentor_id": company.people["2"],
    }
    with pytest.raises(Early):
        await company.hear(a_feedback(stranger, company.now))


async def _somebody_waits_for_a_lock(company: World) -> None:
    question = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    here = " WHERE NOT l.granted AND a.datname = current_database()"
    async with asyncio.timeout(10):
        while not await company.door.pool.fetchval(question + here):
            continue
