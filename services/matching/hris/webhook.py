"""`POST /v1/hris/events`: facts in CloudEvents, one or a batch, signed as Standard Webhooks are.

The signature proves who sent it; which source that is stands in the address (`?source=…`), or a token of the
source tells it. A delivery that is malformed anywhere is refused whole. A well-formed one is stored by one
statement and answered with 202; a loop takes it over within moments (`hris/applying.py`), each fact with a
state of its own where the business says no. A delivery that comes again is answered like the first and does
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.matching import store
from services.matching.core.facts import Fact
from services.matching.hris import entrance, sealing, signature, statements
from services.matching.hris.credentials import wall_now
from services.matching.store.received import Delivery
from shared import auth, log
from shared.api import doors
from shared.errors import FieldError, Refused
from shared.tx import Tx

SINGLE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
FACT: TypeAdapter[Fact] = TypeAdapter(Fact)


class NotCloudEvents(Refused):
    status = 415
    code = "not-cloudevents"


class MalformedEvents(Refused):
    status = 422
    code = "invalid"


class NotJson(Refused):
    status = 400
    code = "not-json"


class DeliveryReused(Refused):
    code = "delivery-reused"


class NoSecret(Refused):
    status = 401
    code = "no-secret"


@dataclass(frozen=True)
class Delivered:
    """A delivery whose signature fits, and the transaction in which it is stored."""

    tx: Tx
    source: str
    id: str
    body: bytes
    batch: bool


class Stored(BaseModel):
    """How many facts were stored; `repeated` where this delivery had been stored before."""

    stored: int
    repeated: bool


class SignedBySource:
    """Guard: reads a delivery and lets it in if a live secret of its source signed it.

    One transaction serves the look at the secrets and the storing; it begins when all of the delivery is
    here.
    """

    guards: ClassVar[bool] = True

    async def __call__(
        self, request: Request, source: Annotated[str | None, Query(max_length=60)] = None
    ) -> AsyncIterator[Delivered]:
        batch = _is_batch(request.headers.get("content-type", ""))
        signed = signature.read(request.headers, now_s=wall_now().timestamp())
        body = await request.body()
        async with doors.opened(request) as tx:
            name, secrets = await _secrets(request, tx, source)
            signature.check(signed, body, secrets)
            await entrance.of(request).count(name)
            yield Delivered(tx, name, signed.id, body, batch)


SignedDelivery = Annotated[Delivered, Depends(SignedBySource(), scope="function")]


async def post_events(request: Request, delivered: SignedDelivery) -> Stored:
    """Facts about people, as CloudEvents of the types `mentoring.hris.<kind>.v1`: one, or up to 500 together.

    All of a delivery is stored, or nothing: where it is malformed the answer has the place of each fault. 202
    means stored; each fact is then taken over by itself. The same `webhook-id` again is answered as repeated.
    """
    gate, conn = entrance.of(request), delivered.tx.conn
    try:
        facts = read(delivered.body, delivered.source, batch=delivered.batch, now=delivered.tx.now)
    except Refused:
        await gate.heard(delivered.source, success=False)
        raise
    kept = [FACT.dump_json(fact).decode() for fact in facts]
    digest = hashlib.sha256(delivered.body).hexdigest()
    delivery = Delivery(delivered.source, delivered.id, digest, wall_now())
    new = await store.received.keep(conn, delivery, [fact.event_id for fact in facts], kept)
    if not new and await store.received.hash_of_delivery(conn, delivery.source, delivery.id) != digest:
        raise DeliveryReused(f"the webhook-id {delivery.id} was used for another body: take a new one")
    await gate.heard(delivered.source, success=True, conn=conn)
    return Stored(stored=len(facts), repeated=not new)


def read(body: bytes, source: str, *, batch: bool, now: datetime) -> list[Fact]:
    """The facts of a delivery. Raises MalformedEvents with every fault's place, or NotJson."""
    try:
        said = statements.MANY.validate_json(body) if batch else [statements.ONE.validate_json(body)]
    except ValidationError as error:
        raise _malformed(error) from error
    facts = [statements.fact_of(one, source) for one in said]
    places = [f"/{place}" for place in range(len(facts))] if batch else [""]
    errors = statements.wrong_in(facts, zones=zones(), now=now, prefix=places)
    if errors:
        raise MalformedEvents(_in_short(errors), errors)
    return facts


@cache
def zones() -> frozenset[str]:
    """The time zones that this machine knows; finding them takes milliseconds."""
    return frozenset(available_timezones())


def _malformed(error: ValidationError) -> Refused:
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return NotJson(f"the body is no JSON: {found[0]['ctx']['error']}")
    errors = [statements.fault(one["type"], one["loc"], one["msg"]) for one in found]
    return MalformedEvents(_in_short(errors), errors[: statements.ERRORS_MAX])


def _in_short(errors: Sequence[FieldError]) -> str:
    shown = "; ".join(f"{one.pointer}: {one.detail}" for one in errors[:3])
    return f"Nothing was stored. {shown}"


def _is_batch(content_type: str) -> bool:
    """Raises NotCloudEvents."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (SINGLE, BATCH):
        raise NotCloudEvents(f"this takes {SINGLE} or {BATCH}, not {kind[:100] or 'a body without a type'}")
    return kind == BATCH


async def _secrets(request: Request, tx: Tx, source: str | None) -> tuple[str, list[bytes]]:
    """The source that speaks, and its live secrets. Raises NoSecret, Unauthenticated, Forbidden."""
    gate, key = entrance.of(request), auth.keys_of(request).link_key
    authorization = request.headers.get("authorization")
    if authorization is not None or source is None:
        known = await gate.enter(tx.conn, authorization, "hris:events")
        if source not in (None, known.name):
            raise auth.Forbidden(f"this token is of {known.name}, the address names {source}")
        source = known.name
    sealed = await store.sources.signing_secrets(tx.conn, source, wall_now())
    found = []
    for secret_id, box in sealed:
        try:
            found.append(sealing.unseal(key, box, source=source, secret_id=secret_id))
        except sealing.CannotUnseal:
            log.error("webhook-secret", source=source, secret=str(secret_id), outcome="cannot be unsealed")
    if not found:
        raise NoSecret(f"no webhook {source} has a live secret: see `mentoring hris secret list`")
    return source, found


def _document() -> dict[str, Any]:
    names = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in signature.NAMES
    ]
    content = {
        SINGLE: {"schema": statements.schema(statements.ONE)},
        BATCH: {"schema": statements.schema(statements.MANY)},
    }
    return {"parameters": names, "requestBody": {"required": True, "content": content}}


def router() -> APIRouter:
    made = APIRouter(prefix="/v1/hris", tags=["hris"])
    made.post("/events", status_code=202, openapi_extra=_document())(post_events)
    return made
