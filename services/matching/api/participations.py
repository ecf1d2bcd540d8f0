"""Enrolment by an administrator, and who takes part."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from services.matching import commands, core, store, taxonomy
from services.matching.core.participations import (
    CAPACITY_MAX,
    GOALS_MAX,
    LEVEL_MAX,
    Hours,
    Participation,
    Profile,
)
from shared import api, auth
from shared.errors import FieldError, Refused
from shared.events import ParticipationId, PersonId, ProgrammeId

Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Scale = Annotated[int, Field(ge=1, le=5)]
Level = Annotated[int, Field(ge=1, le=LEVEL_MAX)]
Time = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class UnknownCodes(Refused):
    status = 422
    code = "unknown-codes"


class UnknownPerson(Refused):
    status = 422
    code = "unknown-person"


class HoursIn(api.Body):
    """A weekly stretch of local wall time; 0 is Monday."""

    weekday: int = Field(ge=0, le=6)
    starts: Time
    ends: Time

    @model_validator(mode="after")
    def _ends_later(self) -> HoursIn:
        if self.ends <= self.starts:
            raise ValueError("ends has to be after starts")
        return self


class ParticipationIn(api.Body):
    """What the person told the administrator. Goals and skills are codes of the skill list; without goals a
    mentee, without skills a mentor is listed as not ready. A mentor's goals are what they would like to learn
    in return, a mentee's skills what they could share. `current`: the mentee's own estimate of where they
    stand, 0 to 7 by goal. `consent`: the person agreed to be matched."""

    employee_number: Code
    role: Literal["mentee", "mentor", "both", "peer"]
    consent: bool
    capacity: int = Field(1, ge=1, le=CAPACITY_MAX)
    goals: list[Code] = Field(default_factory=list, max_length=GOALS_MAX)
    skills: dict[Code, Level] = Field(default_factory=dict)
    values: dict[Literal["growth", "autonomy", "stability", "recognition", "service"], Scale] = Field(
        default_factory=dict
    )
    style: dict[Literal["pace", "directness", "structure", "guidance"], Scale] = Field(
        default_factory=dict, description="guidance: 1 advice only, 5 hands-on help"
    )
    current: dict[Code, Annotated[int, Field(ge=0, le=LEVEL_MAX)]] = Field(default_factory=dict)
    learning: list[Code] = Field(default_factory=list, max_length=len(core.joining.LEARNING))
    languages: list[Code] = Field(default_factory=list, max_length=8)
    interests: list[Code] = Field(default_factory=list, max_length=12)
    hours: list[HoursIn] = Field(default_factory=list, max_length=21)


class ParticipationOut(BaseModel):
    """`paused_until` is what the person said, `away_reason` and `away_until` what HR says. One that is left
    stays so: whoever comes back has a new one."""

    participation_id: ParticipationId
    programme_id: ProgrammeId
    person_id: PersonId
    role: core.ids.Role
    capacity: int
    profile: dict[str, Any]
    consent: bool
    version: int
    joined_at: AwareDatetime
    paused_until: date | None
    state: core.participations.State
    left_at: AwareDatetime | None
    left_reason: str | None
    away_reason: core.participations.Away | None
    away_until: date | None


class PauseIn(api.Body):
    """The last day on which nobody is looked for."""

    until: date


class Enrolled(BaseModel):
    items: list[ParticipationOut]


async def post_participation(programme_id: ProgrammeId, body: ParticipationIn, tx: api.InTx) -> Enrolled:
    """Enrols a person in one role or both; all or nothing."""
    programme = await store.programmes.get(tx.conn, programme_id)
    _refuse_unknown_codes(body)
    known = await store.people.by_numbers(tx.conn, [body.employee_number])
    if body.employee_number not in known:
        wrong = FieldError("/employee_number", f"{body.employee_number} is nobody's number")
        raise UnknownPerson("There is no such person.", [wrong])
    joining = core.joining.Joining(core.joining.ROLES[body.role], _profile(body), body.capacity)
    joined = await commands.enrolment.enrol(
        tx,
        programme,
        known[body.employee_number].id,
        [(role, *joining.for_role(role)) for role in joining.roles],
        consent=body.consent,
    )
    return Enrolled(items=[_participation(one) for one in joined])


async def list_participations(
    programme_id: ProgrammeId, read: api.Reading, after: api.Cursor, limit: api.Limit
) -> api.Page[ParticipationOut]:
    await store.programmes.get(read.conn, programme_id)
    found = await store.participations.page(read.conn, programme_id, after=after, limit=limit + 1)
    items = [_participation(one) for one in found]
    return api.page(items, limit, key=lambda one: (one.joined_at, one.participation_id))


async def get_participation(
    participation_id: ParticipationId, read: api.Reading, response: Response
) -> ParticipationOut:
    one = await store.participations.get(read.conn, participation_id)
    api.etag(response, one.version)
    return _participation(one)


async def post_pause(
    participation_id: ParticipationId, body: PauseIn, seen: api.IfMatch, tx: api.InTx, response: Response
) -> ParticipationOut:
    """Not now: no run looks for anybody for this participation until that day is over, then it comes back by
    itself. Matches and open proposals go on."""
    one = await store.participations.get_locked(tx.conn, participation_id)
    api.check_version(seen, one.version)
    after = await commands.pausing.pause(tx, one, body.until)
    api.etag(response, after.version)
    return _participation(after)


async def post_resume(
    participation_id: ParticipationId, seen: api.IfMatch, tx: api.InTx, response: Response
) -> ParticipationOut:
    """Ends a pause before its day."""
    one = await store.participations.get_locked(tx.conn, participation_id)
    api.check_version(seen, one.version)
    after = await commands.pausing.resume(tx, one)
    api.etag(response, after.version)
    return _participation(after)


async def post_leave(
    participation_id: ParticipationId, seen: api.IfMatch, tx: api.InTx, response: Response
) -> ParticipationOut:
    """For good: proposals are taken back, matches end, and the partners are looked at again."""
    one = await store.participations.get_locked(tx.conn, participation_id)
    api.check_version(seen, one.version)
    (after,) = await commands.leaving.leave(tx, [one], commands.leaving.WITHDREW)
    api.etag(response, after.version)
    return _participation(after)


def _refuse_unknown_codes(body: ParticipationIn) -> None:
    skills: Mapping[str, object] = taxonomy.skills()
    named: tuple[tuple[str, Mapping[str, object], Any], ...] = (
        ("goals", skills, body.goals),
        ("skills", skills, body.skills),
        ("current", skills, body.current),
        ("learning", core.joining.LEARNING, body.learning),
        ("languages", core.joining.LANGUAGES, body.languages),
        ("interests", core.joining.INTERESTS, body.interests),
    )
    wrong = [
        FieldError(
            f"/{field}/{code if field in ('skills', 'current') else place}", f"{code} is not on the list"
        )
        for field, options, codes in named
        for place, code in enumerate(codes)
        if code not in options
    ]
    if wrong:
        raise UnknownCodes("Some codes are not known.", wrong)


def _profile(body: ParticipationIn) -> Profile:
    return Profile(
        goals=tuple(dict.fromkeys(body.goals)),
        skills=body.skills,
        values={str(name): answer for name, answer in body.values.items()},
        style={str(name): answer for name, answer in body.style.items()},
        languages=tuple(dict.fromkeys(body.languages)),
        interests=tuple(dict.fromkeys(body.interests)),
        current={code: body.current[code] for code in body.goals if code in body.current},
        learning=tuple(dict.fromkeys(body.learning)),
        hours=tuple(Hours(one.weekday, one.starts, one.ends) for one in body.hours),
    )


def _participation(one: Participation) -> ParticipationOut:
    return ParticipationOut.model_validate(
        {
            "participation_id": one.id,
            "programme_id": one.programme_id,
            "person_id": one.person_id,
            "role": one.role,
            "capacity": one.capacity,
            "profile": store.participations.as_json(one.profile),
            "consent": one.consent,
            "version": one.version,
            "joined_at": one.joined_at,
            "paused_until": one.paused_until,
            "state": one.state,
            "left_at": one.left_at,
            "left_reason": one.left_reason,
            "away_reason": one.away_reason,
            "away_until": one.away_until,
        }
    )


def routers() -> tuple[APIRouter, ...]:
    place = "/v1/programmes/{programme_id}/participations"
    writing = api.router(tags=["participations"], dependencies=[Depends(auth.requires("programmes:write"))])
    writing.post(place, status_code=201)(post_participation)
    writing.post("/v1/participations/{participation_id}/pause")(post_pause)
    writing.post("/v1/participations/{participation_id}/resume")(post_resume)
    writing.post("/v1/participations/{participation_id}/leave")(post_leave)
    reading = api.router(tags=["participations"], dependencies=[Depends(auth.requires("programmes:read"))])
    reading.get(place)(list_participations)
    reading.get("/v1/participations/{participation_id}")(get_participation)
    return writing, reading
