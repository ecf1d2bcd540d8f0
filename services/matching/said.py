"""The events of matching, made of its own values. Personal data goes into `person_changed` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from services.matching.core.ids import Role
from services.matching.core.matches import Match
from services.matching.core.participations import Participation
from services.matching.core.people import Person
from services.matching.core.programmes import Programme
from services.matching.core.runs import Left, Run
from shared import events

WAITING_MAX = 2_000
"""Of those who wait, so many are in one event: some 200 kB."""


def person_changed(person: Person, *, at: datetime) -> events.PersonChanged:
    card = person.card
    return events.PersonChanged(
        at=at,
        person_id=events.PersonId(person.id),
        version=person.version,
        employee_number=card.employee_number,
        given_name=card.given_name,
        family_name=card.family_name,
        email=card.work_email,
        title=card.title,
        department=card.department,
        site=card.site,
        time_zone=card.time_zone,
        manager_id=None if person.manager_id is None else events.PersonId(person.manager_id),
        hire_date=card.hire_date,
        status=card.status,
    )


def programme_changed(programme: Programme, *, at: datetime) -> events.ProgrammeChanged:
    organiser = programme.organiser_id
    return events.ProgrammeChanged(
        at=at,
        programme_id=events.ProgrammeId(programme.id),
        version=programme.version,
        name=programme.name,
        kind=programme.kind,
        state=programme.state,
        starts_on=programme.starts_on,
        ends_on=programme.ends_on,
        cadence=programme.cadence,
        hours_per_month=programme.hours_per_month,
        session_minutes=programme.session_minutes,
        organiser_id=None if organiser is None else events.PersonId(organiser),
    )


def participant_invited(
    person: Person, programme: Programme, *, expires_at: datetime, at: datetime
) -> events.ParticipantInvited:
    return events.ParticipantInvited(
        at=at,
        person_id=events.PersonId(person.id),
        programme_id=events.ProgrammeId(programme.id),
        expires_at=expires_at,
        peer=programme.rules.form == "peer",
    )


def participant_joined(participation: Participation) -> events.ParticipantJoined:
    stretches = participation.profile.hours
    return events.ParticipantJoined(
        at=participation.joined_at,
        participation_id=events.ParticipationId(participation.id),
        person_id=events.PersonId(participation.person_id),
        programme_id=events.ProgrammeId(participation.programme_id),
        role=_side(participation.role),
        peer=participation.role == "peer",
        version=participation.version,
        capacity=participation.capacity,
        languages=participation.profile.languages,
        hours=tuple(
            events.WorkingHours(weekday=one.weekday, starts=one.starts, ends=one.ends) for one in stretches
        ),
    )


def participant_paused(
    participation: Participation, *, reason: str, until: date | None, at: datetime
) -> events.ParticipantPaused:
    return events.ParticipantPaused(
        at=at,
        participation_id=events.ParticipationId(participation.id),
        person_id=events.PersonId(participation.person_id),
        programme_id=events.ProgrammeId(participation.programme_id),
        role=_side(participation.role),
        version=participation.version,
        until=until,
        reason=reason,
        peer=participation.role == "peer",
    )


def participant_resumed(participation: Participation, *, at: datetime) -> events.ParticipantResumed:
    return events.ParticipantResumed(
        at=at,
        participation_id=events.ParticipationId(participation.id),
        person_id=events.PersonId(participation.person_id),
        programme_id=events.ProgrammeId(participation.programme_id),
        role=_side(participation.role),
        version=participation.version,
        peer=participation.role == "peer",
    )


def participant_left(participation: Participation, *, at: datetime) -> events.ParticipantLeft:
    return events.ParticipantLeft(
        at=at,
        participation_id=events.ParticipationId(participation.id),
        person_id=events.PersonId(participation.person_id),
        programme_id=events.ProgrammeId(participation.programme_id),
        role=_side(participation.role),
        version=participation.version,
        reason=participation.left_reason or "withdrew",
        peer=participation.role == "peer",
    )


def matching_run_finished(
    run: Run, left: Sequence[Left], *, at: datetime
) -> Iterator[events.MatchingRunFinished]:
    """In as many parts as those who wait take: an event has a greatest size."""
    for part, first in enumerate(range(0, max(1, len(left)), WAITING_MAX)):
        yield _run_part(run, left[first : first + WAITING_MAX], at=at, part=part, many=len(left))


def _run_part(
    run: Run, left: Sequence[Left], *, at: datetime, part: int, many: int
) -> events.MatchingRunFinished:
    return events.MatchingRunFinished(
        at=at,
        run_id=events.RunId(run.id),
        programme_id=events.ProgrammeId(run.programme_id),
        mentees=run.mentees,
        mentors=run.mentors,
        feasible_pairs=run.feasible_pairs,
        proposed=run.proposed,
        value=run.value,
        inputs_hash=run.inputs_hash,
        waiting=tuple(
            events.Waiting(person_id=events.PersonId(one.person_id), role=_side(one.role), reason=one.reason)
            for one in left
        ),
        peer=run.proof == "halves",
        part=part,
        waiting_in_all=many,
    )


def match_proposed(match: Match, *, requested: bool = False) -> events.MatchProposed:
    return events.MatchProposed(
        at=match.created_at,
        match_id=events.MatchId(match.id),
        programme_id=events.ProgrammeId(match.programme_id),
        mentee_id=events.PersonId(match.mentee_id),
        mentor_id=events.PersonId(match.mentor_id),
        version=match.version,
        score=match.score,
        answer_by=match.answer_by,
        requested_by=events.PersonId(match.mentee_id) if requested else None,
        group_id=_group(match),
        peer=match.peer,
        talk_at=match.talk_at,
    )


def match_declined(match: Match, *, at: datetime) -> events.MatchDeclined:
    declined_by = match.declined_by
    return events.MatchDeclined(
        at=at,
        match_id=events.MatchId(match.id),
        programme_id=events.ProgrammeId(match.programme_id),
        mentee_id=events.PersonId(match.mentee_id),
        mentor_id=events.PersonId(match.mentor_id),
        version=match.version,
        declined_by=None if declined_by is None else events.PersonId(declined_by),
        reason=match.decline_reason or "not-given",
    )


def match_made(match: Match, programme: Programme) -> events.MatchMade:
    """Of an active match: it has the time it was made and its last day."""
    assert match.made_at is not None
    assert match.ends_on is not None
    return events.MatchMade(
        at=match.made_at,
        match_id=events.MatchId(match.id),
        programme_id=events.ProgrammeId(match.programme_id),
        mentee_id=events.PersonId(match.mentee_id),
        mentor_id=events.PersonId(match.mentor_id),
        version=match.version,
        score=match.score,
        cadence=programme.cadence,
        hours_per_month=programme.hours_per_month,
        session_minutes=programme.session_minutes,
        ends_on=match.ends_on,
        group_id=_group(match),
        peer=match.peer,
        talk_at=match.talk_at,
    )


def _side(role: Role) -> events.Role:
    """Listeners from before there were peers take them for mentees."""
    return "mentee" if role == "peer" else role


def _group(match: Match) -> events.GroupId | None:
    return None if match.group_id is None else events.GroupId(match.group_id)


def match_flagged(match: Match, *, at: datetime) -> events.MatchFlagged:
    """Of a match that has a flag."""
    assert match.flag is not None
    return events.MatchFlagged(
        at=at,
        match_id=events.MatchId(match.id),
        programme_id=events.ProgrammeId(match.programme_id),
        mentee_id=events.PersonId(match.mentee_id),
        mentor_id=events.PersonId(match.mentor_id),
        version=match.version,
        reason=match.flag,
    )


def match_ended(match: Match, *, at: datetime) -> events.MatchEnded:
    return events.MatchEnded(
        at=at,
        match_id=events.MatchId(match.id),
        programme_id=events.ProgrammeId(match.programme_id),
        mentee_id=events.PersonId(match.mentee_id),
        mentor_id=events.PersonId(match.mentor_id),
        version=match.version,
        reason=match.end_reason or "withdrawn",
    )


def match_continued(match: Match, *, at: datetime) -> events.MatchContinued:
    return events.MatchContinued(
        at=at,
        match_id=events.MatchId(match.id),
        programme_id=events.ProgrammeId(match.programme_id),
        mentee_id=events.PersonId(match.mentee_id),
        mentor_id=events.PersonId(match.mentor_id),
        version=match.version,
    )
