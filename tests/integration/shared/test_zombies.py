"""Two processes with the same records: a frozen one that wakes up does no harm and holds nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared import apply, crash, inbox, tx
from shared.breaker import Breaker
from shared.errors import Transient
from tests import infra
from tests.integration.shared.plumbing import Listener, a_match, ended, recorded
from tests.integration.shared.test_carrying import until

WAITING = """
SELECT count(*) > 0 FROM pg_locks
WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@asynccontextmanager
async def held(
    listener: Listener, folder: Path, point: str, *records: inbox.Record
) -> AsyncIterator[asyncio.Task]:
    """Another process that applies these records and comes no further than the point; let go at the end."""

    async def apply_there() -> apply.Applied:
        crash.FOLDER.set(folder)
        return await apply.apply_batch(listener.door, listener.ears(), records, Breaker())

    (folder / point).write_text("hold")
    there = asyncio.create_task(apply_there())
    await infra.eventually((folder / f"{point}.held").exists, f"somebody is held at {point}")
    yield there
    (folder / f"{point}.held").unlink(missing_ok=True)
    await asyncio.wait([there])


@pytest.mark.parametrize("poisoned", [False, True])
async def test_U5_what_another_process_is_applying_is_neither_applied_again_nor_parked(
    listener: Listener, tmp_path: Path, poisoned: bool
) -> None:
    match = a_match()
    record, garbage = recorded(ended(match), 0), recorded(ended(a_match()), 1, value=b"{}")
    async with held(listener, tmp_path, "handle.one.after", record):
        listener.poison |= {match} if poisoned else set()
        here = asyncio.create_task(
            apply.apply_batch(listener.door, listener.ears(), [record, garbage], Breaker())
        )
        await until(lambda: listener.door.pool.fetchval(WAITING))
    assert (await here).outcomes == ("repeated", "failed")
    assert await listener.effects(match) == [1]
    assert await listener.parked() == ["unreadable"]


async def test_U5_a_parked_event_that_was_applied_elsewhere_is_released_without_an_effect(
    listener: Listener,
) -> None:
    match = a_match()
    record = recorded(ended(match), 0)
    listener.poison.add(match)
    await apply.apply_batch(listener.door, listener.ears(), [record], Breaker())
    listener.poison.clear()
    heard = apply.decode(listener.ears(), record)
    assert isinstance(heard, apply.Heard)
    async with tx.transaction(listener.door) as t:
        await inbox.admit(t.conn, [(heard.envelope.id, 1, record)])
    await listener.door.pool.execute("UPDATE parked SET next_attempt_at = now()")
    assert await apply.retry_heads(listener.door, listener.ears(), early_too=False) == 1
    assert await listener.effects(match) == []
    assert await listener.parked() == []


async def test_a_process_that_is_frozen_in_its_transaction_holds_nobody_up_for_ever(
    listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "FROZEN_S", 1)
    match = a_match()
    record = recorded(ended(match), 0)
    async with held(listener, tmp_path, "handle.one.before", record) as there:
        applied = await apply.apply_batch(listener.door, listener.ears(), [record], Breaker())
        assert applied.outcomes == ("applied",)
    assert isinstance(there.exception(), Transient)
    assert await listener.effects(match) == [1]


async def test_a_connection_that_breaks_after_the_commit_undoes_nothing_and_the_loops_are_woken(
    listener: Listener, tmp_path: Path
) -> None:
    woken = listener.door.bell.listener()

    async def work() -> None:
        crash.FOLDER.set(tmp_path)
        async with tx.transaction(listener.door) as t:
            t.emit(ended(a_match()))

    (tmp_path / "door.release.before").write_text("hold")
    working, at = asyncio.create_task(work()), tmp_path / "door.release.before.held"
    await infra.eventually(at.exists, "it is committed and not given back")
    await listener.door.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
    )
    at.unlink()
    await working
    assert woken.is_set()
    assert await listener.door.pool.fetchval("SELECT count(*) FROM outbox") == 1
