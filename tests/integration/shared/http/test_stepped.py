"""Telling a service the time, and hearing whether it has anything left to do at it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared import envelope
from shared.api import context
from shared.clock import SteppedClock
from shared.tx import Connection, transaction
from tests.conftest import BEGINNING
from tests.integration.shared.http import notes
from tests.integration.shared.http.notes import ADMIN, WRITER, Notes, an_event

LATER = BEGINNING + timedelta(hours=3)


async def quiet(desk: Notes) -> dict[str, object]:
    async with desk.client(ADMIN) as client:
        answer = await client.get("/quiet")
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


async def test_the_time_is_set_first_and_loops_are_woken_when_it_is_told_again(desk: Notes) -> None:
    bell = desk.door.bell.listener()
    async with desk.client(ADMIN) as client:
        answer = await client.put("/clock", json={"now": LATER.isoformat()})
        assert answer.status_code == 200
        assert desk.door.clock.now() == LATER
        assert not bell.is_set()
        await client.put("/clock", json={"now": LATER.isoformat()})
        assert bell.is_set()
    assert datetime.fromisoformat(str((await quiet(desk))["now"])) == LATER


async def test_time_does_not_go_back_and_needs_a_zone(desk: Notes) -> None:
    async with desk.client(ADMIN) as client:
        back = await client.put("/clock", json={"now": (BEGINNING - timedelta(seconds=1)).isoformat()})
        naive = await client.put("/clock", json={"now": "2026-05-01T10:00:00"})
    assert back.status_code == 409
    assert naive.status_code == 422
    assert desk.door.clock.now() == BEGINNING


async def test_the_clock_is_for_those_with_its_scope(desk: Notes) -> None:
    async with desk.client(WRITER) as client:
        assert (await client.put("/clock", json={"now": LATER.isoformat()})).status_code == 403
        assert (await client.get("/quiet")).status_code == 403


async def test_a_service_on_real_time_has_no_clock_to_set(desk: Notes, tmp_path: Path) -> None:
    settings = notes.settings(tmp_path, desk.owner_dsn, clock="wall")
    real = notes.build(desk.door, settings, desk.owner_dsn)
    async with real.client(ADMIN) as client:
        assert (await client.put("/clock", json={"now": LATER.isoformat()})).status_code == 404
        assert (await client.get("/quiet")).status_code == 404


async def test_an_idle_service_is_quiet(desk: Notes) -> None:
    desk.progress.sent["t/0"], desk.progress.done["u/3"] = 12, 5
    assert await quiet(desk) == {
        "busy": 0,
        "outbox": 0,
        "sent": {"t/0": 12},
        "done": {"u/3": 5},
        "next_due": None,
        "now": BEGINNING.isoformat().replace("+00:00", "Z"),
    }


async def test_an_open_request_makes_it_busy_and_its_event_an_outbox_row(desk: Notes) -> None:
    async with desk.client() as client:
        sending = asyncio.create_task(client.post("/v1/notes", json={"text": "slow"}))
        await asyncio.wait_for(desk.switches.entered.wait(), 5)
        during = await quiet(desk)
        desk.switches.go_on.set()
        await sending
        after = await quiet(desk)
    assert (during["busy"], during["outbox"]) == (1, 0)
    assert (after["busy"], after["outbox"]) == (0, 1)


@pytest.mark.parametrize(
    ("state", "attempts", "aside", "busy"),
    [
        ("early", 2, 0, 1),
        ("early", 3, 0, 0),
        ("early", 3, 1, 1),
        ("behind", 0, 0, 0),
        ("behind", 0, 1, 1),
        ("failed", 0, 1, 0),
    ],
)
async def test_an_early_event_about_to_be_tried_again_makes_it_busy(
    desk: Notes, state: str, attempts: int, aside: int, busy: int
) -> None:
    desk.progress.aside = aside
    await desk.door.pool.execute(
        "INSERT INTO parked"
        " (topic, partition, record_offset, key, headers, record_time, state, error, attempts)"
        " VALUES ('t', 0, 1, 'k', '[]', now(), $1, 'e', $2)",
        state,
        attempts,
    )
    assert (await quiet(desk))["busy"] == busy


async def test_what_loops_have_in_hand_and_what_is_due_is_asked_in_the_same_snapshot(desk: Notes) -> None:
    snapshots = []

    async def busy(conn: Connection) -> int:
        snapshots.append(await conn.fetchval("SELECT pg_current_snapshot()::text"))
        return 2

    async def next_due(conn: Connection) -> datetime | None:
        async with transaction(desk.door) as other:  # commits between two questions of one snapshot
            other.emit(an_event(other.now, envelope.new_id()))
        snapshots.append(await conn.fetchval("SELECT pg_current_snapshot()::text"))
        return LATER

    context.attach(desk.app, progress=desk.progress, next_due=next_due, busy=busy)
    found = await quiet(desk)
    assert found["busy"] == 2
    assert found["outbox"] == 0
    assert datetime.fromisoformat(str(found["next_due"])) == LATER
    assert snapshots[0] == snapshots[1]


async def test_an_event_on_its_way_from_a_transaction_to_the_broker_is_never_overlooked(desk: Notes) -> None:
    """Whatever moves while /quiet is being answered, it is seen in at least one place."""

    async def relayed_meanwhile(conn: Connection) -> int:
        await desk.door.pool.execute("DELETE FROM outbox")
        desk.progress.sent["t/0"] = 1
        return 0

    async with transaction(desk.door) as t:
        t.emit(an_event(t.now, envelope.new_id()))
    context.attach(desk.app, progress=desk.progress, next_due=None, busy=relayed_meanwhile)
    found = await quiet(desk)
    assert found["outbox"] == 1
    assert found["sent"] == {"t/0": 1}


async def test_records_done_meanwhile_count_as_not_done(desk: Notes) -> None:
    desk.progress.done["t/0"] = 4

    async def applied_meanwhile(conn: Connection) -> int:
        desk.progress.done["t/0"] = 5
        return 0

    context.attach(desk.app, progress=desk.progress, next_due=None, busy=applied_meanwhile)
    assert (await quiet(desk))["done"] == {"t/0": 4}


async def test_a_service_that_was_not_told_the_time_says_so(desk: Notes, tmp_path: Path) -> None:
    door = notes.a_door(desk.door.pool, SteppedClock())
    untold = notes.build(door, notes.settings(tmp_path, desk.owner_dsn), desk.owner_dsn)
    assert (await quiet(untold))["now"] is None


async def test_who_was_not_told_the_time_lets_nobody_act_or_look_as_of_1970(
    desk: Notes, tmp_path: Path
) -> None:
    clock = SteppedClock()
    door = notes.a_door(desk.door.pool, clock)
    untold = notes.build(door, notes.settings(tmp_path, desk.owner_dsn), desk.owner_dsn)
    page = f"/note/{desk.link()}"
    async with untold.client() as client:
        command = await client.post("/v1/notes", json={"text": "too early"})
        looks = await client.get(page), await client.post(page, data={"text": "too early"})
        assert [answer.status_code for answer in (command, *looks)] == [503, 503, 503]
        assert command.headers["retry-after"]
        clock.set(BEGINNING)
        assert (await client.post("/v1/notes", json={"text": "in time"})).status_code == 201
        assert (await client.get(page)).status_code == 200
    assert await desk.texts() == ["in time"]
