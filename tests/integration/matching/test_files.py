"""Files of people: kept whole or refused whole, foreseen, held, and applied a piece at a time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from services.matching import commands
from services.matching.hris import files
from shared.errors import Transient
from shared.tx import Door
from tests import infra
from tests.integration.matching.world import World, bearer, opened
from tests.unit.matching.builders import HEADER, a_file, a_row, a_wide_file, a_wide_row

PATH = "/v1/hris/files"
ADMIN = "hr-admin"
PEOPLE = """
SELECT p.employee_number, p.user_name, p.given_name, p.title, p.time_zone, p.status, b.employee_number AS boss
FROM person p LEFT JOIN person b ON b.id = p.manager_id ORDER BY p.employee_number
"""
FACTS = "SELECT source, event_id, kind, state, effective_on FROM hris_fact ORDER BY source, event_id"


async def send(
    here: World, content: bytes, *, status: int = 202, token: str = "organiser", **query: Any
) -> Any:
    headers = {**bearer(token), "content-type": "text/csv"}
    answer = await here.client.post(PATH, content=content, params=query, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def taken_over(here: World, content: bytes, **query: Any) -> dict[str, Any]:
    """A file, after all that was to be done with it."""
    sent = await send(here, content, **query)
    while await files.take_over_next(here.door):
        pass
    return await shown(here, sent["file_id"])


async def shown(here: World, file_id: str) -> dict[str, Any]:
    answer = await here.call("GET", f"{PATH}/{file_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def decided(here: World, file_id: str, decision: str, *, status: int = 200) -> Any:
    answer = await here.call("POST", f"{PATH}/{file_id}/{decision}", token=ADMIN)
    assert answer.status_code == status, answer.text
    return answer.json()


async def everybody(door: Door) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await door.pool.fetch(PEOPLE)]


async def statuses(here: World) -> dict[str, str]:
    return {number: status for number, _, _, _, _, status, _ in await everybody(here.door)}


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.snapshots, "PIECE_ROWS", 3)
    monkeypatch.setattr(commands.snapshots, "TAKEN_AT_ONCE", 2)
    monkeypatch.setattr(commands.snapshots, "FORESEEN_AT_ONCE", 2)
    monkeypatch.setattr(commands.files, "SLICE_ROWS", 2)


def a_company(count: int = 8, **changes: str) -> list[str]:
    """Managers come after their reports."""
    return [
        a_row(number, manager_employee_number=str(number + 1), **changes) for number in range(1, count + 1)
    ]


async def test_a_file_is_taken_over_in_pieces_with_progress_and_the_same_again_changes_nothing(
    here: World, small_pieces: None
) -> None:
    sent = await send(here, a_file(*a_company()), name="people.csv")
    assert (sent["state"], sent["rows_done"], sent["rows_total"]) == ("waiting", 0, 8)
    seen = []
    while await files.take_over_next(here.door):
        seen.append((await shown(here, sent["file_id"]))["rows_done"])
    assert seen == [0, 3, 6, 8]
    done = await shown(here, sent["file_id"])
    assert (done["state"], done["tally"], done["kinds"]) == ("done", {"applied": 8}, {"hire": 8})
    assert [row[-1] for row in await everybody(here.door)] == ["2", "3", "4", "5", "6", "7", "8", None]
    said, people = await here.said(), await everybody(here.door)
    here.later(days=1)
    again = await taken_over(here, a_file(*a_company()), full=True)
    assert (again["state"], again["tally"], again["kinds"]) == ("done", {"unchanged": 8}, {})
    assert (await here.said(), await everybody(here.door)) == (said, people)


class Mortal:
    """A pool whose connections die with the process: at the statement that is the n-th of all."""

    def __init__(self, pool: Any, lives: int) -> None:
        self._pool, self._lives = pool, lives
        self.died = False

    async def acquire(self, **options: Any) -> Any:
        return _MortalConnection(self, await self._pool.acquire(**options))

    async def release(self, conn: Any) -> None:
        await self._pool.release(conn.real)

    def age(self) -> None:
        self._lives -= 1
        if self._lives < 0:
            self.died = True
            raise ConnectionError("the process is killed here")


class _MortalConnection:
    def __init__(self, pool: Mortal, real: Any) -> None:
        self._pool, self.real = pool, real

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        if name not in ("execute", "fetch", "fetchval", "fetchrow", "copy_records_to_table"):
            return found

        async def statement(*args: Any, **options: Any) -> Any:
            self._pool.age()
            return await found(*args, **options)

        return statement


async def killed_everywhere(door: Door) -> int:
    """Takes files over, dying one statement later each time; returns how often it died."""
    for lives in range(10_000):
        mortal = Mortal(door.pool, lives)
        frail = Door(door.service, mortal, door.clock, door.bell, door.topic_prefix)  # type: ignore[arg-type]
        did = True
        while did and not mortal.died:
            did = False
            with suppress(Transient):
                did = await files.take_over_next(frail)
        if not mortal.died:
            return lives
    raise AssertionError("it never came to an end")


async def test_a_process_killed_between_any_two_statements_goes_on_to_the_same_end(
    here: World, door: infra.MakeDoor, tmp_path: Any, small_pieces: None
) -> None:
    async with opened(await door("matching"), tmp_path) as undisturbed:
        for world in (here, undisturbed):
            await taken_over(world, a_file(*a_company()), name="before")
            world.later(days=1)
            await send(world, changes_of_all_kinds(), name="after", full=True)
        assert await killed_everywhere(here.door) > 20
        while await files.take_over_next(undisturbed.door):
            pass
        for query in (PEOPLE, FACTS):
            told = [[tuple(row) for row in await one.door.pool.fetch(query)] for one in (here, undisturbed)]
            assert told[0] == told[1]
        tallies = [
            [(one["name"], one["state"], one["tally"], one["kinds"]) for one in await listed(world)]
            for world in (here, undisturbed)
        ]
        assert tallies[0] == tallies[1]
        assert tallies[0][0][2] == {"applied": 6, "unchanged": 3, "rejected": 1}


def changes_of_all_kinds() -> bytes:
    """Two swap names, one has another title and is on leave, two are new, one is gone, one row is bad."""
    rows = a_company()
    rows[0] = a_row(1, user_name="user2", manager_employee_number="2")
    rows[1] = a_row(2, user_name="user1", manager_employee_number="3")
    rows[4] = a_row(5, title="Buyer", status="leave", manager_employee_number="6")
    del rows[7]
    rows[5] = a_row(6, time_zone="Mars/Base")
    return a_file(*rows, a_row(20), a_row(21))


async def listed(here: World) -> list[dict[str, Any]]:
    answer = await here.call("GET", PATH)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def shuffled(rows: list[str], chance: random.Random) -> Iterator[str]:
    twice = [*rows, *chance.sample(rows, k=chance.randint(0, 3))]
    chance.shuffle(twice)
    return iter(twice)


async def test_the_order_of_the_rows_and_rows_that_stand_there_twice_make_no_difference(
    door: infra.MakeDoor, tmp_path: Any, small_pieces: None
) -> None:
    rows = a_company()
    changed = [
        *[a_row(number, user_name=f"user{number % 4 + 1}") for number in range(1, 5)],
        a_row(5, user_name="user5", title="Buyer"),
        a_row(5, user_name="user5", title="Clerk"),
        a_row(6, user_name="USER7"),
        a_row(7, user_name="user7"),
        a_row(9, work_email="user8@example.org"),
        a_row(10, status="terminated"),
    ]
    told = set()
    for seed in range(4):
        chance = random.Random(seed)
        async with opened(await door("matching"), tmp_path) as world:
            await taken_over(world, a_file(*shuffled(rows, chance)))
            done = await taken_over(world, a_file(*shuffled(changed, chance)))
            facts = [tuple(row) for row in await world.door.pool.fetch(FACTS)]
            tally = {name: many for name, many in done["tally"].items() if name != "repeated"}
            told.add(str((await everybody(world.door), facts, tally)))
    assert len(told) == 1
    assert [row[1] for row in await everybody(world.door)][:4] == ["user2", "user3", "user4", "user1"]


async def test_a_dry_run_tells_what_a_file_would_do_and_it_can_be_confirmed(here: World) -> None:
    await taken_over(here, a_file(*a_company()))
    before, said = await everybody(here.door), await here.said()
    changes = [
        a_wide_row(1, title="Buyer", manager_employee_number="2"),
        a_wide_row(2, manager_employee_number="5"),
        a_wide_row(3, status="leave", manager_employee_number="4"),
        a_wide_row(4, termination_date="2026-03-01", manager_employee_number="5"),
        a_wide_row(30),
        a_wide_row(31, status="terminated"),
    ]
    held = await taken_over(here, a_wide_file(*changes), dry_run=True)
    assert (held["state"], held["rows_done"]) == ("held", 0)
    report = held["report"]
    assert report["holds"] == "It was sent to see what it would do"
    assert report["kinds"] == {"change": 3, "manager": 1, "leave": 1, "termination": 1, "hire": 1}
    assert report["named"]["manager"] == ["2"]
    assert (report["ended"], report["ended_named"], report["leavers"]) == (1, ["4"], 1)
    assert (await everybody(here.door), await here.said()) == (before, said)
    await decided(here, held["file_id"], "confirm")
    while await files.take_over_next(here.door):
        pass
    done = await shown(here, held["file_id"])
    assert (done["state"], done["decided_by"], done["kinds"]) == ("done", f"token {ADMIN}", report["kinds"])
    assert (await statuses(here))["4"] == "terminated"


async def test_a_file_that_would_end_too_many_is_held_whole_until_an_administrator_confirms_it(
    here: World,
) -> None:
    await taken_over(here, a_file(*a_company(12)))
    few = a_company(12)[6:]
    assert (await taken_over(here, a_file(*few)))["state"] == "done", "not a full one: nobody is missing"
    held = await taken_over(here, a_file(*few), full=True)
    assert held["state"] == "held"
    assert "would end 6 of 12 people" in held["report"]["holds"]
    assert (held["report"]["missing"], held["report"]["ended_named"]) == (6, ["1", "2", "3", "4", "5", "6"])
    assert set((await statuses(here)).values()) == {"active"}
    answer = await here.call("POST", f"{PATH}/{held['file_id']}/confirm")
    assert answer.status_code == 403, "whoever sends files does not confirm them"
    await decided(here, held["file_id"], "confirm")
    while await files.take_over_next(here.door):
        pass
    assert sorted((await statuses(here)).values()) == ["active"] * 6 + ["inactive"] * 6
    back = await taken_over(here, a_file(*a_company(12)), full=True)
    assert back["kinds"]["return"] == 6
    assert set((await statuses(here)).values()) == {"active"}


async def test_a_held_file_is_dropped_or_outdated_by_a_newer_one(here: World) -> None:
    await taken_over(here, a_file(*a_company(12)))
    held = await taken_over(here, a_file(a_row(1)), full=True)
    newer = await taken_over(here, a_file(a_row(1, title="Buyer")))
    assert newer["state"] == "done"
    refused = await decided(here, held["file_id"], "confirm", status=409)
    assert refused["type"].endswith("file-outdated")
    assert (await decided(here, held["file_id"], "drop"))["state"] == "dropped"
    await decided(here, held["file_id"], "drop", status=409)
    assert await here.door.pool.fetchval("SELECT count(*) FROM hris_file_row") == 0


async def test_only_people_whom_the_source_has_named_are_missing_in_its_file(here: World) -> None:
    await a_source(here, "payroll")
    await taken_over(here, a_file(*a_company(4)))
    await taken_over(here, a_file(a_row(50), a_row(51)), source="payroll")
    done = await taken_over(here, a_file(*a_company(4)[:3], a_row(4, status="gone")), full=True)
    assert (done["report"]["missing"], done["tally"]) == (0, {"unchanged": 3, "rejected": 1})
    unsure = await taken_over(here, a_file(*a_company(4)[:2], "?" + a_row(3)), full=True)
    assert "line 4 does not say whom it is about" in unsure["report"]["not_reconciled"]
    assert set((await statuses(here)).values()) == {"active"}


async def a_source(here: World, name: str) -> str:
    body = {"name": name, "kind": "csv"}
    answer = await here.call("POST", "/v1/hris/sources", body, token=ADMIN)
    assert answer.status_code == 201, answer.text
    made = await here.call("POST", f"/v1/hris/sources/{name}/tokens", {}, token=ADMIN)
    return str(made.json()["value"])


async def test_who_may_send_files_and_of_which_source(here: World) -> None:
    token = await a_source(here, "payroll")
    content = a_file(a_row(1))
    assert (await send(here, content, token=token))["source"] == "payroll"
    assert (await send(here, content, token=token, source="csv", status=403))["type"].endswith("other-source")
    assert (await send(here, content, source="nobody", status=404))["type"].endswith("not-found")
    await send(here, content, token="reader", status=403)
    await send(here, content, token="mth_unknown", status=401)
    body = {"name": "okta", "kind": "scim"}
    assert (await here.call("POST", "/v1/hris/sources", body, token=ADMIN)).status_code == 201
    assert (await send(here, content, source="okta", status=409))["type"].endswith("source-not-for-files")


@pytest.mark.parametrize(
    ("content", "query", "said"),
    [
        (b"", {}, "empty"),
        (HEADER.replace("site", "salary").encode(), {}, "site (the column is missing)"),
        (a_file(a_row(1), a_row(2))[:-20], {}, "cut off"),
        (a_file(a_row(1, title="Zoë")).decode().encode("cp1252"), {}, "Line 2 has the byte 0xEB"),
        (a_file(a_row(1)), {"encoding": "klingon"}, "no encoding"),
    ],
)
async def test_a_file_that_is_not_whole_is_refused_and_nothing_of_it_is_kept(
    here: World, content: bytes, query: dict[str, str], said: str
) -> None:
    refused = await send(here, content, status=422, **query)
    assert said in refused["detail"]
    assert await listed(here) == []
    assert await here.door.pool.fetchval("SELECT count(*) FROM hris_file_row") == 0


async def test_a_large_file_is_taken_and_a_huge_one_is_not(here: World) -> None:
    content = a_file(*[a_row(number, title="x" * 180) for number in range(5000)])
    assert len(content) > 1 << 20
    assert (await send(here, content))["rows_total"] == 5000
    await send(here, b"x" * ((64 << 20) + 1), status=413)


async def test_rejects_are_a_file_that_no_spreadsheet_takes_for_a_formula(here: World) -> None:
    bad = [a_row(1, site="=cmd()", time_zone=""), a_row("=2"), a_row(3), a_row(3, title="Buyer"), a_row(4)]
    done = await taken_over(here, a_file(*bad))
    assert done["tally"] == {"applied": 1, "rejected": 4}
    assert [one["line"] for one in done["rejected"]] == [2, 3, 4, 5]
    answer = await here.call("GET", f"{PATH}/{done['file_id']}/rejects")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.text.splitlines() == [
        "line,employee_number,field,reason",
        '2,1,time_zone,"is empty, and the site =cmd() has no time zone here"',
        '3,,employee_number,"may have up to 40 letters, digits and . _ - / only"',
        '4,3,employee_number,"the file has this employee again, and differently, in line 5"',
        '5,3,employee_number,"the file has this employee again, and differently, in line 4"',
    ]


async def test_a_site_gives_its_time_zone_to_rows_without_one(here: World) -> None:
    row = a_row(1, site="Casa/Blanca  2", time_zone="")
    path = "/v1/hris/sites/casa%2Fblanca%202"
    assert (await taken_over(here, a_file(row)))["tally"] == {"rejected": 1}
    wrong = await here.call("PUT", path, {"time_zone": "Casablanca"}, token=ADMIN)
    assert wrong.status_code == 422
    assert (await here.call("PUT", path, {"time_zone": "Africa/Casablanca"})).status_code == 403
    assert (await here.call("PUT", path, {"time_zone": "Africa/Casablanca"}, token=ADMIN)).status_code == 200
    assert (await taken_over(here, a_file(row)))["tally"] == {"applied": 1}
    await here.call("PUT", path, {"time_zone": "Europe/Madrid"}, token=ADMIN)
    assert (await taken_over(here, a_file(row)))["kinds"] == {"change": 1}
    sites = (await here.call("GET", "/v1/hris/sites")).json()["items"]
    assert [(one["site"], one["time_zone"]) for one in sites] == [("casa/blanca 2", "Europe/Madrid")]
    assert (await here.call("DELETE", path, token=ADMIN)).status_code == 204
    assert (await here.call("DELETE", path, token=ADMIN)).status_code == 404


async def test_what_a_file_said_of_people_is_forgotten_after_a_month(here: World) -> None:
    done = await taken_over(here, a_file(a_row(1), a_row(2, time_zone="")))
    held = await taken_over(here, a_file(a_row(1, title="Buyer")), dry_run=True)
    here.later(days=29)
    await here.work()
    assert len((await shown(here, done["file_id"]))["rejected"]) == 1
    here.later(days=2)
    await here.work()
    assert (await shown(here, done["file_id"]))["rejected"] == []
    assert (await shown(here, held["file_id"]))["state"] == "dropped"
    assert await here.door.pool.fetchval("SELECT count(*) FROM hris_file_row") == 0
    assert len(await listed(here)) == 2
