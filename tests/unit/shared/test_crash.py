"""Crash points are inert unless a process is told to have them, and act once where a harness arms them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared import crash
from shared.settings import Settings
from tests import infra


async def answer() -> int:
    return 42


@contextlib.asynccontextmanager
async def a_room() -> AsyncIterator[int]:
    yield 42


@pytest.fixture
def armed(tmp_path: Path) -> Iterator[Path]:
    token = crash.FOLDER.set(tmp_path)
    yield tmp_path
    crash.FOLDER.reset(token)


async def test_without_a_folder_what_is_awaited_is_handed_back_as_it_is() -> None:
    waiting, room = answer(), a_room()
    assert crash.around("relay.send", waiting) is waiting
    assert crash.within("batch.tx", room) is room
    assert await waiting == 42


def test_settings_without_a_folder_arm_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MENTORING_CRASH_POINTS", raising=False)
    settings = Settings(dsn=SecretStr("postgresql:///"), kafka="")
    contextvars.copy_context().run(crash.arm, settings)
    assert settings.crash_points is None
    assert crash.FOLDER.get() is None


async def test_a_task_made_after_the_arming_has_the_points(tmp_path: Path) -> None:
    async def wired() -> Path | None:
        crash.arm(Settings(dsn=SecretStr("postgresql:///"), kafka="", crash_points=tmp_path))
        return await asyncio.create_task(seen())

    async def seen() -> Path | None:
        return crash.FOLDER.get()

    assert await asyncio.create_task(wired()) == tmp_path
    assert crash.FOLDER.get() is None


async def test_points_that_nobody_armed_change_nothing(armed: Path) -> None:
    assert await crash.around("relay.send", answer()) == 42
    async with crash.within("batch.tx", a_room()) as entered:
        assert entered == 42


@pytest.mark.parametrize("end", ["before", "entered", "leaving", "after"])
async def test_a_held_point_keeps_its_coroutine_and_no_other_until_it_is_let_go(
    armed: Path, end: str
) -> None:
    (armed / f"batch.tx.{end}").write_text("hold")

    async def work() -> None:
        async with crash.within("batch.tx", a_room()):
            pass

    working, held = asyncio.create_task(work()), armed / f"batch.tx.{end}.held"
    await infra.eventually(held.exists, "it is held")
    assert not working.done()
    held.unlink()
    await asyncio.wait_for(working, 5)
    await asyncio.wait_for(work(), 5)


@pytest.mark.parametrize(("word", "number"), [("kill", signal.SIGKILL), ("freeze", signal.SIGSTOP)])
def test_a_process_is_killed_or_frozen_at_its_point_once(
    armed: Path, word: str, number: signal.Signals
) -> None:
    (armed / "relay.send.after").write_text(word)
    pid = os.fork()
    if pid == 0:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(crash.around("relay.send", answer()))
        os._exit(0)
    _, status = os.waitpid(pid, os.WUNTRACED)
    stopped = os.WIFSTOPPED(status)
    assert (os.WSTOPSIG(status) if stopped else os.WTERMSIG(status)) == number
    if stopped:
        os.kill(pid, signal.SIGCONT)
        assert os.waitpid(pid, 0)[1] == 0
    assert list(armed.iterdir()) == []
