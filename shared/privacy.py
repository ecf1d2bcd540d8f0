"""Forgetting a person: the same order of things in every service, each with its own list of places.

A service names each table that keeps something of people, one `Place` for each, and the tables that do not,
with the reason: a test walks its catalog and finds the table that is in neither list.

Topics promise no order among each other, so what is heard late of somebody who was erased must neither bring
anything back nor wait for a card that will never come: `erased_person` knows them by an id that leads back to
nobody. The tombstone of a card is heard as the erasure itself, once more: it comes after the last card, so
what raced with the first deletion is found by the second.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.events import EVENTS, PersonForgotten, PersonId
from shared.tx import Connection, Tx

FORMER = ("A former", "colleague")
"""Given and family name of whoever was erased, where somebody else's page or mail has to name them."""
CARDS = tuple(event.topic() for event in EVENTS if event.compacted and event.tombstone is not None)

WITHOUT: Mapping[str, str] = {
    "schema_migrations": "names of files",
    "outbox": "on its way out within seconds; a card in it is followed by its tombstone",
    "outbox_sequence": "ids and numbers",
    "inbox": "ids and numbers",
    "consumer_state": "who let a consumer go on: an operator",
    "used_link": "ids of links",
    "erased_person": "ids that lead back to nobody",
    "retention": "counts",
}
"""Tables of the plumbing in which nothing is to be deleted, and why."""
EMPTIED = ("parked", "idempotency")
"""Those in which something is, in every service."""

NOTE = """
INSERT INTO erased_person (person_id, erased_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true
"""
ERASED = "SELECT person_id FROM erased_person WHERE person_id = ANY($1::uuid[])"
EMPTY_PARKED = """
UPDATE parked SET state = 'dropped', key = $1, headers = '[]', payload = NULL, error = '',
       next_attempt_at = NULL, closed_at = clock_timestamp(), closed_by = 'erasure',
       closed_reason = 'it held data of a person who was erased'
WHERE payload IS NOT NULL
  AND ((topic = ANY($2::text[]) AND key = $1)
       OR (state IN ('unreadable', 'dead', 'dropped')
           AND (EXISTS (SELECT FROM unnest($3::bytea[]) AS word
                        WHERE position(word IN payload) > 0 OR position(word IN convert_to(key, 'UTF8')) > 0)
                OR (cardinality($4::bytea[]) > 0
                    AND (NOT EXISTS (SELECT FROM unnest($4::bytea[]) AS name
                                     WHERE position(name IN payload) = 0)
                         OR NOT EXISTS (SELECT FROM unnest($5::bytea[]) AS name
                                        WHERE position(name IN payload) = 0))))))
"""
"""Cards of the person by their key; of what nobody can read or need any more, whatever names the person."""
EMPTY_ANSWERS = """
UPDATE idempotency SET status = 410, headers = '{"content-type": "application/problem+json"}', body = $1
WHERE EXISTS (SELECT FROM unnest($2::bytea[]) AS word WHERE position(word IN body) > 0)
"""
GONE = {
    "type": "about:blank",
    "title": "Gone",
    "status": 410,
    "detail": "It was done once; the answer held data of a person who was erased.",
}


@dataclass(frozen=True)
class Place:
    """What an erasure does to one table. `sql` takes the person's id; a second time it finds nothing."""

    table: str
    sql: str


@dataclass(frozen=True)
class Traces:
    """By what a person is known in bytes that are nobody's row.

    One of `words` is enough (a mail address); the `names` count where all of them stand.
    """

    person_id: UUID
    words: Sequence[str] = ()
    names: Sequence[str] = ()


async def erased(conn: Connection, person_ids: Collection[UUID]) -> set[UUID]:
    """Who of these was erased."""
    rows = await conn.fetch(ERASED, list(person_ids))
    return {row["person_id"] for row in rows}


async def forget_and_say(tx: Tx, traces: Traces, places: Sequence[Place]) -> None:
    """What a listener does about an erasure: deletes, and gives the receipt; again where more was found."""
    is_news = await note(tx, traces.person_id)
    removed = await forget(tx, traces, places)
    if is_news or removed:
        person_id = PersonId(traces.person_id)
        tx.emit(PersonForgotten(at=tx.now, person_id=person_id, service=tx.service, removed=removed))


async def note(tx: Tx, person_id: UUID) -> bool:
    """Remembers that a person was erased; False where that is known."""
    return bool(await tx.conn.fetchval(NOTE, person_id, tx.now))


async def forget(tx: Tx, traces: Traces, places: Sequence[Place]) -> Mapping[str, int]:
    """Deletes what there is. Returns rows by table, without tables that had none."""
    removed: Counter[str] = Counter()
    for place in places:
        removed[place.table] += _rows(await tx.conn.execute(place.sql, traces.person_id))
    removed["parked"] += await _empty_parked(tx.conn, traces)
    removed["idempotency"] += await _empty_answers(tx.conn, traces)
    return {table: rows for table, rows in removed.items() if rows}


async def _empty_parked(conn: Connection, traces: Traces) -> int:
    key, words = str(traces.person_id), (str(traces.person_id), *traces.words)
    names = [name for name in traces.names if name]
    plain, escaped = [name.encode() for name in names], [json.dumps(name)[1:-1].encode() for name in names]
    return _rows(await conn.execute(EMPTY_PARKED, key, list(CARDS), _in_bytes(words), plain, escaped))


async def _empty_answers(conn: Connection, traces: Traces) -> int:
    words = (str(traces.person_id), *traces.words, *traces.names)
    return _rows(await conn.execute(EMPTY_ANSWERS, json.dumps(GONE).encode(), _in_bytes(words)))


def _in_bytes(words: Sequence[str]) -> list[bytes]:
    """As they stand in JSON, with and without escapes."""
    spelt = [(json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]) for word in words if word]
    return sorted({spelling.encode() for pair in spelt for spelling in pair})


def _rows(said: str) -> int:
    """How many rows a statement touched, by its own words."""
    return int(said.rpartition(" ")[2])
