from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.matching.core import matches
from services.matching.core.ids import Role
from services.matching.core.matches import Answer, Match
from tests.unit.matching.builders import NOW, a_proposal

ENDS_ON = date(2026, 8, 31)


def after(match: Match, role: Role, answer: Answer, reason: str | None = None) -> Match:
    return matches.answered(match, role, answer, reason=reason, now=NOW, ends_on=ENDS_ON)


def test_a_match_is_made_when_both_said_yes() -> None:
    one = after(a_proposal(), "mentor", "accept")
    assert (one.state, one.version) == ("proposed", 2)
    both = after(one, "mentee", "accept")
    assert (both.state, both.version, both.made_at, both.ends_on) == ("active", 3, NOW, ENDS_ON)


def test_one_no_ends_a_proposal_with_its_reason() -> None:
    declined = after(after(a_proposal(), "mentee", "accept"), "mentor", "decline", "no-time")
    assert (declined.state, declined.decline_reason) == ("declined", "no-time")
    assert declined.declined_by == declined.mentor_id
    assert after(a_proposal(), "mentee", "decline").decline_reason == "not-given"


def test_nobody_answers_twice() -> None:
    with pytest.raises(matches.AlreadyAnswered):
        after(after(a_proposal(), "mentee", "accept"), "mentee", "decline")


@pytest.mark.parametrize(
    "closed",
    [a_proposal(state="active"), a_proposal(state="lapsed"), a_proposal(answer_by=NOW)],
    ids=["made", "lapsed", "too late"],
)
def test_what_is_closed_takes_no_answer(closed: Match) -> None:
    with pytest.raises(matches.ProposalClosed):
        after(closed, "mentee", "accept")


def test_who_said_no_is_kept_apart_for_ever_and_who_was_silent_or_busy_for_a_month() -> None:
    declined = matches.block_after(after(a_proposal(), "mentee", "decline", "prefer-other"), now=NOW)
    assert declined is not None
    assert (declined.until, declined.reason) == (None, "prefer-other")
    busy = matches.block_after(after(a_proposal(), "mentee", "decline", "no-time"), now=NOW)
    assert busy is not None
    assert busy.until == NOW + timedelta(days=30)
    lapsed = matches.block_after(matches.lapsed(a_proposal()), now=NOW)
    assert lapsed is not None
    assert (lapsed.until, lapsed.reason) == (NOW + timedelta(days=30), "lapsed")
    ended = matches.block_after(matches.ended(a_proposal(), "not-a-good-fit", now=NOW), now=NOW)
    assert ended is not None
    assert (ended.until, ended.reason) == (None, "not-a-good-fit")
    assert matches.block_after(a_proposal(), now=NOW) is None


def test_S16_a_full_mentor_has_no_seat_left() -> None:
    matches.take_seat(capacity=2, taken=1)
    with pytest.raises(matches.CapacityExceeded, match="2 seats, all taken"):
        matches.take_seat(capacity=2, taken=2)


def test_a_match_lasts_to_the_end_of_its_last_day() -> None:
    assert matches.over_at(ENDS_ON) == datetime(2026, 9, 1, tzinfo=UTC)
    assert matches.last_day_before(datetime(2026, 8, 31, 23, 59, tzinfo=UTC)) == date(2026, 8, 30)
    assert matches.last_day_before(datetime(2026, 9, 1, tzinfo=UTC)) == ENDS_ON


def test_a_rating_is_the_mean_of_what_is_between_1_and_5() -> None:
    assert matches.rating({"overall": 4, "listening": 5}) == 4.5
    assert matches.rating({"overall": 4, "future": 80}) == 4.0
    assert matches.rating({}) is None
