"""`mentoring hris`: asked of a matching that runs behind a stack's description."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest
import pytest_asyncio
import uvicorn

from deploy import cli
from deploy.local import hris, ports
from services.matching import store
from services.matching.hris import files
from services.matching.hris.credentials import wall_now
from shared import auth
from tests import infra
from tests.integration.deploy.test_match import described
from tests.integration.matching import world
from tests.unit.matching.builders import a_file, a_row

Mentoring: TypeAlias = Callable[..., Awaitable[tuple[str, str]]]


@pytest_asyncio.fixture
async def mentoring(
    door: infra.MakeDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Mentoring]:
    """What `mentoring hris …` prints, and what it says beside that."""
    monkeypatch.setenv("COLUMNS", "200")
    (port,) = ports.free(1)
    (tmp_path / "stack.json").write_text(
        json.dumps({**described(f"http://127.0.0.1:{port}"), "tokens": {"admin": "admin"}})
    )

    async def run(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["mentoring", "hris", *arguments, "--dir", str(tmp_path)])
        capsys.readouterr()
        with pytest.raises(SystemExit):
            await asyncio.to_thread(cli.app)
        said = capsys.readouterr()
        printed = [line for line in said.out.splitlines(keepends=True) if "[info" not in line]
        return "".join(printed), said.err

    async with world.opened(await door("matching"), tmp_path) as made:
        server = uvicorn.Server(uvicorn.Config(made.app, port=port, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        working = asyncio.create_task(files.take_over(made.door))
        yield run
        working.cancel()
        server.should_exit = True
        await serving


async def test_a_source_gets_a_token_that_is_rotated_and_revoked(mentoring: Mentoring) -> None:
    out, _ = await mentoring("source", "create", "okta", "--kind", "scim", "--precedence", "10")
    assert out == "okta is a source of the kind scim with precedence 10.\n"
    first, told = await mentoring("token", "create", "okta", "--days", "90")
    assert re.fullmatch(r"mth_[\w-]{43}\n", first)
    assert "It is shown this once" in told
    second, _ = await mentoring("token", "rotate", "okta", "--overlap", "2")
    assert second != first
    out, _ = await mentoring("token", "list", "okta")
    assert out.count("live") == 2
    assert first.strip() not in out
    number = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", out)[-1]
    out, _ = await mentoring("token", "revoke", number)
    assert out == f"The token {number} of okta opens nothing any more.\n"
    out, _ = await mentoring("source", "list")
    assert "okta" in out
    await mentoring("source", "revoke", "okta")
    out, _ = await mentoring("source", "list")
    assert "retired" in out


async def test_a_webhook_gets_a_secret(mentoring: Mentoring) -> None:
    await mentoring("source", "create", "sap", "--kind", "webhook")
    out, told = await mentoring("secret", "create", "sap")
    assert re.fullmatch(r"whsec_[\w+/]{43}=\n", out)
    assert "valid for good" in told


async def test_what_is_wrong_is_one_sentence(mentoring: Mentoring) -> None:
    assert (await mentoring("token", "create", "nobody"))[1] == (
        "there is no source nobody: see the list of sources, or create it.\n"
    )
    assert "/kind: " in (await mentoring("source", "create", "fax", "--kind", "fax"))[1]


async def test_a_file_of_people_is_tried_taken_over_and_its_rejects_are_written(
    mentoring: Mentoring, tmp_path: Path
) -> None:
    file, rejects = tmp_path / "people.csv", tmp_path / "rejects.csv"
    file.write_bytes(a_file(a_row(1, time_zone=""), a_row(2), a_row(3, status="gone")).replace(b",", b";"))
    out, _ = await mentoring("import", str(file), "--dry-run")
    assert "people.csv of csv: held. It was sent to see what it would do." in out
    assert re.search(r"new people +│ 1 +│ 2", out)
    assert "line 2, time_zone: is empty, and the site Madrid has no time zone here" in out
    number = re.findall(r"file confirm ([0-9a-f-]{36})", out)[0]
    assert (await mentoring("file", "drop", number))[0].startswith("The file is dropped")
    out, _ = await mentoring("sites", "set", "madrid", "Europe/Madrid")
    assert out == "madrid is in Europe/Madrid.\n"
    assert "Europe/Madrid" in (await mentoring("sites", "list"))[0]
    out, _ = await mentoring("import", str(file), "--full")
    assert "3 rows are taken over" in out
    assert "2 rows applied" in out
    listed, _ = await mentoring("file", "list")
    number = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", listed)[0]
    out, _ = await mentoring("file", "rejects", number, "--out", str(rejects))
    assert out == f"1 lines are in {rejects}.\n"
    assert '4,3,status,"is none of active, leave, inactive, terminated"' in rejects.read_text()
    assert (await mentoring("sites", "remove", "Madrid"))[0] == "The time zone of Madrid is forgotten.\n"


async def test_a_file_that_cannot_be_taken_is_one_sentence(mentoring: Mentoring, tmp_path: Path) -> None:
    assert "cannot be read" in (await mentoring("import", str(tmp_path / "nothing.csv")))[1]
    file = tmp_path / "people.csv"
    file.write_bytes(a_file(a_row(1, title="Zoë")).decode().encode("cp1252"))
    assert "Line 2 has the byte 0xEB, which is not UTF-8" in (await mentoring("import", str(file)))[1]
    assert "1 rows applied" in (await mentoring("import", str(file), "--encoding", "windows-1252"))[0]
    file.write_bytes(a_file(*[a_row(number) for number in range(1, 9)]))
    await mentoring("import", str(file))
    file.write_bytes(a_file(a_row(1)))
    out, _ = await mentoring("import", str(file), "--full")
    assert "It would end 7 of 8 people" in out
    number = re.findall(r"file confirm ([0-9a-f-]{36})", out)[0]
    assert "7 people who become inactive" in (await mentoring("file", "confirm", number))[0]


async def test_each_run_of_a_stack_opens_its_doors_anew(database: infra.MakeDatabase) -> None:
    matching = await database("matching")
    first, second = [await hris.opened(matching, "a key") for _ in range(2)]
    conn = await asyncpg.connect(matching.dsn)
    try:
        opened = [
            await store.sources.find_by_token(conn, auth.hash_token(one.scim_token), "scim", wall_now())
            for one in (first, second)
        ]
        secrets = await store.sources.signing_secrets(conn, hris.WEBHOOK, wall_now())
    finally:
        await conn.close()
    assert opened[0] is None
    assert opened[1] is not None
    assert len(secrets) == 1
    said = second.described("http://127.0.0.1:1")
    assert said["webhook"]["secret"] == second.webhook_secret != first.webhook_secret
    assert said["scim"] == {
        "source": "hr-scim",
        "url": "http://127.0.0.1:1/scim/v2",
        "token": second.scim_token,
    }


async def test_the_connection_test_is_told_line_by_line(mentoring: Mentoring) -> None:
    await mentoring("source", "create", "okta", "--kind", "scim")
    out, _ = await mentoring("test", "okta")
    assert "NOT  token: none is live: `mentoring hris token create okta`\n" in out
    out, _ = await mentoring("retry", "okta")
    assert out == "0 facts of okta wait to be taken over.\n"
