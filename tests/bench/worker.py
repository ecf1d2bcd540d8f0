"""One measurement in a process of its own: `python -m tests.bench.worker <what> '<json>'`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from shared import log
from tests.bench import alone, job, ours, topic

WHAT: Mapping[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
    "read": alone.read,
    "decode": alone.decode,
    "sql": alone.sql,
    "statements": alone.statements,
    "select-and-delete": alone.select_and_delete,
    "consume": ours.consume,
    "handle": ours.handle,
    "carry": ours.carry,
    "command": ours.command,
    "travel": ours.travel,
    "fill": topic.fill,
}


def main(what: str, spec: dict[str, Any]) -> None:
    log.configure("bench")
    job.report(spec["result"], asyncio.run(_run(WHAT[what], spec)))


async def _run(
    measure: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]], spec: dict[str, Any]
) -> dict[str, Any]:
    return await measure(spec)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
