from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from services.matching import engine
from services.matching.engine import index as arrays
from services.matching.engine import rules
from tests.unit.matching.engine import builders
from tests.unit.matching.engine.builders import a_market, a_mentee, a_mentor


def broken(market: engine.Market, mentee: str = "101", mentor: str = "201") -> list[str]:
    return [reason.code for reason in engine.explain(market, mentee, mentor).forbidden]


@settings(max_examples=150, deadline=None)
@given(builders.markets())
def test_the_mask_says_of_every_pair_what_the_plain_rules_say(market: engine.Market) -> None:
    index = arrays.build(market)
    mask = rules.mask(index, slice(None), slice(None))
    for row, mentee in enumerate(index.mentees):
        for column, mentor in enumerate(index.mentors):
            assert rules.codes(int(mask[row, column])) == rules.broken(index, mentee, mentor)


def test_every_rule_has_a_code_of_its_own_a_bit_and_words() -> None:
    codes = [rule.code for rule in rules.RULES]
    assert len(codes) == len(set(codes)) <= 16
    assert rules.codes((1 << len(codes)) - 1) == tuple(codes)


def test_S6_a_pair_without_a_shared_language_is_excluded() -> None:
    market = a_market((a_mentee(),), (a_mentor(languages=frozenset({"de"})),))
    assert broken(market) == ["no-shared-language"]
    assert engine.solve(market).pairs == ()
    assert broken(a_market((a_mentee(),), (a_mentor(languages=frozenset({"de", "en"})),))) == []


def test_S1_nobody_is_their_own_mentor() -> None:
    market = a_market((a_mentee("7"),), (a_mentor("7"),))
    assert broken(market, "7", "7") == ["same-person"]
    solution = engine.solve(market)
    assert solution.pairs == ()
    assert {(who.role, who.code) for who in solution.waiting} == {
        ("mentee", "no-mentors"),
        ("mentor", "no-mentees"),
    }


@pytest.mark.parametrize(("mentee", "mentor"), [("1", "3"), ("3", "1"), ("2", "3")])
def test_nobody_in_the_reporting_line_is_a_partner(mentee: str, mentor: str) -> None:
    market = a_market(
        (a_mentee(mentee),), (a_mentor(mentor),), managers={"1": None, "2": "1", "3": "2", "4": "1"}
    )
    assert broken(market, mentee, mentor) == ["reporting-line"]


def test_two_people_of_one_manager_are_not_in_a_line() -> None:
    market = a_market((a_mentee("2"),), (a_mentor("4"),), managers={"1": None, "2": "1", "4": "1"})
    assert broken(market, "2", "4") == []


def test_the_same_team_is_excluded_unless_the_programme_allows_it() -> None:
    people = (a_mentee(team="tools"),), (a_mentor(team="tools"),)
    assert broken(a_market(*people)) == ["same-team"]
    assert broken(a_market(*people, rules=engine.ProgrammeRules(same_team=True))) == []


def test_two_people_of_no_known_team_are_not_in_the_same_one() -> None:
    assert broken(a_market((a_mentee(team=""),), (a_mentor(team=""),))) == []


def test_a_blocked_pair_is_excluded_in_that_direction_only() -> None:
    people = (a_mentee("1"), a_mentee("2")), (a_mentor("1"), a_mentor("2"))
    market = a_market(*people, blocked=frozenset({("1", "2"), ("1", "gone")}))
    assert broken(market, "1", "2") == ["blocked"]
    assert broken(market, "2", "1") == []


@pytest.mark.parametrize(("half_hours", "excluded"), [(3, True), (4, False)])
def test_the_minimum_of_shared_hours_holds_to_the_half_hour(half_hours: int, excluded: bool) -> None:
    mentor = a_mentor(hours=sum(1 << 18 + half for half in range(half_hours)))
    assert broken(a_market((a_mentee(),), (mentor,))) == (["no-shared-hours"] if excluded else [])


@pytest.mark.parametrize(
    ("asked", "mentor_level", "excluded"),
    [
        (0, 0, False),
        (1, 2, True),
        (1, 3, False),
        (2, 3, True),
        (-1, 1, False),
        (-1, 2, True),
        (1, None, True),
    ],
)
def test_seniority_is_asked_for_upwards_or_downwards(
    asked: int, mentor_level: int | None, excluded: bool
) -> None:
    market = a_market(
        (a_mentee(level=2),), (a_mentor(level=mentor_level),), rules=engine.ProgrammeRules(seniority=asked)
    )
    assert broken(market) == (["seniority"] if excluded else [])


@pytest.mark.parametrize(
    ("mentee", "mentor", "code"),
    [
        ({"eligible": False}, {}, "not-eligible"),
        ({}, {"eligible": False}, "not-eligible"),
        ({"consent": False}, {}, "consent-missing"),
        ({}, {"consent": False}, "consent-missing"),
        ({"goals": ()}, {}, "goals-missing"),
        ({}, {"skills": {}}, "skills-missing"),
        ({}, {"skills": {builders.WRITING: 0}}, "skills-missing"),
    ],
)
def test_S2_S3_who_is_not_ready_is_in_no_pair(
    mentee: dict[str, Any], mentor: dict[str, Any], code: str
) -> None:
    market = a_market((a_mentee(**mentee),), (a_mentor(**mentor),))
    assert broken(market) == [code]
    assert engine.solve(market).pairs == ()
