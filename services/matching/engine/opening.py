"""A market solved from nothing, as the state that events go on from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.matching.engine import arrivals, graph, moves, outcome, pack, prove, survey
from services.matching.engine import index as arrays
from services.matching.engine import state as states
from services.matching.engine.live import Live
from services.matching.engine.pack import Packed
from services.matching.engine.state import NOBODY, Ids, State, Wide

EDGES_MAX = 3_000_000


@dataclass(frozen=True, slots=True)
class Opened:
    """`whole`: all feasible pairs are edges of the live graph."""

    packed: Packed
    live: Live
    whole: bool


def of_index(index: arrays.Index, *, edges_max: int) -> Opened:
    """The arrays of a market solved; its standing pairs are kept where they are among the best."""
    packed = pack.pack(index, roomy=True)
    seats = pack.seats(packed, index)
    done = prove.work(index, packed, seats, outcome.crew(graph.never, lambda share: None))
    whole = int(done.listed.place_fits.sum()) <= edges_max
    s = _with_all_edges(done.s, packed, seats) if whole else done.s
    standing = _standing(index, packed)
    if len(standing[0]) == 0 and done.last is not None:
        _seat(s, *_mates(prove.chosen(index, packed, done, seats)))
    else:
        _seat(s, *standing)
    for _ in graph.repair(s):
        pass
    numbers = index.left.numbers, index.right.numbers
    live = Live.of(
        s,
        [numbers[0][row] for row in packed.row.tolist()],
        [numbers[1][column] if column != NOBODY else "" for column in packed.column.tolist()],
        hysteresis=index.whole.rules.hysteresis,
        standing=standing,
    )
    empty = arrivals.said((), (len(packed.row), len(packed.column)))
    return Opened(packed._replace(**empty), live, whole)


def _with_all_edges(s: State, packed: Packed, seats: Wide) -> State:
    """The same prices and profits on a graph of all feasible pairs, nobody seated."""
    columns, weights, degree = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)], [0]
    for found in survey.weights(packed):
        place = np.flatnonzero(found).astype(np.int32)
        columns.append(place)
        weights.append(found[place].astype(np.int64))
        degree.append(len(place))
    full = states.of_graph(np.cumsum(degree), np.concatenate(columns), np.concatenate(weights), seats)
    full.profit[:], full.price[:] = s.profit, s.price
    return full


def _standing(index: arrays.Index, packed: Packed) -> tuple[Ids, Ids]:
    """Packed rows and places of the standing pairs, one for each mentee."""
    row = np.full(len(index.left.numbers), NOBODY, np.int32)
    row[packed.row] = np.arange(len(packed.row))
    place = np.full(len(index.right.numbers), NOBODY, np.int32)
    there = packed.column != NOBODY
    place[packed.column[there]] = np.flatnonzero(there)
    rows, places = row[index.standing[:, 0]], place[index.standing[:, 1]]
    both = (rows != NOBODY) & (places != NOBODY)
    _, first = np.unique(rows[both], return_index=True)
    return rows[both][first], places[both][first]


def _mates(mate: Wide) -> tuple[Ids, Ids]:
    rows = np.flatnonzero(mate != NOBODY)
    return rows.astype(np.int32), mate[rows].astype(np.int32)


def _seat(s: State, rows: Ids, places: Ids) -> None:
    """Exactly these pairs are made, as far as there are seats and they are edges; prices stay."""
    s.mate[:], s.place[:], s.load[:] = NOBODY, NOBODY, 0
    moves.seat_all(s, rows, places)
