"""Whoever joins an evergreen programme is offered somebody within minutes, or waits with a date."""

from __future__ import annotations

from services.matching import core
from tests.integration.matching.world import NEGOTIATION, PROGRAMMING, World

MINUTES = core.programmes.OFFER_MINUTES


async def soon(company: World) -> None:
    company.later(minutes=MINUTES)
    await company.work()


async def test_who_joins_an_evergreen_programme_is_offered_somebody_within_minutes(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 9, "mentor")
    await soon(company)
    assert await company.pairs() == []
    await company.enrol(programme, 1, "mentee")
    await company.work()
    assert await company.pairs() == []
    await soon(company)
    assert await company.pairs() == [("1", "9")]
    finished = await company.said("matching-run-finished")
    assert (finished[-1]["proposed"], finished[-1]["waiting"]) == (1, [])
    run = await company.run(finished[-1]["run_id"])
    assert (run["asked_by"], run["state"], run["gap"]) == ("somebody joined", "published", 0)
    lines = (await company.call("GET", f"/v1/runs/{run['run_id']}/certificate")).json()
    assert len(lines["items"]) == 2


async def test_who_joins_as_a_mentor_is_offered_to_somebody_who_waits(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.next_morning()
    await company.enrol(programme, 9, "mentor")
    await soon(company)
    assert await company.pairs() == [("1", "9")]


async def test_who_finds_nobody_good_enough_waits_for_the_morning_and_knows_when(company: World) -> None:
    """The goal is not what the mentor shares: possible, and not yet good enough."""
    programme = await company.open(rules={"reserve": 0.6})
    await company.enrol(programme, 9, "mentor", skills={PROGRAMMING: 6})
    await company.enrol(programme, 1, "mentee", goals=[NEGOTIATION])
    await soon(company)
    assert await company.pairs() == []
    reason, sentence = (await company.waiting(programme))[("1", "mentee")]
    assert reason == "not-good-enough-yet"
    assert "the next round decides" in sentence
    answer = await company.call("GET", f"/v1/programmes/{programme}/waiting")
    assert answer.json()["items"][0]["next_look_at"] == "2026-03-03T06:00:00Z"
    await company.enrol(programme, 8, "mentor")
    await soon(company)
    assert await company.pairs() == [("1", "8")]
    await company.enrol(programme, 2, "mentee", goals=[NEGOTIATION])
    await company.next_morning()
    assert await company.pairs() == [("1", "8"), ("2", "9")]


async def test_a_programme_can_leave_everything_to_the_morning(company: World) -> None:
    programme = await company.open(rules={"reserve": 1})
    reviewed = await company.open(name="Reviewed", rules={"review": True})
    cohort = await company.open(name="Cohort", kind="cohort", match_on="2026-03-02", ends_on="2026-09-30")
    later = await company.open(name="Later", starts_on="2026-03-09")
    for place in (programme, reviewed, cohort, later):
        await company.enrol(place, 1, "mentee")
        await company.enrol(place, 9, "mentor")
    await soon(company)
    assert await company.said("matching-run-finished") == []


async def test_a_round_that_is_asked_for_does_not_wait_for_an_offer(company: World) -> None:
    """Somebody joined, and before that was looked at an organiser asks: one whole round."""
    programme = await company.open(rules={"reserve": 0.99})
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 9, "mentor")
    company.later(minutes=MINUTES)
    await company.call("POST", f"/v1/programmes/{programme}/runs")
    await company.work()
    assert await company.pairs() == [("1", "9")]
    assert len(await company.said("matching-run-finished")) == 1


async def test_a_look_between_rounds_is_no_round_waited(company: World) -> None:
    programme = await company.open(rules={"ageing_bonus": 0.02})
    await company.enrol(programme, 1, "mentee")
    for number in (2, 3):
        await company.enrol(programme, number, "mentee")
        await soon(company)
    await company.enrol(programme, 9, "mentor")
    await soon(company)
    (match,) = await company.matches()
    run = await company.run(match["run_id"])
    assert run["value"] == round(match["score"] * 100_000)
