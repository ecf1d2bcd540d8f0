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

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.local.programs import ROOT
from tests.chaos.faults.scene import Scene

TOPIC = "person-changed"
LISTENERS = ("scheduling", "notifications", "analytics")
PARKED_WITHIN_S = 120.0
WHO = "SELECT id FROM person WHERE employee_number = $1"
SICK = """
CREATE OR REPLACE FUNCTION sick_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this key is sick' USING ERRCODE = 'P0001';
END $$;
CREATE OR REPLACE TRIGGER sick_key BEFORE INSERT OR UPDATE ON person
FOR EACH ROW WHEN (NEW.person_id = '{key}') EXECUTE FUNCTION sick_key();
"""
HEALED = "DROP TRIGGER IF EXISTS sick_key ON person"
STOP_S = 5.0
AGAIN_S = 0.3
SETTLED = (b"it was applied meanwhile", b"was dropped by")
"""What the product says of an event that needs its operator no more."""
TAKEN = -1
PARKED_STILL = "SELECT id FROM parked WHERE position($1 IN payload) > 0 AND state <> 'dropped' LIMIT 1"
PARKED_OR_TAKEN = """
SELECT coalesce((SELECT id FROM parked WHERE position($1 IN payload) > 0 AND state <> 'dropped' LIMIT 1),
                (SELECT -1 FROM inbox WHERE event_id = $2::uuid))
"""
OPEN_OF_KEY = (
    "SELECT id FROM parked WHERE topic = $1 AND key = $2 AND state NOT IN ('dropped', 'behind') LIMIT 1"
)


async def unreadable(scene: Scene) -> str:
    """Bytes that are no event of ours; all three listeners park them. They are tried again, then dropped."""
    key, mark = await _somebody(scene), uuid.uuid4().hex
    scene.marks.add(mark)
    await _written(scene, key, f"\x00 no event {mark}".encode(), [("ce_id", b"?")])
    await asyncio.gather(*(_tried_and_dropped(scene, service, mark) for service in LISTENERS))
    return f"under {key}"


async def unappliable(scene: Scene) -> str:
    """A well-formed event of a person in a time zone that does not exist: what a handler cannot use is
    parked there; it is tried again, and dropped where it stays."""
    key, event_id = await _somebody(scene), uuid.uuid4()
    scene.strangers.add(event_id)
    value = json.dumps(_nobody(key, event_id.hex)).encode()
    await _written(scene, key, value, _headers(event_id, key))
    await asyncio.gather(*(_tried_and_dropped(scene, one, event_id.hex, event_id) for one in LISTENERS))
    return f"under {key}"


async def sick_key(scene: Scene) -> str:
    """One listener cannot write one row for some seconds: its events wait and then go on in order."""
    service, key = scene.chance.choice(LISTENERS), await _somebody(scene)
    await scene.stage.change(service, SICK.format(key=key))
    try:
        parked = await _wait_for(scene, service, OPEN_OF_KEY, (TOPIC, key))
    finally:
        await scene.stage.change(service, HEALED)
    if parked is not None:
        await _command(scene, service, "retry", str(parked))
        await _gone(scene, service, OPEN_OF_KEY, (TOPIC, key))
    return f"{service}: {'parked and released' if parked else 'nothing came'}"


async def _somebody(scene: Scene) -> str:
    """The id of a person whose card changes again and again."""
    return str(await scene.stage.ask("matching", WHO, scene.bulk()))


async def _written(scene: Scene, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
    """Puts a record of the harness among the others of its key, once at least. Raises TimeoutError."""
    deadline = time.monotonic() + PARKED_WITHIN_S
    while time.monotonic() < deadline:
        producer = AIOKafkaProducer(bootstrap_servers=scene.stage.company.kafka, request_timeout_ms=10_000)
        try:
            await producer.start()
            await producer.send_and_wait(TOPIC, value, key=key.encode(), headers=headers)
            return
        except (KafkaError, OSError):
            await asyncio.sleep(AGAIN_S)
        finally:
            await asyncio.wait([asyncio.ensure_future(producer.stop())], timeout=STOP_S)
    raise TimeoutError("the record could not be written")


async def _tried_and_dropped(scene: Scene, service: str, mark: str, event_id: UUID | None = None) -> None:
    """Waits until the listener has parked the record, or has made its peace with the event."""
    parked = await _wait_for(scene, service, PARKED_OR_TAKEN, (mark.encode(), event_id))
    if parked is None:
        raise TimeoutError(f"{service} has not parked {mark} within {PARKED_WITHIN_S:g} s")
    if parked == TAKEN:
        return
    await _command(scene, service, "retry", str(parked))
    while parked is not None:
        await _command(scene, service, "drop", str(parked), "put there by the campaign")
        parked = await scene.stage.ask(service, PARKED_STILL, mark.encode())


async def _wait_for(scene: Scene, service: str, query: str, arguments: tuple[object, ...]) -> int | None:
    """The id of a parked row, once there is one; None when its time is over."""
    deadline = time.monotonic() + PARKED_WITHIN_S
    while time.monotonic() < deadline:
        found: int | None = await scene.stage.ask(service, query, *arguments)
        if found is not None:
            return found
        await asyncio.sleep(AGAIN_S)
    return None


async def _gone(scene: Scene, service: str, query: str, arguments: tuple[object, ...]) -> None:
    deadline = time.monotonic() + PARKED_WITHIN_S
    while await scene.stage.ask(service, query, *arguments) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{service} has not released {arguments} within {PARKED_WITHIN_S:g} s")
        await asyncio.sleep(AGAIN_S)


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
        if command.returncode == 0 or any(words in said for words in SETTLED):
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


def _nobody(key: str, mark: str) -> dict[str, object]:
    """The card of somebody in no time zone, older than every other card of that person."""
    return {
        "at": datetime.now(UTC).isoformat(), "person_id": key, "version": 0, "employee_number": "0",
        "given_name": "No", "family_name": "Body", "email": "nobody@chaos.example", "title": mark,
        "department": "None", "site": "Nowhere", "time_zone": "Nowhere/Atall", "manager_id": None,
        "hire_date": None, "status": "active",
    }  # fmt: skip
