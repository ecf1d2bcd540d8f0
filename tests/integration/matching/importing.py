"""The door of files in a process of its own, for tests that end it as the kernel does.

python -m tests.integration.matching.importing <dsn>
"""

from __future__ import annotations

import asyncio
import sys

from services.matching.hris import files
from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING


async def take_over(dsn: str) -> None:
    clock = SteppedClock()
    clock.set(BEGINNING)
    await files.take_over(tx.Door("matching", await infra.connect(dsn), clock, tx.Bell()))


if __name__ == "__main__":
    asyncio.run(take_over(sys.argv[1]))
