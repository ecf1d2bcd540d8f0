"""What a process keeps of a programme between questions is what the tables say, whatever happened."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.matching.commands.projection import Projection, Projections
from shared import tx
from tests.integration.matching import world
from tests.integration.matching.world import PROGRAMMING, SPEAKING, World
from tests.unit.matching.builders import a_row


class Undone(Exception):
    """What a transaction raises that is to be undone."""


async def projected(company: World, programme: str, kept: Projections) -> Projection:
    async with tx.snapshot(company.door) as conn:
        return await kept.of(conn, UUID(programme), now=company.now)


async def test_U4_what_is_read_after_any_change_is_what_is_read_whole(company: World) -> None:
    """Everything that can happen to a programme, in turn; after each only what changed is read again."""
    programme = await company.open()
    for number in (1, 2, 3):
        await company.enrol(programme, number, "mentee")
    for number in (8, 9):
        await company.enrol(programme, number, "mentor", capacity=2)
    before = await projected(company, programme, company.kept)

    async def pair() -> None:
        await company.pair(programme, 1, 9)

    async def propose_and_decline() -> None:
        await company.hold_round(programme)
        match = next(one for one in await company.matches(state="proposed"))
        number = next(number for number, who in company.people.items() if who == match["mentor_id"])
        await company.say(match["match_id"], number, "decline", reason="not-my-goals")

    async def rate() -> None:
        (match,) = await company.matches(state="active")
        await company.hear(world.a_feedback(match, company.now))

    async def pause() -> None:
        path = f"/v1/programmes/{programme}/participations"
        found = (await company.call("GET", path)).json()["items"]
        one = next(row for row in found if row["person_id"] == company.people["3"])
        until = company.now.date().isoformat()
        await company.call("POST", f"/v1/participations/{one['participation_id']}/pause", {"until": until})

    async def prefer() -> None:
        path = f"/v1/programmes/{programme}/mentees/{company.people['2']}/favourites"
        await company.call("PUT", path, {"mentor_ids": [company.people["8"]]})

    async def promote() -> None:
        await company.hire(a_row(2, manager_employee_number="9002", title="Chief Executive Officer"))

    async def come() -> None:
        await company.enrol(programme, 4, "mentee", goals=[SPEAKING])
        await company.enrol(programme, 5, "mentor", skills={SPEAKING: 7, PROGRAMMING: 1})

    async def weeks_go_by() -> None:
        company.later(weeks=5)

    for happens in (pair, propose_and_decline, rate, pause, prefer, promote, come, weeks_go_by, come):
        await happens()
        after = await projected(company, programme, company.kept)
        whole = await projected(company, programme, Projections())
        assert (after.edition, after.market) == (whole.edition, whole.market), happens.__name__
        assert after.pool == whole.pool, happens.__name__
        assert after.freed_at == whole.freed_at
        before = after
    assert before.market.mentees


async def test_who_did_not_change_is_not_read_again(company: World) -> None:
    programme = await company.open()
    for number in (1, 2):
        await company.enrol(programme, number, "mentee")
    before = await projected(company, programme, company.kept)
    await company.enrol(programme, 3, "mentee")
    after = await projected(company, programme, company.kept)
    known = {one.number: one for one in before.market.mentees}
    assert [known.get(one.number) is one for one in after.market.mentees].count(True) == 2


async def test_who_left_a_programme_and_is_kept_from_somebody_there_stands_in_nobodys_way(
    company: World,
) -> None:
    programme = await company.open()
    for number in (1, 2):
        await company.enrol(programme, number, "mentee")
    await company.enrol(programme, 9, "mentor")
    await company.door.pool.execute(
        "INSERT INTO block (mentee_id, mentor_id, reason) VALUES ($1, $2, 'excluded')",
        UUID(company.people["1"]),
        UUID(company.people["9"]),
    )
    await projected(company, programme, company.kept)
    await company.door.pool.execute(
        "UPDATE participation SET state = 'left', left_at = joined_at, left_reason = 'asked', "
        "version = version + 1 WHERE person_id = $1",
        UUID(company.people["1"]),
    )
    seen = await projected(company, programme, company.kept)
    assert "2" in {one.number for one in seen.market.mentees}


async def test_what_a_transaction_reads_that_is_undone_is_not_kept(company: World) -> None:
    programme = await company.open()
    await company.enrol(programme, 1, "mentee")
    before = await projected(company, programme, company.kept)

    async def look_and_fail() -> None:
        async with tx.transaction(company.door) as unit:
            await unit.conn.execute("UPDATE participation SET version = version + 1")
            seen = await company.kept.of(unit.conn, UUID(programme), now=company.now, keep=False)
            assert seen.edition != before.edition
            raise Undone

    with pytest.raises(Undone):
        await look_and_fail()
    assert await projected(company, programme, company.kept) is before
