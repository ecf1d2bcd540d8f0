from __future__ import annotations

from pathlib import Path
from typing import Any

from tests import infra
from tests.integration.matching import world
from tests.integration.matching.world import NEGOTIATION, NINE_TO_FIVE, PROGRAMMING, SPEAKING, World
from tests.unit.matching.builders import a_row


async def test_a_round_is_held_the_morning_after_somebody_joined_and_says_what_came_of_it(
    company: World,
) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.work()
    assert await company.said("matching-run-finished") == []
    await company.next_morning()
    (proposed,) = await company.said("match-proposed")
    assert (proposed["mentee_id"], proposed["mentor_id"]) == (company.people["1"], company.people["2"])
    assert proposed["answer_by"] == "2026-03-06T06:00:00Z"
    (finished,) = await company.said("matching-run-finished")
    assert {name: finished[name] for name in ("mentees", "mentors", "feasible_pairs", "proposed")} == {
        "mentees": 1,
        "mentors": 1,
        "feasible_pairs": 1,
        "proposed": 1,
    }
    assert finished["value"] == round(proposed["score"] * 100_000)
    await company.next_morning()
    assert len(await company.said("matching-run-finished")) == 1


async def test_a_cohort_is_matched_on_its_day(company: World) -> None:
    cohort = await company.open(kind="cohort", match_on="2026-03-09", ends_on="2026-09-30")
    await company.enrol(cohort, 1, "mentee")
    await company.enrol(cohort, 2, "mentor")
    for _ in range(6):
        await company.next_morning()
        assert await company.said("match-proposed") == []
    await company.next_morning()
    assert len(await company.said("match-proposed")) == 1
    assert company.now.date().isoformat() == "2026-03-09"


async def test_S1_nobody_is_ever_paired_with_themselves(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "both")
    await company.hold_round(programme)
    assert await company.pairs() == []
    waiting = await company.waiting(programme)
    assert waiting[("1", "mentee")][0] == "no-mentors"
    await company.enrol(programme, 2, "both")
    await company.hold_round(programme)
    assert set(await company.pairs()) <= {("1", "2"), ("2", "1")}
    assert len(await company.pairs()) >= 1


