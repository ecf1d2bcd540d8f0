"""Flash talks: everybody one short talk, at a time that stands from the proposal on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.matching.world import NEGOTIATION, World

AFTERNOON = ["2026-03-18T14:00:00Z", "2026-03-18T14:30:00Z", "2026-03-18T15:00:00Z"]
COHORT = {
    "kind": "cohort",
    "match_on": "2026-03-09",
    "ends_on": "2026-04-30",
    "session_minutes": 30,
}


async def a_day_of_talks(here: World, talks: list[str] | None = None, **changes: Any) -> str:
    rules = {"form": "flash", "talks_at": talks or AFTERNOON, **changes.pop("rules", {})}
    return await here.open(**{**COHORT, "rules": rules, **changes})


async def match_day(here: World) -> None:
    here.at(datetime(2026, 3, 9, 5, tzinfo=UTC))
    await here.next_morning()


async def talks(here: World, **which: str) -> list[tuple[str, str, str]]:
    """(mentee, mentor, when)."""
    number = {person_id: number for number, person_id in here.people.items()}
    return sorted(
        (number[one["mentee_id"]], number[one["mentor_id"]], one["talk_at"])
        for one in await here.matches(**which)
    )


async def test_every_mentee_gets_one_talk_and_no_mentor_two_at_a_time(company: World) -> None:
    programme = await a_day_of_talks(company)
    for number in range(1, 6):
        await company.enrol(programme, number, "mentee")
    for number in (10, 11):
        await company.enrol(programme, number, "mentor")
    await match_day(company)
    found = await talks(company)
    assert [mentee for mentee, _, _ in found] == ["1", "2", "3", "4", "5"]
    assert len({(mentor, at) for _, mentor, at in found}) == 5
    assert {at for _, _, at in found} == set(AFTERNOON)
    said = await company.said("match-proposed")
    assert sorted(one["talk_at"] for one in said) == sorted(at for _, _, at in found)


async def test_the_proof_of_a_day_of_talks_adds_up_and_a_pair_outside_it_is_told_why(company: World) -> None:
    programme = await a_day_of_talks(company)
    for number in (1, 2, 3, 4):
        await company.enrol(programme, number, "mentee", values={"growth": number})
    await company.enrol(programme, 10, "mentor", values={"growth": 4})
    run = await company.hold_round(programme)
    assert (run["proof"], run["gap"], run["proposed"]) == ("slots", 0, 3)
    lines = (await company.call("GET", f"/v1/runs/{run['run_id']}/certificate")).json()["items"]
    assert sum(line["amount"] * line["seats"] for line in lines) == run["bound"]
    (left,) = {"1", "2", "3", "4"} - {mentee for mentee, _, _ in await talks(company)}
    path = f"/v1/runs/{run['run_id']}/pairs/{company.people[left]}/{company.people['10']}"
    looked_at = (await company.call("GET", path)).json()
    assert (looked_at["verdict"], looked_at["cost_at_least"]) == ("possible", None)
    assert "depends on its time" in looked_at["sentence"]


async def test_whoever_has_no_time_at_any_talk_waits_and_is_told_so(company: World) -> None:
    programme = await a_day_of_talks(company)
    mornings = [{"weekday": day, "starts": "08:00", "ends": "12:00"} for day in range(5)]
    await company.enrol(programme, 1, "mentee", hours=mornings)
    await company.enrol(programme, 10, "mentor")
    await match_day(company)
    assert await talks(company) == []
    reason, sentence = (await company.waiting(programme))["1", "mentee"]
    assert reason == "no-shared-hours"
    assert "too few shared hours (1)" in sentence


async def test_both_are_shown_the_talk_say_yes_and_are_matched_until_the_day_after(company: World) -> None:
    programme = await a_day_of_talks(company, AFTERNOON[:1])
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 10, "mentor")
    await match_day(company)
    (match,) = await company.matches()
    page = (await company.client.get(company.link("proposal", match["match_id"], 1))).text
    assert "Wednesday 18 March 2026, 15:00, Madrid time (UTC+1), 30 minutes" in page
    assert "Both have time at 1 of the talks" in page
    for number in (1, 10):
        await company.say(match["match_id"], number, "accept")
    (made,) = await company.said("match-made")
    assert (made["talk_at"], made["ends_on"]) == (AFTERNOON[0], "2026-03-19")
    page = (await company.client.get(company.link("proposal", match["match_id"], 1))).text
    assert "The invitation to your talk on Wednesday 18 March 2026, 15:00" in page


async def test_a_talk_is_given_once_and_free_again_after_a_no(company: World) -> None:
    programme = await a_day_of_talks(company, AFTERNOON[:2])
    await company.enrol(programme, 10, "mentor")
    for number in (1, 2, 3):
        await company.enrol(programme, number, "mentee")
        await company.hold_round(programme)
    assert [(mentee, at) for mentee, _, at in await talks(company)] == [
        ("1", AFTERNOON[0]),
        ("2", AFTERNOON[1]),
    ]
    first = (await company.matches())[0]
    await company.say(first["match_id"], 1, "decline", reason="other")
    await company.hold_round(programme)
    open_ones = await talks(company, state="proposed")
    assert [(mentee, at) for mentee, _, at in open_ones] == [("2", AFTERNOON[1]), ("3", AFTERNOON[0])]


async def test_by_hand_the_first_free_talk_is_taken_and_the_last_refused(company: World) -> None:
    programme = await a_day_of_talks(company, AFTERNOON[:2])
    await company.enrol(programme, 10, "mentor")
    for number in (1, 2, 3):
        await company.enrol(programme, number, "mentee")
    given = [(await company.pair(programme, number, 10)).json() for number in (1, 2)]
    assert [one["talk_at"] for one in given] == AFTERNOON[:2]
    refused = await company.pair(programme, 3, 10)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:mentoring:problem:capacity-exceeded")
    busy = [{"weekday": 2, "starts": "15:00", "ends": "15:30"}]
    await company.enrol(programme, 11, "mentor")
    await company.enrol(programme, 4, "mentee", hours=busy)
    assert (await company.pair(programme, 4, 11)).json()["talk_at"] == AFTERNOON[0]
    await company.enrol(programme, 5, "mentee", hours=busy)
    refused = await company.pair(programme, 5, 11)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:mentoring:problem:rules-forbid")
    assert refused.json()["detail"] == "There is no talk at which both have time."


async def test_hours_are_those_of_the_clock_on_the_day_of_the_talks(company: World) -> None:
    """At 07:00 UTC it is 08:00 in Madrid in winter, and 09:00 from the end of March on."""
    programme = await a_day_of_talks(company, ["2026-04-01T07:00:00Z"])
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 10, "mentor")
    await match_day(company)
    assert await talks(company) == [("1", "10", "2026-04-01T07:00:00Z")]


async def test_what_begins_within_two_days_is_not_given_away_any_more(company: World) -> None:
    programme = await a_day_of_talks(company)
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 10, "mentor")
    company.at(datetime(2026, 3, 16, 14, 31, tzinfo=UTC))
    await company.hold_round(programme)
    assert [at for _, _, at in await talks(company)] == [AFTERNOON[2]]
    (match,) = await company.matches()
    assert match["answer_by"] == "2026-03-17T15:00:00Z"
    await company.enrol(programme, 2, "mentee")
    company.at(datetime(2026, 3, 17, 9, tzinfo=UTC))
    await company.hold_round(programme)
    assert len(await talks(company)) == 1
    asked = (await company.call("GET", f"/v1/programmes/{programme}")).json()
    assert asked["next_round_at"] is None


async def test_under_review_talks_are_rejected_or_excluded_and_never_fixed(company: World) -> None:
    programme = await a_day_of_talks(company, rules={"review": True})
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 10, "mentor")
    await match_day(company)
    (run,) = (await company.call("GET", f"/v1/programmes/{programme}/runs")).json()["items"]
    whom = {"mentee_id": company.people["1"], "mentor_id": company.people["10"]}
    path = f"/v1/runs/{run['run_id']}/preview"
    refused = await company.call("POST", path, {"kind": "pin", **whom})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:mentoring:problem:wrong-decision")
    assert (await company.call("POST", path, {"kind": "reject", **whom})).status_code == 200
    tag = (await company.call("GET", f"/v1/runs/{run['run_id']}/review")).headers["etag"]
    done = await company.call("POST", f"/v1/runs/{run['run_id']}/publish", headers={"if-match": tag})
    assert done.status_code == 200, done.text
    assert [(mentee, mentor) for mentee, mentor, _ in await talks(company)] == [("1", "10")]


@pytest.mark.parametrize(
    ("rules", "changes", "pointer"),
    [
        ({"talks_at": []}, {}, "/rules"),
        ({"form": "one-to-one"}, {}, "/rules"),
        ({"mode": "stable"}, {}, "/rules"),
        ({"talks_at": ["2026-03-18T14:10:00Z"]}, {}, "/rules/talks_at"),
        ({"talks_at": [AFTERNOON[0], "2026-03-18T15:00:00+01:00"]}, {}, "/rules/talks_at"),
        ({"talks_at": [AFTERNOON[0], "2026-03-25T14:00:00Z"]}, {}, "/rules/talks_at"),
        ({"talks_at": ["2026-03-18T14:00:00"]}, {}, "/rules/talks_at/0"),
        (
            {"talks_at": [f"2026-03-18T{half // 2:02}:{half % 2 * 3}0:00Z" for half in range(13)]},
            {},
            "/rules/talks_at",
        ),
        ({}, {"session_minutes": 60}, "/session_minutes"),
        ({}, {"match_on": "2026-03-17"}, "/match_on"),
        ({}, {"ends_on": "2026-03-15"}, "/rules/talks_at"),
        ({}, {"starts_on": "2026-03-19"}, "/rules/talks_at"),
    ],
)
async def test_a_day_of_talks_that_cannot_be_is_refused_by_the_name_of_the_field(
    here: World, rules: dict[str, Any], changes: dict[str, Any], pointer: str
) -> None:
    body = {
        "name": "Talks",
        "starts_on": "2026-01-01",
        "cadence": "monthly",
        "hours_per_month": 1,
        **COHORT,
        **changes,
        "rules": {"form": "flash", "talks_at": AFTERNOON, **rules},
    }
    refused = await here.call("POST", "/v1/programmes", body)
    assert refused.status_code == 422
    assert pointer in [one["pointer"] for one in refused.json()["errors"]]


async def test_an_evergreen_programme_has_no_talks_and_the_times_stay_as_they_were_told(
    company: World,
) -> None:
    evergreen = {**COHORT, "kind": "evergreen", "match_on": None}
    body = {
        "name": "Talks",
        "starts_on": "2026-01-01",
        "cadence": "monthly",
        "hours_per_month": 1,
        **evergreen,
    }
    rules = {"form": "flash", "talks_at": AFTERNOON}
    refused = await company.call("POST", "/v1/programmes", {**body, "rules": rules})
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/kind"]
    programme = await a_day_of_talks(company)
    told = await company.call("GET", f"/v1/programmes/{programme}")
    assert told.json()["rules"]["talks_at"] == AFTERNOON
    path, tag = f"/v1/programmes/{programme}", {"if-match": told.headers["etag"]}
    fewer = {"rules": {"form": "flash", "talks_at": AFTERNOON[:1]}}
    refused = await company.call("PATCH", path, fewer, headers=tag)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (409, "/rules/talks_at")
    same = {"rules": {"form": "flash", "talks_at": AFTERNOON, "seniority": 1}}
    assert (await company.call("PATCH", path, same, headers=tag)).status_code == 200


async def test_other_rules_are_counted_with_all_hours_again(company: World) -> None:
    programme = await a_day_of_talks(company)
    mornings = [{"weekday": day, "starts": "08:00", "ends": "12:00"} for day in range(5)]
    await company.enrol(programme, 1, "mentee", hours=mornings, goals=[NEGOTIATION])
    await company.enrol(programme, 10, "mentor")
    path = f"/v1/programmes/{programme}/feasible"
    talks_only = await company.call("POST", path, {"form": "flash", "talks_at": AFTERNOON})
    assert talks_only.json()["feasible"] == 0
    assert (await company.call("POST", path, {})).json()["feasible"] == 1


async def test_a_file_of_pairs_is_not_taken_over_into_a_day_of_talks(company: World) -> None:
    programme = await a_day_of_talks(company)
    file = b"mentee_employee_number,mentor_employee_number,since\n1,10,2026-01-01\n"
    headers = {"content-type": "text/csv", "authorization": "Bearer organiser"}
    path = f"/v1/programmes/{programme}/pairs/import"
    refused = await company.client.post(path, content=file, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:mentoring:problem:nothing-to-bring")
