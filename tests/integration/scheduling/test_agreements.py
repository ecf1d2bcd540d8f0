"""A pair agrees on a page, and is missed where it does not."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from shared.errors import Early
from tests.integration.scheduling import world
from tests.integration.scheduling.world import MATCH, MENTEE, MENTOR, World, bearer


async def listed(here: World, state: str) -> list[dict[str, object]]:
    answer = await here.client.get(f"/v1/agreements?state={state}", headers=bearer("reader"))
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]  # type: ignore[no-any-return]


async def test_a_new_pair_has_a_draft_with_the_programmes_terms(matched: World) -> None:
    [draft] = await listed(matched, "draft")
    assert (draft["hours_per_month"], draft["cadence"], draft["mentee_confirmed"]) == (3, "biweekly", False)


async def test_the_same_match_heard_twice_is_one_draft(matched: World) -> None:
    await matched.hear(world.a_match(matched.now))
    assert len(await listed(matched, "draft")) == 1


async def test_a_match_waits_for_the_cards_the_programme_and_the_hours_of_its_people(empty: World) -> None:
    now = empty.now
    facts = (
        world.a_programme(now),
        world.a_person(MENTEE, now),
        world.a_person(MENTOR, now),
        world.a_participant(MENTEE, "mentee", now),
        world.a_participant(MENTOR, "mentor", now),
    )
    waited_for = []
    for fact in facts:
        with pytest.raises(Early) as early:
            await empty.hear(world.a_match(now))
        waited_for.append(early.value.waits_for.split()[0])
        await empty.hear(fact)
    assert waited_for == ["programme", "person", "person", "working", "working"]
    await empty.hear(world.a_match(now))
    assert len(await listed(empty, "draft")) == 1


async def test_S20_the_hours_of_peers_count_on_either_side(empty: World) -> None:
    now = empty.now
    await empty.hear(
        world.a_programme(now),
        world.a_person(MENTEE, now),
        world.a_person(MENTOR, now),
        world.a_participant(MENTEE, "mentee", now, peer=True),
    )
    with pytest.raises(Early):
        await empty.hear(world.a_match(now, peer=True))
    await empty.hear(world.a_participant(MENTOR, "mentee", now, peer=True), world.a_match(now, peer=True))
    await empty.agree()
    assert "session-scheduled" in await empty.topics()


async def test_S26_a_pair_without_an_agreement_appears_in_missing_after_14_days(matched: World) -> None:
    await matched.confirm(MENTEE)
    matched.at(matched.now + timedelta(days=13, hours=23))
    assert await listed(matched, "missing") == []
    matched.at(matched.now + timedelta(hours=1))
    [missing] = await listed(matched, "missing")
    assert (missing["match_id"], missing["mentee_confirmed"], missing["mentor_confirmed"]) == (
        str(MATCH),
        True,
        False,
    )
    await matched.confirm(MENTOR)
    assert await listed(matched, "missing") == []


async def test_who_had_confirmed_is_told_of_other_terms_and_who_had_not_is_not(matched: World) -> None:
    await matched.confirm(MENTEE, hours_per_month="2")
    assert await matched.topics() == []
    await matched.confirm(MENTOR, hours_per_month="4", version="2")
    [said] = await matched.said()
    assert (said["topic"], said["changed_by"], said["version"]) == ("agreement-changed", str(MENTOR), 3)


async def test_S26_hours_per_month_are_required_on_the_page(matched: World) -> None:
    answer = await matched.confirm(MENTEE, hours_per_month="", cadence="weekly", focus="network")
    assert answer.status_code == 422
    assert "Give the hours per month" in answer.text
    assert re.search(r'value="weekly" selected', answer.text)
    assert re.search(r'value="network"\s+checked', answer.text)
    [draft] = await listed(matched, "draft")
    assert (draft["version"], draft["mentee_confirmed"]) == (1, False)


async def test_one_word_says_nothing_and_two_words_say_it_once(matched: World) -> None:
    await matched.confirm(MENTEE)
    assert await matched.topics() == []
    await matched.confirm(MENTOR)
    await matched.confirm(MENTOR)
    [said] = await matched.said()
    assert (said["topic"], said["hours_per_month"], said["cadence"], said["focus"]) == (
        "agreement-confirmed",
        3,
        "biweekly",
        "career",
    )


async def test_other_terms_ask_the_partner_again(matched: World) -> None:
    await matched.confirm(MENTEE)
    answer = await matched.confirm(MENTOR, cadence="weekly")
    assert answer.status_code == 200
    assert await matched.topics() == ["agreement-changed"]
    page = await matched.client.get(matched.link("agreement", MATCH, MENTEE))
    assert "Tom has confirmed the terms below" in page.text
    assert re.search(r'value="weekly" selected', page.text)
    await matched.confirm(MENTEE, cadence="weekly", version=2)
    assert await matched.topics() == ["agreement-changed", "agreement-confirmed"]


async def test_terms_that_changed_under_the_readers_eyes_are_shown_and_not_overwritten(
    matched: World,
) -> None:
    await matched.confirm(MENTOR, cadence="weekly")
    answer = await matched.confirm(MENTEE, hours_per_month=8)
    assert answer.status_code == 409
    assert "changed the terms in the meantime" in answer.text
    [draft] = await listed(matched, "draft")
    assert (draft["hours_per_month"], draft["cadence"], draft["mentor_confirmed"]) == (3, "weekly", True)


async def test_a_pair_that_has_ended_has_nothing_left_to_agree_on(matched: World) -> None:
    await matched.hear(world.an_end(matched.now))
    answer = await matched.confirm(MENTEE)
    assert answer.status_code == 409
    assert "has ended" in answer.text
    assert [one["ended_reason"] for one in await listed(matched, "closed")] == ["withdrawn"]
    assert await listed(matched, "missing") == []


async def test_the_end_of_an_unknown_match_is_early(empty: World) -> None:
    with pytest.raises(Early):
        await empty.hear(world.an_end(empty.now))


async def test_the_newest_card_wins(matched: World) -> None:
    await matched.hear(world.a_person(MENTOR, matched.now, version=3, given_name="Thomas"))
    await matched.hear(world.a_person(MENTOR, matched.now, version=2, given_name="Tommy"))
    page = await matched.client.get(matched.link("agreement", MATCH, MENTEE))
    assert "Thomas" in page.text


async def test_agreements_are_paged_without_gaps(matched: World) -> None:
    for n in range(5):
        await matched.hear(world.a_match(matched.now, match_id=world.MatchId(world.UUID(int=60 + n))))
    seen: list[str] = []
    after = ""
    while True:
        answer = await matched.client.get(f"/v1/agreements?limit=2{after}", headers=bearer("reader"))
        seen += [one["match_id"] for one in answer.json()["items"]]
        if answer.json()["next"] is None:
            break
        after = f"&after={answer.json()['next']}"
    assert len(seen) == len(set(seen)) == 6
