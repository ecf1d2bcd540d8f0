"""Pages open by a signed link alone; looking changes nothing; links that do not work say why."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from shared import auth
from shared.events import MatchId, PersonId
from tests.integration.scheduling import world
from tests.integration.scheduling.world import MATCH, MENTEE, MENTOR, World, a_feedback


@pytest.fixture
async def held(matched: World) -> World:
    """The first session took place, both wrote, and the second is booked."""
    await matched.agree()
    session = await matched.hold()
    await matched.client.post(matched.link("feedback", session.session_id, MENTOR), data=a_feedback())
    matched.at(matched.now + timedelta(minutes=15))
    await matched.work()
    return matched


async def every_path(here: World) -> list[str]:
    first = (await here.sessions())[0]
    return [
        here.link("agreement", MATCH, MENTEE),
        here.link("pair", MATCH, MENTEE),
        here.link("feedback", first.session_id, MENTEE),
    ]


def test_every_route_is_guarded(empty: World) -> None:
    assert auth.unguarded_routes(empty.app) == []


async def test_U16_opening_a_page_never_changes_anything(held: World) -> None:
    before = await held.snapshot()
    for path in await every_path(held):
        for _ in range(2):
            answer = await held.client.get(path)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
    assert await held.snapshot() == before


async def test_U16_an_expired_link_says_so(held: World) -> None:
    paths = await every_path(held)
    held.at(held.now + timedelta(days=301))
    for path in paths:
        for answer in (await held.client.get(path), await held.client.post(path, data={})):
            assert answer.status_code == 410
            assert "This link has ended" in answer.text


async def test_U16_a_forged_link_says_so(held: World) -> None:
    for path in await every_path(held):
        other = "/pair/" if "/feedback/" in path else "/feedback/"
        broken = path[:-9] + ("a" if path[-9] != "a" else "b") + path[-8:]
        for forged in (broken, other + path.split("/")[2]):
            for answer in (await held.client.get(forged), await held.client.post(forged, data={})):
                assert answer.status_code == 404
                assert "This link is not valid" in answer.text
                assert answer.headers["content-type"].startswith("text/html")


async def test_U16_a_used_link_says_so(held: World) -> None:
    first = (await held.sessions())[0]
    answer = await held.client.get(held.link("feedback", first.session_id, MENTOR))
    assert answer.status_code == 410
    assert "You have given your feedback on this session. Thank you." in answer.text


async def test_pages_work_without_script(held: World) -> None:
    for path in await every_path(held):
        page = await held.client.get(path)
        assert "<script" not in page.text
        assert "onclick" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_pairs_page_shows_the_next_session_on_the_readers_clock(held: World) -> None:
    await held.hear(world.a_person(MENTOR, held.now, version=2, time_zone="America/New_York"))
    mine = (await held.client.get(held.link("pair", MATCH, MENTEE))).text
    theirs = (await held.client.get(held.link("pair", MATCH, MENTOR))).text
    assert "You and Tom Number2" in mine
    assert "Wednesday 18 March 2026<br>10:30–11:30, Madrid time (UTC+1)" in mine
    assert "Wednesday 18 March 2026<br>05:30–06:30, New York time (UTC-4)" in mine
    assert mine.index("Madrid time") < mine.index("For Tom") < mine.index("New York time")
    assert theirs.index("New York time") < theirs.index("For Mia") < theirs.index("Madrid time")
    assert "took place" in mine
    assert "Send the topics a day before." in mine
    assert "Send the topics a day before." not in theirs


async def test_a_session_is_moved_on_the_page_to_an_offered_slot(held: World) -> None:
    session = (await held.sessions())[1]
    page = (await held.client.get(held.link("pair", MATCH, MENTEE))).text
    offered = re.findall(r'name="slot" value="([^"]+)"', page)
    assert len(offered) == 6
    answer = await held.act("move", session, slot=offered[2])
    assert answer.status_code == 200
    assert "Your session has a new time" in answer.text
    moved = (await held.sessions())[1]
    assert (moved.starts_at, moved.sequence) == (datetime.fromisoformat(offered[2]), 1)
    again = await held.act("move", session, slot=offered[2])
    assert again.status_code == 200
    assert (await held.topics()).count("session-moved") == 1


@pytest.mark.parametrize("slot", ["", "soon", "2026-03-20T10:00:00"])
async def test_a_move_to_nowhere_asks_for_a_time(held: World, slot: str) -> None:
    session = (await held.sessions())[1]
    answer = await held.act("move", session, slot=slot)
    assert answer.status_code == 422
    assert "of the times" in answer.text


async def test_a_slot_that_is_gone_leaves_the_session_where_it_was(held: World) -> None:
    session = (await held.sessions())[1]
    before = await held.snapshot()
    answer = await held.act("move", session, slot="2026-03-21T10:00:00+00:00")
    assert answer.status_code == 409
    assert "no longer free" in answer.text
    assert await held.snapshot() == before


async def test_after_its_start_the_page_asks_whether_it_took_place(held: World) -> None:
    session = (await held.sessions())[1]
    page = (await held.client.get(held.link("pair", MATCH, MENTEE))).text
    assert 'value="happened"' not in page
    held.at(session.starts_at + timedelta(minutes=5))
    page = (await held.client.get(held.link("pair", MATCH, MENTEE))).text
    assert 'value="happened"' in page
    assert 'value="move"' not in page
    await held.act("missed", session, by=MENTOR)
    contrary = await held.act("happened", session)
    assert contrary.status_code == 409
    assert "already missed" in contrary.text


async def test_a_session_is_cancelled_on_the_page(held: World) -> None:
    session = (await held.sessions())[1]
    answer = await held.act("cancel", session)
    assert answer.status_code == 200
    said = (await held.said())[-1]
    assert (said["topic"], said["cancelled_by"], said["late"]) == ("session-cancelled", str(MENTEE), False)


async def test_a_link_to_one_pair_does_not_open_the_sessions_of_another(held: World) -> None:
    other = MatchId(UUID(int=70))
    await held.hear(world.a_match(held.now, match_id=other))
    await held.agree(other)
    [session] = await held.sessions(other)
    form = {"action": "cancel", "session_id": str(session.session_id), "sequence": "0"}
    answer = await held.client.post(held.link("pair", MATCH, MENTEE), data=form)
    assert answer.status_code == 404
    assert (await held.sessions(other))[0].state == "scheduled"


@pytest.mark.parametrize(
    "form", [{}, {"action": "dance"}, {"action": "cancel", "session_id": "x", "sequence": "0"}]
)
async def test_a_form_that_is_not_ours_is_refused_in_words(held: World, form: dict[str, str]) -> None:
    answer = await held.client.post(held.link("pair", MATCH, MENTEE), data=form)
    assert answer.status_code == 422
    assert "Please use one of the buttons" in answer.text


async def test_strangers_with_a_link_of_their_own_see_no_pair(held: World) -> None:
    await held.hear(world.a_person(PersonId(UUID(int=9)), held.now))
    for purpose in ("agreement", "pair"):
        answer = await held.client.get(held.link(purpose, MATCH, UUID(int=9)))
        assert answer.status_code == 403


async def test_names_are_text_and_not_markup(held: World) -> None:
    await held.hear(world.a_person(MENTOR, held.now, version=5, given_name="<script>x</script>"))
    for path in await every_path(held):
        page = (await held.client.get(path)).text
        assert "<script" not in page
        assert "&lt;script&gt;" in page


async def test_a_pair_that_has_ended_keeps_its_history_and_gets_no_buttons(held: World) -> None:
    await held.hear(world.an_end(held.now))
    page = (await held.client.get(held.link("pair", MATCH, MENTEE))).text
    assert "Your mentoring has ended" in page
    assert "took place" in page
    assert "<button" not in page


async def test_a_pair_without_an_agreement_is_told_what_is_missing(matched: World) -> None:
    page = (await matched.client.get(matched.link("pair", MATCH, MENTEE))).text
    assert "as soon as both of you have confirmed" in page
