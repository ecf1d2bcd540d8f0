"""What rows of a file of people would do, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.matching.core.facts import Taken
from services.matching.core.files import NamedReject, Piece, Report, RowState
from services.matching.core.guard import people_max
from services.matching.core.snapshots import NEVER, Before, Known, Said
from services.matching.core.tables import Reject

ENDS = frozenset({"termination", "inactive"})
THERE = frozenset({"active", "leave"})
NAMED_MAX = 100
WORDS = {"rejected": "", "held": "waits for an administrator: "}
WORST_FIRST: Sequence[RowState] = ("rejected", "held", "waiting", "applied", "superseded", "repeated")


@dataclass(frozen=True)
class Foreseen:
    """What some rows would do; see `Report`."""

    kinds: Mapping[str, int]
    named: Mapping[str, tuple[str, ...]]
    ended: tuple[str, ...]
    leavers: int


def of_rows(said: Iterable[Said], known: Mapping[str, Known]) -> Foreseen:
    named: dict[str, list[str]] = {}
    ended: list[str] = []
    leavers = 0
    for one in said:
        leavers += one.leaver
        for fact in one.facts:
            named.setdefault(fact.kind, []).append(one.employee_number)
        card = known[one.employee_number].card
        if card is not None and card.status in THERE and any(fact.kind in ENDS for fact in one.facts):
            ended.append(one.employee_number)
    return Foreseen(
        {kind: len(numbers) for kind, numbers in named.items()},
        {kind: tuple(numbers[:NAMED_MAX]) for kind, numbers in named.items()},
        tuple(ended),
        leavers,
    )


def report(
    parts: Sequence[Foreseen], *, people: int, missing: int | None, not_reconciled: str, dry: bool
) -> Report:
    """`people` are there today."""
    kinds: Counter[str] = Counter()
    named: dict[str, tuple[str, ...]] = {}
    for part in parts:
        kinds.update(part.kinds)
        for kind, numbers in part.named.items():
            named[kind] = (*named.get(kind, ()), *numbers)[:NAMED_MAX]
    ended = [number for part in parts for number in part.ended]
    return Report(
        kinds=dict(kinds),
        named=named,
        ended=len(ended),
        ended_named=tuple(ended[:NAMED_MAX]),
        ended_free=people_max(people),
        people=people,
        leavers=sum(part.leavers for part in parts),
        missing=missing,
        not_reconciled=not_reconciled,
        holds=_why_held(len(ended), people, dry=dry),
    )


def _why_held(ended: int, people: int, *, dry: bool) -> str:
    free = people_max(people)
    if ended > free:
        return (
            f"It would end {ended} of {people} people, or make them inactive, and up to {free} may go without"
            " anybody having looked"
        )
    return "It was sent to see what it would do" if dry else ""


def piece(said: Sequence[Said], taken: Sequence[Taken], known: Mapping[str, Known]) -> Piece:
    """What became of rows; `taken` has their facts one after another."""
    rows: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    rejects: list[NamedReject] = []
    remembered: dict[str, Before] = {}
    first = 0
    for one in said:
        mine = taken[first : first + len(one.facts)]
        first += len(one.facts)
        state = _became(mine)
        rows["leaver" if one.leaver else state] += 1
        kinds.update(each.fact.kind for each in mine if each.state not in ("rejected", "repeated"))
        rejects += _rejects(one, mine)
        remembered[one.employee_number] = (
            _not_taken(one, known[one.employee_number].before) if state == "rejected" else one.after
        )
    return Piece(rows, kinds, tuple(rejects), remembered)


def _became(taken: Sequence[Taken]) -> RowState:
    """What became of a row, by what became of its facts: the worst of it."""
    states = {one.state for one in taken}
    return next((state for state in WORST_FIRST if state in states), "unchanged")


def _rejects(said: Said, taken: Sequence[Taken]) -> list[NamedReject]:
    return [
        NamedReject(
            said.employee_number, Reject(said.line or 0, one.field or "row", WORDS[one.state] + one.reason)
        )
        for one in taken
        if one.state in WORDS
    ]


def _not_taken(said: Said, before: Before | None) -> Before:
    """The same row is news when it comes again: what was in its way may be gone then."""
    stands = before.stands if before is not None else NEVER.stands
    return replace(said.after, digest="", stands=stands)
