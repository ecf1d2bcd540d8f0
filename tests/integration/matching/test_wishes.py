"""A mentee asks for a mentor by name, or names favourites."""

from __future__ import annotations

import json
from uuid import UUID

import httpx
import pytest

from services.matching import core, store
from shared import tx
from tests.integration.matching.world import World
from tests.unit.matching.builders import a_form

WHY = "You have led a plant through a merger. I would like to learn how you talk to people who are afraid."


async def place(company: World, *, mentees: tuple[int, ...] = (1,), mentors: tuple[int, ...] = (2,)) -> str:
    """A programme with these people in it; the answer is its id."""
    programme = await company.open()
    for number in mentees:
        await company.enrol(programme, number, "mentee")
    for number in mentors:
        await company.enrol(programme, number, "mentor")
    return programme


async def ask(company: World, programme: str, mentee: int, mentor: int, purpose: str = WHY) -> httpx.Response:
    people = {"mentee_id": company.people[str(mentee)], "mentor_id": company.people[str(mentor)]}
    return await company.call("POST", f"/v1/programmes/{programme}/requests", {**people, "purpose": purpose})


@pytest.mark.parametrize("purpose", ["", "  \n\t "])
async def test_S12_a_request_without_a_purpose_is_refused_and_nothing_is_said(
    company: World, purpose: str
) -> None:
    programme = await place(company)
    before = await company.snapshot()
    refused = await ask(company, programme, 1, 2, purpose)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:mentoring:problem:purpose-missing")
    assert refused.json()["errors"][0]["pointer"] == "/purpose"
    assert await company.snapshot() == before


async def test_S12_the_mentor_reads_what_for_and_a_yes_makes_the_match(company: World) -> None:
    programme = await place(company)
    asked = await ask(company, programme, 1, 2)
    assert (asked.status_code, asked.json()["state"]) == (201, "proposed")
    (proposed,) = await company.said("match-proposed")
    assert proposed["requested_by"] == company.people["1"]
    match = asked.json()["match_id"]
    page = await company.client.get(company.link("proposal", match, 2))
    assert "Ana asks for you" in page.text
    assert WHY in page.text
    mentees = await company.client.get(company.link("proposal", match, 1))
    assert "Your request is on its way" in mentees.text
    assert (await company.say(match, 2, "accept")).status_code == 303
    assert await company.pairs(state="active") == [("1", "2")]
    assert len(await company.said("match-made")) == 1


async def test_S12_a_no_ends_the_request_and_the_next_round_knows(company: World) -> None:
    programme = await place(company, mentors=(2, 3))
    match = (await ask(company, programme, 1, 2)).json()["match_id"]
    await company.say(match, 2, "decline", reason="prefer-other")
    (declined,) = await company.said("match-declined")
    assert declined["declined_by"] == company.people["2"]
    await company.next_morning()
    assert await company.pairs(state="proposed") == [("1", "3")]


async def test_S12_a_request_lapses_after_three_days(company: World) -> None:
    programme = await place(company)
    await ask(company, programme, 1, 2)
    company.later(days=3, seconds=-1)
    await company.work()
    assert await company.said("match-declined") == []
    company.later(seconds=1)
    await company.work()
    (declined,) = await company.said("match-declined")
    assert (declined["reason"], declined["declined_by"]) == ("lapsed", None)


async def test_S12_what_was_written_is_in_no_event_and_in_no_answer_of_the_api(company: World) -> None:
    programme = await place(company)
    match = (await ask(company, programme, 1, 2)).json()["match_id"]
    await company.say(match, 2, "accept")
    assert "merger" not in json.dumps(await company.said())
    shown = await company.call("GET", f"/v1/matches/{match}")
    assert "merger" not in shown.text
    stranger = await company.client.get(company.link("proposal", match, 3))
    assert (stranger.status_code, "merger" in stranger.text) == (404, False)


async def test_S12_S16_a_full_mentor_and_a_pair_the_rules_forbid_are_refused(company: World) -> None:
    programme = await place(company, mentees=(1, 3), mentors=(2,))
    assert (await ask(company, programme, 3, 2)).status_code == 201
    before = await company.snapshot()
    full = await ask(company, programme, 1, 2)
    assert full.json()["type"] == "urn:mentoring:problem:capacity-exceeded"
    twice = await ask(company, programme, 3, 2)
    assert twice.status_code == 409
    stranger = await ask(company, programme, 1, 9)
    assert stranger.json()["type"] == "urn:mentoring:problem:not-in-programme"
    assert await company.snapshot() == before
    await company.enrol(programme, 4, "mentor", languages=["ja"])
    forbidden = await ask(company, programme, 1, 4)
    assert "no language in common" in forbidden.json()["detail"]


