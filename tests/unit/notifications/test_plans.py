from __future__ import annotations

from datetime import timedelta

import pytest

from services.notifications import core
from tests.unit.notifications import builders
from tests.unit.notifications.builders import CARDS, MENTEE, MENTOR, NOW

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def due_of(notices: list[core.Notice], to: core.Card) -> dict[str, timedelta]:
    """When the notices to one person are due, counted from the start of the session."""
    return {
        one.kind: one.due_at - one.meeting.starts_at
        for one in notices
        if one.recipient_id == to.person_id and one.meeting
    }


def test_a_session_brings_an_invitation_two_reminders_and_a_question_afterwards() -> None:
    meeting = builders.a_meeting(NOW + 3 * DAY)
    notices = core.announced(builders.a_pair(), meeting, CARDS, now=NOW, at=NOW)
    assert due_of(notices, MENTEE) == {
        "session-scheduled": -3 * DAY,
        "reminder-day": -DAY,
        "reminder-hour": -HOUR,
        "session-over": timedelta(minutes=45),
    }
    assert due_of(notices, MENTOR).keys() == due_of(notices, MENTEE).keys()


@pytest.mark.parametrize(
    ("ahead", "reminders"),
    [
        (25 * HOUR, {"reminder-day", "reminder-hour"}),
        (24 * HOUR, {"reminder-hour"}),
        (2 * HOUR, {"reminder-hour"}),
        (HOUR, set()),
    ],
)
def test_only_reminders_that_still_lie_ahead_are_planned(ahead: timedelta, reminders: set[str]) -> None:
    notices = core.announced(builders.a_pair(), builders.a_meeting(NOW + ahead), CARDS, now=NOW, at=NOW)
    assert {one.kind for one in notices} & core.REMINDERS == reminders


def test_who_was_told_of_a_session_hears_that_it_moved_and_for_others_it_is_new() -> None:
    meeting = builders.a_meeting(sequence=1)
    told = {MENTEE.person_id}
    notices = core.announced(builders.a_pair(), meeting, CARDS, now=NOW, at=NOW, told=told)
    kinds = {one.recipient_id: one.kind for one in notices if one.calendar}
    assert kinds == {MENTEE.person_id: "session-moved", MENTOR.person_id: "session-scheduled"}


def test_a_pair_knows_who_is_who() -> None:
    pair = builders.a_pair()
    assert pair.partner_of(MENTEE.person_id) == MENTOR.person_id
    assert pair.partner_of(MENTOR.person_id) == MENTEE.person_id
    assert (pair.role_of(MENTEE.person_id), pair.role_of(MENTOR.person_id)) == ("mentee", "mentor")


def test_each_link_ends_when_what_it_is_for_does() -> None:
    ends = {
        kind: core.link(builders.a_notice(kind)) for kind in ("invited", "proposal", "matched", "feedback")
    }
    days = {kind: (link.expires_at - NOW).days for kind, link in ends.items() if link}
    assert days == {"invited": 3, "proposal": 3, "matched": 60, "feedback": 21}
    pair_page = core.link(builders.a_notice("session-over"))
    assert pair_page is not None
    assert f"{pair_page.expires_at:%Y-%m-%d}" == "2026-10-01", "30 days after the last day of the pair"


def test_back_off_grows_and_has_an_end() -> None:
    assert [core.back_off_s(attempts) for attempts in (1, 2, 3, 4, 5, 6, 99)] == [
        1,
        5,
        30,
        120,
        600,
        600,
        600,
    ]
