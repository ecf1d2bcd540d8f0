"""What people tell when they join, and where it comes back: ranking, reasons, match view."""

from __future__ import annotations

from typing import Any

from tests.integration.matching.world import NEGOTIATION, SPEAKING, World
from tests.unit.matching.builders import a_form


async def chosen(
    company: World, mentee: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> Any:
    """The one match of a round with mentee 1 and two mentors 2 and 3 who differ in nothing else."""
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", **mentee)
    await company.enrol(programme, 2, "mentor", **first)
    await company.enrol(programme, 3, "mentor", **second)
    await company.hold_round(programme)
    (match,) = await company.matches()
    return match


async def test_S5_the_mentor_with_the_closer_values_is_chosen_and_the_reasons_name_them(
    company: World,
) -> None:
    cares, far, close = {"growth": 5, "service": 4}, {"growth": 1, "service": 1}, {"growth": 5, "service": 5}
    match = await chosen(company, {"values": cares}, {"values": far}, {"values": close})
    assert match["mentor_id"] == company.people["3"]
    assert "Their values at work are close: growth and service." in match["explanation"]["reasons"]


async def test_S7_a_mentee_who_wants_hands_on_help_gets_the_hands_on_mentor(company: World) -> None:
    wants = {"style": {"guidance": 5}}
    match = await chosen(company, wants, {"style": {"guidance": 1}}, {"style": {"guidance": 5}})
    assert match["mentor_id"] == company.people["3"]
    why = "The mentor works the way the mentee likes to learn: hands-on help."
    assert why in match["explanation"]["reasons"]
    shown = await company.call("GET", f"/v1/matches/{match['match_id']}")
    assert (shown.json()["view"]["wants"], shown.json()["view"]["gives"]) == ("hands-on", "hands-on")


async def test_S8_the_mentor_sees_how_the_mentee_likes_to_learn(company: World) -> None:
    programme = await company.open()
    link = company.link("join", programme, 1)
    told = a_form(role=["mentee"], learning=["practice", "feedback"], style_guidance=["1"])
    assert (await company.client.post(link, data=told)).status_code == 303
    await company.enrol(programme, 2, "mentor")
    await company.hold_round(programme)
    (match,) = await company.matches()
    mentors = await company.client.get(company.link("proposal", match["match_id"], 2))
    assert "Trying something and talking about it afterwards" in mentors.text
    assert "Getting feedback on my own work" in mentors.text
    assert "Advice rather than hands-on help" in mentors.text
    mentees = await company.client.get(company.link("proposal", match["match_id"], 1))
    assert "likes to learn" not in mentees.text
    await company.say(match["match_id"], 1, "accept")
    await company.say(match["match_id"], 2, "accept")
    made = await company.client.get(company.link("proposal", match["match_id"], 2))
    assert "You are matched with" in made.text
    assert "Trying something and talking about it afterwards" in made.text


async def test_S17_where_the_mentee_stands_is_in_the_match_view_of_both(company: World) -> None:
    programme = await company.open()
    link = company.link("join", programme, 1)
    stands = {f"now_{NEGOTIATION}": ["2"], f"now_{SPEAKING}": [""], "now_2.A.1.a": ["5"]}
    told = a_form(role=["mentee"], goal=[NEGOTIATION, SPEAKING], **stands)
    assert (await company.client.post(link, data=told)).status_code == 303
    await company.enrol(programme, 2, "mentor")
    match = (await company.pair(programme, 1, 2)).json()
    shown = await company.call("GET", f"/v1/matches/{match['match_id']}")
    assert shown.json()["view"]["goals"] == [
        {"skill": NEGOTIATION, "name": "Negotiation", "level": 2},
        {"skill": SPEAKING, "name": "Speaking", "level": None},
    ]
    for number, whose in ((1, "your"), (2, "their")):
        page = await company.client.get(company.link("proposal", match["match_id"], number))
        assert f"(today 2 of 7, by {whose} own estimate)" in page.text


async def test_S17_what_is_no_level_is_said_beside_the_goals(company: World) -> None:
    programme = await company.open()
    wrong = a_form(goal=[NEGOTIATION], **{f"now_{NEGOTIATION}": ["8"]})
    answer = await company.client.post(company.link("join", programme, 1), data=wrong)
    assert answer.status_code == 422
    assert "Where you stand goes from 0 to 7." in answer.text


async def test_S10_what_the_mentor_could_learn_in_return_is_in_the_match_view(company: World) -> None:
    programme = await company.open()
    told = a_form(role=["mentor"], goal=[SPEAKING], **{"level_2.A.1.b": ["0"], f"level_{NEGOTIATION}": ["6"]})
    assert (await company.client.post(company.link("join", programme, 2), data=told)).status_code == 303
    told = a_form(role=["mentee"], goal=[NEGOTIATION], **{f"level_{SPEAKING}": ["4"]})
    assert (await company.client.post(company.link("join", programme, 1), data=told)).status_code == 303
    match = (await company.pair(programme, 1, 2)).json()
    shown = await company.call("GET", f"/v1/matches/{match['match_id']}")
    assert shown.json()["view"]["returns"] == ["Speaking"]
    page = await company.client.get(company.link("proposal", match["match_id"], 2))
    assert "What you could learn in return" in page.text


async def test_an_administrators_answers_are_kept_the_same_way_and_unknown_codes_are_named(
    company: World,
) -> None:
    programme = await company.open()
    wrong = await company.enrol(programme, 1, "mentee", learning=["osmosis"], current={"2.Z": 3})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:mentoring:problem:unknown-codes")
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["/current/2.Z", "/learning/0"]
    told = {"learning": ["reading"], "current": {NEGOTIATION: 0, SPEAKING: 3}, "skills": {SPEAKING: 5}}
    (joined,) = (await company.enrol(programme, 1, "mentee", **told)).json()["items"]
    assert joined["profile"]["learning"] == ["reading"]
    assert joined["profile"]["current"] == {NEGOTIATION: 0}
    assert joined["profile"]["skills"] == {SPEAKING: 5}
