from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from services.matching import engine
from services.matching.engine import index, rules
from services.matching.engine.ladder import Ladder, ladder
from tests.unit.matching.engine.builders import OFFICE_HOURS, a_market, a_mentee, a_mentor, markets


def of(market: engine.Market) -> Ladder:
    return ladder(market, "101", "mentee")


def test_U2_each_rule_alone_tells_how_many_mentors_it_keeps_away() -> None:
    mentors = (
        a_mentor("201", languages=frozenset({"fr"})),
        a_mentor("202", languages=frozenset({"fr"})),
        a_mentor("203", team="sales"),
        a_mentor("204", team="sales", languages=frozenset({"fr"})),
    )
    found = of(a_market((a_mentee(team="sales"),), mentors))
    assert found.sentence == "Of 4 mentors none is possible as it is. What would help:"
    assert [(step.rules, step.people) for step in found.steps] == [
        (("no-shared-language",), 2),
        (("same-team",), 1),
    ]
    assert found.steps[0].sentence == "If no shared language was needed: 2 mentors more."


def test_U2_a_matter_of_degree_says_how_far_the_setting_has_to_go() -> None:
    lunch = sum(1 << day * 48 + 24 for day in range(3))
    early = engine.ProgrammeRules(min_shared_hours=2.0)
    found = of(a_market((a_mentee(),), (a_mentor(hours=lunch),), rules=early))
    assert [step.sentence for step in found.steps] == [
        "If 1.5 shared hours a week were enough: 1 mentor more."
    ]
    senior = engine.ProgrammeRules(seniority=2)
    mentors = a_mentor("201", level=3), a_mentor("202", level=2)
    found = of(a_market((a_mentee(level=2),), mentors, rules=senior))
    assert [(step.sentence, step.eased) for step in found.steps] == [
        ("If a mentor 1 level above was enough: 2 mentors more.", 1.0)
    ]


def test_U2_where_no_rule_alone_helps_two_together_are_named() -> None:
    far = a_mentor(languages=frozenset({"fr"}), hours=1)
    found = of(a_market((a_mentee(),), (far,)))
    assert [step.rules for step in found.steps] == [("no-shared-language", "no-shared-hours")]
    assert found.steps[0].sentence == (
        "If no shared language was needed and if no shared hours were needed: 1 mentor more."
    )


def test_U2_who_fits_without_any_change_is_told_that_seats_are_missing() -> None:
    found = of(a_market((a_mentee(),), (a_mentor(),)))
    assert (found.possible, found.steps) == (1, ())
    assert (
        found.sentence
        == "1 mentor would fit without a change of rules, but their seats went to other mentees."
    )


def test_nobody_is_told_that_they_could_mentor_themselves() -> None:
    found = of(a_market((a_mentee("101"),), (a_mentor("101"),)))
    assert (found.possible, found.steps) == (0, ())
    assert "whichever rules were lifted" in found.sentence


def test_a_mentor_who_waits_is_told_about_mentees() -> None:
    market = a_market((a_mentee(hours=0),), (a_mentor(),))
    found = ladder(market, "201", "mentor")
    assert [step.sentence for step in found.steps] == ["If 0 shared hours a week were enough: 1 mentee more."]


@settings(max_examples=60, deadline=None)
@given(markets())
def test_U2_every_step_is_true_lifting_its_rules_lets_in_as_many_as_it_says(market: engine.Market) -> None:
    """Counted pair by pair with the plain predicates."""
    arrays = index.build(market)
    for mentee in arrays.mentees:
        found = ladder(market, mentee.number, "mentee")
        broken = [set(rules.broken(arrays, mentee, mentor)) for mentor in arrays.mentors]
        for step in found.steps:
            assert step.people <= sum(bool(one) and one <= set(step.rules) for one in broken)
            assert step.people > 0
        free = sum(not one for one in broken)
        assert found.possible <= free


def test_a_setting_eased_as_far_as_a_step_says_does_let_somebody_in() -> None:
    half = sum(1 << half for half in range(18, 21)) & OFFICE_HOURS
    market = a_market((a_mentee(hours=half),), (a_mentor(),))
    (step,) = of(market).steps
    assert step.eased is not None
    eased = replace(market, rules=replace(market.rules, min_shared_hours=step.eased))
    assert len(engine.solve(eased).pairs) == 1
