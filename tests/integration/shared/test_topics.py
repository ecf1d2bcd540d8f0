"""Topics are what the phrasebook declares: created where they are missing, verified where they are not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from shared import housekeeping, topics
from shared.events import EVENTS, MatchMade, PersonChanged
from tests.integration.shared.test_carrying import until

FEW = (PersonChanged, MatchMade)


@pytest_asyncio.fixture
async def admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    yield client
    await client.close()


async def configs(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    found = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {config[0]: config[1] for config in found[0].resources[0][4]}


async def test_every_event_has_a_topic_and_every_service_a_place_for_dead_letters(
    kafka: str, admin: AIOKafkaAdminClient, topic_prefix: str
) -> None:
    created = await topics.ensure(kafka, topic_prefix)
    assert len(created) == len(EVENTS) + len(topics.FED) + 4
    assert f"{topic_prefix}match-made" in created
    assert f"{topic_prefix}matching.dead-letter" in created
    found = await admin.describe_topics(created)
    assert {len(topic["partitions"]) for topic in found} == {6}


async def test_cards_are_compacted_and_facts_are_kept_for_two_weeks(
    kafka: str, admin: AIOKafkaAdminClient, topic_prefix: str
) -> None:
    await topics.ensure(kafka, topic_prefix, FEW)
    person, match = [await configs(admin, topic_prefix + event.topic()) for event in FEW]
    assert person["cleanup.policy"] == "compact"
    assert int(person["max.compaction.lag.ms"]) <= 2 * topics.DAY_MS
    assert int(person["segment.ms"]) <= topics.DAY_MS
    assert match["cleanup.policy"] == "delete"
    assert int(match["retention.ms"]) == 14 * topics.DAY_MS


async def test_a_second_time_nothing_is_created(kafka: str, topic_prefix: str) -> None:
    await topics.ensure(kafka, topic_prefix, FEW)
    assert await topics.ensure(kafka, topic_prefix, FEW) == []


async def test_only_what_is_missing_is_created(kafka: str, topic_prefix: str) -> None:
    await topics.ensure(kafka, topic_prefix, FEW[:1])
    assert await topics.ensure(kafka, topic_prefix, FEW) == [f"{topic_prefix}match-made"]


async def test_another_number_of_partitions_is_refused(
    kafka: str, admin: AIOKafkaAdminClient, topic_prefix: str
) -> None:
    await admin.create_topics([NewTopic(f"{topic_prefix}match-made", 7, 1)])
    with pytest.raises(topics.TopicMismatch, match="match-made has 7 partitions, not 6"):
        await topics.ensure(kafka, topic_prefix, FEW)


async def test_another_cleanup_policy_is_refused(
    kafka: str, admin: AIOKafkaAdminClient, topic_prefix: str
) -> None:
    await admin.create_topics([NewTopic(f"{topic_prefix}person-changed", 6, 1)])
    with pytest.raises(
        topics.TopicMismatch, match="person-changed has the cleanup policy delete, not compact"
    ):
        await topics.ensure(kafka, topic_prefix, FEW)


async def test_another_retention_is_refused_with_what_it_should_be(
    kafka: str, admin: AIOKafkaAdminClient, topic_prefix: str
) -> None:
    longer = str(30 * topics.DAY_MS)
    await admin.create_topics(
        [NewTopic(f"{topic_prefix}match-made", 6, 1, topic_configs={"retention.ms": longer})]
    )
    with pytest.raises(topics.TopicMismatch, match=f"match-made has retention.ms={longer}, not 1209600000"):
        await topics.ensure(kafka, topic_prefix, FEW)


async def test_what_nobody_has_set_is_set_and_the_rest_stays(
    kafka: str, admin: AIOKafkaAdminClient, topic_prefix: str
) -> None:
    name = f"{topic_prefix}match-made"
    await admin.create_topics([NewTopic(name, 6, 1, topic_configs={"max.message.bytes": "2000000"})])
    await topics.ensure(kafka, topic_prefix, FEW)
    wanted = {**topics.KEPT, "max.message.bytes": "2000000"}

    async def as_wanted() -> bool:
        found = await configs(admin, name)
        return {key: found[key] for key in wanted} == wanted

    await until(as_wanted)


async def test_a_quiet_topic_is_forgotten_before_the_inbox_forgets_its_ids(
    kafka: str, admin: AIOKafkaAdminClient, topic_prefix: str
) -> None:
    """A record goes with its segment: when the segment's last record is old enough."""
    await topics.ensure(kafka, topic_prefix, FEW)
    found = await configs(admin, f"{topic_prefix}match-made")
    kept_days = (int(found["retention.ms"]) + int(found["segment.ms"])) / topics.DAY_MS
    assert kept_days + 5 <= housekeeping.INBOX_DAYS_KEPT


async def test_without_a_broker_it_is_a_kafka_error(unused_tcp_port: int) -> None:
    with pytest.raises(KafkaError):
        await topics.ensure(f"127.0.0.1:{unused_tcp_port}", "x-", FEW)
