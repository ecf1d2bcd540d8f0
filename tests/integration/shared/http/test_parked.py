"""Parked events over HTTP: looked at, tried again, given up with a reason; and a stopped consumer resumed."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from shared import apply, inbox, log, operate, parked
from shared.breaker import Breaker
from shared.service import Service
from tests.integration.shared.http import notes
from tests.integration.shared.http.notes import ADMIN, WRITER, Notes
from tests.integration.shared.plumbing import Listener, a_match, ended, recorded


@pytest.fixture(autouse=True)
def lines() -> None:
    """Who looked and who resumed is in the log, whatever a test before this one made of it."""
    log.configure("notes")


async def put_aside(desk: Notes, many: int = 3) -> list[int]:
    """Parks events of one key, as a consumer does: the first fails, the others wait behind it."""
    listener, match = Listener(desk.door, ""), a_match()
    listener.poison.add(match)
    conn = await desk.door.pool.acquire()
    before = await conn.fetchval("SELECT coalesce(max(id), 0) FROM parked")
    await desk.door.pool.release(conn)
    records = [
        recorded(ended(match, version, reason="completed"), before * 10 + version)
        for version in range(1, many + 1)
    ]
    await apply.apply_batch(desk.door, listener.ears(), records, Breaker())
    rows = await desk.door.pool.fetch("SELECT id FROM parked WHERE id > $1 ORDER BY id", before)
    return [row["id"] for row in rows]


def problem(answer: httpx.Response, status: int, code: str) -> str:
    """The sentence of a refusal, checked to be a problem document of that kind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:mentoring:problem:{code}"
    return str(answer.json()["detail"])


async def test_parked_events_are_listed_by_state_and_page(desk: Notes) -> None:
    head, *behind = await put_aside(desk, 4)
    async with desk.client(ADMIN) as client:
        seen, after = [], None
        while True:
            page = (
                await client.get("/v1/parked", params={"limit": 3, "after": after} if after else {"limit": 3})
            ).json()
            seen += page["items"]
            after = page["next"]
            if after is None:
                break
        failed = (await client.get("/v1/parked", params={"state": ["failed", "dead"]})).json()["items"]
        unknown = await client.get("/v1/parked", params={"state": "lost"})
    assert [(one["id"], one["head"], one["waiting_total"]) for one in seen] == [
        (head, None, 3),
        *((number, head, 2 - place) for place, number in enumerate(behind)),
    ]
    assert [one["id"] for one in failed] == [head]
    assert "match" in failed[0]["topic"]
    assert "its handler failed" in failed[0]["meaning"]
    assert "payload" not in failed[0]
    assert "state" in problem(unknown, 422, "invalid")


async def test_one_is_shown_with_its_record_and_what_waits_behind_it(
    desk: Notes, capsys: pytest.CaptureFixture[str]
) -> None:
    head, *behind = await put_aside(desk, 3)
    async with desk.client(ADMIN) as client:
        shown = (await client.get(f"/v1/parked/{head}", headers={"On-Behalf-Of": "alice"})).json()
    assert shown["state"] == "failed"
    assert shown["attempts"] == 1
    assert shown["next_attempt_at"] is not None
    assert shown["payload"]["format"] == "json"
    assert '\n  "reason": "completed"' in shown["payload"]["text"]
    assert dict(shown["headers"])["ce_type"] == "mentoring.match-ended.v1"
    assert [one["id"] for one in shown["waiting"]] == behind
    assert all(one["event_id"] for one in shown["waiting"])
    assert shown["waiting_total"] == 2
    assert "parked-shown" in (told := capsys.readouterr().out)
    assert "admin for alice" in told


async def test_a_long_queue_behind_a_head_is_shown_in_part_and_counted_in_full(desk: Notes) -> None:
    head, *_ = await put_aside(desk, parked.WAITING_SHOWN + 6)
    async with desk.client(ADMIN) as client:
        shown = (await client.get(f"/v1/parked/{head}")).json()
    assert len(shown["waiting"]) == parked.WAITING_SHOWN
    assert shown["waiting_total"] == parked.WAITING_SHOWN + 5


