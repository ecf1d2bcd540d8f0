"""Waiting that ends when the process does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


async def until(something: Awaitable[object], stopping: asyncio.Event) -> None:
    """Waits for something, or for the end; what was not finished then is cancelled."""
    wanted = asyncio.ensure_future(something)
    end = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({wanted, end}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        wanted.cancel()
        end.cancel()


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Sleeps, unless the end comes first."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