async def test_S2_a_mentee_without_goals_is_reported_and_not_paired(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", goals=[])
    await company.enrol(programme, 2, "mentor")
    await company.hold_round(programme)
    assert await company.pairs() == []
    waiting = await company.waiting(programme)
    assert waiting[("1", "mentee")] == ("goals-missing", "Not ready: goals missing.")
    (finished,) = await company.said("matching-run-finished")
    assert {"person_id": company.people["1"], "role": "mentee", "reason": "goals-missing"} in finished[
        "waiting"
    ]


async def test_S3_a_mentor_without_skills_gets_nobody_and_the_reason_is_recorded(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor", skills={})
    await company.hold_round(programme)
    assert await company.pairs() == []
    waiting = await company.waiting(programme)
    assert waiting[("2", "mentor")] == ("skills-missing", "Not ready: skills to share missing.")


async def test_S4_the_mentor_who_covers_the_goal_scores_strictly_higher(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", goals=[NEGOTIATION])
    await company.enrol(programme, 2, "mentor", skills={PROGRAMMING: 6})
    await company.enrol(programme, 3, "mentor", skills={NEGOTIATION: 6})
    await company.hold_round(programme)
    assert await company.pairs() == [("1", "3")]
    (match,) = await company.matches()
    assert any("Negotiation" in reason for reason in match["explanation"]["reasons"])


async def test_S6_without_a_shared_language_there_is_no_pair_and_a_like_style_is_preferred(
    company: World,
) -> None:
    programme = await company.open()
    calm, quick = {"pace": 1, "directness": 1}, {"pace": 5, "directness": 5}
    await company.enrol(programme, 1, "mentee", languages=["en"], style=calm)
    await company.enrol(programme, 2, "mentor", languages=["ja"], style=calm)
    await company.hold_round(programme)
    assert await company.pairs() == []
    reason, sentence = (await company.waiting(programme))[("1", "mentee")]
    assert reason == "no-shared-language"
    assert "no shared language" in sentence
    await company.enrol(programme, 3, "mentor", languages=["ja", "en"], style=quick)
    await company.enrol(programme, 4, "mentor", languages=["ja", "en"], style=calm)
    await company.hold_round(programme)
    assert await company.pairs() == [("1", "4")]


async def test_S9_rank_does_not_decide(door: infra.MakeDoor, tmp_path: Path) -> None:
    """Two companies that differ in one mentor's title alone: the same score, to the last digit."""
    scores = []
    for title in ("Stocker", "Chief Executive Officer"):
        async with world.opened(await door("matching"), tmp_path) as one:
            await one.hire(a_row(1, manager_employee_number="91"), a_row(2, title=title))
            programme = await one.open()
            await one.enrol(programme, 1, "mentee")
            await one.enrol(programme, 2, "mentor")
            await one.hold_round(programme)
            scores.append([match["score"] for match in await one.matches()])
    assert len(scores[0]) == 1
    assert scores[0] == scores[1]


async def test_S18_only_the_rules_of_the_programme_one_joined_apply(company: World) -> None:
    await company.hire(a_row(1, manager_employee_number="91"), a_row(2, title="Buyer"))
    relaxed = await company.open(name="Relaxed")
    strict = await company.open(name="Strict", rules={"seniority": 2})
    for programme in (relaxed, strict):
        await company.enrol(programme, 1, "mentee")
        await company.enrol(programme, 2, "mentor")
    await company.hold_round(strict)
    assert await company.pairs() == []
    assert (await company.waiting(strict))[("1", "mentee")][0] == "seniority"
    await company.hold_round(relaxed)
    assert await company.pairs(programme_id=relaxed) == [("1", "2")]
    assert await company.pairs(programme_id=strict) == []


async def test_the_reporting_line_and_the_team_are_kept_apart_also_where_managers_form_a_circle(
    here: World,
) -> None:
    await here.hire(
        a_row(1, manager_employee_number="2"),
        a_row(2, manager_employee_number="3"),
        a_row(3, manager_employee_number="2"),
    )
    programme = await here.open()
    await here.enrol(programme, 1, "mentee")
    await here.enrol(programme, 2, "mentor")
    await here.enrol(programme, 3, "mentor")
    await here.hold_round(programme)
    assert await here.pairs() == []


async def test_people_who_left_or_did_not_consent_are_not_paired(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor", consent=False)
    await company.enrol(programme, 3, "mentor")
    await company.hire(a_row(3, status="inactive"))
    await company.hold_round(programme)
    assert await company.pairs() == []
    waiting = await company.waiting(programme)
    assert waiting[("2", "mentor")][0] == "consent-missing"
    assert waiting[("3", "mentor")][0] == "not-eligible"


async def test_who_joined_after_the_last_round_is_listed_as_not_looked_at(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    assert (await company.waiting(programme))[("1", "mentee")][0] == "not-looked-at"


async def test_a_round_counts_the_seats_that_are_taken(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 9, "mentor", capacity=2)
    for number in (1, 2, 3):
        await company.enrol(programme, number, "mentee")
    run = await company.hold_round(programme)
    assert (run["proposed"], len(run["proposals"])) == (2, 2)
    again = await company.hold_round(programme)
    assert (again["mentees"], again["proposed"]) == (1, 0)
    waiting = await company.waiting(programme)
    assert [reason for reason, _ in waiting.values()] == ["all-mentors-full"]
    listed = await company.call("GET", f"/v1/programmes/{programme}/runs")
    assert [one["proposed"] for one in listed.json()["items"]] == [2, 0]
    one = await company.call("GET", f"/v1/runs/{run['run_id']}")
    assert one.json() == run


async def test_U4_the_same_inputs_give_the_same_pairs(door: infra.MakeDoor, tmp_path: Path) -> None:
    """Two companies with the same people who arrived, joined and were given ids in another order."""
    results: list[tuple[str, list[tuple[str, str]], list[float]]] = []
    for order in (1, -1):
        async with world.opened(await door("matching"), tmp_path) as one:
            numbers = list(range(1, 13))[::order]
            await one.hire(*world.a_company(12)[::order])
            programme = await one.open()
            for number in numbers:
                answer = await one.enrol(programme, number, "both", **_told(number))
                assert answer.status_code == 201, answer.text
            run = await one.hold_round(programme)
            scores = [match["score"] for match in run["proposals"]]
            results.append((run["inputs_hash"], await one.pairs(), scores))
    assert results[0] == results[1]
    assert len(results[0][1]) >= 5


def _told(number: int) -> dict[str, Any]:
    skills = [NEGOTIATION, SPEAKING, PROGRAMMING]
    return {
        "goals": [skills[number % 3]],
        "skills": {skills[(number + 1) % 3]: 1 + number % 7, skills[(number // 3) % 3]: 3},
        "values": {"growth": 1 + number % 5},
        "hours": NINE_TO_FIVE[: 2 + number % 4],
    }
