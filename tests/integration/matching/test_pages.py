from __future__ import annotations

import asyncio

import pytest

from tests import links
from tests.integration.matching.world import NEGOTIATION, SPEAKING, World
from tests.unit.matching.builders import a_form, a_row

USED, ENDED, FORGED = "This link has ended", "This link has ended", "This link is not valid"


async def test_an_invited_person_joins_through_the_page(company: World) -> None:
    programme = await company.open(name="New managers")
    link = company.link("join", programme, 1, days=30)
    page = await company.client.get(link)
    assert page.status_code == 200
    assert "New managers" in page.text
    assert "Negotiation" in page.text
    joined = await company.client.post(link, data=a_form(capacity=["3"]))
    assert (joined.status_code, joined.headers["location"]) == (303, link)
    said = await company.said("participant-joined")
    assert [(one["role"], one["capacity"], one["languages"]) for one in said] == [
        ("mentee", 1, ["en", "es"]),
        ("mentor", 3, ["en", "es"]),
    ]
    assert said[0]["hours"] == [
        {"weekday": 0, "starts": "09:00", "ends": "17:30"},
        {"weekday": 2, "starts": "09:00", "ends": "17:30"},
    ]
    after = await company.client.get(link)
    assert after.status_code == 200
    assert "You have joined New managers" in after.text


async def test_S2_S3_what_is_missing_is_said_beside_the_field_and_the_form_stays_filled_in(
    company: World,
) -> None:
    programme = await company.open()
    link = company.link("join", programme, 1)
    before = await company.snapshot()
    wrong = a_form(goal=[], **{"level_2.A.1.b": ["0"], "starts": ["08:15"], "ends": ["noon"]})
    answer = await company.client.post(link, data=wrong)
    assert answer.status_code == 422
    assert "Choose at least one goal" in answer.text
    assert "Give a level for at least one skill" in answer.text
    assert 'value="08:15"' in answer.text
    assert '<input type="radio" name="role" value="both" checked' in answer.text
    assert await company.snapshot() == before
    assert (await company.client.post(link, data=a_form())).status_code == 303


