"""Counts what was lost or doubled: what every service said against what every listener did about it.

S = the `said` copies of all outbox rows, I = a listener's inbox, P = the events it parked.
D2: S = I ∪ P for every topic a service listens to · D3: I ∪ P ⊆ S · D4: analytics' facts equal their recount
from S · D5: per (topic, key) each of the sequence numbers 1, 2, 3 … was applied · N1: one message and one
Message-ID per (recipient, cause, kind, channel).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from services.analytics import consumers as analytics
from services.matching import consumers as matching
from services.notifications import consumers as notifications
from services.scheduling import consumers as scheduling

HEARD = {
    "matching": frozenset(event.topic() for event in matching.CONSUMERS),
    "scheduling": frozenset(event.topic() for event in scheduling.CONSUMERS),
    "notifications": frozenset(event.topic() for event in notifications.CONSUMERS),
    "analytics": frozenset(event.topic() for event in analytics.CONSUMERS),
}
"""The topics each service listens to, by their plain names."""

FACTS: Mapping[str, str] = {
    "match-proposed": "SELECT count(*) FROM match WHERE proposed_at IS NOT NULL",
    "match-declined": "SELECT count(*) FROM match WHERE declined_at IS NOT NULL",
    "match-made": "SELECT count(*) FROM match WHERE made_at IS NOT NULL",
    "match-ended": "SELECT count(*) FROM match WHERE ended_at IS NOT NULL",
    "matching-run-finished": "SELECT count(*) FROM matching_run",
    "participant-joined": "SELECT count(*) FROM participant",
    "participant-paused": "SELECT count(*) FROM participation_state WHERE state = 'paused'",
    "participant-resumed": "SELECT count(*) FROM participation_state WHERE state = 'resumed'",
    "participant-left": "SELECT count(*) FROM participation_state WHERE state = 'left'",
    "match-flagged": "SELECT count(*) FROM match_flag",
    "session-scheduled": "SELECT count(*) FROM session WHERE scheduled_at IS NOT NULL",
    "session-cancelled": "SELECT count(*) FROM session WHERE cancelled_at IS NOT NULL",
    "session-missed": "SELECT count(*) FROM session WHERE missed_at IS NOT NULL",
    "session-completed": "SELECT count(*) FROM session WHERE completed_at IS NOT NULL",
    "feedback-submitted": "SELECT count(*) FROM feedback",
    "message-sent": "SELECT count(*) FROM message WHERE sent_at IS NOT NULL",
    "message-failed": "SELECT count(*) FROM message WHERE failed_at IS NOT NULL",
}
"""Facts of which analytics keeps one for each event: how it counts them."""


@dataclass
class Proof:
    """What was found. `findings` says in words what is wrong, nothing where all is well."""

    events: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    parked: int = 0
    outbox_left: int = 0
    findings: list[str] = field(default_factory=list)
    effect_ms: list[float] = field(default_factory=list)

    def lose(self, many: int, sentence: str) -> None:
        if many:
            self.lost += many
            self.findings.append(f"{many} {sentence}")

    def double(self, many: int, sentence: str) -> None:
        if many:
            self.doubled += many
            self.findings.append(f"{many} {sentence}")


@dataclass(frozen=True)
class Said:
    """One row of a `said` table."""

    event_id: UUID
    topic: str
    key: str
    committed_at: Any


async def of(databases: Mapping[str, str], message_ids: Mapping[str, int], *, resent_max: int = 0) -> Proof:
    """Reads all stores (owner DSN per service). `message_ids` counts the Message-IDs seen on the wire.

    SMTP knows no "exactly once": up to `resent_max` mails may have come again, one per kill of notifications.
    """
    proof = Proof()
    connections = {service: await asyncpg.connect(dsn, timeout=10) for service, dsn in databases.items()}
    try:
        said = [row for conn in connections.values() for row in await _said(conn)]
        proof.events.update(row.topic for row in said)
        for service, conn in connections.items():
            proof.outbox_left += await conn.fetchval("SELECT count(*) FROM outbox")
            await _compare(proof, service, conn, [row for row in said if row.topic in HEARD[service]])
        await _recount(proof, connections["analytics"])
        await _messages(proof, connections["notifications"], message_ids, resent_max)
    finally:
        for conn in connections.values():
            await conn.close()
    return proof


async def said_by_topic(databases: Mapping[str, str]) -> Counter[str]:
    """How many events of each topic were said so far (owner DSN per service)."""
    counted: Counter[str] = Counter()
    for dsn in databases.values():
        conn = await asyncpg.connect(dsn, timeout=10)
        try:
            for row in await conn.fetch("SELECT topic, count(*) AS many FROM said GROUP BY topic"):
                counted[row["topic"]] += row["many"]
        finally:
            await conn.close()
    return counted


async def _said(conn: Any) -> list[Said]:
    rows = await conn.fetch("SELECT event_id, topic, key, committed_at FROM said")
    return [Said(**row) for row in rows]


async def _compare(proof: Proof, service: str, conn: Any, said: list[Said]) -> None:
    """D2, D3 and D5 for one listener; the wall time from commit to effect along the way."""
    inbox = await conn.fetch("SELECT event_id, topic, key, sequence, applied_at FROM inbox")
    aside = await conn.fetch("SELECT event_id, state FROM parked WHERE event_id IS NOT NULL")
    applied = {row["event_id"]: row for row in inbox}
    parked = {row["event_id"] for row in aside}
    proof.parked += await conn.fetchval("SELECT count(*) FROM parked WHERE state <> 'dropped'")
    wanted = {row.event_id for row in said}
    proof.lose(len(wanted - applied.keys() - parked), f"events were never heard by {service}")
    proof.double(len((applied.keys() | parked) - wanted), f"events heard by {service} were never said")
    proof.double(len(applied.keys() & parked), f"events are applied and parked in {service}")
    if not parked:
        _in_sequence(proof, service, inbox)
    proof.effect_ms += [
        (applied[row.event_id]["applied_at"] - row.committed_at).total_seconds() * 1000
        for row in said
        if row.event_id in applied
    ]


def _in_sequence(proof: Proof, service: str, inbox: list[Any]) -> None:
    numbers: dict[tuple[str, str], list[int]] = {}
    for row in inbox:
        numbers.setdefault((row["topic"], row["key"]), []).append(row["sequence"])
    broken = sum(sorted(found) != list(range(1, len(found) + 1)) for found in numbers.values())
    proof.lose(broken, f"keys whose events {service} did not apply as 1, 2, 3 …")


async def _recount(proof: Proof, conn: Any) -> None:
    for topic, query in FACTS.items():
        kept, said = await conn.fetchval(query), proof.events[topic]
        proof.lose(max(0, said - kept), f"of {topic} are missing in analytics")
        proof.double(max(0, kept - said), f"of {topic} are counted too often in analytics")


async def _messages(proof: Proof, conn: Any, seen: Mapping[str, int], resent_max: int) -> None:
    twice = await conn.fetchval(
        "SELECT coalesce(sum(many - 1), 0) FROM (SELECT count(*) AS many FROM message"
        " GROUP BY recipient_id, cause, kind, channel) counted"
    )
    proof.double(int(twice), "messages stand twice in notifications")
    sent = await conn.fetchval("SELECT count(*) FROM message WHERE state = 'sent'")
    proof.lose(max(0, sent - len(seen)), "messages were sent but never arrived")
    proof.double(max(0, len(seen) - sent), "mails arrived that notifications does not know as sent")
    again = sum(many - 1 for many in seen.values())
    proof.double(max(0, again - resent_max), "mails came again with the same Message-ID")
