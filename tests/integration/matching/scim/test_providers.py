"""What Okta and Microsoft Entra really send, request by request, and what becomes of the people."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from deploy.local.scim import CORE, ENTERPRISE, PATCH, Directory
from tests.integration.matching.world import World

OKTA_USER: dict[str, Any] = {
    "schemas": [f"{CORE}:User", ENTERPRISE],
    "userName": "isaac.brock@example.org",
    "name": {"givenName": "Isaac", "familyName": "Brock"},
    "emails": [{"primary": True, "value": "isaac.brock@example.org", "type": "work"}],
    "displayName": "Isaac Brock",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
    ENTERPRISE: {"employeeNumber": "701", "department": "Research"},
}
ENTRA_USER: dict[str, Any] = {
    "schemas": [f"{CORE}:User", ENTERPRISE],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "userName": "Test_User_ab6490ee@testuser.example",
    "active": True,
    "addresses": [{"type": "work", "locality": "Kathmandu", "country": "NP"}],
    "emails": [{"primary": True, "type": "work", "value": "Test_User_fd0ea19b@testuser.example"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
    "roles": [],
    "title": None,
}


OFF = {"op": "Replace", "path": "active", "value": "False"}


async def person(here: World, number: str) -> dict[str, Any]:
    row = await here.door.pool.fetchrow(
        "SELECT user_name, given_name, work_email, title, department, site, time_zone, status,"
        " manager_employee_number, hire_date FROM person WHERE employee_number = $1",
        number,
    )
    assert row is not None
    return dict(row)


def operations(*said: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(said)}


async def test_U6_okta_finds_nobody_creates_replaces_and_deactivates(
    here: World, directory: Directory
) -> None:
    asked = {"filter": 'userName eq "isaac.brock@example.org"', "startIndex": "1", "count": "100"}
    nobody = await directory.call("GET", "/Users", params=asked)
    assert nobody.status_code == 200
    assert nobody.json()["totalResults"] == 0
    assert nobody.json()["Resources"] == []
    made = await directory.call("POST", "/Users", OKTA_USER)
    assert made.status_code == 201, made.text
    user = made.json()
    assert "password" not in user
    assert (await person(here, "701"))["status"] == "active"

    read = (await directory.call("GET", f"/Users/{user['id']}")).json()
    assert read == user
    read["name"]["givenName"], read["title"] = "Ike", "Curator"
    replaced = await directory.call("PUT", f"/Users/{user['id']}", read)
    assert replaced.status_code == 200, replaced.text
    assert (await person(here, "701")) | {"given_name": "Ike", "title": "Curator"} == await person(
        here, "701"
    )

    off = await directory.call(
        "PATCH", f"/Users/{user['id']}", operations({"op": "replace", "value": {"active": False}})
    )
    assert off.status_code == 200
    assert off.json()["active"] is False
    assert (await person(here, "701"))["status"] == "inactive"
    found = (await directory.call("GET", "/Users", params=asked)).json()
    assert [one["active"] for one in found["Resources"]] == [False]
    on = await directory.call(
        "PATCH", f"/Users/{user['id']}", operations({"op": "replace", "value": {"active": True}})
    )
    assert on.json()["active"] is True
    assert (await person(here, "701"))["status"] == "active"


async def test_U6_entra_probes_creates_patches_in_its_own_way_and_deletes(
    here: World, directory: Directory
) -> None:
    for attribute in ("userName", "externalId"):
        probe = await directory.call("GET", "/Users", params={"filter": f'{attribute} eq "{uuid4()}"'})
        assert probe.status_code == 200
        assert probe.json()["totalResults"] == 0
    made = await directory.call("POST", "/Users", ENTRA_USER)
    assert made.status_code == 201, made.text
    user = made.json()
    number = f"scim-{user['id'].replace('-', '')}"
    assert (await person(here, number))["site"] == "Kathmandu"
    boss = (await directory.call("POST", "/Users", {**OKTA_USER, "externalId": str(uuid4())})).json()

    manager = f"{ENTERPRISE}:manager"
    said = operations(
        {
            "op": "Replace",
            "path": "userName",
            "value": "5b50642d@testuser.example",
        },
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "updated@testuser.example"},
        {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "+1 555 0100"},
        {"op": "Add", "path": "title", "value": "Analyst"},
        {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "702"},
        {"op": "Add", "path": manager, "value": boss["id"]},
        {
            "op": "Add",
            "path": "urn:ietf:params:scim:schemas:extension:custom:2.0:User:x",
            "value": "701984",
        },
    )
    patched = await directory.call("PATCH", f"/Users/{user['id']}", said)
    assert patched.status_code == 200, patched.text
    assert patched.json()[ENTERPRISE]["manager"]["value"] == boss["id"]
    known = await person(here, "702")
    assert known["work_email"] == "updated@testuser.example"
    assert known["title"] == "Analyst"
    assert known["manager_employee_number"] == "701"

    as_a_list = operations({"op": "Replace", "path": manager, "value": [{"$ref": None, "value": "new-one"}]})
    patched = await directory.call("PATCH", f"/Users/{user['id']}", as_a_list)
    assert patched.json()[ENTERPRISE]["manager"]["value"] == "new-one"
    gone = operations({"op": "Remove", "path": manager}, OFF)
    patched = await directory.call("PATCH", f"/Users/{user['id']}", gone)
    assert patched.json()["active"] is False
    assert "manager" not in patched.json()[ENTERPRISE]
    assert (await person(here, "702"))["status"] == "inactive"
    still = await directory.call(
        "GET", "/Users", params={"filter": f'externalId eq "{ENTRA_USER["externalId"]}"'}
    )
    assert [one["id"] for one in still.json()["Resources"]] == [user["id"]]
    assert (await directory.call("DELETE", f"/Users/{user['id']}")).status_code == 204
    assert (await person(here, "702"))["status"] == "terminated"


async def test_U6_entra_changes_the_members_of_a_group_without_reading_them(directory: Directory) -> None:
    ids = []
    for number in ("801", "802", "803"):
        user = {
            **OKTA_USER,
            "externalId": number,
            "userName": f"u{number}",
            ENTERPRISE: {"employeeNumber": number},
        }
        user["emails"] = [{"value": f"u{number}@example.org", "type": "work"}]
        ids.append((await directory.call("POST", "/Users", user)).json()["id"])
    body = {"schemas": [f"{CORE}:Group"], "externalId": "8aa1a0c0", "displayName": "Mentors", "meta": {}}
    group = (await directory.call("POST", "/Groups", body)).json()

    added = operations(
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": one} for one in ids]}
    )
    answer = await directory.call("PATCH", f"/Groups/{group['id']}", added)
    assert answer.status_code == 204
    assert answer.content == b""
    assert await members(directory, group["id"]) == set(ids)
    one_off = operations({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ids[0]}]})
    assert (await directory.call("PATCH", f"/Groups/{group['id']}", one_off)).status_code == 204
    by_filter = operations({"op": "Remove", "path": f'members[value eq "{ids[1]}"]'})
    assert (await directory.call("PATCH", f"/Groups/{group['id']}", by_filter)).status_code == 204
    assert await members(directory, group["id"]) == {ids[2]}

    asked = {"excludedAttributes": "members", "filter": 'displayName eq "mentors"'}
    found = (await directory.call("GET", "/Groups", params=asked)).json()
    assert [(one["id"], "members" in one) for one in found["Resources"]] == [(group["id"], False)]
    is_member = {"filter": f'id eq "{group["id"]}" and members eq "{ids[2]}"'}
    assert (await directory.call("GET", "/Groups", params=is_member)).json()["totalResults"] == 1
    stranger = operations({"op": "Add", "path": "members", "value": [{"value": str(uuid4())}]})
    refused = await directory.call("PATCH", f"/Groups/{group['id']}", stranger)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
    assert (await directory.call("DELETE", f"/Users/{ids[2]}")).status_code == 204
    assert await members(directory, group["id"]) == set()
    assert (await directory.call("DELETE", f"/Groups/{group['id']}")).status_code == 204


async def members(directory: Directory, group: str) -> set[str]:
    found = (await directory.call("GET", f"/Groups/{group}")).json()
    return {one["value"] for one in found.get("members", ())}
