"""What new facts make of somebody: everything about one person at a time, and of many what they share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.matching.core import facts, meeting, standing
from services.matching.core.facts import Kept, Key, Voice, Wrong
from services.matching.core.ids import PersonId
from services.matching.core.meeting import Someone
from services.matching.core.standing import Folded, Zones

SOMEWHERE = "UTC"


@dataclass(frozen=True)
class Case:
    """Everything known about one person. `before` is empty for somebody nobody knew; `after` as long as no
    fact has brought them."""

    id: PersonId
    before: Someone | None
    kept: Sequence[Kept]
    after: Someone | None = None
    said_by: Mapping[str, Key] | None = None

    def become(self, after: Someone) -> Case:
        """The same with somebody else as what becomes of them."""
        return Case(self.id, self.before, self.kept, after, self.said_by)

    @property
    def is_new(self) -> bool:
        return self.before is None and self.after is not None


@dataclass(frozen=True)
class Scales:
    """What weighing takes besides the facts."""

    voices: Mapping[str, Voice]
    zones: Zones
    now: datetime


def weigh(case: Case, scales: Scales) -> Case:
    """The person as all their facts have them, and what becomes of each fact."""
    heard = [one.heard for one in case.kept if one.counts]
    zone = case.before.person.card.time_zone if case.before else SOMEWHERE
    found = standing.fold(heard, scales.voices, zone=zone, zones=scales.zones, now=scales.now)
    if case.before is None and not _has_begun(heard, found):
        return replace(case, after=None, kept=[_without_person(one, found) for one in case.kept])
    after = meeting.after(case.before, case.id, found, now=scales.now)
    if isinstance(after, Wrong):
        kept = [_rejected(one, found, after) for one in case.kept]
        return replace(case, after=None, kept=kept)
    kept = [_settled(one, case.id, found, scales.now) for one in case.kept]
    return Case(case.id, case.before, kept, after, found.said_by)


def _has_begun(heard: Iterable[facts.Heard], found: Folded) -> bool:
    return any(one.fact.kind in facts.STARTS and found.states[one.key] == "applied" for one in heard)


def _without_person(one: Kept, found: Folded) -> Kept:
    """A fact about somebody who is not known yet; what brings them has a day on which it does."""
    if not one.counts:
        return replace(one, person_id=None)
    due_at = found.due.get(one.key) if one.fact.kind in facts.STARTS else None
    return replace(one, person_id=None, state="waiting", due_at=due_at)


def _rejected(one: Kept, found: Folded, wrong: Wrong) -> Kept:
    begun = one.counts and one.fact.kind in facts.STARTS and found.states[one.key] == "applied"
    if not begun:
        return _without_person(one, found)
    return replace(one, person_id=None, state="rejected", field=wrong.field, reason=wrong.reason)


def _settled(one: Kept, person_id: PersonId, found: Folded, now: datetime) -> Kept:
    if not one.counts:
        return one
    key, state = one.key, found.states[one.key]
    applied_at = one.applied_at or (now if state == "applied" else None)
    due_at, settled = found.due.get(key), key in found.settled
    if (one.person_id, one.state, one.due_at, one.applied_at, one.settled) == (
        person_id,
        state,
        due_at,
        applied_at,
        settled,
    ):
        return one
    return Kept(
        heard=one.heard,
        person_id=person_id,
        state=state,
        field=one.field,
        reason=one.reason,
        due_at=due_at,
        applied_at=applied_at,
        settled=settled,
        hold_id=one.hold_id,
    )


def without(case: Case, field: str, other: str, *, fresh: Collection[Key], scales: Scales) -> Case:
    """The person without the facts that would give them what employee `other` has: these are held."""
    culprit = (case.said_by or {}).get(field)
    new = {one.key for one in case.kept if one.counts and one.key in fresh}
    bad = {culprit} if culprit in new or not new else new
    reason = f"belongs to employee {other}"
    kept = [
        replace(one, state="held", field=field, reason=reason, settled=False) if one.key in bad else one
        for one in case.kept
    ]
    return weigh(replace(case, kept=kept), scales)


def renamed(case: Case) -> bool:
    """Whether somebody has a name or a number that they did not have, or is back with their old ones."""
    if case.after is None or case.before is None:
        return case.after is not None
    before, after = case.before.person.card, case.after.person.card
    back = before.status == "terminated" and after.status != "terminated"
    return back or any(getattr(before, name) != getattr(after, name) for name in meeting.NAMES)
