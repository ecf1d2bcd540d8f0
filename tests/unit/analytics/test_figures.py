"""How rows become a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.analytics.core import definitions, figures, funnel
from services.analytics.core.figures import Total


def definition(code: str) -> definitions.Definition:
    found = definitions.find_definition(code)
    assert found is not None
    return found


def test_a_rate_is_the_counted_of_all() -> None:
    assert figures.figure(definition("match-rate"), Total("match-rate", 8, 6)).value == 0.75


def test_a_rate_of_nothing_is_no_number() -> None:
    assert figures.figure(definition("match-rate"), None).value is None


def test_a_duration_is_a_median_with_its_90th_percentile() -> None:
    total = Total("days-to-match", 4, 4, mean=9.0, median=5.0, p90=11.0)
    found = figures.figure(definition("days-to-match"), total)
    assert (found.value, found.p90) == (5.0, 11.0)


def test_a_count_of_nothing_is_zero() -> None:
    assert figures.figure(definition("waiting"), None).value == 0


@given(answers=some.integers(0, 20), mean=some.floats(1, 5))
def test_S41_a_rating_is_told_from_five_answers_on(answers: int, mean: float) -> None:
    total = Total("satisfaction", answers, answers, mean=mean if answers else None, median=mean, p90=mean)
    found = figures.figure(definition("satisfaction"), total)
    assert found.suppressed == (0 < answers < 5)
    assert found.value == (mean if answers >= 5 else None)
    assert found.p90 is None


def test_every_programme_figure_is_told_even_if_nothing_stands_behind_it() -> None:
    found = figures.figures([Total("joined", 3, 3)])
    assert list(found) == [d.code for d in definitions.DEFINITIONS if d.scope == "programme"]
    assert found["joined"].counted == 3
    assert found["met"].counted == 0


def test_codes_are_said_once() -> None:
    codes = [d.code for d in definitions.DEFINITIONS]
    assert len(codes) == len(set(codes))


def test_targets_are_those_of_the_field() -> None:
    assert {d.code: d.target for d in definitions.DEFINITIONS if d.target is not None} == {
        "match-rate": 0.70,
        "mentor-utilisation": 0.70,
        "active-pairing": 0.75,
        "session-completion": 0.80,
        "satisfaction": 4.0,
    }


def test_a_funnel_tells_shares_of_the_first_and_of_the_step_before() -> None:
    counts = {"people": 20, "joined": 10, "matched": 8, "met": 4, "gave-feedback": 1}
    steps = funnel.funnel(figures.figures(Total(code, many, many) for code, many in counts.items()))
    assert [step.figure.counted for step in steps] == [20, 10, 8, 4, 1]
    assert [step.of_first for step in steps] == [1, 0.5, 0.4, 0.2, 0.05]
    assert [step.of_previous for step in steps] == [1, 0.5, 0.8, 0.5, 0.25]


def test_a_funnel_of_nobody_has_no_shares() -> None:
    assert {step.of_first for step in funnel.funnel(figures.figures([]))} == {None}


@pytest.mark.parametrize(("days", "expected"), [(28, timedelta(days=28)), (None, None)])
def test_a_range_begins_so_many_days_ago_or_at_the_beginning_of_time(
    days: int | None, expected: timedelta | None
) -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    since = figures.since_days(now, days)
    assert since == (now - expected if expected else datetime(1970, 1, 1, tzinfo=UTC))
