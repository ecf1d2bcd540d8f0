"""`mentoring privacy` and `mentoring audit`: asked of a matching that runs behind a stack's description."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest
import pytest_asyncio
import uvicorn

from deploy import cli
from deploy.local import ports
from deploy.local.databases import SERVICES, Store
from services.matching import commands
from shared import tx
from shared.clock import SteppedClock
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.matching import world
from tests.integration.matching.world import World

Mentoring: TypeAlias = Callable[..., Awaitable[str]]


@pytest_asyncio.fixture
async def store(database: infra.MakeDatabase) -> Store:
    return await database("matching")


@pytest_asyncio.fixture
async def here(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Four people, and somebody who may do anything."""
    monkeypatch.setitem(world.TOKENS, "organiser", ["admin"])
    clock = SteppedClock()
    clock.set(BEGINNING)
    pool = await infra.connect(store.dsn)
    async with world.opened(tx.Door("matching", pool, clock, tx.Bell()), tmp_path) as made:
        (port,) = ports.free(1)
        _describe(tmp_path, f"http://127.0.0.1:{port}", store)
        server = uvicorn.Server(uvicorn.Config(made.app, port=port, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        await made.hire(*world.a_company(4))
        yield made
        server.should_exit = True
        await serving
    pool.terminate()


def _describe(folder: Path, base: str, store: Store) -> None:
    described = {
        "supervisor": os.getpid(),
        "kafka": "127.0.0.1:1",
        "topic_prefix": "",
        "databases": dict.fromkeys(SERVICES, store.owner_dsn),
        "app_roles": dict.fromkeys(SERVICES, "nobody"),
        "http": {service: [base] for service in SERVICES},
        "console": base,
        "mail_dir": "",
        "tokens": {"admin": "organiser"},
        "pids": {},
        "server": "",
    }
    (folder / "stack.json").write_text(json.dumps(described))


@pytest.fixture
def mentoring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Mentoring:
    """What a command says: its complaint, or else what it prints; and the exit code, where it is not 0."""
    monkeypatch.setenv("COLUMNS", "200")

    async def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["mentoring", *arguments, "--dir", str(tmp_path)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(cli.app)
        said = capsys.readouterr()
        return (said.err or said.out) + (f"exit code {ended.value.code}" if ended.value.code else "")

    return run


async def test_an_erasure_is_asked_for_cancelled_carried_out_and_shown(
    here: World, mentoring: Mentoring
) -> None:
    who = here.people["2"]
    asked = await mentoring("privacy", "erase", "2")
    assert f"{who} is erased on 2026-03-09; until then it can be cancelled." in asked
    assert "Asked by organiser on 2026-03-02." in asked
    assert f"{who} was cancelled by organiser on 2026-03-02." in await mentoring("privacy", "cancel", "2")
    assert "Nobody has asked that 2 be erased." in await mentoring("privacy", "cancel", "2")
    await mentoring("privacy", "erase", "2")
    here.later(days=7)
    await here.work()
    shown = await mentoring("privacy", "status", who)
    assert f"{who} was erased on 2026-03-09; receipts are missing." in shown
    assert "1 person" in shown
    assert shown.count("not yet") == 3
    assert "This person was erased already. That cannot be taken back." in await mentoring(
        "privacy", "cancel", who
    )
    assert "2 is nobody's employee number." in await mentoring("privacy", "status", "2")


async def test_the_record_is_checked_with_its_head_and_what_does_not_hold_is_named(
    here: World, mentoring: Mentoring, store: Store
) -> None:
    await commands.audit.seal(here.door)
    whole = await mentoring("audit", "verify")
    assert "5 sealed entries, 0 of them erased; 0 wait for their seal. All of them hold. Head: 5:" in whole
    head = whole.split("Head: ")[1].strip()
    assert "All of them hold." in await mentoring("audit", "verify", "--head", head)
    owner = await asyncpg.connect(store.owner_dsn)
    await owner.execute("UPDATE audit_entry SET payload = payload || ' ' WHERE position = 2")
    await owner.execute("DELETE FROM audit_entry WHERE position = 5")
    await owner.close()
    found = await mentoring("audit", "verify", "--head", head)
    assert "entry 2: what it says of the change is not what was sealed" in found
    assert "the chain no longer has the head 5:" in found
    assert found.endswith("exit code 1")
    assert "seventeen is no head" in await mentoring("audit", "verify", "--head", "seventeen")
