"""Processes of analytics as an operator starts them, for tests that need the real thing."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
TOKENS = {"an-administrator": ["admin"], "a-reader": ["figures:read"], "a-stranger": ["people:read"]}
STOP_TIMEOUT_S = 12.0


def environment(*, dsn: str, kafka: str, prefix: str, folder: Path, **more: str) -> dict[str, str]:
    """What a process of analytics is told. `folder` is taken for a stack's own; TOKENS are their own text."""
    tokens = folder / "tokens.json"
    rows = [
        {"id": token, "sha256": hashlib.sha256(token.encode()).hexdigest(), "scopes": scopes}
        for token, scopes in TOKENS.items()
    ]
    tokens.write_text(json.dumps(rows))
    return {
        "MENTORING_DSN": dsn,
        "MENTORING_KAFKA": kafka,
        "MENTORING_TOPIC_PREFIX": prefix,
        "MENTORING_STACK_DIR": str(folder),
        "MENTORING_TOKENS_FILE": str(tokens),
        "MENTORING_LINK_KEY": "a key for tests only, thirty-two",
        **{f"MENTORING_{name.upper()}": value for name, value in more.items()},
    }


@asynccontextmanager
async def running(
    command: str, env: Mapping[str, str], log: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m services.analytics <command>`; ended with SIGTERM where it is still there."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.analytics", command),
            cwd=ROOT,
            env={**os.environ, **env},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def until(
    holds: Callable[[], Awaitable[object]], what: str, *, timeout_s: float = 30.0, every_s: float = 0.1
) -> None:
    """Waits for a condition; says what did not happen in time."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not await holds():
        assert asyncio.get_running_loop().time() < deadline, f"{what}: not within {timeout_s:.0f} s"
        await asyncio.sleep(every_s)


@dataclass
class Gate:
    """A way to a server that can be shut: to who comes through it the server is away."""

    host: str
    port: int
    address: str = ""
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def open(self) -> None:
        """Opens the gate, at the same address as before."""
        port = int(self.address.rpartition(":")[2]) if self.address else 0
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", port)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def shut(self) -> None:
        """Refuses who comes and cuts off who is inside."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.host, self.port)
        await asyncio.gather(self._copy(reader, back), self._copy(there, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(OSError):
            while block := await reader.read(65536):
                writer.write(block)
                await writer.drain()
        writer.close()
        self._open.discard(writer)
