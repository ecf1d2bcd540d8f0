"""What the measurements stand on: a real broker, a real and durable database server, and worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local import databases, kafka, leftovers, postgres
from deploy.local.databases import Store
from shared import migrate, topics
from tests.bench import job, small

ROOT = Path(__file__).parents[2]
SERVICE = "bench"
WORKER_TIMEOUT_S = 120.0


class Failed(Exception):
    """A worker did not do its work; the text has its last words."""


@dataclass
class Ground:
    """Addresses, and what was made on them."""

    home: Path
    kafka: str
    admin_dsn: str
    peer_python: Path | None
    postgres_pid: int
    broker_home: Path
    _templates: dict[str, str] = field(default_factory=dict)

    async def store(self, service: str = SERVICE, folder: Path = small.FOLDER) -> Store:
        """A fresh database of a service, migrated; that of the bench has its pairs."""
        if service not in self._templates:
            self._templates[service] = await self._template(service, folder)
        name = f"{service}_{uuid.uuid4().hex[:10]}"
        return await databases.make(self.admin_dsn, service, name, template=self._templates[service])

    async def drop(self, store: Store) -> None:
        await databases.drop(self.admin_dsn, store.name)

    async def topics(self) -> str:
        """Fresh topics of the job; returns their prefix."""
        prefix = f"b{uuid.uuid4().hex[:8]}-"
        await topics.ensure(self.kafka, prefix, (job.SessionMeasured, job.PairCounted))
        return prefix

    async def work(self, what: str, **spec: Any) -> dict[str, Any]:
        """Runs one measurement in its own process and returns what it found."""
        return await self._run([sys.executable, "-m", "tests.bench.worker", what], spec)

    async def peer(self, module: str, **spec: Any) -> dict[str, Any]:
        """The same for a peer, in the peers' environment."""
        return await self._run([str(self.peer_python), "-m", f"tests.bench.{module}"], spec)

    async def run_module(self, module: str, **spec: Any) -> dict[str, Any]:
        """The same for a module of the bench that is a worker of its own."""
        return await self._run([sys.executable, "-m", f"tests.bench.{module}"], spec)

    async def _run(self, command: list[str], spec: dict[str, Any]) -> dict[str, Any]:
        name = uuid.uuid4().hex[:8]
        result, log = self.home / f"{name}.json", self.home / f"{name}.log"
        told = json.dumps({**spec, "kafka": self.kafka, "result": str(result)})
        process = self.start([*command, told], log)
        try:
            code = await asyncio.wait_for(asyncio.to_thread(process.wait), WORKER_TIMEOUT_S)
        except TimeoutError:
            code = None
        finally:
            end(process)
        if code != 0 or not result.exists():
            last = log.read_text(errors="replace")[-2000:]
            raise Failed(f"{' '.join(command[1:])} ended with {code}: {last}")
        found: dict[str, Any] = json.loads(result.read_text())
        log.unlink()
        return found

    def start(self, command: list[str], log: Path, **env: str) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **env},
                stdout=output,
                stderr=output,
            )

    async def _template(self, service: str, folder: Path) -> str:
        await databases.make_roles(self.admin_dsn, service)
        made = await databases.make(self.admin_dsn, service, f"template_{service}_{uuid.uuid4().hex[:8]}")
        await migrate.migrate(made.owner_dsn, folder, databases.app_role(service))
        if service == SERVICE:
            conn = await asyncpg.connect(made.owner_dsn)
            await conn.executemany(
                "INSERT INTO measured_pair (match_id, sessions) VALUES ($1, 0)",
                [(job.pair(number),) for number in range(job.PAIRS)],
            )
            await conn.close()
        return made.name


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process, kindly first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def prepared(peer_python: Path | None) -> Iterator[Ground]:
    """Both servers, embedded, as the demo starts them: PostgreSQL keeps fsync on. Without the peers' Python
    the peers are not measured."""
    home = leftovers.temporary_home("bench")
    broker = kafka.Broker(home / "kafka", notes=home / "pids", log=home / "kafka.log")
    server = postgres.Server(home / "postgres", notes=home / "pids", log=home / "postgres.log", durable=True)
    with contextlib.ExitStack() as held:
        held.callback(leftovers.remove, home)
        held.callback(broker.stop)
        broker.start()
        held.callback(server.stop)
        server.start()
        noted = leftovers.noted(home / "pids" / "postgres.json")
        assert noted is not None, "the database server has just started"
        yield Ground(home, broker.address, server.dsn(), peer_python, noted.pid, home / "kafka")
