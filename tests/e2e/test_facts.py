"""U6: what HR says of people reaches every service, and what follows from it the people whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest

from deploy.local.demo import following, hr
from deploy.local.people import letters
from shared import auth, envelope
from tests.e2e.conftest import Told

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(420)]

SECONDS_MAX = 5
A_PAIR = """
SELECT g.match_id, g.programme_id, s.session_id, g.mentee_id, g.mentor_id, a.employee_number::int AS mentee,
    b.employee_number::int AS mentor
FROM session s JOIN agreement g USING (match_id)
JOIN person a ON a.person_id = g.mentee_id JOIN person b ON b.person_id = g.mentor_id
WHERE s.state = 'scheduled' AND s.starts_at > $1 AND a.status = 'active' AND b.status = 'active'
    AND g.mentor_id <> ALL($2::uuid[])
ORDER BY s.starts_at DESC, b.employee_number LIMIT 1
"""


async def test_U6_the_story_has_every_kind_of_fact_and_each_has_its_effect_in_seconds(told: Told) -> None:
    report = told.report
    assert report["hr_facts"]["hire"] == {"applied": len(told.people)}
    made_up = report["hr_facts_made_up"]
    kinds = {
        "change",
        "manager",
        "leave",
        "inactive",
        "return",
        "termination",
        "termination-cancelled",
        "rehire",
    }
    assert set(made_up) == kinds
    for kind in kinds:
        assert sum(report["hr_facts"][kind].values()) == made_up[kind]
    for latency in ("hr_fact_to_effect_ms", "hr_fact_to_no_access_ms"):
        assert 0 < report[latency]["p99"] < SECONDS_MAX * 1000


async def test_U6_whoever_leaves_the_company_is_out_everywhere_and_the_partner_is_told(told: Told) -> None:
    tale, pair = told.tale, await a_pair(told)
    before = len(list(mails(told)))
    links = {path: await opened(told, path) for path in paths(told, pair, pair["mentor_id"])}
    assert set(links.values()) == {200}, links
    await tale.office.say(hr.Happening(tale.now, "termination", pair["mentor"]))
    await tale.stepper.settle()
    for path in links:
        assert await opened(told, path) == 410
    assert await said_of(told, pair) == {
        "matching": ("ended", "left-company"),
        "scheduling": ("closed", "left-company", "cancelled"),
        "analytics": ("left-company",),
    }
    assert (
        await told.rows(
            "notifications",
            "SELECT kind FROM message WHERE recipient_id = $1 AND state = 'waiting'",
            pair["mentor_id"],
        )
        == []
    )
    (took_ms,) = await following.effects_ms(tale.databases, tale.office.sent[-1:])
    assert took_ms < SECONDS_MAX * 1000
    await tale.until(tale.now + timedelta(days=1))
    late = list(mails(told))[before:]
    leaver, partner = (told.people[pair[side]].email.lower() for side in ("mentor", "mentee"))
    assert [mail.subject for mail in late if mail.to == leaver] == []
    mine = [mail for mail in late if mail.to == partner]
    assert any("is no longer available for mentoring" in " ".join(mail.text.split()) for mail in mine)
    assert any(mail.meeting is not None and mail.meeting.method == "CANCEL" for mail in mine)


async def test_U6_a_leave_cancels_what_is_inside_for_both_and_keeps_the_pair(told: Told) -> None:
    tale, pair = told.tale, await a_pair(told)
    before = len(list(mails(told)))
    until = (tale.now + timedelta(days=60)).date()
    await tale.office.say(hr.Happening(tale.now, "leave", pair["mentor"], {"until": until}))
    await tale.stepper.settle()
    assert [await opened(told, path) for path in paths(told, pair, pair["mentor_id"])] == [200, 200]
    assert (await said_of(told, pair))["matching"] == ("active", None)
    assert (await said_of(told, pair))["scheduling"] == ("confirmed", None, "cancelled")
    await tale.until(tale.now + timedelta(days=1))
    late = list(mails(told))[before:]
    away, partner = (told.people[pair[side]] for side in ("mentor", "mentee"))
    cancelled = {mail.to for mail in late if mail.meeting is not None and mail.meeting.method == "CANCEL"}
    assert {away.email.lower(), partner.email.lower()} <= cancelled, "the calendar follows, also in a leave"
    assert {mail.subject.split(":")[0] for mail in late if mail.to == away.email.lower()} == {"Cancelled"}
    news = [" ".join(mail.text.split()) for mail in late if mail.to == partner.email.lower()]
    assert any(f"{away.given_name} {away.family_name} is away until" in text for text in news)


async def a_pair(told: Told) -> asyncpg.Record:
    """One that meets in the days to come and of whose mentor HR has said nothing."""
    spoken_of = {str(one.number) for one in told.tale.office.sent if one.kind != "hire"}
    people = await told.rows(
        "matching", "SELECT id FROM person WHERE employee_number = ANY($1::text[])", list(spoken_of)
    )
    (found,) = await told.rows("scheduling", A_PAIR, told.tale.now, [row["id"] for row in people])
    return found


def paths(told: Told, pair: asyncpg.Record, holder: UUID) -> list[str]:
    """Addresses of pages of both services that have any, as mails to this person would have them."""
    made = []
    for service, purpose, subject in (
        ("matching", "join", pair["programme_id"]),
        ("scheduling", "pair", pair["match_id"]),
    ):
        ends = told.tale.now + timedelta(days=3)
        link = auth.SignedLink(purpose, subject, holder, ends, envelope.new_id())
        token = auth.mint(told.tale.company.wiring.link_key, link)
        made.append(f"{told.tale.company.http[service][0]}/{purpose}/{token}")
    return made


async def opened(told: Told, path: str) -> int:
    async with aiohttp.ClientSession() as client, client.get(path) as answer:
        return answer.status


async def said_of(told: Told, pair: asyncpg.Record) -> dict[str, tuple[Any, ...]]:
    """What each service has of the pair; of analytics why the mentor left."""
    queries = {
        "matching": ("SELECT state, end_reason FROM match WHERE id = $1", pair["match_id"]),
        "scheduling": (
            "SELECT g.state, ended_reason, s.state AS session FROM agreement g"
            " JOIN session s USING (match_id) WHERE session_id = $1",
            pair["session_id"],
        ),
        "analytics": (
            "SELECT DISTINCT reason FROM participation_state WHERE state = 'left' AND person_id = $1",
            pair["mentor_id"],
        ),
    }
    found = {service: await told.rows(service, *query) for service, query in queries.items()}
    return {service: tuple(rows[0]) for service, rows in found.items() if rows}


def mails(told: Told) -> Iterator[letters.Letter]:
    for file in sorted(told.tale.company.mail_dir.glob("*.eml")):
        yield letters.read(file.read_bytes())
