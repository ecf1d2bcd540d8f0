"""Webhook: facts that are stored and taken over, one to a delivery and many to a delivery."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from services.matching.hris.webhook import BATCH, SINGLE
from tests.bench.figures import Row
from tests.bench.hris import staff
from tests.bench.hris.clients import Request
from tests.bench.hris.house import WEBHOOK, House, Matching

PATH = f"/v1/hris/events?source={WEBHOOK}"
WAITS = "SELECT count(*) FROM hris_received"
FACTS_MIN = 500
ONE, MANY = "one fact to a delivery", "facts in batches"


def deliveries(secret: str, bodies: Sequence[Any]) -> list[Request]:
    """Signed now: they are let in for five minutes."""
    signer, now = Webhook(secret), datetime.now(UTC)
    made = []
    for place, body in enumerate(bodies):
        content, delivery = staff.as_body(body), f"{now.timestamp()}-{place}"
        headers = {
            "content-type": BATCH if isinstance(body, list) else SINGLE,
            "webhook-id": delivery,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(delivery, now, content.decode()),
        }
        made.append(Request("POST", PATH, headers, content))
    return made


async def rows(house: House) -> list[Row]:
    sizes = house.sizes
    people = sizes.people
    single = [staff.a_change(place * 7 % people, place) for place in range(sizes.events)]
    many = [staff.a_change(place * 7 % people, sizes.events + place) for place in range(sizes.batched)]
    batches = [many[first : first + sizes.batch] for first in range(0, len(many), sizes.batch)]
    async with house.serving(await house.company(people)) as matching:
        secret = await matching.opener(WEBHOOK, "secret")
        first = await _measured(matching, deliveries(secret, single), "webhook-single", ONE)
        second = await _measured(matching, deliveries(secret, batches), "webhook-batch", MANY)
    return [first, second]


async def _measured(matching: Matching, sent: Sequence[Request], called: str, how: str) -> Row:
    facts = sum(max(1, request.body.count(b'"specversion"')) for request in sent)
    used_s = matching.cpu_s()
    driven = (await matching.clients.drive(sent)).all_are(202)
    await matching.until(WAITS, 0)
    rate = facts / (time.monotonic() - driven.began)
    cost_ms = (matching.cpu_s() - used_s) / facts * 1000
    return Row(
        id=called,
        what=f"facts a second, stored and taken over: {how}, {matching.clients.many} clients, one worker;"
        f" an answer p50 {driven.at(0.5):.0f} ms, p99 {driven.at(0.99):.0f} ms",
        unit="facts/s",
        value=rate,
        bound=None,
        ratio=None,
        goal=FACTS_MIN,
        at_least=True,
        spread=(rate, rate),
        bounded_by=f"{cost_ms:.2f} ms of the process's core for each fact, relay included",
    )
