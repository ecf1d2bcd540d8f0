from __future__ import annotations

import asyncio

import httpx

from tests.integration.matching.world import World, bearer
from tests.unit.matching.builders import HEADER, a_file, a_row


def counts(answer: httpx.Response) -> tuple[int, int]:
    """How many rows were applied, and how many said nothing new."""
    said = answer.json()
    return said["applied"], said["unchanged"]


async def test_an_import_says_who_is_there_and_the_same_again_says_nothing(here: World) -> None:
    content = a_file(
        a_row(2, manager_employee_number="10"), a_row(10), a_row(3, manager_employee_number="99")
    )
    first = await here.upload(content)
    assert first.json()["state"] == "done"
    assert counts(first) == (3, 0)
    said = await here.said()
    assert [(one["topic"], one["employee_number"], one["version"]) for one in said] == [
        ("person-changed", "2", 1),
        ("person-changed", "3", 1),
        ("person-changed", "10", 1),
    ]
    assert said[0]["manager_id"] == said[2]["person_id"]
    assert said[1]["manager_id"] is None
    before = await here.snapshot()
    here.later(days=3)
    again = await here.upload(content)
    assert counts(again) == (0, 3)
    after = await here.snapshot()
    assert {table for table in after if after[table] != before[table]} == {"hris_file"}


async def test_two_imports_of_one_file_at_once_have_one_effect(here: World) -> None:
    content = a_file(*[a_row(number, manager_employee_number="3") for number in range(1, 20)])
    answers = await asyncio.gather(*[here.upload(content) for _ in range(3)])
    assert sorted(answer.json()["applied"] for answer in answers) == [0, 0, 19]
    assert len(await here.said("person-changed")) == 19


async def test_bad_rows_are_listed_and_the_others_applied(here: World) -> None:
    content = a_file(
        a_row(1),
        a_row(2, time_zone="Mars/Base", status="retired"),
        a_row(3) + ",more",
        a_row(1, title="Buyer"),
        a_row(4, user_name="USER1"),
        a_row(5),
    )
    answer = await here.upload(content)
    assert answer.status_code == 200
    assert counts(answer) == (1, 0)
    assert [(one["line"], one["field"]) for one in answer.json()["rejected"]] == [
        (2, "employee_number"),
        (2, "user_name"),
        (3, "status"),
        (3, "time_zone"),
        (4, "row"),
        (5, "employee_number"),
        (5, "user_name"),
        (6, "user_name"),
    ]
    assert all(one["reason"] for one in answer.json()["rejected"])
    again = await here.upload(content)
    assert counts(again) == (0, 1)
    assert again.json()["rejected"] == answer.json()["rejected"]
    assert len(await here.said()) == 1


async def test_a_name_of_somebody_else_waits_for_an_administrator_and_is_told(here: World) -> None:
    await here.hire(a_row(1))
    answer = await here.upload(a_file(a_row(4), a_row(2, user_name="USER1"), a_row(3)))
    assert (counts(answer), answer.json()["held"]) == ((2, 0), 1)
    assert answer.json()["rejected"] == [
        {"line": 3, "field": "user_name", "reason": "waits for an administrator: belongs to employee 1"}
    ]
    assert len(await here.said()) == 3
    again = await here.upload(a_file(a_row(2, user_name="USER1")))
    assert (counts(again), again.json()["held"]) == ((0, 1), 0)


async def test_a_manager_who_comes_later_is_resolved(here: World) -> None:
    await here.hire(a_row(1, manager_employee_number="2"))
    await here.hire(a_row(2, manager_employee_number="1"))
    said = {one["employee_number"]: one for one in await here.said()}
    assert (said["1"]["version"], said["1"]["manager_id"]) == (2, here.people["2"])
    assert said["2"]["manager_id"] is None, "nobody is their own manager's manager"


async def test_two_people_swap_their_user_names_in_one_file(here: World) -> None:
    await here.hire(a_row(1), a_row(2))
    await here.hire(a_row(1, user_name="user2"), a_row(2, user_name="user1"))
    found = await here.call("GET", f"/v1/people/{here.people['1']}")
    assert (found.json()["user_name"], found.json()["version"]) == ("user2", 2)


async def test_a_wrong_header_names_the_columns(here: World) -> None:
    answer = await here.upload(HEADER.replace("site", "salary").encode())
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:mentoring:problem:wrong-header"
    assert answer.json()["errors"] == [
        {"pointer": "site", "detail": "the column is missing"},
        {"pointer": "salary", "detail": "no such column"},
    ]


async def test_something_else_than_csv_is_refused(here: World) -> None:
    answer = await here.upload(b"{}", **{"content-type": "application/json"})
    assert answer.status_code == 415


async def test_a_file_that_is_too_large_is_refused(here: World) -> None:
    answer = await here.upload(a_file(*[a_row(1, title="x" * 180)] * 5000))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert await here.said() == []


async def test_people_are_read_page_by_page(here: World) -> None:
    await here.hire(*[a_row(number) for number in range(1, 6)])
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = await here.call("GET", "/v1/people", params={"limit": "2", **after})
        seen += [one["employee_number"] for one in answer.json()["items"]]
        if answer.json()["next"] is None:
            break
        after = {"after": answer.json()["next"]}
    assert sorted(seen) == ["1", "2", "3", "4", "5"]
    one = await here.call("GET", f"/v1/people/{here.people['3']}")
    assert (one.json()["work_email"], one.headers["etag"]) == ("user3@example.org", '"1"')
    nobody = await here.call("GET", "/v1/people/00000000-0000-0000-0000-000000000001")
    assert nobody.status_code == 404


async def test_reading_does_not_allow_writing(here: World) -> None:
    answer = await here.upload(a_file(a_row(1)), **bearer("reader"))
    assert answer.status_code == 403
    assert (await here.client.get("/v1/people")).status_code == 401
    assert (await here.call("GET", "/v1/people", token="nobody")).status_code == 403
