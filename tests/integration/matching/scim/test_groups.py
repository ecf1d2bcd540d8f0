"""Groups of an identity provider that stand for a role in a programme."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import scim2_models as scim

from deploy.local.scim import CORE, PATCH, Directory, a_patch, a_user
from services.matching.hris.scim import searching
from tests.integration.matching.scim.ground import KINDS, USER
from tests.integration.matching.world import World

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


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


async def shown_groups(directory: Directory, user: str) -> list[str]:
    said = (await directory.call("GET", f"/Users/{user}")).json()
    return [one["display"] for one in said.get("groups", [])]


async def test_a_user_shows_the_groups_that_they_are_in_wherever_they_are_shown(directory: Directory) -> None:
    ada, bob, eve = [
        await directory.hire(a_user(name, employeeNumber=name)) for name in ("ada", "bob", "eve")
    ]
    mentors, readers = await directory.group("Mentors", [ada]), await directory.group("Readers", [ada, bob])
    where = str(directory.client.base_url)
    expected = [
        {"value": group, "display": name, "type": "direct", "$ref": f"{where}Groups/{group}"}
        for group, name in ((mentors, "Mentors"), (readers, "Readers"))
    ]
    one = (await directory.call("GET", f"/Users/{ada}")).json()
    assert one["groups"] == expected
    page = (await directory.call("GET", "/Users")).json()["Resources"]
    assert [user.get("groups", []) for user in page] == [expected, expected[1:], []]
    assert page[0] == one
    for found in (
        await directory.call("GET", "/Users", params={"filter": 'userName eq "ADA"'}),
        await directory.call("GET", "/Users", params={"attributes": ",".join(one)}),
        await directory.call("POST", "/Users/.search", {"schemas": [SEARCH], "sortBy": "userName"}),
        await directory.call("GET", "", params={"filter": "userName pr"}),
    ):
        assert found.json()["Resources"][0] == one, found.text
    for changed in (
        await directory.call("PATCH", f"/Users/{ada}", a_patch({"title": "Engineer"})),
        await directory.call("PUT", f"/Users/{ada}", a_user("ada", employeeNumber="ada", title="Poet")),
    ):
        assert changed.json()["groups"] == expected
    assert eve == page[2]["id"]


async def test_the_groups_of_a_user_are_shown_or_left_out_as_other_attributes_are(
    directory: Directory,
) -> None:
    ada = await directory.hire(a_user("ada", employeeNumber="1"))
    await directory.group("Mentors", [ada])
    for path in (f"/Users/{ada}", "/Users"):
        named = (await directory.call("GET", path, params={"attributes": "groups.display"})).json()
        (user,) = named.get("Resources", [named])
        assert user["groups"] == [{"display": "Mentors"}]
        assert "userName" not in user
        without = (await directory.call("GET", path, params={"excludedAttributes": "groups"})).json()
        (user,) = without.get("Resources", [without])
        assert "groups" not in user
        assert user["userName"] == "ada"


async def test_nobody_joins_a_group_by_what_is_said_of_the_user(directory: Directory) -> None:
    ada = await directory.hire(a_user("ada", employeeNumber="1"))
    mine, other = await directory.group("Mine", [ada]), await directory.group("Other", [])
    claimed = [{"value": other, "display": "Other", "type": "direct"}]
    eve = await directory.hire(a_user("eve", employeeNumber="2", groups=claimed))
    put = await directory.call("PUT", f"/Users/{ada}", a_user("ada", employeeNumber="1", groups=claimed))
    assert put.status_code == 200, put.text
    await directory.call("PATCH", f"/Users/{ada}", a_patch({"groups": claimed, "title": "Poet"}))
    await directory.call("PATCH", f"/Users/{ada}", a_patch({"groups": None}))
    assert (await shown_groups(directory, ada), await shown_groups(directory, eve)) == (["Mine"], [])
    assert (await directory.call("GET", f"/Groups/{other}")).json().get("members", []) == []
    assert [one["value"] for one in (await directory.call("GET", f"/Groups/{mine}")).json()["members"]] == [
        ada
    ]
    schema = (await directory.call("GET", f"/Schemas/{CORE}:User")).json()
    (groups,) = (one for one in schema["attributes"] if one["name"] == "groups")
    assert (groups["mutability"], groups["multiValued"]) == ("readOnly", True)
    assert {one["name"] for one in groups["subAttributes"]} == {"value", "display", "$ref", "type"}


async def test_a_users_groups_are_what_they_are_now_and_a_cached_copy_is_known_to_be_old(
    directory: Directory,
) -> None:
    ada = await directory.hire(a_user("ada", employeeNumber="1"))
    tags = [(await directory.call("GET", f"/Users/{ada}")).headers["etag"]]

    async def is_new(*expected: str) -> None:
        answer = await directory.call("GET", f"/Users/{ada}", headers={"if-none-match": tags[-1]})
        assert answer.status_code == 200
        assert [one["display"] for one in answer.json().get("groups", [])] == list(expected)
        assert answer.headers["etag"] == answer.json()["meta"]["version"]
        tags.append(answer.headers["etag"])
        same = await directory.call("GET", f"/Users/{ada}", headers={"if-none-match": tags[-1]})
        assert same.status_code == 304

    group = await directory.group("Mentors", [ada])
    await is_new("Mentors")
    await directory.call("PATCH", f"/Groups/{group}", a_patch({"displayName": "Guides"}))
    await is_new("Guides")
    fresh = {"if-match": tags[-1]}
    changed = await directory.call("PATCH", f"/Users/{ada}", a_patch({"title": "Poet"}), headers=fresh)
    assert changed.status_code == 200, changed.text
    await directory.call("PATCH", f"/Groups/{group}", operations("remove", ada))
    await is_new()
    await directory.call("PATCH", f"/Groups/{group}", operations("add", ada))
    await is_new("Guides")
    assert (await directory.call("DELETE", f"/Groups/{group}")).status_code == 204
    await is_new()


async def test_users_are_found_and_sorted_by_the_groups_that_they_are_in(directory: Directory) -> None:
    ada, bob, _eve = [await directory.hire(a_user(one, employeeNumber=one)) for one in ("ada", "bob", "eve")]
    mentors = await directory.group("Mentors", [ada, bob])
    await directory.group("Admins", [bob])
    for text, expected in (
        (f'groups.value eq "{mentors}"', ["ada", "bob"]),
        ('groups.display eq "MENTORS"', ["ada", "bob"]),
        ('groups[display sw "adm" and type eq "direct"]', ["bob"]),
        ("not (groups pr)", ["eve"]),
        ('userName eq "ada" and groups.display eq "mentors"', ["ada"]),
        ('userName eq "ada" and groups.display eq "admins"', []),
    ):
        assert [one["userName"] for one in await directory.find(text)] == expected, text
        counted = await directory.call("GET", "/Users", params={"filter": text, "count": "0"})
        assert counted.json()["totalResults"] == len(expected)


async def test_the_groups_of_a_page_take_one_statement_however_many_users_are_on_it(
    here: World, directory: Directory
) -> None:
    users = [await directory.hire(a_user(f"u{number}", employeeNumber=str(number))) for number in range(12)]
    for number in range(3):
        await directory.group(f"Group {number}", users)
    said: list[str] = []
    asked = [scim.SearchRequest[USER](count=many) for many in (1, 12)]  # type: ignore[valid-type]
    async with here.door.pool.acquire() as conn:
        conn.add_query_logger(lambda one: said.append(one.query))
        for each in asked:
            await searching.find(conn, "okta", [KINDS["User"]], each)  # type: ignore[arg-type]
    said = [one for one in said if "scim" in one]
    assert said[: len(said) // 2] == said[len(said) // 2 :]
    assert sum("scim_member" in one for one in said) == 2
