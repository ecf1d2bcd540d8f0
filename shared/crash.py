"""Crash points: named places before and after every await of the relay and of a consumer's batch.

Inert unless the process was started with MENTORING_CRASH_POINTS=<folder>. Then a harness arms a point of the
running process with a file of the point's name in that folder; the word in the file says what happens to
whoever comes there: `kill` (SIGKILL), `freeze` (SIGSTOP, until somebody sends SIGCONT), or `hold`: this one
coroutine waits, the others go on, until the file, by then called `<point>.held`, is removed. A point that was
armed acts once.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from shared import log
from shared.settings import Settings

T = TypeVar("T")

FOLDER: ContextVar[Path | None] = ContextVar("crash points", default=None)
HELD_POLL_S = 0.005


def arm(settings: Settings) -> None:
    """Called where a process is wired, before its tasks are made: these inherit what is set here."""
    if settings.crash_points is not None:
        log.warning("crash-points", outcome="armed", folder=str(settings.crash_points))
        FOLDER.set(settings.crash_points)


def around(name: str, awaited: Awaitable[T]) -> Awaitable[T]:
    """What is awaited, with the points `<name>.before` and `<name>.after`."""
    folder = FOLDER.get()
    return awaited if folder is None else _around(folder, name, awaited)


def within(name: str, context: AbstractAsyncContextManager[T]) -> AbstractAsyncContextManager[T]:
    """The context, with the points `<name>.before`, `.entered`, `.leaving` and `.after`."""
    folder = FOLDER.get()
    return context if folder is None else _within(folder, name, context)


async def _around(folder: Path, name: str, awaited: Awaitable[T]) -> T:
    await _reach(folder / f"{name}.before")
    result = await awaited
    await _reach(folder / f"{name}.after")
    return result


@asynccontextmanager
async def _within(folder: Path, name: str, context: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    await _reach(folder / f"{name}.before")
    async with context as entered:
        await _reach(folder / f"{name}.entered")
        yield entered
        await _reach(folder / f"{name}.leaving")
    await _reach(folder / f"{name}.after")


async def _reach(point: Path) -> None:
    held = _act(point)
    while held is not None and _exists(held):  # noqa: ASYNC110 - a file sets no event
        await asyncio.sleep(HELD_POLL_S)


def _exists(path: Path) -> bool:
    return path.exists()


def _act(point: Path) -> Path | None:
    """Does what the point was armed for; returns the file of a point at which the coroutine is held."""
    if not point.exists():
        return None
    word = point.read_text().strip()
    if word == "hold":
        return point.rename(point.with_name(f"{point.name}.held"))
    point.unlink()
    os.kill(os.getpid(), {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}[word])
    return None
