"""A webhook's sender: an independent library signs, real deliveries come in by HTTP."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from standardwebhooks import Webhook

from tests.integration.matching.world import World

SINGLE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
PATH = "/v1/hris/events"


@dataclass
class Sender:
    """A source of the kind webhook, and the secret it signs with."""

    world: World
    secret: str
    source: str = "core"

    async def send(
        self,
        events: Any,
        *,
        delivery: str | None = None,
        ago_s: float = 0,
        drop: Sequence[str] = (),
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> httpx.Response:
        """Signs as it should be, unless something is to be wrong; `body` is sent for what is signed."""
        content = json.dumps(events)
        number, at = delivery or f"msg_{uuid.uuid4().hex}", datetime.now(UTC) - timedelta(seconds=ago_s)
        sent = {
            "content-type": BATCH if isinstance(events, list) else SINGLE,
            "webhook-id": number,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(number, at, content),
            **(headers or {}),
        }
        named = {"source": self.source} if params is None else params
        kept = {name: value for name, value in sent.items() if name not in drop}
        client = self.world.client
        return await client.post(PATH, content=body or content.encode(), headers=kept, params=named)


async def a_sender(world: World, source: str = "core") -> Sender:
    made = await world.call("POST", "/v1/hris/sources", {"name": source, "kind": "webhook"}, token="hr-admin")
    assert made.status_code == 201, made.text
    return Sender(world, await a_secret(world, source), source)


async def a_secret(world: World, source: str = "core", how: str = "") -> str:
    """A new secret; with how="/rotate" beside the one in use."""
    path = f"/v1/hris/sources/{source}/secrets{how}"
    made = await world.call("POST", path, {}, token="hr-admin")
    assert made.status_code == 201, made.text
    return str(made.json()["value"])
