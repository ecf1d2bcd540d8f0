from __future__ import annotations

import re
from typing import Any

import httpx

from tests.integration.matching.test_review import a_run_under_review, pairs
from tests.integration.matching.world import World


async def came_in(here: World, token: str = "organiser") -> None:
    assert (await here.client.get("/desk/", params={"token": token})).status_code == 303


async def decided(
    here: World, run: dict[str, Any], *, reason: str = "they know each other", **wish: str
) -> httpx.Response:
    """Sends the form of the page that shows what a decision costs."""
    path = f"/desk/runs/{run['run_id']}/decide"
    page = await here.client.get(path, params=wish)
    assert page.status_code == 200, page.text[-500:]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    return await here.client.post(path, data={**fields, "reason": reason})


async def test_a_decision_shows_its_cost_first_and_is_kept_with_its_reason(company: World) -> None:
    run = await a_run_under_review(company)
    await came_in(company)
    path = f"/desk/runs/{run['run_id']}"
    assert "Nobody has been told of these pairs." in (await company.client.get(path)).text
    wish = {"kind": "swap", "mentee": company.people["1"], "other": company.people["2"]}
    before = await company.snapshot()
    cost = await company.client.get(f"{path}/decide", params=wish)
    assert "It costs a total score of 0." in cost.text
    assert await company.snapshot() == before
    assert (await decided(company, run, **wish)).headers["location"] == path
    assert await pairs(company, run) == [("1", "8"), ("2", "7"), ("3", "9")]
    page = (await company.client.get(path)).text
    assert "Swap two mentors" in page
    assert "they know each other" in page
    assert await company.said("match-proposed") == []


async def test_a_decision_without_a_reason_is_asked_for_one(company: World) -> None:
    run = await a_run_under_review(company)
    await came_in(company)
    wish = {"kind": "exclude", "mentee": company.people["1"]}
    answer = await decided(company, run, reason=" ", **wish)
    assert answer.status_code == 422
    assert 'href="#reason"' in answer.text
    assert len(await pairs(company, run)) == 3


async def test_publishing_proposes_the_pairs_as_they_stand_and_only_once(company: World) -> None:
    run = await a_run_under_review(company)
    await came_in(company)
    reject = {"kind": "reject", "mentee": company.people["3"], "mentor": company.people["9"]}
    await decided(company, run, **reject)
    path = f"/desk/runs/{run['run_id']}"
    page = (await company.client.get(path)).text
    version = re.findall(r'name="version" value="(\d+)"', page)[0]
    assert (await company.client.post(f"{path}/publish", data={"version": version})).status_code == 303
    proposed = await company.said("match-proposed")
    assert {one["mentee_id"] for one in proposed} >= {company.people["1"], company.people["2"]}
    again = await company.client.post(f"{path}/publish", data={"version": version})
    assert again.status_code == 412
    assert await company.said("match-proposed") == proposed


async def test_who_only_reads_cannot_decide_and_no_other_site_can(company: World) -> None:
    run = await a_run_under_review(company)
    path = f"/desk/runs/{run['run_id']}"
    await came_in(company)
    elsewhere = {"sec-fetch-site": "cross-site"}
    answer = await company.client.post(f"{path}/publish", data={"version": "1"}, headers=elsewhere)
    assert answer.status_code == 401
    company.client.cookies.clear()
    await came_in(company, "reader")
    assert "Publish" not in (await company.client.get(path)).text
    refused = await company.client.post(f"{path}/publish", data={"version": "1"})
    assert refused.status_code == 403
    assert "Your token only reads" in refused.text
    assert await company.said("match-proposed") == []


async def test_a_round_is_held_and_cancelled_from_the_desk(company: World) -> None:
    run = await a_run_under_review(company)
    await came_in(company)
    programme = f"/desk/programmes/{run['programme_id']}"
    assert "Hold a round now" in (await company.client.get(programme)).text
    held = await company.client.post(f"{programme}/hold", data={})
    assert held.status_code == 303
    page = (await company.client.get(held.headers["location"])).text
    assert "waiting to be solved" in page
    assert "Cancel the round" in page
    await company.client.post(f"{held.headers['location']}/cancel", data={})
    assert "Cancelled by organiser." in (await company.client.get(held.headers["location"])).text
