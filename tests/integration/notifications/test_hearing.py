"""What each event leaves behind: who is told what, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from shared import envelope, events
from shared.errors import Early
from tests.integration.notifications import world
from tests.integration.notifications.world import MENTEE, MENTOR, World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def test_the_newest_card_of_a_person_wins_whatever_comes_last(known: World) -> None:
    await known.hear(
        world.a_person(MENTEE, known.now, version=3, zone="Asia/Kathmandu"),
        world.a_person(MENTEE, known.now, version=2, zone="Europe/Paris"),
        world.an_invitation(known.now),
    )
    await known.send()
    [mail] = known.inbox.mails
    assert "Kathmandu time" in mail.get_body(("plain",)).get_content()


async def test_a_zone_nobody_knows_is_not_taken_over(known: World) -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        await known.hear(world.a_person(MENTEE, known.now, version=2, zone="Mars/Olympus"))


@pytest.mark.parametrize(
    "heard",
    [
        world.an_invitation(datetime(2026, 3, 2, tzinfo=UTC)),
        world.a_proposal(datetime(2026, 3, 2, tzinfo=UTC)),
        world.a_match(datetime(2026, 3, 2, tzinfo=UTC)),
        world.an_agreement(datetime(2026, 3, 2, tzinfo=UTC)),
        world.a_session(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)),
    ],
    ids=lambda event: event.topic(),
)
async def test_an_event_whose_parent_is_not_known_yet_comes_early(empty: World, heard: events.Event) -> None:
    with pytest.raises(Early):
        await empty.hear(heard)
    assert not await empty.rows()


async def test_news_of_a_session_that_was_not_heard_of_comes_early(matched: World) -> None:
    now, start = matched.now, matched.now + 3 * DAY
    for heard in (
        world.a_move(now, start + DAY, was=start),
        world.a_cancellation(now, start),
        world.a_completion(now, start),
        world.a_miss(now, start),
    ):
        with pytest.raises(Early):
            await matched.hear(heard)


async def test_only_the_side_that_had_confirmed_is_asked_to_look_at_other_terms(matched: World) -> None:
    await matched.send()
    before = len(matched.inbox.mails)
    await matched.hear(world.other_terms(matched.now))
    await matched.send()
    [mail] = matched.inbox.mails[before:]
    assert mail["to"].addresses[0].addr_spec == world.address(MENTEE)
    assert "/agreement/" in mail.get_body(("plain",)).get_content()


async def test_an_invited_person_gets_the_join_link(known: World) -> None:
    await known.hear(world.an_invitation(known.now))
    await known.send()
    [mail] = known.inbox.mails
    assert mail["to"].addresses[0].addr_spec == world.address(MENTEE)
    assert "https://who.example/join/" in mail.get_body(("plain",)).get_content()


async def test_both_of_a_proposal_are_asked_until_the_day_it_ends(known: World) -> None:
    await known.hear(world.a_proposal(known.now))
    await known.send()
    assert known.inbox.kinds() == ["proposal", "proposal"]
    for mail in known.inbox.mails:
        text = mail.get_body(("plain",)).get_content()
        assert "by Thursday 5 March 2026, 10:00, Madrid time" in " ".join(text.split())


async def test_the_event_heard_twice_is_told_once(known: World) -> None:
    """S61: also without an inbox that drops the second."""
    event_id, event = envelope.new_id(), world.a_proposal(known.now)
    for _ in range(2):
        await known.hear_as(event_id, event)
        await known.send()
    assert known.inbox.kinds() == ["proposal", "proposal"]
    assert len(set(known.inbox.ids())) == 2


async def test_a_refusal_is_told_to_the_other_alone(known: World) -> None:
    await known.hear(world.a_proposal(known.now))
    await known.send()
    await known.hear(world.a_refusal(known.now, MENTEE))
    await known.send()
    assert known.inbox.kinds(MENTEE) == ["proposal"]
    assert known.inbox.kinds(MENTOR) == ["proposal", "not-matched"]


async def test_a_proposal_that_lapsed_is_told_to_both(known: World) -> None:
    await known.hear(world.a_proposal(known.now))
    await known.send()
    await known.hear(world.a_refusal(known.now + 3 * DAY, None))
    await known.send()
    assert known.inbox.kinds(MENTEE) == known.inbox.kinds(MENTOR) == ["proposal", "not-matched"]


async def test_S25_both_hear_once_that_they_go_on_and_the_end_leads_to_that_choice(known: World) -> None:
    await known.hear(world.a_match(known.now), world.an_end(known.now, "completed"))
    await known.send()
    await known.hear(world.a_continuation(known.now))
    await known.send()
    for one in (MENTEE, MENTOR):
        assert known.inbox.kinds(one)[-2:] == ["ended", "continued"]


async def test_S12_a_request_is_put_to_the_mentor_and_who_asked_gets_a_receipt_and_the_answer(
    known: World,
) -> None:
    await known.hear(world.a_proposal(known.now, requested_by=MENTEE))
    await known.send()
    assert (known.inbox.kinds(MENTEE), known.inbox.kinds(MENTOR)) == (["request-sent"], ["request"])
    await known.hear(world.a_refusal(known.now, MENTOR))
    await known.send()
    assert known.inbox.kinds(MENTEE) == ["request-sent", "request-closed"]
    assert known.inbox.kinds(MENTOR) == ["request"]


async def test_a_refusal_before_anybody_read_the_proposal_is_told_to_nobody(known: World) -> None:
    await known.hear(world.a_proposal(known.now), world.a_refusal(known.now, MENTEE))
    await known.send()
    assert known.inbox.mails == []
    assert await known.states() == {"proposal": {"withdrawn"}}


async def test_a_proposal_heard_after_its_refusal_is_not_told(known: World) -> None:
    await known.hear(world.a_refusal(known.now, MENTEE), world.a_proposal(known.now))
    await known.send()
    assert known.inbox.mails == []


async def test_a_match_heard_after_its_end_is_not_told_but_its_last_day_is_kept(known: World) -> None:
    await known.hear(world.an_end(known.now), world.a_match(known.now))
    assert await known.states() == {"ended": {"waiting"}}
    await known.hear(world.an_agreement(known.now))


async def test_an_agreement_is_confirmed_to_both(matched: World) -> None:
    await matched.hear(world.an_agreement(matched.now))
    await matched.send()
    assert matched.inbox.kinds() == ["agreed", "agreed"]


async def test_who_has_confirmed_already_is_not_asked_any_more(known: World) -> None:
    night = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
    known.at(night)
    await known.hear(world.a_match(night), world.an_agreement(night))
    assert await known.states() == {"matched": {"withdrawn"}, "agreed": {"waiting"}}


async def test_the_end_of_a_match_is_told_to_both_and_takes_back_what_was_still_owed(known: World) -> None:
    night = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
    known.at(night)
    await known.hear(world.a_match(night), world.an_end(night))
    assert await known.states() == {"matched": {"withdrawn"}, "ended": {"waiting"}}


async def test_a_session_is_planned_with_its_reminders_and_the_question_afterwards(matched: World) -> None:
    start = matched.now + 3 * DAY
    await matched.hear(world.a_session(matched.now, start))
    for person in (MENTEE, MENTOR):
        assert await matched.waiting(person) == {
            "session-scheduled": matched.now,
            "reminder-day": start - DAY,
            "reminder-hour": start - HOUR,
            "session-over": start + timedelta(minutes=45),
        }


async def test_a_move_plans_everything_anew_and_raises_the_sequence(matched: World) -> None:
    start = matched.now + 3 * DAY
    await matched.hear(world.a_session(matched.now, start))
    await matched.send()
    later = start + 2 * HOUR
    await matched.hear(world.a_move(matched.now, later, was=start))
    assert await matched.waiting(MENTEE) == {
        "session-moved": matched.now,
        "reminder-day": later - DAY,
        "reminder-hour": later - HOUR,
        "session-over": later + timedelta(minutes=45),
    }
    for moment in (later - DAY, later - HOUR, later + HOUR):
        matched.at(moment)
        await matched.send()
    told = ["session-scheduled", "session-moved", "reminder-day", "reminder-hour", "session-over"]
    assert matched.inbox.kinds(MENTEE) == told


async def test_a_move_before_the_first_invitation_was_read_is_an_invitation(matched: World) -> None:
    night = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
    matched.at(night)
    start = night + 3 * DAY
    await matched.hear(world.a_session(night, start), world.a_move(night, start + HOUR, was=start))
    matched.at(night + 12 * HOUR)
    await matched.send()
    assert matched.inbox.kinds(MENTEE) == ["session-scheduled"]
    assert "SEQUENCE:1" in calendar_of(matched)


async def test_a_cancellation_goes_out_at_once_and_takes_the_reminders_back(matched: World) -> None:
    start = matched.now + 3 * DAY
    await matched.hear(world.a_session(matched.now, start))
    await matched.send()
    night = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    matched.at(night)
    await matched.hear(world.a_cancellation(night, start))
    await matched.send()
    assert matched.inbox.kinds(MENTOR) == ["session-scheduled", "session-cancelled"]
    assert await matched.waiting(MENTEE) == {}
    assert "METHOD:CANCEL" in calendar_of(matched)


async def test_a_session_nobody_was_told_of_is_cancelled_in_silence(matched: World) -> None:
    night = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    matched.at(night)
    start = night + 3 * DAY
    await matched.hear(world.a_session(night, start), world.a_cancellation(night, start))
    matched.at(start)
    await matched.send()
    assert matched.inbox.mails == []


async def test_older_news_of_a_session_is_no_news(matched: World) -> None:
    start = matched.now + 3 * DAY
    await matched.hear(world.a_session(matched.now, start))
    await matched.send()
    await matched.hear(
        world.a_cancellation(matched.now, start, sequence=2),
        world.a_move(matched.now, start + HOUR, was=start, sequence=1),
        world.a_session(matched.now, start),
    )
    await matched.send()
    assert matched.inbox.kinds(MENTEE) == ["session-scheduled", "session-cancelled"]


async def test_a_missed_session_is_asked_about_no_more(matched: World) -> None:
    start = matched.now + HOUR / 2
    await matched.hear(world.a_session(matched.now, start), world.a_miss(matched.now, start))
    assert await matched.waiting(MENTEE) == {}


@pytest.mark.parametrize(
    "zone", ["Europe/Madrid", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
async def test_S67_feedback_is_asked_for_once_within_the_hour_or_at_the_end_of_quiet_hours(
    matched: World, zone: str
) -> None:
    """One of the pair lives in another zone: each is asked at their own good moment."""
    now = matched.now
    await matched.hear(world.a_person(MENTOR, now, zone=zone, version=2))
    start = now + 3 * DAY
    await matched.hear(world.a_session(now, start))
    await matched.send()
    matched.at(start + HOUR)
    event_id, event = envelope.new_id(), world.a_completion(matched.now, start)
    for _ in range(2):
        await matched.hear_as(event_id, event)
    for hours in range(1, 13):
        await matched.send()
        matched.at(start + (1 + hours) * HOUR)
    requests = [row for row in await matched.rows() if row["kind"] == "feedback"]
    assert [row["state"] for row in requests] == ["sent", "sent"]
    assert sorted(matched.inbox.kinds())[:2] == ["feedback", "feedback"]
    for row in requests:
        home = "Europe/Madrid" if row["recipient_id"] == MENTEE else zone
        wall = row["due_at"].astimezone(ZoneInfo(home))
        assert row["due_at"] - row["caused_at"] <= HOUR or (wall.hour, wall.minute) == (7, 0)
        assert 7 <= wall.hour < 22
        assert row["sent_at"] - row["due_at"] < HOUR


def calendar_of(home: World) -> str:
    """The calendar object of the last mail."""
    [part] = [one for one in home.inbox.mails[-1].walk() if one.get_content_type() == "text/calendar"]
    content = part.get_content()  # type: ignore[attr-defined]
    return content if isinstance(content, str) else content.decode()


async def test_S20_peers_are_called_peers_in_their_mails(known: World) -> None:
    as_peers = {"peer": True}
    await known.hear(
        world.an_invitation(known.now).model_copy(update=as_peers),
        world.a_proposal(known.now).model_copy(update=as_peers),
    )
    await known.send()
    await known.hear(world.a_match(known.now).model_copy(update=as_peers))
    await known.send()
    written = [mail.get_body(("plain",)).get_content() for mail in known.inbox.mails]
    subjects = [str(mail["Subject"]) for mail in known.inbox.mails]
    assert len(written) == 5
    for text in (*written, *subjects):
        assert "mentor" not in text.lower().replace("mentoring", "")
        assert "mentee" not in text.lower()
    assert sum("peer" in text.lower() for text in written) == 5


async def test_to_a_flash_talk_both_get_the_invitation_and_nothing_before_it(known: World) -> None:
    talk = known.now + DAY
    await known.hear(world.a_match(known.now).model_copy(update={"talk_at": talk}))
    await known.hear(world.a_session(known.now, talk))
    await known.send()
    assert known.inbox.kinds() == ["session-scheduled", "session-scheduled"]
