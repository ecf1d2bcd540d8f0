"""Programmes, and who is in them: opening, changing, inviting, enrolling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, field_validator, model_validator

from services.matching import commands, core, engine, store
from services.matching.core import ids
from shared import api, auth, envelope
from shared.errors import FieldError, Refused
from shared.events import Cadence, PersonId, ProgrammeId

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
GroupCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
GroupName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Weight = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Unknown(Refused):
    """Something named in the body that is not known here."""

    status = 422
    code = "unknown"


class RulesIn(api.Body):
    """What a pair has to fulfil. The weights of a side are all given or none; they add up to 1."""

    min_shared_hours: float = Field(2.0, ge=0, le=40, allow_inf_nan=False)
    seniority: int = Field(0, ge=-6, le=6, description="levels the mentor has to be above the mentee")
    same_team: bool = Field(False, description="whether people with the same manager may be paired")
    target_gap: float = Field(3.0, ge=-6, le=6, allow_inf_nan=False)
    match_days: int = Field(182, ge=7, le=730, description="how long a match lasts")
    review: bool = Field(
        False, description="an administrator looks at a run's pairs before they are proposed"
    )
    hysteresis: float = Field(
        0.0,
        ge=0,
        le=0.2,
        allow_inf_nan=False,
        description="what keeps a pair under review when the run is held again, in score",
    )
    pools: list[Literal["company", "workplace", "alumni", "association"]] = Field(
        default_factory=list, max_length=4, description="where people may come from; empty: anywhere"
    )
    mentee_weights: Mapping[str, Weight] = Field(default_factory=dict)
    mentor_weights: Mapping[str, Weight] = Field(default_factory=dict)
    ageing_bonus: float = Field(
        0.0, ge=0, le=0.02, description="added to a mentee's scores per round waited: 0, or .01 to .02"
    )
    group_names: Mapping[GroupCode, GroupName] = Field(
        default_factory=dict,
        max_length=20,
        description="groups mentees may say they belong to, by code: for the fairness ledger",
    )
    balanced_groups: list[GroupCode] = Field(
        default_factory=list,
        max_length=20,
        description="those that a bonus of up to .05 brings near the others' match rate (20 or more)",
    )
    form: core.programmes.Form = Field(
        "one-to-one",
        description="one-to-one; peer: two equals; circle: one mentor with several mentees; reverse: the "
        "junior one mentors; flash: one talk per mentee at one of talks_at",
    )
    mode: core.programmes.Mode = Field(
        "welfare", description="welfare: the best sum of scores; stable: no two would rather have each other"
    )
    group_size: int = Field(4, ge=2, le=core.participations.GROUP_MAX, description="mentees of a circle")
    group_size_min: int = Field(2, ge=1, le=core.participations.GROUP_MAX)
    reserve: float = Field(
        0.5,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="the score from which a pair is proposed minutes after somebody joined an evergreen "
        "programme; 1: everybody waits for the morning",
    )
    talks_at: list[AwareDatetime] = Field(
        default_factory=list,
        max_length=core.participations.GROUP_MAX,
        description="when the talks of a flash programme begin: on the half-hour, within seven days",
    )

    @field_validator("talks_at")
    @classmethod
    def _talks_are_half_hours(cls, told: list[datetime]) -> list[datetime]:
        talks = sorted(at.astimezone(UTC) for at in told)
        if any(at.minute % 30 or at.second or at.microsecond for at in talks):
            raise ValueError("talks begin on the hour or half past")
        if len(set(talks)) < len(talks):
            raise ValueError("a talk is named twice")
        if talks and talks[-1] - talks[0] >= core.programmes.TALKS_WITHIN:
            raise ValueError("the talks of one programme lie within seven days: open another for later ones")
        return talks

    @model_validator(mode="after")
    def _form_is_possible(self) -> RulesIn:
        if (self.form == "flash") != bool(self.talks_at):
            raise ValueError("talks_at has the times of a flash programme, and no other has them")
        if self.form in ("circle", "peer", "flash") and self.mode == "stable":
            raise ValueError("stable pairs are for one-to-one and reverse programmes: leave mode out")
        if self.form == "peer" and self.seniority < 0:
            raise ValueError("seniority of peers is how many levels apart they may be: 0 or more")
        if self.group_size_min > self.group_size:
            raise ValueError("group_size_min is at most group_size")
        return self

    @model_validator(mode="after")
    def _weights_add_up(self) -> RulesIn:
        for side in (self.mentee_weights, self.mentor_weights):
            unknown = sorted(set(side) - set(engine.ProgrammeRules().mentee_weights))
            if unknown:
                raise ValueError(f"no such component: {', '.join(unknown)}")
            if side and abs(sum(side.values()) - 1) > 1e-6:
                raise ValueError("the weights of a side add up to 1")
        return self

    @model_validator(mode="after")
    def _remedies(self) -> RulesIn:
        if 0 < self.ageing_bonus < 0.01:
            raise ValueError("ageing_bonus is 0, or between .01 and .02")
        unknown = sorted(set(self.balanced_groups) - set(self.group_names))
        if unknown:
            raise ValueError(f"balanced_groups are among group_names, not {', '.join(unknown)}")
        return self


class ProgrammeIn(api.Body):
    """`match_on` is the day of a cohort's first round."""

    name: Name
    kind: core.programmes.Kind
    starts_on: date
    ends_on: date | None = None
    match_on: date | None = None
    cadence: Cadence
    hours_per_month: int = Field(ge=1, le=20)
    session_minutes: Literal[30, 45, 60]
    rules: RulesIn = RulesIn()
    organiser_employee_number: Number | None = None


