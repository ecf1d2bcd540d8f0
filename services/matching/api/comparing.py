"""Two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.matching import core, engine, store
from services.matching.core.runs import Found, Run
from shared import api, auth
from shared.events import PersonId, RunId
from shared.tx import Connection

LISTED_MAX = 1000


class FoundOut(BaseModel):
    """A pair that a run found."""

    mentee_id: PersonId
    mentor_id: PersonId
    score: float
    reasons: list[str]
    not_given: list[str]


class RuleChanged(BaseModel):
    """A rule or a weight that differs, like `mentee_weights.goals`."""

    name: str
    here: Any
    there: Any


class WaiterOut(BaseModel):
    person_id: PersonId
    role: core.ids.Role


class ComparedOut(BaseModel):
    """`here` is the run of the address, `there` the other one. Runs with `same_inputs` have the same pairs.

    Scores are sums over all pairs. Lists show the first 1000; the counts are whole.
    """

    here: RunId
    there: RunId
    same_inputs: bool
    score_here: float
    score_there: float
    rules: list[RuleChanged]
    pairs_in_both: int
    pairs_only_here: int
    pairs_only_there: int
    only_here: list[FoundOut]
    only_there: list[FoundOut]
    waiting_only_here: list[WaiterOut]
    waiting_only_there: list[WaiterOut]


async def get_compared(run_id: RunId, other: RunId, read: api.Reading) -> ComparedOut:
    """What another run of the same programme did differently: pairs, score, rules, who waits."""
    here = await _side(read.conn, await store.runs.get(read.conn, run_id))
    there = await _side(read.conn, await store.runs.get(read.conn, other))
    found = core.comparing.compare(here, there)
    return ComparedOut(
        here=run_id,
        there=other,
        same_inputs=found.same_inputs,
        score_here=found.value_here / engine.WEIGHT_OF_ONE,
        score_there=found.value_there / engine.WEIGHT_OF_ONE,
        rules=[RuleChanged(name=name, here=a, there=b) for name, (a, b) in found.rules.items()],
        pairs_in_both=found.both,
        pairs_only_here=len(found.only_here),
        pairs_only_there=len(found.only_there),
        only_here=pairs_out(found.only_here),
        only_there=pairs_out(found.only_there),
        waiting_only_here=_waiters(found.waiting_only_here),
        waiting_only_there=_waiters(found.waiting_only_there),
    )


async def _side(conn: Connection, run: Run) -> core.comparing.Side:
    pairs = await store.run_pairs.of_run(conn, run.id)
    return core.comparing.Side(run, pairs, await store.run_pairs.left(conn, run.id))


def pairs_out(found: Sequence[Found]) -> list[FoundOut]:
    return [found_out(one) for one in found[:LISTED_MAX]]


def found_out(one: Found) -> FoundOut:
    return FoundOut(
        mentee_id=PersonId(one.mentee_id),
        mentor_id=PersonId(one.mentor_id),
        score=one.weight / engine.WEIGHT_OF_ONE,
        reasons=one.explanation.get("reasons", []),
        not_given=one.explanation.get("not_given", []),
    )


def _waiters(left: Sequence[tuple[core.ids.PersonId, core.ids.Role]]) -> list[WaiterOut]:
    return [WaiterOut(person_id=PersonId(person), role=role) for person, role in left[:LISTED_MAX]]


def routers() -> tuple[APIRouter, ...]:
    reading = api.router(
        prefix="/v1/runs/{run_id}", tags=["runs"], dependencies=[Depends(auth.requires("matches:read"))]
    )
    reading.get("/compare/{other}")(get_compared)
    return (reading,)
