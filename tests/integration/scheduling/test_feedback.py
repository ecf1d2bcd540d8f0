"""Feedback goes both ways, asks for something concrete, and stays with its readers."""

from __future__ import annotations

import html
import re
from uuid import UUID

import pytest

from services.scheduling import store
from shared import tx
from shared.events import PersonId
from tests.integration.scheduling import world
from tests.integration.scheduling.world import MATCH, MENTEE, MENTOR, World, a_feedback, bearer

CANARY = "heron-4711-canary"


@pytest.fixture
async def held(matched: World) -> World:
    """The pair's first session took place."""
    await matched.agree()
    await matched.hold()
    return matched


async def form_of(here: World, who: UUID) -> str:
    [session] = await here.sessions()
    return here.link("feedback", session.session_id, who)


async def test_S65_both_sides_get_a_form_and_each_is_stored_separately(held: World) -> None:
    for who, text in ((MENTEE, "from the mentee"), (MENTOR, "from the mentor")):
        path = await form_of(held, who)
        assert (await held.client.get(path)).status_code == 200
        assert (await held.client.post(path, data=a_feedback(went_well=text))).status_code == 200
    stored = await held.door.pool.fetch(
        "SELECT author_id, about_id, went_well FROM feedback ORDER BY author_id"
    )
    assert [tuple(row) for row in stored] == [
        (MENTEE, MENTOR, "from the mentee"),
        (MENTOR, MENTEE, "from the mentor"),
    ]
    said = [one for one in await held.said() if one["topic"] == "feedback-submitted"]
    assert [(one["author_role"], one["ratings"]["overall"], one["fit"]) for one in said] == [
        ("mentee", 4, "good"),
        ("mentor", 4, "good"),
    ]


async def test_S65_one_author_says_one_thing_about_a_session(held: World) -> None:
    path = await form_of(held, MENTEE)
    assert (await held.client.post(path, data=a_feedback())).status_code == 200
    for again in (path, held.link("feedback", path_subject(await held.sessions()), MENTEE, fresh=True)):
        answer = await held.client.post(again, data=a_feedback(went_well="something else"))
        assert answer.status_code == 410
        assert "You have given your feedback" in answer.text
    assert len(await held.rows("feedback")) == 1
    assert (await held.topics()).count("feedback-submitted") == 1


def path_subject(sessions: list) -> UUID:  # type: ignore[type-arg]
    return sessions[0].session_id  # type: ignore[no-any-return]


async def test_S66_the_form_has_three_parts(held: World) -> None:
    page = (await held.client.get(await form_of(held, MENTEE))).text
    for name, label in (
        ("went_well", "What went well"),
        ("to_improve", "What to improve"),
        ("encouragement", "Encouragement"),
    ):
        assert re.search(rf'<label for="{name}">{label}', page)
        assert re.search(rf'<textarea id="{name}" name="{name}"', page)


async def test_S66_a_low_rating_without_a_suggestion_asks_for_one_and_loses_nothing_typed(
    held: World,
) -> None:
    path = await form_of(held, MENTEE)
    typed = a_feedback(
        rating_overall="1", to_improve="", went_well="<b>First</b> line\nsecond & third", share="private"
    )
    answer = await held.client.post(path, data=typed)
    assert answer.status_code == 422
    assert "Name one concrete thing" in answer.text
    assert html.escape("<b>First</b> line\nsecond & third", quote=False) in answer.text
    assert "Go on like this!" in answer.text
    for name in ("rating_overall", "rating_usefulness", "rating_listening", "fit", "share"):
        assert re.search(rf'name="{name}" value="{typed[name]}"\s+checked', answer.text), name
    assert await held.rows("feedback") == []
    assert await held.rows("used_link") == []
    again = await held.client.post(path, data={**typed, "to_improve": "Let me finish my sentences."})
    assert again.status_code == 200


async def test_S68_the_reader_list_is_stored_with_private_feedback(held: World) -> None:
    await held.client.post(await form_of(held, MENTEE), data=a_feedback(share="private"))
    rows = await held.door.pool.fetch(
        "SELECT author_id, array_agg(reader_id) AS readers"
        " FROM feedback JOIN feedback_reader USING (feedback_id) GROUP BY author_id"
    )
    assert [tuple(row) for row in rows] == [(MENTEE, [MENTEE])]


