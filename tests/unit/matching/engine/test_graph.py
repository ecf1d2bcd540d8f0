from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine import InvalidMarket, flow, graph
from tests.unit.matching.engine import checker


@dataclass(frozen=True)
class Graph:
    """Who may be paired with whom at which weight, and the mentors' seats."""

    mentees: int
    seats: tuple[int, ...]
    weights: dict[tuple[int, int], int]

    def solve(self, stop: Callable[[], bool] = graph.never) -> graph.Solved:
        edges = sorted(self.weights)
        degree = Counter(mentee for mentee, _ in edges)
        ptr = np.cumsum([0, *(degree[mentee] for mentee in range(self.mentees))])
        col = [mentor for _, mentor in edges]
        return graph.solve_graph(ptr, col, [self.weights[edge] for edge in edges], self.seats, stop=stop)

    def what_is_wrong(self, solved: graph.Solved) -> list[str]:
        pairs = {i: int(j) for i, j in enumerate(solved.mate) if j >= 0}
        duals = dict(enumerate(solved.profit.tolist())), dict(enumerate(solved.price.tolist())), solved.value
        return checker.what_is_wrong(self.weights, dict(enumerate(self.seats)), pairs, duals)

    def flow_value(self) -> int:
        made = [(i, j, weight) for (i, j), weight in self.weights.items() if weight]
        row, column, gain = np.array(made, np.int64).reshape(-1, 3).T
        seats = np.array(self.seats, np.int32)
        partner = flow.assign(row, column, gain, mentees=self.mentees, seats=seats)
        return sum(self.weights[i, int(j)] for i, j in enumerate(partner) if j >= 0)

    def best_value(self) -> int:
        """By trying every assignment."""
        best = 0
        for choice in product(range(-1, len(self.seats)), repeat=self.mentees):
            used = Counter(mentor for mentor in choice if mentor >= 0)
            pairs = [(mentee, mentor) for mentee, mentor in enumerate(choice) if mentor >= 0]
            if all(used[j] <= self.seats[j] for j in used) and all(pair in self.weights for pair in pairs):
                best = max(best, sum(self.weights[pair] for pair in pairs))
        return best


def drawn(seed: int, mentees: int, mentors: int, *, most: int = 100_000, share: float = 0.3) -> Graph:
    draw = random.Random(seed)
    pairs = product(range(mentees), range(mentors))
    return Graph(
        mentees,
        tuple(draw.randint(0, 3) for _ in range(mentors)),
        {pair: draw.randint(0, most) for pair in pairs if draw.random() < share},
    )


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    mentees, mentors = draw(st.integers(0, 4)), draw(st.integers(1, 4))
    pairs = st.tuples(st.integers(0, max(0, mentees - 1)), st.integers(0, mentors - 1))
    weights = (
        st.dictionaries(pairs, st.sampled_from((0, 1, 2, 3, 70_000, 100_000))) if mentees else st.just({})
    )
    seats = st.lists(st.integers(0, 3), min_size=mentors, max_size=mentors).map(tuple)
    return Graph(mentees, draw(seats), draw(weights))


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_a_small_graph_gets_the_best_of_all_assignments_with_its_proof(one: Graph) -> None:
    solved = one.solve()
    assert one.what_is_wrong(solved) == []
    assert solved.value == solved.bound == one.best_value()


@pytest.mark.parametrize("seed", range(40))
def test_a_random_graph_is_proven_and_has_the_value_of_the_flow(seed: int) -> None:
    draw = random.Random(seed)
    most = draw.choice((1, 4, 100, 100_000))
    one = drawn(seed, draw.randint(1, 60), draw.randint(1, 40), most=most, share=draw.random())
    solved = one.solve()
    assert one.what_is_wrong(solved) == [], f"seed {seed}"
    assert solved.value == one.flow_value(), f"seed {seed}"


def every(mentees: int, mentors: int) -> Iterable[tuple[int, int]]:
    return product(range(mentees), range(mentors))


