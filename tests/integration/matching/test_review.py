"""A cohort's run is looked at before its pairs are proposed: who decides what, why, and what it costs."""

from __future__ import annotations

from typing import Any

import httpx

from tests.integration.matching.world import NEGOTIATION, PROGRAMMING, SPEAKING, World


async def a_run_under_review(company: World) -> dict[str, Any]:
    """Three mentees (1, 2, 3) and three mentors (7, 8, 9) who fit in this order, in a cohort with review."""
    rules = {"review": True}
    cohort = await company.open(kind="cohort", match_on="2026-03-03", ends_on="2026-09-30", rules=rules)
    for number, goal in ((1, NEGOTIATION), (2, SPEAKING), (3, PROGRAMMING)):
        await company.enrol(cohort, number, "mentee", goals=[goal])
    for number, skill in ((7, NEGOTIATION), (8, SPEAKING), (9, PROGRAMMING)):
        await company.enrol(cohort, number, "mentor", skills={skill: 6})
    await company.next_morning()
    (run,) = (await company.call("GET", f"/v1/programmes/{cohort}/runs")).json()["items"]
    return dict(run)


async def review(company: World, run: dict[str, Any]) -> dict[str, Any]:
    answer = await company.call("GET", f"/v1/runs/{run['run_id']}/review", token="reader")
    assert answer.status_code == 200, answer.text
    return {**answer.json(), "etag": answer.headers["etag"]}


async def pairs(company: World, run: dict[str, Any]) -> list[tuple[str, str]]:
    number = {person_id: number for number, person_id in company.people.items()}
    found = (await review(company, run))["pairs"]
    return [(number[one["mentee_id"]], number[one["mentor_id"]]) for one in found]


def wish(company: World, kind: str, **whom: int) -> dict[str, Any]:
    return {"kind": kind, **{f"{role}_id": company.people[str(number)] for role, number in whom.items()}}


async def preview(company: World, run: dict[str, Any], kind: str, **whom: int) -> dict[str, Any]:
    path = f"/v1/runs/{run['run_id']}/preview"
    answer = await company.call("POST", path, wish(company, kind, **whom), token="reader")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def decide(company: World, run: dict[str, Any], kind: str, **whom: int) -> httpx.Response:
    body = {**wish(company, kind, **whom), "reason": "they know each other"}
    headers = {"if-match": (await review(company, run))["etag"]}
    return await company.call("POST", f"/v1/runs/{run['run_id']}/decisions", body, headers=headers)


async def publish(company: World, run: dict[str, Any]) -> httpx.Response:
    headers = {"if-match": (await review(company, run))["etag"]}
    return await company.call("POST", f"/v1/runs/{run['run_id']}/publish", headers=headers)


async def test_nothing_of_a_run_under_review_is_proposed_before_it_is_published(company: World) -> None:
    run = await a_run_under_review(company)
    assert (run["state"], run["proposed"], run["gap"]) == ("review", 3, 0)
    assert await pairs(company, run) == [("1", "7"), ("2", "8"), ("3", "9")]
    assert await company.said("match-proposed", "matching-run-finished") == []
    answer = await publish(company, run)
    assert (answer.status_code, answer.json()["state"]) == (200, "published")
    assert len(await company.said("match-proposed")) == 3
    assert len(await company.said("matching-run-finished")) == 1
    assert await company.pairs(state="proposed") == [("1", "7"), ("2", "8"), ("3", "9")]
    again = await company.call("POST", f"/v1/runs/{run['run_id']}/publish", headers={"if-match": '"9"'})
    assert again.status_code == 412


async def test_the_cost_is_shown_first_and_nothing_is_kept(company: World) -> None:
    run = await a_run_under_review(company)
    before = await company.snapshot()
    shown = await preview(company, run, "reject", mentee=1, mentor=7)
    assert shown["cost"] > 0
    assert shown["cost"] == round(shown["score_before"] - shown["score_after"], 5)
    assert not shown["changed_since"]
    assert company.people["1"] in {one["mentee_id"] for one in shown["pairs_gone"]}
    assert await company.snapshot() == before
    answer = await decide(company, run, "reject", mentee=1, mentor=7)
    assert answer.status_code == 201, answer.text
    assert answer.json()["cost"] == shown["cost"]
    made = await review(company, run)
    assert ("1", "7") not in await pairs(company, run)
    assert round(made["run"]["value"] / 100_000, 5) == shown["score_after"]
    assert made["run"]["gap"] == 0


async def test_who_decided_what_and_why_is_kept(company: World) -> None:
    run = await a_run_under_review(company)
    for kind, whom in (
        ("approve", {"mentee": 3, "mentor": 9}),
        ("swap", {"mentee": 1, "other_mentee": 2}),
        ("exclude", {"mentee": 3}),
    ):
        answer = await decide(company, run, kind, **whom)
        assert answer.status_code == 201, answer.text
    made = await review(company, run)
    assert [(one["kind"], one["decided_by"], one["reason"]) for one in made["decisions"]] == [
        ("approve", "organiser", "they know each other"),
        ("swap", "organiser", "they know each other"),
        ("exclude", "organiser", "they know each other"),
    ]
    assert made["decisions"][0]["cost"] == 0
    assert made["decisions"][1]["cost"] > 0
    assert len(made["fixed"]) == 2
    assert await pairs(company, run) == [("1", "8"), ("2", "7")]
    await publish(company, run)
    waiting = await company.waiting(run["programme_id"])
    assert waiting[("3", "mentee")][0] == "taken-out"
    assert len(await company.said("match-proposed")) == 2


