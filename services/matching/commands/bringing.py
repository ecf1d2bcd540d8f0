"""Taking over pairs that were together before the programme was here."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from services.matching import core, said, store
from services.matching.commands import circles, programmes
from services.matching.core.bringing import Known, Plan
from services.matching.core.ids import MatchId
from services.matching.core.programmes import Programme
from shared import envelope
from shared.errors import Refused
from shared.tx import Tx


class NothingToBring(Refused):
    status = 422
    code = "nothing-to-bring"


async def bring(tx: Tx, programme_id: UUID, content: bytes, *, dry: bool) -> Plan:
    """Makes the good rows of a file matches, or in a dry run only tells what it would do.

    The rules are not asked: the pairs exist. The same file again changes nothing. Raises WrongHeader,
    Unreadable and NothingToBring.
    """
    programme = await store.programmes.lock(tx.conn, programme_id)
    programmes.refuse_closed(programme)
    if programme.rules.form == "flash":
        raise NothingToBring("A flash talk has its time from its run: there are no pairs to take over.")
    file = core.bringing.read(content, today=tx.now.date())
    await store.participations.lock_seats(tx.conn, programme_id)
    plan = core.bringing.plan(file.rows, await _known(tx, programme))
    if not dry:
        groups = await circles.of_mentors(tx, programme_id, [mentor.id for _, mentor, _ in plan.new])
        for mentee, mentor, since in plan.new:
            pair = core.matches.between(
                MatchId(envelope.new_id()),
                mentee,
                mentor,
                now=tx.now,
                weight=0,
                explanation={"reasons": [f"A pair since {since.isoformat()}, taken over."], "not_given": []},
                group_id=groups.get(mentor.id),
            )
            match = core.matches.made_at_once(pair, now=tx.now, ends_on=_ends_on(programme, since, tx.now))
            added = await store.matches.add(tx.conn, match)
            assert added, "the pool is locked and the mentee has nobody"
            tx.emit(said.match_made(match, programme))
    rejected = tuple(sorted([*file.rejected, *plan.rejected], key=lambda one: one.line))
    return replace(plan, rejected=rejected)


async def _known(tx: Tx, programme: Programme) -> Known:
    everybody = await store.participations.of_programme(tx.conn, programme.id)
    people = await store.people.by_ids(tx.conn, sorted({one.person_id for one in everybody}))
    number = {person.id: person.card.employee_number for person in people}
    open_pairs = await store.matches.open_in(tx.conn, programme.id)
    proposed = frozenset(await store.proposals.mentees(tx.conn, programme.id))
    return Known(
        participations={(number[one.person_id], one.role): one for one in everybody},
        active={mentee: mentor for mentee, mentor in open_pairs if mentee not in proposed},
        proposed=proposed,
        taken=Counter(mentor for _, mentor in open_pairs),
        peers=programme.rules.form == "peer",
    )


def _ends_on(programme: Programme, since: date, now: datetime) -> date:
    """As counted from the beginning of the pair; a pair older than a match lasts begins anew."""
    natural = core.programmes.match_ends_on(programme, since)
    today = now.date()
    return natural if natural > today else core.programmes.match_ends_on(programme, today)
