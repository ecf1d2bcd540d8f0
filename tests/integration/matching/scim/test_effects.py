"""What becomes of people when an identity provider says something: facts, persons, events."""

from __future__ import annotations

from typing import Any

from deploy.local.scim import ENTERPRISE, Directory, a_patch, a_user
from tests.integration.matching.scim.directories import a_directory
from tests.integration.matching.scim.test_protocol import refused
from tests.integration.matching.world import World

OFF = a_patch({"active": False})


async def facts(here: World) -> list[tuple[str, str]]:
    rows = await here.door.pool.fetch("SELECT kind, state FROM hris_fact ORDER BY arrival")
    return [(row["kind"], row["state"]) for row in rows]


async def statuses(here: World) -> dict[str, str]:
    rows = await here.door.pool.fetch("SELECT employee_number, status FROM person")
    return {row["employee_number"]: row["status"] for row in rows}


async def test_U6_each_request_is_one_fact_and_says_so_once(here: World, directory: Directory) -> None:
    boss = await directory.hire(a_user("boss", employeeNumber="1"))
    ada = await directory.hire(a_user("ada", employeeNumber="2", department="Research"))
    await directory.change(ada, {"title": "Engineer", "nickName": "A"})
    await directory.change(ada, {"nickName": "B"})
    await directory.put_manager(ada, boss)
    await directory.suspend(ada)
    await directory.restore(ada)
    await directory.end(ada)
    assert await statuses(here) == {"1": "active", "2": "terminated"}
    known = [kind for kind, _ in await facts(here)]
    assert known == ["hire", "hire", "change", "manager", "inactive", "return", "termination"]
    said = [one for one in await here.said("person-changed") if one["employee_number"] == "2"]
    assert [one["status"] for one in said] == ["active"] * 3 + ["inactive", "active", "terminated"]
    assert [one["version"] for one in said] == [1, 2, 3, 4, 5, 6]


async def test_U6_who_was_deleted_and_comes_again_is_the_same_person(
    here: World, directory: Directory
) -> None:
    """With the number; without one by the provider's own id."""
    numbered = a_user("ada", employeeNumber="2")
    without = a_user("bob", externalId="b-1")
    first = [await directory.hire(one) for one in (numbered, without)]
    people = await statuses(here)
    for one in first:
        await directory.end(one)
    assert {*(await statuses(here)).values()} == {"terminated"}
    again = [await directory.hire({**one, "title": "Back"}) for one in (numbered, without)]
    assert not {*first} & {*again}
    assert await statuses(here) == people
    await directory.change(again[1], {f"{ENTERPRISE}:employeeNumber": "3"})
    assert set(await statuses(here)) == {"2", "3"}


async def test_U6_a_manager_who_comes_later_is_found_then(here: World, directory: Directory) -> None:
    """By their SCIM id, else by the provider's own id or their number, whichever it calls them by."""
    await directory.hire(a_user("ada", employeeNumber="2", manager={"value": "ext-1"}))
    await directory.hire(a_user("bob", employeeNumber="3", manager={"value": "1"}))
    await directory.hire(a_user("boss", employeeNumber="1", externalId="ext-1"))
    await directory.hire(a_user("eve", employeeNumber="4", manager={"value": "1"}))
    row = await here.door.pool.fetch("SELECT employee_number FROM person WHERE manager_id IS NOT NULL")
    assert {one["employee_number"] for one in row} == {"2", "3", "4"}


async def test_an_account_without_an_address_is_nobody_until_it_has_one(
    here: World, directory: Directory
) -> None:
    bare = {**a_user("robot"), "emails": []}
    robot = await directory.hire(bare)
    await directory.change(robot, {"title": "Robot"})
    assert await statuses(here) == {}
    await directory.change(robot, {"emails": [{"value": "r@example.org"}]})
    assert [*(await statuses(here)).values()] == ["active"]
    await directory.change(robot, {"emails": None})
    await directory.end(robot)
    assert [*(await statuses(here)).values()] == ["terminated"]


async def test_what_cannot_be_taken_over_is_refused_and_nothing_is_kept(
    here: World, directory: Directory
) -> None:
    ada = await directory.hire(a_user("ada", employeeNumber="2"))
    other = await a_directory(here, "other")
    taken = await other.call(
        "POST", "/Users", a_user("ADA", employeeNumber="3", emails=[{"value": "x@x.org"}])
    )
    assert "userName" in refused(taken, 409, "uniqueness")
    for wrong, attribute in (
        ({"timezone": "Europe/Nowhere"}, "timezone"),
        ({f"{ENTERPRISE}:employeeNumber": "n o"}, "employeeNumber"),
        ({"urn:mentoring:params:scim:schemas:extension:employment:2.0:User:hireDate": "soon"}, "hireDate"),
        ({"title": "x\ny"}, "title"),
    ):
        answer = await directory.call("PATCH", f"/Users/{ada}", a_patch(wrong))
        assert attribute in refused(answer, 400, "invalidValue")
        body: dict[str, Any] = (await directory.call("GET", f"/Users/{ada}")).json()
        assert body["meta"]["version"] == 'W/"1"'
    assert await facts(here) == [("hire", "applied")]
    assert await other.find("userName pr") == []


async def test_an_identity_that_leads_to_two_people_is_accepted_and_held(
    here: World, directory: Directory
) -> None:
    await directory.hire(a_user("ada", employeeNumber="2", externalId="a"))
    double = await directory.call("POST", "/Users", a_user("bob", employeeNumber="3", externalId="a"))
    assert double.status_code == 201
    assert await statuses(here) == {"2": "active"}
    assert await facts(here) == [("hire", "applied"), ("hire", "held")]
    await directory.change(double.json()["id"], {"title": "x"})
    assert (await statuses(here)) == {"2": "active"}


async def test_a_source_is_marked_as_heard_of(here: World, directory: Directory) -> None:
    await directory.hire(a_user("ada", employeeNumber="2"))
    row = await here.door.pool.fetchrow("SELECT last_contact_at, last_success_at FROM hris_source")
    assert row is not None
    assert row["last_success_at"] is not None


async def test_where_nobody_says_a_zone_it_is_the_sites_else_the_companys(
    here: World, directory: Directory
) -> None:
    await here.door.pool.execute(
        "INSERT INTO site_zone VALUES ('kathmandu', 'Kathmandu', 'Asia/Kathmandu', now())"
    )

    async def zone() -> str:
        return str(await here.door.pool.fetchval("SELECT time_zone FROM person"))

    ada = await directory.hire({**a_user("ada", employeeNumber="2"), "timezone": None})
    assert await zone() == "UTC"
    await directory.change(ada, {"addresses": [{"type": "work", "locality": " KATHMANDU"}]})
    assert await zone() == "Asia/Kathmandu"
    await directory.change(ada, {"timezone": "Europe/Madrid"})
    assert await zone() == "Europe/Madrid"
    await directory.change(ada, {"timezone": None})
    assert await zone() == "Asia/Kathmandu"
