"""A small stack, Kafka and PostgreSQL alone, in a process of its own.

    python -m tests.integration.deploy.small DIR [PORT_BASE]

Prints one line when it is up, and stays until it is stopped.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from deploy.cli import options
from deploy.local import stack


async def stay(directory: Path, port_base: int | None) -> None:
    async with stack.running(directory, only_servers=True, port_base=port_base, tell=_nothing):
        print("up", flush=True)
        await asyncio.Event().wait()


def _nothing(_sentence: str) -> None:
    return


if __name__ == "__main__":
    options.run(stay(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
