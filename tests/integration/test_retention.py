"""Each kind is kept as long as its setting says and no longer, and the report tells what went."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.matching import commands
from services.matching.settings import Settings as MatchingSettings
from services.notifications import service as notifications
from services.scheduling import service as scheduling
from services.scheduling.settings import Settings as SchedulingSettings
from shared import retention
from tests import infra
from tests.integration.matching import world as companies
from tests.integration.notifications import world as mails
from tests.integration.scheduling import world as pairs


async def tidied(world: Any, rules: tuple[retention.Rule, ...]) -> dict[str, int]:
    await retention.tidy(world.door, rules)
    async with world.door.pool.acquire() as conn:
        return {line.kind: line.removed for line in await retention.report(conn)}


async def test_words_of_a_pair_go_after_their_time_and_ratings_stay(
    door: infra.MakeDoor, tmp_path: Path
) -> None:
    rules = scheduling.rules(SchedulingSettings(dsn="", kafka=""))  # type: ignore[arg-type]
    async with pairs.opened(await door("scheduling"), tmp_path) as here:
        now = here.now
        both = [pairs.a_person(one, now) for one in (pairs.MENTEE, pairs.MENTOR)]
        hours = [
            pairs.a_participant(pairs.MENTEE, "mentee", now),
            pairs.a_participant(pairs.MENTOR, "mentor", now),
        ]
        await here.hear(*both, pairs.a_programme(now), *hours, pairs.a_match(now))
        await here.agree()
        session = await here.hold()
        path = here.link("feedback", session.session_id, pairs.MENTEE)
        assert (await here.client.post(path, data=pairs.a_feedback())).status_code == 200
        await here.hear(pairs.an_end(here.now))
        here.at(here.now + timedelta(days=729))
        assert await tidied(here, rules) == {"what pairs wrote in feedback": 0}
        here.at(here.now + timedelta(days=2))
        assert await tidied(here, rules) == {"what pairs wrote in feedback": 1}
        kept = await here.door.pool.fetchrow("SELECT went_well, rating_overall FROM feedback")
        assert tuple(kept) == ("", 4)
        assert await here.rows("feedback_reader") == []


async def test_settled_messages_go_and_what_waits_stays(door: infra.MakeDoor, tmp_path: Path) -> None:
    async with mails.opened(await door("notifications"), tmp_path) as here:
        now = here.now
        await here.hear(
            mails.a_person(mails.MENTEE, now), mails.a_person(mails.MENTOR, now), mails.a_programme(now)
        )
        await here.hear(mails.a_match(now))
        await here.send()
        await here.hear(mails.a_session(now, now + timedelta(days=500)))
        rules = notifications.rules(here.post.settings)
        here.at(now + timedelta(days=401))
        assert await tidied(here, rules) == {"messages that are settled": 2}
        assert {row["state"] for row in await here.rows()} == {"waiting"}


async def test_who_left_long_ago_is_asked_to_be_erased_once_and_facts_lose_what_they_said(
    door: infra.MakeDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(companies.TOKENS, "administrator", ["admin"])
    settings = MatchingSettings(dsn="", kafka="", erasure_wait_days=3)  # type: ignore[arg-type]
    rules = commands.retention.rules(settings)
    async with companies.opened(await door("matching"), tmp_path) as here:
        await here.hire(*companies.a_company(3))
        pool, old = here.door.pool, here.now - timedelta(days=800)
        await pool.execute(
            "UPDATE person SET status = 'terminated', terminated_on = $1 WHERE employee_number = '1'", old
        )
        await pool.execute("UPDATE person SET erase_asked = true WHERE employee_number = '2'")
        await pool.execute(
            "INSERT INTO hris_source (name, kind, precedence, created_at) VALUES ('w', 'csv', 1, now())"
        )
        fact = "INSERT INTO hris_fact (source, event_id, kind, fields, received_at, state, settled)"
        fact += " VALUES ('w', $1, 'change', '{\"title\": \"Lead\"}', $2, 'applied', $3)"
        for event_id, settled in (("old", True), ("in force", False)):
            await pool.execute(fact, event_id, old, settled)
        gone = await tidied(here, rules)
        assert gone["people who have left (their erasure is asked for)"] == 1
        assert gone["people whose erasure HR wants (it is asked for)"] == 1
        assert gone["what facts from HR said"] == 1
        asked = (await here.call("GET", "/v1/privacy/erasures", token="administrator")).json()["items"]
        assert {(one["person_id"], one["cause"]) for one in asked} == {
            (here.people["1"], "retention"),
            (here.people["2"], "hr"),
        }
        path = f"/v1/privacy/erasures/{asked[0]['erasure_id']}/cancel"
        await here.call("POST", path, {}, token="administrator")
        again = await tidied(here, rules)
        assert again["people who have left (their erasure is asked for)"] == 0, "what was taken back stays so"
        facts = await pool.fetch("SELECT event_id FROM hris_fact WHERE fields = '{}'")
        assert [row["event_id"] for row in facts] == ["old"]
