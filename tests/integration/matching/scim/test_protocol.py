"""/scim/v2 over HTTP: who comes in, what is refused and how, and what the protocol promises."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from deploy.local.scim import CORE, Directory, a_patch, a_user
from services.matching.hris.entrance import Entrance
from services.matching.hris.scim.application import Application
from tests.integration.matching.scim.directories import a_directory, other_tokens
from tests.integration.matching.world import World

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def refused(answer: Any, status: int, kind: str | None = None) -> str:
    """Holds an answer against SCIM's own form of an error; returns the detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/scim+json"
    body = answer.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(status)
    assert body.get("scimType") == kind
    return str(body["detail"])


async def test_a_user_is_created_read_changed_and_deleted(directory: Directory) -> None:
    made = await directory.call("POST", "/Users", a_user("Ada", employeeNumber="100", password="secret"))
    assert made.status_code == 201
    user = made.json()
    where = user["meta"]["location"]
    assert made.headers["location"] == where
    assert where == f"{directory.client.base_url}Users/{user['id']}"
    assert "password" not in user
    read = await directory.call("GET", f"/Users/{user['id']}")
    assert read.json() == user
    assert read.headers["etag"] == user["meta"]["version"]
    changed = await directory.call("PATCH", f"/Users/{user['id']}", a_patch({"title": "Engineer"}))
    assert changed.status_code == 200
    assert changed.json()["title"] == "Engineer"
    assert (await directory.call("DELETE", f"/Users/{user['id']}")).status_code == 204
    refused(await directory.call("GET", f"/Users/{user['id']}"), 404)
    refused(await directory.call("DELETE", f"/Users/{user['id']}"), 404)
    again = await directory.hire(a_user("ADA", employeeNumber="100"))
    assert again != user["id"]


async def test_a_page_looks_the_same_whether_the_library_renders_it_or_not(directory: Directory) -> None:
    for number in range(12):
        manager = {"value": f"m{number}", "$ref": f"Users/m{number}"}
        await directory.hire(a_user(f"u{number}", employeeNumber=str(number), manager=manager))
    plain = (await directory.call("GET", "/Users", params={"count": "100"})).json()
    named = ",".join(sorted({name for one in plain["Resources"] for name in one}))
    by_the_library = await directory.call("GET", "/Users", params={"attributes": named})
    assert by_the_library.json() == plain
    assert plain["totalResults"] == plain["itemsPerPage"] == 12
    one = await directory.call("GET", f"/Users/{plain['Resources'][3]['id']}")
    assert one.json() == plain["Resources"][3]


async def test_a_stale_change_is_refused_and_a_fresh_one_is_made(directory: Directory) -> None:
    ada = await directory.hire(a_user("ada", employeeNumber="100"))
    seen = (await directory.call("GET", f"/Users/{ada}")).headers["etag"]
    unchanged = await directory.call("GET", f"/Users/{ada}", headers={"if-none-match": seen})
    assert unchanged.status_code == 304
    title = a_patch({"title": "Engineer"})
    fresh = await directory.call("PATCH", f"/Users/{ada}", title, headers={"if-match": seen})
    assert fresh.headers["etag"] != seen
    for method, body in (("PATCH", a_patch({"title": "x"})), ("PUT", a_user("ada")), ("DELETE", None)):
        refused(await directory.call(method, f"/Users/{ada}", body, headers={"if-match": seen}), 412)
    same = await directory.call("PATCH", f"/Users/{ada}", title)
    assert same.headers["etag"] == fresh.headers["etag"]


async def test_a_user_name_is_one_persons_whatever_its_case(directory: Directory) -> None:
    await directory.hire(a_user("Ada", employeeNumber="100"))
    bob = await directory.hire(a_user("bob", employeeNumber="101"))
    again = await directory.call("POST", "/Users", a_user("aDA", employeeNumber="102"))
    assert "aDA" in refused(again, 409, "uniqueness")
    refused(await directory.call("PATCH", f"/Users/{bob}", a_patch({"userName": "ADA"})), 409, "uniqueness")
    assert [one["userName"] for one in await directory.find('userName eq "ADA"')] == ["Ada"]


async def test_one_source_sees_and_touches_nothing_of_another(here: World, directory: Directory) -> None:
    from_here = await directory.hire(a_user("ada", employeeNumber="100"))
    other = await a_directory(here, "other")
    assert await other.find("userName pr") == []
    for method, body in (("GET", None), ("PATCH", a_patch({"title": "x"})), ("DELETE", None)):
        refused(await other.call(method, f"/Users/{from_here}", body), 404)


async def test_only_a_live_token_of_a_scim_source_opens_the_door(here: World, directory: Directory) -> None:
    known = await other_tokens(here)
    for token in (None, "mth_nobody", "organiser", *known.values()):
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        status = 403 if token == known["csv"] else 401
        for path in ("/Users", "/Schemas", "/ResourceTypes", "/Bulk", "/Me", "/nothing"):
            answer = await here.client.get(f"/scim/v2{path}", headers=headers)
            assert refused(answer, status)
            assert ("www-authenticate" in answer.headers) == (status == 401)
    assert (await here.client.get("/scim/v2/ServiceProviderConfig")).status_code == 200


