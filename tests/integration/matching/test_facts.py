"""U6: what HR systems say is taken once, in any order, and a person is what it adds up to."""

from __future__ import annotations

import asyncio
import itertools
import random
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from services.matching import commands, store
from services.matching.core.facts import Fact
from shared import tx
from shared.errors import Transient
from tests.integration.matching import hr
from tests.integration.matching.hr import a_hire, at, card, day, fact, states, take
from tests.integration.matching.world import World

BLOCKED = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest_asyncio.fixture
async def hris(here: World) -> World:
    return await hr.sources(here)


async def test_U6_somebody_hired_is_there_and_said_once_however_often_the_fact_comes(hris: World) -> None:
    (hired,) = await take(hris, a_hire(7))
    assert hired.state == "applied"
    assert str(hired.person_id) == hris.people["7"]
    (again,) = await take(hris, a_hire(7, title="Somebody else"))
    assert (again.state, again.person_id) == ("repeated", hired.person_id)
    (said,) = await hris.said("person-changed")
    assert (said["employee_number"], said["status"], said["version"]) == ("7", "active", 1)


async def test_U6_a_change_that_comes_before_the_hire_waits_for_it(hris: World) -> None:
    later = at("2026-03-01T10:00:00+00:00")
    (early,) = await take(
        hris, fact("change", 7, "move", site="Lima", time_zone="America/Lima", said_at=later)
    )
    assert (early.state, early.person_id) == ("waiting", None)
    await take(hris, a_hire(7, said_at=at("2026-02-01T10:00:00+00:00")))
    assert (await card(hris, 7))["site"] == "Lima"
    (said,) = await hris.said("person-changed")
    assert said["site"] == "Lima"


async def test_U6_a_transfer_is_said_with_a_new_version_and_an_old_word_changes_nothing(hris: World) -> None:
    await take(hris, a_hire(7))
    taken = await take(
        hris,
        fact("change", 7, "b", title="Lead", said_at=at("2026-03-02T08:00:00+00:00")),
        fact("change", 7, "c", title="Head", said_at=at("2026-03-02T12:00:00+00:00")),
        fact("change", 7, "a", title="Buyer", said_at=at("2026-03-01T08:00:00+00:00")),
    )
    assert states(taken) == ["superseded", "applied", "superseded"]
    found = await card(hris, 7)
    assert (found["title"], found["version"], found["site"]) == ("Head", 2, "Madrid")
    assert [one["title"] for one in await hris.said("person-changed")] == ["Design Engineer", "Head"]


async def test_U6_doors_meet_on_the_number_then_on_the_key_then_on_the_address(hris: World) -> None:
    await take(hris, a_hire(7))
    by_mail = fact(
        "change", None, "1", external_id="x7", email="USER7@example.org", source="directory", site="A"
    )
    by_key = fact("change", None, "2", external_id="x7", source="directory", department="Sales")
    other = fact("change", None, "3", external_id="x7", source="hr", department="Lab")
    assert states(await take(hris, by_mail, by_key, other)) == ["superseded", "superseded", "waiting"]
    await take(hris, fact("change", 7, "4", external_id="x7", source="hr"))
    assert (await card(hris, 7))["department"] == "Lab"


async def test_U6_what_leads_to_two_people_is_held(hris: World) -> None:
    await take(hris, a_hire(7, external_id="x7"), a_hire(8, external_id="x8"))
    wrong = fact("change", 8, "1", external_id="x7", title="Lead")
    stranger = fact("change", 9, "2", external_id="x7", title="Lead")
    taken = await take(hris, wrong, stranger)
    assert states(taken) == ["held", "held"]
    assert taken[0].reason == "the number is employee 8's, the source's own id leads to employee 7"
    assert taken[1].reason == "nobody has the number 9, and the rest leads to employee 7"
    assert (await card(hris, 8))["title"] == "Design Engineer"


async def test_U6_a_name_that_another_has_is_held_and_two_swap_theirs(hris: World) -> None:
    await take(hris, a_hire(7), a_hire(8))
    (taken,) = await take(hris, fact("change", 8, "1", user_name="USER7", title="Lead"))
    assert (taken.state, taken.field, taken.reason) == ("held", "user_name", "belongs to employee 7")
    swap = [fact("change", 7, "2", user_name="user8"), fact("change", 8, "3", user_name="user7")]
    assert states(await take(hris, *swap)) == ["applied", "applied"]
    (hired,) = await take(hris, a_hire(9, work_email="user7@example.org"))
    assert (hired.state, hired.field, hired.person_id) == ("held", "work_email", None)


