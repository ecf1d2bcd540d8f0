"""Looking at a run before its pairs are proposed: what a decision costs, making it, publishing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.matching import commands, core, engine, store
from services.matching.api import projections
from services.matching.api.comparing import FoundOut, found_out, pairs_out
from services.matching.api.runs import RunOut, run_out
from services.matching.commands.reviewing import Wish
from services.matching.core.reviewing import Decision
from shared import api, auth
from shared.events import ParticipationId, PersonId, RunId

Caller = Annotated[auth.Caller, Depends(auth.requires("matches:write"))]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class WishIn(api.Body):
    """`approve` a pair of the run: it stays whatever else changes. `reject` one: it is not made, both get the
    best others. `pin` two people: they are a pair. `swap` the mentors of two mentees. `exclude` a mentee or a
    mentor from this run, `exclude-pair` two people for ever. `release` takes back what was decided about a
    mentee or a mentor. All other pairs are the best ones again."""

    kind: core.reviewing.Kind
    mentee_id: PersonId | None = None
    mentor_id: PersonId | None = None
    other_mentee_id: PersonId | None = Field(None, description="for `swap`")


class DecisionIn(WishIn):
    """The reason is kept with who decided it."""

    reason: Reason


class PreviewOut(BaseModel):
    """`cost` is what all pairs together would lose, in score; below 0 they would gain. `without_anybody` are
    participations of mentees who would lose their mentor. `changed_since`: the pool is not the one the run
    looked at, so the difference holds today's changes, too."""

    cost: float
    score_before: float
    score_after: float
    pairs_gone: list[FoundOut]
    pairs_new: list[FoundOut]
    without_anybody: list[ParticipationId]
    changed_since: bool


class DecisionOut(BaseModel):
    ordinal: int
    kind: core.reviewing.Kind
    mentee: ParticipationId | None
    mentor: ParticipationId | None
    second_mentee: ParticipationId | None
    second_mentor: ParticipationId | None
    cost: float
    decided_by: str
    reason: str
    decided_at: AwareDatetime


class ReviewOut(BaseModel):
    """The pairs as they stand, in the order of the mentees' employee numbers; `fixed` are participations of
    mentees whose pair was approved, pinned or swapped."""

    run: RunOut
    pairs: list[FoundOut]
    fixed: list[ParticipationId]
    decisions: list[DecisionOut]


async def get_review(run_id: RunId, read: api.Reading, response: Response) -> ReviewOut:
    """What a run found and what was decided about it, by whom and why."""
    run = await store.runs.get(read.conn, run_id)
    decisions = await store.decisions.of_run(read.conn, run_id)
    api.etag(response, run.version)
    return ReviewOut(
        run=run_out(run),
        pairs=[found_out(one) for one in await store.run_pairs.of_run(read.conn, run_id)],
        fixed=[ParticipationId(one) for one in core.reviewing.demands(decisions).fixed],
        decisions=[_decision(one) for one in decisions],
    )


async def post_preview(run_id: RunId, body: WishIn, read: api.Reading, kept: projections.Kept) -> PreviewOut:
    """What a decision would cost. Nothing is kept."""
    run = await store.runs.get(read.conn, run_id)
    wish = Wish(by="", reason="", **body.model_dump())
    found, changed = await commands.reviewing.preview(read.conn, kept, run, wish, now=read.now)
    return PreviewOut(
        cost=found.cost / engine.WEIGHT_OF_ONE,
        score_before=found.before / engine.WEIGHT_OF_ONE,
        score_after=found.after / engine.WEIGHT_OF_ONE,
        pairs_gone=pairs_out(found.gone),
        pairs_new=pairs_out(found.new),
        without_anybody=[ParticipationId(one) for one in found.without],
        changed_since=changed,
    )


async def post_decision(
    run_id: RunId,
    body: DecisionIn,
    seen: api.IfMatch,
    tx: api.InTx,
    kept: projections.Kept,
    *,
    caller: Caller,
    response: Response,
) -> DecisionOut:
    """Makes a decision, if nobody changed the run since it was seen."""
    run = await store.runs.get_locked(tx.conn, run_id)
    api.check_version(seen, run.version)
    wish = Wish(by=caller.id, **body.model_dump())
    after, made = await commands.reviewing.decide(tx, kept, run, wish)
    api.etag(response, after.version)
    return _decision(made)


async def post_publish(run_id: RunId, seen: api.IfMatch, tx: api.InTx, response: Response) -> RunOut:
    """Proposes the pairs as they stand, if nobody changed the run since it was seen."""
    api.check_version(seen, (await store.runs.get(tx.conn, run_id)).version)
    after = await commands.reviewing.publish(tx, run_id)
    api.etag(response, after.version)
    return run_out(after)


def _decision(one: Decision) -> DecisionOut:
    return DecisionOut.model_validate(
        {
            **vars(one),
            "cost": one.cost / engine.WEIGHT_OF_ONE,
            "decided_by": one.by,
            "decided_at": one.at,
        }
    )


def routers() -> tuple[APIRouter, ...]:
    place = "/v1/runs/{run_id}"
    writing = api.router(prefix=place, tags=["runs"], dependencies=[Depends(auth.requires("matches:write"))])
    writing.post("/decisions", status_code=201)(post_decision)
    writing.post("/publish")(post_publish)
    reading = api.router(prefix=place, tags=["runs"], dependencies=[Depends(auth.requires("matches:read"))])
    reading.get("/review")(get_review)
    reading.post("/preview")(post_preview)
    return writing, reading
