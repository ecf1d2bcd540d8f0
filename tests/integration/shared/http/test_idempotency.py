"""The same request sent twice has one effect and one answer."""

from __future__ import annotations

import asyncio

import httpx

from tests.integration.shared.http.notes import ADMIN, Notes

KEY = {"Idempotency-Key": "wish-1"}


async def write(client: httpx.AsyncClient, text: str = "hello", key: str = "wish-1") -> httpx.Response:
    return await client.post("/v1/notes", json={"text": text}, headers={"Idempotency-Key": key})


async def test_the_same_request_twice_has_one_effect_and_the_same_answer(desk: Notes) -> None:
    async with desk.client() as client:
        first, second = await write(client), await write(client)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["location"] == second.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await desk.texts() == ["hello"]
    assert await desk.said() == 1


async def test_without_a_key_every_request_has_its_effect(desk: Notes) -> None:
    async with desk.client() as client:
        for _ in range(2):
            await client.post("/v1/notes", json={"text": "hello"})
    assert await desk.texts() == ["hello", "hello"]


async def test_another_key_is_another_wish(desk: Notes) -> None:
    async with desk.client() as client:
        await write(client, key="wish-1")
        await write(client, key="wish-2")
    assert len(await desk.texts()) == 2


async def test_the_same_key_with_another_body_is_refused(desk: Notes) -> None:
    async with desk.client() as client:
        await write(client, "hello")
        other = await write(client, "something else")
    assert other.status_code == 422
    assert other.json()["type"].endswith(":idempotency-key-reused")
    assert await desk.texts() == ["hello"]


async def test_a_key_in_flight_is_refused_and_works_again_afterwards(desk: Notes) -> None:
    async with desk.client() as client:
        first = asyncio.create_task(write(client, "slow"))
        await asyncio.wait_for(desk.switches.entered.wait(), 5)
        meanwhile = await asyncio.wait_for(write(client, "slow"), 5)
        desk.switches.go_on.set()
        assert (await first).status_code == 201
        again = await write(client, "slow")
    assert meanwhile.status_code == 409
    assert meanwhile.json()["type"].endswith(":idempotency-key-in-flight")
    assert again.headers["idempotency-replayed"] == "true"
    assert await desk.texts() == ["slow"]


async def test_many_at_once_with_one_key_have_one_effect(desk: Notes) -> None:
    async with desk.client() as client:
        answers = await asyncio.gather(*(write(client) for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert await desk.texts() == ["hello"]


async def test_a_refused_request_leaves_its_key_free(desk: Notes) -> None:
    async with desk.client() as client:
        assert (await write(client, "refused")).status_code == 409
        assert (await write(client, "hello")).status_code == 201
    assert await desk.texts() == ["hello"]


async def test_keys_belong_to_their_caller(desk: Notes) -> None:
    async with desk.client() as one, desk.client(ADMIN) as other:
        await write(one)
        answer = await write(other)
    assert "idempotency-replayed" not in answer.headers
    assert len(await desk.texts()) == 2


async def test_after_a_day_a_key_is_new_again_and_old_keys_are_forgotten(desk: Notes) -> None:
    async with desk.client() as client:
        for key in ("wish-1", "wish-2", "wish-3"):
            await write(client, key=key)
        await desk.door.pool.execute("UPDATE idempotency SET created_at = created_at - interval '25 hours'")
        answer = await write(client)
    assert "idempotency-replayed" not in answer.headers
    assert len(await desk.texts()) == 4
    assert [row["key"] for row in await desk.door.pool.fetch("SELECT key FROM idempotency")] == ["wish-1"]


async def test_a_key_that_is_no_key_is_refused(desk: Notes) -> None:
    async with desk.client() as client:
        answers = [await write(client, key=key) for key in ("", "x" * 201)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert await desk.texts() == []
