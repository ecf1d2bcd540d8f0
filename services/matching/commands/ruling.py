"""What an administrator decides about facts: whose one is, what is not to hold, who has really left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.matching import core, store
from services.matching.commands import facts, settling, standing
from services.matching.core.facts import Fact, FactKind, Identity, Kept, Key, Taken
from services.matching.core.guard import Hold
from services.matching.core.meeting import Someone
from services.matching.core.weighing import Case
from shared import envelope
from shared.errors import NotFound, Refused
from shared.tx import Tx

DESK = "desk"
"""The source of what administrators say by hand. Its word counts more than that of any HR system."""


class NotHeld(Refused):
    code = "not-held"


class NotInForce(Refused):
    code = "not-in-force"


async def confirm(tx: Tx, hold_id: UUID, *, by: str) -> Hold:
    """They have really left: what was kept back is carried out now. Raises NotFound or AlreadyDecided."""
    hold = await store.holds.get_locked(tx.conn, hold_id)
    after = core.guard.decided(hold, confirmed=True, by=by, now=tx.now)
    await store.holds.decide(tx.conn, after)
    ids = await store.holds.people_of(tx.conn, hold_id)
    await standing.reconcile(tx, await store.standings.lock(tx.conn, ids=ids))
    return after


async def dismiss(tx: Tx, hold_id: UUID, *, by: str) -> Hold:
    """It was a mistake: the facts do not hold, and the people are as before.

    Raises NotFound or AlreadyDecided.
    """
    hold = await store.holds.get_locked(tx.conn, hold_id)
    after = core.guard.decided(hold, confirmed=False, by=by, now=tx.now)
    await store.holds.decide(tx.conn, after)
    ids = await store.holds.people_of(tx.conn, hold_id)
    people = await store.standings.lock(tx.conn, ids=ids)
    cases = await settling.cases_of(tx, people, also_settled=True)
    reason = f"dismissed by {by}: too many at once"
    await _weigh_without(tx, [_cancelled(case, lambda one: one.hold_id == hold_id, reason) for case in cases])
    return after


async def give(tx: Tx, fact_id: int, person_id: UUID | None) -> Kept:
    """A held or rejected fact is this person's; with nobody named it is tried again as it was said.

    Raises NotFound or NotHeld.
    """
    one = await store.facts.get_locked(tx.conn, fact_id)
    _refuse_unless(one, ("held", "rejected"))
    ready = replace(one, state="waiting", field="", reason="")
    if person_id is None:
        return (await facts.again(tx, [ready]))[one.key]
    someone = await _someone(tx, person_id)
    (case,) = await settling.cases_of(tx, [someone])
    others = [each for each in case.kept if each.key != one.key]
    whole = replace(case, kept=[*others, ready])
    keys = {}
    if one.fact.who.external_id:
        keys = {(one.fact.source, one.fact.who.external_id): someone.id}
    rows = await settling.settle(tx, [whole], await facts.scales(tx), keys=keys)
    return rows[one.key]


async def drop(tx: Tx, fact_id: int, *, by: str) -> Kept:
    """A held, rejected or waiting fact about nobody is not to hold. Raises NotFound or NotHeld."""
    one = await store.facts.get_locked(tx.conn, fact_id)
    if one.person_id is not None:
        _refuse_unless(one, ("held", "rejected"))
    _refuse_unless(one, ("held", "rejected", "waiting"))
    after = replace(one, state="cancelled", reason=f"dropped by {by}", due_at=None)
    await store.facts.update(tx.conn, [after])
    return after


async def cancel(tx: Tx, fact_id: int, *, by: str) -> Kept:
    """A fact of somebody is not to hold any more, or not to begin to. Raises NotFound or NotInForce.

    What it has ended already stays ended.
    """
    one = await store.facts.get(tx.conn, fact_id)
    if one.person_id is None or not one.counts:
        raise NotInForce("This fact is not in force: there is nothing to cancel.")
    someone = await _someone(tx, one.person_id)
    (case,) = await settling.cases_of(tx, [someone], also_settled=True)
    key = one.key
    rows = await _weigh_without(tx, [_cancelled(case, lambda each: each.key == key, f"cancelled by {by}")])
    return rows[key]


async def say(
    tx: Tx,
    kind: FactKind,
    who: Identity,
    fields: Mapping[str, str | None],
    *,
    effective_on: date | None = None,
    until: date | None = None,
) -> Taken:
    """A fact by hand: it counts more than what HR systems say, until it is cancelled."""
    await store.sources.add_desk(tx.conn, DESK, tx.now)
    event_id = str(envelope.new_id())
    fact = Fact(DESK, event_id, kind, who, fields, effective_on, until)
    (taken,) = await facts.take(tx, [fact], guarded=False)
    return taken


async def confirm_termination(tx: Tx, person_id: UUID) -> Taken:
    """Somebody who may have left has left: nothing waits for the end of the grace. Raises NotFound."""
    someone = await _someone(tx, person_id)
    return await say(tx, "termination", Identity(someone.person.card.employee_number), {})


async def _someone(tx: Tx, person_id: UUID) -> Someone:
    found = await store.standings.lock(tx.conn, ids=[person_id])
    if not found:
        raise NotFound(f"there is no person {person_id}")
    return found[0]


def _refuse_unless(one: Kept, states: tuple[str, ...]) -> None:
    if one.state not in states:
        raise NotHeld(f"This fact is {one.state}: there is nothing to decide about it.")


def _cancelled(case: Case, is_meant: Callable[[Kept], bool], reason: str) -> Case:
    kept = [
        replace(one, state="cancelled", reason=reason, due_at=None, settled=False) if is_meant(one) else one
        for one in case.kept
    ]
    return replace(case, kept=kept)


async def _weigh_without(tx: Tx, cases: Sequence[Case]) -> dict[Key, Kept]:
    """Facts that are cancelled are written; all others may matter again."""
    await store.facts.update(
        tx.conn, [one for case in cases for one in case.kept if one.state == "cancelled"]
    )
    return await settling.settle(tx, cases, await facts.scales(tx), guarded=False)
