"""Why this pair, why not that one, why nobody, and where to recruit."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.matching import commands, core, engine, store
from services.matching.api import projections
from services.matching.engine import ladder, recruit
from shared import api, auth
from shared.events import PersonId, RunId


class ComponentOut(BaseModel):
    """One part of a score: what the pair gives each of the two, in [0, 1], and the weight it has for them.
    `given` is false where an answer is missing and the programme's average was taken."""

    code: str
    mentee_value: float
    mentor_value: float
    mentee_weight: float
    mentor_weight: float
    given: bool


class PairLookedAt(BaseModel):
    """`verdict`: `made`; `forbidden` (by which rules, in words); `no-seat`; `possible`; or `changed`: answers
    or people have changed since the run, whose proof no longer holds. `cost_at_least` is the proven loss of
    all pairs together, in score, if this pair had been made. `components` are what the score is made of: with
    u and v the weighted sums for mentee and mentor it is 2uv / (u + v)."""

    mentee_id: PersonId
    mentor_id: PersonId
    verdict: Literal["made", "forbidden", "no-seat", "possible", "changed"]
    sentence: str
    score: float
    reasons: list[str]
    not_given: list[str]
    cost_at_least: float | None
    components: list[ComponentOut]


class StepOut(BaseModel):
    """`people` more would be possible if `rules` were lifted together. `eased`: how far a setting has to go
    for the first of them, in hours a week or in levels."""

    rules: list[str]
    people: int
    sentence: str
    eased: float | None


class NobodyOut(BaseModel):
    """Why a run found nobody, and what would help: single rules first; where none alone helps, the fewest
    rules together. Of `others` in the other role `possible` are forbidden by no rule. Of somebody who is not
    in the pool any more only the run's own sentence is told."""

    role: core.ids.Role
    reason: str
    sentence: str
    others: int | None
    possible: int | None
    in_short: str | None
    steps: list[StepOut]


class WhyNobody(BaseModel):
    person_id: PersonId
    roles: list[NobodyOut]


class ScarceOut(BaseModel):
    """One more seat of a mentor who has this adds at most `price` to the score of all pairs together (the
    mean of the proven prices of those who have it; nobody: empty). `wanted` mentees ask for it, `waiting` of
    them have nobody."""

    kind: recruit.Kind
    code: str
    name: str
    mentors: int
    seats: int
    price: float | None
    wanted: int
    waiting: int
    sentence: str


class WhereToRecruit(BaseModel):
    """The most wanted first within each kind: what nobody offers though somebody waits, then by price."""

    items: list[ScarceOut]


async def get_pair(
    run_id: RunId, mentee_id: PersonId, mentor_id: PersonId, read: api.Reading, kept: projections.Kept
) -> PairLookedAt:
    """Why these two were paired, or why not."""
    run = await store.runs.get(read.conn, run_id)
    found = await commands.explaining.why_not(read.conn, kept, run, mentee_id=mentee_id, mentor_id=mentor_id)
    cost = found.cost_at_least
    return PairLookedAt(
        mentee_id=mentee_id,
        mentor_id=mentor_id,
        verdict=found.verdict,
        sentence=found.sentence,
        score=found.weight / engine.WEIGHT_OF_ONE,
        cost_at_least=None if cost is None else cost / engine.WEIGHT_OF_ONE,
        components=[_component(one) for one in found.components],
        **core.pool.why(found.reasons),
    )


async def get_why_nobody(
    run_id: RunId, person_id: PersonId, read: api.Reading, kept: projections.Kept
) -> WhyNobody:
    """Why a run found nobody for somebody, and what would help."""
    run = await store.runs.get(read.conn, run_id)
    found = await commands.explaining.why_nobody(read.conn, kept, run, person_id)
    return WhyNobody(person_id=person_id, roles=[_nobody(one) for one in found])


async def get_recruit(run_id: RunId, read: api.Reading, kept: projections.Kept) -> WhereToRecruit:
    """Which skills, sites and languages of new mentors would help most."""
    run = await store.runs.get(read.conn, run_id)
    found = await commands.explaining.where_to_recruit(read.conn, kept, run)
    return WhereToRecruit(items=[ScarceOut.model_validate(one, from_attributes=True) for one in found])


def _component(one: engine.Component) -> ComponentOut:
    return ComponentOut(
        code=one.code,
        mentee_value=one.u,
        mentor_value=one.v,
        mentee_weight=one.mentee_weight,
        mentor_weight=one.mentor_weight,
        given=one.given,
    )


def _nobody(one: core.runs.Nobody) -> NobodyOut:
    way = one.ladder
    return NobodyOut(
        role=one.left.role,
        reason=one.left.reason,
        sentence=one.left.sentence,
        others=way.others if way else None,
        possible=way.possible if way else None,
        in_short=way.sentence if way else None,
        steps=[_step(step) for step in way.steps] if way else [],
    )


def _step(step: ladder.Step) -> StepOut:
    return StepOut(rules=list(step.rules), people=step.people, sentence=step.sentence, eased=step.eased)


def routers() -> tuple[APIRouter, ...]:
    reading = api.router(
        prefix="/v1/runs/{run_id}", tags=["runs"], dependencies=[Depends(auth.requires("matches:read"))]
    )
    reading.get("/pairs/{mentee_id}/{mentor_id}")(get_pair)
    reading.get("/waiting/{person_id}")(get_why_nobody)
    reading.get("/recruit")(get_recruit)
    return (reading,)
