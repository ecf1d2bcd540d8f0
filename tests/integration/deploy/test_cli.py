"""The command `mentoring`: what operators read and do, and one sentence where something is wrong."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest
import pytest_asyncio

from deploy import cli
from deploy.local import home
from deploy.local.databases import SERVICES, Store, app_role
from shared import inbox, topics
from tests import infra


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """What a failed command said: one line, no stack trace."""
        assert self.code == 1
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


Mentoring: TypeAlias = Callable[..., Said]


@pytest.fixture
def mentoring(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mentoring:
    """The command in this process: `mentoring("status", "--dir", folder)`."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["mentoring", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.app()
        said = capsys.readouterr()
        return Said(int(end.value.code or 0), said.out, said.err)

    return run


@pytest_asyncio.fixture
async def described(database: infra.MakeDatabase, tmp_path: Path) -> Store:
    """A folder with the description of a stack whose database of scheduling is real; nobody answers HTTP."""
    store = await database("scheduling")
    found = {
        "kafka": "127.0.0.1:1",
        "topic_prefix": "",
        "databases": dict.fromkeys(SERVICES, store.owner_dsn),
        "app_roles": {service: app_role("scheduling") for service in SERVICES},
        "http": {service: ["http://127.0.0.1:1"] for service in SERVICES},
        "console": "",
        "mail_dir": "",
        "tokens": {"admin": "a", "service": "s"},
        "pids": {},
        "server": "",
        "supervisor": os.getpid(),
    }
    (tmp_path / "stack.json").write_text(json.dumps(found))
    return store


async def park(store: Store, key: str, error: str) -> int:
    conn = await asyncpg.connect(store.owner_dsn)
    try:
        number: int = await conn.fetchval(
            """
            INSERT INTO parked
                (topic, partition, record_offset, key, headers, payload, record_time, state, error)
            SELECT 'match-made', 0, count(*), $1, '[]', 'not json', now(), 'unreadable', $2 FROM parked
            RETURNING id
            """,
            key,
            error,
        )
        return number
    finally:
        await conn.close()


