"""U6: a source that ends too many people at once is held up; and what administrators decide about facts."""

from __future__ import annotations

import asyncio

import httpx
import pytest_asyncio

from services.matching import commands
from services.matching.core.facts import Fact
from shared import tx
from tests.integration.matching import hr
from tests.integration.matching.hr import a_hire, card, day, fact, states, take
from tests.integration.matching.world import World

ENDS = ("participant-paused", "participant-left", "match-ended")


@pytest_asyncio.fixture
async def hris(here: World) -> World:
    """Ten employees; employee 1 learns from employee 2."""
    await hr.sources(here)
    await take(here, *(a_hire(number, manager_employee_number=str(90 + number)) for number in range(1, 11)))
    programme = await here.open()
    await here.enrol(programme, 1, "mentee")
    await here.enrol(programme, 2, "mentor")
    assert (await here.pair(programme, 1, 2)).status_code == 201
    return here


def gone(*numbers: int) -> list[Fact]:
    return [fact("termination", number, f"gone-{number}") for number in numbers]


async def test_U6_the_sixth_of_ten_who_leaves_within_an_hour_is_shut_out_and_keeps_the_matches(
    hris: World,
) -> None:
    await take(hris, *gone(3, 4, 5, 6, 7))
    hris.later(minutes=50)
    await take(hris, *gone(2))
    assert (await card(hris, 2))["status"] == "terminated"
    assert (await hris.said("person-changed"))[-1]["status"] == "terminated"
    assert await hris.said(*ENDS) == []
    (hold,) = (await hris.call("GET", "/v1/hris/holds")).json()["items"]
    assert (hold["source"], hold["state"], hold["people_max"]) == ("hr", "open", 5)
    assert [one["employee_number"] for one in hold["people"]] == ["2"]
    path = f"/v1/hris/holds/{hold['hold_id']}/confirm"
    assert (await hris.call("POST", path)).json()["state"] == "confirmed"
    assert [one["topic"] for one in await hris.said(*ENDS)] == ["participant-left", "match-ended"]
    assert (await hris.call("POST", path)).status_code == 409


async def test_U6_a_dismissed_hold_leaves_everybody_as_they_were(hris: World) -> None:
    inactive = [fact("inactive", number, f"off-{number}") for number in range(1, 8)]
    await take(hris, *inactive)
    assert (await card(hris, 2))["status"] == "inactive"
    hris.later(days=30)
    await hris.work()
    assert await hris.said(*ENDS) == []
    (hold,) = (await hris.call("GET", "/v1/hris/holds")).json()["items"]
    answer = await hris.call("POST", f"/v1/hris/holds/{hold['hold_id']}/dismiss")
    assert answer.json()["state"] == "dismissed"
    assert (await card(hris, 2))["status"] == "active"
    assert await hris.said(*ENDS) == []
    assert await hris.pairs(state="active") == [("1", "2")]


async def test_U6_five_within_an_hour_or_more_over_hours_are_nobodys_mistake(hris: World) -> None:
    await take(hris, *gone(1, 3, 4, 5, 6))
    hris.later(minutes=61)
    await take(hris, *gone(2))
    assert (await hris.call("GET", "/v1/hris/holds")).json()["items"] == []
    assert len(await hris.said("participant-left")) == 2


async def test_U6_a_held_fact_is_given_to_a_person_or_dropped(hris: World) -> None:
    await take(hris, fact("change", 3, "k", external_id="x3"))
    taken = await take(
        hris,
        fact("change", 4, "a", external_id="x3", title="Lead"),
        fact("change", 5, "b", external_id="x3", title="Lead"),
    )
    assert states(taken) == ["held", "held"]
    held = (await hris.call("GET", "/v1/hris/facts", params={"state": "held"})).json()["items"]
    assert [one["event_id"] for one in held] == ["b", "a"]
    assert held[0]["reason"] == "the number is employee 5's, the source's own id leads to employee 3"
    second, first = (f"/v1/hris/facts/{one['fact_id']}" for one in held)
    answer = await hris.call("POST", f"{first}/apply", {"person_id": hris.people["4"]})
    assert (answer.json()["state"], answer.json()["person_id"]) == ("applied", hris.people["4"])
    assert (await card(hris, 4))["title"] == "Lead"
    dropped = await hris.call("POST", f"{second}/drop")
    assert (dropped.json()["state"], dropped.json()["reason"]) == ("cancelled", "dropped by organiser")
    assert (await hris.call("POST", f"{second}/drop")).status_code == 409


