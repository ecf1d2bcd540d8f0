"""A session only moves forward, and nobody answers for a time they did not see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.scheduling.core import sessions
from tests.unit.scheduling.builders import MENTEE, MENTOR, a_session, hour, utc, wall

AFTER = utc(2026, 3, 5, 10, 30)
BEFORE = utc(2026, 3, 3, 8)


def test_a_session_is_completed_after_its_start() -> None:
    done = sessions.completed(a_session(), 0, by=MENTEE, now=AFTER)
    assert (done.state, done.closed_by, done.closed_at) == ("completed", MENTEE, AFTER)


@pytest.mark.parametrize("report", [sessions.completed, sessions.missed])
def test_a_session_in_the_future_can_neither_be_completed_nor_missed(report) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(sessions.NotYet):
        report(a_session(), 0, by=MENTEE, now=BEFORE)


@pytest.mark.parametrize("state", ["completed", "missed", "cancelled"])
def test_a_closed_session_never_changes_its_state(state: sessions.State) -> None:
    closed = a_session(state=state)
    acts = {
        "completed": lambda: sessions.completed(closed, 0, by=MENTEE, now=AFTER),
        "missed": lambda: sessions.missed(closed, 0, by=MENTEE, now=AFTER),
        "cancelled": lambda: sessions.cancelled(closed, 0, by=MENTEE, now=BEFORE),
    }
    assert acts.pop(state)() is closed
    for act in acts.values():
        with pytest.raises(sessions.SessionOver):
            act()
    with pytest.raises(sessions.SessionOver):
        sessions.moved(closed, 0, hour(utc(2026, 3, 6, 9)), wall(2026, 3, 6, 10), now=BEFORE)


def test_an_answer_to_an_old_time_is_refused() -> None:
    moved = a_session(sequence=1)
    with pytest.raises(sessions.StaleSequence):
        sessions.completed(moved, 0, by=MENTEE, now=AFTER)
    with pytest.raises(sessions.StaleSequence):
        sessions.cancelled(moved, 0, by=MENTEE, now=BEFORE)


def test_a_moved_session_keeps_its_id_and_raises_its_sequence() -> None:
    to = hour(utc(2026, 3, 6, 9))
    moved = sessions.moved(a_session(), 0, to, wall(2026, 3, 6, 10), now=BEFORE)
    assert moved.session_id == a_session().session_id
    assert (moved.sequence, moved.slot, moved.starts_wall) == (1, to, wall(2026, 3, 6, 10))
    assert moved.due_wall == a_session().due_wall


def test_the_same_move_twice_changes_nothing() -> None:
    to = hour(utc(2026, 3, 6, 9))
    moved = sessions.moved(a_session(), 0, to, wall(2026, 3, 6, 10), now=BEFORE)
    assert sessions.moved(moved, 0, to, wall(2026, 3, 6, 10), now=BEFORE) is moved


def test_a_session_that_has_begun_is_neither_moved_nor_cancelled() -> None:
    with pytest.raises(sessions.TooLate):
        sessions.moved(a_session(), 0, hour(utc(2026, 3, 6, 9)), wall(2026, 3, 6, 10), now=AFTER)
    with pytest.raises(sessions.TooLate):
        sessions.cancelled(a_session(), 0, by=MENTOR, now=AFTER)


def test_a_cancellation_inside_24_hours_is_late() -> None:
    start = a_session().starts_at
    early = sessions.cancelled(a_session(), 0, by=MENTOR, now=start - timedelta(hours=24))
    late = sessions.cancelled(a_session(), 0, by=MENTOR, now=start - timedelta(hours=23, minutes=59))
    assert (early.late, late.late) == (False, True)
    assert (late.state, late.sequence) == ("cancelled", 1)
