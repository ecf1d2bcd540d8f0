"""The desk's pages about people: who tells about them, what waits, and why somebody is as they are."""

from __future__ import annotations

import pytest_asyncio

from tests.integration.matching import hr
from tests.integration.matching.hr import a_hire, at, day, fact, take
from tests.integration.matching.test_desk import came_in, seen
from tests.integration.matching.world import World


@pytest_asyncio.fixture
async def hris(here: World) -> World:
    return await hr.sources(here)


async def test_U6_people_in_tells_of_every_source_what_came_today_and_what_waits(hris: World) -> None:
    await take(hris, a_hire(7), a_hire(8))
    await take(
        hris,
        fact("change", 8, "1", user_name="user7"),
        fact("change", 8, "2", time_zone="Europe/Atlantis", source="file"),
    )
    await came_in(hris)
    page = await seen(hris, "people")
    assert 'hr </th><td>Webhook</td> <td>–</td><td>–</td><td class="n">3</td><td class="n">1</td>' in page
    assert "User name: belongs to employee 7" in page
    assert "Europe/Atlantis" in page
    assert "Decide" not in page  # this token only reads


async def test_somebody_is_found_by_the_beginning_of_name_address_or_number(hris: World) -> None:
    await take(hris, a_hire(7, family_name="O'Neil_100%"), a_hire(8))
    await came_in(hris)
    for sought, found in (("o'neil_1", 1), ("user", 2), ("8", 1), ("USER7@", 1), ("%", 0), ("_", 0)):
        page = await seen(hris, "people", q=sought)
        assert page.count('<a href="/desk/people/') == found, sought


async def test_U6_a_persons_page_says_how_they_stand_what_is_announced_and_all_that_was_said(
    hris: World,
) -> None:
    await take(
        hris,
        a_hire(7, said_at=at("2026-02-01T10:00:00+00:00")),
        fact("change", 7, "old", title="Buyer", said_at=at("2026-01-01T10:00:00+00:00")),
        fact("leave", 7, "l", effective_on=day("2027-06-01"), until=day("2027-06-30")),
        fact("inactive", 7, "i"),
    )
    await came_in(hris)
    page = await seen(hris, f"people/{hris.people['7']}")
    assert '<span class="tag off">inactive</span>' in page
    assert "unless they are active again or you confirm earlier that they have left" in page
    assert "on leave</strong> from 1 June 2027 to 30 June 2027" in page
    assert "1 June 2027<small>31 May 2027, 22:00 UTC</small>" in page
    assert '<span class="tag">from 1 June 2027</span>' in page
    assert '<span class="tag">superseded</span>' in page
    missing = await hris.client.get("/desk/people/00000000-0000-7000-8000-000000000000")
    assert missing.status_code == 404


async def as_organiser(here: World) -> None:
    answer = await here.client.get("/desk/people", params={"token": "organiser"})
    assert answer.status_code == 303


async def sent(here: World, path: str, status: int = 303, **fields: str) -> str:
    """A form sent in; where it leads, or what the page says."""
    answer = await here.client.post(f"/desk/{path}", data=fields)
    assert answer.status_code == status, (path, answer.status_code, answer.text[-600:])
    return answer.headers["location"].removeprefix("/desk/") if status == 303 else answer.text


ANA = {
    "employee_number": "77",
    "given_name": "Ana",
    "family_name": "Lima",
    "user_name": "ana.lima",
    "work_email": "ana.lima@example.org",
    "title": "Buyer",
    "time_zone": "Europe/Lisbon",
}


