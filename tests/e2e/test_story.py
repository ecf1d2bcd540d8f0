"""One hire travels through all four services: a small company, five weeks, all processes, real servers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from email import message_from_bytes
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from deploy.local import stack
from deploy.local.company import made_up, roster
from deploy.local.demo import proof, report, story
from deploy.local.demo.report import Measured
from deploy.local.people import letters
from shared import envelope, topics
from tests.e2e.conftest import CANARY, Told

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(420)]

CLOCK_KEYS = {
    *("wall_seconds", "setup_seconds", "memory_mb", "memory_mb_by_process", "event_to_effect_ms"),
    *("hr_fact_to_effect_ms", "hr_fact_to_no_access_ms"),
}


async def test_a_small_company_joins_meets_and_learns(told: Told) -> None:
    found = told.report
    assert found["simulated_days"] == 35
    assert found["people"] == len(told.people)
    assert found["mentors"] >= 8
    assert found["mentees"] >= 10
    assert found["proposals"] > found["matches"] >= 8
    assert found["sessions_scheduled"] > found["sessions_completed"] >= 8
    assert found["feedback_submitted"] >= 8
    assert found["mails"] == found["events"]["message-sent"] > found["calendar_invitations"] > 0
    assert 0 < found["match_rate"] <= 1
    assert 0 < found["median_days_to_match"] < 15
    assert 2 <= found["median_days_to_first_session"] <= 14
    assert found["event_to_effect_ms"]["p50"] > 0


async def test_D2_D3_D4_D5_N1_nothing_was_lost_doubled_or_parked(told: Told) -> None:
    assert told.report["findings"] == []
    names = ("lost", "doubled", "parked", "outbox_left", "consumer_lag")
    assert {name: told.report[name] for name in names} == dict.fromkeys(names, 0)


async def test_D1_what_clients_were_told_was_said(told: Told) -> None:
    said = await told.rows("matching", "SELECT topic, key FROM said")
    keys = {
        topic: {row["key"] for row in said if row["topic"] == topic} for topic in {r["topic"] for r in said}
    }
    people = await told.rows("matching", "SELECT id::text FROM person")
    assert {row["id"] for row in people} == keys["person-changed"]
    assert set(told.tale.programmes.values()) == keys["programme-changed"]
    joined = sum(
        many for (deed, came), many in told.tale.crowd.outcomes.items() if (deed, came) == ("join", "done")
    )
    assert joined >= len(keys["participant-joined"]) > 0


async def test_M1_S16_no_mentor_ever_had_more_mentees_than_seats(told: Told) -> None:
    rows = await told.rows(
        "matching",
        "SELECT p.id, p.capacity, m.made_at, m.ended_at FROM match m"
        " JOIN participation p ON p.id = m.mentor_participation_id WHERE m.made_at IS NOT NULL",
    )
    changes: dict[Any, list[tuple[Any, int]]] = defaultdict(list)
    capacity = {row["id"]: row["capacity"] for row in rows}
    for row in rows:
        changes[row["id"]] += [(row["made_at"], 1), (row["ended_at"] or told.tale.end, -1)]
    for mentor, steps in changes.items():
        taken = 0
        for _, step in sorted(steps):
            taken += step
            assert taken <= capacity[mentor]


async def test_S23_S42_sessions_lie_in_both_peoples_working_hours_across_clock_changes(told: Told) -> None:
    rows = await told.rows(
        "scheduling",
        "SELECT s.starts_at, s.ends_at, a.employee_number AS mentee, b.employee_number AS mentor"
        " FROM session s JOIN agreement g USING (match_id)"
        " JOIN person a ON a.person_id = g.mentee_id JOIN person b ON b.person_id = g.mentor_id",
    )
    crossings, moved = 0, {one.number for one in told.tale.office.sent if one.kind == "change"}
    for row in rows:
        if moved & {int(row["mentee"]), int(row["mentor"])}:
            continue  # who moves to another zone keeps the sessions that were booked
        both = [told.people[int(row[side])] for side in ("mentee", "mentor")]
        crossings += both[0].site != both[1].site
        for person in both:
            zone = ZoneInfo(person.site.time_zone)
            starts, ends = row["starts_at"].astimezone(zone), row["ends_at"].astimezone(zone)
            assert starts.weekday() in person.days
            assert person.starts <= f"{starts:%H:%M}" < f"{ends:%H:%M}" <= person.ends
    assert crossings > 0
    changed = told.tale.begin + timedelta(days=6)
    assert min(row["starts_at"] for row in rows) < changed < max(row["starts_at"] for row in rows)


async def test_calendar_entries_keep_their_uid_and_count_their_changes(told: Told) -> None:
    entries: dict[tuple[str, str], list[letters.Meeting]] = defaultdict(list)
    for letter in mails(told):
        if letter.meeting is not None:
            entries[letter.to, letter.meeting.uid].append(letter.meeting)
    assert len(entries) >= 2 * told.report["sessions_completed"]
    away = {told.people[number].email.lower() for number in happened_to(told)}
    for (reader, _), history in entries.items():
        if reader in away:
            continue  # in a leave only the cancellation comes, and whoever left hears nothing more
        assert [entry.sequence for entry in history] == list(range(len(history)))
        assert [entry.method for entry in history[:-1]] == ["REQUEST"] * (len(history) - 1)
        for before, after in pairwise(history):
            assert after.method == "CANCEL" or after.starts_at != before.starts_at


async def test_S67_feedback_is_asked_for_within_the_hour_or_at_the_end_of_quiet_hours(told: Told) -> None:
    rows = await told.rows(
        "notifications",
        "SELECT m.caused_at, m.due_at, m.sent_at, p.time_zone FROM message m"
        " JOIN person p ON p.person_id = m.recipient_id WHERE m.kind = 'feedback' AND m.state = 'sent'"
        " AND m.recipient_id <> ALL($1::uuid[])",
        away := await ids(told, happened_to(told)),
    )
    held = await told.rows(
        "scheduling",
        "SELECT side FROM session JOIN agreement USING (match_id),"
        " unnest(ARRAY[mentee_id, mentor_id]) AS side"
        " WHERE session.state = 'completed' AND side <> ALL($1::uuid[])",
        away,
    )
    assert len(rows) == len(held) > 0
    for row in rows:
        local = row["due_at"].astimezone(ZoneInfo(row["time_zone"]))
        assert row["due_at"] - row["caused_at"] <= timedelta(hours=1) or f"{local:%H:%M}" == "07:00"
        assert row["sent_at"] - row["due_at"] <= timedelta(hours=1)


async def test_S40_U15_what_was_written_in_confidence_is_found_in_scheduling_alone(told: Told) -> None:
    assert await holds(told, "scheduling"), "the search itself works"
    for service in ("matching", "notifications", "analytics"):
        assert not await holds(told, service)
    async for value in records(told):
        assert CANARY.encode() not in value
    assert not [name for name, text in logs(told).items() if CANARY in text]
    for mail in told.tale.company.mail_dir.glob("*.eml"):
        assert CANARY.encode() not in readable(mail.read_bytes())


def happened_to(told: Told) -> set[int]:
    """The employee numbers of those of whom HR said something in the story."""
    return {one.number for one in told.tale.office.sent if one.kind != "hire"}


async def ids(told: Told, numbers: set[int]) -> list[Any]:
    rows = await told.rows(
        "matching",
        "SELECT id FROM person WHERE employee_number = ANY($1::text[])",
        [str(number) for number in numbers],
    )
    return [row["id"] for row in rows]


async def holds(told: Told, service: str) -> bool:
    """Whether the canary stands in any row of any table, as text or as bytes."""
    tables = await told.rows(service, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        query = f"SELECT count(*) FROM {table['tablename']} t WHERE t::text LIKE $1 OR t::text LIKE $2"
        (found,) = await told.rows(service, query, f"%{CANARY}%", f"%{CANARY.encode().hex()}%")
        if found["count"]:
            return True
    return False


async def records(told: Told) -> AsyncIterator[bytes]:
    """Headers and value of every record on every topic of the stack."""
    consumer = AIOKafkaConsumer(bootstrap_servers=told.tale.company.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        names = [one.name for one in topics.declared(told.tale.company.topic_prefix)]
        parts = [TopicPartition(name, part) for name in names for part in range(topics.PARTITIONS)]
        consumer.assign(parts)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                for record in batch:
                    yield b"".join(value for _, value in record.headers) + (record.value or b"")
    finally:
        await consumer.stop()


def logs(told: Told) -> dict[str, str]:
    """What each process of the stack has logged, by its name."""
    folder = told.tale.company.directory / "logs"
    return {log.stem: log.read_text(errors="replace") for log in folder.glob("*.log")}


def readable(mail: bytes) -> bytes:
    """All parts of a mail, decoded."""
    parts = (
        part.get_payload(decode=True) for part in message_from_bytes(mail).walk() if not part.is_multipart()
    )
    return mail + b"".join(part for part in parts if isinstance(part, bytes))


def mails(told: Told) -> Iterator[letters.Letter]:
    for file in sorted(told.tale.company.mail_dir.glob("*.eml")):
        yield letters.read(file.read_bytes())


async def test_a_trace_goes_from_a_request_through_the_outbox_to_the_last_consumer(told: Told) -> None:
    tale = told.tale
    trace = envelope.new_id().hex
    joined = await told.rows("matching", "SELECT DISTINCT person_id FROM invitation")
    left_out = await told.rows(
        "matching",
        "SELECT employee_number FROM person WHERE id <> ALL($1::uuid[]) AND status = 'active'",
        [r["person_id"] for r in joined],
    )
    everybody = await told.rows(
        "matching", "SELECT employee_number FROM person WHERE status = 'active' ORDER BY created_at, id"
    )
    number = (left_out or everybody)[0]["employee_number"]
    programme = await told.rows("matching", "SELECT id FROM programme WHERE kind = 'cohort'")
    async with tale.organiser.client.post(
        f"/v1/programmes/{programme[0]['id']}/invitations",
        json={"employee_numbers": [number]},
        headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    ) as answer:
        assert answer.ok, await answer.text()
    await tale.stepper.settle()
    assert [name for name, text in sorted(logs(told).items()) if trace in text] == [
        "analytics-0",
        "matching-0",
        "notifications-0",
    ]


async def test_U4_the_same_seed_tells_the_same_story(tmp_path: Path) -> None:
    company = roster.smaller(roster.load(), 16, seed=5)
    people = made_up.people(company, seed=5)

    async def counts(directory: Path) -> dict[str, Any]:
        async with (
            stack.running(directory, clock="stepped", said_copy=True, fresh=True) as running,
            story.told(running, people, seed=5, weeks=2) as tale,
        ):
            await tale.until(tale.end)
            found = await report.of(tale, Measured())
        return {name: value for name, value in found.items() if name not in CLOCK_KEYS}

    first, second = await asyncio.gather(counts(tmp_path / "first"), counts(tmp_path / "second"))
    assert first == second
    assert first["matches"] > 0


async def test_every_event_has_a_listener_or_is_a_fact_for_others(told: Told) -> None:
    heard = frozenset[str]().union(*proof.HEARD.values())
    assert set(told.report["events"]) <= heard
