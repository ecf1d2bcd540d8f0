"""Figures counted by hand, on real facts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.analytics.core import figures as core
from services.analytics.core.definitions import DEFINITIONS
from services.analytics.store import figures as store
from shared.events import Event, MatchingRunFinished
from shared.tx import Connection
from tests import infra
from tests.integration.analytics.builders import (
    a_card,
    a_programme,
    agreed,
    an_id,
    cancelled,
    completed,
    day,
    declined,
    ended,
    failed,
    flagged,
    hear,
    invited,
    joined,
    made,
    match,
    missed,
    moved,
    paused_resumed_left,
    person,
    programme,
    proposed,
    ran,
    rated,
    scheduled,
    sent,
)

NOW = 30
FACTS = ("match-rate", "waiting", "paused", "left", "matches-ended", "flagged")

STORY: tuple[Event, ...] = (
    a_programme(),
    *(a_card(name) for name in ("Ada", "Ben", "Cleo", "Dan", "Max", "Nora", "Olga")),
    a_card("Gone", status="left"),
    *(invited(name) for name in ("Ada", "Ben", "Cleo", "Dan", "Max", "Nora", "Shy")),
    *(joined(name, at=1) for name in ("Ada", "Ben", "Cleo", "Dan", "Gone")),
    *(joined(name, "mentor", at=1) for name in ("Max", "Nora", "Olga")),
    ran(2, waiting=[("Cleo", "mentee", "no-candidate"), ("Dan", "mentee", "goals-missing")]),
    proposed("Ada", "Max"),
    made("Ada", "Max", at=3),
    proposed("Ben", "Max"),
    made("Ben", "Max", at=5),
    proposed("Cleo", "Nora"),
    declined("Cleo", "Nora"),
    made("Dan", "Nora", at=13),
    ended("Dan", "Nora", at=20),
    made("Dan", "Olga", at=16),
    agreed("Ada", "Max"),
    scheduled("Ada", "Max", 1, starts=7),
    moved("Ada", "Max", 1, starts=8, at=5),
    completed("Ada", "Max", 1, starts=8),
    rated("Ada", "Max", 1, by="mentee", overall=5, at=9),
    rated("Ada", "Max", 1, by="mentor", overall=4, at=9),
    scheduled("Ada", "Max", 2, starts=22),
    completed("Ada", "Max", 2, starts=22),
    rated("Ada", "Max", 2, by="mentee", overall=3, at=23),
    scheduled("Ada", "Max", 3, starts=36),
    scheduled("Ben", "Max", 1, starts=10),
    missed("Ben", "Max", 1, starts=10),
    scheduled("Ben", "Max", 2, starts=24),
    cancelled("Ben", "Max", 2, starts=24, at=23.5, late=True),
    scheduled("Ben", "Max", 3, starts=29),
    scheduled("Dan", "Nora", 1, starts=18),
    completed("Dan", "Nora", 1, starts=18),
    rated("Dan", "Nora", 1, by="mentee", overall=1, at=19),
    ran(21, waiting=[("Cleo", "mentee", "no-candidate"), ("Dan", "mentee", "no-candidate")]),
    sent("Ada", 1, due=8, minutes_late=10),
    sent("Max", 2, due=8, minutes_late=30),
    failed("Ben", 3, due=10),
)

RATES = {
    # active participants: Ada Ben Cleo Dan as mentees, Max Nora Olga as mentors; Gone has left
    "match-rate": (5, 7),  # Ada, Ben, Dan, Max, Olga
    "mentor-utilisation": (2, 3),  # Max and Olga, not Nora
    # open pairs: Ada+Max met on day 22, Ben+Max never met, Dan+Olga never met
    "active-pairing": (1, 3),
    # passed: Ada 1 and 2, Ben 1 missed, Ben 2 cancelled, Ben 3 without an answer, Dan 1
    "session-completion": (3, 6),
}
COUNTS = {
    "people": 9,  # seven invited, and Olga and Gone, who joined without a mail
    "joined": 8,
    "matched": 6,  # Ada, Ben, Dan, Max, Nora, Olga
    "met": 4,  # Ada, Max, Dan, Nora
    "gave-feedback": 3,  # Ada, Max, Dan
    "proposals": 3,
    "matches": 4,
    "active-pairs": 3,
    "sessions-scheduled": 7,
    "sessions-completed": 3,
    "sessions-missed": 1,
    "sessions-cancelled": 1,
    "feedback": 4,
    "waiting": 1,  # Cleo; Dan has found Olga
    "agreements-missing": 2,  # Ben since day 5, Dan and Olga since day 16
}


@pytest.fixture
async def conn(pool: infra.MakePool) -> Connection:
    connections = await pool("analytics")
    conn: Connection = await connections.acquire()  # type: ignore[assignment]
    await hear(conn, *STORY)
    return conn


def question(as_of: float = NOW, since: float = -1000) -> core.Question:
    return core.Question(programme(), day(as_of), day(since))


async def figures(conn: Connection, as_of: float = NOW, since: float = -1000) -> dict[str, core.Figure]:
    return dict(core.figures(await store.totals(conn, question(as_of, since))))


async def test_rates_equal_what_is_counted_by_hand(conn: Connection) -> None:
    found = await figures(conn)
    assert {code: (found[code].counted, found[code].rows) for code in RATES} == RATES
    assert found["match-rate"].value == pytest.approx(5 / 7)


async def test_counts_equal_what_is_counted_by_hand(conn: Connection) -> None:
    found = await figures(conn)
    assert {code: found[code].counted for code in COUNTS} == COUNTS


async def test_times_are_medians_with_their_90th_percentile(conn: Connection) -> None:
    found = await figures(conn)
    to_match = found["days-to-match"]  # Ada 2, Ben 4, Dan 12 days after joining
    assert (to_match.rows, to_match.value) == (3, pytest.approx(4))
    assert to_match.p90 == pytest.approx(4 + 0.8 * (12 - 4))
    to_session = found["days-to-first-session"]  # Ada 3 → 8, Dan 13 → 18
    assert (to_session.rows, to_session.value) == (2, pytest.approx(5))


@pytest.mark.parametrize("code", [d.code for d in DEFINITIONS if d.scope == "programme"])
async def test_U10_every_figure_equals_the_list_behind_it(conn: Connection, code: str) -> None:
    figure = (await figures(conn))[code]
    rows = await store.list_rows(conn, question(), code, limit=1000)
    assert len(rows) == figure.rows
    assert sum(row.counted for row in rows) == figure.counted
    assert len({row.row_id for row in rows}) == len(rows)


async def test_U10_every_message_figure_equals_the_list_behind_it(conn: Connection) -> None:
    company = core.Question(None, day(NOW), day(-1000))
    found = core.figures(await store.totals(conn, company), scope="company")
    assert {code: figure.rows for code, figure in found.items()} == {"messages-sent": 2, "messages-failed": 1}
    assert found["messages-sent"].value == pytest.approx(20)
    for code, figure in found.items():
        assert len(await store.list_rows(conn, company, code, limit=10)) == figure.rows


async def test_pages_of_a_list_are_disjoint_and_complete(conn: Connection) -> None:
    whole = await store.list_rows(conn, question(), "match-rate", limit=100)
    seen = list(await store.list_rows(conn, question(), "match-rate", limit=3))
    while len(seen) < len(whole):
        last = seen[-1]
        page = await store.list_rows(conn, question(), "match-rate", after=(last.at, last.row_id), limit=3)
        assert page
        seen += page
    assert seen == list(whole)


async def test_a_match_without_an_agreement_is_missing_one_from_the_14th_day_on(conn: Connection) -> None:
    async def missing(as_of: float) -> set[object]:
        rows = await store.list_rows(conn, question(as_of), "agreements-missing", limit=10)
        return {row.match_id for row in rows}

    assert await missing(18.9) == set()
    assert await missing(19) == {match("Ben", "Max")}
    assert await missing(30) == {match("Ben", "Max"), match("Dan", "Olga")}


async def test_a_run_that_is_told_in_parts_is_one_run_and_all_of_them_wait(conn: Connection) -> None:
    whole = ran(24, waiting=[("Cleo", "mentee", "no-candidate"), ("Nora", "mentor", "no-candidate")])
    assert isinstance(whole, MatchingRunFinished)
    parts = [
        whole.model_copy(update={"waiting": (one,), "part": part, "waiting_in_all": 2})
        for part, one in enumerate(whole.waiting)
    ]
    await hear(conn, *parts, *parts)
    assert (await figures(conn))["waiting"].counted == 2
    known = await conn.fetch("SELECT waiting FROM matching_run WHERE run_id = $1", whole.run_id)
    assert [row["waiting"] for row in known] == [2]


async def test_two_who_said_yes_to_a_flash_talk_miss_no_agreement(conn: Connection) -> None:
    talk = made("Gone", "Nora", at=5).model_copy(update={"talk_at": day(28)})
    await hear(conn, proposed("Gone", "Nora"), talk, talk)
    rows = await store.list_rows(conn, question(), "agreements-missing", limit=10)
    assert {row.match_id for row in rows} == {match("Ben", "Max"), match("Dan", "Olga")}


async def test_a_pair_that_met_within_one_and_a_half_cadences_is_active(conn: Connection) -> None:
    # Ada and Max meet biweekly and met on day 22: 21 days later is the last day that counts
    assert (await figures(conn, as_of=43))["active-pairing"].counted == 1
    assert (await figures(conn, as_of=43.1))["active-pairing"].counted == 0


async def test_the_agreed_cadence_counts_and_not_the_programmes(conn: Connection) -> None:
    await hear(conn, agreed("Ada", "Max", at=25, cadence="monthly", version=3))
    assert (await figures(conn, as_of=60))["active-pairing"].counted == 1


async def test_a_figure_of_the_past_is_as_it_stood_then(conn: Connection) -> None:
    then = await figures(conn, as_of=14)
    assert (then["match-rate"].counted, then["match-rate"].rows) == (5, 7)  # Dan was with Nora then
    assert then["active-pairs"].counted == 3
    assert then["sessions-completed"].counted == 1
    assert then["waiting"].counted == 1  # Cleo, of the round on day 2; Dan was with Nora then


async def test_a_range_counts_what_happened_in_it_and_leaves_how_things_stand(conn: Connection) -> None:
    recent = await figures(conn, since=20)
    assert recent["sessions-completed"].counted == 1
    assert recent["matches"].counted == 0
    assert recent["match-rate"].rows == 7


async def test_S41_the_mean_of_fewer_than_five_answers_is_not_told(conn: Connection) -> None:
    four = (await figures(conn))["satisfaction"]
    assert (four.suppressed, four.value, four.rows) == (True, None, 4)
    await hear(conn, rated("Dan", "Nora", 1, by="mentor", overall=2, at=19))
    five = (await figures(conn))["satisfaction"]
    assert (five.suppressed, five.value) == (False, pytest.approx((5 + 4 + 3 + 1 + 2) / 5))


async def test_S40_a_rating_in_a_list_leads_back_to_nobody(conn: Connection) -> None:
    rows = await store.list_rows(conn, question(), "satisfaction", limit=10)
    assert {(row.person_id, row.partner_id, row.match_id, row.session_id, row.code) for row in rows} == {
        (None, None, None, None, None)
    }
    assert len({row.at for row in rows}) == 1
    forms = await store.list_rows(conn, question(), "feedback", limit=10)
    assert not {row.row_id for row in rows} & {row.row_id for row in forms}


async def test_S40_what_a_mail_server_said_is_not_kept(conn: Connection) -> None:
    kept = await conn.fetchval("SELECT string_agg(to_jsonb(m)::text, '') FROM message m")
    assert "secret" not in kept


async def test_weeks_and_codes_are_counted_from_the_same_rows(conn: Connection) -> None:
    weeks = await store.count_by_week(conn, question(), "sessions-completed")
    assert {(week - day(0).date()).days: many for week, many in weeks.items()} == {7: 1, 14: 1, 21: 1}
    before = await store.count_by_code(conn, question(as_of=12), "waiting")
    assert before == {"mentee:goals-missing": 1, "mentee:no-candidate": 1}
    codes = await store.count_by_code(conn, question(), "waiting")
    assert codes == {"mentee:no-candidate": 1}
    assert await store.count_by_amount(conn, question(), "satisfaction") == {1: 1, 3: 1, 4: 1, 5: 1}


async def test_a_part_of_a_list_can_be_asked_for(conn: Connection) -> None:
    week = await store.list_rows(
        conn, question(since=7), "sessions-completed", until=day(14) - timedelta(hours=9), limit=10
    )
    assert [row.session_id for row in week] == [an_id("session", "Ada", "Max", 1)]
    late = await store.list_rows(conn, question(), "sessions-cancelled", code="cancelled-late", limit=10)
    assert [row.person_id for row in late] == [person("Ben")]


async def test_S20_peers_count_as_matched_on_either_side_and_as_no_mentors(pool: infra.MakePool) -> None:
    async with (await pool("analytics")).acquire() as conn:
        peers = [
            joined(name).model_copy(update={"peer": True})  # type: ignore[union-attr]
            for name in ("Ada", "Ben", "Cleo")
        ]
        await hear(conn, a_programme(), *peers, made("Ada", "Ben", at=3))  # type: ignore[arg-type]
        found = await figures(conn)  # type: ignore[arg-type]
        assert (found["match-rate"].counted, found["match-rate"].rows) == (2, 3)
        assert found["mentor-utilisation"].rows == 0
        assert found["days-to-match"].rows == 2
        rows = await store.list_rows(conn, question(), "match-rate", limit=10)  # type: ignore[arg-type]
        assert {row.code for row in rows} == {"peer"}


async def test_U6_who_left_or_is_paused_neither_waits_nor_could_be_matched(pool: infra.MakePool) -> None:
    connections = await pool("analytics")
    async with connections.acquire() as conn:
        leave_from_10_back_21_gone_30 = paused_resumed_left("Cleo", at=10)
        await hear(
            conn,  # type: ignore[arg-type]
            a_programme(),
            *(joined(name, at=1) for name in ("Ada", "Cleo")),
            *(joined(name, "mentor", at=1) for name in ("Max", "Nora")),
            ran(2, waiting=[("Cleo", "mentee", "no-candidate"), ("Nora", "mentor", "no-candidate")]),
            made("Ada", "Max", at=3),
            *reversed(leave_from_10_back_21_gone_30),
            *paused_resumed_left("Max", "mentor", at=10),
            flagged("Ada", "Max", at=12),
            ended("Ada", "Max", at=30, reason="left-company"),
        )
        told = {}
        for at in (9, 15, 25, 31):
            found = await store.totals(conn, core.Question(programme(), day(at), day(0)))  # type: ignore[arg-type]
            counted = {one.figure: (one.counted, one.rows) for one in found}
            told[at] = {code: counted.get(code, (0, 0)) for code in FACTS}
    assert told == {
        9: dict(zip(FACTS, [(2, 4), (2, 2), (0, 0), (0, 0), (0, 0), (0, 0)], strict=True)),
        # Cleo is on leave and has nobody: she neither waits nor counts. Max is on leave and has Ada.
        15: dict(zip(FACTS, [(2, 3), (1, 1), (2, 2), (0, 0), (0, 0), (1, 1)], strict=True)),
        25: dict(zip(FACTS, [(2, 4), (2, 2), (0, 0), (0, 0), (0, 0), (1, 1)], strict=True)),
        31: dict(zip(FACTS, [(0, 2), (1, 1), (0, 0), (2, 2), (1, 1), (0, 0)], strict=True)),
    }


async def test_U6_a_pause_is_over_after_its_last_day_also_if_nobody_says_so(pool: infra.MakePool) -> None:
    connections = await pool("analytics")
    async with connections.acquire() as conn:
        pause = paused_resumed_left("Cleo", at=10)[0]  # until day 20
        await hear(conn, a_programme(), joined("Cleo", at=1), pause)  # type: ignore[arg-type]
        for at, rows in ((11, 0), (20, 0), (21, 1)):
            found = await store.totals(conn, core.Question(programme(), day(at), day(0)))  # type: ignore[arg-type]
            assert {one.figure: one.rows for one in found}.get("match-rate", 0) == rows, at


async def test_U6_a_rehire_is_a_new_participation_and_was_matched_for_the_first_time_once(
    pool: infra.MakePool,
) -> None:
    connections = await pool("analytics")
    again = joined("Ada", at=50).model_copy(update={"participation_id": an_id("participation", "Ada again")})
    async with connections.acquire() as conn:
        told = [a_programme(), joined("Ada", at=1), joined("Max", "mentor", at=1), made("Ada", "Max", at=3)]
        told += [*paused_resumed_left("Ada", at=10), ended("Ada", "Max", at=30), again]
        await hear(conn, *told)  # type: ignore[arg-type]
        found = await store.totals(conn, core.Question(programme(), day(60), day(0)))  # type: ignore[arg-type]
    counted = {one.figure: (one.counted, one.rows) for one in found}
    assert counted["days-to-match"] == (1, 1)
    assert counted["match-rate"] == (0, 2), "Ada and Max, nobody has a partner"
    assert counted["joined"] == (2, 2)
