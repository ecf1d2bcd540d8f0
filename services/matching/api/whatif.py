"""What if: other weights, rules, seats or people, compared with the round as it is; nothing is published."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.matching import commands, core, engine, taxonomy
from services.matching.api import projections
from services.matching.api.participations import Level
from services.matching.core import difference, ids
from services.matching.core.participations import CAPACITY_MAX, GOALS_MAX
from shared import api, auth
from shared.errors import FieldError
from shared.events import PersonId, ProgrammeId, Role, RunId

Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Weight = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seats = Annotated[int, Field(ge=0, le=CAPACITY_MAX)]
CHANGED_MAX = 100


class JoinerIn(api.Body):
    """Somebody who is not there yet. `like`: the employee number of somebody in the same role whom the new
    one resembles in all that is not said here; without it they speak English and can meet at any hour."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] = (
        "Somebody new"
    )
    role: Role
    like: Number | None = None
    capacity: int | None = Field(None, ge=1, le=CAPACITY_MAX)
    goals: list[Code] | None = Field(None, max_length=GOALS_MAX)
    skills: dict[Code, Level] | None = None
    languages: list[Code] | None = Field(None, min_length=1, max_length=8)
    site: Annotated[str, StringConstraints(max_length=100)] | None = None
    level: int | None = Field(None, ge=1, le=7)


class WhatIfIn(api.Body):
    """What is different. What is not sent stays. Weights of a side are all given and add up to 1;
    `capacities` are mentors' seats by employee number; `leave` are employee numbers. `run_id`: hold that
    round again instead of the next one."""

    run_id: RunId | None = None
    min_shared_hours: float | None = Field(None, ge=0, le=40, allow_inf_nan=False)
    seniority: int | None = Field(None, ge=-6, le=6)
    same_team: bool | None = None
    target_gap: float | None = Field(None, ge=-6, le=6, allow_inf_nan=False)
    mentee_weights: dict[Code, Weight] = Field(default_factory=dict)
    mentor_weights: dict[Code, Weight] = Field(default_factory=dict)
    capacities: dict[Number, Seats] = Field(default_factory=dict, max_length=1000)
    leave: list[Number] = Field(default_factory=list, max_length=1000)
    join: list[JoinerIn] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _changes_something(self) -> WhatIfIn:
        if self.model_fields_set <= {"run_id"}:
            raise ValueError("say what is different: a rule, weights, capacities, leave or join")
        return self


class SideOut(BaseModel):
    """`score` is the mean, `total` the sum, `least` the lowest worth of a pair by today's weights; `gap` 0:
    no other pairs are better by the settings of this side."""

    mentees: int
    mentors: int
    seats: int
    feasible_pairs: int
    pairs: int
    waiting: int
    score: float | None
    total: float
    least: float | None
    gap: int


class MovedOut(BaseModel):
    """A mentee who would have another mentor; the worth of having nobody is 0. People by id where they are
    employees; who joins in the changes alone has only a name."""

    mentee_id: PersonId | None
    mentee: str
    before_id: PersonId | None
    before: str | None
    after_id: PersonId | None
    after: str | None
    worth_before: float
    worth_after: float
    gain: float


class GroupOut(BaseModel):
    kind: str
    code: str
    members: int
    matched_before: int
    matched_after: int
    score_before: float | None
    score_after: float | None


class WhatIfOut(BaseModel):
    """`pairs_changed` mentees would have another mentor or none; of them `gaining` and `losing` by today's
    weights. `moved` begins with those who lose most, then those who gain most; 100 at most."""

    before: SideOut
    after: SideOut
    pairs_changed: int
    gaining: int
    losing: int
    moved: list[MovedOut]
    groups: list[GroupOut]


async def post_what_if(
    programme_id: ProgrammeId, body: WhatIfIn, read: api.Reading, kept: projections.Kept
) -> WhatIfOut:
    """Compares the round as it is with one under changes. Reads one snapshot; proposes and says nothing."""
    changes = changes_of(body)
    found = await commands.forking.what_if(
        read.conn,
        kept,
        ids.ProgrammeId(programme_id),
        changes,
        now=read.now,
        run_id=None if body.run_id is None else ids.RunId(body.run_id),
    )
    return _told(found, changes)


