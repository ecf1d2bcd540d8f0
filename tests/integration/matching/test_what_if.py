from __future__ import annotations

from typing import Any

from tests.integration.matching.world import NEGOTIATION, PROGRAMMING, SPEAKING, World, a_company
from tests.unit.matching.builders import a_row


async def a_programme(company: World) -> str:
    """Three mentees; one mentor with one seat, and one whose language only the third speaks."""
    programme = await company.open()
    await company.enrol(programme, 1, "mentee", goals=[NEGOTIATION])
    await company.enrol(programme, 2, "mentee", goals=[NEGOTIATION, SPEAKING])
    await company.enrol(programme, 3, "mentee", goals=[SPEAKING], languages=["fr"])
    await company.enrol(programme, 5, "mentor")
    await company.enrol(programme, 6, "mentor", skills={SPEAKING: 3}, languages=["fr"])
    return programme


async def what_if(company: World, programme: str, changes: dict[str, Any]) -> dict[str, Any]:
    answer = await company.call("POST", f"/v1/programmes/{programme}/what-if", changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_U3_a_what_if_changes_no_table_and_says_nothing(company: World) -> None:
    programme = await a_programme(company)
    before = await company.snapshot()
    found = await what_if(
        company,
        programme,
        {
            "min_shared_hours": 1,
            "mentee_weights": {"goals": 1},
            "capacities": {"5": 3},
            "leave": ["1"],
            "join": [{"role": "mentor", "like": "5", "name": "A colleague"}],
        },
    )
    assert found["pairs_changed"] > 0
    assert await company.snapshot() == before
    await company.hold_round(programme)
    before = await company.snapshot()
    await what_if(company, programme, {"same_team": True})
    assert await company.snapshot() == before
    assert "outbox" in before


async def test_U3_a_seat_more_shows_who_gains_and_what_it_is_worth(company: World) -> None:
    programme = await a_programme(company)
    found = await what_if(company, programme, {"capacities": {"5": 2}})
    assert (found["before"]["pairs"], found["after"]["pairs"]) == (2, 3)
    assert (found["pairs_changed"], found["gaining"], found["losing"]) == (1, 1, 0)
    (moved,) = found["moved"]
    assert (moved["before"], moved["after_id"]) == (None, company.people["5"])
    assert abs(moved["gain"] - (found["after"]["total"] - found["before"]["total"])) < 1e-9
    (site,) = (one for one in found["groups"] if one["kind"] == "site")
    assert (site["code"], site["members"], site["matched_before"], site["matched_after"]) == (
        "Madrid",
        3,
        2,
        3,
    )
    assert found["before"]["gap"] == found["after"]["gap"] == 0


async def test_U3_who_loses_a_mentor_is_named_first(company: World) -> None:
    programme = await a_programme(company)
    found = await what_if(company, programme, {"capacities": {"5": 0}})
    assert (found["gaining"], found["losing"]) == (0, 1)
    assert found["moved"][0]["after"] is None
    assert found["moved"][0]["gain"] < 0


async def test_U3_somebody_new_can_join_in_a_what_if(company: World) -> None:
    programme = await a_programme(company)
    await company.enrol(programme, 7, "mentee", goals=[PROGRAMMING], languages=["de"])
    joiner = {"role": "mentor", "name": "A programmer", "skills": {PROGRAMMING: 6}, "languages": ["de"]}
    found = await what_if(company, programme, {"join": [joiner]})
    (moved,) = found["moved"]
    assert (moved["mentee_id"], moved["after"], moved["after_id"]) == (
        company.people["7"],
        "A programmer",
        None,
    )


async def test_U3_new_weights_are_judged_by_todays(company: World) -> None:
    """Weights that make every score larger do not make anybody gain."""
    programme = await a_programme(company)
    found = await what_if(company, programme, {"mentee_weights": {"availability": 1}})
    gains = sum(one["gain"] for one in found["moved"])
    assert abs(found["after"]["total"] - found["before"]["total"] - gains) < 1e-6
    assert found["after"]["total"] <= found["before"]["total"] + 1e-9


async def test_U3_a_round_can_be_held_again_under_changes(company: World) -> None:
    programme = await a_programme(company)
    run = await company.hold_round(programme)
    assert (await what_if(company, programme, {"same_team": True}))["before"]["pairs"] == 0
    again = await what_if(company, programme, {"run_id": run["run_id"], "capacities": {"5": 2}})
    assert (again["before"]["pairs"], again["after"]["pairs"]) == (run["proposed"], 3)


async def test_U3_every_field_that_does_not_fit_is_named(company: World) -> None:
    programme = await a_programme(company)
    wrong = {
        "capacities": {"99": 2},
        "leave": ["98"],
        "join": [{"role": "mentor", "like": "1"}],
        "mentee_weights": {"goals": 0.5},
    }
    path = f"/v1/programmes/{programme}/what-if"
    weights = await company.call("POST", path, wrong)
    assert weights.status_code == 422
    assert [error["pointer"] for error in weights.json()["errors"]] == ["/mentee_weights"]
    people = await company.call("POST", path, {**wrong, "mentee_weights": {}})
    assert {error["pointer"] for error in people.json()["errors"]} == {
        "/capacities/99",
        "/leave/0",
        "/join/0/like",
    }
    codes = await company.call(
        "POST", path, {"join": [{"role": "mentor", "skills": {"x": 3}, "languages": ["xx"]}]}
    )
    assert {error["pointer"] for error in codes.json()["errors"]} == {"/join/0/skills", "/join/0/languages"}
    nothing = await company.call("POST", path, {})
    assert nothing.status_code == 422
    assert "say what is different" in nothing.text


async def test_U3_in_reverse_the_levels_of_a_what_if_are_levels_below(company: World) -> None:
    await company.hire(*a_company(8), a_row(9, title="Director", manager_employee_number="9009"))
    programme = await company.open(rules={"form": "reverse", "seniority": 0})
    await company.enrol(programme, 9, "mentee")
    await company.enrol(programme, 5, "mentor")
    found = await what_if(company, programme, {"seniority": 1})
    assert (found["before"]["pairs"], found["after"]["pairs"]) == (1, 1)
    found = await what_if(company, programme, {"seniority": 6})
    assert (found["before"]["pairs"], found["after"]["pairs"]) == (1, 0)
