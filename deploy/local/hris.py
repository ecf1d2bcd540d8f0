"""The doors that a stack opens for an HR system: a source for SCIM and one for webhooks.

Token and secret are made by each run anew, as service tokens are; those of the run before open nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from deploy.local.databases import Store
from services.matching import store as matching
from services.matching.core.sources import Kind, Opener
from services.matching.hris import credentials
from shared.tx import Tx

SCIM, WEBHOOK = "hr-scim", "hr-webhook"
TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Doors:
    """The token of the source `hr-scim`, and the secret with which `hr-webhook` signs, both in clear."""

    scim_token: str
    webhook_secret: str

    def described(self, matching_url: str) -> Mapping[str, Mapping[str, str]]:
        """As `stack.json` lists them."""
        events = f"{matching_url}/v1/hris/events?source={WEBHOOK}"
        return {
            "scim": {"source": SCIM, "url": f"{matching_url}/scim/v2", "token": self.scim_token},
            "webhook": {"source": WEBHOOK, "url": events, "secret": self.webhook_secret},
        }


async def opened(store: Store, link_key: str) -> Doors:
    """Opens them in the store of matching."""
    conn = await asyncpg.connect(store.dsn, timeout=TIMEOUT_S)
    try:
        async with conn.transaction():
            tx = Tx(conn, credentials.wall_now(), "matching")
            token = await _opener(tx, SCIM, "scim", "token", link_key=link_key)
            secret = await _opener(tx, WEBHOOK, "webhook", "secret", link_key=link_key)
    finally:
        await conn.close(timeout=TIMEOUT_S)
    return Doors(token, secret)


async def _opener(tx: Tx, name: str, kind: Kind, opener: Opener, *, link_key: str) -> str:
    await matching.sources.add(tx.conn, credentials.new_source(name, kind))
    made = await credentials.rotate(tx, name, opener, key=link_key, days=None, overlap=timedelta())
    return made.value
