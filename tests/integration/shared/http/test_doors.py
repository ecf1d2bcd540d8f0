"""What a route may rely on: its transaction, the answer after the commit, the trace of what it says."""

from __future__ import annotations

import asyncio

from tests.integration.shared.http.notes import READER, Notes

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_created_thing_is_committed_with_its_event_when_the_answer_arrives(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json={"text": "hello"})
    assert answer.status_code == 201
    assert await desk.texts() == ["hello"]
    assert await desk.said() == 1


async def test_a_refusal_undoes_what_was_written_and_said_before_it(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json={"text": "refused"})
    assert answer.status_code == 409
    assert await desk.texts() == []
    assert await desk.said() == 0


async def test_a_bug_undoes_what_was_written_and_said_before_it(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes", json={"text": "bug"})
    assert answer.status_code == 500
    assert await desk.texts() == []
    assert await desk.said() == 0


async def test_a_commit_that_fails_is_not_answered_as_done(desk: Notes) -> None:
    async with desk.client() as client:
        sending = asyncio.create_task(client.post("/v1/notes", json={"text": "slow"}))
        await asyncio.wait_for(desk.switches.entered.wait(), 5)
        await desk.door.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction'"
        )
        desk.switches.go_on.set()
        answer = await sending
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert await desk.texts() == []


async def test_loops_are_woken_after_the_commit_of_a_request(desk: Notes) -> None:
    bell = desk.door.bell.listener()
    async with desk.client() as client:
        await client.post("/v1/notes", json={"text": "refused"})
        assert not bell.is_set()
        await client.post("/v1/notes", json={"text": "hello"})
    assert bell.is_set()


async def test_open_transactions_are_counted_while_they_are_open(desk: Notes) -> None:
    async with desk.client() as client:
        sending = asyncio.create_task(client.post("/v1/notes", json={"text": "slow"}))
        await asyncio.wait_for(desk.switches.entered.wait(), 5)
        assert desk.progress.open_tx == 1
        desk.switches.go_on.set()
        assert (await sending).status_code == 201
    assert desk.progress.open_tx == 0


async def test_nothing_can_be_written_through_a_reading(desk: Notes) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/notes/by-reading")
    assert answer.status_code == 500
    assert await desk.texts() == []


async def test_an_event_carries_the_trace_of_the_request_that_caused_it(desk: Notes) -> None:
    async with desk.client() as client:
        await client.post("/v1/notes", json={"text": "hello"}, headers={"traceparent": TRACEPARENT})
        refused = await client.post(
            "/v1/notes", json={"text": "refused"}, headers={"traceparent": TRACEPARENT}
        )
    said = await desk.door.pool.fetchval("SELECT traceparent FROM outbox")
    assert said.split("-")[1] == TRACEPARENT.split("-")[1]
    assert refused.json()["trace_id"] == TRACEPARENT.split("-")[1]


async def test_a_malformed_trace_parent_is_replaced_by_a_new_trace(desk: Notes) -> None:
    async with desk.client() as client:
        await client.post("/v1/notes", json={"text": "hello"}, headers={"traceparent": "00-zz-1-01; drop"})
    said = await desk.door.pool.fetchval("SELECT traceparent FROM outbox")
    version, trace, span, flags = said.split("-")
    assert (len(version), len(trace), len(span), len(flags)) == (2, 32, 16, 2)


async def test_two_requests_belong_to_two_traces(desk: Notes) -> None:
    async with desk.client() as client:
        for text in ("one", "two"):
            await client.post("/v1/notes", json={"text": text})
    assert await desk.door.pool.fetchval("SELECT count(DISTINCT traceparent) FROM outbox") == 2


async def test_a_stranger_costs_no_connection(desk: Notes) -> None:
    before = desk.door.pool.get_idle_size()
    async with desk.client(token=None) as client:
        answers = [await client.post("/v1/notes", json={"text": "x"}), await client.get("/v1/notes")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert desk.door.pool.get_idle_size() == before


async def test_a_caller_without_the_scope_has_no_effect(desk: Notes) -> None:
    async with desk.client(READER) as client:
        answer = await client.post("/v1/notes", json={"text": "hello"})
    assert answer.status_code == 403
    assert "people:write" in answer.json()["detail"]
    assert await desk.texts() == []
