"""What analytics hears: every event there is, in batches, in any order. A handler only remembers facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.analytics.core.log import KEPT, Logged
from services.analytics.core.sessions import UNPLANNED, SessionFact
from services.analytics.store import days, log, matches, messages, people, sessions
from services.analytics.store import privacy as kept
from shared import envelope, privacy
from shared.events import (
    AgreementConfirmed,
    Event,
    FeedbackSubmitted,
    MatchContinued,
    MatchDeclined,
    MatchEnded,
    MatchFlagged,
    MatchingRunFinished,
    MatchMade,
    MatchProposed,
    MessageFailed,
    MessageSent,
    ParticipantInvited,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantPaused,
    ParticipantResumed,
    PersonChanged,
    PersonErased,
    PersonForgotten,
    ProgrammeChanged,
    SessionCancelled,
    SessionCompleted,
    SessionMissed,
    SessionMoved,
    SessionScheduled,
)
from shared.inbox import Heard
from shared.privacy import Traces
from shared.service import Card, Handler, InBatches
from shared.tx import Tx


async def on_programmes_changed(events: Sequence[ProgrammeChanged], tx: Tx) -> None:
    await people.put_programmes(tx.conn, events)


async def on_people_changed(events: Sequence[PersonChanged], tx: Tx) -> None:
    await people.put_people(tx.conn, events)
    await people.put_statuses(tx.conn, events)


async def on_participants_invited(events: Sequence[ParticipantInvited], tx: Tx) -> None:
    await people.put_invitations(tx.conn, events)


async def on_participants_joined(events: Sequence[ParticipantJoined], tx: Tx) -> None:
    await people.put_participants(tx.conn, events)


async def on_matching_runs_finished(events: Sequence[MatchingRunFinished], tx: Tx) -> None:
    await matches.put_runs(tx.conn, events)
    await matches.put_waiting(tx.conn, events)


async def on_matches_proposed(events: Sequence[MatchProposed], tx: Tx) -> None:
    await matches.put_proposed(tx.conn, events)


async def on_matches_declined(events: Sequence[MatchDeclined], tx: Tx) -> None:
    await matches.put_declined(tx.conn, events)


async def on_matches_made(events: Sequence[MatchMade], tx: Tx) -> None:
    await matches.put_made(tx.conn, events)
    await matches.put_talks(tx.conn, events)


async def on_matches_ended(events: Sequence[MatchEnded], tx: Tx) -> None:
    await matches.put_ended(tx.conn, events)


async def on_matches_continued(events: Sequence[MatchContinued], tx: Tx) -> None:
    await matches.put_continued(tx.conn, events)


async def on_agreements_confirmed(events: Sequence[AgreementConfirmed], tx: Tx) -> None:
    await matches.put_agreements(tx.conn, events)


async def on_sessions_scheduled(events: Sequence[SessionScheduled], tx: Tx) -> None:
    await _put_sessions(tx, [replace(_planned(e), scheduled_at=e.at) for e in events])


async def on_sessions_moved(events: Sequence[SessionMoved], tx: Tx) -> None:
    await _put_sessions(tx, [_planned(e) for e in events])


async def on_sessions_cancelled(events: Sequence[SessionCancelled], tx: Tx) -> None:
    await _put_sessions(tx, [replace(_planned(e), cancelled_at=e.at, cancelled_late=e.late) for e in events])


async def on_sessions_missed(events: Sequence[SessionMissed], tx: Tx) -> None:
    await _put_sessions(tx, [replace(_told(e), missed_at=e.at) for e in events])


async def on_sessions_completed(events: Sequence[SessionCompleted], tx: Tx) -> None:
    await _put_sessions(tx, [replace(_told(e), ends_at=e.ends_at, completed_at=e.at) for e in events])


async def on_feedback_submitted(events: Sequence[FeedbackSubmitted], tx: Tx) -> None:
    await sessions.put_feedback(tx.conn, events)


async def on_messages_sent(events: Sequence[MessageSent], tx: Tx) -> None:
    await messages.put_sent(tx.conn, events)


async def on_messages_failed(events: Sequence[MessageFailed], tx: Tx) -> None:
    await messages.put_failed(tx.conn, events)


async def on_participants_paused(events: Sequence[ParticipantPaused], tx: Tx) -> None:
    await people.put_paused(tx.conn, events)


async def on_participants_resumed(events: Sequence[ParticipantResumed], tx: Tx) -> None:
    await people.put_resumed(tx.conn, events)


async def on_participants_left(events: Sequence[ParticipantLeft], tx: Tx) -> None:
    await people.put_left(tx.conn, events)


async def on_matches_flagged(events: Sequence[MatchFlagged], tx: Tx) -> None:
    await matches.put_flags(tx.conn, events)


async def on_people_erased(events: Sequence[PersonErased], tx: Tx) -> None:
    """The names go, with a receipt; what figures are made of has none."""
    for event in events:
        name = await people.find_name(tx.conn, event.person_id)
        words = (name,) if name else ()
        await privacy.forget_and_say(tx, Traces(event.person_id, words), kept.ERASED)


async def on_people_forgotten(events: Sequence[PersonForgotten], tx: Tx) -> None:
    """No figure is made of it: it is in the log."""


async def remember(batch: Sequence[Heard], tx: Tx) -> None:
    """Logs what was applied, and notes from when on days that were written are out of date."""
    await log.append(tx.conn, [_logged(one) for one in batch])
    await days.share(tx.conn)
    await days.note_late(tx.conn, min(one.event.at for one in batch))


def _logged(heard: Heard) -> Logged:
    """A tombstone is logged as the event that it says."""
    about, event = heard.envelope, heard.event
    return Logged(
        event_id=about.id,
        topic=event.topic(),
        key=event.key,
        sequence=about.sequence,
        type=envelope.type_of(event.topic(), event.version_of_schema),
        time=event.at,
        record_time=heard.record.time,
        payload=event.model_dump(mode="json", include=set(KEPT[event.topic()])),
    )


async def _put_sessions(tx: Tx, facts: Sequence[SessionFact]) -> None:
    await sessions.put_sessions(tx.conn, facts)
    await sessions.put_plans(tx.conn, facts)


def _planned(event: SessionScheduled | SessionMoved | SessionCancelled) -> SessionFact:
    """A session with a place in time, and how new the plan is that says so."""
    return replace(_told(event), sequence=event.sequence, ends_at=event.ends_at)


def _told(
    event: SessionScheduled | SessionMoved | SessionCancelled | SessionMissed | SessionCompleted,
) -> SessionFact:
    """A session of which something is told; its place in time is worth less than any plan's."""
    return SessionFact(
        session_id=event.session_id,
        match_id=event.match_id,
        programme_id=event.programme_id,
        mentee_id=event.mentee_id,
        mentor_id=event.mentor_id,
        ordinal=event.ordinal,
        sequence=UNPLANNED,
        said_at=event.at,
        starts_at=event.starts_at,
    )


