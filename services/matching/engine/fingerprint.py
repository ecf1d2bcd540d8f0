"""The hash of a market: equal on every machine and in any order of input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import is_dataclass

from services.matching.engine import index as arrays

ARITHMETIC = 3
AS_IT_IS = frozenset({str, int, bool, type(None)})


def of(index: arrays.Index) -> str:
    """SHA-256 over the canonical form of what is solved; `ARITHMETIC` counts changes of the scoring."""
    everybody = {*index.left.numbers, *index.right.numbers}
    form = {
        "arithmetic": ARITHMETIC,
        "rules": _plain(index.whole.rules),
        "mentees": [_plain(mentee) for mentee in index.mentees],
        "mentors": [_plain(mentor) for mentor in index.mentors],
        "managers": _lines(everybody, index.whole.managers),
        "blocked": index.blocked.tolist(),
        "standing": index.standing.tolist(),
        "favourites": [index.favourites.tolist(), index.lift.tolist()],
        "bonus": index.bonus.tolist() if index.bonus.any() else [],
        "families": {code: topic.family for code, topic in index.whole.topics.items() if topic.family},
    }
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _lines(numbers: set[str], managers: Mapping[str, str | None]) -> dict[str, str | None]:
    """The part of the manager tree above these people: nobody else's boss changes the hash."""
    found: dict[str, str | None] = {}
    for number in numbers:
        at: str | None = number
        while at is not None and at not in found:
            found[at] = managers.get(at) or None
            at = found[at]
    return found


def _plain(value: object) -> object:
    """The commonest kinds first: tens of thousands of people are asked for some twenty values each."""
    if type(value) in AS_IT_IS:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, tuple):
        return (
            sorted((_plain(inner) for inner in value), key=repr) if len(value) > 1 else [*map(_plain, value)]
        )
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, (dict, Mapping)):
        return {key: one if type(one) in AS_IT_IS else _plain(one) for key, one in value.items()}
    if is_dataclass(value):
        given = [(name, getattr(value, name)) for name in value.__dataclass_fields__]
        return {name: one if type(one) in AS_IT_IS else _plain(one) for name, one in given}
    return value