async def test_U6_bad_facts_are_answered_and_the_others_taken(hris: World) -> None:
    taken = await take(
        hris,
        a_hire(1, time_zone="Mars/Base"),
        a_hire(2, user_name=None),
        fact("fire", 3, "e3"),
        fact("change", None, "e4"),
        a_hire(5, source="nobody"),
        fact("change", 6, "e6", title="a\x00b"),
        a_hire(7),
    )
    assert states(taken) == ["rejected"] * 6 + ["applied"]
    assert [one.field for one in taken[:6]] == ["time_zone", "user_name", "kind", "who", "source", "title"]
    assert all(one.reason for one in taken[:6])
    kept = await hris.door.pool.fetch("SELECT state FROM hris_fact ORDER BY state")
    assert [row["state"] for row in kept] == ["applied"] + ["rejected"] * 5


async def test_U6_managers_are_found_by_number_or_key_whoever_comes_first(hris: World) -> None:
    await take(hris, a_hire(1, manager_external_id="boss"), a_hire(2, manager_employee_number="3"))
    await take(hris, a_hire(3, external_id="boss"))
    boss = hris.people["3"]
    first, second = await card(hris, 1), await card(hris, 2)
    assert (first["manager_id"], first["manager_employee_number"], first["version"]) == (boss, "3", 2)
    assert (second["manager_id"], second["version"]) == (boss, 2)
    await take(hris, fact("manager", 1, "none", manager_employee_number=None))
    assert (await card(hris, 1))["manager_id"] is None


async def test_U6_a_circle_of_managers_is_cut_at_its_newest_word_whatever_came_last(hris: World) -> None:
    said = [at(f"2026-03-02T08:0{minute}:00+00:00") for minute in (1, 3, 2, 4)]
    for ten, order in enumerate(itertools.permutations([0, 1, 2]), start=1):
        people = [10 * ten, 10 * ten + 1, 10 * ten + 2]
        await take(hris, *(a_hire(number) for number in people))
        for place in order:
            one, boss = people[place], str(people[(place + 1) % 3])
            word = fact("manager", one, f"m{one}", manager_employee_number=boss, said_at=said[place])
            await take(hris, word)
        bosses = [(await card(hris, number))["manager_id"] for number in people]
        assert bosses == [hris.people[str(people[1])], None, hris.people[str(people[0])]]
    circles = (await hris.call("GET", "/v1/hris/circles")).json()["items"]
    found = [(one["employee_number"], one["manager_employee_number"]) for one in circles]
    assert found == [(f"{ten}1", f"{ten}2") for ten in range(1, 7)]
    await take(hris, fact("manager", 12, "d", manager_employee_number=None, said_at=said[3]))
    assert (await card(hris, 11))["manager_id"] == hris.people["12"]
    assert len((await hris.call("GET", "/v1/hris/circles")).json()["items"]) == 5


async def test_U6_nobody_is_their_own_manager(hris: World) -> None:
    await take(hris, a_hire(1, manager_employee_number="1"))
    assert (await card(hris, 1))["manager_id"] is None


async def test_U6_whoever_was_terminated_frees_their_name_and_a_rehire_is_the_same_person(
    hris: World,
) -> None:
    await take(hris, a_hire(7), fact("termination", 7, "gone"))
    assert (await card(hris, 7))["status"] == "terminated"
    (other,) = await take(hris, a_hire(8, user_name="user7", work_email="user7@example.org"))
    assert other.state == "applied"
    (back,) = await take(hris, fact("rehire", 7, "back"))
    assert (back.state, back.field) == ("held", "user_name")
    (renamed,) = await take(hris, fact("rehire", 7, "again", user_name="ana7", work_email="ana7@example.org"))
    assert (renamed.state, str(renamed.person_id)) == ("applied", hris.people["7"])
    assert (await card(hris, 7))["status"] == "active"


