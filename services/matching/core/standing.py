"""How somebody stands: what all their facts add up to at one moment.

A fold of the set of facts, so the same facts in any order and however often give the same card, the same
standing and the same list of what is pending.

- A field has the newest word of the source whose word counts most for it (`facts.stamp`).
- A fact with a day holds from 00:00 of it in the time zone that the facts which hold so far give.
- Whether somebody is there is decided by the facts that say so, one after another in the order of the times
  they stand for, whatever their source: that somebody leaves is never outweighed by an older word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, TypeAlias

from services.matching.core import facts
from services.matching.core.facts import Heard, Key, Stamp, Voice

Status = Literal["active", "leave", "inactive", "terminated"]
State = Literal["applied", "waiting", "superseded"]
Zones: TypeAlias = Callable[[str], tzinfo]

WITH_ACCESS = frozenset({"active", "leave"})
"""For whom links open and mails are due."""
GRACE_DAYS = 14
SETTLED_AFTER = timedelta(days=2)
"""No time zone is further away than this: a day that began so long ago has begun everywhere."""
BOSS = "manager_employee_number"


@dataclass(frozen=True)
class Standing:
    """Days are where the person works. `leave_until` is the last day of a leave (empty: open), `grace_until`
    the last day on which somebody inactive may come back as if nothing had been."""

    status: Status = "active"
    leave_from: date | None = None
    leave_until: date | None = None
    inactive_on: date | None = None
    grace_until: date | None = None
    terminated_on: date | None = None
    erase_asked: bool = False

    def is_over(self, today: date) -> bool:
        """Whether there is no coming back to what was: matches end, participations are left."""
        if self.status == "terminated":
            return True
        return self.status == "inactive" and self.grace_until is not None and today > self.grace_until


@dataclass(frozen=True)
class Boss:
    """Whom the newest word names as manager: by number or by a source's own id; both empty: nobody."""

    number: str | None
    source: str | None
    external_id: str | None
    said_at: datetime


@dataclass(frozen=True)
class Folded:
    """`fields` has the winning values of those that any fact speaks of, and `said_by` whose they are.
    `standing` is empty where no fact says whether the person is there. `due` has the facts that wait and the
    instant from which they hold, `settled` those that cannot matter any more. `due_at` is when the same facts
    add up to something else."""

    fields: Mapping[str, str | None]
    said_by: Mapping[str, Key]
    boss: Boss | None
    standing: Standing | None
    states: Mapping[Key, State]
    due: Mapping[Key, datetime]
    settled: frozenset[Key]
    due_at: datetime | None
    today: date

    @property
    def pending(self) -> tuple[tuple[datetime, Key], ...]:
        """What is announced and does not hold yet, the next first."""
        return tuple(sorted((at, key) for key, at in self.due.items()))


def fold(
    heard: Sequence[Heard],
    voices: Mapping[str, Voice],
    *,
    zone: str,
    zones: Zones,
    now: datetime,
) -> Folded:
    """Everything the facts about one person add up to at `now`. `zone` is where they work for all that is
    known besides the facts; `zones` finds a time zone by its IANA name. A fact is given once."""
    holding, waiting, place = _holding(heard, voices, zone=zone, zones=zones, now=now)
    won = _winners(holding, voices)
    void, here = _void(heard), zones(place)
    standing = _standing([one for one in holding if one.key not in void], here, now)
    due = {one.key: at for one, at in waiting if one.key not in void}
    states = _states(heard, due, won, void)
    today = now.astimezone(here).date()
    return Folded(
        fields={name: one.fact.says.get(name) for name, one in won.items()},
        said_by={name: one.fact.key for name, one in won.items()},
        boss=_boss(won.get(BOSS)),
        standing=standing,
        states=states,
        due=due,
        settled=frozenset(_settled(heard, won, states, now)),
        due_at=min([*due.values(), *_turns(standing, here, today)], default=None),
        today=today,
    )


def _holding(
    heard: Sequence[Heard], voices: Mapping[str, Voice], *, zone: str, zones: Zones, now: datetime
) -> tuple[list[Heard], list[tuple[Heard, datetime]], str]:
    """The facts that hold, those that wait for their day with its beginning, and the time zone.

    Days are looked at in their order, each in the zone of what holds before it; where nothing does, in the
    first zone that is announced: what a fact brought about must not change the day on which it holds."""
    found = [one for one in heard if one.fact.effective_on is None]
    dated = [(one.fact.effective_on, one.stamp, one) for one in heard if one.fact.effective_on]
    dated.sort(key=lambda each: each[:2])
    first = (one.fact.fields.get("time_zone") for _, _, one in dated)
    place, best = next((named for named in first if named), zone), None
    for one in found:
        place, best = _place(one, voices, place, best)
    waiting = []
    for day, _, one in dated:
        starts = facts.starts_at(day, zones(place))
        if starts > now:
            waiting.append((one, starts))
            continue
        found.append(one)
        place, best = _place(one, voices, place, best)
    return found, waiting, place


def _place(
    one: Heard, voices: Mapping[str, Voice], place: str, best: tuple[int, Stamp] | None
) -> tuple[str, tuple[int, Stamp] | None]:
    named = one.fact.fields.get("time_zone")
    if named is None:
        return place, best
    rank = _rank(one, "time_zone", voices)
    return (named, rank) if best is None or rank > best else (place, best)


