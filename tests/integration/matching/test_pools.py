"""Candidates from beyond the company: other workplaces, alumni, associations."""

from __future__ import annotations

from typing import Any

from services.matching.core.roster import COLUMNS
from tests.integration.matching.world import World
from tests.unit.matching.builders import a_row

POOLS = {1: "company", 2: "alumni", 3: "association", 4: ""}


def a_file_with_pools(pools: dict[int, str]) -> bytes:
    rows = [
        a_row(number, manager_employee_number=str(9000 + number)) + f",{pool}"
        for number, pool in pools.items()
    ]
    return "\n".join([",".join((*COLUMNS, "pool")), *rows, ""]).encode()


async def with_pools(company: World) -> None:
    answer = await company.upload(a_file_with_pools(POOLS))
    assert answer.json()["rejected"] == []


async def test_S11_a_run_pairs_across_the_pools_that_are_open_and_the_pool_is_shown(company: World) -> None:
    await with_pools(company)
    programme = await company.open(rules={"pools": ["company", "alumni"]})
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    closed = await company.enrol(programme, 3, "mentor")
    assert (closed.status_code, closed.json()["type"]) == (422, "urn:mentoring:problem:pool-not-open")
    assert "not open to people from an association" in closed.json()["detail"]
    await company.hold_round(programme)
    assert await company.pairs() == [("1", "2")]
    (match,) = await company.matches()
    assert "The mentor comes from the alumni." in match["explanation"]["reasons"]
    view = (await company.call("GET", f"/v1/matches/{match['match_id']}")).json()["view"]
    assert (view["mentee_pool"], view["mentor_pool"]) == ("company", "alumni")
    page = await company.client.get(company.link("proposal", match["match_id"], 1))
    assert "From the alumni" in page.text


async def test_S11_a_programme_without_a_list_is_open_to_everybody(company: World) -> None:
    await with_pools(company)
    programme = await company.open()
    await company.enrol(programme, 2, "mentee")
    await company.enrol(programme, 3, "mentor")
    await company.hold_round(programme)
    assert await company.pairs() == [("2", "3")]


async def test_S11_a_pool_that_is_closed_later_gets_nobody_in_the_next_round(company: World) -> None:
    await with_pools(company)
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    await company.enrol(programme, 2, "mentor")
    path = f"/v1/programmes/{programme}"
    body: dict[str, Any] = {"rules": {"pools": ["company"]}}
    changed = await company.call("PATCH", path, body, headers={"if-match": '"1"'})
    assert changed.json()["rules"]["pools"] == ["company"]
    await company.hold_round(programme)
    assert await company.pairs() == []
    assert (await company.waiting(programme))["2", "mentor"][0] == "not-eligible"


async def test_a_file_without_the_column_leaves_pools_as_they_are(company: World) -> None:
    await with_pools(company)
    await company.hire(a_row(2, title="Advisor", manager_employee_number="9002"))
    person = (await company.call("GET", f"/v1/people/{company.people['2']}")).json()
    assert (person["title"], person["pool"]) == ("Advisor", "alumni")


async def test_a_pool_nobody_knows_is_said_with_its_line(company: World) -> None:
    answer = await company.upload(a_file_with_pools({1: "mars"}))
    (rejected,) = answer.json()["rejected"]
    assert (rejected["line"], rejected["field"]) == (2, "pool")
    assert rejected["reason"] == "is none of company, workplace, alumni, association"
