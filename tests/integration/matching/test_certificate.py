from __future__ import annotations

from itertools import product
from typing import Any

from tests.integration.matching import world
from tests.integration.matching.world import NEGOTIATION, NINE_TO_FIVE, PROGRAMMING, SPEAKING, World
from tests.unit.matching.engine import checker


async def a_run(company: World) -> dict[str, Any]:
    """Four mentees who want different things and three mentors: one mentee stays without."""
    programme = await company.open()
    for number, goal in enumerate((NEGOTIATION, SPEAKING, PROGRAMMING, NEGOTIATION), start=1):
        hours = NINE_TO_FIVE[: 2 + number % 3]
        await company.enrol(programme, number, "mentee", goals=[goal], hours=hours)
    for number, skills in enumerate(
        ({NEGOTIATION: 6, SPEAKING: 2}, {SPEAKING: 5}, {PROGRAMMING: 4}), start=5
    ):
        await company.enrol(programme, number, "mentor", skills=skills)
    # A mentee with another language: a rule forbids every pair.
    await company.enrol(programme, 8, "mentee", languages=["fr"])
    return await company.hold_round(programme)


async def looked_at(company: World, run: dict[str, Any], mentee: str, mentor: str) -> dict[str, Any]:
    answer = await company.call("GET", f"/v1/runs/{run['run_id']}/pairs/{mentee}/{mentor}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def certificate(company: World, run: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await company.call("GET", f"/v1/runs/{run['run_id']}/certificate", params={"limit": "100"})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_U2_an_independent_checker_accepts_the_certificate_of_a_run(company: World) -> None:
    """From what the doors tell alone: the weights of all pairs, the seats, the pairs and the proof."""
    run = await a_run(company)
    lines = await certificate(company, run)
    of = {
        role: {one["person_id"]: one for one in lines if one["role"] == role} for role in ("mentee", "mentor")
    }
    weights = {}
    for mentee, mentor in product(of["mentee"], of["mentor"]):
        pair = await looked_at(company, run, mentee, mentor)
        if pair["verdict"] != "forbidden":
            weights[mentee, mentor] = round(pair["score"] * 100_000)
    amounts = {role: {person: one["amount"] for person, one in of[role].items()} for role in of}
    proof = amounts["mentee"], amounts["mentor"], run["value"]
    seats = {person: one["seats"] for person, one in of["mentor"].items()}
    pairs = {one["mentee_id"]: one["mentor_id"] for one in run["proposals"]}
    assert len(pairs) == 3
    assert len(weights) == 12
    assert checker.what_is_wrong(weights, seats, pairs, proof) == []
    assert (run["bound"], run["gap"]) == (run["value"], 0)
    assert set(run["blocking"]) == {"0.00", "0.02", "0.05", "0.10"}
    dear = max(amounts["mentor"], key=lambda person: amounts["mentor"][person])
    cheaper = amounts["mentee"], {**amounts["mentor"], dear: amounts["mentor"][dear] - 1}, run["value"]
    assert checker.what_is_wrong(weights, seats, pairs, cheaper) != []


async def test_U2_why_not_another_mentor_names_the_rules_or_the_proven_cost(company: World) -> None:
    run = await a_run(company)
    person = company.people
    made = {(one["mentee_id"], one["mentor_id"]) for one in run["proposals"]}
    verdicts = {}
    for mentee, mentor in product("12348", "567"):
        found = await looked_at(company, run, person[mentee], person[mentor])
        verdicts[person[mentee], person[mentor]] = found["verdict"]
        if found["verdict"] == "possible":
            assert found["cost_at_least"] >= 0
            assert found["sentence"]
    assert {pair for pair, verdict in verdicts.items() if verdict == "made"} == made
    stranger = await looked_at(company, run, person["8"], person["5"])
    assert (stranger["verdict"], stranger["sentence"]) == ("forbidden", "They have no language in common.")
    assert stranger["cost_at_least"] is None
    unlike = await looked_at(company, run, person["3"], person["5"])
    assert unlike["verdict"] == "possible"
    assert unlike["cost_at_least"] > 0


async def test_U2_what_a_run_proved_is_not_said_of_people_who_changed_since(company: World) -> None:
    run = await a_run(company)
    before = await looked_at(company, run, company.people["3"], company.people["5"])
    await company.hire(*world.a_company(12, site="Elsewhere"))
    after = await looked_at(company, run, company.people["3"], company.people["5"])
    assert (before["verdict"], after["verdict"]) == ("possible", "changed")
    assert after["cost_at_least"] is None


async def test_somebody_who_was_not_in_a_run_is_not_found_there(company: World) -> None:
    run = await a_run(company)
    path = f"/v1/runs/{run['run_id']}/pairs/{company.people['12']}/{company.people['5']}"
    assert (await company.call("GET", path)).status_code == 404
