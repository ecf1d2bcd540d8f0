"""U6: the table of effects on the side of matching, row by row."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from services.matching.core.facts import Fact
from tests.integration.matching import hr
from tests.integration.matching.hr import a_hire, card, day, fact, take
from tests.integration.matching.world import SPEAKING, World

ALL = ("participant-paused", "participant-resumed", "participant-left", "match-ended", "match-declined")


@pytest_asyncio.fixture
async def hris(here: World) -> World:
    """Six employees of different teams whom the HR system has told of."""
    await hr.sources(here)
    await take(here, *(a_hire(number, manager_employee_number=str(90 + number)) for number in range(1, 7)))
    return here


async def matched(hris: World, **changes: Any) -> str:
    """Employee 1 learns from employee 2; the answer is the programme."""
    programme = await hris.open(**changes)
    await hris.enrol(programme, 1, "mentee")
    await hris.enrol(programme, 2, "mentor")
    assert (await hris.pair(programme, 1, 2)).status_code == 201
    return programme


async def proposed(hris: World) -> str:
    """Employee 2 is proposed to employee 1; the answer is the programme."""
    programme = await hris.open()
    await hris.enrol(programme, 1, "mentee")
    await hris.enrol(programme, 2, "mentor")
    await hris.next_morning()
    assert await hris.pairs(state="proposed") == [("1", "2")]
    return programme


async def effects(hris: World, *told: Fact) -> list[tuple[Any, ...]]:
    """What is said because of these facts: (topic, whose number, reason, until)."""
    before = len(await hris.said(*ALL))
    await take(hris, *told)
    return await news(hris, before)


async def news(hris: World, before: int = 0) -> list[tuple[Any, ...]]:
    number = {person_id: number for number, person_id in hris.people.items()}
    return [
        (one["topic"], number.get(one.get("person_id"), ""), one.get("reason"), one.get("until"))
        for one in (await hris.said(*ALL))[before:]
    ]


async def test_U6_a_transfer_is_said_and_open_proposals_are_scored_again(hris: World) -> None:
    await proposed(hris)
    (before,) = await hris.matches()
    await take(hris, fact("change", 2, "move", site="Lima", time_zone="Asia/Tokyo"))
    said = (await hris.said("person-changed"))[-1]
    assert (said["site"], said["time_zone"], said["version"]) == ("Lima", "Asia/Tokyo", 2)
    await hris.work()
    (after,) = await hris.matches()
    assert (after["state"], after["decline_reason"]) == ("declined", "rules-forbid")
    assert (before["state"], before["version"] + 1) == ("proposed", after["version"])


async def test_U6_a_new_title_changes_what_a_proposal_is_worth_and_not_that_it_stands(hris: World) -> None:
    await proposed(hris)
    (before,) = await hris.matches()
    await take(hris, fact("change", 1, "promotion", title="Head of Engineering", site="Lima"))
    await hris.work()
    (after,) = await hris.matches()
    assert after["state"] == "proposed"
    assert (after["score"], after["explanation"]) != (before["score"], before["explanation"])


async def test_U6_a_manager_change_that_puts_the_mentor_into_the_line_flags_the_match(hris: World) -> None:
    await matched(hris)
    await take(hris, fact("manager", 3, "a", manager_employee_number="2"))
    assert await hris.said("match-flagged") == []
    await take(hris, fact("manager", 1, "b", manager_employee_number="3"))
    (said,) = await hris.said("match-flagged")
    (match,) = await hris.matches()
    assert (said["match_id"], said["reason"], said["version"]) == (match["match_id"], "reporting-line", 2)
    assert (match["state"], match["flag"]) == ("active", "reporting-line")
    await take(hris, fact("manager", 2, "c", manager_employee_number="4"))
    assert len(await hris.said("match-flagged")) == 1
    answer = await hris.call("POST", f"/v1/matches/{match['match_id']}/reviewed")
    assert (answer.status_code, answer.json()["flag"]) == (200, None)
    again = await hris.call("POST", f"/v1/matches/{match['match_id']}/reviewed")
    assert again.status_code == 409


async def test_U6_a_manager_far_above_flags_too_and_a_proposal_is_taken_back(hris: World) -> None:
    await take(hris, fact("manager", 1, "a", manager_employee_number="3"))
    await proposed(hris)
    await take(hris, fact("manager", 3, "b", manager_employee_number="2"))
    (match,) = await hris.matches()
    assert (match["state"], match["decline_reason"], match["declined_by"]) == (
        "declined",
        "reporting-line",
        None,
    )


async def test_U6_a_leave_pauses_until_its_last_day_keeps_the_match_and_ends_by_itself(hris: World) -> None:
    programme = await matched(hris)
    leave = fact("leave", 1, "leave", effective_on=day("2026-03-04"), until=day("2026-03-06"))
    assert await effects(hris, leave) == []
    hris.later(days=1, hours=14)
    await hris.work()
    assert await news(hris) == [("participant-paused", "1", "leave", "2026-03-06")]
    assert ((await card(hris, 1))["status"], await hris.pairs(state="active")) == ("leave", [("1", "2")])
    hris.later(days=3)
    await hris.work()
    assert (await news(hris))[1:] == [("participant-resumed", "1", None, None)]
    assert ((await card(hris, 1))["status"], await hris.pairs(state="active")) == ("active", [("1", "2")])
    assert programme


async def test_U6_a_leave_without_an_end_lasts_until_the_return(hris: World) -> None:
    await matched(hris)
    assert await effects(hris, fact("leave", 2, "l")) == [("participant-paused", "2", "leave", None)]
    hris.later(days=300)
    await hris.work()
    assert (await card(hris, 2))["status"] == "leave"
    (back,) = await effects(hris, fact("return", 2, "r"))
    assert back[:2] == ("participant-resumed", "2")


async def test_U6_nobody_is_proposed_to_who_is_on_leave_and_a_proposal_is_taken_back(hris: World) -> None:
    programme = await proposed(hris)
    gone = await effects(hris, fact("leave", 2, "l", until=day("2026-03-20")))
    assert gone == [("participant-paused", "2", "leave", "2026-03-20"), ("match-declined", "", "leave", None)]
    await hris.next_morning()
    assert await hris.pairs(state="proposed") == []
    await take(hris, fact("return", 2, "r"))
    await hris.next_morning()
    assert await hris.pairs(state="proposed", programme_id=programme) == [("1", "2")]


async def test_U6_an_inactive_person_is_paused_at_once_and_left_after_the_grace(hris: World) -> None:
    await matched(hris)
    gone = await effects(hris, fact("inactive", 2, "off"))
    assert gone == [("participant-paused", "2", "inactive", "2026-03-16")]
    assert ((await card(hris, 2))["status"], await hris.pairs(state="active")) == ("inactive", [("1", "2")])
    hris.later(days=14, hours=13)
    await hris.work()
    assert len(await news(hris)) == 1
    hris.later(hours=2)
    await hris.work()
    assert (await news(hris))[1:] == [
        ("participant-left", "2", "inactive", None),
        ("match-ended", "", "inactive", None),
    ]
    (match,) = await hris.matches()
    assert (match["state"], match["end_reason"]) == ("ended", "inactive")


async def test_U6_whoever_is_reactivated_in_the_grace_goes_on_as_if_nothing_had_been(hris: World) -> None:
    await matched(hris)
    await take(hris, fact("inactive", 2, "off"))
    hris.later(days=10)
    assert await effects(hris, fact("return", 2, "on")) == [("participant-resumed", "2", None, None)]
    hris.later(days=30)
    await hris.work()
    assert await hris.pairs(state="active") == [("1", "2")]


async def test_U6_a_termination_ends_the_match_frees_the_seat_and_puts_the_partner_back(hris: World) -> None:
    programme = await matched(hris)
    await hris.enrol(programme, 3, "mentor")
    assert await effects(hris, fact("termination", 2, "gone")) == [
        ("participant-left", "2", "left-company", None),
        ("match-ended", "", "left-company", None),
    ]
    await hris.next_morning()
    assert await hris.pairs(state="proposed") == [("1", "3")]
    assert (await hris.enrol(programme, 2, "mentor")).json()["type"].endswith(":not-here")


async def test_U6_a_termination_takes_a_proposal_back_and_frees_the_mentors_seat_at_once(hris: World) -> None:
    programme = await proposed(hris)
    gone = await effects(hris, fact("termination", 1, "gone"))
    assert [one[0] for one in gone] == ["participant-left", "match-declined"]
    await hris.enrol(programme, 3, "mentee")
    assert (await hris.pair(programme, 3, 2)).status_code == 201


async def test_U6_a_termination_waits_for_its_day_and_a_cancelled_one_is_not_pending(hris: World) -> None:
    await matched(hris)
    (waits,) = await take(hris, fact("termination", 2, "gone", effective_on=day("2026-04-01")))
    assert waits.state == "waiting"
    assert await effects(hris, fact("termination-cancelled", 2, "stays")) == []
    hris.later(days=40)
    await hris.work()
    assert ((await card(hris, 2))["status"], await hris.pairs(state="active")) == ("active", [("1", "2")])


async def test_U6_what_a_cancelled_termination_has_done_already_stays_done(hris: World) -> None:
    programme = await matched(hris)
    await take(hris, fact("termination", 2, "gone"))
    assert await effects(hris, fact("termination-cancelled", 2, "back")) == []
    assert (await card(hris, 2))["status"] == "active"
    assert await hris.pairs(state="ended") == [("1", "2")]
    assert (await hris.enrol(programme, 2, "mentor")).status_code == 201


async def test_U6_a_rehire_is_the_same_person_with_a_new_participation(hris: World) -> None:
    programme = await matched(hris)
    before = hris.people["2"]
    await take(hris, fact("termination", 2, "gone"))
    assert await effects(hris, fact("rehire", 2, "back", title="Mentor at large")) == []
    assert hris.people["2"] == before
    joined = await hris.enrol(programme, 2, "mentor")
    assert joined.status_code == 201
    items = (await hris.call("GET", f"/v1/programmes/{programme}/participations")).json()["items"]
    mine = [(one["state"], one["left_reason"]) for one in items if one["person_id"] == before]
    assert mine == [("left", "left-company"), ("active", None)]
    await hris.next_morning()
    assert ("1", "2") in await hris.pairs(state="proposed")


async def test_U6_whoever_joins_while_on_leave_is_away_until_they_are_back(hris: World) -> None:
    programme = await hris.open()
    await take(hris, fact("leave", 1, "l", until=day("2026-03-20")))
    await hris.enrol(programme, 1, "mentee")
    assert await news(hris) == [("participant-paused", "1", "leave", "2026-03-20")]


async def test_somebody_may_leave_a_programme_by_themselves_and_join_it_again(hris: World) -> None:
    programme = await matched(hris)
    link = hris.link("join", programme, 1)
    assert (await hris.client.post(f"{link}/leave")).status_code == 303
    assert [one[:3:2] for one in await news(hris)] == [
        ("participant-left", "withdrew"),
        ("match-ended", "withdrew"),
    ]
    assert (await hris.client.post(f"{link}/leave")).status_code == 303
    assert len(await news(hris)) == 2
    assert (await hris.enrol(programme, 1, "mentee")).status_code == 201
    (mentor,) = [
        one
        for one in (await hris.call("GET", f"/v1/programmes/{programme}/participations")).json()["items"]
        if one["role"] == "mentor"
    ]
    path = f"/v1/participations/{mentor['participation_id']}/leave"
    left = await hris.call("POST", path, headers={"if-match": f'"{mentor["version"]}"'})
    assert (left.status_code, left.json()["left_reason"]) == (200, "withdrew")
    again = await hris.call("POST", path, headers={"if-match": left.headers["etag"]})
    assert again.json()["type"].endswith(":has-left")


async def test_a_persons_own_not_now_is_said_and_outlasts_a_shorter_leave(hris: World) -> None:
    programme = await hris.open()
    await hris.enrol(programme, 1, "mentee", goals=[SPEAKING])
    await hris.client.post(f"{hris.link('join', programme, 1)}/pause", data={"until": "2026-03-10"})
    assert await news(hris) == [("participant-paused", "1", "not-now", "2026-03-10")]
    await take(hris, fact("leave", 1, "l", until=day("2026-03-04")))
    hris.later(days=3)
    await hris.work()
    assert (await news(hris))[1:] == [
        ("participant-paused", "1", "leave", "2026-03-04"),
        ("participant-resumed", "1", None, None),
        ("participant-paused", "1", "not-now", "2026-03-10"),
    ]
    hris.later(days=6)
    await hris.work()
    assert (await news(hris))[4:] == [("participant-resumed", "1", None, None)]
