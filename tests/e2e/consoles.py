"""A running console for the browser tests: analytics as a process, on a seeded store behind a gate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from deploy.local import ports
from shared import topics, tx
from shared.clock import SteppedClock
from tests import infra
from tests.integration.analytics import seeds
from tests.integration.analytics.builders import BEGINNING, programme
from tests.integration.analytics.processes import Gate, environment, running, until

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
ADMIN = {"Authorization": "Bearer an-administrator"}
PATIENCE_MS = 20_000
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Console:
    """A running analytics with a seeded store behind a gate; `door` is another way into that store."""

    base: str
    door: tx.Door
    gate: Gate

    def at(self, page: str = "") -> str:
        return f"{self.base}/console/{page}"

    async def figures(self) -> dict[str, dict[str, object]]:
        """What the API tells of the same programme."""
        async with httpx.AsyncClient(base_url=self.base, headers=ADMIN) as http:
            answer = await http.get(f"/v1/programmes/{programme()}/figures")
        return {one["figure"]: one for one in answer.json()["figures"]}


@asynccontextmanager
async def open_console(postgres: infra.Databases, kafka: str, folder: Path) -> AsyncIterator[Console]:
    store, prefix = await postgres.fresh("analytics"), f"t{uuid4().hex[:10]}-"
    await topics.ensure(kafka, prefix)
    pool, clock = await infra.connect(store.dsn), SteppedClock()
    clock.set(BEGINNING)
    door = tx.Door("analytics", pool, clock, tx.Bell(), prefix)
    now = await seeds.seed(door)
    where = urlsplit(store.dsn)
    gate = Gate(str(where.hostname), int(where.port or 5432))
    await gate.open()
    (port,) = ports.free(1)
    base = f"http://127.0.0.1:{port}"
    env = environment(
        dsn=store.dsn.replace(f"{where.hostname}:{where.port}", gate.address),
        kafka=kafka,
        prefix=prefix,
        folder=folder,
        clock="stepped",
        http_port=str(port),
        plumbing_urls=f'{{"analytics": ["{base}"], "matching": ["http://127.0.0.1:1"]}}',
        plumbing_token="an-administrator",
    )
    async with running("serve", env, folder / "serve.log"):
        await _tell_the_time(base, now.isoformat())
        yield Console(base, door, gate)
    await gate.shut()
    pool.terminate()
    await postgres.drop(store)


async def _tell_the_time(base: str, now: str) -> None:
    async with httpx.AsyncClient(base_url=base, headers=ADMIN) as http:

        async def told() -> bool:
            try:
                return (await http.put("/clock", json={"now": now})).is_success
            except httpx.HTTPError:
                return False

        await until(told, "analytics answers", timeout_s=60)
