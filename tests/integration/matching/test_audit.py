"""Every change is noted with who, when, before and after; whoever changes what was noted is found."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.matching import commands
from services.matching.core.audit import Verdict
from shared import tx
from shared.clock import SteppedClock
from shared.tx import Connection
from tests import infra
from tests.conftest import BEGINNING
from tests.integration.matching import world
from tests.integration.matching.world import World

PEOPLE, SOURCE = 6, 1
"""Changes that are noted when a file of people is taken over for the first time."""
TAMPERING = {
    "a flipped byte": (
        "UPDATE audit_entry SET payload = replace(payload, 'Engineer', 'Engineex') WHERE position = 3",
        ["changed"],
    ),
    "another actor": ("UPDATE audit_entry SET actor = 'token nobody' WHERE position = 3", ["moved"]),
    "another time": ("UPDATE audit_entry SET at = at - interval '1 us' WHERE position = 3", ["moved"]),
    "a removed entry": ("DELETE FROM audit_entry WHERE position = 3", ["missing", "moved"]),
    "two in the other order": (
        "UPDATE audit_entry SET position = -1 * position WHERE position IN (3, 4);"
        "UPDATE audit_entry SET position = position + 7 WHERE position IN (-3, -4)",
        ["moved", "moved", "moved"],
    ),
    "an entry emptied by hand": (
        "UPDATE audit_entry SET salt = NULL, payload = NULL WHERE position = 3",
        ["emptied"],
    ),
}


@pytest_asyncio.fixture
async def store(database: infra.MakeDatabase) -> Any:
    return await database("matching")


@pytest_asyncio.fixture
async def here(store: Any, tmp_path: Path) -> AsyncIterator[World]:
    clock = SteppedClock()
    clock.set(BEGINNING)
    pool = await infra.connect(store.dsn)
    async with world.opened(tx.Door("matching", pool, clock, tx.Bell()), tmp_path) as made:
        yield made
    pool.terminate()


@pytest_asyncio.fixture
async def owner(store: Any) -> AsyncIterator[Connection]:
    """Somebody with all rights on the database."""
    conn = await asyncpg.connect(store.owner_dsn)
    yield conn
    await conn.close()


async def verified(conn: Connection) -> Verdict:
    return await commands.audit.verify(conn)


async def changes(here: World, **which: Any) -> list[dict[str, Any]]:
    """The newest first, all sealed."""
    await commands.audit.seal(here.door)
    answer = await here.call("GET", "/v1/audit", params=which, token="auditor")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_every_change_of_a_person_is_noted_with_who_and_what_was_before_and_after(here: World) -> None:
    await here.hire(world.a_row(1, title="Engineer"))
    await here.hire(world.a_row(1, title="Architect"))
    moved, hired = await changes(here, person_id=here.people["1"])
    assert (hired["actor"], hired["action"], hired["subject"]) == ("token organiser", "insert", "person")
    assert hired["after"]["title"] == "Engineer"
    assert (moved["action"], moved["before"], moved["after"]) == (
        "update",
        {"title": "Engineer"},
        {"title": "Architect"},
    )
    await here.hire(world.a_row(1, title="Architect"))
    assert len(await changes(here, person_id=here.people["1"])) == 2, "the same again changes nothing"


async def test_decisions_are_noted_by_name_and_rounds_are_not(here: World) -> None:
    await here.hire(*world.a_company(4))
    programme = await here.open()
    for number, role in ((1, "mentee"), (2, "mentee"), (3, "mentor"), (4, "mentor")):
        await here.enrol(programme, number, role)
    await here.pair(programme, 1, 3)
    await here.hold_round(programme)
    found = await changes(here, subject=["match"])
    assert [(one["actor"], one["action"]) for one in found] == [("token organiser", "insert")]
    (proposed,) = [one for one in await here.matches() if one["state"] == "proposed"]
    await here.say(proposed["match_id"], 2, "accept")
    answered = (await changes(here, subject=["match"]))[0]
    assert answered["actor"] == f"person {here.people['2']}"
    assert answered["after"] == {"mentee_answer": "accept"}
    assert (await changes(here, subject=["programme"]))[-1]["actor"] == "token organiser"


@pytest.mark.parametrize("deed", TAMPERING)
async def test_the_verifier_finds_WHAT_WAS_DONE_to_the_record(
    here: World, owner: Connection, deed: str
) -> None:
    await here.hire(*world.a_company(PEOPLE))
    assert await commands.audit.seal(here.door) == PEOPLE + SOURCE
    whole = await verified(owner)
    assert (whole.sealed, whole.erased, whole.waiting, whole.findings) == (PEOPLE + SOURCE, 0, 0, ())
    assert whole.head.position == PEOPLE + SOURCE
    statements, expected = TAMPERING[deed]
    await owner.execute(statements)
    found = await verified(owner)
    assert [one.state for one in found.findings] == expected
    assert found.findings[0].position == 3


async def test_an_entry_that_was_erased_is_answered_as_erased_and_not_as_broken(
    here: World, owner: Connection
) -> None:
    await here.hire(*world.a_company(3))
    await commands.audit.seal(here.door)
    body = {"person_id": here.people["2"]}
    await here.call("POST", "/v1/privacy/erasures", body, token="auditor")
    here.later(days=7)
    await here.work()
    assert (await verified(owner)).waiting > 0
    await commands.audit.seal(here.door)
    verdict = await verified(owner)
    assert (verdict.findings, verdict.waiting) == ((), 0)
    assert verdict.erased >= 3, "the hire, the request, and the erasing itself"
    told = await changes(here, person_id=here.people["2"])
    hired = told[-1]
    assert (hired["action"], hired["erased"], hired["after"]) == ("insert", True, {})
    others = await changes(here, person_id=here.people["1"])
    assert others[-1]["after"]["title"] == "Design Engineer", "nobody else's"


async def test_whoever_runs_the_service_can_add_and_seal_and_change_nothing(here: World) -> None:
    await here.hire(*world.a_company(2))
    for statement in (
        "UPDATE audit_entry SET payload = '{}'",
        "UPDATE audit_entry SET position = 1, digest = '', link = ''",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await here.door.pool.execute(statement)
    assert await commands.audit.seal(here.door) == 2 + SOURCE


async def test_what_is_cut_off_at_the_end_is_missed_by_whoever_kept_a_head(
    here: World, owner: Connection
) -> None:
    await here.hire(*world.a_company(4))
    await commands.audit.seal(here.door)
    kept = (await verified(owner)).head
    await owner.execute("DELETE FROM audit_entry WHERE position > 2")
    cut = await verified(owner)
    assert (cut.findings, cut.head.position) == ((), 2), "the chain alone cannot know"
    assert await owner.fetchval("SELECT link FROM audit_entry WHERE position = $1", kept.position) is None


async def test_secrets_and_private_words_are_noted_nowhere(here: World, owner: Connection) -> None:
    await here.hire(*world.a_company(2))
    insert = "INSERT INTO hris_source (name, kind, precedence, created_at) VALUES ('w', 'webhook', 1, now())"
    secret = (
        "INSERT INTO hris_credential (id, source, kind, scope, sealed, created_at)"
        " VALUES (gen_random_uuid(), 'w', 'secret', 'hris:events', $1, now())"
    )
    await here.door.pool.execute(insert)
    await here.door.pool.execute(secret, b"a sealed secret")
    rows = await owner.fetch("SELECT subject, payload FROM audit_entry")
    assert {"hris_source", "hris_credential", "person"} <= {row["subject"] for row in rows}
    assert not any(b"a sealed secret".hex() in row["payload"] for row in rows)
    assert not any({"sealed", "sha256"} & set(json.loads(row["payload"]).get("after", {})) for row in rows)


@pytest.fixture(autouse=True)
def _an_auditor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.TOKENS, "auditor", ["audit:read", "privacy:write"])
