"""The people of one side as arrays, one row per person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine import hours, market, reporting

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]
Scales = npt.NDArray[np.int8]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

NO_LEVEL = -1_000
PRIOR_COUNT = 4


@dataclass(frozen=True, slots=True)
class Side:
    """n people. Bitsets are [n, words of 64 bits], scales [n, scales] with 0 for no answer, the others [n].

    `level` is NO_LEVEL where unknown, `team`, `site` and `city` are 0 there; `tin` and `tout` are the
    interval in the manager tree; `root` is 1 / √(how many interests), 0 where none; `rating` is the Bayesian
    mean of past feedback in [0, 1], `rated` whether there is any; `ready` whether a mentee has goals or a
    mentor skills.
    """

    numbers: tuple[str, ...]
    hours: Words
    languages: Words
    interests: Words
    values: Scales
    style: Scales
    level: Integers
    team: Integers
    site: Integers
    city: Integers
    tin: Integers
    tout: Integers
    root: Floats
    rating: Floats
    rated: Flags
    consent: Flags
    eligible: Flags
    ready: Flags


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a market, each with its position: what both sides must number alike."""

    languages: dict[str, int]
    interests: dict[str, int]
    values: dict[str, int]
    style: dict[str, int]
    places: dict[str, int]


def vocabulary(people: Sequence[market.Person]) -> Vocabulary:
    """Positions from 0 for sets and scales; places (teams, sites, cities) from 1, because 0 is unknown."""
    return Vocabulary(
        languages=positions(word for person in people for word in person.languages),
        interests=positions(word for person in people for word in person.interests),
        values=positions(scale for person in people for scale in person.values),
        style=positions(scale for person in people for scale in person.style),
        places=positions(("", *(w for person in people for w in (person.team, person.site, person.city)))),
    )


def positions(words: Iterable[str]) -> dict[str, int]:
    """Every word once, in alphabetical order, with its position."""
    return {word: position for position, word in enumerate(sorted(set(words)))}


def of(
    people: Sequence[market.Person],
    words: Vocabulary,
    line: reporting.Reporting,
    *,
    ready: Sequence[bool],
    rating_prior: float,
) -> Side:
    """The arrays of one side; `people` in the order the rows shall have."""
    interests = _sets([person.interests for person in people], words.interests)
    return Side(
        numbers=tuple(person.number for person in people),
        hours=_bitsets([person.hours for person in people], hours.HALF_HOURS),
        languages=_sets([person.languages for person in people], words.languages),
        interests=interests,
        values=_scales([person.values for person in people], words.values),
        style=_scales([person.style for person in people], words.style),
        level=_integers(NO_LEVEL if person.level is None else person.level for person in people),
        team=_integers(words.places[person.team] for person in people),
        site=_integers(words.places[person.site] for person in people),
        city=_integers(words.places[person.city] for person in people),
        tin=_integers(line.tin[person.number] for person in people),
        tout=_integers(line.tout[person.number] for person in people),
        root=roots(interests),
        rating=np.array([_bayesian(person.feedback, rating_prior) for person in people], np.float32),
        rated=np.array([person.feedback.count > 0 for person in people], np.bool_),
        consent=np.array([person.consent for person in people], np.bool_),
        eligible=np.array([person.eligible for person in people], np.bool_),
        ready=np.array(ready, np.bool_),
    )


def roots(sets: Words) -> Floats:
    """1 / √size of each bitset [n, words], 0 for an empty one."""
    size = np.bitwise_count(sets).sum(axis=1, dtype=np.int32)
    root = np.float32(1) / np.sqrt(np.maximum(size, 1).astype(np.float32))
    return np.where(size > 0, root, np.float32(0))


def _bayesian(feedback: market.Feedback, prior: float) -> float:
    return (feedback.total + PRIOR_COUNT * prior) / (feedback.count + PRIOR_COUNT)


def _integers(values: Iterable[int]) -> Integers:
    return np.fromiter(values, np.int32)


def _sets(sets: Sequence[frozenset[str]], position: dict[str, int]) -> Words:
    return _bitsets([sum(1 << position[word] for word in words) for words in sets], len(position))


def _bitsets(values: Sequence[int], bits: int) -> Words:
    width = max(1, -(-bits // 64))
    raw = b"".join(value.to_bytes(8 * width, "little") for value in values)
    return np.frombuffer(raw, "<u8").astype(np.uint64).reshape(len(values), width)


def _scales(answers: Sequence[Mapping[str, int]], position: dict[str, int]) -> Scales:
    table = np.zeros((len(answers), len(position)), np.int8)
    for row, given in enumerate(answers):
        for scale, answer in given.items():
            table[row, position[scale]] = answer
    return table


def common(left: Words, right: Words) -> Integers:
    """How many bits two lists of bitsets have in common, [rows of left, rows of right]."""
    count = np.zeros((len(left), len(right)), np.int32)
    for word in range(left.shape[1]):
        count += np.bitwise_count(left[:, word, None] & right[None, :, word])
    return count
