"""The forms a programme can have beside one mentee to one seat, and its modes; `best` answers all of them.

one-to-one  every mentee one mentor, every mentor as many as they have seats
reverse     the same with the levels turned round: the junior one mentors
peer        two equals, each with one partner; everybody is on both sides of the market
circle      one mentor and `group_size_min` to `group_size` mentees together
flash       every mentee one of the (mentor, slot) seats

Mode `welfare` makes the sum of the weights greatest and reports who would rather have each other; `stable`
sees to it that nobody would, for the forms with one mentor per mentee.
"""

from __future__ import annotations

import numpy as np

from services.matching.engine import assign, market, reasons, rules, scoring, sides, stability, waiting
from services.matching.engine import index as arrays
from services.matching.engine.forms import circle, flash, found, peer, peer_words, reverse, stable
from services.matching.engine.forms.flash import names as talk_names
from services.matching.engine.forms.found import Found, Proof
from services.matching.engine.graph import Stop, never
from services.matching.engine.reasons import Reason
from services.matching.engine.state import NOBODY, Wide

__all__ = [
    "Found",
    "Proof",
    "added",
    "best",
    "blocking",
    "explained",
    "forbidden",
    "made",
    "normal",
    "priced",
    "talk_names",
    "weighed",
    "why",
    "why_all",
    "without_partner",
    "worth_all",
]


def normal(whole: market.Market) -> market.Market:
    """The market as its form asks for it: levels turned round in reverse and the same among peers, and in
    flash no hours but those of the talks."""
    if whole.rules.form == "reverse":
        return reverse.turned(whole)
    if whole.rules.form == "flash":
        return flash.at_talks(whole)
    return peer.alike(whole) if whole.rules.form == "peer" else whole


def weighed(
    index: arrays.Index, weights: sides.Integers, bad: rules.Mask
) -> tuple[sides.Integers, rules.Mask]:
    """The weights and the masks of the form: among peers a rule of one direction forbids the other too."""
    if index.whole.rules.form != "peer":
        return weights, bad
    return peer.matrix(index, weights), bad | bad.T


def best(index: arrays.Index, weights: sides.Integers, *, solver: assign.Solver, stop: Stop = never) -> Found:
    """The answer for a market with these `weighed` weights [n, m]."""
    asked = index.whole.rules
    numbers = index.left.numbers, index.right.numbers
    if asked.form == "peer":
        return peer.pair_up(weights, numbers[0], solver=solver, stop=stop)
    if asked.form == "circle":
        size = circle.sizes(index, asked.group_size, asked.group_size_min)
        return circle.gather(weights, size, numbers, solver=solver, stop=stop)
    if asked.form == "flash":
        return flash.place(index, weights, solver=solver, stop=stop)
    welfare = found.of(assign.best(weights, index.seats, numbers, solver=solver, stop=stop))
    return stable.settle(index, weights, welfare) if asked.mode == "stable" else welfare


def priced(index: arrays.Index) -> tuple[str, ...]:
    """What the prices of an answer are of: mentors by their numbers, in flash each mentor in each slot."""
    asked = index.whole.rules
    return talk_names(index.right.numbers, asked.slots) if asked.form == "flash" else index.right.numbers


def made(index: arrays.Index, answer: Found) -> list[tuple[int, int]]:
    """(row, column) of every pair that was made, two peers once."""
    pairs = [(row, column) for row, column in enumerate(answer.partner.tolist()) if column != NOBODY]
    if index.whole.rules.form != "peer":
        return pairs
    return [(row, column) for row, column in pairs if row < column]


def blocking(index: arrays.Index, weights: sides.Integers, answer: Found) -> tuple[stability.Blocking, ...]:
    """Who would rather have each other; in circles only with mentors who have one, in flash not looked at."""
    form = index.whole.rules.form
    if form == "peer":
        return peer.blocking(index, weights, answer.partner)
    if form == "flash":
        return ()
    if form == "circle":
        opened = np.bincount(answer.partner[answer.partner != NOBODY], minlength=len(index.seats)) > 0
        weights = weights * opened
    return stability.blocking(index, weights, answer.partner)


def without_partner(
    index: arrays.Index, weights: sides.Integers, bad: rules.Mask, answer: Found
) -> tuple[waiting.Waiting, ...]:
    """Who has nobody, and why."""
    if index.whole.rules.form == "peer":
        return waiting.peers_without_partner(index, weights, bad, answer.partner)
    return waiting.without_partner(index, weights, bad, answer.partner)


def explained(index: arrays.Index, row: int, column: int) -> tuple[int, int, tuple[str, ...]]:
    """One pair: what it is worth, what is added to that, and the rules that forbid it (then both are 0)."""
    broken = rules.broken(index, index.mentees[row], index.mentors[column])
    if index.whole.rules.form == "peer":
        peer.check(index)
        back = rules.broken(index, index.mentees[column], index.mentors[row])
        broken = tuple(rule.code for rule in rules.RULES if rule.code in (*broken, *back))
    fit = peer.fit if index.whole.rules.form == "peer" else scoring.fit
    worth = 0 if broken else int(fit(index, slice(row, row + 1), slice(column, column + 1))[0, 0])
    return worth, added(index, row, column) if worth else 0, broken


def added(index: arrays.Index, row: int, column: int) -> int:
    """The bonus and the hysteresis in the weight of a pair, of both where they are peers."""
    plus = peer.added if index.whole.rules.form == "peer" else scoring.added
    return int(plus(index, slice(row, row + 1), slice(column, column + 1))[0, 0])


def forbidden(index: arrays.Index, codes: tuple[str, ...]) -> tuple[Reason, ...]:
    """The rules that exclude a pair, in the words of the form."""
    if index.whole.rules.form == "peer":
        return peer_words.forbidden(codes)
    said = reasons.forbidden(codes)
    if index.whole.rules.form == "flash":
        return tuple(flash.FORBIDDEN.get(reason.code, reason) for reason in said)
    return said


def why(index: arrays.Index, row: int, column: int) -> tuple[Reason, ...]:
    """Why these two fit, in the words of the form."""
    if index.whole.rules.form == "peer":
        return peer_words.why(index, row, column)
    return reasons.why(index, row, column)


def why_all(index: arrays.Index, rows: Wide, columns: Wide) -> list[tuple[Reason, ...]]:
    """Why each of these pairs fits."""
    pairs = list(zip(rows.tolist(), columns.tolist(), strict=True))
    if index.whole.rules.form == "peer":
        return [peer_words.why(index, row, column) for row, column in pairs]
    known = scoring.components_of(index, rows, columns)
    return [reasons.of_components(index, *pair, parts) for pair, parts in zip(pairs, known, strict=True)]


def worth_all(index: arrays.Index, rows: Wide, columns: Wide) -> list[tuple[int, int]]:
    """What each of these pairs, which no rule forbids, is worth, and what is added to that."""
    if index.whole.rules.form == "peer":
        pairs = zip(rows.tolist(), columns.tolist(), strict=True)
        return [explained(index, row, column)[:2] for row, column in pairs]
    fits = scoring.fit_of(index, rows, columns).tolist()
    return list(zip(fits, scoring.added_of(index, rows, columns).tolist(), strict=True))
