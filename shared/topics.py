"""Creates the topics that the phrasebook declares, and verifies the ones that are there.

A setting that nobody has set on a topic is set; one that somebody has set to something else is refused: what
Kafka keeps longer than inboxes remember could be applied twice, and what it keeps shorter could be missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.events import EVENTS, SAID_BY, Event

PARTITIONS = 6
DAY_MS = 24 * 3600 * 1000
RETENTION_DAYS = 14
# Kafka forgets whole segments: with its own limit of a week per segment a quiet topic would keep three weeks.
KEPT: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.ms": str(RETENTION_DAYS * DAY_MS),
    "segment.ms": str(DAY_MS),
}
FED_DAYS = 7
FED: Mapping[str, Mapping[str, str]] = {
    "hris-events": {
        "cleanup.policy": "delete",
        "retention.ms": str((FED_DAYS - 1) * DAY_MS),
        "segment.ms": str(DAY_MS),
    },
}
"""What others say to us, kept no longer than a week: a segment is forgotten when its newest record is old."""
COMPACTED: Mapping[str, str] = {
    "cleanup.policy": "compact",
    "segment.ms": str(DAY_MS),
    "max.compaction.lag.ms": str(2 * DAY_MS),
    "delete.retention.ms": str(RETENTION_DAYS * DAY_MS),
}
REPLICAS_MAX = 3
TIMEOUT_MS = 15_000
VISIBLE_POLL_S = 0.05
SET_ON_THE_TOPIC = 1
"""Kafka's number for a setting that comes from the topic itself, not from a default."""


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
    fed = [Declared(prefix + topic, configs) for topic, configs in FED.items()]
    return (*said, *fed, *(Declared(prefix + dead_letter(service), KEPT) for service in SAID_BY))


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
    settings = await _settings(admin, [one.name for one in wanted])
    wrong = [
        *(_wrong_partitions(one, partitions[one.name]) for one in wanted),
        *(difference for one in wanted for difference in _differences(one, settings[one.name])),
    ]
    if any(wrong):
        raise TopicMismatch("; ".join(text for text in wrong if text))
    behind = {one.name: one.configs for one in wanted if one.configs.keys() - settings[one.name].keys()}
    if behind:
        await _set(admin, {name: {**settings[name], **configs} for name, configs in behind.items()})


def _wrong_partitions(one: Declared, found: int) -> str:
    return "" if found == PARTITIONS else f"the topic {one.name} has {found} partitions, not {PARTITIONS}"


def _differences(one: Declared, found: Mapping[str, str]) -> Iterator[str]:
    """What somebody has set on the topic and the phrasebook declares otherwise."""
    for name, value in one.configs.items():
        if found.get(name, value) == value:
            continue
        if name == "cleanup.policy":
            yield f"the topic {one.name} has the cleanup policy {found[name]}, not {value}"
        else:
            yield f"the topic {one.name} has {name}={found[name]}, not {value}: set it so, or remove it there"


async def _settings(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    """Of each topic what is set on itself, and its cleanup policy, wherever that comes from."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found = {}
    responses: list[Any] = await admin.describe_configs(resources)
    for response in responses:
        for code, message, _type, name, configs in response.resources:
            if code:
                raise for_code(code)(f"the topic {name} could not be described: {message}")
            found[name] = {
                config[0]: config[1]
                for config in configs
                if config[3] == SET_ON_THE_TOPIC or config[0] == "cleanup.policy"
            }
    return found


async def _set(admin: AIOKafkaAdminClient, settings: Mapping[str, Mapping[str, str]]) -> None:
    """Gives topics these settings and, so the protocol wills, no others."""
    responses: list[Any] = await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, dict(own)) for name, own in settings.items()]
    )
    for response in responses:
        for code, message, _type, name in response.resources:
            if code:
                raise for_code(code)(f"the topic {name} could not be set: {message}")