CONSUMERS: Mapping[type[Event], Handler] = {
    ProgrammeChanged: InBatches(on_programmes_changed),
    PersonChanged: InBatches(on_people_changed),
    ParticipantInvited: InBatches(on_participants_invited),
    ParticipantJoined: InBatches(on_participants_joined),
    ParticipantPaused: InBatches(on_participants_paused),
    ParticipantResumed: InBatches(on_participants_resumed),
    ParticipantLeft: InBatches(on_participants_left),
    MatchingRunFinished: InBatches(on_matching_runs_finished),
    MatchProposed: InBatches(on_matches_proposed),
    MatchDeclined: InBatches(on_matches_declined),
    MatchMade: InBatches(on_matches_made),
    MatchFlagged: InBatches(on_matches_flagged),
    MatchEnded: InBatches(on_matches_ended),
    MatchContinued: InBatches(on_matches_continued),
    PersonErased: InBatches(on_people_erased),
    PersonForgotten: InBatches(on_people_forgotten),
    AgreementConfirmed: InBatches(on_agreements_confirmed),
    SessionScheduled: InBatches(on_sessions_scheduled),
    SessionMoved: InBatches(on_sessions_moved),
    SessionCancelled: InBatches(on_sessions_cancelled),
    SessionMissed: InBatches(on_sessions_missed),
    SessionCompleted: InBatches(on_sessions_completed),
    FeedbackSubmitted: InBatches(on_feedback_submitted),
    MessageSent: InBatches(on_messages_sent),
    MessageFailed: InBatches(on_messages_failed),
}

CARDS = (
    Card(PersonChanged, "person", ("person_id",)),
    Card(ProgrammeChanged, "programme", ("programme_id",), but=("first_said",)),
)
"""Tables rebuilt from their compacted topics. When a programme was first said is in the log alone."""
