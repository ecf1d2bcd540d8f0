"""What operators do with parked events: look, try again, give up; and let a stopped consumer go on.

One implementation behind every door: `mentoring parked`, `python -m services.<name> parked`, the endpoints of
`shared/api/parked.py`, and through these the console. `by` is whoever acts, as it is kept and logged.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from shared import inbox
from shared.errors import FieldError, NotFound, Refused
from shared.inbox import State
from shared.tx import Connection

Format: TypeAlias = Literal["json", "text", "base64", "none"]

OPEN: tuple[State, ...] = ("failed", "early", "unreadable", "dead", "behind")
MEANINGS: Mapping[State, str] = {
    "failed": "its handler failed; it is tried again by itself",
    "early": "it came before the fact it builds on; it is tried again when there is news",
    "unreadable": "it cannot be read; it is tried again by itself, in case newer code can",
    "behind": "it has not been tried yet: it waits behind an earlier event of its key",
    "dead": "it was tried often enough and waits for somebody to repair and retry it, or to drop it",
    "dropped": "somebody gave it up",
}
ROWS_MAX = 500
WAITING_SHOWN = 50
PAYLOAD_CHARS_MAX = 100_000
REASON_CHARS_MAX = 500


class WaitsBehind(Refused):
    """Order is kept by key: the turn of an event comes when the one before it is applied or dropped."""

    code = "waits-behind"


class AlreadyDropped(Refused):
    code = "already-dropped"


class BadReason(Refused):
    status = 422
    code = "bad-reason"


@dataclass(frozen=True)
class Listed:
    """A parked event in one line. `head` is the earlier one it waits for, `waiting` how many wait for it."""

    id: int
    event_id: UUID | None
    topic: str
    key: str
    state: State
    error: str
    attempts: int
    next_attempt_at: datetime | None
    parked_at: datetime
    head: int | None
    waiting: int
    closed_at: datetime | None
    closed_by: str | None
    closed_reason: str | None


@dataclass(frozen=True)
class Waiting:
    """One that waits behind another. `time` is the wall time of its record."""

    id: int
    event_id: UUID | None
    state: State
    time: datetime


@dataclass(frozen=True)
class Payload:
    """What the record held, as text; `is_cut` where it is longer than PAYLOAD_CHARS_MAX."""

    format: Format
    text: str
    is_cut: bool = False


@dataclass(frozen=True)
class Shown:
    """A parked event with all that is known of it. `waiting` are the first WAITING_SHOWN behind it."""

    listed: Listed
    partition: int
    offset: int
    record_time: datetime
    headers: Sequence[tuple[str, str]]
    payload: Payload
    waiting: Sequence[Waiting]


@dataclass(frozen=True)
class Resumed:
    """What stood still; both None where nothing did."""

    stopped_at: datetime | None
    stopped_reason: str | None


LISTED = """
SELECT p.id, p.event_id, p.topic, p.key, p.state, p.error, p.attempts, p.next_attempt_at, p.parked_at,
       CASE WHEN p.state <> 'dropped' THEN
            (SELECT min(e.id) FROM parked e
             WHERE e.topic = p.topic AND e.key = p.key AND e.id < p.id AND e.state <> 'dropped') END AS head,
       CASE WHEN p.state = 'dropped' THEN 0 ELSE
            (SELECT count(*) FROM parked b WHERE b.topic = p.topic AND b.key = p.key AND b.id > p.id
             AND b.state <> 'dropped') END AS waiting,
       p.closed_at, p.closed_by, p.closed_reason
FROM parked p
"""
PAGE = LISTED + "WHERE p.state = ANY($1::text[]) AND p.id > $2 ORDER BY p.id LIMIT $3"
ONE = LISTED + "WHERE p.id = $1"


async def list_parked(
    conn: Connection, states: Sequence[State] = OPEN, *, after: int = 0, limit: int = ROWS_MAX
) -> list[Listed]:
    """Parked events in some states, oldest first; those that are open where no state is named."""
    rows = await conn.fetch(PAGE, list(states or OPEN), after, limit)
    return [Listed(**row) for row in rows]


async def get_parked(conn: Connection, parked_id: int) -> Listed:
    """One parked event. Raises NotFound."""
    row = await conn.fetchrow(ONE, parked_id)
    if row is None:
        raise NotFound(
            f"there is no parked event {parked_id}: it was applied meanwhile, or never parked here"
        )
    return Listed(**row)


async def show_parked(conn: Connection, parked_id: int) -> Shown:
    """One parked event with its record and what waits behind it. Raises NotFound."""
    listed = await get_parked(conn, parked_id)
    record = await conn.fetchrow(
        "SELECT partition, record_offset, record_time, headers, payload FROM parked WHERE id = $1", parked_id
    )
    if record is None:
        raise NotFound(f"parked event {parked_id} was applied at this very moment")
    return Shown(
        listed,
        record["partition"],
        record["record_offset"],
        record["record_time"],
        tuple((name, readable_header(value)) for name, value in inbox.headers_of(record["headers"])),
        readable(record["payload"]),
        await _waiting(conn, listed) if listed.waiting else (),
    )


async def _waiting(conn: Connection, listed: Listed) -> Sequence[Waiting]:
    rows = await conn.fetch(
        """
        SELECT id, event_id, state, record_time AS time FROM parked
        WHERE topic = $1 AND key = $2 AND id > $3 AND state <> 'dropped' ORDER BY id LIMIT $4
        """,
        listed.topic,
        listed.key,
        listed.id,
        WAITING_SHOWN,
    )
    return tuple(Waiting(**row) for row in rows)


def readable_header(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\0"
    return "base64:" + b64encode(value).decode() if "\0" in text else text


def readable(payload: bytes | None) -> Payload:
    """JSON laid out for reading, else text as it is, else base64."""
    if payload is None:
        return Payload("none", "")
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return _cut("base64", b64encode(payload).decode())
    try:
        laid_out = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        laid_out.encode()  # half a surrogate pair is JSON, but no text that can be sent
    except (ValueError, RecursionError):
        return _cut("text", text)
    return _cut("json", laid_out)


def _cut(kind: Format, text: str) -> Payload:
    return Payload(kind, text[:PAYLOAD_CHARS_MAX], len(text) > PAYLOAD_CHARS_MAX)


RETRIED = """
UPDATE parked p
SET next_attempt_at = clock_timestamp(),
    state = CASE WHEN p.state <> 'dead' THEN p.state
                 WHEN p.event_id IS NULL THEN 'unreadable' ELSE 'failed' END
