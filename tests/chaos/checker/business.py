"""What the business forbids whatever fails: M1 seats, S1 sessions, N1 messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import asyncpg

from tests.chaos.checker.evidence import Stores
from tests.chaos.checker.finding import Stated, found, stated

SEATS = "SELECT match_id, mentor, before, after, capacity FROM witness_seat ORDER BY place"
SESSION_STEPS = """
SELECT session_id, before, after, sequence_before, sequence, by FROM witness_session ORDER BY place
"""
OVERLAPS = """
SELECT a.session_id, b.session_id AS other FROM session a
JOIN agreement x ON x.match_id = a.match_id
JOIN agreement y ON x.mentee_id IN (y.mentee_id, y.mentor_id) OR x.mentor_id IN (y.mentee_id, y.mentor_id)
JOIN session b ON b.match_id = y.match_id
WHERE a.session_id < b.session_id AND 'cancelled' NOT IN (a.state, b.state)
  AND (a.meeting_id = b.meeting_id) IS NOT TRUE
  AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
"""
MATCH_STEPS = frozenset(
    {(None, "proposed"), (None, "active"), ("proposed", "proposed"), ("proposed", "active"),
     ("proposed", "declined"), ("proposed", "lapsed"), ("active", "active"), ("active", "ended")}
)  # fmt: skip
STEPS = frozenset(
    {(None, "scheduled"), ("scheduled", "scheduled"), ("scheduled", "completed"), ("scheduled", "missed"),
     ("scheduled", "cancelled")}
)  # fmt: skip
SENT = "SELECT id::text FROM message WHERE state = 'sent'"
MESSAGES = "SELECT count(*) FROM message"
MESSAGES_TWICE = """
SELECT recipient_id, kind FROM message GROUP BY recipient_id, cause, kind, channel HAVING count(*) > 1
"""


async def m1_no_mentor_has_too_many(stores: Stores) -> Stated:
    """No assignment ever made a mentor's active matches exceed the capacity of that moment; a match moves
    forward only."""
    steps = await stores["matching"].fetch(SEATS)
    return m1_of(steps)


def m1_of(steps: Sequence[asyncpg.Record]) -> Stated:
    active: defaultdict[object, set[object]] = defaultdict(set)
    full, illegal = [], []
    for step in steps:
        if (step["before"], step["after"]) not in MATCH_STEPS:
            illegal.append(f"{step['match_id']} {step['before']} → {step['after']}")
        if step["after"] == "active":
            active[step["mentor"]].add(step["match_id"])
            if len(active[step["mentor"]]) > step["capacity"]:
                full.append(f"{step['mentor']} with {len(active[step['mentor']])} of {step['capacity']}")
        else:
            active[step["mentor"]].discard(step["match_id"])
    return stated(
        "M1 seats of mentors",
        len(steps),
        found("wrong", "assignments made a mentor's matches exceed the capacity", full),
        found("wrong", "matches took a step that there is not", illegal),
    )


async def s1_sessions_do_not_overlap(stores: Stores, owner: str) -> Stated:
    """No two sessions of a person overlap; they move forward only. `owner` is the harness's own hand."""
    conn = stores["scheduling"]
    overlaps = await conn.fetch(OVERLAPS)
    illegal = []
    steps = await conn.fetch(SESSION_STEPS)
    for step in steps:
        legal = (step["before"], step["after"]) in STEPS
        stays = step["before"] == step["after"]
        if stays and step["by"] != owner:
            legal &= step["sequence"] == (step["sequence_before"] or 0) + 1
        if not legal:
            illegal.append(f"{step['session_id']} {step['before']} → {step['after']}")
    return stated(
        "S1 sessions",
        len(steps),
        found("doubled", "pairs of sessions overlap", (f"{one[0]} {one[1]}" for one in overlaps)),
        found("wrong", "sessions took a step that there is not", illegal),
    )


async def n1_one_message_per_cause(stores: Stores, wire: Mapping[str, int], resent_max: int) -> Stated:
    """One row and one Message-ID per (recipient, cause, kind, channel); copies on the wire no more than there
    were strikes between sending and settling. `wire` counts the Message-IDs that arrived."""
    conn = stores["notifications"]
    sent = {row["id"] for row in await conn.fetch(SENT)}
    arrived = {name.strip("<>").partition("@")[0] for name in wire}
    twice = [f"{row['kind']} to {row['recipient_id']}" for row in await conn.fetch(MESSAGES_TWICE)]
    copies = [name for name, many in wire.items() if many > 1]
    extra = sum(wire[name] - 1 for name in copies)
    return stated(
        "N1 messages",
        await conn.fetchval(MESSAGES),
        found("doubled", "messages stand twice", twice),
        found("lost", "messages were sent and never arrived", sent - arrived),
        found("doubled", "mails belong to no message that was sent", arrived - sent),
        found("doubled", f"mails came again, {extra} copies", copies) if extra > resent_max else [],
    )
