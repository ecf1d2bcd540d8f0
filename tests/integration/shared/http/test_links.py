"""Pages behind signed links: shown as often as one likes, used once, and clear when something is wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from shared import auth
from shared.clock import SteppedClock
from tests.conftest import BEGINNING
from tests.integration.shared.http.notes import HOLDER, Notes


def is_clear_page(answer: httpx.Response, status: int, words: str) -> bool:
    return (
        answer.status_code == status
        and answer.headers["content-type"].startswith("text/html")
        and words in answer.text
        and "<main" in answer.text
        and "urn:mentoring" not in answer.text
    )


async def test_a_link_opens_its_page_without_a_token_and_changes_nothing(desk: Notes) -> None:
    link = desk.link()
    async with desk.client(token=None) as client:
        for _ in range(3):
            answer = await client.get(f"/note/{link}")
            assert (answer.status_code, answer.text) == (200, f"<h1>open {UUID(int=7)}</h1>")
    assert await desk.door.pool.fetchval("SELECT count(*) FROM used_link") == 0


async def test_a_link_is_used_once(desk: Notes) -> None:
    link = desk.link()
    async with desk.client(token=None) as client:
        first = await client.post(f"/note/{link}", data={"text": "hello"})
        second = await client.post(f"/note/{link}", data={"text": "hello"})
        shown = await client.get(f"/note/{link}")
    assert first.status_code == 200
    assert is_clear_page(second, 410, "has been used already")
    assert "used" in shown.text
    assert await desk.texts() == ["hello"]


async def test_a_link_sent_many_times_at_once_is_used_once(desk: Notes) -> None:
    link = desk.link()
    async with desk.client(token=None) as client:
        answers = await asyncio.gather(
            *(client.post(f"/note/{link}", data={"text": str(number)}) for number in range(6))
        )
    assert sorted(answer.status_code for answer in answers) == [200, 410, 410, 410, 410, 410]
    assert len(await desk.texts()) == 1


async def test_a_refused_use_leaves_the_link_unused(desk: Notes) -> None:
    link = desk.link()
    async with desk.client(token=None) as client:
        refused = await client.post(f"/note/{link}", data={"text": "refused"})
        accepted = await client.post(f"/note/{link}", data={"text": "hello"})
    assert is_clear_page(refused, 409, "This text is refused.")
    assert accepted.status_code == 200


async def test_an_expired_link_says_since_when_in_business_time(desk: Notes) -> None:
    link = desk.link(expires_at=BEGINNING + timedelta(hours=1))
    assert isinstance(desk.door.clock, SteppedClock)
    async with desk.client(token=None) as client:
        assert (await client.get(f"/note/{link}")).status_code == 200
        desk.door.clock.set(BEGINNING + timedelta(hours=1))
        for answer in (await client.get(f"/note/{link}"), await client.post(f"/note/{link}", data={})):
            assert is_clear_page(answer, 410, "2 March 2026")
    assert await desk.texts() == []


async def test_U6_a_link_of_somebody_who_is_shut_out_neither_shows_nor_does_anything(desk: Notes) -> None:
    link = desk.link()
    desk.switches.shut_out.add(HOLDER)
    async with desk.client(token=None) as client:
        for answer in (
            await client.get(f"/note/{link}"),
            await client.post(f"/note/{link}", data={"text": "x"}),
        ):
            assert is_clear_page(answer, 410, "This link is closed.")
        desk.switches.shut_out.clear()
        assert (await client.get(f"/note/{link}")).status_code == 200
    assert await desk.texts() == []


@pytest.mark.parametrize("forged", ["x", "a.b", "%F0%9F%98%80", "x" * 3000])
async def test_a_forged_link_gets_a_clear_page(desk: Notes, forged: str) -> None:
    async with desk.client(token=None) as client:
        answers = [
            await client.get(f"/note/{forged}"),
            await client.post(f"/note/{forged}", data={"text": "x"}),
        ]
    for answer in answers:
        assert is_clear_page(answer, 404, "This link is not valid")
    assert await desk.texts() == []


async def test_every_single_changed_character_makes_a_link_invalid(desk: Notes) -> None:
    link = desk.link()
    for place, letter in enumerate(link):
        changed = link[:place] + ("A" if letter != "A" else "B") + link[place + 1 :]
        try:
            found = auth.verify("a key for links in tests", changed, purpose="note", now=BEGINNING)
        except auth.LinkInvalid:
            continue
        assert found.id == auth.verify("a key for links in tests", link, purpose="note", now=BEGINNING).id


async def test_a_link_for_another_purpose_does_not_open_the_page(desk: Notes) -> None:
    async with desk.client(token=None) as client:
        answer = await client.get(f"/note/{desk.link(purpose='feedback')}")
    assert is_clear_page(answer, 404, "This link is not valid")


async def test_wrong_form_input_is_a_page_too(desk: Notes) -> None:
    async with desk.client(token=None) as client:
        answer = await client.post(f"/note/{desk.link()}", data={})
    assert is_clear_page(answer, 422, "text")


async def test_pages_know_no_other_method(desk: Notes) -> None:
    async with desk.client(token=None) as client:
        answer = await client.delete(f"/note/{desk.link()}")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
