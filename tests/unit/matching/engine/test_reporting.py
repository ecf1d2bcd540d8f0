from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching import engine

NUMBERS = st.sampled_from([str(number) for number in range(1, 13)])


def test_above_means_anywhere_in_the_line() -> None:
    line = engine.tree({"1": None, "2": "1", "3": "2", "4": "1"})
    assert line.is_above("1", "3")
    assert line.is_above("2", "3")
    assert not line.is_above("3", "1")
    assert not line.is_above("4", "3")
    assert not line.is_above("2", "2")
    assert line.depth == {"1": 0, "2": 1, "3": 2, "4": 1}


def test_people_and_managers_nobody_told_us_about_are_tops() -> None:
    line = engine.tree({"2": "7", "3": ""}, ["9"])
    assert line.is_above("7", "2")
    assert [line.depth[number] for number in ("7", "2", "3", "9")] == [0, 1, 0, 0]


def test_a_circle_is_cut_at_its_lowest_number_and_reported() -> None:
    line = engine.tree({"12": "9", "9": "30", "30": "12", "5": "30"})
    assert line.cut == ("9",)
    assert line.is_above("9", "12")
    assert line.is_above("12", "5")
    assert not line.is_above("30", "9")


def test_somebody_who_is_their_own_manager_is_cut() -> None:
    assert engine.tree({"1": "1", "2": "1"}).cut == ("1",)


def test_the_circles_of_a_market_are_reported_with_its_solution() -> None:
    market = engine.Market(mentees=(), mentors=(), managers={"1": "2", "2": "1"})
    assert engine.solve(market).cut_lines == ("1",)


def test_a_line_of_ten_thousand_is_no_trouble() -> None:
    line = engine.tree({str(number): str(number - 1) for number in range(1, 10_000)})
    assert line.is_above("0", "9999")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NUMBERS, st.none() | NUMBERS))
def test_intervals_say_what_walking_up_says(managers: dict[str, str | None]) -> None:
    line = engine.tree(managers)
    kept = {number: None if number in line.cut else manager for number, manager in managers.items()}
    for number in line.tin:
        above = set()
        at = kept.get(number)
        while at is not None:
            above.add(at)
            at = kept.get(at)
        assert {other for other in line.tin if line.is_above(other, number)} == above
    assert engine.tree(dict(reversed(managers.items()))) == line