async def test_a_retry_makes_the_head_due_and_names_it_to_who_asks_for_one_behind(desk: Notes) -> None:
    head, second, _ = await put_aside(desk, 3)
    await desk.door.pool.execute("UPDATE parked SET next_attempt_at = 'infinity' WHERE id = $1", head)
    async with desk.client(ADMIN) as client:
        refused = await client.post(f"/v1/parked/{second}/retry")
        assert f"waits behind {head}" in problem(refused, 409, "waits-behind")
        done = await client.post(f"/v1/parked/{head}/retry")
    assert done.json() == {"retried": 1, "stopped_reason": None}
    assert await desk.door.pool.fetchval("SELECT next_attempt_at <= now() FROM parked WHERE id = $1", head)


async def test_all_are_retried_at_once_the_dead_too_and_none_that_waits(desk: Notes) -> None:
    dead, *_ = await put_aside(desk, 3)
    failed, *_ = await put_aside(desk, 2)
    await desk.door.pool.execute(
        "UPDATE parked SET state = 'dead', next_attempt_at = NULL WHERE id = $1", dead
    )
    async with desk.client(ADMIN) as client:
        assert (await client.post("/v1/parked/retry")).json()["retried"] == 2
    due = await desk.door.pool.fetch(
        "SELECT id, state FROM parked WHERE next_attempt_at <= now() ORDER BY id"
    )
    assert [tuple(row) for row in due] == [(dead, "failed"), (failed, "failed")]


async def test_a_drop_keeps_its_reason_and_who_gave_it_and_cannot_be_undone(desk: Notes) -> None:
    head, second = await put_aside(desk, 2)
    async with desk.client(ADMIN) as client:
        reason = {"reason": "  sent twice by the old system "}
        dropped = await client.post(f"/v1/parked/{head}/drop", json=reason, headers={"On-Behalf-Of": "alice"})
        again = await client.post(f"/v1/parked/{head}/drop", json={"reason": "other"})
        retry = await client.post(f"/v1/parked/{head}/retry")
        listed = (await client.get("/v1/parked", params={"state": "dropped"})).json()["items"]
        left = (await client.get("/v1/parked")).json()["items"]
    assert dropped.status_code == 200
    assert listed == [dropped.json()]
    assert (listed[0]["closed_reason"], listed[0]["closed_by"]) == (
        "sent twice by the old system",
        "admin for alice",
    )
    assert listed[0]["closed_at"] is not None
    for refused in (again, retry):
        assert "dropped by admin for alice" in problem(refused, 409, "already-dropped")
    assert [(one["id"], one["head"]) for one in left] == [(second, None)]


async def test_what_was_never_tried_is_not_dropped_before_its_turn(desk: Notes) -> None:
    head, second = await put_aside(desk, 2)
    async with desk.client(ADMIN) as client:
        refused = await client.post(f"/v1/parked/{second}/drop", json={"reason": "no longer wanted"})
    assert f"retry or drop {head} first" in problem(refused, 409, "waits-behind")


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
async def test_a_drop_needs_a_reason_of_some_and_not_too_many_words(desk: Notes, reason: str) -> None:
    (number,) = await put_aside(desk, 1)
    async with desk.client(ADMIN) as client:
        answer = await client.post(f"/v1/parked/{number}/drop", json={"reason": reason})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason"
    assert await desk.door.pool.fetchval("SELECT state FROM parked") == "failed"


