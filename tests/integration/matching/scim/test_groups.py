"""Groups of an identity provider that stand for a role in a programme."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from deploy.local.scim import PATCH, Directory, a_user
from tests.integration.matching.world import World


def operations(op: str, *ids: str) -> dict[str, Any]:
    said = {"op": op, "path": "members", "value": [{"value": one} for one in ids]}
    return {"schemas": [PATCH], "Operations": [said]}


async def hired(here: World, directory: Directory, *numbers: str) -> list[str]:
    users = [await directory.hire(a_user(f"u{number}", employeeNumber=number)) for number in numbers]
    found = await here.door.pool.fetch("SELECT employee_number, id FROM person")
    here.people = {row["employee_number"]: str(row["id"]) for row in found}
    return users


async def mapped(here: World, group: str, programme: str, role: str = "mentor") -> Any:
    return await here.call("PUT", f"/v1/hris/groups/{group}/role", {"programme_id": programme, "role": role})


async def invited(here: World) -> list[str]:
    number = {person_id: number for number, person_id in here.people.items()}
    return [number[one["person_id"]] for one in await here.said("participant-invited")]


async def test_U6_who_joins_a_mapped_group_is_invited_and_who_leaves_it_leaves_the_role(
    here: World, directory: Directory
) -> None:
    programme = await here.open()
    ada, bob, eve = await hired(here, directory, "1", "2", "3")
    group = await directory.group("Mentors", [ada])
    answer = await mapped(here, group, programme)
    assert (answer.status_code, answer.json()) == (200, {"invited": 1})
    listed = (await here.call("GET", "/v1/hris/groups")).json()
    assert listed["items"] == [
        {
            "group_id": group,
            "source": "okta",
            "display_name": "Mentors",
            "members": 1,
            "stands_for": {"programme_id": programme, "role": "mentor"},
        }
    ]
    assert (await directory.call("PATCH", f"/Groups/{group}", operations("add", bob, eve))).status_code == 204
    assert await invited(here) == ["1", "2", "3"]
    page = await here.client.get(here.link("join", programme, "1"))
    assert 'value="mentor" checked' in " ".join(page.text.split())

    for number in ("1", "2"):
        assert (await here.enrol(programme, number, "mentor")).status_code == 201
    assert (await here.enrol(programme, "2", "mentee")).status_code == 201
    await directory.call("PATCH", f"/Groups/{group}", operations("remove", bob))
    left = await here.said("participant-left")
    assert [(one["person_id"], one["role"], one["reason"]) for one in left] == [
        (here.people["2"], "mentor", "left-group")
    ]
    await directory.call("PATCH", f"/Groups/{group}", operations("add", bob))
    assert await invited(here) == ["1", "2", "3", "2"]
    assert (await directory.call("DELETE", f"/Groups/{group}")).status_code == 204
    assert [one["person_id"] for one in await here.said("participant-left")][1:] == [here.people["1"]]


async def test_a_group_that_stands_for_nothing_puts_nobody_out(here: World, directory: Directory) -> None:
    programme = await here.open()
    (ada,) = await hired(here, directory, "1")
    group = await directory.group("Mentors", [ada])
    await mapped(here, group, programme)
    await here.enrol(programme, "1", "mentor")
    assert (await here.call("DELETE", f"/v1/hris/groups/{group}/role")).status_code == 204
    await directory.call("PATCH", f"/Groups/{group}", operations("remove", ada))
    assert await here.said("participant-left") == []


async def test_who_comes_back_is_invited_by_the_group_they_are_in(here: World, directory: Directory) -> None:
    programme = await here.open()
    (ada,) = await hired(here, directory, "1")
    await directory.suspend(ada)
    group = await directory.group("Mentors", [ada])
    assert (await mapped(here, group, programme)).json() == {"invited": 0}
    await directory.restore(ada)
    assert await invited(here) == ["1"]


async def test_a_role_that_is_none_a_group_or_a_programme_that_is_not_there_is_refused(
    here: World, directory: Directory
) -> None:
    programme = await here.open()
    group = await directory.group("Mentors", [])
    assert (await mapped(here, group, programme, "peer")).status_code == 422
    assert (await mapped(here, str(uuid4()), programme)).status_code == 404
    assert (await mapped(here, group, str(uuid4()))).status_code == 404
