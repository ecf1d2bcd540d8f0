"""Whom to tell what, and when: pure rules.

Times are aware. A notice is a message before it is stored: who gets it, why, and when it is due.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

Kind = Literal[
    "invited",
    "proposal",
    "matched",
    "not-matched",
    "request",
    "request-sent",
    "request-closed",
    "ended",
    "continued",
    "partner-away",
    "flagged",
    "terms-changed",
    "agreed",
    "session-scheduled",
    "session-moved",
    "circle-changed",
    "session-cancelled",
    "reminder-day",
    "reminder-hour",
    "session-over",
    "feedback",
]
Role = Literal["mentee", "mentor"]
Purpose = Literal["join", "proposal", "match", "agreement", "pair", "feedback"]

INVITATIONS: frozenset[Kind] = frozenset({"session-scheduled", "session-moved", "circle-changed"})
CANCELLATIONS: frozenset[Kind] = frozenset({"session-cancelled"})
CALENDAR: frozenset[Kind] = INVITATIONS | CANCELLATIONS
REMINDERS: frozenset[Kind] = frozenset({"reminder-day", "reminder-hour"})
BEFORE_SESSION: frozenset[Kind] = INVITATIONS | REMINDERS
AFTER_SESSION: frozenset[Kind] = frozenset({"session-over"})
AROUND_SESSION: frozenset[Kind] = CALENDAR | REMINDERS | AFTER_SESSION
OF_PROPOSAL: frozenset[Kind] = frozenset({"proposal", "request"})
OF_TERMS: frozenset[Kind] = frozenset({"matched", "terms-changed"})
OF_ABSENCE: frozenset[Kind] = frozenset({"partner-away"})
OF_MATCH: frozenset[Kind] = OF_PROPOSAL | OF_TERMS | OF_ABSENCE | frozenset[Kind]({"agreed", "flagged"})

GONE = frozenset({"left-company", "inactive", "erased"})
"""Why a match ended of which one of the two can no longer be reached."""
WITH_ACCESS = frozenset({"active", "leave"})
"""Statuses of people to whom anything is told at all; in a leave only that a session is off."""

AMONG_PEERS = "peer"
"""The reason of news whose words call nobody a mentor."""

QUIET_FROM = time(22, 0)
QUIET_UNTIL = time(7, 0)
URGENT = timedelta(hours=2)
SETTLING = timedelta(minutes=1)
"""Facts about a person come by several ways. Where it matters who has just left, news waits that long."""
DAY_BEFORE = timedelta(hours=24)
HOUR_BEFORE = timedelta(hours=1)
LINK_DAYS: Mapping[Purpose, int] = {"agreement": 60, "feedback": 21, "match": 90, "pair": 30}
BACK_OFF_S = (1.0, 5.0, 30.0, 120.0, 600.0)


@dataclass(frozen=True)
class Card:
    """What notifications keeps of a person; `time_zone` is an IANA name, `status` what HR says of them.

    `access_since` is when somebody was let in again who had been shut out.
    """

    person_id: UUID
    given_name: str
    family_name: str
    email: str
    title: str
    time_zone: str
    status: str = "active"
    access_since: datetime | None = None

    @property
    def has_access(self) -> bool:
        return self.status in WITH_ACCESS

    def hears_of(self, caused_at: datetime) -> bool:
        """Whether they are told of what happened then; not of what was before they were let in again."""
        return self.has_access and (self.access_since is None or caused_at >= self.access_since)

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


@dataclass(frozen=True)
class Pair:
    """A match from its proposal to its end; `ends_on` is known once it is made."""

    match_id: UUID
    programme_id: UUID
    mentee_id: UUID
    mentor_id: UUID
    ends_on: date | None = None
    ended: bool = False

    @property
    def people(self) -> tuple[UUID, UUID]:
        return self.mentee_id, self.mentor_id

    def partner_of(self, person_id: UUID) -> UUID:
        return self.mentor_id if person_id == self.mentee_id else self.mentee_id

    def role_of(self, person_id: UUID) -> Role:
        return "mentee" if person_id == self.mentee_id else "mentor"


@dataclass(frozen=True)
class Away:
    """Somebody takes no part from `since` on; `until` is the last day, on their clock, if that is sure."""

    person_id: UUID
    since: datetime
    until: date | None


@dataclass(frozen=True)
class Meeting:
    """A session as announced; `sequence` is that of the calendar entry, `was_at` the start before a move."""

    session_id: UUID
    ordinal: int
    sequence: int
    starts_at: datetime
    ends_at: datetime
    mode: str
    was_at: datetime | None = None


@dataclass(frozen=True)
class Notice:
    """Something one person is to be told. `caused_at` is when it happened, `due_at` when to say it."""

    recipient_id: UUID
    kind: Kind
    programme_id: UUID
    caused_at: datetime
    due_at: datetime
    pair: Pair | None = None
    meeting: Meeting | None = None
    reason: str | None = None
    useful_until: datetime | None = None

    @property
    def calendar(self) -> bool:
        return self.kind in CALENDAR


@dataclass(frozen=True)
class Cause:
    """The event because of which something is told, and the story it belongs to."""

    id: UUID
    traceparent: str
    correlation_id: UUID


@dataclass(frozen=True)
class Message:
    """A stored notice: the id is its Message-ID for ever."""

    id: UUID
    notice: Notice
    attempts: int
    cause: UUID
    traceparent: str
    correlation_id: UUID


def awake(at: datetime, zone: str) -> datetime:
    """`at`, or the end of the quiet hours (22:00 to 07:00 on the zone's clocks) that it falls into."""
    local = at.astimezone(ZoneInfo(zone))
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return at
    morning = local.date() + timedelta(days=1 if local.time() >= QUIET_FROM else 0)
    return datetime.combine(morning, QUIET_UNTIL, ZoneInfo(zone)).astimezone(UTC)


def due_at(kind: Kind, at: datetime, zone: str, meeting: Meeting | None = None) -> datetime:
    """When to say something that could be said at `at`.

    Quiet hours hold it, except for a cancellation, and no longer than until two hours before the session.
    """
    if kind in CANCELLATIONS:
        return at
    held = awake(at, zone)
    if kind in BEFORE_SESSION and meeting is not None:
        return min(held, max(at, meeting.starts_at - URGENT))
    return held


def last_moment(day: date, zone: str) -> datetime:
    """The last second of a day on a zone's clocks."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def invited(
    card: Card,
    programme_id: UUID,
    *,
    now: datetime,
    at: datetime,
    expires_at: datetime,
    reason: str | None = None,
) -> Notice:
    due = due_at("invited", now, card.time_zone)
    return Notice(card.person_id, "invited", programme_id, at, due, reason=reason, useful_until=expires_at)


def to_each(
    kind: Kind,
    pair: Pair,
    cards: Mapping[UUID, Card],
    *,
    now: datetime,
    at: datetime,
    reason: str | None = None,
    useful_until: datetime | None = None,
    only: Collection[UUID] | None = None,
) -> list[Notice]:
    """The same news for both of a pair, or for those of it in `only`; nothing to whoever lost access."""
    return [
        Notice(
            person_id,
            kind,
            pair.programme_id,
            at,
            due_at(kind, now, cards[person_id].time_zone),
            pair=pair,
            reason=reason,
            useful_until=useful_until,
        )
        for person_id in pair.people
        if (only is None or person_id in only) and cards[person_id].hears_of(at)
    ]


def partner_away(pair: Pair, away: Away, cards: Mapping[UUID, Card], *, now: datetime) -> list[Notice]:
    """The other one of a pair hears that somebody is away: until when, if that is sure, and never why."""
    only = {pair.partner_of(away.person_id)}
    zone = cards[away.person_id].time_zone
    until = None if away.until is None else last_moment(away.until, zone)
    return to_each("partner-away", pair, cards, now=now, at=away.since, useful_until=until, only=only)


def flagged(pair: Pair, organiser: Card, *, now: datetime, at: datetime, reason: str) -> list[Notice]:
    """Whoever runs the programme is asked to look at a pair."""
    due = due_at("flagged", now, organiser.time_zone)
    notice = Notice(organiser.person_id, "flagged", pair.programme_id, at, due, pair=pair, reason=reason)
    return [notice] if organiser.hears_of(at) else []


def announced(
    pair: Pair,
    meeting: Meeting,
    cards: Mapping[UUID, Card],
    *,
    now: datetime,
    at: datetime,
    told: Collection[UUID] = (),
    only: Collection[UUID] | None = None,
) -> list[Notice]:
    """For both, or those of them in `only`: the calendar invitation, the reminders that still lie ahead, the
    question afterwards.

    Who was `told` of the session before hears that it moved; for the others it is new.
    """
    notices = []
    for person_id in (one for one in only or pair.people if cards[one].hears_of(at)):
        invitation: Kind = "session-moved" if person_id in told else "session-scheduled"
        zone = cards[person_id].time_zone
        notices += [
            Notice(
                person_id,
                kind,
                pair.programme_id,
                at,
                due_at(kind, when, zone, meeting),
                pair=pair,
                meeting=meeting,
                useful_until=meeting.starts_at if kind in REMINDERS else None,
            )
            for kind, when in ((invitation, now), *_around(meeting, now))
        ]
    return notices


def _around(meeting: Meeting, now: datetime) -> Iterator[tuple[Kind, datetime]]:
    """The reminders that lie ahead, and the question afterwards."""
    ahead: tuple[tuple[Kind, timedelta], ...] = (("reminder-day", DAY_BEFORE), ("reminder-hour", HOUR_BEFORE))
    for kind, before in ahead:
        if meeting.starts_at - before > now:
            yield kind, meeting.starts_at - before
    yield "session-over", max(now, meeting.ends_at)


def about(meeting: Meeting, notices: Iterable[Notice]) -> list[Notice]:
    """News of a pair that is about one of its sessions: a cancellation, a request for feedback."""
    return [replace(one, meeting=meeting) for one in notices]


def now_due(message: Message, me: Card, now: datetime) -> datetime | None:
    """When to send a message that is due by its row; None if it has become useless, or who gets it was shut
    out.

    After a stop of hours, or when the recipient moved, `now` may lie in their quiet hours.
    """
    notice = message.notice
    useless = notice.useful_until is not None and notice.useful_until <= now
    if useless or not me.hears_of(notice.caused_at):
        return None
    return due_at(notice.kind, now, me.time_zone, notice.meeting)


PURPOSE: Mapping[Kind, Purpose] = {
    "invited": "join",
    "proposal": "proposal",
    "request": "proposal",
    "request-sent": "proposal",
    "ended": "match",
    "continued": "match",
    "matched": "agreement",
    "terms-changed": "agreement",
    "agreed": "pair",
    "session-scheduled": "pair",
    "session-moved": "pair",
    "circle-changed": "pair",
    "reminder-day": "pair",
    "reminder-hour": "pair",
    "session-over": "pair",
    "feedback": "feedback",
}


@dataclass(frozen=True)
class Link:
    """What a mail's link opens; becomes a token when the mail is written."""

    purpose: Purpose
    subject: UUID
    expires_at: datetime


def link(notice: Notice) -> Link | None:
    """The link of a mail: join and proposal end with the offer, a pair's page 30 days after the match.

    A match that ended early has nothing more to choose.
    """
    purpose = PURPOSE.get(notice.kind)
    if purpose is None or (notice.kind == "ended" and notice.reason != "completed"):
        return None
    if purpose == "join":
        return Link(purpose, notice.programme_id, notice.useful_until or notice.due_at)
    if purpose == "feedback":
        assert notice.meeting is not None
        return Link(purpose, notice.meeting.session_id, notice.caused_at + timedelta(LINK_DAYS[purpose]))
    assert notice.pair is not None
    if purpose == "proposal":
        return Link(purpose, notice.pair.match_id, notice.useful_until or notice.due_at)
    if purpose in ("agreement", "match"):
        return Link(purpose, notice.pair.match_id, notice.caused_at + timedelta(LINK_DAYS[purpose]))
    assert notice.pair.ends_on is not None
    last_day = notice.pair.ends_on + timedelta(LINK_DAYS[purpose])
    return Link(purpose, notice.pair.match_id, datetime.combine(last_day, time(23, 59), UTC))


def back_off_s(attempts: int) -> float:
    """Seconds of wall time to wait after the `attempts`-th refusal for now."""
    return BACK_OFF_S[min(max(attempts, 1), len(BACK_OFF_S)) - 1]
