"""`mentoring match`: asked of a matching that runs behind a stack's description."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import pytest_asyncio
import uvicorn

from deploy import cli
from deploy.local import ports
from deploy.local.databases import SERVICES
from tests import infra
from tests.integration.matching import world
from tests.integration.matching.world import World

Mentoring: TypeAlias = Callable[..., Awaitable[str]]


@pytest_asyncio.fixture
async def here(door: infra.MakeDoor, tmp_path: Path) -> AsyncIterator[World]:
    """Two mentees for one seat, and one without a language in common; a round was held."""
    async with world.opened(await door("matching"), tmp_path) as made:
        (port,) = ports.free(1)
        (tmp_path / "stack.json").write_text(json.dumps(described(f"http://127.0.0.1:{port}")))
        server = uvicorn.Server(uvicorn.Config(made.app, port=port, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        await made.hire(*world.a_company(8))
        programme = await made.open()
        for number in (1, 2):
            await made.enrol(programme, number, "mentee")
        await made.enrol(programme, 3, "mentee", languages=["fr"])
        await made.enrol(programme, 5, "mentor")
        await made.hold_round(programme)
        yield made
        server.should_exit = True
        await serving


def described(base: str) -> dict[str, object]:
    """The description of a stack of which only matching answers."""
    return {
        "supervisor": os.getpid(),
        "kafka": "127.0.0.1:1",
        "topic_prefix": "",
        "databases": dict.fromkeys(SERVICES, "postgresql://nowhere"),
        "app_roles": dict.fromkeys(SERVICES, "nobody"),
        "http": {service: [base] for service in SERVICES},
        "console": base,
        "mail_dir": "",
        "tokens": {"admin": "organiser"},
        "pids": {},
        "server": "",
    }


@pytest.fixture
def mentoring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Mentoring:
    """What `mentoring match …` says: its complaint, or else what it prints."""
    monkeypatch.setenv("COLUMNS", "200")

    async def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["mentoring", "match", *arguments, "--dir", str(tmp_path)])
        capsys.readouterr()
        with pytest.raises(SystemExit):
            await asyncio.to_thread(cli.app)
        said = capsys.readouterr()
        return said.err or said.out

    return run


async def test_U2_the_command_says_why_a_pair_was_made_and_why_nobody(
    here: World, mentoring: Mentoring
) -> None:
    ((mentee, mentor),) = await here.pairs()
    made = await mentoring("explain", "Career growth", mentee, mentor)
    assert "This pair was made." in made
    assert "Values: not given by both" in made
    assert "availability" in made
    assert "They have no language in common." in await mentoring("explain", "Career growth", "3", "5")
    assert "If no shared language was needed: 1 mentor more." in await mentoring(
        "explain", "Career growth", "3"
    )


async def test_U3_the_command_compares_a_round_with_one_under_changes(
    here: World, mentoring: Mentoring, tmp_path: Path
) -> None:
    before = await here.snapshot()
    changes = tmp_path / "changes.json"
    changes.write_text('{"capacities": {"5": 2}}')
    said = await mentoring("what-if", "Career growth", str(changes), "--again")
    assert "1 mentees would have another mentor or none: 1 would gain, 0 would lose" in said
    assert "nobody" in said
    assert await here.snapshot() == before


async def test_what_is_wrong_is_one_sentence(here: World, mentoring: Mentoring, tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    changes.write_text('{"capacities": {"99": 2}}')
    said = [
        await mentoring("explain", "Nothing", "1", "5"),
        await mentoring("explain", "Career growth", "99", "5"),
        await mentoring("explain", "Career growth", "5", "1"),
        await mentoring("what-if", "Career growth", "nowhere.json"),
        await mentoring("what-if", "Career growth", str(changes)),
    ]
    assert said[0] == "There is no programme Nothing: choose from Career growth.\n"
    assert said[1] == "99 is nobody's employee number.\n"
    assert said[2].endswith("was no mentee of this run.\n")
    assert said[3].startswith("nowhere.json cannot be read (No such file or directory)")
    assert "/capacities/99: 99 is no mentor of this programme." in said[4]
    assert all(sentence.count("\n") == 1 for sentence in said)
