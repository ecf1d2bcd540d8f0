"""Somebody was erased: what was theirs is gone, what comes late brings nothing back and waits for nobody."""

from __future__ import annotations

import json
from datetime import timedelta

from services.scheduling.consumers import CONSUMERS
from shared import apply, envelope, events, outbox
from shared.breaker import Breaker
from shared.inbox import Record
from tests.integration.scheduling import world
from tests.integration.scheduling.world import MATCH, MENTEE, MENTOR, PROGRAMME, World

EARS = apply.Ears.of("scheduling", CONSUMERS)


def an_erasure(here: World) -> events.PersonErased:
    return events.PersonErased(at=here.now, person_id=MENTEE)


async def test_U7_an_erasure_ends_the_pair_and_leaves_ratings_without_words(matched: World) -> None:
    await matched.agree()
    session = await matched.hold()
    for author in (MENTEE, MENTOR):
        path = matched.link("feedback", session.session_id, author)
        answer = await matched.client.post(path, data=world.a_feedback(went_well="Zzwords"))
        assert answer.status_code == 200
    matched.at(matched.now + timedelta(minutes=20))
    await matched.work()
    assert (await matched.topics())[-1] == "session-scheduled"
    await matched.hear(an_erasure(matched))
    told = await matched.said()
    assert [one["topic"] for one in told[-2:]] == ["session-cancelled", "person-forgotten"]
    assert told[-1]["removed"] == {
        "person": 1,
        "participation": 1,
        "busy_time": 1,
        "feedback_reader": 4,
        "feedback": 2,
    }
    tables = await matched.snapshot()
    assert not [
        name for name, rows in tables.items() if any("Zzwords" in row or "Mia" in row for row in rows)
    ]
    ratings = await matched.door.pool.fetch("SELECT rating_overall FROM feedback")
    assert [row[0] for row in ratings] == [4, 4]
    page = await matched.client.get(matched.link("pair", MATCH, MENTOR))
    assert (page.status_code, "A former colleague" in page.text) == (200, True)
    await matched.hear(world.an_end(matched.now))
    assert await matched.topics() == [one["topic"] for one in told], "the end was known already"


async def test_U7_what_is_heard_late_of_who_was_erased_brings_nothing_back_and_never_waits(
    empty: World,
) -> None:
    now = empty.now
    await empty.hear(an_erasure(empty), world.a_programme(now), world.a_person(MENTOR, now))
    late = [
        world.a_person(MENTEE, now, version=9),
        world.a_participant(MENTEE, "mentee", now),
        world.a_participant(MENTOR, "mentor", now),
        world.a_match(now),
        world.an_end(now),
    ]
    applied = await apply.apply_batch(
        empty.door, EARS, [_record(one, n) for n, one in enumerate(late)], Breaker()
    )
    assert applied.outcomes == ("applied",) * len(late)
    assert await empty.rows("agreement") == []
    for table in ("person", "participation"):
        rows = await empty.rows(table)
        assert len(rows) == 1
        assert str(MENTOR) in rows[0]


async def test_U7_a_tombstone_deletes_the_card_and_what_raced_with_the_erasure(matched: World) -> None:
    await matched.hear(an_erasure(matched))
    insert = "INSERT INTO participation SELECT $1, 1, $2, $3, 'mentee', '{}', now()"
    await matched.door.pool.execute(insert, world.MATCH, MENTEE, PROGRAMME)
    gone = outbox.forgotten(
        events.PersonChanged, str(MENTEE), "matching", envelope.new_trace(), at=matched.now
    )
    around = envelope.Envelope(gone.id, gone.type, gone.source, gone.key, gone.time, 2, gone.trace)
    record = Record(gone.topic, 0, 7, gone.key, tuple(envelope.to_headers(around)), None, matched.now)
    for _ in range(2):
        await apply.apply_batch(matched.door, EARS, [record], Breaker())
    receipts = [one["removed"] for one in await matched.said() if one["topic"] == "person-forgotten"]
    assert receipts[-1] == {"participation": 1}
    assert len(receipts) == 2, "what comes twice is applied once"


async def test_people_see_what_they_wrote_and_what_was_written_for_them_also_once_they_are_shut_out(
    matched: World,
) -> None:
    await matched.agree()
    session = await matched.hold()
    for author, words, share in ((MENTEE, "My own", "private"), (MENTOR, "For Mia", "partner")):
        path = matched.link("feedback", session.session_id, author)
        await matched.client.post(path, data=world.a_feedback(went_well=words, share=share))
    await matched.hear(world.a_person(MENTEE, matched.now, version=2, status="terminated"))
    for reader, seen, hidden in ((MENTEE, ("My own", "For Mia"), ()), (MENTOR, ("For Mia",), ("My own",))):
        page = await matched.client.get(matched.link("my-data", reader, reader))
        assert page.status_code == 200
        assert all(words in page.text for words in seen)
        assert not any(words in page.text for words in hidden)
    assert (await matched.client.get(matched.link("pair", MATCH, MENTEE))).status_code == 410


async def test_what_a_browser_brings_of_other_parts_is_shown_as_text_and_nothing_else(matched: World) -> None:
    path = matched.link("my-data", MENTEE, MENTEE)
    brought = [{"title": "Before", "rows": [{"what": "<script>alert(1)</script>"}]}]
    page = await matched.client.post(path, data={"so_far": json.dumps(brought)})
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script" not in page.text
    assert page.headers["content-disposition"] == 'attachment; filename="my-data.html"'
    assert page.headers["cache-control"] == "no-store"
    wrong = await matched.client.post(path, data={"so_far": '[{"title": 1}]'})
    assert (wrong.status_code, "Please begin again" in wrong.text) == (422, True)
    assert (await matched.client.get(path + "x")).status_code == 404


def _record(event: events.Event, offset: int) -> Record:
    said = outbox.said(event, "matching", envelope.new_trace())
    around = envelope.Envelope(said.id, said.type, said.source, said.key, said.time, 1, said.trace)
    return Record(said.topic, 0, offset, said.key, tuple(envelope.to_headers(around)), said.payload, event.at)