def a_story(base: int) -> list[Fact]:
    """What is said about two people over a while; numbers begin with `base`."""
    ana, boss = base + 1, base + 2

    def when(hour: int) -> dict[str, datetime]:
        return {"said_at": at(f"2026-02-20T{hour:02}:00:00+00:00")}

    return [
        a_hire(ana, f"{base}-1", external_id=f"x{ana}", manager_external_id=f"x{boss}", **when(1)),
        fact("change", ana, f"{base}-2", title="Lead", effective_on=day("2026-02-25"), **when(2)),
        fact("change", None, f"{base}-3", external_id=f"x{ana}", title="Buyer", site="Lima", **when(3)),
        fact("change", ana, f"{base}-4", title="Head", effective_on=day("2026-04-01"), **when(4)),
        fact("leave", ana, f"{base}-5", effective_on=day("2026-03-01"), until=day("2026-03-09"), **when(5)),
        fact("termination", ana, f"{base}-6", effective_on=day("2026-03-31"), **when(6)),
        fact("termination-cancelled", ana, f"{base}-7", **when(7)),
        fact("change", ana, f"{base}-8", source="directory", title="Poet", department="Arts", **when(8)),
        a_hire(boss, f"{base}-9", external_id=f"x{boss}", **when(9)),
        fact("inactive", boss, f"{base}-10", **when(10)),
        fact("termination", boss, f"{base}-11", effective_on=day("2026-05-01"), **when(11)),
    ]


async def ending(hris: World, base: int) -> list[tuple[object, ...]]:
    """How the two of a story stand in the end, without what only names them."""
    rows = await hris.door.pool.fetch(
        """
        SELECT p.employee_number::int - $1 AS place, p.title, p.department, p.site, p.time_zone, p.status,
               p.leave_from, p.leave_until, p.inactive_on, p.grace_until, p.terminated_on, p.due_at,
               b.employee_number::int - $1 AS boss,
               (SELECT array_agg((split_part(f.event_id, '-', 2), f.state, f.due_at)::text
                                 ORDER BY f.event_id)
                FROM hris_fact f WHERE f.person_id = p.id) AS facts
        FROM person p LEFT JOIN person b ON b.id = p.manager_id
        WHERE p.employee_number::int BETWEEN $1 AND $1 + 99 ORDER BY 1
        """,
        base,
    )
    return [tuple(row) for row in rows]


async def test_U6_any_order_repetition_and_batch_of_the_same_facts_ends_the_same(hris: World) -> None:
    await take(hris, *a_story(1000))
    expected = await ending(hris, 1000)
    assert [row[:2] + row[5:6] for row in expected] == [
        (1, "Lead", "leave"),
        (2, "Design Engineer", "inactive"),
    ]
    for seed in range(1, 13):
        story, dice = a_story(1000 + 100 * seed), random.Random(seed)
        told = [*story, *dice.choices(story, k=6)]
        dice.shuffle(told)
        while told:
            many = dice.randint(1, 5)
            await take(hris, *told[:many])
            told = told[many:]
        assert await ending(hris, 1000 + 100 * seed) == expected, seed


async def somebody_waits(here: World) -> None:
    for _ in range(3000):
        if await here.door.pool.fetchval(BLOCKED):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


async def test_U6_many_facts_that_two_transactions_take_at_one_moment_are_taken_once(hris: World) -> None:
    told = [fact("change", number, f"move-{number}", title="Lead") for number in range(60)]
    async with tx.transaction(hris.door) as first:
        assert {one.state for one in await commands.facts.take(first, told)} == {"waiting"}
        second = asyncio.create_task(take(hris, *told))
        await somebody_waits(hris)
    with pytest.raises(Transient):
        await second
    assert {one.state for one in await take(hris, *told)} == {"repeated"}
    assert await hris.door.pool.fetchval("SELECT count(*) FROM hris_fact") == 60


class Explained:
    """Stands where the connection would, and asks for the plan of the statement."""

    def __init__(self, pool: tx.Pool) -> None:
        self._pool, self.plan = pool, ""

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        rows = await self._pool.fetch(f"EXPLAIN {statement}", *values)
        self.plan = "\n".join(row[0] for row in rows)
        return []


async def test_whoever_is_above_somebody_is_looked_up_without_reading_all_people(hris: World) -> None:
    everybody = [a_hire(one, manager_employee_number=str(1 + one // 10)) for one in range(1, 2001)]
    await take(hris, *everybody)
    explained = Explained(hris.door.pool)
    some = list(hris.people.values())[-5:]
    await store.lines.above(explained, some)  # type: ignore[arg-type]
    assert "Recursive Union" in explained.plan
    assert "Seq Scan" not in explained.plan
    async with hris.door.pool.acquire() as conn:
        above = await store.lines.above(conn, [hris.people["1999"]])  # type: ignore[arg-type,list-item]
    assert sorted(one.employee_number for one in above.values()) == ["1", "1999", "200", "21", "3"]
