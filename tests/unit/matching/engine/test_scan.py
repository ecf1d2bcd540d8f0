"""The compiled look at all pairs: the same weights as the plain arithmetic, the same answer in any way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from services.matching import engine
from services.matching.engine import (
    again,
    assign,
    graph,
    outcome,
    pack,
    prove,
    scoring,
    sides,
    stability,
    survey,
)
from services.matching.engine import index as arrays
from tests.unit.matching.engine import builders, crowd
from tests.unit.matching.engine.builders import NEGOTIATION, WRITING, a_market, a_mentee, a_mentor


def crew(threads: int = 1, stop: graph.Stop = graph.never) -> survey.Crew:
    return survey.Crew(threads, stop, lambda _: None)


def scanned(index: arrays.Index) -> sides.Integers:
    """All weights [n, m] as the kernel sees them."""
    packed = pack.pack(index)
    weights = np.zeros((len(index.left.numbers), len(index.right.numbers)), np.int32)
    there = packed.column >= 0
    for row, found in zip(packed.row, survey.weights(packed), strict=True):
        weights[row, packed.column[there]] = found[there]
        assert not found[~there].any()
    return weights


@settings(max_examples=100, deadline=None)
@given(builders.markets(people=7))
def test_the_kernel_weighs_every_pair_to_the_last_bit_as_the_plain_arithmetic(market: engine.Market) -> None:
    index = arrays.build(market)
    assert np.array_equal(scanned(index), scoring.matrix(index)[0])


@pytest.mark.parametrize("seniority", [0, 1, -2])
@pytest.mark.parametrize("seed", range(3))
def test_the_kernel_weighs_a_crowd_to_the_last_bit(seed: int, seniority: int) -> None:
    rules = engine.ProgrammeRules(seniority=seniority, same_team=bool(seed % 2), hysteresis=700)
    index = crowd.index(150, 1_300, seed=seed, rules=rules)
    draw = np.random.default_rng(seed)
    odd = [np.unique(draw.integers(0, (150, 1_300), (400, 2)), axis=0).astype(np.int32) for _ in range(3)]
    index = replace(
        index,
        bonus=draw.integers(0, 5_000, 150).astype(np.int32),
        blocked=odd[0],
        standing=odd[1],
        favourites=odd[2],
        lift=draw.choice([0.2, 0.16, 0.04], len(odd[2])).astype(np.float32),
    )
    weights = scoring.matrix(index)[0]
    assert np.array_equal(scanned(index), weights), f"seed {seed}"
    assert np.count_nonzero(weights) > 3_000


def what_is_wrong(index: arrays.Index, found: prove.Proven, weights: sides.Integers) -> list[str]:
    """By the certificate alone, over all pairs."""
    placed = np.flatnonzero(found.partner >= 0)
    mates = found.partner[placed]
    faults = {
        "an amount below 0": (found.profit < 0).any() or (found.price < 0).any(),
        "a pair not covered": (found.profit[:, None] + found.price < weights).any(),
        "a pair that may not be": (weights[placed, mates] == 0).any(),
        "too many": (np.bincount(mates, minlength=len(index.seats)) > index.seats).any(),
        "another value": weights[placed, mates].sum() != found.value,
        "another bound": found.profit.sum() + (found.price * index.seats).sum() != found.bound,
    }
    return [fault for fault, is_so in faults.items() if is_so]


@pytest.mark.parametrize("seed", range(3))
def test_looks_at_all_pairs_prove_what_all_edges_and_the_flow_find(seed: int) -> None:
    index = crowd.index(500, 1_200, seed=seed)
    index = replace(index, seats=np.where(np.arange(1_200) % 3, index.seats, 0).astype(np.int32))
    weights = scoring.matrix(index)[0]
    found = prove.best(index, pack.pack(index), crew())
    assert what_is_wrong(index, found, weights) == [], f"seed {seed}"
    assert found.value == found.bound
    numbers = index.left.numbers, index.right.numbers
    for solver in ("graph", "flow"):
        other = assign.best(weights, index.seats, numbers, solver=solver)  # type: ignore[arg-type]
        assert other.partner.tolist() == found.partner.tolist(), f"seed {seed}: {solver}"
    assert found.feasible == np.count_nonzero(weights)
    assert found.row_fits.tolist() == np.count_nonzero(weights, axis=1).tolist()
    assert found.column_fits.tolist() == np.count_nonzero(weights, axis=0).tolist()


def test_U4_lists_and_pairs_do_not_depend_on_the_number_of_threads() -> None:
    index = crowd.index(900, 2_500, seed=7)
    packed = pack.pack(index)
    one, four = (survey.listing(packed, crew(threads)) for threads in (1, 4))
    for name in ("row", "place", "weight", "fits", "place_fits", "top"):
        assert np.array_equal(getattr(one, name), getattr(four, name)), name
    assert one.place_fits.sum() == one.fits.sum() > 100_000
    pairs = [prove.best(index, packed, crew(threads)).partner.tolist() for threads in (1, 3)]
    assert pairs[0] == pairs[1]


def test_blocking_pairs_are_counted_by_the_kernel_as_by_the_plain_arithmetic() -> None:
    index = crowd.index(300, 1_100, seed=4)
    hands = crew()
    found = outcome.of_looks(index, hands)
    weights = scoring.matrix(index)[0]
    assert found.blocking == stability.blocking(index, weights, found.found.partner)
    assert found.blocking[0].pairs > 0


@pytest.mark.parametrize("asked", range(6))
def test_a_look_that_is_stopped_leaves_pairs_that_may_be_made_and_a_bound_over_all_pairs(asked: int) -> None:
    index = crowd.index(1_200, 2_000, seed=5)
    weights = scoring.matrix(index)[0]
    left = iter(range(asked))
    found = prove.best(index, pack.pack(index), crew(2, lambda: next(left, None) is None))
    assert what_is_wrong(index, found, weights) == []
    best = prove.best(index, pack.pack(index), crew()).value
    assert found.value <= best <= found.bound
    assert (asked > 0) or found.value < best


def alike(mentees: int, mentors: int) -> engine.Market:
    return a_market(
        tuple(a_mentee(str(number)) for number in range(mentees)),
        tuple(a_mentor(str(10_000 + number)) for number in range(mentors)),
    )


ADVERSE = {
    "nobody": a_market(),
    "no feasible pair": a_market(
        tuple(a_mentee(str(number), hours=0) for number in range(60)),
        tuple(a_mentor(str(number)) for number in range(100, 150)),
    ),
    "nobody is ready": a_market((a_mentee(goals=()),), (a_mentor(skills={}),)),
    "only seats that are taken": a_market(
        tuple(a_mentee(str(number)) for number in range(60)),
        tuple(a_mentor(str(number), seats_left=0) for number in range(100, 150)),
    ),
    "one mentor for all": a_market(
        tuple(a_mentee(str(number)) for number in range(400)),
        (a_mentor("1000", capacity=7, seats_left=7),),
    ),
    "one mentee for all": a_market(
        (a_mentee(),), tuple(a_mentor(str(number)) for number in range(1_000, 2_500))
    ),
    "all alike": alike(300, 330),
    "all alike and too few": alike(330, 300),
    "one taste for all": a_market(
        tuple(a_mentee(str(number)) for number in range(200)),
        tuple(
            a_mentor(str(1_000 + number), skills={NEGOTIATION: 7 * (number + 1) / 220})
            for number in range(220)
        ),
    ),
    "products": a_market(
        tuple(
            a_mentee(
                str(number),
                goals=(engine.Goal(NEGOTIATION, (number + 1) / 150), engine.Goal(WRITING, 1.0)),
            )
            for number in range(150)
        ),
        tuple(
            a_mentor(str(1_000 + number), skills={NEGOTIATION: (number + 1) / 22}) for number in range(150)
        ),
    ),
}


@pytest.mark.parametrize("name", ADVERSE)
def test_markets_made_to_hurt_are_proven_over_all_pairs_and_paired_as_by_the_flow(name: str) -> None:
    market = ADVERSE[name]
    index = arrays.build(market)
    found = prove.best(index, pack.pack(index), crew())
    assert what_is_wrong(index, found, scoring.matrix(index)[0]) == []
    assert found.value == found.bound
    flow = engine.solve(market, solver="flow")
    assert found.partner.tolist() == [
        {pair.mentee: index.right.numbers.index(pair.mentor) for pair in flow.pairs}.get(number, -1)
        for number in index.left.numbers
    ]
    graph_pairs = engine.solve(market, solver="graph")
    assert replace(graph_pairs, solver="flow", certificate=flow.certificate) == flow


@pytest.mark.parametrize("seed", range(4))
def test_the_best_mentors_of_a_mentee_are_the_best_of_all(seed: int) -> None:
    """With pairs kept apart, favourites, and a bonus; also where fewer are possible than are asked for."""
    index = crowd.index(40, 2_500, seed=seed, rules=engine.ProgrammeRules(seniority=seed % 2 * 3))
    draw = np.random.default_rng(seed)
    odd = [np.unique(draw.integers(0, (40, 2_500), (900, 2)), axis=0).astype(np.int32) for _ in range(2)]
    lift = draw.choice([0.2, 0.16, 0.04], len(odd[1])).astype(np.float32)
    bonus = draw.integers(0, 5_000, 40).astype(np.int32)
    index = replace(index, blocked=odd[0], favourites=odd[1], lift=lift, bonus=bonus)
    packed = pack.pack(index)
    room, weights = pack.room(), scoring.matrix(index)[0]
    for count in (1, 10, 500):
        for at, row in enumerate(packed.row.tolist()):
            possible = np.flatnonzero(weights[row]).tolist()
            best = sorted(possible, key=lambda column: (-weights[row, column], column))[:count]
            assert survey.top(packed, at, count, room) == [(column, weights[row, column]) for column in best]


@pytest.mark.parametrize("seed", range(6))
def test_a_look_at_what_has_changed_sees_what_a_look_at_everything_sees(seed: int) -> None:
    index = crowd.index(300, 2_200, seed=seed)
    draw = np.random.default_rng(seed)
    odd = [np.unique(draw.integers(0, (300, 2_200), (500, 2)), axis=0).astype(np.int32) for _ in range(3)]
    index = replace(
        index,
        seats=np.where(draw.random(2_200) < 0.6, index.seats, 0).astype(np.int32),
        blocked=odd[0],
        standing=odd[1],
        favourites=odd[2],
        lift=draw.choice([0.2, 0.16, 0.04], len(odd[2])).astype(np.float32),
    )
    packed = pack.pack(index)
    seats = pack.seats(packed, index)
    weights = np.stack([*survey.weights(packed)]).astype(np.int64)
    price = np.where(seats > 0, draw.integers(0, 30_000, len(seats)), 0)
    profit = np.maximum(0, (weights - price)[:, seats > 0].max(axis=1))
    none = np.zeros(0, np.int64)
    looked, last = again.look(packed, (price, profit), crew(), added=8, last=None)
    assert np.array_equal(looked.row, none)
    for share, other in ((0.1, 0.1), (0.1, 0.1), (0.1, 0), (0, 0.1), (0, 0)):
        some, others = draw.random(len(profit)) < share, draw.random(len(price)) < other
        profit = np.where(some, np.maximum(0, profit + draw.integers(-900, 300, len(profit))), profit)
        price = np.where(others & (seats > 0), np.maximum(0, price - draw.integers(-300, 900)), price)
        told: list[float] = []
        hands = survey.Crew(1, graph.never, told.append)
        part, same = again.look(packed, (price, profit), hands, added=3_000, last=last)
        assert same is last, "only what has changed was looked at"
        assert not told, "progress would seem to begin anew with every part"
        full = survey.look(packed, (price, profit), crew(), added=3_000)
        assert len(full.row) > 20
        for one in (part, full):
            assert np.array_equal(weights[one.row, one.place], one.weight)
        found = [{*zip(one.row.tolist(), one.place.tolist(), strict=True)} for one in (part, full)]
        assert found[0] == found[1]
        for name in ("profit", "claim", "tight_row", "tight_place"):
            assert np.array_equal(getattr(part, name), getattr(full, name)), name
