"""Door 5: an administrator adds and changes people by hand; what is said becomes facts like any other."""

from __future__ import annotations

from typing import Any

import httpx

from tests.integration.matching.world import World
from tests.unit.matching.builders import a_row

ANA = {
    "employee_number": "1",
    "user_name": "ana",
    "given_name": "Ana",
    "family_name": "Ruiz",
    "work_email": "ana@example.org",
    "site": "Madrid",
    "time_zone": "Europe/Madrid",
    "hire_date": "2026-03-01",
}


async def added(here: World, status: int = 201, **changes: Any) -> dict[str, Any]:
    answer = await here.call("POST", "/v1/people", {**ANA, **changes})
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def changed(
    here: World, person: dict[str, Any], version: int | None = None, **body: Any
) -> httpx.Response:
    seen = person["version"] if version is None else version
    path = f"/v1/people/{person['person_id']}"
    return await here.call("PATCH", path, body, headers={"If-Match": f'"{seen}"'})


async def test_somebody_is_taken_in_and_changed_by_hand_and_it_is_said(here: World) -> None:
    made = await added(here)
    person = made["person"]
    assert made["said"] == [{"kind": "hire", "state": "applied"}]
    assert (person["status"], person["pool"], person["version"]) == ("active", "company", 1)
    boss = (await added(here, employee_number="2", user_name="boss", work_email="boss@example.org"))["person"]
    answer = await changed(here, person, title="Buyer", manager_employee_number="2", pool="alumni")
    after = answer.json()["person"]
    assert answer.headers["etag"] == f'"{after["version"]}"'
    assert (after["title"], after["manager_id"], after["pool"]) == ("Buyer", boss["person_id"], "alumni")
    assert after["given_name"] == "Ana", "what is left out stays"
    said = [one for one in await here.said("person-changed") if one["employee_number"] == "1"]
    assert [one["title"] for one in said] == ["", "Buyer"]
    kinds = await here.door.pool.fetch("SELECT DISTINCT source FROM hris_fact")
    assert [row["source"] for row in kinds] == ["desk"]


async def test_how_somebody_stands_is_said_by_hand(here: World) -> None:
    person = (await added(here))["person"]
    leave = {"kind": "leave", "on": "2026-03-02", "until": "2026-03-20"}
    for stands, status in (
        (leave, "leave"),
        ({"kind": "return"}, "active"),
        ({"kind": "inactive"}, "inactive"),
        ({"kind": "termination"}, "terminated"),
        ({"kind": "rehire"}, "active"),
    ):
        answer = await changed(here, person, stands=stands)
        assert answer.status_code == 200, answer.text
        person = answer.json()["person"]
        assert person["status"] == status
        here.later(minutes=1)
    later = await changed(here, person, title="Buyer", effective_on="2026-04-01")
    assert later.json()["said"] == [{"kind": "change", "state": "waiting"}]
    assert later.json()["person"]["title"] == ""


async def test_what_cannot_be_is_refused_with_its_field_and_nothing_is_kept(here: World) -> None:
    person = (await added(here))["person"]
    await here.hire(a_row(2))
    before = await here.door.pool.fetchval("SELECT count(*) FROM hris_fact")
    assert (await added(here, 409))["type"].endswith("person-already-here")
    wrong = await added(
        here, 422, employee_number="3", user_name="c", work_email="c@example.org", time_zone="Mars"
    )
    assert [one["pointer"] for one in wrong["errors"]] == ["/time_zone"]
    taken = await changed(here, person, user_name="USER2")
    assert taken.status_code == 422
    assert taken.json()["errors"] == [{"pointer": "/user_name", "detail": "belongs to employee 2"}]
    assert (await changed(here, person, version=7, title="Buyer")).status_code == 412
    assert (await changed(here, person, effective_on="2026-04-01")).status_code == 422
    assert (await changed(here, person, title=None)).status_code == 422
    assert (await changed(here, person, stands={"kind": "erase"})).status_code == 422
    nobody = {"person_id": "00000000-0000-0000-0000-000000000001", "version": 1}
    assert (await changed(here, nobody, title="Buyer")).status_code == 404
    answer = await here.call("POST", "/v1/people", ANA, token="reader")
    assert answer.status_code == 403
    assert await here.door.pool.fetchval("SELECT count(*) FROM hris_fact") == before


async def test_somebody_new_has_the_time_zone_of_their_site(here: World) -> None:
    path = "/v1/hris/sites/Tokyo"
    assert (await here.call("PUT", path, {"time_zone": "Asia/Tokyo"}, token="hr-admin")).status_code == 200
    made = await added(here, site="tokyo", time_zone="")
    assert made["person"]["time_zone"] == "Asia/Tokyo"
    wrong = await added(
        here, 422, employee_number="9", user_name="n", work_email="n@example.org", site="", time_zone=""
    )
    assert wrong["errors"][0]["pointer"] == "/time_zone"
