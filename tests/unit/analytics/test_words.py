"""Codes and numbers as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.analytics.core import definitions, figures, words
from services.analytics.core.figures import Total


def told(code: str, total: Total | None) -> tuple[str, str]:
    definition = definitions.find_definition(code)
    assert definition is not None
    figure = figures.figure(definition, total)
    return words.value_words(figure), words.base_words(figure)


def test_a_rate_is_told_in_percent_with_its_base() -> None:
    assert told("match-rate", Total("match-rate", 290, 203)) == ("70 %", "203 of 290")
    assert told("match-rate", None) == ("–", "nothing to count yet")


def test_a_rating_is_told_with_the_number_of_answers() -> None:
    assert told("satisfaction", Total("satisfaction", 12, 12, mean=4.26)) == ("4.3", "of 5, from 12 answers")
    assert told("satisfaction", Total("satisfaction", 4, 4, mean=5.0)) == (
        "fewer than 5 answers",
        "no rating to show",
    )


def test_days_are_told_with_their_90th_percentile() -> None:
    total = Total("days-to-match", 3, 3, median=4.0, p90=10.44)
    assert told("days-to-match", total) == ("4", "90 % within 10.4")
    assert told("days-to-match", None) == ("–", "none yet")


def test_large_counts_are_grouped() -> None:
    assert told("feedback", Total("feedback", 12345, 12345))[0] == "12,345"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("no-candidate", "No candidate"),
        ("mentor:no-mentees", "Mentor: no mentee is ready"),
        ("mentee:goals-missing", "Mentee: goals missing"),
        (None, "–"),
        ("", "–"),
    ],
)
def test_codes_become_words(code: str | None, expected: str) -> None:
    assert words.code_words(code) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (119.4, "119 s"), (600, "10 min"), (7200, "2 h"), (400_000, "5 days")],
)
def test_ages_are_told_in_the_unit_a_person_would_choose(seconds: float, expected: str) -> None:
    assert words.age_words(seconds) == expected


def test_days_and_times_are_told_in_utc() -> None:
    moment = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    assert words.time_words(moment) == "2 Mar 2026, 09:05"
    assert words.day_words(moment) == "2 Mar 2026"
    assert words.day_words(date(2026, 12, 24)) == "24 Dec 2026"
    assert (words.day_words(None), words.time_words(None)) == ("–", "–")
