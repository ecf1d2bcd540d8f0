"""What has to hold after all faults, asked of the stores in SQL of its own: events.md, D2, D4, D7 and N1.

S = the `said` copies of all outbox rows, I = the inbox of a listener, P = what it has parked. Each check
returns what is wrong in words, nothing where all is well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from deploy.local.demo.proof import HEARD

Stores: TypeAlias = Mapping[str, asyncpg.Connection]

SAID = "SELECT event_id, topic FROM said"
HEARD_OF = "SELECT event_id FROM inbox UNION SELECT event_id FROM parked WHERE event_id IS NOT NULL"
TWICE = "SELECT count(*) FROM inbox JOIN parked USING (event_id)"
HALTED_FOR_NOTHING = """
SELECT count(*) FROM parked p WHERE p.state = 'behind' AND NOT EXISTS (
    SELECT FROM parked head WHERE head.topic = p.topic AND head.key = p.key AND head.id < p.id
      AND head.state IN ('failed', 'early', 'unreadable', 'dead'))
"""
KEPT: Mapping[str, str] = {
    "person-changed": "SELECT person_id, version FROM person",
    "programme-changed": "SELECT programme_id, version FROM programme",
    "participant-invited": "SELECT person_id, count(*) FROM invitation GROUP BY 1",
    "participant-joined": "SELECT person_id, count(*) FROM participant GROUP BY 1",
    "matching-run-finished": "SELECT programme_id, count(*) FROM matching_run GROUP BY 1",
    "match-proposed": "SELECT match_id, count(*) FROM match WHERE proposed_at IS NOT NULL GROUP BY 1",
    "match-declined": "SELECT match_id, count(*) FROM match WHERE declined_at IS NOT NULL GROUP BY 1",
    "match-made": "SELECT match_id, count(*) FROM match WHERE made_at IS NOT NULL GROUP BY 1",
    "match-ended": "SELECT match_id, count(*) FROM match WHERE ended_at IS NOT NULL GROUP BY 1",
    "agreement-confirmed": "SELECT match_id, count(*) FROM agreement GROUP BY 1",
    "session-scheduled": "SELECT match_id, count(*) FROM session WHERE scheduled_at IS NOT NULL GROUP BY 1",
    "session-completed": "SELECT match_id, count(*) FROM session WHERE completed_at IS NOT NULL GROUP BY 1",
    "session-missed": "SELECT match_id, count(*) FROM session WHERE missed_at IS NOT NULL GROUP BY 1",
    "session-cancelled": "SELECT match_id, count(*) FROM session WHERE cancelled_at IS NOT NULL GROUP BY 1",
    "feedback-submitted": "SELECT match_id, count(*) FROM feedback GROUP BY 1",
    "message-sent": "SELECT recipient_id, count(*) FROM message WHERE sent_at IS NOT NULL GROUP BY 1",
    "message-failed": "SELECT recipient_id, count(*) FROM message WHERE failed_at IS NOT NULL GROUP BY 1",
}
"""How many events of each topic analytics has made a fact of, by key."""
WRONG_DAYS = """
SELECT d.day, d.figure, d.rows, r.rows AS recounted
FROM daily_figure d
CROSS JOIN LATERAL (
    SELECT count(*) AS rows, count(*) FILTER (WHERE f.counted) AS counted
    FROM facts_behind(
        d.programme_id, (d.day + 1)::timestamptz - interval '1 microsecond', '-infinity', 14, 1.5
    ) f
    WHERE f.figure = d.figure
) r
WHERE d.figure = ANY ($1::text[]) AND (d.rows, d.counted) <> (r.rows, r.counted)
"""
DAILY = ["people", "joined", "matches", "sessions-scheduled", "sessions-completed", "feedback"]
MESSAGES_TWICE = """
SELECT count(*) FROM (
    SELECT FROM message GROUP BY recipient_id, cause, kind, channel HAVING count(*) > 1
) twice
"""


@asynccontextmanager
async def opened(owner_dsns: Mapping[str, str]) -> AsyncIterator[Stores]:
    """A connection to each store, on clocks of UTC."""
    stores: dict[str, asyncpg.Connection] = {}
    try:
        for service, dsn in owner_dsns.items():
            stores[service] = await asyncpg.connect(dsn, timeout=10, server_settings={"timezone": "UTC"})
        yield stores
    finally:
        for conn in stores.values():
            await conn.close()


async def said_by_key(stores: Stores) -> Counter[tuple[str, str]]:
    """How often each (topic, key) was said."""
    counted: Counter[tuple[str, str]] = Counter()
    for conn in stores.values():
        for row in await conn.fetch("SELECT topic, key, count(*) AS many FROM said GROUP BY topic, key"):
            counted[row["topic"], row["key"]] += row["many"]
    return counted


async def d2_every_listener_heard_all(stores: Stores) -> list[str]:
    """Event ids of S = I ∪ P for every listener, and none is both applied and parked."""
    said = [row for conn in stores.values() for row in await conn.fetch(SAID)]
    wrong = []
    for service, conn in stores.items():
        wanted = {row["event_id"] for row in said if row["topic"] in HEARD[service]}
        heard = {row["event_id"] for row in await conn.fetch(HEARD_OF)}
        both = await conn.fetchval(TWICE)
        counts = (
            ("lost", len(wanted - heard)),
            ("of nowhere", len(heard - wanted)),
            ("applied and parked", both),
        )
        wrong += [f"{service}: {many} {what}" for what, many in counts if many]
    return wrong


async def d4_aggregates_equal_their_recount(stores: Stores) -> list[str]:
    """Analytics keeps for each key as many facts as were said; closed days stand as they can be recounted."""
    said, conn = await said_by_key(stores), stores["analytics"]
    wrong = []
    for topic, query in KEPT.items():
        kept = {str(key): many for key, many in await conn.fetch(query)}
        wanted = {key: many for (of, key), many in said.items() if of == topic}
        wrong += [
            f"{topic} {key}: {kept.get(key, 0)} kept of {wanted.get(key, 0)} said"
            for key in sorted(kept.keys() | wanted.keys())
            if kept.get(key) != wanted.get(key)
        ]
    days = await conn.fetch(WRONG_DAYS, DAILY)
    return [*wrong, *(f"{row['day']} {row['figure']}: {row['rows']} not {row['recounted']}" for row in days)]


async def outbox_rows(stores: Stores) -> int:
    return sum([await conn.fetchval("SELECT count(*) FROM outbox") for conn in stores.values()])


async def d7_no_key_halts_for_nothing(stores: Stores) -> list[str]:
    """Whoever waits behind a parked event finds one at the head."""
    found = {service: await conn.fetchval(HALTED_FOR_NOTHING) for service, conn in stores.items()}
    return [f"{service}: {many} events wait behind nothing" for service, many in found.items() if many]


async def n1_one_message_for_each_cause(stores: Stores, seen: Mapping[str, int], kills: int) -> list[str]:
    """One row per (recipient, cause, kind, channel), one Message-ID each; copies on the wire ≤ `kills`.

    `seen` counts the Message-IDs on the wire.
    """
    conn = stores["notifications"]
    rows = await conn.fetch("SELECT id::text FROM message WHERE state = 'sent'")
    sent, arrived = {row["id"] for row in rows}, {name.strip("<>").partition("@")[0] for name in seen}
    copies = sum(seen.values()) - len(seen)
    counts = (
        ("messages stand twice", await conn.fetchval(MESSAGES_TWICE)),
        ("messages were sent and never arrived", len(sent - arrived)),
        ("mails belong to no message that was sent", len(arrived - sent)),
        (f"copies on the wire after {kills} kills", copies if copies > kills else 0),
    )
    return [f"{many} {what}" for what, many in counts if many]
