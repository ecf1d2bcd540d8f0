"""Somebody asks to be forgotten: it waits, can be taken back, and leaves nothing behind but totals."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.matching.commands.privacy import SPEAKERS
from shared import events
from shared.events import PersonId
from tests import infra
from tests.integration.matching import world
from tests.integration.matching.world import World

GIVEN, FAMILY, MAIL = "Zzgiven", "Zzfamily", "zzmail@acme.example"
WORDS = "zzwords: you once held my hand"


@pytest_asyncio.fixture
async def here(door: infra.MakeDoor, tmp_path: Path) -> AsyncIterator[World]:
    async with world.opened(await door("matching"), tmp_path) as made:
        canary = {"given_name": GIVEN, "family_name": FAMILY, "work_email": MAIL, "user_name": "zzuser"}
        await made.hire(world.a_row(1, manager_employee_number="9001", **canary), *world.a_company(4)[1:])
        yield made


async def ask(here: World, number: int = 1, token: str = "administrator") -> dict[str, Any]:
    body = {"person_id": here.people[str(number)]}
    answer = await here.call("POST", "/v1/privacy/erasures", body, token=token)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def shown(here: World, erasure: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/privacy/erasures/{erasure['erasure_id']}"
    return dict((await here.call("GET", path, token="administrator")).json())


async def test_U7_an_erasure_waits_and_can_be_cancelled_until_it_runs(here: World) -> None:
    asked = await ask(here)
    assert (asked["state"], asked["cause"], asked["asked_by"]) == ("waiting", "request", "administrator")
    assert await ask(here) == asked, "twice is once"
    here.later(days=6.9)
    await here.work()
    assert (await shown(here, asked))["state"] == "waiting"
    path = f"/v1/privacy/erasures/{asked['erasure_id']}/cancel"
    cancelled = (await here.call("POST", path, {}, token="administrator")).json()
    assert (cancelled["state"], cancelled["cancelled_by"]) == ("cancelled", "administrator")
    here.later(days=30)
    await here.work()
    assert await here.door.pool.fetchval("SELECT given_name FROM person WHERE employee_number = '1'") == GIVEN
    again = await ask(here)
    assert again["erasure_id"] != asked["erasure_id"]
    here.later(days=7)
    await here.work()
    assert (await shown(here, again))["state"] == "erased"
    late = await here.call(
        "POST", path.replace(asked["erasure_id"], again["erasure_id"]), {}, token="administrator"
    )
    assert late.status_code == 409
    assert late.json()["detail"] == "This person was erased already. That cannot be taken back."


async def test_U7_only_whoever_may_decide_about_privacy_can_ask(here: World) -> None:
    body = {"person_id": here.people["1"]}
    assert (await here.call("POST", "/v1/privacy/erasures", body, token="organiser")).status_code == 403
    nobody = {"person_id": "019536a1-7c00-7000-8000-000000000001"}
    assert (await here.call("POST", "/v1/privacy/erasures", nobody, token="administrator")).status_code == 404


async def test_U7_an_erasure_ends_what_is_open_and_says_a_tombstone_last(here: World) -> None:
    programme = await here.open()
    assert (await here.enrol(programme, 1, "mentee")).status_code == 201
    assert (await here.enrol(programme, 3, "mentor")).status_code == 201
    await here.pair(programme, 1, 3)
    await _erase(here)
    assert [one["state"] for one in await here.matches()] == ["ended"]
    rows = await here.door.pool.fetch(
        "SELECT topic, payload IS NULL AS empty FROM outbox WHERE key = $1 OR topic = 'match-ended'"
        " ORDER BY id",
        here.people["1"],
    )
    told = [(row["topic"], row["empty"]) for row in rows]
    assert told[-3:] == [("match-ended", False), ("person-erased", False), ("person-changed", True)]
    assert [empty for topic, empty in told if topic == "person-changed"] == [False, True]
    here.later(hours=26)
    await here.work()
    again = await here.door.pool.fetch(
        "SELECT payload FROM outbox WHERE topic = 'person-changed' AND key = $1 ORDER BY id", here.people["1"]
    )
    assert [row["payload"] for row in again[1:]] == [None, None], "once more, to close the topic's segment"


async def test_U7_nothing_of_the_person_is_left_and_totals_stay(here: World) -> None:
    programme = await here.open()
    for number, role in ((1, "mentee"), (2, "mentee"), (3, "mentor"), (4, "mentor")):
        assert (await here.enrol(programme, number, role)).status_code == 201
    await here.hold_round(programme)
    request = "INSERT INTO request (match_id, purpose) SELECT id, $1 FROM match WHERE mentee_id = $2"
    block = "INSERT INTO block (mentee_id, mentor_id, reason) VALUES ($1, $2, $3)"
    await here.door.pool.execute(request, WORDS, here.people["1"])
    await here.door.pool.execute(block, here.people["1"], here.people["4"], WORDS)
    await here.door.pool.execute("DELETE FROM outbox")
    before = await here.call("GET", f"/v1/programmes/{programme}/runs")
    assert await found(here) == {"audit_entry", "block", "hris_fact", "person", "request"}
    await _erase(here)
    assert await found(here) == set()
    profile = "SELECT profile FROM participation WHERE person_id = $1"
    told = await here.door.pool.fetchval(profile, here.people["1"])
    assert not any(json.loads(told).values())
    after = await here.call("GET", f"/v1/programmes/{programme}/runs")
    assert after.json()["items"][:1] == before.json()["items"]
    person = (await here.call("GET", f"/v1/people/{here.people['1']}")).json()
    assert (person["given_name"], person["family_name"], person["status"]) == (
        "A former",
        "colleague",
        "terminated",
    )
    assert (await here.call("GET", f"/v1/programmes/{programme}/participations")).status_code == 200


async def found(here: World) -> set[str]:
    """The tables in which a word of the canary stands."""
    tables = await here.snapshot()
    return {name for name, rows in tables.items() if any("zz" in row.lower() for row in rows)}


async def test_U7_the_receipt_names_what_was_removed_where_and_completes_the_erasure(here: World) -> None:
    asked = await _erase(here)
    ours = (await shown(here, asked))["receipts"]
    assert [(one["service"], one["removed"]["person"]) for one in ours] == [("matching", 1)]
    others = sorted(SPEAKERS - {"matching"})
    for place, service in enumerate(others):
        assert (await shown(here, asked))["missing"] == others[place:]
        await here.hear(_receipt(here, service, {"person": 1}))
    complete = await shown(here, asked)
    assert (complete["state"], complete["missing"]) == ("complete", [])
    await here.hear(_receipt(here, "scheduling", {"person": 1, "feedback": 2}))
    removed = {one["service"]: one["removed"] for one in (await shown(here, asked))["receipts"]}
    assert removed["scheduling"] == {"person": 2, "feedback": 2}, "what was found later is added"


async def test_U7_who_is_hired_again_after_an_erasure_is_somebody_new(here: World) -> None:
    former = here.people["1"]
    await _erase(here)
    await here.hire(world.a_row(1, given_name="Zzgiven", manager_employee_number="9001"))
    assert here.people["1"] != former


def _receipt(here: World, service: str, removed: dict[str, int]) -> events.Event:
    who = PersonId(here.people["1"])  # type: ignore[arg-type]
    return events.PersonForgotten(at=here.now, person_id=who, service=service, removed=removed)


async def _erase(here: World) -> dict[str, Any]:
    asked = await ask(here)
    here.later(days=7)
    await here.work()
    return asked


@pytest.fixture(autouse=True)
def _an_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.TOKENS, "administrator", ["privacy:read", "privacy:write"])
