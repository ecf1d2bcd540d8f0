"""The manager tree as Euler-tour intervals: who is above whom is two comparisons.

Real trees are dirty. A circle of managers is cut at its lowest employee number and said so in `cut`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.matching.engine import market


@dataclass(frozen=True, slots=True)
class Reporting:
    """`tin` and `tout` per employee number: a is above b where tin[a] < tin[b] < tout[a].

    `depth` counts the managers above. `cut` are the numbers whose manager was ignored to break a circle.
    """

    tin: Mapping[str, int]
    tout: Mapping[str, int]
    depth: Mapping[str, int]
    cut: tuple[str, ...]

    def is_above(self, manager: str, number: str) -> bool:
        """Whether `manager` is somewhere in the line above `number`."""
        return self.tin[manager] < self.tin[number] < self.tout[manager]


def tree(managers: Mapping[str, str | None], people: Iterable[str] = ()) -> Reporting:
    """The intervals of everybody named in `managers` and of `people`, the same in any order of input."""
    numbers = {*managers, *people, *(number for number in managers.values() if number)}
    parent = {number: managers.get(number) or None for number in sorted(numbers, key=market.in_order)}
    cut = _cut_circles(parent)
    children: dict[str | None, list[str]] = {None: []}
    for number, manager in parent.items():
        children.setdefault(manager, []).append(number)
    return _tour(children, cut)


def _cut_circles(parent: dict[str, str | None]) -> tuple[str, ...]:
    """Makes the graph a forest in place; answers whose manager was dropped."""
    cut: list[str] = []
    safe: set[str] = set()
    for start in parent:
        path: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in safe:
            if at in path:
                members = list(path)
                lowest = min(members[members.index(at) :], key=market.in_order)
                parent[lowest] = None
                cut.append(lowest)
                break
            path[at] = None
            at = parent[at]
        safe.update(path)
    return tuple(sorted(cut, key=market.in_order))


def _tour(children: Mapping[str | None, list[str]], cut: tuple[str, ...]) -> Reporting:
    tin: dict[str, int] = {}
    tout: dict[str, int] = {}
    depth: dict[str, int] = {}
    todo: list[tuple[str, int]] = [(number, 0) for number in reversed(children[None])]
    open_line: list[str] = []
    while todo:
        number, level = todo.pop()
        while len(open_line) > level:
            tout[open_line.pop()] = len(tin)
        tin[number], depth[number] = len(tin), level
        open_line.append(number)
        todo.extend((child, level + 1) for child in reversed(children.get(number, [])))
    while open_line:
        tout[open_line.pop()] = len(tin)
    return Reporting(tin, tout, depth, cut)
