from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from services.matching import engine
from services.matching.engine import feasible, rules
from services.matching.engine import index as arrays
from tests.unit.matching.engine import builders


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(builders.markets())
def test_U2_the_counts_of_every_rule_are_those_of_its_oracle(market: engine.Market) -> None:
    found = feasible.count(market)
    index = arrays.build(market)
    mentees = [one for one in index.mentees if one.eligible and one.consent and one.goals]
    mentors = [
        one
        for one in index.mentors
        if one.eligible and one.consent and arrays.shared(one) and one.capacity > 0
    ]
    broken = {
        (mentee.number, mentor.number): rules.broken(index, mentee, mentor)
        for mentee in mentees
        for mentor in mentors
    }
    assert (found.mentees, found.mentors) == (len(mentees), len(mentors))
    assert found.pairs == sum(not codes for codes in broken.values())
    for rule in rules.RULES:
        counted = {one.code: (one.people, one.alone) for one in found.excluded}.get(rule.code, (0, 0))
        together = sum(rule.code in codes for codes in broken.values())
        assert counted == (together, sum(codes == (rule.code,) for codes in broken.values()))
    left = {one.number for one in mentees if mentors and all(broken[one.number, j.number] for j in mentors)}
    assert {one.number for one in found.nobody if one.role == "mentee"} == left
