"""What was said in one round shapes the next one."""

from __future__ import annotations

import pytest

from tests.integration.matching.world import NEGOTIATION, SPEAKING, World


async def offered(company: World, programme: str) -> list[tuple[str, str]]:
    """(mentee, mentor) of the open proposals after a round now."""
    await company.hold_round(programme)
    return await company.pairs(state="proposed", programme_id=programme)


async def test_who_has_no_time_is_left_in_peace_for_thirty_days_and_then_asked_again(
    company: World,
) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.enrol(programme, 3, "mentee")
    assert len(await offered(company, programme)) == 1
    (match,) = await company.matches()
    await company.say(match["match_id"], 2, "decline", reason="no-time")
    assert await offered(company, programme) == []
    reason, sentence = (await company.waiting(programme))["2", "mentor"]
    assert (reason, "left in peace until 1 April 2026" in sentence) == ("paused", True)
    people = {"mentee_id": company.people["3"], "mentor_id": company.people["2"]}
    asked = await company.call(
        "POST", f"/v1/programmes/{programme}/requests", {**people, "purpose": "To learn to negotiate."}
    )
    assert (asked.status_code, asked.json()["type"]) == (409, "urn:mentoring:problem:paused")
    for _ in range(30):
        await company.next_morning()
        assert await company.pairs(state="proposed") == []
    await company.next_morning()
    assert len(await company.pairs(state="proposed")) == 1


async def test_a_mentee_who_had_no_time_and_then_asks_for_a_mentor_is_back(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.enrol(programme, 3, "mentor")
    ((_, number),) = await offered(company, programme)
    (match,) = await company.matches()
    await company.say(match["match_id"], 1, "decline", reason="no-time")
    assert await offered(company, programme) == []
    other = "3" if number == "2" else "2"
    people = {"mentee_id": company.people["1"], "mentor_id": company.people[other]}
    asked = await company.call(
        "POST", f"/v1/programmes/{programme}/requests", {**people, "purpose": "Now I have time."}
    )
    assert asked.status_code == 201
    await company.say(asked.json()["match_id"], other, "decline", reason="prefer-other")
    assert await offered(company, programme) == []
    assert (await company.waiting(programme))["1", "mentee"][0] == "blocked"


@pytest.mark.parametrize("tired", [2, 4])
async def test_a_mentor_who_says_no_to_a_goal_is_the_second_choice_for_it(company: World, tired: int) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    both = {NEGOTIATION: 6, SPEAKING: 6}
    await company.enrol(programme, tired, "mentor", skills=both)
    assert await offered(company, programme) == [("1", str(tired))]
    (match,) = await company.matches()
    await company.say(match["match_id"], tired, "decline", reason="not-my-goals")
    other = 6 - tired
    await company.enrol(programme, other, "mentor", skills=both)
    await company.enrol(programme, 3, "mentee")
    await company.enrol(programme, 5, "mentee", goals=[SPEAKING])
    assert ("5", str(tired)) in await offered(company, programme)


@pytest.mark.parametrize("best", [2, 3])
async def test_between_equals_the_favourite_is_proposed_and_the_reasons_say_so(
    company: World, best: int
) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    for number in (2, 3):
        await company.enrol(programme, number, "mentor")
    path = f"/v1/programmes/{programme}/mentees/{company.people['1']}/favourites"
    await company.call("PUT", path, {"mentor_ids": [company.people[str(best)]]})
    assert await offered(company, programme) == [("1", str(best))]
    (match,) = await company.matches()
    assert "The mentor is among the favourites that the mentee named." in match["explanation"]["reasons"]


async def test_S10_a_mentor_whose_aim_the_mentee_can_serve_gains_and_is_chosen(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", skills={SPEAKING: 6})
    await company.enrol(programme, 2, "mentor", goals=["2.C.4.a"])
    await company.enrol(programme, 3, "mentor", goals=[SPEAKING])
    run = await company.hold_round(programme)
    assert await company.pairs() == [("1", "3")]
    (match,) = await company.matches()
    assert "The mentor wants to learn Speaking, which the mentee knows." in match["explanation"]["reasons"]
    path = f"/v1/runs/{run['run_id']}/pairs/{company.people['1']}"
    looked_at = [await company.call("GET", f"{path}/{company.people[number]}") for number in ("3", "2")]
    gains = [
        {one["code"]: one["mentor_value"] for one in each.json()["components"]}["aims"] for each in looked_at
    ]
    assert gains[0] > 0
    assert gains[1] == 0
