"""Two stores, row by row: a hash per table that does not care for order, and what differs, by key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.tx import Connection

ROWS_AT_ONCE = 2000
LISTED_MAX = 20
MODULUS = 1 << 128
TABLE = """
SELECT concat_ws(' ', {key}) AS key, (to_jsonb(t) - $1::text[])::text AS row
FROM {table} t ORDER BY concat_ws(' ', {key}) COLLATE "C"
"""


@dataclass(frozen=True)
class Compared:
    """What is compared: a query of keys and rows (canonical JSON), sorted by key; what it leaves out."""

    name: str
    query: str
    arguments: tuple[Any, ...]
    but: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One key that is not the same in both. `columns` of a row that is in both: name, live, rebuilt."""

    key: str
    where: str
    columns: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Row:
    """A row as canonical JSON, by its key."""

    key: str
    text: str

    @property
    def hash(self) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.key}\n{self.text}".encode()).digest()[:16])


@dataclass
class Verdict:
    """What came out for one table."""

    name: str
    but: tuple[str, ...] = ()
    live_rows: int = 0
    rebuilt_rows: int = 0
    live_hash: int = 0
    rebuilt_hash: int = 0
    different: int = 0
    listed: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return (self.live_rows, self.live_hash) == (self.rebuilt_rows, self.rebuilt_hash)

    def see(self, live: Row | None, rebuilt: Row | None) -> None:
        """The rows of one key, as far as they are there; the hash of a table is the sum of its rows'."""
        if live is not None:
            self.live_rows += 1
            self.live_hash = (self.live_hash + live.hash) % MODULUS
        if rebuilt is not None:
            self.rebuilt_rows += 1
            self.rebuilt_hash = (self.rebuilt_hash + rebuilt.hash) % MODULUS
        if live != rebuilt:
            self.differs(_difference(live, rebuilt))

    def differs(self, one: Difference) -> None:
        self.different += 1
        if len(self.listed) < LISTED_MAX:
            self.listed.append(one)


def table(name: str, key: Sequence[str], but: Sequence[str] = ()) -> Compared:
    """A whole table, without some columns. The names are ours: they stand in this repository."""
    columns = ", ".join(f"t.{column}" for column in key)
    return Compared(name, TABLE.format(key=columns, table=name), (list(but),), tuple(but))


async def compare(
    live: Connection, rebuilt: Connection, what: Compared, *, except_keys: Collection[str] = ()
) -> Verdict:
    """Merges both by key; memory does not grow with the rows. Both connections are in a transaction."""
    verdict = Verdict(what.name, what.but)
    lives, rebuilts = _rows(live, what, except_keys), _rows(rebuilt, what, except_keys)
    mine, other = await anext(lives, None), await anext(rebuilts, None)
    while mine is not None or other is not None:
        if other is None or (mine is not None and mine.key < other.key):
            verdict.see(mine, None)
            mine = await anext(lives, None)
        elif mine is None or other.key < mine.key:
            verdict.see(None, other)
            other = await anext(rebuilts, None)
        else:
            verdict.see(mine, other)
            mine, other = await anext(lives, None), await anext(rebuilts, None)
    return verdict


async def _rows(conn: Connection, what: Compared, except_keys: Collection[str]) -> AsyncIterator[Row]:
    cursor = await conn.cursor(what.query, *what.arguments)
    while found := await cursor.fetch(ROWS_AT_ONCE):
        for row in found:
            if row["key"] not in except_keys:
                yield Row(row["key"], row["row"])


def _difference(live: Row | None, rebuilt: Row | None) -> Difference:
    if live is None or rebuilt is None:
        one = live or rebuilt
        assert one is not None
        return Difference(one.key, "only rebuilt" if live is None else "only live")
    return Difference(live.key, "not the same", _columns(live.text, rebuilt.text))


def _columns(live: str, rebuilt: str) -> tuple[tuple[str, str, str], ...]:
    mine, other = json.loads(live), json.loads(rebuilt)
    return tuple(
        (name, json.dumps(mine.get(name)), json.dumps(other.get(name)))
        for name in sorted(mine.keys() | other.keys())
        if mine.get(name) != other.get(name)
    )