async def test_S12_who_was_ruled_out_before_cannot_be_asked(company: World) -> None:
    first, second = await place(company), await company.open(name="Another")
    await company.enrol(second, 1, "mentor")
    await company.enrol(second, 2, "mentee")
    await company.hold_round(second)
    (proposal,) = await company.matches(programme_id=second)
    await company.say(proposal["match_id"], 2, "decline", reason="know-each-other")
    refused = await ask(company, first, 1, 2)
    assert refused.json()["type"] == "urn:mentoring:problem:rules-forbid"


async def test_S12_who_is_ruled_out_meanwhile_is_not_matched_by_a_late_yes(company: World) -> None:
    programme = await place(company)
    match = (await ask(company, programme, 1, 2)).json()["match_id"]
    ruled_out = core.matches.Block(
        core.ids.PersonId(UUID(company.people["2"])), core.ids.PersonId(UUID(company.people["1"])), "x", None
    )
    async with tx.transaction(company.door) as unit:
        await store.matches.block(unit.conn, ruled_out)
    late = await company.say(match, 2, "accept")
    assert (late.status_code, "ruled out" in late.text) == (422, True)
    assert await company.said("match-made") == []
    assert (await company.say(match, 2, "decline")).status_code == 303


async def test_S12_a_mentee_asks_on_the_page_behind_the_join_link(company: World) -> None:
    programme = await place(company, mentees=(), mentors=(2,))
    link = company.link("join", programme, 1, days=30)
    await company.client.post(link, data=a_form(role=["mentee"], goal=["2.B.1.d"]))
    page = await company.client.get(link)
    assert "Do you know whom to ask?" in page.text
    assert "Number2" not in page.text, "nobody is listed"
    before = await company.snapshot()
    for form, said in (
        ({"mentor": "user2@example.org", "purpose": " "}, "Say why you ask this mentor, and what for."),
        (
            {"mentor": "user3@example.org", "purpose": WHY},
            "No mentor of this programme has this work address",
        ),
        (
            {"mentor": "nobody@example.org", "purpose": WHY},
            "No mentor of this programme has this work address",
        ),
    ):
        wrong = await company.client.post(f"{link}/request", data=form)
        assert wrong.status_code == 422
        assert said in wrong.text
    assert await company.snapshot() == before
    asked = await company.client.post(f"{link}/request", data={"mentor": "User2@Example.org", "purpose": WHY})
    assert (asked.status_code, asked.headers["location"]) == (303, link)
    after = await company.client.get(link)
    assert "You asked Ana Number2" in after.text
    assert WHY in after.text
    assert "Do you know whom to ask?" not in after.text
    again = await company.client.post(f"{link}/request", data={"mentor": "user2@example.org", "purpose": WHY})
    assert again.status_code == 422
    assert len(await company.said("match-proposed")) == 1


async def test_favourites_are_kept_in_their_order_and_only_mentors_can_be_named(company: World) -> None:
    programme = await place(company, mentors=(2, 3, 4))
    path = f"/v1/programmes/{programme}/mentees/{company.people['1']}/favourites"
    ids = [company.people[number] for number in ("4", "2")]
    assert (await company.call("PUT", path, {"mentor_ids": ids})).status_code == 200
    assert (await company.call("GET", path)).json() == {"mentor_ids": ids}
    wrong = await company.call("PUT", path, {"mentor_ids": [ids[0], company.people["9"]]})
    assert wrong.json()["errors"][0]["pointer"] == "/mentor_ids/1"
    twice = await company.call("PUT", path, {"mentor_ids": [ids[0], ids[0]]})
    assert twice.json()["type"] == "urn:mentoring:problem:wrong-favourites"
    assert (await company.call("GET", path)).json() == {"mentor_ids": ids}


async def test_favourites_can_be_named_on_the_page_and_taken_back(company: World) -> None:
    programme = await place(company, mentees=(), mentors=(2, 3))
    link = company.link("join", programme, 1, days=30)
    await company.client.post(link, data=a_form(role=["mentee"], goal=["2.B.1.d"]))
    wrong = await company.client.post(f"{link}/favourites", data={"favourite_2": "user9@example.org"})
    assert wrong.status_code == 422
    assert 'value="user9@example.org"' in wrong.text
    named = {"favourite_1": "user3@example.org", "favourite_3": "user2@example.org"}
    assert (await company.client.post(f"{link}/favourites", data=named)).status_code == 303
    path = f"/v1/programmes/{programme}/mentees/{company.people['1']}/favourites"
    found = (await company.call("GET", path)).json()["mentor_ids"]
    assert found == [company.people["3"], company.people["2"]]
    assert 'value="user3@example.org"' in (await company.client.get(link)).text
    assert (await company.client.post(f"{link}/favourites", data={})).status_code == 303
    assert (await company.call("GET", path)).json() == {"mentor_ids": []}