@pytest.mark.parametrize(("share", "partner_reads"), [("partner", True), ("private", False)])
async def test_S68_the_reader_list_is_enforced_on_every_read(
    held: World, share: str, partner_reads: bool
) -> None:
    [session] = await held.sessions()
    await held.client.post(await form_of(held, MENTEE), data=a_feedback(went_well=CANARY, share=share))
    async with tx.transaction(held.door) as unit:
        for reader, expected in ((MENTEE, True), (MENTOR, partner_reads), (UUID(int=77), False)):
            found = await store.feedback.on_session(unit.conn, session.session_id, reader)  # type: ignore[arg-type]
            assert [one.went_well for one in found] == [CANARY] * expected
    page = await held.client.get(held.link("pair", MATCH, MENTOR))
    assert (CANARY in page.text) == partner_reads
    own = await held.client.get(held.link("pair", MATCH, MENTEE))
    assert CANARY not in own.text, "the page shows what was written for its reader"


async def test_S68_over_http_the_author_reads_and_a_program_does_not(held: World) -> None:
    [session] = await held.sessions()
    await held.client.post(await form_of(held, MENTEE), data=a_feedback(went_well=CANARY, share="private"))
    path = f"/v1/feedback/{session.session_id}"
    author = await held.client.get(path, headers=bearer(str(MENTEE)))
    assert [one["went_well"] for one in author.json()["items"]] == [CANARY]
    program = await held.client.get(path, headers=bearer("writer"))
    assert program.status_code == 403
    assert CANARY not in program.text


def test_S68_every_query_for_the_text_goes_by_the_reader_list() -> None:
    with open(store.feedback.__file__) as file:
        queries = re.findall(r'\.fetch\(\s*((?:"[^"]*"\s*)+)', file.read())
    assert queries
    assert all("JOIN feedback_reader" in query and "reader_id = $" in query for query in queries)


async def test_S40_U15_what_was_written_is_in_no_event_no_log_and_no_other_table(
    held: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    path = await form_of(held, MENTEE)
    parts = {part: f"{CANARY} {part}" for part in ("went_well", "to_improve", "encouragement")}
    await held.client.post(path, data=a_feedback(rating_overall="9", share="private", **parts))
    await held.client.post(path, data=a_feedback(share="private", **parts))
    await held.client.post(path, data=a_feedback(share="private", **parts))
    await held.client.post(path + "x", data=a_feedback(share="private", **parts))
    found = {table for table, rows in (await held.snapshot()).items() if any(CANARY in row for row in rows)}
    assert found == {"feedback"}
    payloads = [bytes(row[0]) for row in await held.door.pool.fetch("SELECT payload FROM outbox")]
    assert payloads
    assert not any(CANARY.encode() in payload for payload in payloads)
    parked = await held.door.pool.fetch("SELECT payload FROM parked WHERE payload IS NOT NULL")
    assert not any(CANARY.encode() in bytes(row[0]) for row in parked)
    written = capfd.readouterr()
    assert CANARY not in caplog.text + written.out + written.err
    metrics = await held.client.get("/metrics")
    assert CANARY not in metrics.text


async def test_feedback_opens_when_the_session_has_taken_place(matched: World) -> None:
    await matched.agree()
    answer = await matched.client.get(await form_of(matched, MENTEE))
    assert answer.status_code == 409
    assert "Feedback opens when the session has taken place." in answer.text


async def test_strangers_have_no_form(held: World) -> None:
    await held.hear(world.a_person(PersonId(UUID(int=5)), held.now))
    answer = await held.client.get(await form_of(held, UUID(int=5)))
    assert answer.status_code == 403


async def test_the_fit_is_asked_after_the_first_session_only(held: World) -> None:
    assert 'name="fit"' in (await held.client.get(await form_of(held, MENTEE))).text
    await held.door.pool.execute("UPDATE session SET ordinal = 2")
    assert 'name="fit"' not in (await held.client.get(await form_of(held, MENTEE))).text
    await held.client.post(await form_of(held, MENTEE), data=a_feedback(fit="not-good"))
    assert (await held.said())[-1]["fit"] is None


async def test_a_character_that_cannot_be_stored_does_no_harm(held: World) -> None:
    answer = await held.client.post(await form_of(held, MENTEE), data=a_feedback(went_well="a\x00b"))
    assert answer.status_code == 200
