from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.matching.core import levels, programmes
from tests.unit.matching.builders import a_programme


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "due"),
    [(at(2, 5, 59), at(2, 6)), (at(2, 6), at(3, 6)), (at(2, 9), at(3, 6)), (at(2, 23), at(3, 6))],
)
def test_an_evergreen_programme_looks_at_a_change_the_next_morning(now: datetime, due: datetime) -> None:
    assert programmes.round_after(a_programme(), now) == due


def test_a_programme_that_has_not_begun_waits_for_its_first_day() -> None:
    programme = a_programme(starts_on=date(2026, 3, 9))
    assert programmes.round_after(programme, at(2, 9)) == at(9, 6)


def test_a_cohort_waits_for_its_day_and_is_looked_at_daily_afterwards() -> None:
    programme = a_programme(kind="cohort", match_on=date(2026, 3, 20), ends_on=date(2026, 9, 1))
    assert programmes.round_after(programme, at(2, 9)) == at(20, 6)
    assert programmes.round_after(programme, at(20, 6)) == at(21, 6)


def test_nobody_is_matched_when_a_programme_is_closed_or_over() -> None:
    assert programmes.round_after(a_programme(state="closed"), at(2, 9)) is None
    assert programmes.round_after(a_programme(ends_on=date(2026, 3, 3)), at(2, 9)) is None


def test_when_it_is_too_late_for_the_last_flash_talk_nobody_is_matched_any_more() -> None:
    rules = programmes.Rules(form="flash", talks_at=(at(18, 14), at(19, 6)))
    flash = a_programme(kind="cohort", match_on=date(2026, 3, 9), ends_on=date(2026, 4, 1), rules=rules)
    assert programmes.round_after(flash, at(16, 7)) == at(17, 6)
    assert programmes.round_after(flash, at(17, 7)) is None
    assert programmes.match_ends_on(flash, date(2026, 3, 10)) == date(2026, 3, 20)
    assert programmes.seats(flash, "mentor", 1) == 2
    assert programmes.seats(flash, "mentee", 1) == 1


def test_a_match_lasts_half_a_year_and_never_longer_than_the_programme() -> None:
    assert programmes.match_ends_on(a_programme(), date(2026, 3, 2)) == date(2026, 8, 31)
    ending = a_programme(ends_on=date(2026, 6, 1))
    assert programmes.match_ends_on(ending, date(2026, 3, 2)) == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_on": date(2026, 1, 1)}, "ends_on"),
        ({"kind": "cohort", "match_on": date(2026, 2, 1)}, "ends_on"),
        ({"kind": "cohort", "ends_on": date(2026, 6, 1)}, "match_on"),
        ({"match_on": date(2026, 2, 1)}, "match_on"),
        ({"kind": "cohort", "match_on": date(2026, 7, 1), "ends_on": date(2026, 6, 1)}, "match_on"),
    ],
)
def test_dates_that_do_not_fit_are_named(changes: dict[str, object], field: str) -> None:
    assert [name for name, _ in programmes.wrong_dates(a_programme(**changes))] == [field]


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Chief Executive Officer", 7),
        ("Assistant to the Chief Financial Officer", 1),
        ("Vice President of Engineering", 6),
        ("European Sales Manager", 4),
        ("Assistant Manager", 4),
        ("Production Supervisor - WC60", 3),
        ("Senior Tool Designer", 3),
        ("Stocker", 2),
        ("", None),
    ],
)
def test_a_title_tells_the_level(title: str, level: int | None) -> None:
    assert levels.level(title) == level
