"""A small programme told in events, with ids made of names: `person("Ada")`, `match("Ada", "Max")`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from services.analytics.consumers import CONSUMERS
from services.analytics.store import days
from shared import events as say
from shared.events import Cadence, Event, Role
from shared.service import InBatches
from shared.tx import Connection, Tx

BEGINNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def day(number: float) -> datetime:
    """So many days after the beginning."""
    return BEGINNING + timedelta(days=number)


def an_id(*names: object) -> UUID:
    return uuid5(NAMESPACE_OID, "/".join(str(name) for name in names))


def person(name: str) -> say.PersonId:
    return say.PersonId(an_id("person", name))


def programme(name: str = "Growth") -> say.ProgrammeId:
    return say.ProgrammeId(an_id("programme", name))


def match(mentee: str, mentor: str) -> say.MatchId:
    return say.MatchId(an_id("match", mentee, mentor))


def session(mentee: str, mentor: str, ordinal: int) -> say.SessionId:
    return say.SessionId(an_id("session", mentee, mentor, ordinal))


def a_programme(name: str = "Growth", at: float = 0, version: int = 1, *, title: str = "") -> Event:
    return say.ProgrammeChanged(
        at=day(at),
        programme_id=programme(name),
        version=version,
        name=title or name,
        kind="evergreen",
        state="open",
        starts_on=date(2026, 3, 2),
        ends_on=None,
        cadence="biweekly",
        hours_per_month=2,
        session_minutes=45,
        organiser_id=None,
    )


def a_card(
    name: str, status: str = "active", version: int = 1, department: str = "Design", *, at: float = 0
) -> Event:
    given, _, family = name.partition(" ")
    return say.PersonChanged(
        at=day(at),
        person_id=person(name),
        version=version,
        employee_number=name,
        given_name=given,
        family_name=family or "Example",
        email=f"{given}@example.test",
        title="Engineer",
        department=department,
        site="Lisbon",
        time_zone="Europe/Lisbon",
        manager_id=None,
        hire_date=None,
        status=status,
    )


def invited(name: str, at: float = 0) -> Event:
    return say.ParticipantInvited(
        at=day(at), person_id=person(name), programme_id=programme(), expires_at=day(at + 30)
    )


def joined(
    name: str, role: Role = "mentee", at: float = 1, version: int = 1, *, capacity: int | None = None
) -> Event:
    return say.ParticipantJoined(
        at=day(at),
        participation_id=say.ParticipationId(an_id("participation", name, role)),
        person_id=person(name),
        programme_id=programme(),
        role=role,
        version=version,
        capacity=capacity or (2 if role == "mentor" else 1),
        languages=("en",),
        hours=(),
    )


def paused_resumed_left(name: str, role: Role = "mentee", at: float = 20) -> list[Event]:
    """A leave of ten days, and the end of the participation ten days after it."""
    of = {
        "participation_id": say.ParticipationId(an_id("participation", name, role)),
        "person_id": person(name),
        "programme_id": programme(),
        "role": role,
    }
    until = day(at + 10).date()
    return [
        say.ParticipantPaused.model_validate(
            {**of, "at": day(at), "version": 2, "until": until, "reason": "leave"}
        ),
        say.ParticipantResumed.model_validate({**of, "at": day(at + 11), "version": 3}),
        say.ParticipantLeft.model_validate(
            {**of, "at": day(at + 20), "version": 4, "reason": "left-company"}
        ),
    ]


def erased(name: str, at: float) -> Event:
    return say.PersonErased(at=day(at), person_id=person(name))


def forgotten(name: str, at: float) -> Event:
    who = person(name)
    return say.PersonForgotten(at=day(at), person_id=who, service="scheduling", removed={"person": 1})


def flagged(mentee: str, mentor: str, at: float) -> Event:
    return say.MatchFlagged(
        at=day(at),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        version=3,
        reason="reporting-line",
    )


def proposed(mentee: str, mentor: str, at: float = 2) -> Event:
    return say.MatchProposed(
        at=day(at),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        version=1,
        score=0.8,
        answer_by=day(at + 3),
    )


def declined(mentee: str, mentor: str, at: float = 3) -> Event:
    return say.MatchDeclined(
        at=day(at),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        version=2,
        declined_by=person(mentor),
        reason="no-time",
    )


def made(mentee: str, mentor: str, at: float = 3, cadence: Cadence = "biweekly") -> Event:
    return say.MatchMade(
        at=day(at),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        version=2,
        score=0.8,
        cadence=cadence,
        hours_per_month=2,
        session_minutes=45,
        ends_on=date(2026, 9, 2),
    )


def ended(mentee: str, mentor: str, at: float, reason: str = "not-a-good-fit") -> Event:
    return say.MatchEnded(
        at=day(at),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        version=3,
        reason=reason,
    )


def continued(mentee: str, mentor: str, at: float) -> Event:
    return say.MatchContinued(
        at=day(at),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        version=4,
    )


def agreed(
    mentee: str, mentor: str, at: float = 4, *, cadence: Cadence = "biweekly", version: int = 2
) -> Event:
    return say.AgreementConfirmed(
        at=day(at),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        version=version,
        hours_per_month=2,
        cadence=cadence,
        focus="career",
    )


def ran(at: float = 2, waiting: Sequence[tuple[str, Role, str]] = ()) -> Event:
    return say.MatchingRunFinished(
        at=day(at),
        run_id=say.RunId(an_id("run", at)),
        programme_id=programme(),
        mentees=3,
        mentors=2,
        feasible_pairs=5,
        proposed=2,
        value=160_000,
        inputs_hash="aa",
        waiting=tuple(
            say.Waiting(person_id=person(name), role=role, reason=reason) for name, role, reason in waiting
        ),
    )


def scheduled(mentee: str, mentor: str, ordinal: int = 1, *, starts: float, at: float = 4) -> Event:
    return say.SessionScheduled(
        at=day(at),
        session_id=session(mentee, mentor, ordinal),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        ordinal=ordinal,
        sequence=0,
        starts_at=day(starts),
        ends_at=day(starts) + timedelta(minutes=45),
        mode="video",
    )


def moved(
    mentee: str, mentor: str, ordinal: int = 1, *, starts: float, at: float, sequence: int = 1
) -> Event:
    return say.SessionMoved(
        at=day(at),
        session_id=session(mentee, mentor, ordinal),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        ordinal=ordinal,
        sequence=sequence,
        starts_at=day(starts),
        ends_at=day(starts) + timedelta(minutes=45),
        mode="video",
        previous_starts_at=day(starts - 1),
        moved_by=person(mentee),
    )


def cancelled(
    mentee: str, mentor: str, ordinal: int = 1, *, starts: float, at: float, late: bool = False
) -> Event:
    return say.SessionCancelled(
        at=day(at),
        session_id=session(mentee, mentor, ordinal),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        ordinal=ordinal,
        sequence=5,
        starts_at=day(starts),
        ends_at=day(starts) + timedelta(minutes=45),
        cancelled_by=person(mentee),
        late=late,
        reason="busy",
    )


def missed(mentee: str, mentor: str, ordinal: int = 1, *, starts: float) -> Event:
    return say.SessionMissed(
        at=day(starts + 3),
        session_id=session(mentee, mentor, ordinal),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        ordinal=ordinal,
        starts_at=day(starts),
        reported_by=None,
    )


def completed(mentee: str, mentor: str, ordinal: int = 1, *, starts: float) -> Event:
    return say.SessionCompleted(
        at=day(starts) + timedelta(hours=2),
        session_id=session(mentee, mentor, ordinal),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        mentee_id=person(mentee),
        mentor_id=person(mentor),
        ordinal=ordinal,
        starts_at=day(starts),
        ends_at=day(starts) + timedelta(minutes=45),
    )


def rated(mentee: str, mentor: str, ordinal: int = 1, *, by: Role, overall: int, at: float) -> Event:
    author, about = (mentee, mentor) if by == "mentee" else (mentor, mentee)
    return say.FeedbackSubmitted(
        at=day(at),
        session_id=session(mentee, mentor, ordinal),
        match_id=match(mentee, mentor),
        programme_id=programme(),
        ordinal=ordinal,
        author_id=person(author),
        author_role=by,
        about_id=person(about),
        ratings={"overall": overall, "usefulness": 4, "listening": 5},
        fit="good" if ordinal == 1 else None,
    )


def sent(
    name: str, number: int, *, due: float, minutes_late: float = 0, kind: str = "feedback-request"
) -> Event:
    return say.MessageSent(
        at=day(due) + timedelta(minutes=minutes_late),
        message_id=say.MessageId(an_id("message", name, number)),
        recipient_id=person(name),
        kind=kind,
        channel="mail",
        calendar=False,
        due_at=day(due),
        attempts=1,
    )


def failed(name: str, number: int, *, due: float) -> Event:
    return say.MessageFailed(
        at=day(due + 1),
        message_id=say.MessageId(an_id("message", name, number)),
        recipient_id=person(name),
        kind="reminder",
        channel="mail",
        due_at=day(due),
        attempts=5,
        reason="550 no such user secret@example.test",
    )


async def hear(conn: Connection, *told: Event) -> None:
    """Hands events to the handlers as the consumer does: those of one topic together, in this order.

    What is late is noted, as it is for every applied batch; only the log is left out, which needs envelopes.
    """
    tx = Tx(conn, BEGINNING, "analytics")
    for kind in dict.fromkeys(type(event) for event in told):
        handler = CONSUMERS[kind]
        assert isinstance(handler, InBatches)
        await handler.handle([event for event in told if type(event) is kind], tx)
    await days.note_late(conn, min(event.at for event in told))
