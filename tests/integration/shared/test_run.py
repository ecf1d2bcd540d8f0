"""A service as a process: it starts, refuses, drains and ends."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from shared import topics
from shared.events import MatchEnded
from tests import infra
from tests.integration.shared.test_carrying import until

TOKEN = "a-token-for-tests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def environment(
    database: infra.MakeDatabase, kafka: str, topic_prefix: str, tmp_path: Path
) -> dict[str, str]:
    """What the tiny service reads at its start; its topics exist."""
    store = await database("plumbing")
    await topics.ensure(kafka, topic_prefix, (MatchEnded,))
    tokens = tmp_path / "tokens.json"
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    tokens.write_text(json.dumps([{"id": "test", "sha256": digest, "scopes": ["matches:write", "operate"]}]))
    return {
        **os.environ,
        "MENTORING_DSN": store.dsn,
        "MENTORING_OWNER_DSN": store.owner_dsn,
        "MENTORING_APP_ROLE": "mentoring_plumbing",
        "MENTORING_KAFKA": kafka,
        "MENTORING_TOPIC_PREFIX": topic_prefix,
        "MENTORING_HTTP_PORT": str(free_port()),
        "MENTORING_TOKENS_FILE": str(tokens),
    }


@contextlib.asynccontextmanager
async def process(environment: dict[str, str], *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.shared.tiny",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        await running.wait()


@contextlib.asynccontextmanager
async def serving(
    environment: dict[str, str],
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    url = f"http://127.0.0.1:{environment['MENTORING_HTTP_PORT']}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        process(environment, "serve") as running,
        httpx.AsyncClient(base_url=url, headers=headers) as http,
    ):

        async def alive() -> bool:
            try:
                return (await http.get("/livez")).status_code == 200
            except httpx.TransportError:
                return False

        await until(alive, 30)
        yield running, http


async def in_hand(dsn: str) -> bool:
    """Whether some transaction is open in this database, besides the one that asks."""
    conn = await asyncpg.connect(dsn)
    try:
        waiting: int = await conn.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'mentoring_plumbing'"
            " AND xact_start < now() - interval '300 milliseconds'"
        )
    finally:
        await conn.close()
    return waiting > 0


async def test_sigterm_lets_a_request_in_hand_finish_and_ends_within_ten_seconds(
    environment: dict[str, str],
) -> None:
    async with serving(environment) as (running, http):
        request = asyncio.create_task(http.post("/v1/ended", params={"seconds": 1.5}))
        await until(lambda: in_hand(environment["MENTORING_DSN"]))
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        assert (await request).status_code == 200
        assert await asyncio.wait_for(running.wait(), 10) == 0
        assert time.monotonic() - began < 10


async def test_sigterm_ends_within_ten_seconds_while_the_broker_hangs(environment: dict[str, str]) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    broker = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = broker.sockets[0].getsockname()[1]
    async with serving({**environment, "MENTORING_KAFKA": f"127.0.0.1:{port}"}) as (running, http):
        said = await http.post("/v1/ended")
        assert said.status_code == 200
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        await asyncio.wait_for(running.wait(), 10)
        assert time.monotonic() - began < 10
    broker.close()


async def test_ready_when_database_broker_and_schema_are(environment: dict[str, str]) -> None:
    async with serving(environment) as (_, http):

        async def ready() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await until(ready)
        assert "mentoring_" in (await http.get("/metrics")).text


async def test_a_service_refuses_a_schema_older_than_its_code(environment: dict[str, str]) -> None:
    conn = await asyncpg.connect(environment["MENTORING_OWNER_DSN"])
    await conn.execute("DELETE FROM schema_migrations")
    await conn.close()
    async with process(environment, "serve") as running:
        output, _ = await asyncio.wait_for(running.communicate(), 30)
    assert running.returncode == 1
    assert b"run `python -m services.plumbing migrate` first" in output
    assert b"Traceback" not in output


async def test_a_port_in_use_is_one_sentence(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["MENTORING_HTTP_PORT"])))
        taken.listen()
        async with process(environment, "serve") as running:
            output, _ = await asyncio.wait_for(running.communicate(), 30)
    assert running.returncode == 1
    assert f"port {environment['MENTORING_HTTP_PORT']} is in use".encode() in output
    assert b"Traceback" not in output


async def test_migrating_without_a_broker_is_one_sentence(environment: dict[str, str]) -> None:
    environment["MENTORING_KAFKA"] = f"127.0.0.1:{free_port()}"
    async with process(environment, "migrate") as running:
        output, _ = await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode == 1
    assert b"the broker could not be reached" in output
    assert b"Traceback" not in output


async def test_missing_settings_are_named(environment: dict[str, str]) -> None:
    bare = {name: value for name, value in environment.items() if name != "MENTORING_DSN"}
    async with process(bare, "serve") as running:
        output, _ = await asyncio.wait_for(running.communicate(), 30)
    assert running.returncode == 1
    assert b"MENTORING_DSN: Field required" in output
    assert b"Traceback" not in output