async def test_a_pinned_pair_stays_and_the_others_are_the_best_ones_again(company: World) -> None:
    run = await a_run_under_review(company)
    assert (await decide(company, run, "pin", mentee=1, mentor=8)).status_code == 201
    assert ("1", "8") in await pairs(company, run)
    assert len(await pairs(company, run)) == 3
    certificate = await company.call("GET", f"/v1/runs/{run['run_id']}/certificate", params={"limit": "100"})
    made = (await review(company, run))["run"]
    proven = sum(line["amount"] * line["seats"] for line in certificate.json()["items"])
    assert made["bound"] == proven == made["value"]
    full = await decide(company, run, "pin", mentee=2, mentor=8)
    assert (full.status_code, full.json()["type"].rpartition(":")[2]) == (422, "wrong-decision")
    assert (await decide(company, run, "release", mentee=1)).status_code == 201
    assert await pairs(company, run) == [("1", "7"), ("2", "8"), ("3", "9")]


async def test_two_people_who_are_excluded_are_never_brought_together(company: World) -> None:
    run = await a_run_under_review(company)
    assert (await decide(company, run, "exclude-pair", mentee=1, mentor=7)).status_code == 201
    await company.call("POST", f"/v1/runs/{run['run_id']}/cancel")
    await company.next_morning()
    (second,) = [
        one
        for one in (await company.call("GET", f"/v1/programmes/{run['programme_id']}/runs")).json()["items"]
        if one["state"] == "review"
    ]
    assert ("1", "7") not in await pairs(company, second)


async def test_what_the_rules_forbid_cannot_be_pinned_and_a_wish_names_what_it_needs(company: World) -> None:
    run = await a_run_under_review(company)
    forbidden = await decide(company, run, "pin", mentee=1, mentor=1)
    assert forbidden.status_code == 422
    for kind, whom in (
        ("approve", {"mentee": 1, "mentor": 9}),
        ("pin", {"mentee": 1}),
        ("swap", {"mentee": 1, "other_mentee": 1}),
        ("exclude", {"mentee": 1, "mentor": 7}),
    ):
        refused = await decide(company, run, kind, **whom)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (422, "wrong-decision")
    assert (await review(company, run))["decisions"] == []
    stale = await company.call(
        "POST",
        f"/v1/runs/{run['run_id']}/decisions",
        {**wish(company, "reject", mentee=1, mentor=7), "reason": "stale"},
        headers={"if-match": '"1"'},
    )
    assert stale.status_code == 412


async def test_S13_pairs_that_are_not_possible_any_more_are_not_published(company: World) -> None:
    run = await a_run_under_review(company)
    assert (await company.pair(run["programme_id"], 1, 8)).status_code == 201
    assert (await preview(company, run, "reject", mentee=3, mentor=9))["changed_since"]
    answer = await publish(company, run)
    assert (answer.json()["proposed"], answer.json()["dropped"]) == (1, 2)
    assert await company.pairs(state="proposed") == [("3", "9")]
    await company.next_morning()
    states = [
        one["state"]
        for one in (await company.call("GET", f"/v1/programmes/{run['programme_id']}/runs")).json()["items"]
    ]
    assert states == ["published", "review"]


async def test_the_clock_does_not_replace_a_run_under_review_and_an_administrator_may(company: World) -> None:
    run = await a_run_under_review(company)
    await company.enrol(run["programme_id"], 4, "mentee")
    await company.next_morning()
    assert (await review(company, run))["run"]["state"] == "review"
    second = await company.hold_round(run["programme_id"])
    assert (second["state"], second["mentees"]) == ("review", 4)
    replaced = (await review(company, run))["run"]
    assert (replaced["state"], replaced["problem"]) == ("cancelled", "Replaced by a newer run.")


async def test_U13_a_run_that_is_held_again_moves_nobody_for_a_little_more(company: World) -> None:
    """A slightly better mentor joins: without hysteresis the pair changes, with it the pair stands."""
    moved = {}
    for name, hysteresis in (("free", 0.0), ("steady", 0.1)):
        rules = {"review": True, "hysteresis": hysteresis}
        cohort = await company.open(
            name=name, kind="cohort", match_on="2026-03-02", ends_on="2026-09-30", rules=rules
        )
        await company.enrol(cohort, 1, "mentee", values={"growth": 1})
        await company.enrol(cohort, 7, "mentor", values={"growth": 2})
        first = await company.hold_round(cohort)
        await company.enrol(cohort, 8, "mentor", values={"growth": 1})
        second = await company.hold_round(cohort)
        moved[name] = await pairs(company, first), await pairs(company, second)
        assert second["inputs_hash"] != first["inputs_hash"]
        looked_at = await company.call(
            "GET", f"/v1/runs/{second['run_id']}/pairs/{company.people['1']}/{company.people['7']}"
        )
        assert looked_at.json()["verdict"] in ("possible", "made")
    assert moved["free"] == ([("1", "7")], [("1", "8")])
    assert moved["steady"] == ([("1", "7")], [("1", "7")])
