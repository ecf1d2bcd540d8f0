"""Notifications on one database, with a clock, a mail server that can misbehave, and events to hear."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local import ports
from services.notifications import delivery, service
from services.notifications.channels import mail
from services.notifications.consumers import CONSUMERS
from services.notifications.settings import Settings
from shared import envelope, events, metrics, tx
from shared.clock import SteppedClock
from shared.events import MatchId, PersonId, ProgrammeId, SessionId

KEY = "a key for links in tests"
PROGRAMME = ProgrammeId(UUID(int=900))
MENTEE = PersonId(UUID(int=1))
MENTOR = PersonId(UUID(int=2))
MATCH = MatchId(UUID(int=50))
SESSION = SessionId(UUID(int=70))
TOKENS = {"operator": ["operate"], "nobody": ["people:read"]}


@dataclass
class MailServer:
    """A real SMTP server. `answer` decides what it says to each mail: an SMTP reply, or None to accept."""

    port: int = field(default_factory=lambda: ports.free(1)[0])
    mails: list[EmailMessage] = field(default_factory=list)
    connections: int = 0
    answer: Callable[[Envelope], str | None] = lambda _mail: None
    hangs_up_on: str = ""
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._conversation, ports.HOST, self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)

    def _conversation(self) -> SMTP:
        self.connections += 1
        return SMTP(self, enable_SMTPUTF8=True)

    async def handle_DATA(self, server: SMTP, _session: Session, sent: Envelope) -> str:
        if self.hangs_up_on in sent.rcpt_tos:
            server.transport.close()
            return "421 gone"
        refusal = self.answer(sent)
        if refusal is not None:
            return refusal
        content = sent.content if isinstance(sent.content, bytes) else str(sent.content).encode()
        parsed = message_from_string(content.decode(), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"

    def kinds(self, to: PersonId | None = None) -> list[str]:
        """The kinds of the mails that came, in order."""
        mails = [one for one in self.mails if to is None or one["to"].addresses[0].addr_spec == address(to)]
        return [str(one["x-mentoring-kind"]) for one in mails]

    def ids(self) -> list[str]:
        return [str(one["message-id"]) for one in self.mails]


@dataclass
class World:
    door: tx.Door
    post: delivery.Post
    inbox: MailServer
    client: httpx.AsyncClient

    @property
    def now(self) -> datetime:
        return self.door.clock.now()

    def at(self, now: datetime) -> None:
        """Time goes on, and wakes the loops."""
        assert isinstance(self.door.clock, SteppedClock)
        self.door.clock.set(now)
        self.door.bell.ring()

    async def hear(self, *heard: events.Event) -> None:
        for event in heard:
            await self.hear_as(envelope.new_id(), event)

    async def hear_as(self, event_id: UUID, event: events.Event) -> None:
        """One event under a given id, in a transaction of its own."""
        kind = envelope.type_of(event.topic(), event.version_of_schema)
        trace = envelope.new_trace()
        async with tx.transaction(self.door) as unit:
            unit.cause = envelope.Envelope(event_id, kind, "/mentoring/test", event.key, event.at, 1, trace)
            await CONSUMERS[type(event)](event, unit)  # type: ignore[operator]

    async def send(self) -> None:
        """Sends all that is due now."""
        while await delivery.send_batch(self.door, self.post) == "more":
            pass

    async def rows(self) -> list[asyncpg.Record]:
        return await self.door.pool.fetch(
            "SELECT id, recipient_id, cause, kind, state, due_at, caused_at, sent_at, attempts, error,"
            " lease_until, not_before, sequence FROM message ORDER BY due_at, kind, recipient_id"
        )

    async def waiting(self, to: PersonId) -> dict[str, datetime]:
        """What is owed to somebody, and when."""
        return {
            row["kind"]: row["due_at"]
            for row in await self.rows()
            if row["state"] == "waiting" and row["recipient_id"] == to
        }

    async def states(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for row in await self.rows():
            found.setdefault(row["kind"], set()).add(row["state"])
        return found

    async def said(self) -> list[dict[str, Any]]:
        rows = await self.door.pool.fetch("SELECT topic, causation_id, payload FROM outbox ORDER BY id")
        return [
            {"topic": row["topic"], "cause": row["causation_id"], **json.loads(row["payload"])}
            for row in rows
        ]


@asynccontextmanager
async def opened(door: tx.Door, folder: Path) -> AsyncIterator[World]:
    inbox = MailServer()
    await inbox.start()
    tokens = folder / "tokens.json"
    tokens.write_text(
        json.dumps(
            [
                {"id": n, "sha256": hashlib.sha256(n.encode()).hexdigest(), "scopes": s}
                for n, s in TOKENS.items()
            ]
        )
    )
    settings = a_setting(inbox.port, tokens)
    address = mail.Address(settings.smtp_host, settings.smtp_port, timeout_s=2.0)
    meters = delivery.Meters.on(metrics.build().registry)
    post = delivery.Post(settings, mail.MailServer(address), service.stationery(settings), meters)
    transport = httpx.ASGITransport(service.build(settings).http(door))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield World(door, post, inbox, client)
    await post.server.close()
    await inbox.stop()


def a_setting(smtp_port: int, tokens: Path) -> Settings:
    return Settings(
        dsn="unused",
        kafka="unused",
        link_key=KEY,
        tokens_file=tokens,
        smtp_port=smtp_port,
        mail_from="hello@mentoring.example",
        pages_matching="https://who.example",
        pages_scheduling="https://when.example",
    )


def address(person: PersonId) -> str:
    return f"p{person.int}@adventure.example"


def a_person(
    person: PersonId,
    at: datetime,
    *,
    zone: str = "Europe/Madrid",
    version: int = 1,
    name: str = "Mia",
    status: str = "active",
) -> events.PersonChanged:
    return events.PersonChanged(
        at=at,
        person_id=person,
        version=version,
        employee_number=str(person.int),
        given_name=name,
        family_name=f"Person {person.int}",
        email=address(person),
        title="Engineer",
        department="Engineering",
        site="Madrid",
        time_zone=zone,
        manager_id=None,
        hire_date=None,
        status=status,
    )


def a_programme(
    at: datetime,
    *,
    name: str = "Career growth",
    version: int = 1,
    organiser_id: PersonId | None = None,
) -> events.ProgrammeChanged:
    return events.ProgrammeChanged(
        at=at,
        programme_id=PROGRAMME,
        version=version,
        name=name,
        kind="evergreen",
        state="open",
        starts_on=date(2026, 3, 1),
        ends_on=None,
        cadence="biweekly",
        hours_per_month=2,
        session_minutes=45,
        organiser_id=organiser_id,
    )


def an_invitation(at: datetime, person: PersonId = MENTEE) -> events.ParticipantInvited:
    return events.ParticipantInvited(
        at=at, person_id=person, programme_id=PROGRAMME, expires_at=at + timedelta(days=30)
    )


def a_proposal(at: datetime, *, requested_by: PersonId | None = None) -> events.MatchProposed:
    return events.MatchProposed(
        at=at,
        match_id=MATCH,
        programme_id=PROGRAMME,
        mentee_id=MENTEE,
        mentor_id=MENTOR,
        version=1,
        score=0.8,
        answer_by=at + timedelta(days=3),
        requested_by=requested_by,
    )


def a_refusal(at: datetime, by: PersonId | None, *, version: int = 2) -> events.MatchDeclined:
    return events.MatchDeclined(
        at=at,
        match_id=MATCH,
        programme_id=PROGRAMME,
        mentee_id=MENTEE,
        mentor_id=MENTOR,
        version=version,
        declined_by=by,
        reason="no-time" if by else "lapsed",
    )


def a_match(at: datetime, *, version: int = 2) -> events.MatchMade:
    return events.MatchMade(
        at=at,
        match_id=MATCH,
        programme_id=PROGRAMME,
        mentee_id=MENTEE,
        mentor_id=MENTOR,
        version=version,
        score=0.8,
        cadence="biweekly",
        hours_per_month=2,
        session_minutes=45,
        ends_on=date(2026, 9, 1),
    )


def an_end(at: datetime, reason: str = "not-a-good-fit") -> events.MatchEnded:
    return events.MatchEnded(
        at=at,
        match_id=MATCH,
        programme_id=PROGRAMME,
        mentee_id=MENTEE,
        mentor_id=MENTOR,
        version=3,
        reason=reason,
    )


def a_continuation(at: datetime) -> events.MatchContinued:
    return events.MatchContinued(
        at=at, match_id=MATCH, programme_id=PROGRAMME, mentee_id=MENTEE, mentor_id=MENTOR, version=4
    )


def other_terms(at: datetime) -> events.AgreementChanged:
    """The mentor asks for other terms than the mentee confirmed."""
    return events.AgreementChanged(
        at=at, match_id=MATCH, programme_id=PROGRAMME, version=2, changed_by=MENTOR
    )


def an_agreement(at: datetime) -> events.AgreementConfirmed:
    return events.AgreementConfirmed(
        at=at,
        match_id=MATCH,
        programme_id=PROGRAMME,
        version=1,
        hours_per_month=2,
        cadence="biweekly",
        focus="career",
    )


def _whose() -> dict[str, Any]:
    return {
        "session_id": SESSION,
        "match_id": MATCH,
        "programme_id": PROGRAMME,
        "mentee_id": MENTEE,
        "mentor_id": MENTOR,
        "ordinal": 1,
    }


def _when(starts_at: datetime) -> dict[str, datetime]:
    return {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=45)}


def a_session(at: datetime, starts_at: datetime) -> events.SessionScheduled:
    return events.SessionScheduled(at=at, **_whose(), **_when(starts_at), sequence=0, mode="video")


def a_move(at: datetime, starts_at: datetime, *, was: datetime, sequence: int = 1) -> events.SessionMoved:
    return events.SessionMoved(
        at=at,
        **_whose(),
        **_when(starts_at),
        sequence=sequence,
        mode="video",
        previous_starts_at=was,
        moved_by=MENTEE,
    )


def a_cancellation(at: datetime, starts_at: datetime, *, sequence: int = 1) -> events.SessionCancelled:
    return events.SessionCancelled(
        at=at,
        **_whose(),
        **_when(starts_at),
        sequence=sequence,
        cancelled_by=MENTOR,
        late=False,
        reason="participant",
    )


def a_completion(at: datetime, starts_at: datetime) -> events.SessionCompleted:
    return events.SessionCompleted(at=at, **_whose(), **_when(starts_at))


def a_miss(at: datetime, starts_at: datetime) -> events.SessionMissed:
    return events.SessionMissed(at=at, **_whose(), starts_at=starts_at, reported_by=MENTEE)


async def until(what: Callable[[], bool | Awaitable[bool]], timeout_s: float = 20.0) -> None:
    """Waits for a condition."""
    async with asyncio.timeout(timeout_s):
        while True:
            found = what()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)
