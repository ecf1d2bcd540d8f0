"""What if: a round held twice on one snapshot, as it is and with changes. Nothing is kept or said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.matching import core, engine, store
from services.matching.commands.projection import Projections
from services.matching.core.difference import Difference
from services.matching.core.ids import ProgrammeId, RunId
from services.matching.core.people import Person
from services.matching.core.whatif import Changes
from shared.errors import FieldError, Refused
from shared.tx import Connection


class WrongChanges(Refused):
    status = 422
    code = "wrong-changes"


@dataclass(frozen=True)
class Forked:
    """The difference, and the people it names, by employee number."""

    difference: Difference
    people: dict[str, Person]


async def what_if(
    conn: Connection,
    kept: Projections,
    programme_id: ProgrammeId,
    changes: Changes,
    *,
    now: datetime,
    run_id: RunId | None,
) -> Forked:
    """What the changes would do to the next round, or to the round `run_id` as if it was held again.

    In a round held again its own pairs count as not made, whatever became of them. Raises NotFound, and
    WrongChanges naming every field that does not fit the programme.
    """
    if run_id is not None:
        run = await store.runs.get(conn, run_id)
        if run.programme_id != programme_id:
            raise WrongChanges(
                "The run is another programme's.", [FieldError("/run_id", "another programme's")]
            )
        now = run.created_at
    seen = await kept.of(conn, programme_id, now=now, besides=run_id)
    refuse(core.whatif.wrong(seen.market, changes))
    found = await asyncio.to_thread(_compare, seen.market, changes)
    return Forked(found, {one.card.employee_number: one for one in seen.pool.people.values()})


def refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise WrongChanges("The changes do not fit this programme.", errors)


def _compare(market: engine.Market, changes: Changes) -> Difference:
    """Raises WrongChanges for a market that cannot be computed."""
    forked = core.whatif.fork(market, changes)
    try:
        solved = engine.solve(market), engine.solve(forked)
    except engine.InvalidMarket as error:
        raise WrongChanges(
            "The changes cannot be computed.", [FieldError(error.field, error.detail)]
        ) from error
    return core.difference.difference(market, forked, solved)
