"""Servers die, refuse, hang, cut off, are full or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from deploy.local.databases import SERVICES
from tests.chaos.faults.scene import Scene
from tests.chaos.wire import Wire

FULL = """
CREATE OR REPLACE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
END $$;
DROP TRIGGER IF EXISTS disk_is_full ON {table};
CREATE CONSTRAINT TRIGGER disk_is_full AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION disk_is_full();
"""
NOT_FULL = "DROP TRIGGER IF EXISTS disk_is_full ON {table}"


async def kill_kafka(scene: Scene) -> str:
    await scene.stage.kill(scene.stage.company.server("kafka"))
    return "kill -9"


async def kill_postgres(scene: Scene) -> str:
    scene.resent += 2
    await scene.stage.kill(scene.stage.company.server("postgres"))
    return "kill -9"


async def broker_refuses(scene: Scene) -> str:
    wire = scene.stage.wires["kafka"]
    return await _for_a_while(scene, wire, wire.refuse)


async def broker_hangs(scene: Scene) -> str:
    wire = scene.stage.wires["kafka"]
    return await _for_a_while(scene, wire, wire.hang)


async def broker_cut(scene: Scene) -> str:
    scene.stage.wires["kafka"].cut()
    return "all connections"


async def database_refuses(scene: Scene) -> str:
    scene.resent += 2
    wire = scene.stage.wires["postgres"]
    return await _for_a_while(scene, wire, wire.refuse)


async def database_hangs(scene: Scene) -> str:
    scene.resent += 2
    wire = scene.stage.wires["postgres"]
    return await _for_a_while(scene, wire, wire.hang)


async def database_cut(scene: Scene) -> str:
    scene.resent += 2
    scene.stage.wires["postgres"].cut()
    return "all connections"


async def mail_gone(scene: Scene) -> str:
    lasts_s = scene.seconds(1.0, 4.0)
    await scene.stage.company.mail.stop()
    scene.resent += 2
    await asyncio.sleep(lasts_s)
    await scene.stage.company.mail.start()
    return f"for {lasts_s:.1f} s"


async def disk_full(scene: Scene) -> str:
    """Every commit that says something, or that hears something, fails at its very end."""
    service, table = scene.chance.choice(SERVICES[:3]), scene.chance.choice(("outbox", "inbox"))
    lasts_s = scene.seconds(1.5, 4.0)
    scene.resent += 2 * (service == "notifications")
    await scene.stage.change(service, FULL.format(table=table))
    try:
        await asyncio.sleep(lasts_s)
    finally:
        await scene.stage.change(service, NOT_FULL.format(table=table))
    return f"{table} of {service} for {lasts_s:.1f} s"


async def _for_a_while(scene: Scene, wire: Wire, begin: Callable[[], None]) -> str:
    lasts_s = scene.seconds(1.0, 6.0)
    begin()
    try:
        await asyncio.sleep(lasts_s)
    finally:
        wire.open()
    return f"for {lasts_s:.1f} s"
