"""Identity providers at the door of a matching service in a test."""

from __future__ import annotations

from datetime import timedelta

import httpx

from deploy.local.scim import Directory
from services.matching.core.sources import Kind
from services.matching.hris import credentials
from shared import tx
from tests.integration.matching.world import KEY, World


async def a_token(here: World, source: str, kind: Kind = "scim") -> credentials.Made:
    async with tx.transaction(here.door) as unit:
        await credentials.create_source(unit, credentials.new_source(source, kind))
        return await credentials.create(unit, source, "token", key=KEY, days=30)


async def a_directory(here: World, source: str) -> Directory:
    made = await a_token(here, source)
    transport = httpx.ASGITransport(here.app)
    client = httpx.AsyncClient(transport=transport, base_url="http://matching/scim/v2")
    return Directory(client, made.value)


async def other_tokens(here: World) -> dict[str, str]:
    """Tokens that open nothing (any more), and one that opens another door."""
    revoked, ended = await a_token(here, "left"), await a_token(here, "late")
    async with tx.transaction(here.door) as unit:
        await credentials.revoke(unit, revoked.credential.id, "token")
        long_ago = credentials.wall_now() - timedelta(days=1)
        await unit.conn.execute(
            "UPDATE hris_credential SET expires_at = $2 WHERE id = $1", ended.credential.id, long_ago
        )
    csv = await a_token(here, "files", "csv")
    return {"revoked": revoked.value, "ended": ended.value, "csv": csv.value}
