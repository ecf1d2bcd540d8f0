"""Rows of one file that cannot all be right: two about one employee, or two that have one user name.

Nobody knows which of them is right, so none is taken; a row that stands there twice is taken once. That way
the order of the rows does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from services.matching.core.files import NamedReject
from services.matching.core.tables import Reject

FIELDS = ("employee_number", "user_name", "work_email")
WORDS: Mapping[str, str] = {
    "employee_number": "the file has this employee again, and differently, in line {}",
    "user_name": "the file gives this user name to somebody else in line {}",
    "work_email": "the file gives this address to somebody else in line {}",
}


class Keyed(NamedTuple):
    """A row; `keys` are the employee number, user name and address as they are compared."""

    place: int
    line: int
    digest: str
    keys: tuple[str, str, str]


class Judged(NamedTuple):
    """Places of rows that are there already, and of rows that contradict another, with what is wrong."""

    repeated: tuple[int, ...]
    clashing: tuple[int, ...]
    rejects: tuple[NamedReject, ...]


def judge(rows: Sequence[Keyed]) -> Judged:
    """Of all rows that share something with another one."""
    first: dict[tuple[str, str], Keyed] = {}
    for row in rows:
        first.setdefault((row.keys[0], row.digest), row)
    once = list(first.values())
    kept = {row.place for row in once}
    rejects: list[tuple[int, NamedReject]] = []
    for place, field in enumerate(FIELDS):
        for row, other in _clashes(once, place):
            reject = Reject(row.line, field, WORDS[field].format(other.line))
            rejects.append((row.place, NamedReject(row.keys[0], reject)))
    return Judged(
        repeated=tuple(row.place for row in rows if row.place not in kept),
        clashing=tuple(sorted({at for at, _ in rejects})),
        rejects=tuple(reject for _, reject in rejects),
    )


def _clashes(rows: Iterable[Keyed], place: int) -> Iterable[tuple[Keyed, Keyed]]:
    """Each row that has the key of another one, with the first such."""
    by_key: dict[str, list[Keyed]] = {}
    for row in rows:
        by_key.setdefault(row.keys[place], []).append(row)
    for same in by_key.values():
        others = {row.keys[0] for row in same}
        if len(same) > 1 and (place == 0 or len(others) > 1):
            for row in same:
                yield row, next(one for one in same if _is_other(one, row, place))


def _is_other(one: Keyed, row: Keyed, place: int) -> bool:
    return one is not row and (place == 0 or one.keys[0] != row.keys[0])
