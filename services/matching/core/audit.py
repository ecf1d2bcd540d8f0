"""The chain of what was changed, and whether it holds: written by the database, checked here from scratch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

BEGINNING = bytes(32)
"""What stands before the first link."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FINDINGS_MAX = 100

State = Literal["changed", "moved", "missing", "emptied"]
SAID: dict[State, str] = {
    "changed": "what it says of the change is not what was sealed",
    "moved": "who, when, what or its place is not what was sealed, or the entry before it is another one",
    "missing": "there is none: it was removed",
    "emptied": "what it said is gone, and no erasure has taken it",
}


@dataclass(frozen=True)
class Entry:
    """One change. `payload` is JSON; it and the salt are empty once they were erased. `position`, `digest`
    and `link` are the seal; without one the entry still waits for it."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    key: str
    person_id: UUID | None
    partner_id: UUID | None
    salt: bytes | None
    payload: str | None
    position: int | None
    digest: bytes | None
    link: bytes | None


@dataclass(frozen=True)
class Told:
    """What a change says, by columns."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]


def told(payload: Mapping[str, Mapping[str, Any]]) -> Told:
    """Only what changed: an entry that is not sealed yet has all columns."""
    before, after = payload.get("before", {}), payload.get("after", {})
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return Told(
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


@dataclass(frozen=True)
class Forgotten:
    """What may be empty: entries about people who were erased, and those up to a place by their age."""

    people: frozenset[UUID]
    up_to: int = 0

    def explains(self, entry: Entry) -> bool:
        if entry.position is not None and entry.position <= self.up_to:
            return True
        return bool({entry.person_id, entry.partner_id} & self.people)


@dataclass(frozen=True)
class Finding:
    """What is wrong at a place of the chain."""

    position: int
    state: State

    @property
    def sentence(self) -> str:
        return f"entry {self.position}: {SAID[self.state]}"


@dataclass(frozen=True)
class Head:
    """A place in the chain and its link. Kept elsewhere, it shows later whether the end was cut off."""

    position: int = 0
    link: bytes = BEGINNING

    def __str__(self) -> str:
        return f"{self.position}:{self.link.hex()}"


@dataclass(frozen=True)
class Verdict:
    """`broken` counts all that is wrong, `findings` are the first of them."""

    head: Head = field(default_factory=Head)
    sealed: int = 0
    erased: int = 0
    waiting: int = 0
    broken: int = 0
    findings: tuple[Finding, ...] = ()


def digest_of(salt: bytes, payload: str) -> bytes:
    return sha256(salt + payload.encode()).digest()


def link_of(before: bytes, entry: Entry, digest: bytes) -> bytes:
    """The same as the function `audit_link` of the database."""
    microseconds = (entry.at - EPOCH) // timedelta(microseconds=1)
    about = (str(entry.position), str(entry.id), str(microseconds), entry.actor, entry.action, entry.subject)
    whom = ("" if one is None else str(one) for one in (entry.person_id, entry.partner_id))
    parts = (sha256(part.encode()).digest() for part in (*about, entry.key, *whom))
    return sha256(before + b"".join(parts) + digest).digest()


def forgotten(notes: Iterable[Entry]) -> Forgotten:
    """What the chain itself says was erased: its entries of the action "forget"."""
    people, up_to = set(), 0
    for note in notes:
        if note.subject == "audit_entry":
            up_to = max(up_to, int(note.key))
        elif note.person_id is not None:
            people.add(note.person_id)
    return Forgotten(frozenset(people), up_to)


def verify(entries: Iterable[Entry], known: Forgotten, before: Verdict) -> Verdict:
    """Checks the next sealed entries, in the order of their places. One that was erased is counted as such:
    its seal still holds."""
    head, sealed, erased = before.head, before.sealed, before.erased
    wrong: list[Finding] = []
    for entry in entries:
        position = entry.position or 0
        wrong += [Finding(gap, "missing") for gap in range(head.position + 1, position)]
        wrong += [Finding(position, state) for state in _wrong_with(entry, known, head)]
        erased += entry.payload is None and known.explains(entry)
        # From the link that was sealed, so that one wrong entry is one finding.
        head = Head(position, entry.link or b"")
        sealed += 1
    findings = (*before.findings, *wrong)[:FINDINGS_MAX]
    return Verdict(head, sealed, erased, before.waiting, before.broken + len(wrong), findings)


def _wrong_with(entry: Entry, known: Forgotten, head: Head) -> Iterator[State]:
    digest = entry.digest or b""
    if entry.salt is None or entry.payload is None:
        if not known.explains(entry):
            yield "emptied"
    elif digest_of(entry.salt, entry.payload) != digest:
        yield "changed"
    if link_of(head.link, entry, digest) != entry.link:
        yield "moved"


def read_head(text: str) -> Head | None:
    """A head as it is written: place, colon, 64 hex digits. None where it is none."""
    place, _, link = text.partition(":")
    try:
        found = Head(int(place), bytes.fromhex(link))
    except ValueError:
        return None
    return found if len(found.link) == len(BEGINNING) and found.position > 0 else None