def changes_of(body: WhatIfIn) -> core.whatif.Changes:
    """Raises WrongChanges for weights and codes that are not known."""
    commands.forking.refuse([*_wrong_weights(body), *_wrong_codes(body)])
    told = body.model_dump(exclude={"run_id", "join", "leave"})
    joiners = [core.whatif.Joiner(**_joiner(one)) for one in body.join]
    return core.whatif.Changes(**told, leave=tuple(body.leave), join=tuple(joiners))


def _joiner(one: JoinerIn) -> dict[str, Any]:
    told = one.model_dump()
    for name in ("goals", "languages"):
        told[name] = None if told[name] is None else tuple(told[name])
    return told


def _wrong_weights(body: WhatIfIn) -> list[FieldError]:
    known = engine.ProgrammeRules().mentee_weights
    found = []
    for name, weights in (("mentee_weights", body.mentee_weights), ("mentor_weights", body.mentor_weights)):
        found += [FieldError(f"/{name}/{code}", "no such component") for code in weights if code not in known]
        total = sum(weights.values())
        if weights and abs(total - 1) > 1e-6:
            found.append(FieldError(f"/{name}", f"the weights of a side add up to 1, these to {total:g}"))
    return found


def _wrong_codes(body: WhatIfIn) -> list[FieldError]:
    found = []
    for place, one in enumerate(body.join):
        named = [("goals", one.goals or []), ("skills", [*(one.skills or {})])]
        found += [
            FieldError(f"/join/{place}/{field}", f"{code} is not on the list of skills")
            for field, codes in named
            for code in codes
            if code not in taxonomy.skills()
        ]
        found += [
            FieldError(f"/join/{place}/languages", f"{code} is not on the list of languages")
            for code in one.languages or []
            if code not in core.joining.LANGUAGES
        ]
    return found


def _told(found: commands.forking.Forked, changes: core.whatif.Changes) -> WhatIfOut:
    told = found.difference
    return WhatIfOut(
        before=SideOut.model_validate(told.before, from_attributes=True),
        after=SideOut.model_validate(told.after, from_attributes=True),
        pairs_changed=len(told.moved),
        gaining=told.gaining,
        losing=told.losing,
        moved=[_moved(one, found, changes) for one in extremes(told.moved)],
        groups=[_group(one) for one in told.groups],
    )


def extremes(moved: tuple[difference.Moved, ...]) -> list[difference.Moved]:
    """The half who lose most, then the half who gain most, the most first."""
    half = CHANGED_MAX // 2
    worse = [one for one in moved if one.gain < 0]
    better = [one for one in reversed(moved) if one.gain >= 0]
    return [*worse[:half], *better[: CHANGED_MAX - min(half, len(worse))]]


def _moved(one: difference.Moved, found: commands.forking.Forked, changes: core.whatif.Changes) -> MovedOut:
    (mentee_id, mentee), (before_id, before), (after_id, after) = (
        named(number, found, changes) for number in (one.mentee, one.before, one.after)
    )
    return MovedOut(
        mentee_id=mentee_id,
        mentee=mentee or one.mentee,
        before_id=before_id,
        before=before,
        after_id=after_id,
        after=after,
        worth_before=one.worth_before,
        worth_after=one.worth_after,
        gain=one.gain,
    )


def named(
    number: str | None, found: commands.forking.Forked, changes: core.whatif.Changes
) -> tuple[PersonId | None, str | None]:
    """Who has this number: id and name of an employee, the name alone of who joins in the changes."""
    if number is None:
        return None, None
    if number in found.people:
        person = found.people[number]
        return PersonId(person.id), person.name
    joiners = {core.whatif.number(place): one.name for place, one in enumerate(changes.join)}
    return None, joiners.get(number, number)


def _group(one: difference.GroupFigures) -> GroupOut:
    return GroupOut(
        kind=one.kind,
        code=one.code,
        members=one.members,
        matched_before=one.before,
        matched_after=one.after,
        score_before=one.score_before,
        score_after=one.score_after,
    )


def routers() -> tuple[APIRouter, ...]:
    reading = api.router(
        prefix="/v1/programmes/{programme_id}",
        tags=["programmes"],
        dependencies=[Depends(auth.requires("matches:read"))],
    )
    reading.post("/what-if")(post_what_if)
    return (reading,)
