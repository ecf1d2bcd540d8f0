from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching import engine
from services.matching.engine import assign, market, scoring
from services.matching.engine import index as arrays
from tests.unit.matching.engine import builders, checker
from tests.unit.matching.engine.builders import NEGOTIATION, WRITING, a_market, a_mentee, a_mentor


def best_value(market: engine.Market) -> int:
    """The greatest sum of weights, by trying every assignment."""
    index = arrays.build(market)
    weights = scoring.matrix(index)[0].tolist()
    best = 0
    for choice in product(range(-1, len(index.mentors)), repeat=len(index.mentees)):
        used = Counter(column for column in choice if column >= 0)
        if all(used[column] <= index.seats[column] for column in used):
            best = max(best, sum(weights[row][column] for row, column in enumerate(choice) if column >= 0))
    return best


@settings(max_examples=80, deadline=None)
@given(builders.markets(people=4))
def test_the_sum_of_weights_is_that_of_the_best_of_all_assignments(market: engine.Market) -> None:
    assert engine.solve(market).value == best_value(market)


@settings(max_examples=80, deadline=None)
@given(builders.markets())
def test_S16_a_solution_never_gives_a_mentor_more_mentees_than_seats(market: engine.Market) -> None:
    solution = engine.solve(market)
    seats = {mentor.number: mentor.seats_left for mentor in market.mentors}
    assert all(count <= seats[number] for number, count in Counter(p.mentor for p in solution.pairs).items())
    assert len({pair.mentee for pair in solution.pairs}) == len(solution.pairs)
    for pair in solution.pairs:
        looked_at = engine.explain(market, pair.mentee, pair.mentor)
        assert looked_at.forbidden == ()
        assert (looked_at.weight, looked_at.score, looked_at.reasons) == (
            pair.weight,
            pair.score,
            pair.reasons,
        )
        assert 0 < pair.score <= 1


@settings(max_examples=80, deadline=None)
@given(builders.markets())
def test_everybody_has_a_partner_or_a_reason_why_not(market: engine.Market) -> None:
    solution = engine.solve(market)
    waiting = {(who.number, who.role): who for who in solution.waiting}
    placed = {pair.mentee for pair in solution.pairs}
    chosen = {pair.mentor for pair in solution.pairs}
    for mentee in market.mentees:
        assert (mentee.number in placed) != ((mentee.number, "mentee") in waiting)
    for mentor in market.mentors:
        alone = mentor.number not in chosen and mentor.seats_left == mentor.capacity
        assert alone == ((mentor.number, "mentor") in waiting)
    assert all(who.code and who.sentence.endswith(".") for who in solution.waiting)


