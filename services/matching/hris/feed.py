"""The Kafka topic `hris-events`: the same CloudEvents as the webhook takes, in binary or in structured mode.

Who may write there is let in by Kafka's own rules. The CloudEvents attribute `source` is the name of the
source as it was created, and the record's key should be the person's. No order is needed among facts, so each
record stands alone: one that cannot be read or taken over is parked by itself and holds up nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from asyncpg.pgproto import pgproto

from services.matching import commands, store
from services.matching.hris import statements
from services.matching.hris.credentials import wall_now
from services.matching.hris.entrance import MARKED_EVERY
from shared import envelope
from shared.envelope import Envelope, Malformed
from shared.errors import Early
from shared.events import Event
from shared.inbox import Heard, Record
from shared.service import Feed, InBatches
from shared.tx import Tx

TOPIC = "hris-events"
STRUCTURED = b"application/cloudevents+json"
ATTRIBUTES = ("specversion", "id", "source", "type", "time")


class HrisEvents(Event):
    """One statement of the feed, and when: as the source says, else when the record was written."""

    key_field = "said_by"

    said_by: str
    statement: statements.AnyStatement


def read(record: Record) -> Heard:
    """The statement in a record, under a key of its own. Raises Malformed or a ValidationError."""
    if record.value is None:
        raise Malformed("the record has no value")
    headers = {name.lower(): value for name, value in record.headers}
    structured = headers.get("content-type", b"").startswith(STRUCTURED)
    body = record.value if structured else _from_binary(headers, record.value)
    statement = statements.ONE.validate_json(body)
    name = f"{statement.source} {statement.id}"
    said = Envelope(
        id=pgproto.UUID(uuid5(NAMESPACE_URL, f"{TOPIC} {name}").bytes),
        type=statement.type,
        source=statement.source,
        subject="",
        time=statement.time or record.time,
        sequence=0,
        trace=envelope.new_trace(headers.get("traceparent", b"").decode("ascii", "replace") or None),
    )
    event = HrisEvents(at=said.time, said_by=statement.source, statement=statement)
    return Heard(record._replace(key=name), said, event)


def _from_binary(headers: Mapping[str, bytes], value: bytes) -> bytes:
    """A record in binary mode as one document. Raises Malformed."""
    try:
        said: dict[str, Any] = {
            name: headers[f"ce_{name}"].decode() for name in ATTRIBUTES if f"ce_{name}" in headers
        }
        return orjson.dumps({**said, "data": orjson.loads(value)})
    except UnicodeDecodeError as error:
        raise Malformed(f"a header is not text: {error.reason}") from error
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the data is no JSON: {error.msg}") from error


async def on_hris_events(heard: Sequence[HrisEvents], tx: Tx) -> None:
    """Raises Early where nobody created the source or its clock is wrong: that may be mended."""
    names = sorted({event.said_by for event in heard})
    known = await store.sources.feeds(tx.conn)
    for name in names:
        if name not in known:
            raise Early(f"the feed {name} (`mentoring hris source create {name} --kind feed`)")
    facts = [statements.fact_of(event.statement, event.said_by) for event in heard]
    latest = tx.now + statements.AHEAD_MAX
    if any(fact.said_at is not None and fact.said_at > latest for fact in facts):
        raise Early("a time that is more than a day ahead (set the source's clock)")
    await commands.facts.take(tx, facts)
    for name in names:
        await store.sources.mark(tx.conn, name, wall_now(), success=True, spacing=MARKED_EVERY)


FEEDS = (Feed(TOPIC, HrisEvents, read, InBatches(on_hris_events)),)
