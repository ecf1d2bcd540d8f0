from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from services.matching import engine
from services.matching.engine import index as arrays
from services.matching.engine import rules, scoring
from tests.unit.matching.engine import builders
from tests.unit.matching.engine.builders import NEGOTIATION, SPEAKING, WRITING, a_market, a_mentee, a_mentor


def component(market: engine.Market, code: str, mentor: str = "201") -> engine.Component:
    return {part.code: part for part in engine.explain(market, "101", mentor).components}[code]


def test_S4_only_the_mentor_who_covers_the_goal_skill_scores_strictly_higher() -> None:
    covering = a_mentor("201", skills={NEGOTIATION: 5.0, WRITING: 5.0})
    market = a_market((a_mentee(),), (covering, a_mentor("202", skills={WRITING: 5.0})))
    assert builders.the_weight(market, mentor="201") > builders.the_weight(market, mentor="202") > 0
    assert [pair.mentor for pair in engine.solve(market).pairs] == ["201"]


def test_S4_a_little_of_the_goal_skill_beats_none_even_beside_a_mastered_related_skill() -> None:
    mentee = a_mentee(goals=(engine.Goal(WRITING),))
    covering = a_mentor("201", skills={SPEAKING: 7.0, WRITING: 1.0}, topics=frozenset({SPEAKING}))
    near = a_mentor("202", skills={SPEAKING: 7.0}, topics=frozenset({SPEAKING}))
    market = a_market((mentee,), (covering, near))
    assert builders.the_weight(market, mentor="201") > builders.the_weight(market, mentor="202")


def test_a_pair_is_scored_by_its_places_in_the_market_whatever_their_numbers() -> None:
    market = a_market((a_mentee("9"), a_mentee("101")), (a_mentor("202", skills={WRITING: 5.0}), a_mentor()))
    found = engine.score(market, 1, 0)
    assert found == engine.explain(market, "101", "202")
    assert engine.score(market, 1, 1).weight > found.weight
    assert {part.code for part in found.components} >= {"goals", "values", "style", "availability"}
    with pytest.raises(IndexError):
        engine.score(market, 2, 0)


def test_a_related_skill_counts_half() -> None:
    mentee = a_mentee(goals=(engine.Goal(WRITING),))
    market = a_market((mentee,), (a_mentor(skills={SPEAKING: 7.0}), a_mentor("202")))
    near, far = component(market, "goals"), component(market, "goals", "202")
    assert (near.u, near.v) == (0.5, 0.5)
    assert (far.u, far.v) == (0, 0)


def test_an_important_goal_counts_more_than_a_small_one() -> None:
    goals = (engine.Goal(NEGOTIATION, 1.0), engine.Goal(WRITING, 0.25))
    mentors = a_mentor("201"), a_mentor("202", skills={WRITING: 5.0})
    market = a_market((a_mentee(goals=goals),), mentors)
    assert component(market, "goals", "201").u > component(market, "goals", "202").u


def test_a_rare_skill_counts_more_than_one_that_everybody_shares() -> None:
    goals = (engine.Goal(NEGOTIATION), engine.Goal(WRITING))
    common = tuple(a_mentor(str(number)) for number in range(202, 209))
    market = a_market((a_mentee(goals=goals),), (a_mentor(skills={WRITING: 5.0}), *common))
    assert component(market, "goals", "201").u > component(market, "goals", "202").u


def test_S10_a_mentor_gains_where_the_goal_is_a_topic_they_want_to_teach() -> None:
    skills = {NEGOTIATION: 5.0, WRITING: 5.0}
    willing = a_mentor("201", skills=skills, topics=frozenset({NEGOTIATION}))
    other = a_mentor("202", skills=skills, topics=frozenset({WRITING}))
    market = a_market((a_mentee(),), (willing, other))
    assert component(market, "goals", "201").v == 1
    assert component(market, "goals", "202").v == 0
    assert builders.the_weight(market, mentor="201") > builders.the_weight(market, mentor="202")


def test_S5_closer_values_score_higher() -> None:
    mentee = a_mentee(values={"growth": 5, "service": 4})
    close, far = a_mentor("201", values={"growth": 5, "service": 4}), a_mentor("202", values={"growth": 1})
    market = a_market((mentee,), (close, far))
    assert component(market, "values", "201").u == 1
    assert component(market, "values", "202").u == 0
    assert builders.the_weight(market, mentor="201") > builders.the_weight(market, mentor="202")


def test_S6_the_style_component_is_higher_where_styles_agree() -> None:
    mentee = a_mentee(style={"pace": 2, "directness": 5})
    agreeing = a_mentor("201", style={"pace": 2, "directness": 5})
    differing = a_mentor("202", style={"pace": 5, "directness": 1})
    market = a_market((mentee,), (agreeing, differing))
    assert component(market, "style", "201").u > component(market, "style", "202").u
    assert builders.the_weight(market, mentor="201") > builders.the_weight(market, mentor="202")


@pytest.mark.parametrize("level", [None, 0, 1, 3, 9])
def test_S9_the_mentors_level_alone_changes_nothing_where_the_goal_names_none(level: int | None) -> None:
    naming = a_mentee("102", level=2, goal_names_level=True)

    def weight_at(mentor_level: int | None) -> int:
        return builders.the_weight(a_market((a_mentee(level=2), naming), (a_mentor(level=mentor_level),)))

    assert weight_at(level) == weight_at(5)