class ProgrammePatch(api.Body):
    """What is not sent stays. Rules are replaced as a whole."""

    name: Name | None = None
    state: core.programmes.State | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    match_on: date | None = None
    cadence: Cadence | None = None
    hours_per_month: int | None = Field(None, ge=1, le=20)
    session_minutes: Literal[30, 45, 60] | None = None
    rules: RulesIn | None = None
    organiser_employee_number: Number | None = None


class ProgrammeOut(BaseModel):
    programme_id: ProgrammeId
    name: str
    kind: str
    state: str
    starts_on: date
    ends_on: date | None
    match_on: date | None
    cadence: Cadence
    hours_per_month: int
    session_minutes: int
    rules: dict[str, Any]
    organiser_id: PersonId | None
    next_round_at: AwareDatetime | None
    version: int
    created_at: AwareDatetime


class InvitationsIn(api.Body):
    employee_numbers: list[Number] = Field(min_length=1, max_length=1000)


class InvitationsOut(BaseModel):
    """Who is invited now; the others hold an invitation that is still valid."""

    invited: list[PersonId]
    already_invited: int


async def post_programme(body: ProgrammeIn, tx: api.InTx, response: Response) -> ProgrammeOut:
    told = body.model_dump(exclude={"rules", "organiser_employee_number"})
    programme = core.programmes.Programme(
        id=ids.ProgrammeId(envelope.new_id()),
        state="open",
        rules=core.programmes.Rules(**body.rules.model_dump()),
        organiser_id=await _organiser(tx, body.organiser_employee_number),
        next_round_at=None,
        version=1,
        created_at=tx.now,
        **told,
    )
    await commands.programmes.open_programme(tx, programme)
    api.etag(response, programme.version)
    return _programme(programme)


async def patch_programme(
    programme_id: ProgrammeId, body: ProgrammePatch, seen: api.IfMatch, tx: api.InTx, response: Response
) -> ProgrammeOut:
    """Changes what is sent, if nobody changed the programme since it was seen."""
    programme = await store.programmes.lock(tx.conn, programme_id)
    api.check_version(seen, programme.version)
    told = body.model_dump(exclude_unset=True)
    _refuse_nulls(told)
    if "organiser_employee_number" in told:
        told["organiser_id"] = await _organiser(tx, told.pop("organiser_employee_number"))
    if "rules" in told:
        told["rules"] = core.programmes.Rules(**RulesIn(**told["rules"]).model_dump())
    asked = replace(programme, **told)
    commands.programmes.refuse_new_form(programme, asked)
    changed = await commands.programmes.change_programme(tx, asked)
    api.etag(response, changed.version)
    return _programme(changed)


async def list_programmes(read: api.Reading, after: api.Cursor, limit: api.Limit) -> api.Page[ProgrammeOut]:
    found = await store.programmes.page(read.conn, after=after, limit=limit + 1)
    return api.page(
        [_programme(one) for one in found], limit, key=lambda one: (one.created_at, one.programme_id)
    )


async def get_programme(programme_id: ProgrammeId, read: api.Reading, response: Response) -> ProgrammeOut:
    programme = await store.programmes.get(read.conn, programme_id)
    api.etag(response, programme.version)
    return _programme(programme)


async def post_invitations(programme_id: ProgrammeId, body: InvitationsIn, tx: api.InTx) -> InvitationsOut:
    """Sends the people a link to join. Nobody is invited if a number is nobody's."""
    invited = await commands.programmes.invite(tx, programme_id, body.employee_numbers)
    already = len(set(body.employee_numbers)) - len(invited)
    return InvitationsOut(invited=[PersonId(one) for one in invited], already_invited=already)


async def _organiser(tx: api.InTx, number: str | None) -> ids.PersonId | None:
    if number is None:
        return None
    known = await store.people.by_numbers(tx.conn, [number])
    if number not in known:
        wrong = FieldError("/organiser_employee_number", f"{number} is nobody's number")
        raise Unknown("The organiser is not known.", [wrong])
    return known[number].id


def _refuse_nulls(told: Mapping[str, Any]) -> None:
    optional = {"ends_on", "match_on", "organiser_employee_number"}
    wrong = [
        FieldError(f"/{name}", "cannot be empty") for name in told.keys() - optional if told[name] is None
    ]
    if wrong:
        raise Unknown("A programme needs these.", sorted(wrong))


def _programme(programme: core.programmes.Programme) -> ProgrammeOut:
    told = asdict(programme)
    return ProgrammeOut(programme_id=told.pop("id"), **told)


def routers() -> tuple[APIRouter, ...]:
    writing = api.router(
        prefix="/v1/programmes",
        tags=["programmes"],
        dependencies=[Depends(auth.requires("programmes:write"))],
    )
    writing.post("", status_code=201)(post_programme)
    writing.patch("/{programme_id}")(patch_programme)
    writing.post("/{programme_id}/invitations")(post_invitations)
    reading = api.router(
        prefix="/v1/programmes", tags=["programmes"], dependencies=[Depends(auth.requires("programmes:read"))]
    )
    reading.get("")(list_programmes)
    reading.get("/{programme_id}")(get_programme)
    return writing, reading
