"""What people wish of each other and what the programme adds: aims, favourites, bonus, standing proposals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.matching import engine
from tests.unit.matching.engine import builders
from tests.unit.matching.engine.builders import NEGOTIATION, SPEAKING, WRITING, a_market, a_mentee, a_mentor

EAGER = a_mentor(aims=(engine.Goal(WRITING), engine.Goal("unlisted", 0.25)))


def aims(mentee: engine.Mentee, mentor: engine.Mentor) -> engine.Component:
    looked_at = engine.explain(a_market((mentee,), (mentor,)), mentee.number, mentor.number)
    return next(part for part in looked_at.components if part.code == "aims")


def sentence(market: engine.Market, code: str) -> list[str]:
    (pair,) = engine.solve(market).pairs
    return [reason.sentence for reason in pair.reasons if reason.code == code]


def test_S10_a_mentee_who_knows_what_the_mentor_wants_to_learn_fits_the_mentor_better() -> None:
    knowing, other = a_mentee("101", skills={WRITING: 6.0}), a_mentee("102", skills={NEGOTIATION: 6.0})
    market = a_market((knowing, other), (EAGER,))
    assert builders.the_weight(market, "101") > builders.the_weight(market, "102") > 0
    assert [pair.mentee for pair in engine.solve(market).pairs] == ["101"]


def test_S10_the_aims_are_served_by_proficiency_importance_and_half_by_a_related_skill() -> None:
    assert aims(a_mentee(skills={WRITING: 7.0}), EAGER).v == pytest.approx(1 / 1.25)
    assert aims(a_mentee(skills={WRITING: 3.5}), EAGER).v == pytest.approx(0.5 / 1.25)
    assert aims(a_mentee(skills={SPEAKING: 7.0}), EAGER).v == pytest.approx(0.5 / 1.25)
    assert aims(a_mentee(skills={NEGOTIATION: 7.0}), EAGER).v == 0
    assert aims(a_mentee(skills={WRITING: 7.0}), EAGER).u == 0


def test_S10_what_neither_was_asked_about_wins_and_loses_nothing() -> None:
    for mentee, mentor in ((a_mentee(skills={WRITING: 7.0}), a_mentor()), (a_mentee(), EAGER)):
        part = aims(mentee, mentor)
        assert (part.v, part.given) == (pytest.approx(0.3), False)
    assert "not given" in sentence(a_market((a_mentee(),), (EAGER,)), "aims")[0]


@pytest.mark.parametrize(
    ("skills", "said"),
    [
        ({WRITING: 5.0}, "The mentor wants to learn Writing, which the mentee knows."),
        ({SPEAKING: 5.0}, "The mentee knows skills close to what the mentor wants to learn."),
        ({NEGOTIATION: 5.0}, "The mentee has named none of the skills that the mentor wants to learn."),
    ],
)
def test_S10_the_explanation_says_what_the_mentor_gains(skills: dict[str, float], said: str) -> None:
    assert sentence(a_market((a_mentee(skills=skills),), (EAGER,)), "aims") == [said]


def test_S12_a_favourite_gains_by_its_rank_and_never_harms_who_named_it() -> None:
    numbers = tuple(str(number) for number in range(201, 207))
    market = a_market((a_mentee(),), tuple(a_mentor(number) for number in numbers))
    before = builders.the_weight(market)
    named = replace(market, favourites={"101": numbers[:5]})
    weights = [builders.the_weight(named, mentor=number) for number in numbers]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == 6
    assert weights[5] == before
    assert [round(engine.explain(named, "101", number).lift, 4) for number in numbers] == [
        0.2,
        0.16,
        0.12,
        0.08,
        0.04,
        0,
    ]


def test_S12_the_first_favourite_lifts_what_the_mentor_is_worth_by_a_fifth_of_what_is_missing() -> None:
    market = a_market((a_mentee(),), (a_mentor(),), favourites={"101": ("201",)})
    u = 0.64 + 0.2 * (1 - 0.64)
    assert builders.the_weight(market) == round(1e5 * 2 * u * 0.695 / (u + 0.695))
    assert sentence(market, "favourite") == ["The mentor is among the favourites that the mentee named."]
    off = replace(market, rules=engine.ProgrammeRules(preference=0))
    assert builders.the_weight(off) == builders.the_weight(replace(market, favourites={}))


def test_a_favourite_who_is_not_in_the_market_keeps_the_rank_of_the_next_one() -> None:
    market = a_market((a_mentee(),), (a_mentor(),), favourites={"101": ("999", "201")})
    assert engine.explain(market, "101", "201").lift == pytest.approx(0.16)


def test_a_bonus_counts_for_every_pair_of_the_mentee_and_is_explained() -> None:
    market = a_market((a_mentee("101"), a_mentee("102")), (a_mentor(),))
    assert builders.the_weight(market, "101") == builders.the_weight(market, "102")
    waited = replace(market, bonus={"102": 2_000, "999": 5})
    (pair,) = engine.solve(waited).pairs
    assert (pair.mentee, pair.added) == ("102", 2_000)
    assert pair.weight == builders.the_weight(market) + 2_000
    assert pair.score == engine.explain(market, "102", "201").score
    assert sentence(waited, "bonus") == ["The programme adds 0.02 to the score of all pairs of the mentee."]


def test_a_bonus_makes_no_pair_possible_that_is_not() -> None:
    barred = a_market((a_mentee(hours=0),), (a_mentor(),), bonus={"101": 5_000})
    assert (builders.the_weight(barred), engine.solve(barred).pairs) == (0, ())
    goals_only = engine.ProgrammeRules(mentee_weights={"goals": 1.0}, mentor_weights={"goals": 1.0})
    worthless = a_market((a_mentee(),), (a_mentor(skills={WRITING: 5.0}),), rules=goals_only)
    assert builders.the_weight(replace(worthless, bonus={"101": 5_000})) == 0


def test_a_standing_proposal_is_kept_where_another_pair_is_only_a_little_better() -> None:
    better, standing = a_mentor("201", skills={NEGOTIATION: 6.0}), a_mentor("202")
    market = a_market((a_mentee(),), (better, standing), standing=frozenset({("101", "202")}))
    assert [pair.mentor for pair in engine.solve(market).pairs] == ["201"]
    kept = replace(market, rules=engine.ProgrammeRules(hysteresis=10_000))
    (pair,) = engine.solve(kept).pairs
    assert (pair.mentor, pair.added) == ("202", 10_000)
    assert sentence(kept, "standing") == ["They have been proposed to each other before, and that counts."]


def test_S11_where_people_come_from_never_changes_a_score() -> None:
    here = a_market((a_mentee(),), (a_mentor(),))
    elsewhere = a_market((a_mentee(pool="alumni"),), (a_mentor(pool="association"),))
    assert builders.the_weight(here) == builders.the_weight(elsewhere)


@pytest.mark.parametrize("steps", range(4))
def test_a_solution_tells_its_progress_and_stops_when_it_is_asked_to(steps: int) -> None:
    mentees = tuple(a_mentee(str(number)) for number in range(1, 30))
    market = a_market(mentees, tuple(a_mentor(str(number)) for number in range(100, 120)))
    best = engine.solve(market, solver="graph").value
    told: list[tuple[int, int]] = []
    left = iter(range(steps))
    solution = engine.solve(
        market,
        solver="graph",
        stop=lambda: next(left, None) is None,
        tell=lambda done, of: told.append((done, of)),
    )
    assert solution.value <= best <= solution.certificate.bound
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]
