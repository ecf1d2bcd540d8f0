"""The invariants D1 to D7 of events.md over plain values, whoever gathered them.

Each check returns what is wrong in words, nothing where all is well. Ids, topics and keys are text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[str, str]
"""(topic, key)"""
Place: TypeAlias = tuple[str, int]
"""(topic, partition)"""


@dataclass(frozen=True)
class Parked:
    """An open row of `parked`, in the order in which they were parked."""

    event_id: str | None
    topic: str
    partition: int
    offset: int
    key: str
    state: str


@dataclass(frozen=True)
class Ledger:
    """What was found at one moment, for one listener.

    `said` is S, `applied` the inbox (I), `parked` P, `acknowledged` A. `effects` are (topic, key, ordinal) in
    the order in which they happened, `tallies` the listener's aggregate: how many, and the sum of ordinals.
    `records` are the event ids on each partition by offset, `committed` the group's offsets.
    """

    said: Mapping[str, Key]
    applied: frozenset[str]
    parked: Sequence[Parked]
    acknowledged: frozenset[str] = frozenset()
    effects: Sequence[tuple[str, str, int]] = ()
    tallies: Mapping[Key, tuple[int, int]] = field(default_factory=dict)
    records: Mapping[Place, Mapping[int, str | None]] = field(default_factory=dict)
    committed: Mapping[Place, int] = field(default_factory=dict)
    outbox: int = 0

    @property
    def parked_ids(self) -> frozenset[str]:
        return frozenset(row.event_id for row in self.parked if row.event_id is not None)

    def to_be_applied(self) -> Counter[Key]:
        """How many events of each key should have had their effect: S without P."""
        return Counter(key for event_id, key in self.said.items() if event_id not in self.parked_ids)


def _some(what: str, found: frozenset[str] | set[str]) -> Iterator[str]:
    if found:
        yield f"{what}: {len(found)}, such as {min(found)}"


def d1_what_was_acknowledged_was_said(ledger: Ledger) -> Iterator[str]:
    yield from _some("D1 acknowledged and not committed", ledger.acknowledged - ledger.said.keys())


def d2_all_was_heard(ledger: Ledger) -> Iterator[str]:
    yield from _some("D2 lost", ledger.said.keys() - ledger.applied - ledger.parked_ids)
    yield from _some("D2 both applied and parked", ledger.applied & ledger.parked_ids)


def d3_nothing_else_was_heard(ledger: Ledger) -> Iterator[str]:
    yield from _some(
        "D3 heard and never committed", (ledger.applied | ledger.parked_ids) - ledger.said.keys()
    )


def d4_aggregates_equal_their_recount(ledger: Ledger) -> Iterator[str]:
    wanted = ledger.to_be_applied()
    for key in sorted(wanted.keys() | ledger.tallies.keys()):
        many = wanted[key]
        total = many * (many + 1) // 2
        if ledger.tallies.get(key, (0, 0)) != (many, total):
            yield f"D4 {key} is {ledger.tallies.get(key)}, recounted ({many}, {total})"


def d5_each_key_in_order(ledger: Ledger) -> Iterator[str]:
    """Asked of the effects as they happened, never of sorted ones."""
    happened: dict[Key, list[int]] = defaultdict(list)
    for topic, key, ordinal in ledger.effects:
        happened[topic, key].append(ordinal)
    wanted = ledger.to_be_applied()
    for of in sorted(wanted.keys() | happened.keys()):
        if happened[of] != list(range(1, wanted[of] + 1)):
            yield f"D5 {of} took effect as {happened[of]}, said were {wanted[of]}"


def d6_no_offset_runs_ahead(ledger: Ledger) -> Iterator[str]:
    """The committed offset is at most the first that is neither applied nor parked."""
    heard = ledger.applied | ledger.parked_ids
    aside = {(row.topic, row.partition, row.offset) for row in ledger.parked}
    for (topic, partition), committed in sorted(ledger.committed.items()):
        of = ledger.records.get((topic, partition), {})
        open_ones = [
            at for at, event in of.items() if event not in heard and (topic, partition, at) not in aside
        ]
        if open_ones and committed > min(open_ones):
            yield f"D6 {topic}/{partition} is committed to {committed}, open is {min(open_ones)}"


def d7_all_is_quiet(ledger: Ledger) -> Iterator[str]:
    if ledger.outbox:
        yield f"D7 {ledger.outbox} rows wait in the outbox"
    for place, of in sorted(ledger.records.items()):
        if of and ledger.committed.get(place, 0) <= max(of):
            yield f"D7 {place} lags: {ledger.committed.get(place, 0)} of {max(of) + 1}"
    headed: set[Key] = set()
    for row in ledger.parked:
        if row.state == "behind" and (row.topic, row.key) not in headed:
            yield f"D7 {row.topic} {row.key} halts for nothing"
        elif row.state != "dropped":
            headed.add((row.topic, row.key))


def r1_sent_once(ledger: Ledger) -> Iterator[str]:
    """Where no relay was killed or cut off, no event stands twice on its topic."""
    times = Counter(event for of in ledger.records.values() for event in of.values() if event is not None)
    yield from _some("R1 sent more than once", {event for event, many in times.items() if many > 1})


def broken(ledger: Ledger) -> list[str]:
    """All seven."""
    checks = (
        d1_what_was_acknowledged_was_said,
        d2_all_was_heard,
        d3_nothing_else_was_heard,
        d4_aggregates_equal_their_recount,
        d5_each_key_in_order,
        d6_no_offset_runs_ahead,
        d7_all_is_quiet,
    )
    return [finding for check in checks for finding in check(ledger)]
