"""Records that cannot be read, events that cannot be applied, a handler that fails for one key.

The harness writes or provokes them, sees them parked, and then has them tried again or dropped by the
product's own commands: the key goes on in order.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer

from deploy.local.programs import ROOT
from tests.chaos.faults.scene import Scene

TOPIC = "person-changed"
LISTENERS = ("scheduling", "notifications", "analytics")
PARKED_WITHIN_S = 60.0
SICK = """
CREATE OR REPLACE FUNCTION sick_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this key is sick' USING ERRCODE = 'P0001';
END $$;
CREATE OR REPLACE TRIGGER sick_key BEFORE INSERT OR UPDATE ON person
FOR EACH ROW WHEN (NEW.person_id = '{key}') EXECUTE FUNCTION sick_key();
"""
HEALED = "DROP TRIGGER IF EXISTS sick_key ON person"
TAKEN = -1
PARKED_OR_TAKEN = """
SELECT coalesce(
    (SELECT id FROM parked WHERE topic = $1 AND partition = $2 AND record_offset = $3 AND state <> 'dropped'),
    (SELECT -1 FROM inbox WHERE event_id = $4::uuid))
"""
OPEN_OF_KEY = (
    "SELECT id FROM parked WHERE topic = $1 AND key = $2 AND state NOT IN ('dropped', 'behind') LIMIT 1"
)


async def unreadable(scene: Scene) -> str:
    """Bytes that are no event of ours; all three listeners park them. They are tried again, then dropped."""
    key = await _somebody(scene)
    place = await _write(scene, key, b"\x00\xff no event", [("ce_id", b"?")])
    await asyncio.gather(*(_tried_and_dropped(scene, service, place, None) for service in LISTENERS))
    return f"at {TOPIC}/{place[1]}/{place[2]}"


async def unappliable(scene: Scene) -> str:
    """A well-formed event of a person in a time zone that does not exist: what a handler cannot use is
    parked there; it is tried again, and dropped where it stays."""
    key = await _somebody(scene)
    event_id = uuid.uuid4()
    scene.strangers.add(event_id)
    place = await _write(scene, key, json.dumps(_nobody(key)).encode(), _headers(event_id, key))
    await asyncio.gather(*(_tried_and_dropped(scene, service, place, event_id) for service in LISTENERS))
    return f"at {TOPIC}/{place[1]}/{place[2]}"


async def sick_key(scene: Scene) -> str:
    """One listener cannot write one row for some seconds: its events wait and then go on in order."""
    service, key = scene.chance.choice(LISTENERS), await _somebody(scene)
    conn = await scene.stage.owner(service)
    try:
        await conn.execute(SICK.format(key=key))
    finally:
        conn.terminate()
    try:
        parked = await _wait_for(scene, service, OPEN_OF_KEY, (TOPIC, key))
    finally:
        conn = await scene.stage.owner(service)
        await conn.execute(HEALED)
        conn.terminate()
    if parked is not None:
        await _command(scene, service, "retry", str(parked))
        await _gone(scene, service, OPEN_OF_KEY, (TOPIC, key))
    return f"{service}: {'parked and released' if parked else 'nothing came'}"


async def _somebody(scene: Scene) -> str:
    """The id of a person whose card changes again and again."""
    conn = await scene.stage.owner("matching")
    try:
        number = scene.bulk()
        return str(await conn.fetchval("SELECT id FROM person WHERE employee_number = $1", number))
    finally:
        conn.terminate()


async def _write(
    scene: Scene, key: str, value: bytes, headers: list[tuple[str, bytes]]
) -> tuple[str, int, int]:
    """Puts a record of the harness among the others of its key; returns where it lies."""
    producer = AIOKafkaProducer(bootstrap_servers=scene.stage.company.kafka, request_timeout_ms=10_000)
    await producer.start()
    try:
        sent = await producer.send_and_wait(TOPIC, value, key=key.encode(), headers=headers)
    finally:
        await producer.stop()
    place = (TOPIC, sent.partition, sent.offset)
    scene.places.add(place)
    return place


async def _tried_and_dropped(
    scene: Scene, service: str, place: tuple[str, int, int], event_id: UUID | None
) -> None:
    """Waits until the listener has parked the record, or has made its peace with the event."""
    parked = await _wait_for(scene, service, PARKED_OR_TAKEN, (*place, event_id))
    if parked is None:
        raise TimeoutError(f"{service} has not parked {place} within {PARKED_WITHIN_S:g} s")
    if parked != TAKEN:
        await _command(scene, service, "retry", str(parked))
        await _command(scene, service, "drop", str(parked), "put there by the campaign")


async def _wait_for(scene: Scene, service: str, query: str, arguments: tuple[object, ...]) -> int | None:
    """The id of a parked row, once there is one; None when its time is over."""
    deadline = time.monotonic() + PARKED_WITHIN_S
    while time.monotonic() < deadline:
        try:
            conn = await scene.stage.owner(service)
            try:
                found: int | None = await conn.fetchval(query, *arguments)
            finally:
                conn.terminate()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            found = None
        if found is not None:
            return found
        await asyncio.sleep(0.3)
    return None


async def _gone(scene: Scene, service: str, query: str, arguments: tuple[object, ...]) -> None:
    deadline = time.monotonic() + PARKED_WITHIN_S
    while time.monotonic() < deadline:
        conn = await scene.stage.owner(service)
        try:
            if await conn.fetchval(query, *arguments) is None:
                return
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass
        finally:
            conn.terminate()
        await asyncio.sleep(0.3)
    raise TimeoutError(f"{service} has not released {arguments} within {PARKED_WITHIN_S:g} s")


async def _command(scene: Scene, service: str, *words: str) -> None:
    """`python -m services.<service> parked …`, until the store takes it."""
    env = scene.stage.company.parts[f"{service}-0"].child.env
    deadline = time.monotonic() + PARKED_WITHIN_S
    while True:
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"services.{service}", "parked", *words),
            cwd=ROOT, env=dict(env), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await command.communicate()
        if command.returncode == 0 or b"no open parked" in said:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{service} parked {' '.join(words)}: {said.decode()[-300:]}")
        await asyncio.sleep(0.5)


def _headers(event_id: UUID, key: str) -> list[tuple[str, bytes]]:
    told = {
        "ce_specversion": "1.0", "ce_id": str(event_id), "ce_type": f"mentoring.{TOPIC}.v1",
        "ce_source": "/campaign", "ce_subject": key, "ce_time": datetime.now(UTC).isoformat(),
        "ce_sequence": "0", "content-type": "application/json",
    }  # fmt: skip
    return [(name, value.encode()) for name, value in told.items()]


def _nobody(key: str) -> dict[str, object]:
    """The card of somebody in no time zone, older than every other card of that person."""
    return {
        "at": datetime.now(UTC).isoformat(), "person_id": key, "version": 0, "employee_number": "0",
        "given_name": "No", "family_name": "Body", "email": "nobody@chaos.example", "title": "None",
        "department": "None", "site": "Nowhere", "time_zone": "Nowhere/Atall", "manager_id": None,
        "hire_date": None, "status": "active",
    }  # fmt: skip
