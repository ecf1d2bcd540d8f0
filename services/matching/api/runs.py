"""Matching runs, and who waits and why."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel

from services.matching import commands, core, engine, store
from services.matching.api.matches import MatchOut, match_out
from shared import api, auth
from shared.events import ParticipationId, PersonId, ProgrammeId, RunId

Caller = Annotated[auth.Caller, Depends(auth.requires("matches:write"))]
PAUSED = "paused"
PROPOSALS_MAX = 1_000
NOT_LOOKED_AT = "not-looked-at"
NOT_LOOKED_AT_SENTENCE = "Has nobody yet: the next round will look."


class RunOut(BaseModel):
    """`value` is the sum of the weights of what was proposed, 100,000 = one pair with a score of 1. Runs with
    the same `inputs_hash` propose the same pairs.

    It is proven that no other pairs could have been worth more than `bound`; `gap` is bound − value, and 0
    means that nothing better exists. `blocking` counts, for margins of 0 to .10 in score, the pairs who would
    both rather have had each other. Empty for runs from before this was proven.

    `queued` and `solving` runs have no figures yet: `done` of `total` tells how far they are in a `phase`.
    Only those that are `published` have made proposals; `problem` says why one is `cancelled` or `failed`.
    `dropped` pairs were found, and were not possible any more when they were to be proposed. `rules` are the
    programme's, weights included, as the run applied them. `alarm`: a group was matched less than four fifths
    as often as everybody else (see the run's fairness ledger).
    """

    run_id: RunId
    programme_id: ProgrammeId
    mentees: int
    mentors: int
    feasible_pairs: int
    proposed: int
    value: int
    inputs_hash: str
    created_at: AwareDatetime
    bound: int | None
    gap: int | None
    blocking: dict[str, int]
    solver: Literal["graph", "flow"] | None
    proof: engine.ProofKind
    state: core.runs.RunState
    phase: str
    done: int
    total: int
    problem: str | None
    asked_by: str
    rules: dict[str, Any] | None
    dropped: int
    looked_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    version: int
    alarm: bool


class CertificateLine(BaseModel):
    """A mentee's profit (`seats` is 1), or the price of each of the `seats` that a mentor had left; of a
    flash mentor the prices of all talks together.

    Profit + price is at least the weight of every pair that no rule forbade, and the sum of amount · seats
    over all lines is the run's bound: who knows the weights can check the proof without trusting the solver.
    """

    participation_id: ParticipationId
    person_id: PersonId
    role: core.ids.Role
    amount: int
    seats: int
    joined_at: AwareDatetime


class RunWithProposals(RunOut):
    """The proposals in the order of the mentees' employee numbers, as they stand now: the first 1000. All of
    them are at `/v1/matches?run_id=…`."""

    proposals: list[MatchOut]


class WaitingOut(BaseModel):
    """Somebody who has nobody now, with the reason as a code and as a sentence. `waiting_since`: since they
    joined or their last match ended. `next_look_at` is when the next round looks for them; empty until
    something changes, or while they are paused."""

    participation_id: ParticipationId
    person_id: PersonId
    employee_number: str
    name: str
    role: core.ids.Role
    reason: str
    sentence: str
    joined_at: AwareDatetime
    waiting_since: AwareDatetime
    next_look_at: AwareDatetime | None
    paused_until: date | None


async def post_run(programme_id: ProgrammeId, tx: api.InTx, caller: Caller, response: Response) -> RunOut:
    """Asks for a round now instead of at its time. It is solved soon: the run's own address tells how far it
    is. One that waits already is the answer again."""
    programme = await store.programmes.lock(tx.conn, programme_id)
    commands.programmes.refuse_closed(programme)
    run = await commands.rounds.ask(tx, programme, by=caller.id)
    response.headers["location"] = f"/v1/runs/{run.id}"
    return run_out(run)


async def post_cancel(run_id: RunId, tx: api.InTx, caller: Caller) -> RunOut:
    """Stops a run that is not published: nothing of it will be. The programme's next round is the next
    morning's."""
    return run_out(await commands.rounds.cancel(tx, run_id, by=caller.id))


async def list_runs(
    programme_id: ProgrammeId, read: api.Reading, after: api.Cursor, limit: api.Limit
) -> api.Page[RunOut]:
    await store.programmes.get(read.conn, programme_id)
    found = await store.runs.page(read.conn, programme_id, after=after, limit=limit + 1)
    return api.page([run_out(run) for run in found], limit, key=lambda one: (one.created_at, one.run_id))


async def get_run(run_id: RunId, read: api.Reading) -> RunWithProposals:
    run = await store.runs.get(read.conn, run_id)
    return _with_proposals(run, await store.matches.of_run(read.conn, run.id, PROPOSALS_MAX))


async def get_certificate(
    run_id: RunId, read: api.Reading, after: api.Cursor, limit: api.Limit
) -> api.Page[CertificateLine]:
    """The proof that no other pairs were worth more."""
    await store.runs.get(read.conn, run_id)
    found = await store.runs.certificate(read.conn, run_id, after=after, limit=limit + 1)
    lines = [CertificateLine.model_validate(vars(one)) for one in found]
    return api.page(lines, limit, key=lambda one: (one.joined_at, one.participation_id))


async def list_waiting(
    programme_id: ProgrammeId, read: api.Reading, after: api.Cursor, limit: api.Limit
) -> api.Page[WaitingOut]:
    """Everybody in the programme without a partner or a proposal now."""
    await store.programmes.get(read.conn, programme_id)
    found = await store.runs.waiting(read.conn, programme_id, after=after, limit=limit + 1)
    items = [_waiting(one) for one in found]
    return api.page(items, limit, key=lambda one: (one.joined_at, one.participation_id))


def run_out(run: core.runs.Run) -> RunOut:
    return RunOut.model_validate(_told(run))


def _with_proposals(run: core.runs.Run, matches: list[core.matches.Match]) -> RunWithProposals:
    proposals = [match_out(match) for match in matches]
    return RunWithProposals.model_validate({**_told(run), "proposals": proposals})


def _told(run: core.runs.Run) -> dict[str, Any]:
    return {**vars(run), "run_id": run.id, "gap": run.gap, "proof": run.proof}


def _waiting(one: core.runs.Waiter) -> WaitingOut:
    told = vars(one) | {
        "reason": one.reason or NOT_LOOKED_AT,
        "sentence": one.sentence or NOT_LOOKED_AT_SENTENCE,
    }
    if one.paused_until is not None:
        sentence = f"Not now: paused until {one.paused_until.isoformat()}."
        told |= {"reason": PAUSED, "sentence": sentence, "next_look_at": None}
    return WaitingOut.model_validate(told)


def routers() -> tuple[APIRouter, ...]:
    writing = api.router(prefix="/v1", tags=["runs"], dependencies=[Depends(auth.requires("matches:write"))])
    writing.post("/programmes/{programme_id}/runs", status_code=201)(post_run)
    writing.post("/runs/{run_id}/cancel")(post_cancel)
    reading = api.router(prefix="/v1", tags=["runs"], dependencies=[Depends(auth.requires("matches:read"))])
    reading.get("/programmes/{programme_id}/runs")(list_runs)
    reading.get("/programmes/{programme_id}/waiting")(list_waiting)
    reading.get("/runs/{run_id}")(get_run)
    reading.get("/runs/{run_id}/certificate")(get_certificate)
    return writing, reading
