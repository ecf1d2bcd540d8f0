"""The embedded stack starts over whatever it finds, keeps its parts alive, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from deploy.local import home as homes
from deploy.local import leftovers, ports, postgres, stack
from deploy.local.child import Trouble
from deploy.local.databases import SERVICES
from tests import infra

PORT_BASE = 9_200


@dataclass(frozen=True)
class Small:
    """A stack in a process of its own."""

    directory: Path
    process: subprocess.Popen[str]

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.directory / "stack.json").read_text())
        return found

    def is_gone(self, pids: dict[str, int]) -> bool:
        return not any(psutil.pid_exists(pid) for pid in pids.values())


@contextmanager
def small_stack(directory: Path, *options: str) -> Iterator[Small]:
    command = [sys.executable, "-m", "tests.integration.deploy.small", str(directory), *options]
    process = subprocess.Popen(command, cwd=infra.ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "up\n"
        yield Small(directory, process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A stack's folder, whose data are removed wherever they lie."""
    yield tmp_path / "stack"
    homes.forget(homes.Home(tmp_path / "stack"))


@pytest.fixture(scope="module")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    directory = tmp_path_factory.mktemp("stacks") / "shared"
    with small_stack(directory) as small:
        yield small
    homes.forget(homes.Home(directory))


@pytest.fixture
def ruin() -> Iterator[int]:
    """A process of an earlier run that should not be there any more."""
    process = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    yield process.pid
    process.kill()
    process.wait()


async def test_a_stack_starts_over_the_ruins_of_an_earlier_one(directory: Path, ruin: int) -> None:
    home = homes.Home(directory)
    home.notes.mkdir(parents=True)
    leftovers.write_note(home.notes / "matching-0.json", ruin)
    (home.notes / "kafka.json").write_text('{"pid": 1, "started": 17.0}')
    (directory / "stack.lock").write_text("4194304")
    home.description.write_text("{half of a descr")
    home.state.write_text('{"id": "half-finished"')
    (home.kafka / "data").mkdir(parents=True)
    async with stack.running(directory, only_servers=True) as company:
        assert not psutil.pid_exists(ruin)
        assert psutil.pid_exists(1)
        assert await _ask(company.stores["matching"].owner_dsn, "SELECT count(*) FROM outbox") == 0
    assert not home.description.exists()


def test_a_running_stack_describes_itself_to_its_owner_alone(shared_stack: Small) -> None:
    assert (shared_stack.directory / "stack.json").stat().st_mode & 0o777 == 0o600
    said = shared_stack.described()
    assert {"kafka", "databases", "http", "console", "mail_dir", "tokens", "pids"} <= said.keys()
    assert said["databases"].keys() == said["http"].keys() == set(SERVICES)
    assert said["tokens"].keys() == {"admin", "service"}
    assert all(psutil.pid_exists(pid) for pid in said["pids"].values())


async def test_a_second_stack_in_the_same_folder_is_refused(shared_stack: Small) -> None:
    where, who = shared_stack.directory, shared_stack.process.pid
    with pytest.raises(Trouble, match=rf"running in {where} already \(process {who}\): stop it, or choose"):
        async with stack.running(where, only_servers=True):
            pass


async def test_a_dead_server_is_started_again_with_its_data(shared_stack: Small) -> None:
    before = shared_stack.described()
    owner, pid = before["databases"]["matching"], before["pids"]["postgres"]
    await _ask(owner, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(pid, signal.SIGKILL)

    def is_new() -> bool:
        return bool(shared_stack.described()["pids"].get("postgres", pid) != pid)

    await infra.eventually(is_new, "the supervisor starts it again")
    port = urlsplit(owner).port
    await infra.eventually(lambda: postgres.answers(f"{ports.HOST}:{port}"), "it takes connections")
    assert await _ask(owner, "SELECT answer FROM kept") == 42
    assert before["pids"]["kafka"] == shared_stack.described()["pids"]["kafka"]


async def test_nothing_survives_a_killed_parent_and_the_next_run_goes_on_with_the_data(
    directory: Path,
) -> None:
    with small_stack(directory) as killed:
        said = killed.described()
        await _ask(said["databases"]["matching"], "CREATE TABLE kept AS SELECT 42 AS answer")
        killed.process.kill()
        await infra.eventually(lambda: killed.is_gone(said["pids"]), "the servers end with their parent")
    with small_stack(directory) as second:
        again = second.described()
        assert await _ask(again["databases"]["matching"], "SELECT answer FROM kept") == 42
        assert (again["kafka"], again["http"]) == (said["kafka"], said["http"])
        assert not set(again["pids"].values()) & set(said["pids"].values())
        second.process.send_signal(signal.SIGTERM)
        assert second.process.wait(timeout=60) == 0
        assert second.is_gone(again["pids"])


def test_ctrl_c_stops_everything_cleanly(directory: Path) -> None:
    base = PORT_BASE
    with small_stack(directory, str(base)) as small:
        said = small.described()
        assert said["kafka"] == f"{ports.HOST}:{base}"
        assert said["http"]["matching"] == [f"http://{ports.HOST}:{base + 4}"]
        small.process.send_signal(signal.SIGINT)
        assert small.process.wait(timeout=60) == 0
        assert small.is_gone(said["pids"])
        assert not (directory / "stack.json").exists()
    assert "database system is shut down" in (directory / "logs" / "postgres.log").read_text()


def test_databases_whose_stack_is_gone_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    living, lost = homes.Home(tmp_path / "living"), homes.Home(tmp_path / "lost")
    found = {}
    for home in (living, lost):
        home.root.mkdir()
        found[home] = Path(homes.lasting(home, fresh=False).postgres_home)
    lost.state.unlink()
    homes.remove_orphans()
    assert found[lost].is_dir()
    for folder in found.values():
        os.utime(folder, (1, 1))
    homes.remove_orphans()
    assert found[living].is_dir()
    assert not found[lost].exists()


def test_a_fresh_start_forgets_what_was_there(tmp_path: Path) -> None:
    home = homes.Home(tmp_path)
    first = homes.lasting(home, fresh=False)
    (home.mail / "000001.eml").write_text("Subject: old")
    (Path(first.postgres_home) / "row").write_text("old")
    assert homes.lasting(home, fresh=False) == first
    second = homes.lasting(home, fresh=True)
    assert second.link_key != first.link_key
    assert not (Path(first.postgres_home) / "row").exists()
    assert not list(home.mail.iterdir())
    homes.forget(home)


async def test_a_taken_port_is_one_sentence(directory: Path) -> None:
    base = ports.free(1)[0]
    with socket.socket() as other:
        other.bind((ports.HOST, base + 2))
        other.listen()
        with pytest.raises(Trouble, match=rf"Port {base + 2} \(for postgres\) is taken: stop what listens"):
            async with stack.running(directory, only_servers=True, port_base=base):
                pass


async def test_one_given_database_is_not_enough(directory: Path) -> None:
    given = {**os.environ, "DATABASE_URL_MATCHING": "postgresql://somewhere/matching"}
    with pytest.raises(Trouble, match="set DATABASE_URL_SCHEDULING and DATABASE_URL_NOTIFICATIONS and"):
        async with stack.running(directory, only_servers=True, env=given):
            pass


async def _ask(dsn: str, statement: str) -> object:
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchval(statement)
    finally:
        await conn.close()