async def test_S1_a_mentee_is_offered_the_other_role_with_what_is_known(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", languages=["fr"])
    link = company.link("join", programme, 1)
    page = await company.client.get(link)
    assert "You take part as a mentee already" in page.text
    assert 'name="role" value="mentee"' not in page.text
    assert '<input type="checkbox" name="language" value="fr" checked' in page.text
    joined = await company.client.post(link, data=a_form(role=["mentor"]))
    assert joined.status_code == 303
    assert [one["role"] for one in await company.said("participant-joined")] == ["mentee", "mentor"]


async def test_what_a_person_types_is_shown_as_text_and_never_as_markup(company: World) -> None:
    programme = await company.open(name="<b>Growth</b>")
    evil = '"><script>alert(1)</script>'
    link = company.link("join", programme, 1)
    answer = await company.client.post(link, data=a_form(starts=[evil], goal=[evil]))
    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert "<b>Growth" not in answer.text


async def test_U6_every_page_is_closed_to_whoever_lost_access_and_open_in_a_leave(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.hold_round(programme)
    (match,) = await company.matches()
    subjects = {"join": programme, "proposal": match["match_id"], "match": match["match_id"]}

    def link(purpose: str) -> str:
        return company.link(purpose, subjects[purpose], 1)

    others = [a_row(number, manager_employee_number=str(9000 + number)) for number in (2, 3)]
    await company.hire(a_row(1, manager_employee_number="9001", status="leave"), *others)
    assert (await company.client.get(link("join"))).status_code == 200
    await company.hire(a_row(1, manager_employee_number="9001", status="inactive"), *others)
    before = await company.snapshot()
    asked = await links.all_closed(company.app, company.client, link)
    assert {"GET /proposal/{token}", "POST /proposal/{token}", "POST /join/{token}/pause"} <= set(asked)
    assert await company.snapshot() == before
    assert (await company.client.get(company.link("proposal", match["match_id"], 2))).status_code == 200


async def test_U16_looking_at_a_page_changes_nothing(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.hold_round(programme)
    (match,) = await company.matches()
    links = [
        company.link("join", programme, 3),
        company.link("proposal", match["match_id"], 1),
        company.link("proposal", match["match_id"], 2),
    ]
    before = await company.snapshot()
    for link in links:
        for method in ("GET", "GET", "HEAD"):
            answer = await company.client.request(method, link)
            assert answer.status_code in (200, 405)
    assert await company.snapshot() == before


async def test_U16_a_used_link_says_so_and_does_nothing(company: World) -> None:
    programme = await company.open()
    link = company.link("join", programme, 1)
    await company.client.post(link, data=a_form(role=["mentee"]))
    before = await company.snapshot()
    for form in (a_form(role=["mentor"]), a_form(role=[])):
        again = await company.client.post(link, data=form)
        assert again.status_code == 410
        assert USED in again.text
        assert "used already" in again.text
    assert await company.snapshot() == before


async def test_U16_a_form_sent_several_times_at_once_has_one_effect(company: World) -> None:
    programme = await company.open()
    link = company.link("join", programme, 1)
    answers = await asyncio.gather(*[company.client.post(link, data=a_form()) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410]
    assert [one["role"] for one in await company.said("participant-joined")] == ["mentee", "mentor"]


async def test_both_sides_answering_at_once_make_one_match(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.hold_round(programme)
    (match,) = await company.matches()
    await asyncio.gather(*[company.say(match["match_id"], number, "accept") for number in (1, 2)])
    assert [one["version"] for one in await company.said("match-made")] == [3]


async def test_U16_an_expired_or_forged_link_says_so_and_does_nothing(company: World) -> None:
    programme = await company.open()
    forged = company.link("join", programme, 1, key="another key")
    expired = company.link("join", programme, 2, days=1)
    other = company.link("proposal", programme, 3).replace("/proposal/", "/join/")
    company.later(days=1)
    before = await company.snapshot()
    for link, status, title in ((forged, 404, FORGED), (expired, 410, ENDED), (other, 404, FORGED)):
        for answer in (await company.client.get(link), await company.client.post(link, data=a_form())):
            assert answer.status_code == status
            assert title in answer.text
            assert answer.headers["content-type"].startswith("text/html")
    assert (await company.client.get("/join/rubbish")).status_code == 404
    assert await company.snapshot() == before


async def test_a_proposal_says_why_this_pair_and_takes_one_answer_from_each(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", goals=[NEGOTIATION, SPEAKING])
    await company.enrol(programme, 2, "mentor")
    await company.hold_round(programme)
    (match,) = await company.matches()
    page = await company.client.get(company.link("proposal", match["match_id"], 1))
    assert page.status_code == 200
    assert "Ana Number2" in page.text
    assert "Negotiation" in page.text
    assert "Both speak English." in page.text
    mentors = await company.client.get(company.link("proposal", match["match_id"], 2))
    assert "would like to learn" in mentors.text
    assert "Speaking" in mentors.text
    assert (await company.say(match["match_id"], 1, "accept")).status_code == 303
    thanks = await company.client.get(company.link("proposal", match["match_id"], 1))
    assert "Thank you for saying yes" in thanks.text
    assert (await company.say(match["match_id"], 1, "decline")).status_code == 410
    await company.say(match["match_id"], 2, "accept")
    assert (
        "You are matched with"
        in (await company.client.get(company.link("proposal", match["match_id"], 2))).text
    )


@pytest.mark.parametrize("form", [{}, {"answer": "maybe"}, {"answer": "decline", "reason": "ugly"}])
async def test_a_wrong_answer_is_shown_again_and_does_not_use_the_link(
    company: World, form: dict[str, str]
) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.hold_round(programme)
    (match,) = await company.matches()
    link = company.link("proposal", match["match_id"], 1)
    before = await company.snapshot()
    wrong = await company.client.post(link, data=form)
    assert wrong.status_code == 422
    assert "another look" in wrong.text
    assert await company.snapshot() == before
    assert (await company.client.post(link, data={"answer": "accept"})).status_code == 303


async def test_a_proposal_is_for_the_two_people_it_names(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.hold_round(programme)
    (match,) = await company.matches()
    stranger = company.link("proposal", match["match_id"], 3)
    assert (await company.client.get(stranger)).status_code == 404
    assert (await company.client.post(stranger, data={"answer": "accept"})).status_code == 404


async def test_a_closed_proposal_says_so(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.hold_round(programme)
    (match,) = await company.matches()
    await company.say(match["match_id"], 2, "decline")
    late = await company.say(match["match_id"], 1, "accept")
    assert late.status_code == 409
    assert "closed" in late.text
    page = await company.client.get(company.link("proposal", match["match_id"], 1))
    assert "This proposal is closed" in page.text
    assert "no-time" not in page.text


async def test_a_closed_programme_cannot_be_joined(company: World) -> None:
    programme = await company.open()
    link = company.link("join", programme, 1)
    await company.call(
        "PATCH", f"/v1/programmes/{programme}", {"state": "closed"}, headers={"if-match": '"1"'}
    )
    for answer in (await company.client.get(link), await company.client.post(link, data=a_form())):
        assert answer.status_code == 409
        assert "is closed" in answer.text
    assert await company.said("participant-joined") == []


async def test_a_form_that_is_far_too_large_is_refused(company: World) -> None:
    programme = await company.open()
    link = company.link("join", programme, 1)
    answer = await company.client.post(link, data=a_form(goal=["x" * 1_100_000]))
    assert answer.status_code == 413
    many = await company.client.post(link, data={f"level_{n}": "1" for n in range(600)})
    assert many.status_code == 400