def _rank(one: Heard, name: str, voices: Mapping[str, Voice]) -> tuple[int, Stamp]:
    return -voices[one.fact.source].precedence_of(name), one.stamp


def _winners(holding: Iterable[Heard], voices: Mapping[str, Voice]) -> dict[str, Heard]:
    """By field, the fact whose word counts. Both ways of naming a manager are one field."""
    best: dict[str, tuple[tuple[int, Stamp], Heard]] = {}
    for one in holding:
        voice, stamp = voices[one.fact.source], one.stamp
        usual, other = (-voice.precedence, stamp), voice.by_field
        for name in one.fact.says:
            about = BOSS if name in facts.MANAGERS else name
            rank = (-other[about], stamp) if about in other else usual
            known = best.get(about)
            if known is None or rank > known[0]:
                best[about] = rank, one
    return {name: one for name, (_, one) in best.items()}


def _boss(one: Heard | None) -> Boss | None:
    if one is None:
        return None
    number, external = (one.fact.fields.get(name) or None for name in facts.MANAGERS)
    source = one.fact.source if external and not number else None
    return Boss(number, source, external if source else None, one.as_of)


def _void(heard: Sequence[Heard]) -> frozenset[Key]:
    """Terminations that were cancelled after they were said."""
    cancels = [one for one in heard if one.fact.kind == "termination-cancelled"]
    if not cancels:
        return frozenset()
    return frozenset(
        one.key
        for one in heard
        if one.fact.kind == "termination" and any(facts.is_said_after(cancel, one) for cancel in cancels)
    )


def in_order(holding: Iterable[Heard]) -> list[Heard]:
    """By the times they stand for. In a source that counts versions a later version is never earlier."""
    found = list(holding)
    if len(found) < 2:
        return found
    latest: dict[str, datetime] = {}
    keyed = []
    for one in sorted(found, key=lambda each: (each.fact.said_version or 0, each.stamp)):
        as_of = one.as_of
        if one.fact.said_version is not None:
            as_of = latest[one.fact.source] = max(as_of, latest.get(one.fact.source, as_of))
        keyed.append((as_of, one.fact.said_version or 0, one.stamp, one))
    return [one for *_, one in sorted(keyed, key=lambda each: each[:3])]


def _standing(holding: Iterable[Heard], zone: tzinfo, now: datetime) -> Standing | None:
    """What those facts add up to that say whether somebody is there; None where none does."""
    found: Standing | None = None
    for one in in_order(each for each in holding if each.fact.kind not in facts.STAYS):
        found = _after(found, one, zone)
    if found is None or found.status != "leave" or found.leave_until is None:
        return found
    if now.astimezone(zone).date() <= found.leave_until:
        return found
    return replace(found, status="active", leave_from=None, leave_until=None)


def _after(before: Standing | None, one: Heard, zone: tzinfo) -> Standing:
    """How somebody stands after one more fact."""
    day = one.fact.effective_on or one.as_of.astimezone(zone).date()
    kind, known = one.fact.kind, before or Standing()
    if kind == "erase":
        return replace(known, erase_asked=True)
    if kind == "rehire" or (kind == "hire" and known.status == "terminated"):
        return Standing(erase_asked=known.erase_asked)
    if known.status == "terminated":
        return known
    if kind == "termination":
        return Standing("terminated", terminated_on=day, erase_asked=known.erase_asked)
    if kind == "return":
        return Standing(erase_asked=known.erase_asked)
    if kind == "inactive" and known.status != "inactive":
        until = day + timedelta(days=GRACE_DAYS)
        return Standing("inactive", inactive_on=day, grace_until=until, erase_asked=known.erase_asked)
    if kind == "leave" and known.status != "inactive":
        return replace(known, status="leave", leave_from=day, leave_until=one.fact.until)
    return known


def _states(
    heard: Sequence[Heard],
    due: Mapping[Key, datetime],
    won: Mapping[str, Heard],
    void: frozenset[Key],
) -> dict[Key, State]:
    states: dict[Key, State] = {}
    for one in heard:
        if one.key in due:
            states[one.key] = "waiting"
        elif one.key in void:
            states[one.key] = "superseded"
        else:
            counts = one.fact.kind not in facts.STAYS or any(one is each for each in won.values())
            states[one.key] = "applied" if counts else "superseded"
    return states


def _settled(
    heard: Sequence[Heard], won: Mapping[str, Heard], states: Mapping[Key, State], now: datetime
) -> Iterable[Key]:
    """Facts about fields alone, each of which has a newer word that holds for good."""
    for one in heard:
        if states[one.key] != "superseded" or one.fact.kind not in facts.STAYS:
            continue
        names = {BOSS if name in facts.MANAGERS else name for name in one.fact.fields}
        if all(_holds_for_good(won[name], now) for name in names):
            yield one.key


def _holds_for_good(one: Heard, now: datetime) -> bool:
    day = one.fact.effective_on
    return day is None or facts.starts_at(day, UTC) + SETTLED_AFTER < now


def _turns(standing: Standing | None, zone: tzinfo, today: date) -> Iterable[datetime]:
    """When a day that is over changes how somebody stands."""
    if standing is None:
        return
    for last_day in (standing.leave_until, standing.grace_until):
        if last_day is not None and last_day >= today:
            yield facts.starts_at(last_day + timedelta(days=1), zone)
