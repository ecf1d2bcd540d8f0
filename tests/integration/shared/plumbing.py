"""A listener for tests of the plumbing: it writes down what it was handed, and fails when it is told to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import asyncpg

from shared import apply, envelope, outbox, tx
from shared.errors import Early, Transient
from shared.events import Event, MatchDeclined, MatchEnded, MatchId, PersonId, ProgrammeId
from shared.inbox import Record
from shared.service import Handler

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def ended(match: MatchId, version: int = 1, reason: str = "completed") -> MatchEnded:
    one, other = PersonId(uuid.UUID(int=1)), PersonId(uuid.UUID(int=2))
    programme = ProgrammeId(uuid.UUID(int=3))
    return MatchEnded(
        at=AT,
        match_id=match,
        programme_id=programme,
        mentee_id=one,
        mentor_id=other,
        version=version,
        reason=reason,
    )


def declined(match: MatchId) -> MatchDeclined:
    fields = ended(match).model_dump()
    return MatchDeclined(**fields, declined_by=None)


def a_match() -> MatchId:
    return MatchId(uuid.uuid4())


def recorded(event: Event, offset: int, *, sequence: int = 0, value: bytes | None = None) -> Record:
    """The event as a Kafka record at an offset of partition 0."""
    said = outbox.said(event, "matching", envelope.new_trace())
    around = envelope.Envelope(said.id, said.type, said.source, said.key, said.time, sequence, said.trace)
    payload = said.payload if value is None else value
    return Record(said.topic, 0, offset, said.key, tuple(envelope.to_headers(around)), payload, AT)


@dataclass
class Listener:
    """Handlers whose effects can be counted.

    Each set names matches: `poison` fails, `orphans` come early, `away` find no store, `mute` say what no
    store takes.
    """

    door: tx.Door
    dsn: str
    poison: set[MatchId] = field(default_factory=set)
    orphans: set[MatchId] = field(default_factory=set)
    away: set[MatchId] = field(default_factory=set)
    mute: set[MatchId] = field(default_factory=set)

    async def prepare(self, owner_dsn: str) -> None:
        conn = await asyncpg.connect(owner_dsn)
        await conn.execute(
            "CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, match_id uuid, version int)"
        )
        await conn.execute("GRANT SELECT, INSERT ON effect TO PUBLIC")
        await conn.close()

    async def on_match_ended(self, event: MatchEnded, t: tx.Tx) -> None:
        await t.conn.execute(
            "INSERT INTO effect (match_id, version) VALUES ($1, $2)", event.match_id, event.version
        )
        if event.match_id in self.orphans:
            raise Early(f"match {event.match_id}")
        if event.match_id in self.away:
            raise Transient("the store is away")
        if event.match_id in self.mute:
            t.say(replace(outbox.said(event, "plumbing", envelope.new_trace()), key="\0"))
        if event.match_id in self.poison:
            raise ValueError("this match cannot end")

    async def on_match_declined(self, event: MatchDeclined, t: tx.Tx) -> None:
        self.orphans.discard(event.match_id)

    def ears(self) -> apply.Ears:
        handlers: dict[type[Event], Handler] = {
            MatchEnded: self.on_match_ended,
            MatchDeclined: self.on_match_declined,
        }
        return apply.Ears.of(self.door.service, handlers)

    async def effects(self, match: MatchId) -> list[int]:
        """The versions that had an effect, in the order in which they had it."""
        rows = await self.door.pool.fetch("SELECT version FROM effect WHERE match_id = $1 ORDER BY id", match)
        return [row["version"] for row in rows]

    async def parked(self) -> list[str]:
        rows = await self.door.pool.fetch("SELECT state FROM parked ORDER BY id")
        return [row["state"] for row in rows]