ADVERSE = {
    "no feasible pair": Graph(50, (1,) * 40, {}),
    "only worthless pairs": Graph(20, (2,) * 10, dict.fromkeys(every(20, 10), 0)),
    "no seat at all": Graph(30, (0,) * 20, dict.fromkeys(every(30, 20), 70_000)),
    "no mentor": Graph(5, (), {}),
    "one mentor for all": Graph(300, (7,), {(i, 0): 1 + i for i in range(300)}),
    "one mentee for all": Graph(1, (3,) * 300, {(0, j): 1 + j for j in range(300)}),
    "seats beyond need": Graph(20, (10**6,) * 3, dict.fromkeys(every(20, 3), 5)),
    "all identical": Graph(200, (1,) * 150, dict.fromkeys(every(200, 150), 60_000)),
    "a hundred thousand equal weights": Graph(400, (1,) * 250, dict.fromkeys(every(400, 250), 100_000)),
    "a chain": Graph(
        1500,
        (1,) * 1500,
        {(i, i + k): 50_000 + k for i in range(1500) for k in (0, 1) if i + k < 1500},
    ),
    "a chain one seat short": Graph(
        1500,
        (1,) * 1499,
        {(i, i - k): 50_000 + i % 2 for i in range(1500) for k in (0, 1) if 0 <= i - k < 1499},
    ),
    "products": Graph(150, (1,) * 150, {(i, j): (i + 1) * (j + 1) * 4 for i, j in every(150, 150)}),
    "products upside down": Graph(
        150, (1,) * 100, {(i, j): (150 - i) * (j + 1) * 4 for i, j in every(150, 100)}
    ),
    "a band": Graph(
        500, (1,) * 500, {(i, j): 90_000 - abs(i - j) for i, j in every(500, 500) if abs(i - j) < 9}
    ),
    "four values": Graph(150, (2,) * 70, {(i, j): (i * j) % 4 * 30_000 for i, j in every(150, 70)}),
    "common values": Graph(150, (1,) * 100, {(i, j): 600 * (j + 1) + i for i, j in every(150, 100)}),
}


@pytest.mark.parametrize("name", ADVERSE)
def test_graphs_made_to_hurt_are_proven_and_have_the_value_of_the_flow(name: str) -> None:
    one = ADVERSE[name]
    solved = one.solve()
    assert one.what_is_wrong(solved) == []
    assert solved.value == one.flow_value()


def shifted(solved: graph.Solved, name: str, at: int, by: int) -> graph.Solved:
    changed = getattr(solved, name).copy()
    changed[at] += by
    return replace(solved, **{name: changed})


@pytest.mark.parametrize("seed", range(5))
def test_the_checker_refuses_a_certificate_with_anything_changed(seed: int) -> None:
    one = drawn(seed, 12, 6)
    solved = one.solve()
    assert one.what_is_wrong(solved) == [], f"seed {seed}"
    assert one.what_is_wrong(replace(solved, value=solved.value + 1))
    for name, by in product(("price", "profit"), (-1, 1)):
        for at in range(len(getattr(solved, name))):
            # The price of a mentor without seats costs nothing: only too low a price is a fault.
            if name != "price" or by < 0 or one.seats[at]:
                assert one.what_is_wrong(shifted(solved, name, at, by)), f"seed {seed}: {name}[{at}] {by:+}"
    for mentee, mentor in product(range(one.mentees), range(-1, len(one.seats))):
        if solved.mate[mentee] != mentor:
            moved = shifted(solved, "mate", mentee, mentor - int(solved.mate[mentee]))
            assert one.what_is_wrong(moved), f"seed {seed}: {mentee} with {mentor}"


def test_work_stopped_early_gives_pairs_that_may_be_made_and_a_bound_that_holds() -> None:
    one = drawn(11, 300, 100, share=0.5)
    best = one.solve().value
    for steps in range(8):
        left = iter(range(steps))
        solved = one.solve(stop=lambda left=left: next(left, None) is None)  # type: ignore[misc]
        assert solved.value <= best <= solved.bound
        assert all(count <= one.seats[j] for j, count in Counter(solved.mate.tolist()).items() if j >= 0)
        assert all((i, j) in one.weights for i, j in enumerate(solved.mate.tolist()) if j >= 0)


def test_the_same_graph_gives_the_same_pairs_and_prices() -> None:
    one = ADVERSE["all identical"]
    first, again = one.solve(), one.solve()
    assert first.mate.tolist() == again.mate.tolist()
    assert first.price.tolist() == again.price.tolist()


@pytest.mark.parametrize(
    ("field", "arrays"),
    [
        ("graph.ptr", ([0, 2], [0], [1], [1])),
        ("graph.ptr", ([0, 2, 1, 2], [0, 1], [1, 1], [1, 1])),
        ("graph.ptr", ([], [], [], [])),
        ("graph.col", ([0, 1], [1], [1], [1])),
        ("graph.col", ([0, 1], [-1], [1], [1])),
        ("graph.col", ([0, 2], [0, 0], [1, 1], [1])),
        ("graph.weight", ([0, 1], [0], [1, 2], [1])),
        ("graph.weight", ([0, 1], [0], [-1], [1])),
        ("graph.weight", ([0, 1], [0], [float("nan")], [1])),
        ("graph.weight", ([0, 1], [0], [1 << 61], [1])),
        ("graph.capacity", ([0, 1], [0], [1], [-1])),
    ],
)
def test_arrays_that_are_no_such_graph_are_refused_by_name(field: str, arrays: tuple[list[int], ...]) -> None:
    with pytest.raises(InvalidMarket) as refused:
        graph.solve_graph(*arrays)
    assert refused.value.field == field
