"""Nothing lost, nothing doubled, nothing out of order: D1, D2, D3, D5, D7's keys, and X1.

S is what was said, A what was acknowledged, I the inbox of a listener, P what it has parked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.chaos.checker.evidence import Evidence, Heard, Listener, Record
from tests.chaos.checker.finding import Finding, Stated, found, stated

OPEN = ("failed", "early", "unreadable", "dead")


def d1_acknowledged_was_said(seen: Evidence) -> Stated:
    """A ⊆ S: for each fact a client was told of there is an event that was said, and one only."""
    said = {one.event_id for one in seen.all_said()}
    by_fact: defaultdict[tuple[str, ...], set[object]] = defaultdict(set)
    for records in seen.records.values():
        for record in records:
            if record.event_id in said:
                by_fact[record.fact].add(record.event_id)
    lost = [fact for fact in seen.acknowledged if not by_fact[fact]]
    twice = [fact for fact in seen.acknowledged if len(by_fact[fact]) > 1]
    return stated(
        "D1 acknowledged ⊆ said",
        len(seen.acknowledged),
        found("lost", "acknowledged and never said", lost),
        found("doubled", "acknowledged once and said twice", twice),
    )


def d2_everything_was_heard(seen: Evidence) -> Stated:
    """For every listener S ⊆ I ∪ P, no event is in both, and none was admitted twice."""
    findings: list[Finding] = []
    looked = 0
    for service, listener in seen.listeners.items():
        wanted = [one.event_id for one in seen.all_said() if one.topic in seen.hears[service]]
        looked += len(wanted)
        parked = {one.event_id for one in listener.parked}
        taken = Counter(one.event_id for one in listener.heard)
        lost = set(wanted) - listener.inbox - parked
        unseen = listener.inbox ^ taken.keys()
        twice = [event_id for event_id, many in taken.items() if many > 1]
        said_twice = [event_id for event_id, many in Counter(wanted).items() if many > 1]
        findings += found("lost", f"said and not heard by {service}", lost)
        findings += found("doubled", f"applied and parked in {service}", listener.inbox & parked)
        findings += found("doubled", f"applied twice in {service}", twice)
        findings += found("doubled", f"said twice with one id, for {service}", said_twice)
        findings += found("wrong", f"in the inbox of {service} and not seen to come, or the reverse", unseen)
    return stated("D2 said = inbox ∪ parked", looked, findings)


def d3_nothing_of_nowhere(seen: Evidence) -> Stated:
    """I ∪ P ⊆ S, but for what the harness itself has put there."""
    findings: list[Finding] = []
    looked = 0
    for service, listener in seen.listeners.items():
        wanted = {one.event_id for one in seen.all_said() if one.topic in seen.hears[service]}
        mine = wanted | seen.strangers
        parked = [one for one in listener.parked if one.place not in seen.strange]
        looked += len(listener.inbox) + len(listener.parked)
        nowhere = [*(listener.inbox - mine), *(one.place for one in parked if one.event_id not in mine)]
        findings += found("wrong", f"heard by {service} and never said", nowhere)
    return stated("D3 inbox ∪ parked ⊆ said", looked, findings)


def d5_in_order(seen: Evidence) -> Stated:
    """Per (topic, key): said as 1, 2, 3 …, lying so in the topic, and applied so by every listener."""
    numbers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for one in seen.all_said():
        numbers[one.topic, one.key].append(one.sequence)
    findings = found(
        "out of order",
        "keys were not said as 1, 2, 3 …",
        (key for key, some in numbers.items() if sorted(some) != list(range(1, len(some) + 1))),
    )
    for place, records in seen.records.items():
        findings += _as_they_lie(f"{place[0]}/{place[1]}", records, seen)
    looked = sum(map(len, seen.records.values()))
    for service, listener in seen.listeners.items():
        looked += len(listener.heard)
        findings += found(
            "out of order",
            f"keys were not applied as 1, 2, 3 … by {service}",
            _out_of_order(listener.heard, seen),
        )
    return stated("D5 order per (topic, key)", looked, findings)


def _as_they_lie(where: str, records: Iterable[Record], seen: Evidence) -> list[Finding]:
    """The first records of the events of a key count up; what the relay sent again does not count."""
    met: set[object] = set()
    last: dict[str, int] = {}
    wrong = []
    for record in records:
        if record.event_id is None or record.event_id in seen.strangers or record.event_id in met:
            continue
        met.add(record.event_id)
        if record.sequence != last.get(record.key, 0) + 1:
            wrong.append(f"{record.key} {record.sequence} after {last.get(record.key, 0)} at {record.offset}")
        last[record.key] = record.sequence
    return found("out of order", f"records lie out of order in {where}", wrong)


def _out_of_order(heard: Iterable[Heard], seen: Evidence) -> list[str]:
    """Rows come in the order of their statements; rows of one statement were handled in order."""
    last: dict[tuple[str, str], int] = {}
    wrong = []
    for one in heard:
        if one.event_id in seen.strangers:
            continue
        before = last.get((one.topic, one.key), 0)
        if one.sequence != before + 1:
            wrong.append(f"{one.topic} {one.key}: {one.sequence} after {before}")
        last[one.topic, one.key] = one.sequence
    return wrong


def d7_no_key_halts_for_nothing(seen: Evidence) -> Stated:
    """Whoever waits behind a parked event finds one at the head; after all repairs nobody waits at all."""
    findings: list[Finding] = []
    looked = 0
    for service, listener in seen.listeners.items():
        looked += len(listener.parked)
        findings += found("wrong", f"wait behind nothing in {service}", _headless(listener))
        left = [f"{one.topic} {one.key} {one.state}" for one in listener.parked if one.state != "dropped"]
        findings += found("wrong", f"are still parked in {service}", left)
    return stated("D7k no key halts", looked, findings)


def _headless(listener: Listener) -> list[str]:
    heads: dict[tuple[str, str], int] = {}
    for one in listener.parked:
        if one.state in OPEN:
            heads.setdefault((one.topic, one.key), one.id)
    return [
        f"{one.topic} {one.key}"
        for one in listener.parked
        if one.state == "behind" and heads.get((one.topic, one.key), one.id) >= one.id
    ]


def x1_causes_come_first(seen: Evidence) -> Stated:
    """Every event's cause was said, and is not later than the event."""
    at = {one.event_id: one.at for one in seen.all_said()}
    caused = [one for one in seen.all_said() if one.cause is not None]
    unknown = [one.event_id for one in caused if one.cause not in at]
    later = [one.event_id for one in caused if one.cause in at and at[one.cause] > one.at]
    return stated(
        "X1 causes come first",
        len(caused),
        found("lost", "events have a cause that nobody said", unknown),
        found("out of order", "events are older than their cause", later),
    )
