"""Work of pure Python on many things is done in a thread: nobody waits for their answer until it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

FROM = 50
"""So few take a millisecond or two; a thread for them would cost more than it gives."""

T = TypeVar("T")


async def worked(many: int, work: Callable[[], T]) -> T:
    """What `work` returns, which is about so many things."""
    return await asyncio.to_thread(work) if many > FROM else work()