@pytest_asyncio.fixture
async def given(
    postgres: infra.Databases, kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, Store]]:
    """Empty databases and a broker, given in the environment."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    monkeypatch.setenv("MENTORING_TOPIC_PREFIX", topic_prefix)
    stores = {service: await postgres.unmigrated(service) for service in SERVICES}
    for service, store in stores.items():
        monkeypatch.setenv(f"DATABASE_URL_{service.upper()}", store.owner_dsn)
        monkeypatch.setenv(f"DATABASE_URL_{service.upper()}_APP", store.dsn)
    yield stores
    for store in stores.values():
        await postgres.drop(store)


async def stop(store: Store) -> None:
    conn = await asyncpg.connect(store.owner_dsn)
    try:
        await inbox.stop(conn, "too many failures")
    finally:
        await conn.close()


async def consumer_state(store: Store) -> tuple[bool, bool]:
    """Whether the consumer is stopped, and whether a reread is asked for."""
    conn = await asyncpg.connect(store.owner_dsn)
    try:
        row = await conn.fetchrow(
            "SELECT stopped_at IS NOT NULL, replay_requested_at IS NOT NULL FROM consumer_state"
        )
        assert row is not None
        return row[0], row[1]
    finally:
        await conn.close()


async def outbox_rows(store: Store) -> object:
    conn = await asyncpg.connect(store.dsn)
    try:
        return await conn.fetchval("SELECT count(*) FROM outbox")
    finally:
        await conn.close()


async def state_of(store: Store, number: int) -> tuple[str, bool]:
    """The state of a parked event, and whether its next attempt is due."""
    conn = await asyncpg.connect(store.owner_dsn)
    try:
        row = await conn.fetchrow(
            "SELECT state, coalesce(next_attempt_at <= clock_timestamp(), false) FROM parked WHERE id = $1",
            number,
        )
        assert row is not None
        return row[0], row[1]
    finally:
        await conn.close()


def test_parked_events_are_listed_shown_retried_and_dropped(
    mentoring: Mentoring, described: Store, tmp_path: Path
) -> None:
    number = asyncio.run(park(described, "key-1", "the sky is green"))
    here = ("--dir", tmp_path)
    listed = mentoring("parked", "list", "scheduling", *here)
    assert re.search(rf"{number} .*match-made.*key-1.*unreadable.*the sky is green", listed.out)
    second = asyncio.run(park(described, "key-1", "no news"))
    shown = json.loads(mentoring("parked", "show", "scheduling", number, *here).out)
    assert (shown["error"], shown["payload"]["text"]) == ("the sky is green", "not json")
    assert [one["id"] for one in shown["waiting"]] == [second]
    behind = mentoring("parked", "retry", "scheduling", second, *here)
    assert f"retry or drop {number}, and it goes on by itself" in behind.sentence
    again = mentoring("parked", "retry", "scheduling", number, *here)
    assert "1 event is tried again now." in again.out
    assert asyncio.run(state_of(described, number))[1]
    dropped = mentoring("parked", "drop", "scheduling", number, "a test record", *here)
    assert dropped.code == 0
    assert asyncio.run(state_of(described, number))[0] == "dropped"
    assert re.search(
        rf"{number} .*a test record \(.*command line\)",
        mentoring("parked", "list", "scheduling", "--state", "dropped", *here).out,
    )
    assert mentoring("parked", "drop", "scheduling", second, "another", *here).code == 0
    assert "nothing parked" in mentoring("parked", "list", "scheduling", *here).out


def test_a_drop_without_a_reason_and_a_state_nobody_knows_are_one_sentence(
    mentoring: Mentoring, described: Store, tmp_path: Path
) -> None:
    number = asyncio.run(park(described, "key-1", "the sky is green"))
    here = ("--dir", tmp_path)
    assert "say why" in mentoring("parked", "drop", "scheduling", number, "  ", *here).sentence
    assert asyncio.run(state_of(described, number))[0] == "unreadable"
    listing = mentoring("parked", "list", "scheduling", "--state", "lost", *here)
    assert listing.sentence.startswith("There is no state lost: choose from failed, early")


def test_an_event_that_is_not_there_is_one_sentence(
    mentoring: Mentoring, described: Store, tmp_path: Path
) -> None:
    for action in (
        ("show", "scheduling", 17),
        ("retry", "scheduling", 17),
        ("drop", "scheduling", 17, "why"),
    ):
        assert "parked list" in mentoring("parked", *action, "--dir", tmp_path).sentence


def test_a_stopped_consumer_is_resumed_and_a_reread_is_asked_for(
    mentoring: Mentoring, described: Store, tmp_path: Path
) -> None:
    asyncio.run(stop(described))
    again = mentoring("parked", "retry", "scheduling", "--dir", tmp_path)
    assert "but the consumer is stopped (too many failures)" in again.out
    resumed = mentoring("resume", "scheduling", "--dir", tmp_path)
    assert "It was stopped since" in resumed.out
    assert "too many failures" in resumed.out
    assert "was not stopped" in mentoring("resume", "scheduling", "--dir", tmp_path).out
    assert mentoring("reread", "scheduling", "--dir", tmp_path).code == 0
    assert asyncio.run(consumer_state(described)) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("payroll",), "There is no service payroll: choose from"),
        (("analytics",), "name it with --into"),
        (("analytics", "--until", "yesterday"), "--until yesterday is not a time: say for example"),
        (("matching", "--into", "postgresql://me@127.0.0.1:1/x"), "it is who says them"),
        (("scheduling", "--until", "2026-07-01", "--into", "postgresql://x"), "--until is for analytics"),
    ],
)
def test_a_replay_that_makes_no_sense_is_one_sentence(
    mentoring: Mentoring, described: Store, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in mentoring("replay", *arguments, "--dir", tmp_path).sentence


def test_status_says_who_does_not_answer(mentoring: Mentoring, described: Store, tmp_path: Path) -> None:
    said = mentoring("status", "--dir", tmp_path)
    assert said.code == 1
    assert said.out.count("no answer") == len(SERVICES)
    assert not said.err


def test_without_a_stack_one_sentence_says_how_to_start_one(mentoring: Mentoring, tmp_path: Path) -> None:
    for command in (("status",), ("parked", "list", "matching"), ("resume", "matching"), ("migrate",)):
        assert "start one with `mentoring up`" in mentoring(*command, "--dir", tmp_path).sentence


def test_a_broken_description_is_one_sentence(mentoring: Mentoring, tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"supervisor": ')
    assert "cannot be read" in mentoring("status", "--dir", tmp_path).sentence


def test_an_unknown_service_is_one_sentence(mentoring: Mentoring, described: Store, tmp_path: Path) -> None:
    said = mentoring("parked", "list", "payroll", "--dir", tmp_path)
    assert said.sentence == f"There is no service payroll: choose from {', '.join(SERVICES)}."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--replicas", "matching"), "--replicas matching is not understood: say for example"),
        (("--replicas", "payroll=2"), "There is no service payroll: choose from matching, scheduling"),
        (("--replicas", "matching=99"), "matching can have 1 to 6 replicas, not 99."),
        (("--port-base", "65535"), "--port-base 65535 leaves no room for"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(
    mentoring: Mentoring, arguments: tuple[str, str], sentence: str, tmp_path: Path
) -> None:
    assert sentence in mentoring("up", *arguments, "--dir", tmp_path / "stack").sentence
    home.forget(home.Home(tmp_path / "stack"))


def test_migrate_brings_given_databases_and_topics_up_to_date(
    mentoring: Mentoring, given: dict[str, Store], kafka: str, topic_prefix: str
) -> None:
    first, second = mentoring("migrate"), mentoring("migrate")
    assert first.code == 0
    assert "matching: applied shared/0001_plumbing.sql" in first.out
    assert second.out.count("up to date") == len(SERVICES) + 1
    assert asyncio.run(topics.ensure(kafka, topic_prefix)) == []
    assert asyncio.run(outbox_rows(given["matching"])) == 0


def test_a_given_database_that_is_away_is_one_sentence(
    mentoring: Mentoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    for service in SERVICES:
        monkeypatch.setenv(f"DATABASE_URL_{service.upper()}", "postgresql://me:secret@127.0.0.1:1/x")
    sentence = mentoring("migrate").sentence
    assert "check DATABASE_URL_MATCHING" in sentence
    assert "secret" not in sentence


def test_the_command_runs_as_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.cli", "status", "--dir", str(tmp_path)]
    said = subprocess.run(command, cwd=infra.ROOT, capture_output=True, text=True, timeout=120)
    assert said.returncode == 1
    assert said.stderr.startswith("No stack is running in ")
