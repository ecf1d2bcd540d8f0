"""The page of a round: figures and proof, pairs, who waits, what it did for whom, where to recruit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from services.matching import commands, core, engine, store
from services.matching.commands.projection import Projections
from services.matching.core.fairness import Line
from services.matching.core.ids import PersonId
from services.matching.core.people import Person
from services.matching.core.programmes import Programme
from services.matching.core.reviewing import Decision
from services.matching.core.runs import UNPUBLISHED, Found, Left, Run
from services.matching.desk import deciding, pictures
from services.matching.desk.house import House, as_id, mentors
from services.matching.engine.recruit import Scarce
from shared.tx import Connection, snapshot

PAIRS_SHOWN = 300
LINES_SHOWN = 6
KINDS = (("skill", "Skills"), ("site", "Sites"), ("language", "Languages"))


@dataclass(frozen=True)
class PairLine:
    """A pair of a round as it stands now; `state` is empty where it was not proposed. `fixed`: an
    administrator has decided it."""

    mentee: Person
    mentor: Person
    score: float
    state: str
    fixed: bool
    talk_at: datetime | None


@dataclass(frozen=True)
class WaitingLine:
    person: Person
    left: Left


@dataclass(frozen=True)
class GroupLine:
    """A group of the ledger with its pictures; None where it is too small to be shown."""

    name: str
    line: Line
    rates: pictures.Rates | None
    gap: pictures.Gap | None


@dataclass(frozen=True)
class View:
    run: Run
    programme: Programme
    pairs: list[PairLine]
    waiting: list[WaitingLine]
    ledger: list[GroupLine]
    scarce: dict[str, list[Scarce]]
    mean: float | None
    decisions: list[Decision]
    mentors: list[tuple[str, str]]


async def show(house: House, request: Request) -> Response:
    async with snapshot(house.door) as conn:
        run = await store.runs.get(conn, as_id(request, "run_id"))
        view = await _view(conn, house.kept, run)
    return house.page(
        "run.html",
        view=view,
        run=run,
        kinds=KINDS,
        shown=PAIRS_SHOWN,
        dearest=_dearest(view),
        decides=run.state == "review" and deciding.may_decide(request),
        fixes=view.programme.rules.form not in commands.reviewing.AS_A_WHOLE,
        cancels=run.state in UNPUBLISHED and deciding.may_decide(request),
        words=deciding.WORDS,
        placed=[(str(one.mentee.id), one.mentee.name) for one in view.pairs],
        people=_mentees(view),
    )


async def _view(conn: Connection, kept: Projections, run: Run) -> View:
    programme = await store.programmes.get(conn, run.programme_id)
    pairs = await store.run_pairs.of_run(conn, run.id)
    left = await store.desk.left(conn, run.id)
    people = await _people(conn, pairs, left)
    states = {(one.mentee_id, one.mentor_id): one.state for one in await store.matches.of_run(conn, run.id)}
    scarce = await commands.explaining.where_to_recruit(conn, kept, run)
    decisions = await store.decisions.of_run(conn, run.id)
    fixed = core.reviewing.demands(decisions).fixed
    scores = [one.weight / engine.WEIGHT_OF_ONE for one in pairs]
    return View(
        run=run,
        programme=programme,
        pairs=[
            PairLine(
                mentee=people[one.mentee_id],
                mentor=people[one.mentor_id],
                score=one.weight / engine.WEIGHT_OF_ONE,
                state=states.get((one.mentee_id, one.mentor_id), ""),
                fixed=one.mentee_participation_id in fixed,
                talk_at=one.talk_at,
            )
            for one in pairs
        ],
        waiting=[WaitingLine(people[one.person_id], one) for one in left],
        ledger=[_group(one, programme) for one in await store.ledger.of_run(conn, run.id)],
        scarce={kind: [one for one in scarce if one.kind == kind][:LINES_SHOWN] for kind, _ in KINDS},
        mean=sum(scores) / len(scores) if scores else None,
        decisions=decisions,
        mentors=[(str(one.id), one.name) for one in await mentors(conn, programme.id)],
    )


async def _people(conn: Connection, pairs: list[Found], left: list[Left]) -> dict[PersonId, Person]:
    ids = (
        {one.mentee_id for one in pairs} | {one.mentor_id for one in pairs} | {one.person_id for one in left}
    )
    return {one.id: one for one in await store.people.by_ids(conn, sorted(ids))}


def _mentees(view: View) -> list[tuple[str, str]]:
    """Everybody who looks for a mentor in the round, by name."""
    found = [one.mentee for one in view.pairs]
    found += [one.person for one in view.waiting if one.left.role == "mentee"]
    return sorted(((str(one.id), one.name) for one in found), key=lambda named: named[1])


def _group(line: Line, programme: Programme) -> GroupLine:
    name = programme.rules.group_names.get(line.code, line.code)
    if not line.shown:
        return GroupLine(name, line, None, None)
    return GroupLine(name, line, pictures.rates(line), pictures.gap(line))


def _dearest(view: View) -> float:
    """The highest price on the page, which fills a bar; never 0."""
    prices = [one.price or 0.0 for lines in view.scarce.values() for one in lines]
    return max(prices, default=0.0) or 1.0
