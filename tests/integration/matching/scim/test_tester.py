"""The conformance tester of the library's makers, over a live port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import uvicorn
from fastapi import FastAPI
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from deploy.local.scim import Directory
from tests.integration.matching.world import World


@contextmanager
def served(app: FastAPI, loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    """The application on a port of its own, in the loop that owns its store."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    serving = asyncio.run_coroutine_threadsafe(server.serve(), loop)
    try:
        while not server.started:
            assert not serving.done(), serving.exception()
            threading.Event().wait(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        serving.result(timeout=10)


def checked(app: FastAPI, loop: asyncio.AbstractEventLoop, token: str) -> list[tuple[Status, str, str]]:
    headers = {"authorization": f"Bearer {token}"}
    with served(app, loop) as url, httpx2.Client(base_url=f"{url}/scim/v2", headers=headers) as client:
        results = check_server(SyncSCIMClient(client))
    return [(one.status, str(one.title), str(one.reason)) for one in results]


async def test_the_conformance_tester_finds_nothing(here: World, directory: Directory) -> None:
    loop = asyncio.get_running_loop()
    results = await asyncio.to_thread(checked, here.app, loop, directory.token)
    assert [one for one in results if one[0] not in (Status.SUCCESS, Status.SKIPPED)] == []
    assert sum(status == Status.SUCCESS for status, _, _ in results) > 130
