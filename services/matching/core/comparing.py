"""Two runs of one programme side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.matching.core.ids import PersonId, Role
from services.matching.core.runs import Found, Run
from shared.errors import Refused

SOLVED = frozenset({"review", "published"})


class NotComparable(Refused):
    code = "not-comparable"


@dataclass(frozen=True)
class Compared:
    """Pairs by (mentee, mentor) with their weights; rules by name as (here, there); who waits in one
    alone."""

    same_inputs: bool
    value_here: int
    value_there: int
    rules: Mapping[str, tuple[Any, Any]]
    only_here: Sequence[Found]
    only_there: Sequence[Found]
    both: int
    waiting_only_here: Sequence[tuple[PersonId, Role]]
    waiting_only_there: Sequence[tuple[PersonId, Role]]


@dataclass(frozen=True)
class Side:
    """A run with what it found and whom it left."""

    run: Run
    pairs: Sequence[Found]
    left: Sequence[tuple[PersonId, Role]]


def compare(here: Side, there: Side) -> Compared:
    """Raises NotComparable: of two programmes, or not solved."""
    if here.run.programme_id != there.run.programme_id:
        raise NotComparable("The two runs are of different programmes.")
    for side in (here, there):
        if side.run.state not in SOLVED:
            raise NotComparable(f"The run {side.run.id} is {side.run.state}: it has no pairs to compare.")
    ours = {(one.mentee_id, one.mentor_id) for one in here.pairs}
    theirs = {(one.mentee_id, one.mentor_id) for one in there.pairs}
    left_here, left_there = set(here.left), set(there.left)
    return Compared(
        same_inputs=here.run.inputs_hash == there.run.inputs_hash,
        value_here=here.run.value,
        value_there=there.run.value,
        rules=_changed(here.run.rules or {}, there.run.rules or {}),
        only_here=[one for one in here.pairs if (one.mentee_id, one.mentor_id) not in theirs],
        only_there=[one for one in there.pairs if (one.mentee_id, one.mentor_id) not in ours],
        both=len(ours & theirs),
        waiting_only_here=[one for one in here.left if one not in left_there],
        waiting_only_there=[one for one in there.left if one not in left_here],
    )


def _changed(here: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs, weights one by one: `mentee_weights.goals`."""
    found: dict[str, tuple[Any, Any]] = {}
    for name in sorted({*here, *there}):
        one, other = here.get(name), there.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found |= {f"{name}.{part}": pair for part, pair in _changed(one, other).items()}
        elif one != other:
            found[name] = one, other
    return found
