"""Taking over pairs that were together before the programme was here."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.matching import core, said, store
from services.matching.commands import programmes
from services.matching.commands.people import WrongHeader
from services.matching.core.bringing import Known, Plan
from services.matching.core.ids import MatchId
from services.matching.core.matches import Match
from services.matching.core.participations import Participation
from services.matching.core.programmes import Programme
from shared import envelope
from shared.errors import FieldError
from shared.tx import Tx


async def bring(tx: Tx, programme_id: UUID, content: bytes, *, dry: bool) -> Plan:
    """Makes the good rows of a file matches, or in a dry run only tells what it would do.

    The rules are not asked: the pairs exist. The same file again changes nothing. Raises WrongHeader.
    """
    programme = await store.programmes.lock(tx.conn, programme_id)
    programmes.refuse_closed(programme)
    file = core.bringing.read(content, today=tx.now.date())
    if file.header:
        errors = [FieldError(column, problem) for column, problem in file.header]
        detail = "The first line has to name these columns, separated by commas: "
        raise WrongHeader(detail + ",".join(core.bringing.COLUMNS), errors)
    await store.participations.lock_seats(tx.conn, programme_id)
    plan = core.bringing.plan(file.rows, await _known(tx, programme_id))
    if not dry:
        for mentee, mentor, since in plan.new:
            match = _match(tx, programme, (mentee, mentor), since)
            added = await store.matches.add(tx.conn, match)
            assert added, "the pool is locked and the mentee has nobody"
            tx.emit(said.match_made(match, programme))
    rejected = tuple(sorted([*file.rejected, *plan.rejected], key=lambda one: one.line))
    return replace(plan, rejected=rejected)


async def _known(tx: Tx, programme_id: UUID) -> Known:
    everybody = await store.participations.of_programme(tx.conn, programme_id)
    people = await store.people.by_ids(tx.conn, sorted({one.person_id for one in everybody}))
    number = {person.id: person.card.employee_number for person in people}
    open_pairs = await store.matches.open_in(tx.conn, programme_id)
    proposed = frozenset(await store.proposals.mentees(tx.conn, programme_id))
    return Known(
        participations={(number[one.person_id], one.role): one for one in everybody},
        active={mentee: mentor for mentee, mentor in open_pairs if mentee not in proposed},
        proposed=proposed,
        taken=Counter(mentor for _, mentor in open_pairs),
    )


def _match(tx: Tx, programme: Programme, both: tuple[Participation, Participation], since: date) -> Match:
    mentee, mentor = both
    today = tx.now.date()
    natural = core.programmes.match_ends_on(programme, since)
    return Match(
        id=MatchId(envelope.new_id()),
        programme_id=programme.id,
        run_id=None,
        mentee_participation_id=mentee.id,
        mentor_participation_id=mentor.id,
        mentee_id=mentee.person_id,
        mentor_id=mentor.person_id,
        state="active",
        weight=0,
        answer_by=tx.now,
        created_at=tx.now,
        explanation={"reasons": [f"A pair since {since.isoformat()}, taken over."], "not_given": []},
        made_at=tx.now,
        ends_on=natural if natural > today else core.programmes.match_ends_on(programme, today),
    )
