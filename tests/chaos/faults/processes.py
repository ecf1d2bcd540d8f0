"""Processes die, stand still, leave and come back; a leader loses its connection."""

from __future__ import annotations

import asyncio

from deploy.local.databases import SERVICES
from tests.chaos.faults.scene import Scene

SESSION_TIMEOUT_S = 10.0
LEADER = """
SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND d.datname = current_database() AND l.classid = 0 AND l.objid = 7011001
"""


async def kill_service(scene: Scene) -> str:
    with scene.somebody() as part:
        await scene.stage.kill(part)
        return part.name


async def kill_live(scene: Scene) -> str:
    await scene.stage.kill(scene.stage.live)
    return scene.stage.live.name


async def freeze(scene: Scene) -> str:
    """Longer than the group waits: when it wakes, others have its partitions, and it does not know."""
    lasts_s = SESSION_TIMEOUT_S + scene.seconds(1.5, 4.0)
    with scene.somebody() as part:
        part.freeze()
        try:
            await asyncio.sleep(lasts_s)
        finally:
            part.thaw()
        await scene.stage.back(part)
        return f"{part.name} for {lasts_s:.1f} s"


async def leave_and_join(scene: Scene) -> str:
    """The second replica is told to end and comes again later."""
    lasts_s = scene.seconds(2.0, 8.0)
    with scene.somebody(only_second=True) as part:
        await part.stop()
        await asyncio.sleep(lasts_s)
        part.spawn()
        part.wanted = True
        await scene.stage.back(part)
        return f"{part.name} away for {lasts_s:.1f} s"


async def end_relay(scene: Scene) -> str:
    """The connection that holds the relay's lock is ended by the server: another leads from then on."""
    service = scene.chance.choice(SERVICES)
    conn = await scene.stage.superuser(service)
    try:
        ended = len(await conn.fetch(LEADER))
    finally:
        conn.terminate()
    return f"{service}: {ended} leader"