async def test_U6_a_held_hire_is_tried_again_when_the_name_is_free(hris: World) -> None:
    (held,) = await take(hris, a_hire(20, user_name="user3"))
    assert held.state == "held"
    (one,) = (await hris.call("GET", "/v1/hris/facts", params={"state": "held"})).json()["items"]
    path = f"/v1/hris/facts/{one['fact_id']}/apply"
    assert (await hris.call("POST", path, {})).json()["state"] == "held"
    await take(hris, fact("change", 3, "c", user_name="user3b"))
    assert (await hris.call("POST", path, {})).json()["state"] == "applied"
    assert (await card(hris, 20))["user_name"] == "user3"


async def test_U6_an_inactive_person_is_confirmed_as_gone_at_once(hris: World) -> None:
    await take(hris, fact("inactive", 2, "off"))
    path = f"/v1/hris/people/{hris.people['2']}"
    assert (await hris.call("POST", f"{path}/confirm-termination")).json()["state"] == "applied"
    assert (await hris.said("match-ended"))[0]["reason"] == "left-company"
    told = (await hris.call("GET", f"{path}/facts")).json()["items"]
    assert [(one["source"], one["kind"], one["state"]) for one in told] == [
        ("desk", "termination", "applied"),
        ("hr", "inactive", "applied"),
        ("hr", "hire", "applied"),
    ]


async def test_U6_what_is_said_by_hand_counts_more_until_it_is_cancelled(hris: World) -> None:
    said = await by_hand(hris, 3, title="Poet")
    assert (said.status_code, said.json()["said"]) == (200, [{"kind": "change", "state": "applied"}])
    hris.later(days=1)
    (later,) = await take(hris, fact("change", 3, "t", title="Buyer"))
    assert later.state == "superseded"
    told = (await hris.call("GET", f"/v1/hris/people/{hris.people['3']}/facts")).json()["items"]
    (poet,) = [one for one in told if one["source"] == "desk"]
    path = f"/v1/hris/facts/{poet['fact_id']}/cancel"
    assert (await hris.call("POST", path)).json()["state"] == "cancelled"
    assert (await card(hris, 3))["title"] == "Buyer"
    assert (await hris.call("POST", path)).status_code == 409


async def test_U6_what_is_announced_is_shown_and_can_be_cancelled(hris: World) -> None:
    await take(hris, fact("change", 3, "t", title="Buyer", effective_on=day("2026-04-01")))
    told = await hris.call("GET", f"/v1/hris/people/{hris.people['3']}/facts")
    waits = told.json()["items"][0]
    assert (waits["state"], waits["due_at"]) == ("waiting", "2026-03-31T22:00:00Z")
    await hris.call("POST", f"/v1/hris/facts/{waits['fact_id']}/cancel")
    hris.later(days=60)
    await hris.work()
    assert (await card(hris, 3))["title"] == "Design Engineer"


async def test_U6_a_hire_for_a_later_day_brings_somebody_on_that_day(hris: World) -> None:
    taken = await take(
        hris,
        a_hire(30, effective_on=day("2026-03-05"), time_zone="Asia/Tokyo"),
        fact("change", 30, "c", title="Lead", effective_on=day("2026-03-06")),
    )
    assert states(taken) == ["waiting", "waiting"]
    assert "30" not in hris.people
    hris.later(days=2, hours=5, minutes=59)
    await hris.work()
    assert (await hris.call("GET", "/v1/people", params={"employee_number": "30"})).json()["items"] == []
    hris.later(minutes=1)
    await hris.work()
    assert (await card(hris, 30))["title"] == "Design Engineer"
    hris.later(days=1)
    await hris.work()
    assert (await card(hris, 30))["title"] == "Lead"


async def test_U6_two_workers_who_take_the_same_facts_take_them_once(hris: World) -> None:
    async def work() -> list[str]:
        async with tx.transaction(hris.door) as unit:
            return states(await commands.facts.take(unit, told))

    told = [a_hire(40), fact("change", 40, "c", title="Lead"), fact("termination", 2, "gone")]
    both = await asyncio.gather(work(), work())
    assert sorted(both) == [["applied"] * 3, ["repeated"] * 3]
    assert [one["version"] for one in await hris.said("person-changed")].count(1) == 11
    assert len(await hris.said("match-ended")) == 1


async def test_U6_facts_are_for_those_who_may_write_people(hris: World) -> None:
    assert (await hris.call("GET", "/v1/hris/holds", token="nobody")).status_code == 403
    assert (await by_hand(hris, 3, token="reader", title="Poet")).status_code == 403
    answer = await by_hand(hris, 3, time_zone="Mars")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/time_zone")


async def by_hand(hris: World, number: int, token: str = "organiser", **fields: str) -> httpx.Response:
    """What an administrator says of somebody."""
    headers = {"If-Match": f'"{(await card(hris, number))["version"]}"'}
    path = f"/v1/people/{hris.people[str(number)]}"
    return await hris.call("PATCH", path, fields, token=token, headers=headers)
