"""Not now: nobody is looked for until a day, and then it comes back by itself. And who waits knows the
date."""

from __future__ import annotations

from typing import Any

import httpx

from tests.integration.matching.world import World


async def pause(company: World, participation: dict[str, Any], until: str) -> httpx.Response:
    path = f"/v1/participations/{participation['participation_id']}"
    seen = (await company.call("GET", path)).headers["etag"]
    return await company.call("POST", f"{path}/pause", {"until": until}, headers={"if-match": seen})


async def enrolled(company: World, programme: str, number: int, role: str) -> dict[str, Any]:
    (item,) = (await company.enrol(programme, number, role)).json()["items"]
    return dict(item)


async def test_S13_a_mentor_who_said_not_now_is_given_nobody_and_comes_back_by_itself(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    mentor = await enrolled(company, programme, 2, "mentor")
    answer = await pause(company, mentor, "2026-03-05")
    assert (answer.status_code, answer.json()["paused_until"]) == (200, "2026-03-05")
    for _ in range(3):
        await company.next_morning()
        assert await company.pairs() == []
    waiting = await company.waiting(programme)
    assert waiting[("2", "mentor")] == ("paused", "Not now: paused until 2026-03-05.")
    by_hand = await company.pair(programme, 1, 2)
    assert (by_hand.status_code, by_hand.json()["type"].rpartition(":")[2]) == (409, "paused")
    await company.next_morning()
    assert company.now.date().isoformat() == "2026-03-06"
    assert await company.pairs(state="proposed") == [("1", "2")]
    again = await company.call("GET", f"/v1/participations/{mentor['participation_id']}")
    assert again.json()["paused_until"] is None


async def test_a_pause_can_end_early_and_matches_go_on_during_it(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    mentor = await enrolled(company, programme, 2, "mentor")
    assert (await company.pair(programme, 1, 2)).status_code == 201
    paused = await pause(company, mentor, "2026-12-31")
    assert await company.pairs(state="active") == [("1", "2")]
    path = f"/v1/participations/{mentor['participation_id']}/resume"
    assert (await company.call("POST", path, headers={"if-match": '"1"'})).status_code == 412
    early = await company.call("POST", path, headers={"if-match": paused.headers["etag"]})
    assert (early.status_code, early.json()["paused_until"]) == (200, None)


async def test_a_pause_ends_on_a_day_within_a_year(company: World) -> None:
    programme = await company.open()
    mentor = await enrolled(company, programme, 2, "mentor")
    for day in ("2026-03-01", "2027-06-01"):
        answer = await pause(company, mentor, day)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/until")


async def test_S16_a_mentee_who_waits_is_told_since_when_and_when_the_next_look_is(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.next_morning()
    answer = await company.call("GET", f"/v1/programmes/{programme}/waiting")
    (one,) = answer.json()["items"]
    assert (one["reason"], one["waiting_since"]) == ("no-mentors", "2026-03-02T09:00:00Z")
    assert one["next_look_at"] == "2026-03-10T06:00:00Z"
    assert len(await company.said("matching-run-finished")) == 1
    for _ in range(7):
        await company.next_morning()
    assert len(await company.said("matching-run-finished")) == 2
    await company.enrol(programme, 2, "mentor")
    (found, _) = (await company.call("GET", f"/v1/programmes/{programme}/waiting")).json()["items"]
    assert found["next_look_at"] == "2026-03-11T06:00:00Z"


async def test_a_mentee_whose_match_ended_waits_since_then(company: World) -> None:
    programme = await company.open(rules={"match_days": 7})
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    await company.pair(programme, 1, 2)
    company.later(days=8)
    await company.work()
    answer = await company.call("GET", f"/v1/programmes/{programme}/waiting")
    assert {one["waiting_since"] for one in answer.json()["items"]} == {"2026-03-10T09:00:00Z"}


async def test_a_mentor_says_not_now_on_the_page_of_the_join_link(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "both")
    link = company.link("join", programme, 2, days=30)
    assert "Not now?" in (await company.client.get(link)).text
    wrong = await company.client.post(f"{link}/pause", data={"until": "2020-01-01"})
    assert (wrong.status_code, "has to be between" in wrong.text) == (422, True)
    assert (await company.client.post(f"{link}/pause", data={"until": "2026-03-20"})).status_code == 303
    assert "until 20 March 2026" in (await company.client.get(link)).text
    await company.next_morning()
    assert await company.pairs() == []
    assert (await company.client.post(f"{link}/pause", data={"until": ""})).status_code == 303
    await company.next_morning()
    assert await company.pairs(state="proposed") == [("1", "2")]
