"""The connection test: what of a source's way in works, and what to do where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.matching import core, store
from services.matching.core.sources import Credential, Source
from services.matching.hris import sealing
from shared.tx import Connection

HEARD_HOW: Mapping[str, str] = {
    "scim": "let the identity provider test its connection to /scim/v2",
    "webhook": "let the sender deliver one event to /v1/hris/events?source={name}",
    "csv": "import a file",
    "feed": "write one record to the topic hris-events, with the CloudEvents source {name}",
    "desk": "change somebody by hand",
}


@dataclass(frozen=True)
class Check:
    """One thing that has to work; `detail` says how it is, or what to do."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Around:
    """What a check needs beside the store: the deployment's key, wall time, whether Kafka answers."""

    key: str
    now: datetime
    broker_ok: bool


async def checks(conn: Connection, source: Source, around: Around) -> list[Check]:
    """All of them, in the order in which one mends them."""
    tokens = await store.sources.credentials(conn, source.name, "token")
    secrets = await store.sources.credentials(conn, source.name, "secret")
    sealed = await store.sources.signing_secrets(conn, source.name, around.now)
    failed = (await store.received.failed(conn)).get(source.name, 0)
    refused = await store.received.refused(conn, source.name)
    return [
        _in_use(source),
        *_opener(source, secrets if source.kind == "webhook" else tokens, around),
        *_secrets(source, sealed, around),
        _heard(source, around.now),
        _taken(failed, refused),
    ]


def _in_use(source: Source) -> Check:
    if source.retired_at is None:
        return Check("in use", True, f"precedence {source.precedence}")
    return Check("in use", False, f"retired on {source.retired_at:%d %B %Y}: create a new source")


def _opener(source: Source, known: list[Credential], around: Around) -> Iterator[Check]:
    if source.kind == "feed":
        detail = "Kafka answers" if around.broker_ok else "Kafka does not answer: see `mentoring status`"
        yield Check("broker", around.broker_ok, detail)
    if source.kind not in core.sources.SCOPES:
        return
    kind = "secret" if source.kind == "webhook" else "token"
    live = core.sources.live(known, around.now)
    if not live:
        yield Check(kind, False, f"none is live: `mentoring hris {kind} create {source.name}`")
        return
    ends = live[0].expires_at
    if ends is None:
        yield Check(kind, True, f"{len(live)} live, for good")
    elif ends - around.now < core.sources.EXPIRES_SOON:
        yield Check(kind, False, f"ends on {ends:%d %B %Y}: `mentoring hris {kind} rotate {source.name}`")
    else:
        yield Check(kind, True, f"{len(live)} live, the newest until {ends:%d %B %Y}")


def _secrets(source: Source, sealed: list[tuple[UUID, bytes]], around: Around) -> Iterator[Check]:
    if not sealed:
        return
    lost = 0
    for secret_id, box in sealed:
        try:
            sealing.unseal(around.key, box, source=source.name, secret_id=secret_id)
        except sealing.CannotUnseal:
            lost += 1
    how = f"`mentoring hris secret rotate {source.name}`"
    what_to_do = f"{lost} sealed with another MENTORING_LINK_KEY: {how}"
    yield Check("signature", not lost, what_to_do if lost else "signatures can be checked")


def _heard(source: Source, now: datetime) -> Check:
    how = HEARD_HOW[source.kind].format(name=source.name)
    if source.last_contact_at is None and source.last_success_at is None:
        return Check("heard of", False, f"never yet: {how}")
    if source.last_success_at is None:
        return Check("heard of", False, "it came in, and nothing that it said could be kept")
    last = f"last success {source.last_success_at:%d %B %Y %H:%M} UTC"
    if source.is_silent(now):
        return Check("heard of", False, f"{last}, longer ago than {source.silent_after_hours} h: {how}")
    return Check("heard of", True, last)


def _taken(failed: int, refused: Mapping[str, int]) -> Check:
    wrong = {"failed": failed, **refused}
    found = [f"{many} {state}" for state, many in wrong.items() if many]
    return Check("taken over", not found, ", ".join(found) if found else "nothing failed, held or rejected")