WHERE p.state IN ('failed', 'early', 'unreadable', 'dead') AND ($1::bigint IS NULL OR p.id = $1)
  AND NOT EXISTS (SELECT FROM parked earlier WHERE earlier.topic = p.topic AND earlier.key = p.key
                  AND earlier.id < p.id AND earlier.state <> 'dropped')
RETURNING p.id
"""


async def retry_parked(conn: Connection, parked_id: int | None) -> int:
    """Makes one parked event, or every one whose turn it is, due now. Returns how many.

    The consumer tries them within about a second, and what waits behind one goes on after it. A dead one has
    one more try. Raises NotFound, WaitsBehind or AlreadyDropped.
    """
    async with conn.transaction():
        if parked_id is not None:
            await _lock(conn, parked_id)
            found = await get_parked(conn, parked_id)
            _refuse_dropped(found)
            if found.head is not None:
                raise WaitsBehind(
                    f"parked event {parked_id} waits behind {found.head}, an earlier one of its key: "
                    f"retry or drop {found.head}, and it goes on by itself"
                )
            if found.state == "behind":
                return 1  # the one before it has just gone: it is tried without being asked
        return len(await conn.fetch(RETRIED, parked_id))


async def drop_parked(conn: Connection, parked_id: int, reason: str, *, by: str) -> Listed:
    """Gives one parked event up for good; row, reason and name are kept, and its key goes on.

    What waits behind another has never been tried: nothing is known against it, so it cannot be dropped
    before it had its turn. Raises NotFound, AlreadyDropped, WaitsBehind or BadReason.
    """
    said = checked_reason(reason)
    async with conn.transaction():
        await _lock(conn, parked_id)
        found = await get_parked(conn, parked_id)
        _refuse_dropped(found)
        if found.state == "behind":
            turn = f"waits behind {found.head}: retry or drop {found.head} first" if found.head else "is next"
            raise WaitsBehind(f"parked event {parked_id} has not been tried yet, it {turn}")
        await conn.execute(
            """
            UPDATE parked SET state = 'dropped', next_attempt_at = NULL, closed_at = clock_timestamp(),
                   closed_reason = $2, closed_by = $3
            WHERE id = $1
            """,
            parked_id,
            said,
            by,
        )
        return await get_parked(conn, parked_id)


async def _lock(conn: Connection, parked_id: int) -> None:
    """Waits for a consumer that is just trying it: what is decided then rests on what became of it."""
    await conn.fetchval("SELECT id FROM parked WHERE id = $1 FOR UPDATE", parked_id)


def _refuse_dropped(found: Listed) -> None:
    if found.state == "dropped":
        when = f"{found.closed_at:%Y-%m-%d %H:%M} UTC" if found.closed_at else "earlier"
        raise AlreadyDropped(
            f"parked event {found.id} was dropped by {found.closed_by or 'somebody'} ({when}): "
            f"{found.closed_reason}"
        )


def checked_reason(reason: str) -> str:
    """The reason without the space around it. Raises BadReason."""
    said = reason.strip()
    if not said:
        raise BadReason(
            "reason: say why, it is kept with the event", [FieldError("/reason", "must not be empty")]
        )
    if len(said) > REASON_CHARS_MAX:
        detail = f"may have {REASON_CHARS_MAX} characters, not {len(said)}"
        raise BadReason(f"reason: {detail}", [FieldError("/reason", detail)])
    return said


async def resume(conn: Connection, *, by: str) -> Resumed:
    """Lets a stopped consumer go on, in every process of the service. Says what the stop was."""
    row = await conn.fetchrow(
        """
        UPDATE consumer_state c SET stopped_at = NULL, stopped_reason = NULL,
               resumed_at = CASE WHEN before.stopped_at IS NULL THEN c.resumed_at ELSE clock_timestamp() END,
               resumed_by = CASE WHEN before.stopped_at IS NULL THEN c.resumed_by ELSE $1 END
        FROM (SELECT stopped_at, stopped_reason FROM consumer_state FOR UPDATE) before
        RETURNING before.stopped_at, before.stopped_reason
        """,
        by,
    )
    assert row is not None
    return Resumed(row["stopped_at"], row["stopped_reason"])


def as_json(shown: Shown | Listed) -> dict[str, Any]:
    """For machines: plain values, times as texts by whoever writes them out."""
    if isinstance(shown, Listed):
        return dict(vars(shown))
    fields = {
        **vars(shown.listed),
        "meaning": MEANINGS[shown.listed.state],
        "waiting_total": shown.listed.waiting,
    }
    return fields | {
        "partition": shown.partition,
        "offset": shown.offset,
        "record_time": shown.record_time,
        "headers": [list(header) for header in shown.headers],
        "payload": dict(vars(shown.payload)),
        "waiting": [dict(vars(one)) for one in shown.waiting],
    }
