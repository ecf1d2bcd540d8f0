"""Who is brought together with whom."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime, Field

from shared.events.event import (
    PEER,
    Cadence,
    Event,
    GroupId,
    MatchId,
    PersonId,
    ProgrammeId,
    Role,
    RunId,
    Value,
)


class Waiting(Value):
    """A participant without a partner after a run, and the code of the reason."""

    person_id: PersonId
    role: Role
    reason: str


class MatchingRunFinished(Event):
    """A run that leaves many waiting is said in several parts: the same of all but `waiting` and `part`."""

    key_field = "programme_id"

    run_id: RunId
    programme_id: ProgrammeId
    mentees: int
    mentors: int
    feasible_pairs: int
    proposed: int
    value: int = Field(description="sum of the integer weights of the chosen pairs, 1 = 1e-5 of a score")
    inputs_hash: str
    waiting: tuple[Waiting, ...]
    peer: bool = Field(False, description="among peers: the role of who waits then labels nobody")
    part: int = Field(0, ge=0, description="counts from 0; the first one tells that the run is finished")
    waiting_in_all: int | None = Field(None, description="how many wait, all parts together")


class MatchProposed(Event):
    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
    score: float = Field(ge=0, le=1)
    answer_by: AwareDatetime
    requested_by: PersonId | None = Field(None, description="asked for the other by name: has said yes")
    group_id: GroupId | None = Field(None, description="shared by one mentor and all mentees of a circle")
    peer: bool = Field(False, description=PEER)
    talk_at: AwareDatetime | None = Field(None, description="when the one talk of a flash match begins")


class MatchDeclined(Event):
    """A proposal that will not become a match; `declined_by` is empty when it lapsed."""

    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
    declined_by: PersonId | None
    reason: str


class MatchMade(Event):
    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
    score: float = Field(ge=0, le=1)
    cadence: Cadence
    hours_per_month: int
    session_minutes: int
    ends_on: date
    group_id: GroupId | None = Field(None, description="shared by one mentor and all mentees of a circle")
    peer: bool = Field(False, description=PEER)
    talk_at: AwareDatetime | None = Field(None, description="when the one talk of a flash match begins")


class MatchFlagged(Event):
    """Somebody has to look at an active match: it is never cut silently."""

    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
    reason: str = Field(description="reporting-line: the mentor is now in the mentee's line of managers")


class MatchEnded(Event):
    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
    reason: str = Field(description="completed, not-a-good-fit or withdrawn")


class MatchContinued(Event):
    """Both of a completed match go on informally, without a programme's rhythm; its id and history stay."""

    key_field = "match_id"

    match_id: MatchId
    programme_id: ProgrammeId
    mentee_id: PersonId
    mentor_id: PersonId
    version: int
