"""The forms against every possibility on small markets; certificates against checkers of their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching import engine
from services.matching.engine import forms, scoring
from services.matching.engine import index as arrays
from services.matching.engine.forms import circle, peer
from tests.unit.matching.engine import builders
from tests.unit.matching.engine.builders import NEGOTIATION, WRITING, a_market, a_mentee, a_mentor

NOBODY = -1


def in_form(market: engine.Market, **rules: object) -> engine.Market:
    return replace(market, rules=replace(market.rules, **rules))  # type: ignore[arg-type]


def peers(*numbers: str, **changes: object) -> engine.Market:
    """Equals who negotiate well and want to learn it still better."""
    return a_market(
        tuple(a_mentee(number, **changes) for number in numbers),
        tuple(a_mentor(number, **changes) for number in numbers),
        rules=engine.ProgrammeRules(form="peer"),
    )


# -- stable ---------------------------------------------------------------------------------------------


def who_would_leave(market: engine.Market, solution: engine.Solution) -> list[tuple[str, str]]:
    """The pairs who would both gain by leaving what they have, looked at one by one."""
    partner = {pair.mentee: pair.mentor for pair in solution.pairs}
    seats = {mentor.number: mentor.seats_left for mentor in market.mentors}
    worth = {}
    for mentee, mentor in product(market.mentees, market.mentors):
        looked_at = engine.explain(market, mentee.number, mentor.number)
        if looked_at.weight > 0 and seats[mentor.number] > 0:
            index = arrays.build(forms.normal(market))
            row = index.left.numbers.index(mentee.number)
            column = index.right.numbers.index(mentor.number)
            u, v = scoring.utilities(index, slice(row, row + 1), slice(column, column + 1))
            worth[mentee.number, mentor.number] = float(u[0, 0]), float(v[0, 0])
    found = []
    for (mentee, mentor), (u, v) in worth.items():
        has = worth[mentee, partner[mentee]][0] if mentee in partner else 0.0
        own = [worth[one, mentor][1] for one, other in partner.items() if other == mentor]
        least = min(own) if len(own) >= seats[mentor] else 0.0
        if u > has and v > least:
            found.append((mentee, mentor))
    return found


@settings(max_examples=60, deadline=None)
@given(builders.markets())
def test_in_stable_mode_no_two_people_would_rather_have_each_other(market: engine.Market) -> None:
    solution = engine.solve(in_form(market, mode="stable"))
    assert solution.proof == "no-blocking-pair"
    assert who_would_leave(market, solution) == []
    assert [one.pairs for one in solution.blocking] == [0, 0, 0, 0]
    assert solution.value <= solution.certificate.bound == engine.solve(market).value


def test_in_stable_mode_a_mentee_gets_the_best_mentor_of_all_stable_answers() -> None:
    mentees = tuple(
        a_mentee(str(number), goals=(engine.Goal(skill),))
        for number, skill in ((101, NEGOTIATION), (102, WRITING))
    )
    mentors = (
        a_mentor("201", skills={NEGOTIATION: 7.0, WRITING: 1.0}),
        a_mentor("202", skills={NEGOTIATION: 1.0, WRITING: 7.0}),
    )
    solution = engine.solve(in_form(a_market(mentees, mentors), mode="stable"))
    assert [(pair.mentee, pair.mentor) for pair in solution.pairs] == [("101", "201"), ("102", "202")]


def test_stable_mode_asks_on_when_a_mentee_has_been_refused_by_all_of_the_first_wishes() -> None:
    mentees = tuple(a_mentee(str(1000 + number)) for number in range(150))
    mentors = tuple(a_mentor(str(2000 + number)) for number in range(150))
    solution = engine.solve(in_form(a_market(mentees, mentors), mode="stable"))
    # All are alike, so the numbers decide and the last mentee is refused 149 times.
    assert [(int(p.mentee) - 1000, int(p.mentor) - 2000) for p in solution.pairs] == [
        (number, number) for number in range(150)
    ]


# -- reverse --------------------------------------------------------------------------------------------


def test_S22_in_reverse_the_mentor_may_have_fewer_years_and_no_rule_blocks_it() -> None:
    market = a_market(
        (a_mentee(level=6, goal_names_level=True),),
        (a_mentor("201", level=3), a_mentor("202", level=7)),
        rules=engine.ProgrammeRules(form="reverse", seniority=2),
    )
    solution = engine.solve(market)
    assert [(pair.mentee, pair.mentor) for pair in solution.pairs] == [("101", "201")]
    assert (solution.proof, solution.gap) == ("prices", 0)
    assert [reason.code for reason in engine.explain(market, "101", "202").forbidden] == ["seniority"]
    gap = {part.code: part.u for part in engine.explain(market, "101", "201").components}
    assert gap["experience"] == 1.0


@settings(max_examples=40, deadline=None)
@given(builders.markets())
def test_reverse_is_the_same_market_with_the_levels_turned_round(market: engine.Market) -> None:
    turned = in_form(market, seniority=-abs(market.rules.seniority), target_gap=-3.0)
    assert engine.solve(in_form(market, form="reverse")).pairs == engine.solve(turned).pairs


# -- peers ----------------------------------------------------------------------------------------------


def best_pairing(weights: list[list[int]], left: frozenset[int]) -> int:
    """The greatest sum of weights of pairs among `left`, by trying everything."""
    if len(left) < 2:
        return 0
    one = min(left)
    rest = left - {one}
    best = best_pairing(weights, rest)
    for other in rest:
        if weights[one][other]:
            best = max(best, weights[one][other] + best_pairing(weights, rest - {other}))
    return best


@st.composite
def symmetric(draw: st.DrawFn) -> list[list[int]]:
    size = draw(st.integers(0, 7))
    table = [[0] * size for _ in range(size)]
    for a, b in combinations(range(size), 2):
        table[a][b] = table[b][a] = draw(st.sampled_from((0, 0, 1, 5, 9, 10, 77, 100_000)))
    return table


@settings(max_examples=150, deadline=None)
@given(symmetric())
def test_peers_get_pairs_of_two_within_a_bound_that_holds(table: list[list[int]]) -> None:
    weights = np.array(table, np.int32).reshape(len(table), len(table))
    names = tuple(str(number) for number in range(len(table)))
    answer = peer.pair_up(weights, names, solver="flow")
    partner = answer.partner.tolist()
    assert all(partner[other] == one for one, other in enumerate(partner) if other != NOBODY)
    assert all(table[one][other] > 0 for one, other in enumerate(partner) if other != NOBODY)
    best = best_pairing(table, frozenset(range(len(table))))
    assert 2 * answer.value >= best
    assert answer.value <= best <= answer.bound
    # The certificate, judged by itself: two people's amounts cover twice their weight.
    amounts = answer.profit.tolist()
    assert all(amounts[a] + amounts[b] >= 2 * table[a][b] for a, b in combinations(range(len(table)), 2))
    assert min(amounts, default=0) >= 0
    assert sum(amounts) // 2 == answer.bound


def test_peers_come_within_two_thousandths_of_the_best() -> None:
    rng = np.random.default_rng(5)
    for seed in range(4):
        upper = np.triu(rng.integers(20_000, 90_000, (120, 120)), 1) * (rng.random((120, 120)) < 0.3)
        weights = np.triu(upper, 1) + np.triu(upper, 1).T
        names = tuple(str(1000 * seed + number) for number in range(120))
        answer = peer.pair_up(weights.astype(np.int32), names, solver="flow")
        assert answer.ratio >= 0.998


@settings(max_examples=60, deadline=None)
@given(builders.markets(), st.integers(0, 2))
def test_S20_two_peers_are_one_pair_with_one_score_and_nobody_has_two(
    market: engine.Market, apart: int
) -> None:
    everybody = {one.number: one for one in market.mentees}
    mentors = {one.number: replace(one, capacity=1, seats_left=1) for one in market.mentors}
    both = everybody.keys() & mentors.keys()
    group = in_form(
        replace(
            market,
            mentees=tuple(everybody[number] for number in both),
            mentors=tuple(mentors[number] for number in both),
        ),
        form="peer",
        seniority=apart,
    )
    solution = engine.solve(group)
    met = Counter(number for pair in solution.pairs for number in (pair.mentee, pair.mentor))
    assert set(met.values()) <= {1}
    assert met.keys() | {one.number for one in solution.waiting} == both
    assert {one.role for one in solution.waiting} <= {"peer"}
    for pair in solution.pairs:
        there = engine.explain(group, pair.mentee, pair.mentor)
        back = engine.explain(group, pair.mentor, pair.mentee)
        assert there.weight == back.weight == pair.weight
        assert there.forbidden == back.forbidden == ()
        assert not any("mentor" in reason.sentence.lower() for reason in pair.reasons)


def test_S20_peers_are_called_peers_wherever_the_engine_speaks() -> None:
    market = peers("1", "2", "3")
    solution = engine.solve(market)
    assert len(solution.pairs) == 1
    said = [reason.sentence for pair in solution.pairs for reason in pair.reasons]
    said += [one.sentence for one in solution.waiting]
    assert not any("mentor" in sentence.lower() or "mentee" in sentence.lower() for sentence in said)
    assert "You can help each other with Negotiation." in said
    (left,) = solution.waiting
    assert (left.role, left.code) == ("peer", "all-peers-placed")


def test_peers_are_at_most_so_many_levels_apart_and_fit_best_at_the_same_level() -> None:
    market = peers("1", "2", "3")
    levels = {"1": 2, "2": 3, "3": 5}
    market = replace(
        market,
        mentees=tuple(
            replace(one, level=levels[one.number], goal_names_level=True) for one in market.mentees
        ),
        mentors=tuple(replace(one, level=levels[one.number]) for one in market.mentors),
    )
    market = in_form(market, seniority=1)
    assert [(pair.mentee, pair.mentor) for pair in engine.solve(market).pairs] == [("1", "2")]
    assert [one.code for one in engine.explain(market, "3", "1").forbidden] == ["seniority"]


def test_a_peer_on_one_side_only_is_refused_by_name() -> None:
    market = in_form(a_market((a_mentee("1"),), (a_mentor("2"),)), form="peer")
    with pytest.raises(engine.InvalidMarket, match=r"mentees\[1\]"):
        engine.solve(market)


# -- circles --------------------------------------------------------------------------------------------


def best_circles(weights: list[list[int]], most: list[int], least: list[int]) -> int:
    best = 0
    for choice in product(range(-1, len(most)), repeat=len(weights)):
        used = Counter(column for column in choice if column >= 0)
        gains = [weights[row][column] for row, column in enumerate(choice) if column >= 0]
        if all(gains) and all(least[column] <= used[column] <= most[column] for column in used):
            best = max(best, sum(gains))
    return best


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_circles_are_the_best_of_all_that_are_large_enough(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 3))
    gain = st.sampled_from((0, 3, 10, 11, 50_000, 99_999))
    weights = np.array(
        data.draw(st.lists(st.lists(gain, min_size=columns, max_size=columns), min_size=rows, max_size=rows)),
        np.int32,
    ).reshape(rows, columns)
    most = data.draw(st.lists(st.integers(0, 4), min_size=columns, max_size=columns))
    least = data.draw(st.lists(st.integers(1, 3), min_size=columns, max_size=columns))
    size = circle.Sizes(np.array(most, np.int32), np.array(least, np.int32))
    names = tuple(str(row) for row in range(rows)), tuple(str(100 + column) for column in range(columns))
    for people_max in (0, circle.PEOPLE_MAX):
        answer = circle.gather(weights, size, names, solver="flow", people_max=people_max)
        load = Counter(column for column in answer.partner.tolist() if column != NOBODY)
        assert all(least[column] <= load[column] <= most[column] for column in load)
        assert answer.value <= best_circles(weights.tolist(), most, least) <= answer.bound
    assert answer.value == best_circles(weights.tolist(), most, least) == answer.bound


def test_S21_a_circle_is_one_mentor_with_up_to_four_mentees_and_never_fewer_than_asked() -> None:
    mentees = tuple(a_mentee(str(100 + number)) for number in range(9))
    mentors = tuple(a_mentor(str(200 + number), capacity=4, seats_left=4) for number in range(5))
    rules = engine.ProgrammeRules(form="circle", group_size=4, group_size_min=3)
    solution = engine.solve(a_market(mentees, mentors, rules=rules))
    sizes = Counter(pair.mentor for pair in solution.pairs)
    assert sum(sizes.values()) == 9
    assert set(sizes.values()) <= {3, 4}
    assert (solution.proof, solution.gap) == ("relaxation", 0)


def test_a_circle_that_meets_already_takes_even_one_more() -> None:
    mentors = (a_mentor("201", capacity=4, seats_left=2), a_mentor("202", capacity=4, seats_left=4))
    rules = engine.ProgrammeRules(form="circle", group_size=4, group_size_min=3)
    solution = engine.solve(a_market((a_mentee(),), mentors, rules=rules))
    assert [(pair.mentee, pair.mentor) for pair in solution.pairs] == [("101", "201")]
    (mentee, _) = engine.solve(a_market((a_mentee(),), mentors[1:], rules=rules)).waiting
    assert mentee.sentence == "1 mentor would fit, but no circle with a free seat came together."


# -- flash ----------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(builders.markets(people=3))
def test_flash_gives_every_mentee_at_most_one_talk_and_every_mentor_one_per_slot(
    market: engine.Market,
) -> None:
    slots = (1, 2, 18)
    market = engine.normal(in_form(market, form="flash", slots=slots))
    solution = engine.solve(market)
    mentees = {one.number: one for one in market.mentees}
    mentors = {one.number: one for one in market.mentors}
    taken = Counter((pair.mentor, pair.slot) for pair in solution.pairs)
    assert set(taken.values()) <= {1}
    assert len({pair.mentee for pair in solution.pairs}) == len(solution.pairs)
    for pair in solution.pairs:
        assert pair.slot in slots
        assert mentees[pair.mentee].hours & mentors[pair.mentor].hours & 1 << pair.slot
    assert solution.value == best_talks(market, slots) == solution.certificate.bound
    assert solution.proof == "slots"


def test_in_flash_only_the_talks_count_as_hours_and_one_that_both_have_is_enough() -> None:
    twenty, another = 1 << 20 | 1 << 100, 1 << 21 | 1 << 100
    mentees = (a_mentee("1", hours=twenty), a_mentee("2", hours=another))
    market = in_form(a_market(mentees, (a_mentor("3", hours=1 << 20),)), form="flash", slots=(20, 21))
    (pair,) = engine.solve(market).pairs
    assert (pair.mentee, pair.mentor, pair.slot) == ("1", "3", 20)
    looked_at = engine.explain(market, "2", "3")
    assert [one.sentence for one in looked_at.forbidden] == ["There is no talk at which both have time."]
    assert "Both have time at 1 of the talks." in [reason.sentence for reason in pair.reasons]


def best_talks(market: engine.Market, slots: tuple[int, ...]) -> int:
    options: list[list[tuple[int, object]]] = []
    for mentee in market.mentees:
        own: list[tuple[int, object]] = [(0, None)]
        for mentor, slot in product(market.mentors, slots):
            weight = engine.explain(market, mentee.number, mentor.number).weight
            if weight and mentor.seats_left and mentee.hours & mentor.hours & 1 << slot:
                own.append((weight, (mentor.number, slot)))
        options.append(own)
    best = 0
    for choice in product(*options):
        seats = [seat for _, seat in choice if seat is not None]
        if len(set(seats)) == len(seats):
            best = max(best, sum(weight for weight, _ in choice))
    return best


# -- all ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["one-to-one", "peer", "circle", "reverse", "flash"])
def test_a_programme_without_anybody_or_without_seats_is_answered_in_every_form(form: str) -> None:
    empty = in_form(a_market(), form=form, slots=(20,))
    assert engine.solve(empty).pairs == ()
    full = tuple(a_mentor(number, capacity=1, seats_left=0) for number in ("101", "102"))
    nobody_left = a_market((a_mentee("101"), a_mentee("102")), full)
    solution = engine.solve(in_form(nobody_left, form=form, slots=(20,)))
    assert (solution.pairs, solution.value, solution.gap) == ((), 0, 0)


@pytest.mark.parametrize("form", ["one-to-one", "peer", "circle", "reverse", "flash"])
def test_where_all_are_alike_as_many_as_possible_are_placed(form: str) -> None:
    numbers = [str(number) for number in range(100, 107)]
    market = a_market(
        tuple(a_mentee(number) for number in numbers),
        tuple(a_mentor(number, capacity=1, seats_left=1) for number in numbers),
        rules=engine.ProgrammeRules(form=form, group_size_min=1, slots=(20, 21)),  # type: ignore[arg-type]
    )
    assert len(engine.solve(market).pairs) == (3 if form == "peer" else 7)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"form": "square"}, "rules.form"),
        ({"mode": "greedy"}, "rules.mode"),
        ({"form": "circle", "mode": "stable"}, "rules.mode"),
        ({"group_size": 0}, "rules.group_size"),
        ({"group_size": 3, "group_size_min": 4}, "rules.group_size_min"),
        ({"slots": (336,)}, "rules.slots"),
        ({"slots": (3, 3)}, "rules.slots"),
    ],
)
def test_a_form_that_cannot_be_is_refused_by_the_name_of_the_field(
    wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(engine.InvalidMarket) as raised:
        engine.solve(in_form(a_market(), **wrong))
    assert raised.value.field == field
