"""The bound: the statements of real requests, sent again by plain asyncpg on another copy of the same
database.

Requests are answered by the product's application in this process while its connections note what they are
asked. The notes are then played back: the same statements with the same values in the same transactions, and
nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import httpx

from deploy.local.databases import Store
from services.matching.service import build
from services.matching.settings import Settings
from shared import tx
from shared.clock import WallClock
from tests.bench.ground import Failed
from tests.bench.hris.clients import Request

Statements: TypeAlias = list[tuple[str, tuple[Any, ...]]]
RESET = "pg_advisory_unlock_all"


async def noted(made: Store, key: str, requests: Sequence[Request]) -> list[Statements]:
    """Answers the requests one after another; returns the statements of each."""
    found: list[Statements] = []

    def note(query: Any) -> None:
        if found and RESET not in query.query:
            found[-1].append((query.query, tuple(query.args or ())))

    async def listen(conn: Any) -> None:
        conn.add_query_logger(note)

    pool = await asyncpg.create_pool(made.dsn, min_size=1, max_size=1, init=listen)
    door = tx.Door("matching", pool, WallClock(), tx.Bell())
    app = build(Settings(dsn="unused", kafka="unused", link_key=key)).http(door)  # type: ignore[arg-type]
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            for one in requests:
                found.append([])
                answer = await client.request(one.method, one.path, content=one.body, headers=one.headers)
                if answer.is_error:
                    raise Failed(f"{one.method} {one.path}: {answer.text[:500]}")
    finally:
        await pool.close()
    return found


async def rate(made: Store, requests: Sequence[Statements], clients: int) -> float:
    """Requests a second when nothing is done but their statements."""
    waiting = iter(requests)
    pool = await asyncpg.create_pool(made.dsn, min_size=clients, max_size=clients)
    try:
        began = time.monotonic()
        await asyncio.gather(*(_again(pool, waiting) for _ in range(clients)))
        return len(requests) / (time.monotonic() - began)
    finally:
        await pool.close()


async def _again(pool: Any, waiting: Iterator[Statements]) -> None:
    async with pool.acquire() as conn:
        for statements in waiting:
            for query, args in statements:
                if args:
                    await conn.fetch(query, *args)
                else:
                    await conn.execute(query)


def shown(requests: Sequence[Statements]) -> str:
    """How many statements a request has in the middle."""
    counts = sorted(len(one) for one in requests)
    return f"{counts[len(counts) // 2]} statements"


def written(file: Path, requests: Sequence[Statements]) -> None:
    """Keeps them to be looked at."""
    file.write_text("\n\n".join("\n".join(query for query, _ in one) for one in requests))
