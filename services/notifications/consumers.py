"""What each event means here: whom to tell, and when. The words are found when a mail is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications import circles, core
from services.notifications.store import heard, messages
from services.notifications.store import privacy as kept
from shared import envelope, events, privacy
from shared.errors import Early
from shared.service import Card, Handler
from shared.tx import Tx

Absence: TypeAlias = events.ParticipantPaused | events.ParticipantResumed | events.ParticipantLeft


async def on_person_changed(event: events.PersonChanged, tx: Tx) -> None:
    """Keeps the card. A zone nobody knows is a ZoneInfoNotFoundError: no hour could be told to them.

    Who lost access is owed nothing from now on; who is back from a leave is told what waited.
    """
    ZoneInfo(event.time_zone)
    name = event.given_name, event.family_name
    card = core.Card(event.person_id, *name, event.email, event.title, event.time_zone, status=event.status)
    newest, before = await heard.save_person(tx.conn, card, event.version, event.at)
    if newest and not card.has_access:
        await messages.withdraw_from(tx.conn, card.person_id)
    elif newest and before == "leave":
        await messages.due_again(tx.conn, card.person_id, tx.now)


async def on_programme_changed(event: events.ProgrammeChanged, tx: Tx) -> None:
    await heard.save_programme(
        tx.conn, event.programme_id, event.version, name=event.name, organiser_id=event.organiser_id
    )


async def on_participant_invited(event: events.ParticipantInvited, tx: Tx) -> None:
    cards = await _cards(tx, [event.person_id])
    await _know_programme(tx, event.programme_id)
    card, until = cards[event.person_id], event.expires_at
    invited = core.invited(
        card, event.programme_id, now=tx.now, at=event.at, expires_at=until, reason=_words_for(event.peer)
    )
    await _owe(tx, [invited] if card.hears_of(event.at) else [])


async def on_match_proposed(event: events.MatchProposed, tx: Tx) -> None:
    pair = _pair(event)
    cards = await _cards(tx, pair.people)
    await _know_programme(tx, pair.programme_id)
    if await heard.save_pair(tx.conn, pair, event.version):
        until, asking = event.answer_by, event.requested_by
        both: dict[core.Kind, set[UUID]] = {"proposal": set(pair.people)}
        told = both if asking is None else _of_request(pair, asking)
        for kind, only in told.items():
            notices = core.to_each(kind, pair, cards, now=tx.now, at=event.at, useful_until=until, only=only)
            await _owe(tx, [replace(one, reason=_words_for(event.peer)) for one in notices])


def _of_request(pair: core.Pair, asking: UUID) -> dict[core.Kind, set[UUID]]:
    """Who asked for somebody by name gets a receipt, and the other is asked."""
    return {"request-sent": {asking}, "request": {pair.partner_of(asking)}}


async def on_match_declined(event: events.MatchDeclined, tx: Tx) -> None:
    """Tells those who were asked and did not decline, and whoever had asked; never who declined or why."""
    pair = _pair(event)
    cards = await _cards(tx, pair.people)
    if not await heard.save_pair(tx.conn, pair, event.version):
        return
    await messages.withdraw_for_match(tx.conn, pair.match_id, core.OF_PROPOSAL)
    asked = await messages.told_of_match(tx.conn, pair.match_id, "proposal")
    only = asked - {event.declined_by}
    await _owe(tx, core.to_each("not-matched", pair, cards, now=tx.now, at=event.at, only=only))
    asking = await messages.told_of_match(tx.conn, pair.match_id, "request-sent")
    await _owe(tx, core.to_each("request-closed", pair, cards, now=tx.now, at=event.at, only=asking))


async def on_match_made(event: events.MatchMade, tx: Tx) -> None:
    people = event.mentee_id, event.mentor_id
    pair = core.Pair(event.match_id, event.programme_id, *people, ends_on=event.ends_on)
    cards = await _cards(tx, pair.people)
    await _know_programme(tx, pair.programme_id)
    if await heard.save_pair(tx.conn, pair, event.version):
        await messages.withdraw_for_match(tx.conn, pair.match_id, core.OF_PROPOSAL)
        if event.talk_at is None:
            # To a flash talk the invitation follows at once: there is nothing else to do.
            reason = _words_for(event.peer)
            await _owe(tx, core.to_each("matched", pair, cards, now=tx.now, at=event.at, reason=reason))
        for away, cause in await heard.away_of(tx.conn, pair, event.at):
            await _owe(tx, core.partner_away(pair, away, cards, now=tx.now), cause)


async def on_match_ended(event: events.MatchEnded, tx: Tx) -> None:
    pair = replace(_pair(event), ended=True)
    cards = await _cards(tx, pair.people)
    await _know_programme(tx, pair.programme_id)
    if not await heard.save_pair(tx.conn, pair, event.version):
        return
    await messages.withdraw_for_match(tx.conn, pair.match_id, core.OF_MATCH)
    now = tx.now + core.SETTLING if event.reason in core.GONE else tx.now
    await _owe(tx, core.to_each("ended", pair, cards, now=now, at=event.at, reason=event.reason))


async def on_match_flagged(event: events.MatchFlagged, tx: Tx) -> None:
    """Whoever runs the programme is asked to look; the two are told nothing."""
    pair = await _made_pair(tx, event.match_id)
    await _know_programme(tx, pair.programme_id)
    organiser_id = await heard.find_organiser(tx.conn, pair.programme_id)
    if organiser_id is not None and not pair.ended:
        organiser = (await _cards(tx, [organiser_id, *pair.people]))[organiser_id]
        await _owe(tx, core.flagged(pair, organiser, now=tx.now, at=event.at, reason=event.reason))


async def on_participant_paused(event: events.ParticipantPaused, tx: Tx) -> None:
    """Partners hear that somebody is away; a "not now" is nothing to pairs that exist."""
    if event.reason == "not-now":
        return
    sure = event.until if event.reason == "leave" else None
    away = core.Away(event.person_id, event.at, sure)
    for pair in await _pairs_of_news(event, tx, away, "away"):
        cards = await _cards(tx, pair.people)
        await _owe(tx, core.partner_away(pair, away, cards, now=tx.now))


async def on_participant_resumed(event: events.ParticipantResumed, tx: Tx) -> None:
    await _pairs_of_news(event, tx, core.Away(event.person_id, event.at, None), "back")


async def on_participant_left(event: events.ParticipantLeft, tx: Tx) -> None:
    await _pairs_of_news(event, tx, core.Away(event.person_id, event.at, None), "back")


async def on_match_continued(event: events.MatchContinued, tx: Tx) -> None:
    """Both said that they go on; each hears of it once."""
    pair = replace(_pair(event), ended=True)
    cards = await _cards(tx, pair.people)
    await _know_programme(tx, pair.programme_id)
    if await heard.save_pair(tx.conn, pair, event.version):
        await _owe(tx, core.to_each("continued", pair, cards, now=tx.now, at=event.at))


async def on_agreement_changed(event: events.AgreementChanged, tx: Tx) -> None:
    """The other side confirmed the old terms and has to look at the new ones."""
    pair = await _made_pair(tx, event.match_id)
    cards = await _cards(tx, pair.people)
    partner = set(pair.people) - {event.changed_by}
    await _owe(tx, core.to_each("terms-changed", pair, cards, now=tx.now, at=event.at, only=partner))
    await _unless_ended(tx, pair)


async def on_agreement_confirmed(event: events.AgreementConfirmed, tx: Tx) -> None:
    pair = await _made_pair(tx, event.match_id)
    cards = await _cards(tx, pair.people)
    await messages.withdraw_for_match(tx.conn, pair.match_id, core.OF_TERMS)
    await _owe(tx, core.to_each("agreed", pair, cards, now=tx.now, at=event.at))
    await _unless_ended(tx, pair)


async def on_session_scheduled(event: events.SessionScheduled, tx: Tx) -> None:
    pair = await _made_pair(tx, event.match_id)
    cards = await _cards(tx, pair.people)
    known = event.session_id, event.match_id, event.sequence
    if not await heard.add_meeting(tx.conn, *known, meeting_id=event.meeting_id):
        return
    meeting, only = _meeting(event), _whose(pair, event.meeting_id)
    await _owe(tx, core.announced(pair, meeting, cards, now=tx.now, at=event.at, only=only))
    if event.meeting_id is not None:
        whole = replace(meeting, session_id=event.meeting_id)
        await _owe(tx, await circles.meeting_planned(tx, pair, whole, cards, at=event.at))


async def on_session_moved(event: events.SessionMoved, tx: Tx) -> None:
    """What was planned around the old time is taken back and planned anew."""
    pair = await _made_pair(tx, event.match_id)
    cards = await _cards(tx, pair.people)
    if not await _advanced(tx, event, "planned"):
        return
    meeting, meeting_id = _meeting(event), await heard.lock_circle_meeting(tx.conn, event.session_id)
    planned = [(meeting, _whose(pair, meeting_id))]
    if meeting_id and await heard.advance_meeting(tx.conn, meeting_id, event.sequence, "planned"):
        planned.append((replace(meeting, session_id=meeting_id), {pair.mentor_id}))
    for one, only in planned:
        await messages.withdraw_for_session(tx.conn, one.session_id, core.AROUND_SESSION)
        told = await messages.told_of_session(tx.conn, one.session_id)
        await _owe(tx, core.announced(pair, one, cards, now=tx.now, at=event.at, told=told, only=only))


async def on_session_cancelled(event: events.SessionCancelled, tx: Tx) -> None:
    """Only who has the session in the calendar is told that it is off."""
    pair = await _made_pair(tx, event.match_id)
    cards = await _cards(tx, pair.people)
    if not await _advanced(tx, event, "cancelled"):
        return
    meeting, meeting_id = _meeting(event), await heard.lock_circle_meeting(tx.conn, event.session_id)
    off = [meeting]
    if meeting_id and await heard.anybody_comes(tx.conn, meeting_id):
        stands = replace(meeting, session_id=meeting_id, sequence=event.sequence - 1)
        await _owe(tx, await circles.who_takes_part(tx, pair, stands, cards, at=event.at))
    elif meeting_id and await heard.advance_meeting(tx.conn, meeting_id, event.sequence, "cancelled"):
        off.append(replace(meeting, session_id=meeting_id))
    for one in off:
        await messages.withdraw_for_session(tx.conn, one.session_id, core.AROUND_SESSION)
        told = await messages.told_of_session(tx.conn, one.session_id)
        notices = core.to_each("session-cancelled", pair, cards, now=tx.now, at=event.at, only=told)
        await _owe(tx, core.about(one, notices))


async def on_session_missed(event: events.SessionMissed, tx: Tx) -> None:
    await _know_meeting(tx, event.session_id)
    await heard.close_meeting(tx.conn, event.session_id, "missed")
    await messages.withdraw_for_session(tx.conn, event.session_id, core.AROUND_SESSION)
    await circles.session_over(tx, event.session_id, "missed")


async def on_session_completed(event: events.SessionCompleted, tx: Tx) -> None:
    """Asks both for feedback: now, or at the end of the quiet hours."""
    pair = await _made_pair(tx, event.match_id)
    cards = await _cards(tx, pair.people)
    await _know_meeting(tx, event.session_id)
    await heard.close_meeting(tx.conn, event.session_id, "completed")
    await messages.withdraw_for_session(tx.conn, event.session_id, core.AROUND_SESSION)
    await circles.session_over(tx, event.session_id, "completed")
    meeting = core.Meeting(event.session_id, event.ordinal, 0, event.starts_at, event.ends_at, "")
    until = event.at + timedelta(core.LINK_DAYS["feedback"])
    asked = core.to_each("feedback", pair, cards, now=tx.now, at=event.at, useful_until=until)
    await _owe(tx, core.about(meeting, asked))


async def _pairs_of_news(
    event: Absence, tx: Tx, away: core.Away, state: Literal["away", "back"]
) -> list[core.Pair]:
    """The pairs to which this is news; what was to be told of an absence before is taken back."""
    role = "peer" if event.peer else event.role
    part = heard.Part(event.participation_id, event.version, event.programme_id, role)
    if not await heard.save_absence(tx.conn, part, away, state=state, cause=_cause(tx)):
        return []
    pairs = await heard.pairs_of(tx.conn, part.programme_id, away.person_id, part.sides)
    for pair in pairs:
        partner = pair.partner_of(away.person_id)
        await messages.withdraw_about(tx.conn, pair.match_id, partner, core.OF_ABSENCE)
    return pairs


async def on_person_erased(event: events.PersonErased, tx: Tx) -> None:
    """Deletes what there is and gives the receipt; partners are told of ends without a name."""
    known = (await heard.cards(tx.conn, [event.person_id])).get(event.person_id)
    words, names = ((known.email,), (known.given_name, known.family_name)) if known else ((), ())
    await privacy.forget_and_say(tx, privacy.Traces(event.person_id, words, names), kept.ERASED)


def _words_for(peer: bool) -> str | None:
    return core.AMONG_PEERS if peer else None


def _pair(
    event: events.MatchProposed | events.MatchDeclined | events.MatchEnded | events.MatchContinued,
) -> core.Pair:
    return core.Pair(event.match_id, event.programme_id, event.mentee_id, event.mentor_id)


def _meeting(event: events.SessionScheduled | events.SessionMoved | events.SessionCancelled) -> core.Meeting:
    times = event.starts_at, event.ends_at
    mode = "" if isinstance(event, events.SessionCancelled) else event.mode
    was_at = event.previous_starts_at if isinstance(event, events.SessionMoved) else None
    return core.Meeting(event.session_id, event.ordinal, event.sequence, *times, mode, was_at)


def _whose(pair: core.Pair, meeting_id: UUID | None) -> Collection[UUID]:
    """In whose calendars a session is: the mentor of a circle has the meeting instead."""
    return pair.people if meeting_id is None else {pair.mentee_id}


async def _unless_ended(tx: Tx, pair: core.Pair) -> None:
    """Topics come in any order: news of a pair's terms is taken back where its end was heard first."""
    if pair.ended:
        await messages.withdraw_for_match(tx.conn, pair.match_id, core.OF_MATCH)