async def test_a_drop_sent_twice_with_one_key_is_answered_as_the_first_time(desk: Notes) -> None:
    (number,) = await put_aside(desk, 1)
    async with desk.client(ADMIN) as client:
        answers = [
            await client.post(
                f"/v1/parked/{number}/drop", json={"reason": "a test"}, headers={"Idempotency-Key": "k"}
            )
            for _ in range(2)
        ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"


async def test_an_event_that_is_not_there_is_said_in_words(desk: Notes) -> None:
    async with desk.client(ADMIN) as client:
        for answer in (
            await client.get("/v1/parked/17"),
            await client.post("/v1/parked/17/retry"),
            await client.post("/v1/parked/17/drop", json={"reason": "why not"}),
        ):
            assert "no parked event 17" in problem(answer, 404, "not-found")
        assert (await client.get(f"/v1/parked/{2**63}")).status_code == 422
        assert (await client.get("/v1/parked/first")).status_code == 422


async def test_parked_events_are_for_operators(desk: Notes) -> None:
    (number,) = await put_aside(desk, 1)
    asked = (
        *(("GET", "/v1/parked"), ("GET", f"/v1/parked/{number}"), ("POST", "/v1/parked/retry")),
        *(("POST", f"/v1/parked/{number}/retry"), ("POST", f"/v1/parked/{number}/drop")),
        ("POST", "/v1/consumer/resume"),
    )
    async with desk.client(WRITER) as other, desk.client(None) as stranger:
        for method, path in asked:
            assert "operate" in problem(
                await other.request(method, path, json={"reason": "x"}), 403, "forbidden"
            )
            assert (await stranger.request(method, path)).status_code == 401
    assert await desk.door.pool.fetchval("SELECT state FROM parked") == "failed"


async def test_a_stop_is_shown_with_its_beginning_and_a_resume_with_who_did_it(
    desk: Notes, capsys: pytest.CaptureFixture[str]
) -> None:
    await put_aside(desk, 1)
    conn = await desk.door.pool.acquire()
    await inbox.stop(conn, "50 in a row")
    await desk.door.pool.release(conn)
    async with desk.client(ADMIN) as client:
        consumer = (await client.get("/v1/plumbing")).json()["consumer"]
        assert (await client.post("/v1/parked/retry")).json() == {
            "retried": 1,
            "stopped_reason": "50 in a row",
        }
        first = (await client.post("/v1/consumer/resume", headers={"On-Behalf-Of": "bob"})).json()
        second = (await client.post("/v1/consumer/resume")).json()
        after = (await client.get("/v1/plumbing")).json()["consumer"]
    assert consumer["stopped_reason"] == "50 in a row"
    assert consumer["stopped_at"] is not None
    assert first == {
        "was_stopped": True,
        "stopped_at": consumer["stopped_at"],
        "stopped_reason": "50 in a row",
    }
    assert second["was_stopped"] is False
    assert after["stopped_at"] is None
    assert await desk.door.pool.fetchval("SELECT resumed_by FROM consumer_state") == "admin for bob"
    assert "admin for bob" in capsys.readouterr().out


async def test_the_command_line_of_a_service_does_the_same(
    desk: Notes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head, second = await put_aside(desk, 2)
    dsn = await desk.door.pool.fetchval("SELECT current_database()")
    settings = notes.settings(tmp_path, desk.owner_dsn.rpartition("/")[0] + f"/{dsn}")
    service = Service("plumbing", settings, tmp_path, lambda _door: desk.app)

    async def type_in(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = await operate.run(service, operate.parse("plumbing", (), ["parked", *words]))
        return code, capsys.readouterr().out

    _, listed = await type_in("list", "--state", "behind")
    assert [json.loads(line)["id"] for line in listed.splitlines()] == [second]
    _, shown = await type_in("show", str(head))
    assert json.loads(shown)["waiting"][0]["id"] == second
    assert await type_in("retry", str(head)) == (0, "1 event is tried again now.\n")
    code, refused = await type_in("retry", str(second))
    assert (code, f"waits behind {head}" in refused) == (1, True)
    assert (await type_in("drop", str(head), " "))[0] == 1
    assert (await type_in("drop", str(head), "a test"))[0] == 0
    _, dropped = await type_in("list", "--state", "dropped")
    assert json.loads(dropped)["closed_by"].endswith("the command line")