async def test_an_administrator_adds_and_changes_people_by_hand(hris: World) -> None:
    await as_organiser(hris)
    wrong = await sent(hris, "people/add", 422, **(ANA | {"time_zone": "Europe/Atlantis"}))
    assert "One answer needs another look" in wrong
    assert 'value="ana.lima@example.org"' in wrong
    assert await hris.said("person-changed") == []
    there = await sent(hris, "people/add", **ANA)
    assert "Buyer" in await seen(hris, there)
    await sent(hris, f"{there}/change", **(ANA | {"title": "Head of Buying"}))
    await take(hris, fact("change", 77, "hr-1", title="Buyer", site="Porto"))
    (found,) = (await hris.call("GET", "/v1/people", params={"employee_number": "77"})).json()["items"]
    assert (found["title"], found["site"]) == ("Head of Buying", "Porto")
    assert [one["title"] for one in await hris.said("person-changed")][:2] == ["Buyer", "Head of Buying"]
    await sent(hris, f"{there}/presence", kind="leave", effective_on="2027-06-01", until="2027-06-30")
    assert "on leave</strong> from 1 June 2027 to 30 June 2027" in await seen(hris, there)
    before = await sent(
        hris, f"{there}/presence", 422, kind="leave", effective_on="2027-06-10", until="2027-06-01"
    )
    assert "Last day of a leave: is before the first day." in before


async def test_nobody_is_added_by_hand_over_somebody_who_has_the_number(hris: World) -> None:
    await take(hris, a_hire(77))
    await as_organiser(hris)
    wrong = await sent(hris, "people/add", 422, **ANA)
    assert "Employee number: belongs to somebody already." in wrong
    assert (await hr.card(hris, 77))["given_name"] == "Ana"
    assert (await hr.card(hris, 77))["title"] == "Design Engineer"


async def test_U6_a_held_fact_is_given_to_somebody_tried_again_or_dropped(hris: World) -> None:
    await take(hris, a_hire(7, external_id="x7"), a_hire(8, external_id="x8"))
    await take(hris, fact("change", 8, "1", external_id="x7", title="Lead"))
    await as_organiser(hris)
    page = await seen(hris, "people")
    (place,) = {part.split('"')[0] for part in page.split('href="/desk/people/facts/')[1:]}
    assert "leads to employee 7" in await seen(hris, f"people/facts/{place}")
    missing = await sent(hris, f"people/facts/{place}", 404, deed="give", employee_number="12")
    assert "Nobody has the number 12." in missing
    assert (await sent(hris, f"people/facts/{place}", deed="again")).startswith(f"people/facts/{place}")
    assert await sent(hris, f"people/facts/{place}", deed="give", employee_number="7") == (
        f"people/{hris.people['7']}"
    )
    assert (await hr.card(hris, 7))["title"] == "Lead"
    await sent(hris, f"people/facts/{place}", deed="cancel")
    assert (await hr.card(hris, 7))["title"] == "Design Engineer"
    await take(hris, fact("change", 8, "2", user_name="user7"))
    page = await seen(hris, "people")
    (place,) = {part.split('"')[0] for part in page.split('href="/desk/people/facts/')[1:]}
    await sent(hris, f"people/facts/{place}", deed="drop")
    assert "Nothing is held." in await seen(hris, "people")


async def test_U6_too_many_at_once_wait_at_the_desk_until_somebody_decides(hris: World) -> None:
    await take(hris, *(a_hire(number) for number in range(1, 21)))
    await take(hris, *(fact("inactive", number, f"i{number}") for number in range(1, 8)))
    await as_organiser(hris)
    page = await seen(hris, "people")
    assert "hr ended or inactivated 7 people within an hour; 5 are usual at most." in page
    hold = page.split('action="/desk/people/holds/')[1].split('"')[0]
    await sent(hris, f"people/holds/{hold}", decision="dismiss")
    assert "within an hour" not in await seen(hris, "people")
    assert (await hr.card(hris, 3))["status"] == "active"


async def test_somebody_inactive_is_confirmed_to_have_left(hris: World) -> None:
    await take(hris, a_hire(7), fact("inactive", 7, "i"))
    await as_organiser(hris)
    await sent(hris, f"people/{hris.people['7']}/left")
    assert "has left" in await seen(hris, f"people/{hris.people['7']}")


async def test_who_may_only_read_changes_nobody(hris: World) -> None:
    await take(hris, a_hire(7))
    await came_in(hris)
    for path in ("people/add", f"people/{hris.people['7']}/presence", f"people/{hris.people['7']}/left"):
        assert "it needs the scope people:write" in await sent(hris, path, 403, kind="termination")
    assert (await hr.card(hris, 7))["status"] == "active"
