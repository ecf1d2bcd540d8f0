from __future__ import annotations

from typing import Any

import pytest

from services.matching import engine
from tests.unit.matching.engine.builders import NEGOTIATION, a_market, a_mentee, a_mentor

NAN = float("nan")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"skills": {NEGOTIATION: NAN}}, "mentors[201].skills[2.B.1.d]"),
        ({"skills": {NEGOTIATION: 8}}, "mentors[201].skills[2.B.1.d]"),
        ({"values": {"growth": NAN}}, "mentors[201].values[growth]"),
        ({"values": {"growth": 0}}, "mentors[201].values[growth]"),
        ({"style": {"pace": 6}}, "mentors[201].style[pace]"),
        ({"level": NAN}, "mentors[201].level"),
        ({"level": 10_000}, "mentors[201].level"),
        ({"hours": -1}, "mentors[201].hours"),
        ({"hours": 1 << 336}, "mentors[201].hours"),
        ({"feedback": engine.Feedback(NAN, 1)}, "mentors[201].feedback.total"),
        ({"feedback": engine.Feedback(2, 1)}, "mentors[201].feedback.total"),
        ({"feedback": engine.Feedback(0, NAN)}, "mentors[201].feedback.count"),
        ({"capacity": -1}, "mentors[201].capacity"),
        ({"capacity": 1, "seats_left": 2}, "mentors[201].seats_left"),
        ({"seats_left": -1}, "mentors[201].seats_left"),
        ({"aims": (engine.Goal(NEGOTIATION, NAN),)}, "mentors[201].aims[2.B.1.d].importance"),
        ({"aims": (engine.Goal(NEGOTIATION),) * 2}, "mentors[201].aims[2.B.1.d]"),
    ],
)
def test_a_value_that_cannot_be_computed_is_refused_with_its_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(engine.InvalidMarket) as refused:
        engine.solve(a_market((a_mentee(),), (a_mentor(**changes),)))
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"favourites": {"101": tuple("123456")}}, "favourites[101]"),
        ({"favourites": {"101": ("201", "201")}}, "favourites[101]"),
        ({"bonus": {"101": 5_001}}, "bonus[101]"),
        ({"bonus": {"101": -1}}, "bonus[101]"),
        ({"bonus": {"101": NAN}}, "bonus[101]"),
        ({"bonus": {"101": 0.5}}, "bonus[101]"),
    ],
)
def test_a_wish_or_a_bonus_out_of_range_is_refused_with_its_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(engine.InvalidMarket) as refused:
        engine.solve(a_market((a_mentee(),), (a_mentor(),), **changes))
    assert refused.value.field == field


@pytest.mark.parametrize("level", [NAN, -1, 8])
def test_a_skill_that_a_mentee_shares_has_a_level_of_0_to_7(level: float) -> None:
    with pytest.raises(engine.InvalidMarket) as refused:
        engine.solve(a_market((a_mentee(skills={NEGOTIATION: level}),), ()))
    assert refused.value.field == "mentees[101].skills[2.B.1.d]"


@pytest.mark.parametrize("importance", [NAN, 0, 1.5, float("inf")])
def test_the_importance_of_a_goal_is_above_zero_and_at_most_one(importance: float) -> None:
    with pytest.raises(engine.InvalidMarket) as refused:
        engine.solve(a_market((a_mentee(goals=(engine.Goal(NEGOTIATION, importance),)),), ()))
    assert refused.value.field == "mentees[101].goals[2.B.1.d].importance"


def test_a_goal_named_twice_is_refused() -> None:
    with pytest.raises(engine.InvalidMarket) as refused:
        engine.solve(a_market((a_mentee(goals=(engine.Goal(NEGOTIATION),) * 2),), ()))
    assert refused.value.field == "mentees[101].goals[2.B.1.d]"


@pytest.mark.parametrize("number", ["", "101"])
def test_a_number_missing_or_twice_is_refused(number: str) -> None:
    with pytest.raises(engine.InvalidMarket) as refused:
        engine.solve(a_market((a_mentee("101"), a_mentee(number)), ()))
    assert refused.value.field == f"mentees[{number}].number"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"min_shared_hours": NAN}, "rules.min_shared_hours"),
        ({"min_shared_hours": -1}, "rules.min_shared_hours"),
        ({"seniority": 1_000}, "rules.seniority"),
        ({"target_gap": NAN}, "rules.target_gap"),
        ({"mentee_weights": {"goals": 1.0, "fame": 0.0}}, "rules.mentee_weights[fame]"),
        ({"mentee_weights": {"goals": NAN}}, "rules.mentee_weights[goals]"),
        ({"mentor_weights": {"goals": 0.5}}, "rules.mentor_weights"),
        ({"priors": engine.Priors(values=NAN)}, "rules.priors.values"),
        ({"priors": engine.Priors(feedback=1.5)}, "rules.priors.feedback"),
        ({"priors": engine.Priors(aims=NAN)}, "rules.priors.aims"),
        ({"preference": 0.3}, "rules.preference"),
        ({"hysteresis": -1}, "rules.hysteresis"),
        ({"hysteresis": 0.5}, "rules.hysteresis"),
    ],
)
def test_a_rule_that_cannot_be_computed_is_refused_with_its_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(engine.InvalidMarket) as refused:
        engine.solve(a_market(rules=engine.ProgrammeRules(**changes)))
    assert refused.value.field == field


def test_a_fraction_of_a_half_hour_is_asked_for_in_full() -> None:
    assert engine.ProgrammeRules(min_shared_hours=1.75).min_shared_half_hours == 4


def test_a_pair_that_is_not_in_the_market_cannot_be_explained() -> None:
    with pytest.raises(KeyError):
        engine.explain(a_market((a_mentee(),), (a_mentor(),)), "101", "999")
