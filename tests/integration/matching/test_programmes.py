from __future__ import annotations

from typing import Any

import pytest

from shared import auth
from tests.integration.matching.world import World, a_participation, a_programme


async def test_a_programme_is_opened_and_said(company: World) -> None:
    programme = await company.open(organiser_employee_number="7", rules={"min_shared_hours": 4})
    (said,) = await company.said("programme-changed")
    assert (said["programme_id"], said["version"], said["state"]) == (programme, 1, "open")
    assert said["organiser_id"] == company.people["7"]
    found = await company.call("GET", f"/v1/programmes/{programme}")
    assert found.headers["etag"] == '"1"'
    assert found.json()["rules"]["min_shared_hours"] == 4
    listed = await company.call("GET", "/v1/programmes")
    assert [one["programme_id"] for one in listed.json()["items"]] == [programme]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"kind": "flash"}, "/kind"),
        ({"starts_on": "soon"}, "/starts_on"),
        ({"hours_per_month": "many"}, "/hours_per_month"),
        ({"session_minutes": 50}, "/session_minutes"),
        ({"colour": "green"}, "/colour"),
        ({"rules": {"min_shared_hours": -1}}, "/rules/min_shared_hours"),
        ({"rules": {"fame": 1}}, "/rules/fame"),
        ({"rules": {"mentee_weights": {"goals": 0.4}}}, "/rules"),
        ({"ends_on": "2025-01-01"}, "/ends_on"),
        ({"kind": "cohort", "ends_on": "2026-12-01"}, "/match_on"),
        ({"organiser_employee_number": "404"}, "/organiser_employee_number"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_said(
    company: World, changes: dict[str, Any], pointer: str
) -> None:
    before = await company.snapshot()
    answer = await company.call("POST", "/v1/programmes", a_programme(**changes))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await company.snapshot() == before


async def test_two_programmes_cannot_have_one_name(company: World) -> None:
    programme = await company.open()
    again = await company.call("POST", "/v1/programmes", a_programme())
    assert (again.status_code, again.json()["type"]) == (409, "urn:mentoring:problem:name-taken")
    other = await company.open(name="Leaders")
    renamed = await company.call(
        "PATCH", f"/v1/programmes/{other}", {"name": "Career growth"}, headers={"if-match": '"1"'}
    )
    assert renamed.status_code == 409
    assert programme != other


async def test_a_programme_is_changed_by_who_saw_its_newest_version(company: World) -> None:
    path = f"/v1/programmes/{await company.open()}"
    assert (await company.call("PATCH", path, {"cadence": "weekly"})).status_code == 428
    changed = await company.call("PATCH", path, {"cadence": "weekly"}, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (changed.json()["cadence"], changed.json()["hours_per_month"]) == ("weekly", 2)
    stale = await company.call("PATCH", path, {"cadence": "monthly"}, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    assert [one["version"] for one in await company.said("programme-changed")] == [1, 2]
    empty = await company.call("PATCH", path, {"name": None}, headers={"if-match": '"2"'})
    assert [error["pointer"] for error in empty.json()["errors"]] == ["/name"]


async def test_the_same_request_sent_twice_has_one_effect(company: World) -> None:
    key = {"idempotency-key": "open career growth"}
    first = await company.call("POST", "/v1/programmes", a_programme(), headers=key)
    again = await company.call("POST", "/v1/programmes", a_programme(), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert len(await company.said("programme-changed")) == 1
    other = await company.call("POST", "/v1/programmes", a_programme(name="Other"), headers=key)
    assert other.status_code == 422


async def test_an_invitation_is_said_once_per_person_in_order_of_numbers(company: World) -> None:
    programme = await company.open()
    path = f"/v1/programmes/{programme}/invitations"
    first = await company.call("POST", path, {"employee_numbers": ["10", "9", "10"]})
    assert (len(first.json()["invited"]), first.json()["already_invited"]) == (2, 0)
    again = await company.call("POST", path, {"employee_numbers": ["9", "11"]})
    assert (again.json()["invited"], again.json()["already_invited"]) == ([company.people["11"]], 1)
    said = await company.said("participant-invited")
    assert [one["person_id"] for one in said] == [company.people[number] for number in ("9", "10", "11")]
    assert said[0]["expires_at"] == "2026-04-01T09:00:00Z"
    company.later(days=31)
    later = await company.call("POST", path, {"employee_numbers": ["9"]})
    assert later.json()["invited"] == [company.people["9"]]


async def test_nobody_is_invited_when_a_number_is_nobodys(company: World) -> None:
    programme = await company.open()
    path = f"/v1/programmes/{programme}/invitations"
    answer = await company.call("POST", path, {"employee_numbers": ["1", "404"]})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/employee_numbers/1"]
    assert await company.said("participant-invited") == []


async def test_a_closed_programme_takes_nobody_and_holds_no_round(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    closed = await company.call(
        "PATCH", f"/v1/programmes/{programme}", {"state": "closed"}, headers={"if-match": '"1"'}
    )
    assert closed.json()["next_round_at"] is None
    invited = await company.call(
        "POST", f"/v1/programmes/{programme}/invitations", {"employee_numbers": ["2"]}
    )
    enrolled = await company.enrol(programme, 2, "mentor")
    run = await company.call("POST", f"/v1/programmes/{programme}/runs")
    for answer in (invited, enrolled, run):
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:mentoring:problem:programme-closed")


async def test_S1_an_administrator_enrols_somebody_in_both_roles_once(company: World) -> None:
    programme = await company.open()
    answer = await company.enrol(programme, 1, "mentee")
    assert answer.status_code == 201
    both = await company.enrol(programme, 1, "mentor", capacity=3)
    assert [one["role"] for one in both.json()["items"]] == ["mentor"]
    again = await company.enrol(programme, 1, "both")
    assert (again.status_code, again.json()["type"]) == (409, "urn:mentoring:problem:already-joined")
    said = await company.said("participant-joined")
    assert [(one["role"], one["capacity"]) for one in said] == [("mentee", 1), ("mentor", 3)]
    assert said[0]["hours"][4] == {"weekday": 4, "starts": "09:00", "ends": "17:00"}
    listed = await company.call("GET", f"/v1/programmes/{programme}/participations")
    assert [one["role"] for one in listed.json()["items"]] == ["mentee", "mentor"]


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"goals": ["2.Z"]}, "/goals/0"),
        ({"skills": {"2.Z": 3}}, "/skills/2.Z"),
        ({"skills": {"2.A.1.d": 8}}, "/skills/2.A.1.d"),
        ({"languages": ["en", "tlh"]}, "/languages/1"),
        ({"employee_number": "404"}, "/employee_number"),
        ({"role": "boss"}, "/role"),
        ({"capacity": 6}, "/capacity"),
        ({"values": {"growth": 9}}, "/values/growth"),
        ({"hours": [{"weekday": 0, "starts": "17:00", "ends": "09:00"}]}, "/hours/0"),
        ({"gender": "x"}, "/gender"),
    ],
)
async def test_a_wrong_enrolment_names_the_field(company: World, told: dict[str, Any], pointer: str) -> None:
    programme = await company.open()
    body = {**a_participation(1, "mentee"), **told}
    answer = await company.call("POST", f"/v1/programmes/{programme}/participations", body)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await company.said("participant-joined") == []


async def test_every_route_is_guarded_and_desk_and_scim_by_doors_of_their_own(here: World) -> None:
    assert sorted(auth.unguarded_routes(here.app)) == ["* /desk", "* /scim"]
    for path in (
        "/desk/programmes/x",
        "/scim/v2/Users",
        "/scim/v2/Groups/x",
        "/scim/v2/Schemas",
        "/scim/x/y/z",
    ):
        assert (await here.client.get(path)).status_code == 401, path
