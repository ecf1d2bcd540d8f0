from __future__ import annotations

import re
from typing import Any

import httpx

from tests.integration.matching.test_fairness import GROUPS, a_programme, say
from tests.integration.matching.world import NEGOTIATION, PROGRAMMING, World, a_company


async def came_in(here: World) -> httpx.AsyncClient:
    """A browser with a session of the desk."""
    answer = await here.client.get("/desk/", params={"token": "reader"})
    assert answer.status_code == 303
    assert "token" not in answer.headers["location"]
    return here.client


async def seen(here: World, path: str, **query: Any) -> str:
    answer = await here.client.get(f"/desk/{path}", params=query)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[-600:])
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>", "", answer.text, flags=re.S))


async def test_the_desk_is_closed_to_who_has_no_token_for_it(here: World) -> None:
    assert (await here.client.get("/desk/")).status_code == 401
    assert (await here.client.get("/desk/", params={"token": "nobody"})).status_code == 401
    wrong = await here.client.post("/desk/", data={"token": "mistyped"})
    assert "This token does not open the desk" in wrong.text
    await came_in(here)
    assert (await here.client.get("/desk/")).status_code == 200


async def test_the_desk_shows_a_round_with_its_proof_its_people_and_its_ledger(here: World) -> None:
    programme, ids = await a_programme(here)
    for one in ids[7:]:
        await say(here, programme, one, "part-time")
    await say(here, programme, ids[0], "first-generation")
    run = await here.hold_round(programme)
    await came_in(here)
    assert f'href="/desk/programmes/{programme}"' in await seen(here, "")
    listed = await seen(here, f"programmes/{programme}")
    assert "proven best" in listed
    assert "fairness alarm" in listed
    page = await seen(here, f"runs/{run['run_id']}")
    assert "<strong>Proven best.</strong>" in page
    assert "Below four fifths" in page
    assert GROUPS["part-time"] in page
    assert "0 of 7 matched" in page
    assert "Fewer than five people" in page
    assert "Negotiation" in page


async def test_U2_the_desk_says_why_why_not_and_why_nobody(here: World) -> None:
    programme = await here.open()
    await here.hire(*a_company(8))
    for number in (1, 2):
        await here.enrol(programme, number, "mentee")
    await here.enrol(programme, 3, "mentee", languages=["fr"])
    await here.enrol(programme, 5, "mentor")
    await here.enrol(programme, 6, "mentor", languages=["de"])
    run = await here.hold_round(programme)
    (made,) = run["proposals"]
    await came_in(here)
    pair = await seen(here, f"runs/{run['run_id']}/pairs/{made['mentee_id']}/{made['mentor_id']}")
    assert "This pair was made." in pair
    assert "Values: not given by both" in pair
    assert "Goals and skills" in pair
    there = await here.client.get(
        f"/desk/runs/{run['run_id']}/pairs/{made['mentee_id']}/any", params={"mentor": here.people["6"]}
    )
    assert there.headers["location"].endswith(here.people["6"])
    unlike = await seen(here, there.headers["location"].removeprefix("/desk/"))
    assert "They have no language in common." in unlike
    nobody = await seen(here, f"runs/{run['run_id']}/waiting/{here.people['3']}")
    assert "If no shared language was needed: 2 mentors more." in nobody


async def test_U3_the_desk_compares_and_changes_nothing(here: World) -> None:
    programme, _ = await a_programme(here, people=6, seats=2)
    run = await here.hold_round(programme)
    await came_in(here)
    before = await here.snapshot()
    path = f"programmes/{programme}/what-if"
    assert "The changes" in await seen(here, path)
    found = await seen(here, path, round="again", capacities="7 = 3", skill=NEGOTIATION)
    assert "would have another mentor or none" in found
    assert '<circle class="gain"' in found
    assert "The new mentor" in found
    assert await here.snapshot() == before
    assert run["proposed"] == 2


async def test_U3_the_desk_names_the_field_that_does_not_fit(here: World) -> None:
    programme, _ = await a_programme(here, people=2, seats=1)
    await came_in(here)
    path = f"/desk/programmes/{programme}/what-if"
    for query, field in (
        ({"capacities": "three"}, "#capacities"),
        ({"capacities": "77 = 3"}, "#capacities"),
        ({"leave": "nobody"}, "#leave"),
        ({"min_shared_hours": "many"}, "#min_shared_hours"),
        ({"mentee_goals": "50"}, "#mentee_weights"),
        ({"round": "next"}, "#form"),
    ):
        answer = await here.client.get(path, params=query)
        assert answer.status_code == 422, query
        assert f'href="{field}"' in answer.text, query


async def test_the_desk_says_who_is_not_ready_and_what_the_rules_take_away(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentee", languages=["fr"], goals=[PROGRAMMING])
    await company.enrol(programme, 3, "mentee", goals=[])
    await company.enrol(programme, 5, "mentor")
    await came_in(company)
    assert "Is it ready?" in await seen(company, f"programmes/{programme}")
    page = await seen(company, f"programmes/{programme}/readiness")
    assert "A round can be held." in page
    assert "1 of these pairs would be possible without this rule" in page
    assert "Not ready" in page
    assert "Programming: 1 wants it" in page


async def test_the_desk_says_that_a_round_without_free_seats_would_pair_nobody(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentee")
    await company.enrol(programme, 5, "mentor")
    assert (await company.pair(programme, 1, 5)).status_code == 201
    await came_in(company)
    assert "A round would pair nobody: no mentor has a free seat." in await seen(
        company, f"programmes/{programme}/readiness"
    )


async def test_a_page_that_is_not_there_says_so(here: World) -> None:
    await came_in(here)
    for path in ("nowhere", "runs/x", "runs/018e0000-0000-7000-8000-000000000000"):
        answer = await here.client.get(f"/desk/{path}")
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
