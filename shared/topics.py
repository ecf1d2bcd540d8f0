"""Creates the topics that the phrasebook declares, and verifies the ones that are there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.events import EVENTS, SAID_BY, Event

PARTITIONS = 6
DAY_MS = 24 * 3600 * 1000
RETENTION_DAYS = 14
KEPT: Mapping[str, str] = {"cleanup.policy": "delete", "retention.ms": str(RETENTION_DAYS * DAY_MS)}
COMPACTED: Mapping[str, str] = {
    "cleanup.policy": "compact",
    "segment.ms": str(DAY_MS),
    "max.compaction.lag.ms": str(2 * DAY_MS),
    "delete.retention.ms": str(RETENTION_DAYS * DAY_MS),
}
REPLICAS_MAX = 3
TIMEOUT_MS = 15_000
VISIBLE_POLL_S = 0.05


class TopicMismatch(Exception):
    """A topic that exists is not what the phrasebook declares; the text says in which way."""


@dataclass(frozen=True)
class Declared:
    name: str
    configs: Mapping[str, str]


def dead_letter(service: str) -> str:
    """Where a service announces the events it gave up on."""
    return f"{service}.dead-letter"


def declared(prefix: str, events: Iterable[type[Event]] = EVENTS) -> tuple[Declared, ...]:
    said = [Declared(prefix + event.topic(), COMPACTED if event.compacted else KEPT) for event in events]
    return (*said, *(Declared(prefix + dead_letter(service), KEPT) for service in SAID_BY))


async def ensure(bootstrap: str, prefix: str, events: Iterable[type[Event]] = EVENTS) -> list[str]:
    """Creates what is missing and returns its names. Raises TopicMismatch, or KafkaError without a broker.

    Returns when the broker tells of all topics, so that whoever subscribes next finds them.
    """
    wanted = declared(prefix, events)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=TIMEOUT_MS)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        created = await _create(admin, [one for one in wanted if one.name not in existing])
        await _verify(admin, wanted, await _partitions(admin, wanted))
    finally:
        await admin.close()
    return created


async def _create(admin: AIOKafkaAdminClient, missing: list[Declared]) -> list[str]:
    if not missing:
        return []
    brokers = len((await admin.describe_cluster())["brokers"])
    replicas = min(REPLICAS_MAX, brokers)
    new = [
        NewTopic(one.name, PARTITIONS, replicas, topic_configs=_with_replicas(one.configs, replicas))
        for one in missing
    ]
    response: Any = await admin.create_topics(new, timeout_ms=TIMEOUT_MS)
    created = []
    for name, code, message in response.topic_errors:
        error: type[KafkaError] = for_code(code)
        if code == 0:
            created.append(name)
        elif error is not TopicAlreadyExistsError:
            raise error(f"the topic {name} could not be created: {message}")
    return created


def _with_replicas(configs: Mapping[str, str], replicas: int) -> dict[str, str]:
    return {**configs, "min.insync.replicas": str(max(1, replicas - 1))}


async def _partitions(admin: AIOKafkaAdminClient, wanted: tuple[Declared, ...]) -> dict[str, int]:
    """How many partitions each topic has; waits until every one of them has a leader."""
    names = [one.name for one in wanted]
    async with asyncio.timeout(TIMEOUT_MS / 1000):
        while True:
            found = await admin.describe_topics(names)
            if all(topic["error_code"] == 0 and _led(topic["partitions"]) for topic in found):
                return {topic["topic"]: len(topic["partitions"]) for topic in found}
            await asyncio.sleep(VISIBLE_POLL_S)


def _led(partitions: list[dict[str, Any]]) -> bool:
    return bool(partitions) and all(partition["leader"] >= 0 for partition in partitions)


async def _verify(
    admin: AIOKafkaAdminClient, wanted: tuple[Declared, ...], partitions: Mapping[str, int]
) -> None:
    policies = await _policies(admin, [one.name for one in wanted])
    for one in wanted:
        if partitions[one.name] != PARTITIONS:
            raise TopicMismatch(
                f"the topic {one.name} has {partitions[one.name]} partitions, not {PARTITIONS}"
            )
        policy, declared_policy = policies[one.name], one.configs["cleanup.policy"]
        if policy != declared_policy:
            raise TopicMismatch(
                f"the topic {one.name} has the cleanup policy {policy}, not {declared_policy}"
            )


async def _policies(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, str]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, {"cleanup.policy": None}) for name in names]
    found = {}
    responses: list[Any] = await admin.describe_configs(resources)
    for response in responses:
        for code, message, _type, name, configs in response.resources:
            if code:
                raise for_code(code)(f"the topic {name} could not be described: {message}")
            found[name] = next(config[1] for config in configs if config[0] == "cleanup.policy")
    return found
