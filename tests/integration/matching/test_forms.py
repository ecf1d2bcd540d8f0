"""The forms a programme can have, through the service."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from tests.integration.matching.world import NEGOTIATION, World, a_programme
from tests.unit.matching.builders import a_form, a_row


async def seniors_and_juniors(here: World) -> None:
    """Numbers 1 and 2 are executives, 3 and 4 are at the beginning."""
    titles = ("Chief Executive Officer", "Chief Financial Officer", "Stocker", "Buyer")
    rows = [
        a_row(number, title=title, manager_employee_number=str(9000 + number), hire_date=hired)
        for number, (title, hired) in enumerate(
            zip(titles, ("1999-01-01", "2001-01-01", "2025-01-01", "2025-02-01"), strict=True), 1
        )
    ]
    await here.hire(*rows)


async def test_S22_in_a_reverse_programme_the_mentor_may_have_fewer_years_and_no_rule_blocks_it(
    here: World,
) -> None:
    await seniors_and_juniors(here)
    programme = await here.open(rules={"form": "reverse", "seniority": 2})
    for number in (1, 2):
        await here.enrol(programme, number, "mentee")
    for number in (3, 4):
        await here.enrol(programme, number, "mentor")
    run = await here.hold_round(programme)
    assert sorted(mentor for _, mentor in await here.pairs()) == ["3", "4"]
    assert (run["proof"], run["gap"]) == ("prices", 0)
    by_hand = await here.open(name="The other way", rules={"form": "reverse", "seniority": 2})
    await here.enrol(by_hand, 3, "mentee")
    await here.enrol(by_hand, 1, "mentor")
    refused = await here.pair(by_hand, 3, 1)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:mentoring:problem:rules-forbid")


async def test_S21_a_mentor_and_up_to_four_mentees_of_a_circle_share_one_relationship_id(
    company: World,
) -> None:
    programme = await company.open(rules={"form": "circle", "group_size": 4, "group_size_min": 3})
    for number in (1, 2, 3, 4, 5, 6, 7):
        await company.enrol(programme, number, "mentee")
    for number in (10, 11, 12):
        await company.enrol(programme, number, "mentor")
    run = await company.hold_round(programme)
    groups: dict[str, set[str]] = {}
    for match in run["proposals"]:
        groups.setdefault(match["group_id"], set()).add(match["mentor_id"])
    assert all(len(mentors) == 1 for mentors in groups.values())
    assert sorted(Counter(match["group_id"] for match in run["proposals"]).values()) == [3, 4]
    assert run["proof"] == "relaxation"
    said = await company.said("match-proposed")
    assert {one["match_id"]: one["group_id"] for one in said} == {
        one["match_id"]: one["group_id"] for one in run["proposals"]
    }
    first = run["proposals"][0]
    number = {person_id: number for number, person_id in company.people.items()}
    for side in ("mentee_id", "mentor_id"):
        await company.say(first["match_id"], number[first[side]], "accept")
    (made,) = await company.said("match-made")
    assert made["group_id"] == first["group_id"]


async def test_S21_who_joins_later_comes_into_a_circle_with_a_free_seat_and_never_one_too_many(
    company: World,
) -> None:
    programme = await company.open(rules={"form": "circle", "group_size": 4, "group_size_min": 3})
    for number in (1, 2, 3):
        await company.enrol(programme, number, "mentee")
    await company.enrol(programme, 10, "mentor")
    (first, *_) = (await company.hold_round(programme))["proposals"]
    for number in (4, 5):
        await company.enrol(programme, number, "mentee")
    later = (await company.hold_round(programme))["proposals"]
    assert [one["group_id"] for one in later] == [first["group_id"]]
    (alone,) = {"4", "5"} - {number for number, _ in await company.pairs()}
    refused = await company.pair(programme, alone, 10)
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:mentoring:problem:capacity-exceeded",
    )
    assert (await company.waiting(programme))[(alone, "mentee")][0] == "all-mentors-full"


async def test_too_few_for_a_circle_wait_and_are_told_so(company: World) -> None:
    programme = await company.open(rules={"form": "circle", "group_size": 4, "group_size_min": 3})
    for number in (1, 2):
        await company.enrol(programme, number, "mentee")
    await company.enrol(programme, 10, "mentor")
    await company.hold_round(programme)
    assert await company.pairs() == []
    _, sentence = (await company.waiting(programme))[("1", "mentee")]
    assert sentence == "1 mentor would fit, but no circle with a free seat came together."


async def test_nobody_in_a_stable_programme_would_rather_have_each_other(company: World) -> None:
    programme = await company.open(rules={"mode": "stable"})
    for number in range(1, 6):
        await company.enrol(programme, number, "mentee", values={"growth": number})
    for number in range(6, 11):
        await company.enrol(programme, number, "mentor", values={"growth": 11 - number})
    run = await company.hold_round(programme)
    assert run["proof"] == "no-blocking-pair"
    assert run["blocking"] == {"0.00": 0, "0.02": 0, "0.05": 0, "0.10": 0}
    assert run["gap"] >= 0
    number = {person_id: number for number, person_id in company.people.items()}
    made = {(number[one["mentee_id"]], number[one["mentor_id"]]) for one in run["proposals"]}
    mentee, mentor = next(
        (str(a), str(b)) for a in range(1, 6) for b in range(6, 11) if (str(a), str(b)) not in made
    )
    path = f"/v1/runs/{run['run_id']}/pairs/{company.people[mentee]}/{company.people[mentor]}"
    looked_at = (await company.call("GET", path)).json()
    assert (looked_at["verdict"], looked_at["cost_at_least"]) == ("possible", None)
    assert "would not both rather have each other" in looked_at["sentence"]


LEARNERS = {"goals": [NEGOTIATION], "skills": {NEGOTIATION: 6}}


async def test_S20_two_peers_are_paired_neither_is_called_a_mentor_and_the_seat_of_both_is_taken(
    company: World,
) -> None:
    programme = await company.open(rules={"form": "peer"})
    for number in (1, 2, 3):
        assert (await company.enrol(programme, number, "peer", **LEARNERS)).status_code == 201
    run = await company.hold_round(programme)
    (match,) = run["proposals"]
    assert (run["proof"], run["bound"] >= run["value"]) == ("halves", True)
    assert match["peer"] is True
    (left,) = await company.waiting(programme)
    assert left[1] == "peer"
    pair = [number for pair in await company.pairs() for number in pair]
    assert {*pair, left[0]} == {"1", "2", "3"}
    listed = await company.call("GET", f"/v1/programmes/{programme}/participations")
    assert {one["role"] for one in listed.json()["items"]} == {"peer"}
    for number in pair:
        page = (await company.client.get(company.link("proposal", match["match_id"], number))).text
        assert "Meet your possible peer" in page
        assert "mentor" not in page.replace("mentoring", "").replace("Mentoring", "").lower()
    for first, second in ((pair[0], left[0]), (pair[1], left[0]), (left[0], pair[0]), (left[0], pair[1])):
        refused = await company.pair(programme, first, second)
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "urn:mentoring:problem:already-matched",
        )
    assert (await company.hold_round(programme))["proposals"] == []
    for number in pair:
        await company.say(match["match_id"], number, "accept")
    (made,) = await company.said("match-made")
    assert made["peer"] is True
    joined = await company.said("participant-joined")
    assert all(one["peer"] and one["role"] != "mentor" for one in joined)
    (finished, _) = await company.said("matching-run-finished")
    assert (finished["peer"], [one["role"] for one in finished["waiting"]]) == (True, ["mentee"])


async def test_S20_a_peer_who_asks_for_another_one_takes_the_seat_of_both_and_calls_nobody_a_mentor(
    company: World,
) -> None:
    programme = await company.open(rules={"form": "peer"})
    for number in (1, 2, 3):
        await company.enrol(programme, number, "peer", **LEARNERS)
    path = f"/v1/programmes/{programme}/requests"

    async def ask(mentee: int, mentor: int) -> httpx.Response:
        ids = {"mentee_id": company.people[str(mentee)], "mentor_id": company.people[str(mentor)]}
        return await company.call("POST", path, {**ids, "purpose": "To learn to negotiate."})

    asked = await ask(1, 2)
    assert (asked.status_code, asked.json()["peer"]) == (201, True)
    (proposed,) = await company.said("match-proposed")
    assert proposed["peer"] is True
    for mentee, mentor in ((3, 1), (3, 2), (2, 3)):
        refused = await ask(mentee, mentor)
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "urn:mentoring:problem:already-matched",
        )


async def test_S20_who_joins_peers_joins_as_one_by_the_page_or_by_an_administrator(company: World) -> None:
    programme = await company.open(rules={"form": "peer"})
    refused = await company.enrol(programme, 1, "mentor")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:mentoring:problem:wrong-role")
    usual = await company.open(name="Usual")
    assert (await company.enrol(usual, 1, "peer")).status_code == 422
    link = company.link("join", programme, 2)
    page = (await company.client.get(link)).text
    assert "As a peer" in page
    assert "As a mentor" not in page
    form = {name: value for name, value in a_form().items() if name != "capacity"}
    answer = await company.client.post(link, data={**form, "role": ["peer"]})
    assert answer.status_code == 303, answer.text
    await company.enrol(programme, 3, "peer", **LEARNERS, languages=["en", "es"])
    made = await company.pair(programme, 2, 3)
    assert made.status_code == 201, made.text
    assert made.json()["peer"] is True
    (said,) = await company.said("match-made")
    assert said["peer"] is True


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ({"form": "square"}, "/rules/form"),
        ({"mode": "greedy"}, "/rules/mode"),
        ({"form": "circle", "mode": "stable"}, "/rules"),
        ({"form": "peer", "mode": "stable"}, "/rules"),
        ({"form": "peer", "seniority": -1}, "/rules"),
        ({"form": "circle", "group_size": 13}, "/rules/group_size"),
        ({"form": "circle", "group_size": 3, "group_size_min": 4}, "/rules"),
    ],
)
async def test_a_form_that_cannot_be_is_refused_at_the_field(
    company: World, rules: dict[str, Any], pointer: str
) -> None:
    answer = await company.call("POST", "/v1/programmes", a_programme(rules=rules))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_the_form_of_a_programme_stays_and_its_mode_may_change(company: World) -> None:
    programme = await company.open(rules={"form": "reverse"})
    path = f"/v1/programmes/{programme}"
    refused = await company.call("PATCH", path, {"rules": {"form": "circle"}}, headers={"if-match": '"1"'})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:mentoring:problem:form-fixed")
    assert refused.json()["errors"][0] == {"pointer": "/rules/form", "detail": "stays reverse"}
    stable = {"rules": {"form": "reverse", "mode": "stable"}}
    changed = await company.call("PATCH", path, stable, headers={"if-match": '"1"'})
    assert changed.json()["rules"]["mode"] == "stable"