async def _advanced(tx: Tx, event: events.SessionMoved | events.SessionCancelled, state: str) -> bool:
    """Whether this is news of a session. Raises Early where its beginning was not heard yet."""
    if await heard.advance_meeting(tx.conn, event.session_id, event.sequence, state):
        return True
    await _know_meeting(tx, event.session_id)
    return False


async def _know_meeting(tx: Tx, session_id: UUID) -> None:
    if not await heard.knows_meeting(tx.conn, session_id):
        raise Early(f"session {session_id}")


async def _know_programme(tx: Tx, programme_id: UUID) -> None:
    if not await heard.programme_names(tx.conn, [programme_id]):
        raise Early(f"programme {programme_id}")


async def _made_pair(tx: Tx, match_id: UUID) -> core.Pair:
    pair = await heard.find_pair(tx.conn, match_id)
    if pair is None or pair.ends_on is None:
        raise Early(f"match {match_id}")
    return pair


async def _cards(tx: Tx, person_ids: Collection[UUID]) -> Mapping[UUID, core.Card]:
    cards = await heard.cards(tx.conn, person_ids)
    for person_id in person_ids:
        if person_id not in cards:
            raise Early(f"person {person_id}")
    return cards


async def _owe(tx: Tx, notices: Sequence[core.Notice], cause: core.Cause | None = None) -> None:
    """Stores notices under the event that caused them, this one or another: heard twice, it is owed once."""
    await messages.add(tx.conn, [(envelope.new_id(), one) for one in notices], cause or _cause(tx))