def test_the_level_counts_where_the_goal_names_one() -> None:
    mentee = a_mentee(level=1, goal_names_level=True)
    market = a_market((mentee,), (a_mentor("201", level=4), a_mentor("202", level=1)))
    assert component(market, "experience", "201").u == 1
    assert component(market, "experience", "202").u == pytest.approx(1 / (1 + 0.12 * 9))


def test_shared_hours_count_up_to_four() -> None:
    def availability(half_hours: int) -> float:
        mentor = a_mentor(hours=sum(1 << 18 + half for half in range(half_hours)))
        return component(a_market((a_mentee(),), (mentor,)), "availability").u

    assert [availability(4), availability(8), availability(16)] == [0.5, 1, 1]


def test_the_same_site_is_nearer_than_the_same_city_and_that_than_another() -> None:
    mentee = a_mentee(site="North", city="Berlin")
    mentors = (
        a_mentor("201", site="North", city="Berlin"),
        a_mentor("202", site="South", city="Berlin"),
        a_mentor("203", site="Main", city="Seattle"),
        a_mentor("204"),
    )
    market = a_market((mentee,), mentors)
    found = [component(market, "location", mentor.number) for mentor in mentors]
    assert [part.u for part in found] == [pytest.approx(u) for u in (1, 0.6, 0, 0.3)]
    assert [part.given for part in found] == [True, True, True, False]


def test_past_feedback_moves_the_score_from_the_prior_only_slowly() -> None:
    praised = a_mentor("201", feedback=engine.feedback([(5, 0.0), (5, 0.0)]))
    market = a_market(
        (a_mentee(),), (praised, a_mentor("202"), a_mentor("203", feedback=engine.Feedback(0, 2)))
    )
    found = [component(market, "feedback", number) for number in ("201", "202", "203")]
    assert [part.u for part in found] == [pytest.approx(u) for u in (5 / 6, 0.75, 0.5)]
    assert [part.given for part in found] == [True, False, True]


def test_feedback_loses_half_its_weight_in_half_a_year() -> None:
    assert engine.feedback([(5, 0.0), (1, 180.0)]) == engine.Feedback(1.0, 1.5)
    assert engine.feedback([]) == engine.Feedback()


def test_a_missing_answer_takes_the_prior_with_its_weight_kept() -> None:
    market = a_market((a_mentee(),), (a_mentor(values={"growth": 5}),))
    parts = {part.code: part for part in engine.explain(market, "101", "201").components}
    assert {code for code, part in parts.items() if not part.given} == {
        "aims",
        "values",
        "style",
        "interests",
        "experience",
        "location",
        "feedback",
    }
    assert parts["values"].u == pytest.approx(0.6)
    assert sum(part.mentee_weight for part in parts.values()) == pytest.approx(1)
    assert sum(part.mentor_weight for part in parts.values()) == pytest.approx(1)


def test_a_weight_is_what_one_gets_by_hand() -> None:
    # u = .35 · 5/7 + .2 · .6 + .1 · .3 + .1 · .5 + .1 + .05 · .3 + .1 · .75 = .64; with the goal taught
    # v = .25 + .1 · .3 + .2 · .6 + .1 · .3 + .05 · .5 + .15 + .05 · .3 + .1 · .75 = .695
    assert builders.the_weight(a_market((a_mentee(),), (a_mentor(),))) == round(
        1e5 * 2 * 0.64 * 0.695 / 1.335
    )


def test_somebody_joining_changes_nobodys_other_components() -> None:
    pair = a_mentee(interests=frozenset({"chess"})), a_mentor(interests=frozenset({"chess", "music"}))
    alone = a_market((pair[0],), (pair[1],))
    joined = a_market((pair[0],), (pair[1], a_mentor("202", interests=frozenset({"art"}), site="Main")))
    assert engine.explain(alone, "101", "201").components == engine.explain(joined, "101", "201").components


@settings(max_examples=80, deadline=None)
@given(builders.markets())
def test_the_components_of_every_pair_add_up_to_its_weight_in_the_matrix(market: engine.Market) -> None:
    index = arrays.build(market)
    weights, bad = scoring.matrix(index)
    for row in range(len(index.mentees)):
        for column in range(len(index.mentors)):
            u = v = np.float32(0)
            for part in scoring.components(index, row, column):
                assert 0 <= part.u <= 1
                assert 0 <= part.v <= 1
                u += np.float32(part.mentee_weight) * np.float32(part.u)
                v += np.float32(part.mentor_weight) * np.float32(part.v)
            looked_at = engine.explain(market, index.left.numbers[row], index.right.numbers[column])
            u += np.float32(looked_at.lift) * (np.float32(1) - u)
            weight = int(np.float32(100_000) * (np.float32(2) * u * v / (u + v)) + np.float32(0.5))
            assert weights[row, column] == (0 if bad[row, column] else weight + looked_at.added)
            assert looked_at.weight == weights[row, column]


@settings(max_examples=50, deadline=None)
@given(builders.markets())
def test_a_block_of_pairs_scores_as_the_whole_does(market: engine.Market) -> None:
    index = arrays.build(market)
    whole = scoring.block(index, slice(None), slice(None))
    half = scoring.block(index, slice(1, 3), slice(0, 2))
    assert np.array_equal(half, whole[1:3, 0:2])
    assert np.array_equal(rules.mask(index, slice(1, 3), slice(0, 2)), scoring.matrix(index)[1][1:3, 0:2])
