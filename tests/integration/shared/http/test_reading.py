"""Pages of rows and versions of one row."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.api import paging
from tests.integration.shared.http.notes import Notes


async def test_pages_are_disjoint_and_complete_in_order(desk: Notes) -> None:
    async with desk.client() as client:
        for number in range(25):
            await client.post("/v1/notes", json={"text": str(number)})
        seen, after, pages = [], {}, 0
        while True:
            page = (await client.get("/v1/notes", params={"limit": 10, **after})).json()
            seen += [note["text"] for note in page["items"]]
            pages += 1
            if page["next"] is None:
                break
            after = {"after": page["next"]}
    assert seen == [str(number) for number in range(25)]
    assert pages == 3


async def test_rows_that_come_meanwhile_neither_repeat_nor_hide_others(desk: Notes) -> None:
    async with desk.client() as client:
        for number in range(4):
            await client.post("/v1/notes", json={"text": str(number)})
        first = (await client.get("/v1/notes", params={"limit": 2})).json()
        await desk.door.pool.execute("DELETE FROM note WHERE text = '0'")
        await client.post("/v1/notes", json={"text": "4"})
        rest = (await client.get("/v1/notes", params={"limit": 9, "after": first["next"]})).json()
    assert [note["text"] for note in rest["items"]] == ["2", "3", "4"]


@pytest.mark.parametrize("cursor", ["x", "%00", "bnVsbA", "W10", "WyIyMDI2LTAxLTAxIiwgIngiXQ", "é"])
async def test_a_forged_cursor_is_refused(desk: Notes, cursor: str) -> None:
    async with desk.client() as client:
        answer = await client.get("/v1/notes", params={"after": cursor})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith(":bad-cursor")
    assert answer.json()["errors"][0]["pointer"] == "after"


async def test_a_row_says_its_version_and_is_changed_by_those_who_saw_it(desk: Notes) -> None:
    async with desk.client() as client:
        path = (await client.post("/v1/notes", json={"text": "one"})).headers["location"]
        seen = (await client.get(path)).headers["etag"]
        answer = await client.patch(path, json={"text": "two"}, headers={"If-Match": seen})
    assert seen == '"1"'
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert desk.switches.seen[0].id == "writer"


async def test_a_stale_version_is_refused_and_changes_nothing(desk: Notes) -> None:
    async with desk.client() as client:
        path = (await client.post("/v1/notes", json={"text": "one"})).headers["location"]
        answers = await asyncio.gather(
            *(
                client.patch(path, json={"text": text}, headers={"If-Match": '"1"'})
                for text in ("two", "three", "four")
            )
        )
        version = (await client.get(path)).headers["etag"]
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert version == '"2"'


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 428), ({"If-Match": "1"}, 400), ({"If-Match": 'W/"1"'}, 400), ({"If-Match": "*"}, 400)],
)
async def test_a_change_must_name_the_version_it_was_made_from(
    desk: Notes, headers: dict[str, str], status: int
) -> None:
    async with desk.client() as client:
        path = (await client.post("/v1/notes", json={"text": "one"})).headers["location"]
        assert (await client.patch(path, json={"text": "two"}, headers=headers)).status_code == status
    assert await desk.texts() == ["one"]


def test_a_page_that_is_full_leads_on_from_its_last_row() -> None:
    rows = [(datetime(2026, 1, day, tzinfo=UTC), UUID(int=day)) for day in (1, 2, 3)]
    full = paging.page(rows, 3, key=lambda row: row)
    assert full.next is not None
    assert paging.decode(full.next) == rows[-1]
    assert paging.page(rows, 4, key=lambda row: row).next is None
    assert paging.page([], 3, key=lambda row: row).next is None