@settings(max_examples=60, deadline=None)
@given(builders.markets(), st.randoms(use_true_random=False))
def test_U4_the_same_market_in_any_order_gives_the_same_solution(
    market: engine.Market, shuffled: random.Random
) -> None:
    def mixed(people: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(shuffled.sample(people, len(people)))

    again = replace(
        market,
        mentees=mixed(tuple(replace(mentee, goals=mixed(mentee.goals)) for mentee in market.mentees)),
        mentors=mixed(market.mentors),
        managers=dict(mixed(tuple(market.managers.items()))),
        blocked=frozenset(mixed(tuple(market.blocked))),
        standing=frozenset(mixed(tuple(market.standing))),
        favourites=dict(mixed(tuple(market.favourites.items()))),
        bonus=dict(mixed(tuple(market.bonus.items()))),
    )
    assert engine.solve(again) == engine.solve(market)


@settings(max_examples=40, deadline=None)
@given(builders.markets())
def test_U4_both_solvers_make_the_same_pairs_and_prove_them(market: engine.Market) -> None:
    graph, flow = engine.solve(market, solver="graph"), engine.solve(market, solver="flow")
    assert graph.pairs == flow.pairs
    assert graph.gap == flow.gap == 0
    for solution in (graph, flow):
        assert what_is_wrong(market, solution) == []


def test_U4_both_solvers_break_ties_alike_where_everybody_is_alike() -> None:
    mentees = tuple(a_mentee(str(number)) for number in range(1, 60))
    mentors = tuple(a_mentor(str(number), capacity=2, seats_left=2) for number in range(100, 120))
    market = a_market(mentees, mentors)
    assert engine.solve(market, solver="graph").pairs == engine.solve(market, solver="flow").pairs


def test_ties_favour_nobody_for_a_low_number() -> None:
    mentees = tuple(a_mentee(str(number)) for number in range(100, 200))
    pairs = engine.solve(a_market(mentees, (a_mentor(capacity=50, seats_left=50),))).pairs
    low = sum(int(pair.mentee) < 150 for pair in pairs)
    assert len(pairs) == 50
    assert 15 < low < 35


def what_is_wrong(market: engine.Market, solution: engine.Solution) -> list[str]:
    """By the independent checker, over all pairs that no rule excludes."""
    pairs = product(
        (mentee.number for mentee in market.mentees), (mentor.number for mentor in market.mentors)
    )
    weights = {pair: engine.explain(market, *pair) for pair in pairs}
    return checker.what_is_wrong(
        {pair: looked_at.weight for pair, looked_at in weights.items() if not looked_at.forbidden},
        {mentor.number: mentor.seats_left for mentor in market.mentors},
        {pair.mentee: pair.mentor for pair in solution.pairs},
        (solution.certificate.profits, solution.certificate.prices, solution.value),
    )


@settings(max_examples=25, deadline=None)
@given(builders.markets(people=4))
def test_U2_forcing_a_pair_costs_the_cohort_at_least_what_the_certificate_says(market: engine.Market) -> None:
    best = engine.solve(market)
    for mentee, mentor in product(market.mentees, market.mentors):
        looked_at = engine.explain(market, mentee.number, mentor.number)
        if looked_at.forbidden or mentor.seats_left == 0:
            continue
        bound = best.certificate.cost_at_least(mentee.number, mentor.number, looked_at.weight)
        forced = without(market, mentee, mentor) + looked_at.weight
        assert 0 <= bound <= best.value - forced


def without(market: engine.Market, mentee: engine.Mentee, mentor: engine.Mentor) -> int:
    """What the others are worth at best when this mentee and one seat of this mentor are gone."""
    rest = arrays.build(market)
    weights = scoring.matrix(rest)[0]
    weights[rest.left.numbers.index(mentee.number)] = 0
    seats = rest.seats.copy()
    seats[rest.right.numbers.index(mentor.number)] -= 1
    return assign.best(weights, seats, (rest.left.numbers, rest.right.numbers), solver="flow").value


def blocking_pairs(market: engine.Market, solution: engine.Solution, margin: float) -> int:
    """Counted from the components alone: who would both rather have each other, by more than the margin."""

    def worth(mentee: str, mentor: str) -> tuple[float, float]:
        looked_at = engine.explain(market, mentee, mentor)
        parts, lift = looked_at.components, looked_at.lift
        u = sum(p.mentee_weight * p.u for p in parts)
        return u + lift * (1 - u), sum(p.mentor_weight * p.v for p in parts)

    mate = {pair.mentee: pair.mentor for pair in solution.pairs}
    count = 0
    for left, right in product(market.mentees, market.mentors):
        i, j = left.number, right.number
        if engine.explain(market, i, j).weight == 0 or right.seats_left == 0:
            continue
        others = [worth(k, j)[1] for k, mentor in mate.items() if mentor == j]
        has = worth(i, mate[i])[0] if i in mate else 0
        least = min(others) if len(others) == right.seats_left else 0
        u, v = worth(i, j)
        count += u - has > margin and v - least > margin
    return count


@settings(max_examples=25, deadline=None)
@given(builders.markets(people=4))
def test_blocking_pairs_are_counted_at_four_margins(market: engine.Market) -> None:
    solution = engine.solve(market)
    assert [one.margin for one in solution.blocking] == [0, 0.02, 0.05, 0.1]
    for one in solution.blocking:
        # What differs by the last digit of a float32 counts either way.
        assert blocking_pairs(market, solution, one.margin + 1e-5) <= one.pairs
        assert one.pairs <= blocking_pairs(market, solution, one.margin - 1e-5)


def test_U4_ties_fall_the_same_way_in_any_order_of_many_alike() -> None:
    mentees = tuple(a_mentee(str(number)) for number in range(1, 60))
    mentors = tuple(a_mentor(str(number)) for number in range(100, 140))
    first = engine.solve(a_market(mentees, mentors))
    assert engine.solve(a_market(mentees[::-1], mentors[::-1])) == first
    assert len(first.pairs) == 40
    assert len({pair.weight for pair in first.pairs}) == 1


def test_the_hash_knows_every_answer_and_no_name() -> None:
    market = a_market((a_mentee(),), (a_mentor(),), managers={"101": "1"})
    same = engine.solve(replace(market, managers={"101": "1", "999": "1"})).inputs_hash
    assert engine.solve(market).inputs_hash == same
    others = (
        replace(market, mentees=(a_mentee(level=1),)),
        replace(market, mentors=(a_mentor(skills={NEGOTIATION: 6.0}),)),
        replace(market, rules=engine.ProgrammeRules(min_shared_hours=3)),
        replace(market, managers={"101": "2"}),
        replace(market, blocked=frozenset({("101", "201")})),
        replace(market, topics={}),
        replace(market, mentees=(a_mentee(skills={WRITING: 3.0}),)),
        replace(market, mentees=(a_mentee(pool="alumni"),)),
        replace(market, mentors=(a_mentor(aims=(engine.Goal(WRITING),)),)),
        replace(market, favourites={"101": ("201",)}),
        replace(market, favourites={"101": ("999", "201")}),
        replace(market, bonus={"101": 1}),
        replace(market, standing=frozenset({("101", "201")})),
        replace(market, rules=engine.ProgrammeRules(hysteresis=1)),
        replace(market, rules=engine.ProgrammeRules(preference=0.1)),
    )
    assert len({engine.solve(other).inputs_hash for other in others} | {same}) == len(others) + 1


def test_the_hash_and_the_value_are_the_same_on_every_machine() -> None:
    words = frozenset({"chess", "hiking", "music", "board-games", "gardens"})
    market = a_market((a_mentee(interests=words),), (a_mentor(skills={NEGOTIATION: 5}),))
    assert engine.solve(market).inputs_hash == (
        engine.solve(replace(market, mentors=(a_mentor(skills={NEGOTIATION: 5.0}),))).inputs_hash
    )
    found = engine.solve(market).inputs_hash
    assert found == "95aa269e9fa418cf52ca97d4812f3bd7b0bc19c20ea30bbce9d7e51e47da5695"


def test_a_market_without_mentees_has_no_pairs() -> None:
    solution = engine.solve(a_market((), (a_mentor(),)))
    assert (solution.pairs, solution.value, solution.feasible_pairs) == ((), 0, 0)
    assert [(who.number, who.role, who.code) for who in solution.waiting] == [("201", "mentor", "no-mentees")]


def test_a_market_without_mentors_has_no_pairs() -> None:
    solution = engine.solve(a_market((a_mentee(),), ()))
    assert (solution.pairs, solution.value, solution.feasible_pairs) == ((), 0, 0)
    assert [(who.number, who.role, who.code) for who in solution.waiting] == [("101", "mentee", "no-mentors")]


def test_an_empty_market_is_solved_by_nothing() -> None:
    solution = engine.solve(a_market())
    assert (solution.pairs, solution.waiting, solution.value) == ((), (), 0)


@pytest.mark.parametrize("capacity", [0, 2])
def test_a_mentor_without_a_seat_left_gets_nobody(capacity: int) -> None:
    market = a_market((a_mentee(),), (a_mentor(capacity=capacity, seats_left=0),))
    solution = engine.solve(market)
    assert solution.pairs == ()
    assert solution.feasible_pairs == 1


def test_two_mentees_and_one_seat_leave_the_worse_fit_waiting() -> None:
    far = a_mentee("102", goals=(engine.Goal(NEGOTIATION), engine.Goal(WRITING)))
    solution = engine.solve(a_market((a_mentee(), far), (a_mentor(),)))
    assert [(pair.mentee, pair.mentor) for pair in solution.pairs] == [("101", "201")]
    assert [(who.number, who.code) for who in solution.waiting] == [("102", "all-mentors-full")]


def test_the_sum_counts_and_not_the_best_single_pair() -> None:
    both = a_mentor("201", skills={NEGOTIATION: 7.0, WRITING: 7.0})
    one = a_mentor("202", skills={NEGOTIATION: 6.0})
    writer, dealer = a_mentee("102", goals=(engine.Goal(WRITING),)), a_mentee("101")
    pairs = engine.solve(a_market((dealer, writer), (both, one))).pairs
    assert [(pair.mentee, pair.mentor) for pair in pairs] == [("101", "202"), ("102", "201")]


def test_numbers_are_ordered_as_numbers() -> None:
    solution = engine.solve(a_market((a_mentee("10"), a_mentee("9")), (a_mentor(capacity=2, seats_left=2),)))
    assert [pair.mentee for pair in solution.pairs] == ["9", "10"]


def test_a_company_of_290_with_seats_enough_is_paired_in_full() -> None:
    draw = random.Random(0)
    skills = [NEGOTIATION, WRITING, builders.SPEAKING, *(f"skill-{number}" for number in range(60))]
    mentees = tuple(
        a_mentee(str(number), goals=tuple(engine.Goal(skill) for skill in draw.sample(skills, 3)))
        for number in range(1, 201)
    )
    mentors = tuple(
        a_mentor(
            str(number),
            skills={skill: draw.randint(1, 7) for skill in draw.sample(skills, 8)},
            capacity=3,
            seats_left=3,
        )
        for number in range(201, 291)
    )
    solution = engine.solve(a_market(mentees, mentors))
    assert len(solution.pairs) == 200
    assert solution.value == 11_722_500


@pytest.mark.parametrize(
    ("form", "mode", "solver"),
    [
        ("one-to-one", "stable", None),
        ("peer", "welfare", None),
        ("circle", "welfare", None),
        ("flash", "welfare", None),
        ("one-to-one", "welfare", "flow"),
    ],
)
def test_what_needs_a_table_of_all_pairs_is_refused_before_it_takes_the_memory(
    form: market.Form, mode: market.Mode, solver: assign.Solver | None
) -> None:
    engine.warm()
    rules = engine.ProgrammeRules(form=form, mode=mode, slots=(18, 19) if form == "flash" else ())
    people = (a_mentee("1"), a_mentee("2")), (a_mentor("1"), a_mentor("2"))
    asked = a_market(*people, rules=rules)
    assert engine.solve(asked, solver=solver).pairs or form == "circle"
    with pytest.raises(engine.InvalidMarket, match=r"GB of memory, and .* allowed\. Divide"):
        engine.solve(asked, solver=solver, table_bytes_max=100)
    never_held = replace(asked, rules=engine.ProgrammeRules())
    assert len(engine.solve(never_held, table_bytes_max=100).pairs) == 2
