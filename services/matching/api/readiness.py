"""Before a run: is everybody ready, and what would other rules leave?"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.matching import commands, core, store
from services.matching.api import projections
from services.matching.api.programmes import RulesIn
from services.matching.engine import feasible, waiting
from shared import api, auth
from shared.events import ParticipationId, PersonId, ProgrammeId, Role

LISTED_MAX = 500


class RuleOut(BaseModel):
    """`pairs` are excluded by this rule, `alone` of them by no other: those would come back without it."""

    code: str
    words: str
    pairs: int
    alone: int


class FeasibleOut(BaseModel):
    """Of those who are ready, mentees · mentors pairs; `feasible` are excluded by no rule. `without_anybody`
    counts mentees whom the rules leave nobody."""

    mentees: int
    mentors: int
    seats: int
    pairs: int
    feasible: int
    excluded: list[RuleOut]
    without_anybody: int


class LackingOut(BaseModel):
    participation_id: ParticipationId
    person_id: PersonId
    employee_number: str
    name: str
    role: Role
    codes: list[str]
    sentence: str


class NobodyOut(BaseModel):
    """Whom the rules leave nobody; `code` is the rule that stands most in the way."""

    person_id: PersonId
    employee_number: str
    role: Role
    code: str
    sentence: str


class UncoveredOut(BaseModel):
    """A goal of `wanted` mentees that nobody shares; `related`: somebody shares a skill of its family."""

    code: str
    name: str
    wanted: int
    related: bool


class UnknownOut(BaseModel):
    text: str
    told: int


class ReadinessOut(BaseModel):
    """`ready`: nothing is missing and everybody has somebody. Lists show the first 500; the counts are
    whole."""

    ready: bool
    figures: FeasibleOut
    not_ready: int
    lacking: list[LackingOut]
    with_nobody: int
    nobody: list[NobodyOut]
    uncovered_goals: list[UncoveredOut]
    unknown_skills: list[UnknownOut]
    unknown_titles: list[UnknownOut]


async def get_readiness(programme_id: ProgrammeId, read: api.Reading, kept: projections.Kept) -> ReadinessOut:
    """Who is not ready and what is missing, and whom the rules leave nobody and why, before a run."""
    seen = await kept.of(read.conn, programme_id, now=commands.projection.hour_of(read.now))
    found = await asyncio.to_thread(feasible.count, seen.market)
    ready = core.readiness.ready(seen.pool, found)
    people = {person.card.employee_number: person.id for person in seen.pool.people.values()}
    nobody = [
        NobodyOut(
            person_id=PersonId(people[one.number]),
            employee_number=one.number,
            role=one.role,
            code=one.code,
            sentence=one.sentence,
        )
        for one in found.nobody[:LISTED_MAX]
    ]
    return ReadinessOut(
        ready=not ready.lacking and not found.nobody,
        figures=_figures(found),
        not_ready=len(ready.lacking),
        lacking=[LackingOut.model_validate(one, from_attributes=True) for one in ready.lacking[:LISTED_MAX]],
        with_nobody=len(found.nobody),
        nobody=nobody,
        uncovered_goals=[UncoveredOut.model_validate(one, from_attributes=True) for one in ready.uncovered],
        unknown_skills=[UnknownOut(text=text, told=many) for text, many in ready.unknown_skills],
        unknown_titles=[UnknownOut(text=text, told=many) for text, many in ready.unknown_titles],
    )


async def post_feasible(
    programme_id: ProgrammeId, body: RulesIn, read: api.Reading, kept: projections.Kept
) -> FeasibleOut:
    """How many pairs other rules would leave, rule by rule. Nothing is kept."""
    await store.programmes.get(read.conn, programme_id)
    seen = await kept.of(read.conn, programme_id, now=commands.projection.hour_of(read.now))
    other = replace(seen.pool.programme, rules=core.programmes.Rules(**body.model_dump()))
    pool = replace(seen.pool, programme=other)
    return await asyncio.to_thread(lambda: _figures(feasible.count(core.pool.market(pool))))


def _figures(found: feasible.Feasible) -> FeasibleOut:
    return FeasibleOut(
        mentees=found.mentees,
        mentors=found.mentors,
        seats=found.seats,
        pairs=found.mentees * found.mentors,
        feasible=found.pairs,
        excluded=[
            RuleOut(code=one.code, words=waiting.EXCLUDED[one.code], pairs=one.people, alone=one.alone)
            for one in found.excluded
        ],
        without_anybody=sum(one.role == "mentee" for one in found.nobody),
    )


def routers() -> tuple[APIRouter, ...]:
    reading = api.router(
        prefix="/v1/programmes/{programme_id}",
        tags=["programmes"],
        dependencies=[Depends(auth.requires("programmes:read"))],
    )
    reading.get("/readiness")(get_readiness)
    reading.post("/feasible")(post_feasible)
    return (reading,)
