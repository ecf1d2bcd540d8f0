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
