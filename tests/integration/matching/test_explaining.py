from __future__ import annotations

from typing import Any

from tests.integration.matching import world
from tests.integration.matching.world import NEGOTIATION, PROGRAMMING, SPEAKING, World


async def a_run(company: World) -> dict[str, Any]:
    """Three mentees want to negotiate, one to speak; one mentor has one seat, another speaks French only."""
    programme = await company.open()
    for number in (1, 2, 3):
        await company.enrol(programme, number, "mentee")
    await company.enrol(programme, 4, "mentee", goals=[SPEAKING], languages=["fr", "de"])
    await company.enrol(programme, 5, "mentor")
    await company.enrol(programme, 6, "mentor", languages=["es"])
    return await company.hold_round(programme)


async def told(company: World, run: dict[str, Any], path: str) -> dict[str, Any]:
    answer = await company.call("GET", f"/v1/runs/{run['run_id']}/{path}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_U2_why_this_pair_is_told_in_components_that_add_up_to_its_score(company: World) -> None:
    run = await a_run(company)
    (made,) = run["proposals"]
    pair = await told(company, run, f"pairs/{made['mentee_id']}/{made['mentor_id']}")
    parts = pair["components"]
    assert {"goals", "values", "style", "availability"} <= {part["code"] for part in parts}
    u = sum(part["mentee_weight"] * part["mentee_value"] for part in parts)
    v = sum(part["mentor_weight"] * part["mentor_value"] for part in parts)
    assert abs(pair["score"] - 2 * u * v / (u + v)) < 1e-4
    assert pair["score"] == made["score"]
    missing = [part["code"] for part in parts if not part["given"]]
    assert "values" in missing
    assert any(sentence.startswith("Values: not given") for sentence in pair["not_given"])


async def test_U2_why_nobody_names_what_would_help(company: World) -> None:
    run = await a_run(company)
    (role,) = (await told(company, run, f"waiting/{company.people['4']}"))["roles"]
    assert (role["role"], role["possible"]) == ("mentee", 0)
    assert "no shared language" in role["sentence"]
    assert [(step["rules"], step["people"]) for step in role["steps"]] == [(["no-shared-language"], 2)]
    (made,) = run["proposals"]
    other = min({company.people[number] for number in "123"} - {made["mentee_id"]})
    (full,) = (await told(company, run, f"waiting/{other}"))["roles"]
    assert full["possible"] == 1
    assert full["in_short"].endswith("but their seats went to other mentees.")
    answer = await company.call("GET", f"/v1/runs/{run['run_id']}/waiting/{made['mentee_id']}")
    assert answer.status_code == 404
    assert "was not left waiting" in answer.json()["detail"]


async def test_U2_where_to_recruit_names_what_is_short(company: World) -> None:
    run = await a_run(company)
    lines = (await told(company, run, "recruit"))["items"]
    skills = {line["code"]: line for line in lines if line["kind"] == "skill"}
    assert skills[NEGOTIATION]["price"] > 0
    assert (skills[NEGOTIATION]["wanted"], skills[NEGOTIATION]["waiting"]) == (3, 2)
    assert (skills[SPEAKING]["mentors"], skills[SPEAKING]["price"]) == (0, None)
    assert PROGRAMMING not in skills
    french = next(line for line in lines if line["code"] == "fr")
    assert french["sentence"] == "French: no mentor yet; 1 mentee speaks it, 1 waiting."


async def test_who_left_the_pool_is_told_the_runs_own_reason(company: World) -> None:
    run = await a_run(company)
    await company.hire(*world.a_company(12, status="inactive"))
    (role,) = (await told(company, run, f"waiting/{company.people['4']}"))["roles"]
    assert role["reason"] == "no-shared-language"
