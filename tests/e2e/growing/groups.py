"""What the broker itself says of a consumer group: who owns which partitions, and how far it has got."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from shared import membership


@dataclass(frozen=True)
class Owners:
    """A group at one moment: its state, and each member's partitions by its instance id ("analytics-2")."""

    state: str
    members: Mapping[str, frozenset[TopicPartition]]


@dataclass(eq=False)
class Groups:
    """The groups of one stack. Groups are named like the services."""

    kafka: str
    prefix: str
    admin: AIOKafkaAdminClient
    reader: AIOKafkaConsumer

    async def owners(self, service: str) -> Owners:
        (answer,) = await self.admin.describe_consumer_groups([self.prefix + service])
        _, _, state, _, _, members = answer.groups[0]
        found = {}
        for member_id, _, _, _, assignment in members:
            # A static member's id is its instance id, and a random one after it.
            name = member_id.removeprefix(self.prefix)[: -len("-00000000-0000-0000-0000-000000000000")]
            decoded = ConsumerProtocolMemberAssignment.decode(assignment) if assignment else None
            found[name] = frozenset(decoded.partitions()) if decoded else frozenset()
        return Owners(state, found)

    async def members(self, group: str) -> frozenset[str]:
        """The ids of the members: a member that had to join anew has another one."""
        (answer,) = await self.admin.describe_consumer_groups([self.prefix + group])
        return frozenset(member[0] for member in answer.groups[0][5])

    async def lag(self, service: str) -> int:
        """Records of the group's topics after its committed offsets."""
        committed = await self.admin.list_consumer_group_offsets(self.prefix + service)
        ends = await self.reader.end_offsets(list(committed))
        return sum(ends[tp] - at.offset for tp, at in committed.items())

    async def dismiss(self, service: str, name: str) -> bool:
        """Tells the broker that a process will not come back; False where it knows none of that name."""
        return await membership.dismiss(self.kafka, self.prefix + service, self.prefix + name)


@contextlib.asynccontextmanager
async def opened(kafka: str, prefix: str) -> AsyncIterator[Groups]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    reader = AIOKafkaConsumer(bootstrap_servers=kafka)
    await admin.start()
    await reader.start()
    try:
        yield Groups(kafka, prefix, admin, reader)
    finally:
        await reader.stop()
        await admin.close()


def waited_s(pid: int | None) -> float:
    """How long a process was ready to run and had to wait for a core, by the kernel's count."""
    if pid is None:
        return 0.0
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def ports_of(pid: int | None) -> set[int]:
    """The local ports of a process's connections; none of one that has ended meanwhile."""
    with contextlib.suppress(psutil.Error):
        if pid is not None:
            return {line.laddr.port for line in psutil.Process(pid).net_connections("tcp") if line.raddr}
    return set()