DEEP = "not (" * 40 + "userName pr" + ")" * 40
MANY = " or ".join(['userName eq "a"'] * 101)
LONG = f'userName eq "{"a" * 4_000}"'


async def test_a_filter_that_cannot_be_answered_is_refused(directory: Directory) -> None:
    for text in (DEEP, MANY, LONG, "userName", 'nothing eq "x"', "active gt true", "((", ""):
        answer = await directory.call("GET", "/Users", params={"filter": text})
        assert refused(answer, 400, "invalidFilter")
        searched = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": text}
        assert refused(await directory.call("POST", "/Users/.search", searched), 400, "invalidFilter")


USER = a_user("ada", employeeNumber="100")


WRONG: tuple[tuple[Any, str], ...] = (
    (b"{", "invalidSyntax"),
    (b"[" * 5000, "invalidSyntax"),
    (b"\xff\xfe", "invalidSyntax"),
    ({**USER, "schemas": ["urn:example:nothing"]}, "invalidSyntax"),
    ({**USER, "schemas": "x"}, "invalidValue"),
    ({**USER, "userName": None}, "invalidValue"),
    ({**USER, "userName": "a\0b"}, "invalidValue"),
    ({**USER, "emails": [{"value": "no address"}]}, "invalidValue"),
    ({**USER, "active": "perhaps"}, "invalidValue"),
)


async def test_a_body_that_is_wrong_is_refused_and_nothing_is_kept(directory: Directory) -> None:
    for body, kind in WRONG:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        assert refused(await directory.call("POST", "/Users", content=content), 400, kind)
    assert await directory.find("userName pr") == []


async def test_a_body_that_is_too_large_or_no_json_is_refused(directory: Directory) -> None:
    large = json.dumps({**USER, "title": "x" * (1 << 20)}).encode()
    refused(await directory.call("POST", "/Users", content=large), 413)

    async def parts() -> Any:
        for start in range(0, len(large), 1 << 16):
            yield large[start : start + (1 << 16)]

    refused(await directory.call("POST", "/Users", content=parts()), 413)
    text = await directory.call("POST", "/Users", headers={"content-type": "text/csv"}, content=b"a,b")
    refused(text, 415)
    refused(await directory.call("POST", "/Users/x"), 405)
    refused(await directory.call("GET", "/Me"), 501)
    split = await directory.call("GET", "/Users/%0d%0aX-Evil:%201")
    assert split.status_code == 404
    assert "x-evil" not in split.headers


async def test_too_many_requests_are_refused_with_a_time_to_wait(here: World, directory: Directory) -> None:
    app: Any = Application(here.door, Entrance(here.door, 2), "UTC")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://matching/v2") as client:
        hasty = Directory(client, directory.token)
        found = [await hasty.call("GET", "/Users") for _ in range(3)]
    assert [one.status_code for one in found[:2]] == [200, 200]
    refused(found[2], 429)
    assert int(found[2].headers["retry-after"]) > 0


async def test_requests_at_the_same_moment_are_one_after_another(directory: Directory) -> None:
    ada = a_user("ada", employeeNumber="1")
    made = await asyncio.gather(*(directory.call("POST", "/Users", ada) for _ in range(4)))
    assert sorted(one.status_code for one in made) == [201, 409, 409, 409]
    (user,) = await directory.find("userName pr")
    patches = [a_patch({"title": f"title {number}"}) for number in range(6)]
    path = f"/Users/{user['id']}"
    changed = await asyncio.gather(*(directory.call("PATCH", path, patch) for patch in patches))
    assert {one.status_code for one in changed} == {200}
    assert len({one.headers["etag"] for one in changed}) == 6


async def test_bulk_makes_what_refers_to_each_other_and_reports_each_failure(directory: Directory) -> None:
    def user(name: str) -> dict[str, Any]:
        return {"method": "POST", "path": "/Users", "bulkId": name, "data": a_user(name, employeeNumber=name)}

    group = {"schemas": [f"{CORE}:Group"], "displayName": "both", "members": [{"value": "bulkId:a"}]}
    asked = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": group},
            user("a"),
            {**user("a"), "bulkId": "again"},
            {"method": "DELETE", "path": "/Users/nobody"},
        ],
    }
    answer = await directory.call("POST", "/Bulk", asked)
    assert answer.status_code == 200, answer.text
    assert [one["status"] for one in answer.json()["Operations"]] == ["201", "201", "409", "404"]
    assert len(await directory.find("userName pr")) == 1
    refused(await directory.call("POST", "/Bulk", {**asked, "Operations": [user("b")] * 101}), 413)