def _cause(tx: Tx) -> core.Cause:
    assert tx.cause is not None
    return core.Cause(tx.cause.id, tx.cause.trace.traceparent, tx.cause.trace.correlation_id)


CONSUMERS: Mapping[type[events.Event], Handler] = {
    events.PersonChanged: on_person_changed,
    events.ProgrammeChanged: on_programme_changed,
    events.ParticipantInvited: on_participant_invited,
    events.MatchProposed: on_match_proposed,
    events.MatchDeclined: on_match_declined,
    events.MatchMade: on_match_made,
    events.ParticipantPaused: on_participant_paused,
    events.ParticipantResumed: on_participant_resumed,
    events.ParticipantLeft: on_participant_left,
    events.MatchFlagged: on_match_flagged,
    events.MatchEnded: on_match_ended,
    events.MatchContinued: on_match_continued,
    events.AgreementChanged: on_agreement_changed,
    events.AgreementConfirmed: on_agreement_confirmed,
    events.SessionScheduled: on_session_scheduled,
    events.SessionMoved: on_session_moved,
    events.SessionCancelled: on_session_cancelled,
    events.SessionMissed: on_session_missed,
    events.SessionCompleted: on_session_completed,
    events.PersonErased: on_person_erased,
}
CARDS = (
    Card(events.PersonChanged, "person", ("person_id",), but=("access_since",)),
    Card(events.ProgrammeChanged, "programme", ("programme_id",)),
)
"""Tables that can be rebuilt from their compacted topics."""
