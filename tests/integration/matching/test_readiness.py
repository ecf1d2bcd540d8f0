"""What an organiser sees before a run, and how two runs differ."""

from __future__ import annotations

from typing import Any

from tests.integration.matching.world import NEGOTIATION, NINE_TO_FIVE, SPEAKING, World


async def readiness(company: World, programme: str) -> dict[str, Any]:
    answer = await company.call("GET", f"/v1/programmes/{programme}/readiness", token="reader")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def feasible(company: World, programme: str, **rules: Any) -> dict[str, Any]:
    answer = await company.call("POST", f"/v1/programmes/{programme}/feasible", rules, token="reader")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_S2_who_is_not_ready_is_told_before_a_run_with_what_is_missing(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", goals=[])
    await company.enrol(programme, 2, "mentor", skills={}, languages=[])
    await company.enrol(programme, 3, "mentee", consent=False)
    await company.enrol(programme, 4, "mentee")
    await company.enrol(programme, 5, "mentor")
    found = await readiness(company, programme)
    assert not found["ready"]
    lacking = {one["employee_number"]: one["codes"] for one in found["lacking"]}
    assert lacking == {
        "1": ["goals-missing"],
        "2": ["skills-missing", "languages-missing"],
        "3": ["consent-missing"],
    }
    assert all(one["name"] in one["sentence"] for one in found["lacking"])
    assert (found["figures"]["mentees"], found["figures"]["mentors"], found["figures"]["feasible"]) == (
        1,
        1,
        1,
    )
    assert found["nobody"] == []


async def test_S6_whom_the_rules_leave_nobody_is_told_before_a_run_with_the_rule(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", languages=["fr"])
    await company.enrol(programme, 2, "mentee")
    await company.enrol(programme, 3, "mentor")
    await company.enrol(programme, 4, "mentor", hours=[])
    found = await readiness(company, programme)
    nobody = {(one["employee_number"], one["role"]): one["code"] for one in found["nobody"]}
    assert nobody == {("1", "mentee"): "no-shared-language", ("4", "mentor"): "no-shared-hours"}
    assert found["figures"]["without_anybody"] == 1
    rules = {one["code"]: (one["pairs"], one["alone"]) for one in found["figures"]["excluded"]}
    assert rules == {"no-shared-language": (2, 1), "no-shared-hours": (2, 1)}
    run = await company.hold_round(programme)
    assert run["feasible_pairs"] == found["figures"]["feasible"] == 1


async def test_S18_other_rules_are_counted_live_and_nothing_is_kept(company: World) -> None:
    programme = await company.open()
    for number in (1, 2):
        await company.enrol(programme, number, "mentee", hours=NINE_TO_FIVE[:1])
    await company.enrol(programme, 3, "mentor")
    before = await company.snapshot()
    assert (await feasible(company, programme))["feasible"] == 2
    strict = await feasible(company, programme, min_shared_hours=20)
    assert strict["feasible"] == 0
    assert strict["without_anybody"] == 2
    (hours,) = strict["excluded"]
    assert (hours["code"], hours["pairs"], hours["alone"]) == ("no-shared-hours", 2, 2)
    assert await company.snapshot() == before
    wrong = await company.call("POST", f"/v1/programmes/{programme}/feasible", {"min_shared_hours": -1})
    assert wrong.status_code == 422


async def test_S4_goals_nobody_shares_and_codes_that_are_not_on_the_list_are_told(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", goals=[SPEAKING])
    await company.enrol(programme, 2, "mentor")
    await company.door.pool.execute(
        "UPDATE participation SET profile = jsonb_set(profile, '{skills}', '{\"9.Z\": 3}'), version = 2"
        " WHERE role = 'mentor'"
    )
    found = await readiness(company, programme)
    assert [(one["code"], one["wanted"]) for one in found["uncovered_goals"]] == [(SPEAKING, 1)]
    assert found["unknown_skills"] == [{"text": "9.Z", "told": 1}]
    assert [one["text"] for one in found["unknown_titles"]] != ["9.Z"]


async def test_a_projection_follows_every_change_of_the_tables(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")

    async def seen() -> tuple[int, int, int, int]:
        figures = (await readiness(company, programme))["figures"]
        return figures["mentees"], figures["mentors"], figures["seats"], figures["feasible"]

    assert await seen() == (1, 0, 0, 0)
    await company.enrol(programme, 2, "mentor", capacity=2)
    assert await seen() == (1, 1, 2, 1)
    assert await seen() == (1, 1, 2, 1)
    await company.enrol(programme, 3, "mentee")
    assert await seen() == (2, 1, 2, 2)
    await company.pair(programme, 3, 2)
    assert await seen() == (1, 1, 1, 1)
    answer = await company.call("GET", f"/v1/programmes/{programme}")
    patch = {"rules": {"min_shared_hours": 40}}
    headers = {"if-match": answer.headers["etag"]}
    assert (await company.call("PATCH", f"/v1/programmes/{programme}", patch, headers=headers)).is_success
    assert await seen() == (1, 1, 1, 1)
    patch = {"rules": {"seniority": 6}}
    headers = {"if-match": '"2"'}
    assert (await company.call("PATCH", f"/v1/programmes/{programme}", patch, headers=headers)).is_success
    assert await seen() == (1, 1, 1, 0)


async def test_U4_two_runs_are_put_side_by_side(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentee", goals=[SPEAKING])
    await company.enrol(programme, 8, "mentor", skills={NEGOTIATION: 3, SPEAKING: 1})
    first = await company.hold_round(programme)
    for match in await company.matches(state="proposed"):
        await company.say(match["match_id"], "8", "decline", reason="no-time")
    await company.enrol(programme, 9, "mentor", skills={SPEAKING: 7})
    answer = await company.call("GET", f"/v1/programmes/{programme}")
    patch = {"rules": {"min_shared_hours": 4}}
    headers = {"if-match": answer.headers["etag"]}
    assert (await company.call("PATCH", f"/v1/programmes/{programme}", patch, headers=headers)).is_success
    second = await company.hold_round(programme)
    path = f"/v1/runs/{first['run_id']}/compare/{second['run_id']}"
    found = (await company.call("GET", path, token="reader")).json()
    assert not found["same_inputs"]
    assert {one["name"]: (one["here"], one["there"]) for one in found["rules"]} == {
        "min_shared_hours": (2.0, 4.0)
    }
    assert (found["pairs_in_both"], found["pairs_only_here"]) == (0, 1)
    assert found["pairs_only_there"] == len(found["only_there"]) == second["proposed"]
    assert found["score_here"] == first["value"] / 100_000
    assert found["only_here"][0]["reasons"]
    itself = await company.call("GET", f"/v1/runs/{first['run_id']}/compare/{first['run_id']}")
    assert (itself.json()["same_inputs"], itself.json()["pairs_in_both"]) == (True, 1)


async def test_runs_of_two_programmes_or_without_pairs_are_not_compared(company: World) -> None:
    one, other = await company.open(), await company.open(name="Another")
    first, second = await company.hold_round(one), await company.hold_round(other)
    refused = await company.call("GET", f"/v1/runs/{first['run_id']}/compare/{second['run_id']}")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "not-comparable")
    queued = (await company.call("POST", f"/v1/programmes/{one}/runs")).json()
    refused = await company.call("GET", f"/v1/runs/{first['run_id']}/compare/{queued['run_id']}")
    assert refused.status_code == 409
