"""When a match is complete: going on informally, and becoming a mentor."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.integration.matching.world import NEGOTIATION, SPEAKING, World, a_feedback

ON = {"go": "on"}


async def completed(company: World, **told: Any) -> tuple[str, dict[str, Any]]:
    """The programme and the match of 1 and 2, whose last day was yesterday."""
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", **told)
    await company.enrol(programme, 2, "mentor")
    match = (await company.pair(programme, 1, 2)).json()
    ends_on = date.fromisoformat(match["ends_on"])
    company.later(days=(ends_on - company.now.date()).days + 1)
    await company.work()
    (ended,) = await company.said("match-ended")
    assert ended["reason"] == "completed"
    return programme, match


async def test_S25_when_both_choose_to_go_on_the_match_is_informal_and_keeps_its_history(
    company: World,
) -> None:
    _, match = await completed(company)
    links = [company.link("match", match["match_id"], number, days=90) for number in (1, 2)]
    assert "Would you like to go on?" in (await company.client.get(links[0])).text
    assert (await company.client.post(links[0], data=ON)).status_code == 303
    assert (await company.client.post(links[0], data=ON)).status_code == 303
    assert await company.said("match-continued") == []
    assert "As soon as Ana says so too" in (await company.client.get(links[0])).text
    assert "Would you like to go on?" in (await company.client.get(links[1])).text, (
        "nobody is told of one yes"
    )
    company.later(days=1)
    assert (await company.client.post(links[1], data=ON)).status_code == 303
    (continued,) = await company.said("match-continued")
    assert continued["match_id"] == match["match_id"]
    now = (await company.call("GET", f"/v1/matches/{match['match_id']}")).json()
    assert (now["state"], now["version"], continued["version"]) == ("informal", 3, 3)
    kept = ("made_at", "ends_on", "explanation", "run_id", "score", "created_at")
    assert {name: now[name] for name in kept} == {name: match[name] for name in kept}
    assert now["end_reason"] == "completed"
    assert "go on informally" in (await company.client.get(links[0])).text
    assert (await company.client.post(links[1], data=ON)).status_code == 303
    assert len(await company.said("match-continued")) == 1


async def test_S25_an_informal_match_takes_no_seat(company: World) -> None:
    programme, match = await completed(company)
    for number in (1, 2):
        await company.client.post(company.link("match", match["match_id"], number, days=90), data=ON)
    await company.enrol(programme, 3, "mentee")
    assert (await company.pair(programme, 3, 2)).status_code == 201


async def test_S25_what_is_not_complete_does_not_go_on_and_nobody_else_is_let_in(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    match = (await company.pair(programme, 1, 2)).json()
    link = company.link("match", match["match_id"], 1, days=90)
    assert "Would you like to go on?" not in (await company.client.get(link)).text
    early = await company.client.post(link, data=ON)
    assert (early.status_code, "completed" in early.text) == (409, True)
    await company.hear(a_feedback(match, company.now, fit="not-good"))
    assert (await company.client.post(link, data=ON)).status_code == 409
    stranger = company.link("match", match["match_id"], 3, days=90)
    for answer in (await company.client.get(stranger), await company.client.post(stranger, data=ON)):
        assert answer.status_code == 404
    assert await company.said("match-continued") == []


async def test_S24_a_mentee_who_is_done_joins_as_a_mentor_with_the_skills_of_the_goals(
    company: World,
) -> None:
    programme, match = await completed(
        company, goals=[NEGOTIATION, SPEAKING], current={NEGOTIATION: 4}, style={"guidance": 5, "pace": 2}
    )
    link = company.link("match", match["match_id"], 1, days=90)
    page = await company.client.get(link)
    assert "Pass it on: become a mentor" in page.text
    for code, level in ((NEGOTIATION, 5), (SPEAKING, 3)):
        shown = page.text.split(f'name="level_{code}"')[1].split("</select>")[0]
        assert f'<option value="{level}" selected>' in shown
    before = await company.snapshot()
    wrong = await company.client.post(link, data={f"level_{NEGOTIATION}": "0", "capacity": "1"})
    assert wrong.status_code == 422
    assert "at least one skill" in wrong.text
    assert await company.snapshot() == before
    form = {f"level_{NEGOTIATION}": "5", f"level_{SPEAKING}": "0", "capacity": "2", "consent": "yes"}
    assert (await company.client.post(link, data=form)).status_code == 303
    joined = (await company.said("participant-joined"))[-1]
    assert (joined["person_id"], joined["role"], joined["capacity"]) == (company.people["1"], "mentor", 2)
    found = await company.call("GET", f"/v1/programmes/{programme}/participations")
    profile = next(
        one for one in found.json()["items"] if one["participation_id"] == joined["participation_id"]
    )
    assert profile["profile"]["skills"] == {NEGOTIATION: 5}
    assert profile["profile"]["style"] == {"pace": 2}
    assert "You are a mentor now" in (await company.client.get(link)).text
    assert (await company.client.post(link, data=form)).status_code == 422
    await company.enrol(programme, 3, "mentee")
    await company.hold_round(programme)
    assert ("3", "1") in await company.pairs(state="proposed") or ("3", "2") in await company.pairs()


@pytest.mark.parametrize("number", [2, 3])
async def test_S24_only_the_mentee_of_the_match_is_offered_that(company: World, number: int) -> None:
    _, match = await completed(company)
    link = company.link("match", match["match_id"], number, days=90)
    assert "Pass it on" not in (await company.client.get(link)).text
    form = {f"level_{NEGOTIATION}": "5", "capacity": "2", "consent": "yes"}
    refused = await company.client.post(link, data=form)
    assert refused.status_code in (404, 422)
    assert len(await company.said("participant-joined")) == 2
