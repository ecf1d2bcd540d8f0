from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from services.matching.core import lessons, matches
from services.matching.core.ids import MatchId, ParticipationId
from services.matching.core.lessons import Learned
from tests.unit.matching.builders import NOW

WHO = ParticipationId(UUID(int=12))


def a_lesson(code: str, *, goals: tuple[str, ...] = (), days_ago: int = 0) -> lessons.Lesson | None:
    then = NOW - timedelta(days=days_ago)
    return lessons.lesson(MatchId(UUID(int=50 + days_ago)), WHO, code, goals=goals, now=then)


def test_every_reason_that_can_be_given_teaches_something_or_says_that_it_does_not() -> None:
    assert set(lessons.TEACHING) == {*matches.REASONS, "not-given"}
    assert all(f"| {code}" in str(lessons.__doc__) or code == "not-given" for code in lessons.TEACHING)


def test_who_has_no_time_is_left_in_peace_for_a_month() -> None:
    lesson = a_lesson("no-time")
    assert lesson is not None
    until = NOW + timedelta(days=30)
    assert lessons.learned([lesson], now=NOW) == {WHO: Learned(paused_until=until)}
    assert lessons.learned([lesson], now=until)[WHO].paused_until is None


def test_goals_a_mentor_says_no_to_add_up_and_a_longer_pause_stays() -> None:
    noted = [
        a_lesson("not-my-goals", goals=("a", "b"), days_ago=3),
        a_lesson("no-time", days_ago=2),
        a_lesson("not-my-goals", goals=("b", "c"), days_ago=1),
    ]
    found = lessons.learned([one for one in noted if one is not None], now=NOW)
    assert found == {WHO: Learned(frozenset("abc"), NOW + timedelta(days=28))}


def test_a_mentee_who_says_no_to_the_goals_and_other_reasons_note_nothing_about_anybody() -> None:
    assert a_lesson("not-my-goals") is None
    assert a_lesson("wrong-style", goals=("a",)) is None
    assert a_lesson("a reason of a later year", goals=("a",)) is None
