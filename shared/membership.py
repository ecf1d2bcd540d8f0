"""Tells the broker that a process of a service is gone for good.

Processes are static members of their group: one that ends says nothing, so that its partitions wait for it
until it is back (a restart moves nothing). One that will not come back would leave them alone for the ten
seconds of its session; dismissed, its partitions go to the others at once.
"""

from __future__ import annotations

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownMemberIdError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String

from shared.settings import Settings

TIMEOUT_MS = 10_000
LEAVE_GROUP = 13


class _Left(Response):
    """LeaveGroup, version 3: the first one that knows members by their instance ids."""

    API_KEY = LEAVE_GROUP
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "members",
            Array(
                ("member_id", String("utf-8")),
                ("group_instance_id", String("utf-8")),
                ("error_code", Int16),
            ),
        ),
    )


class _Leave(RequestStruct):
    API_KEY = LEAVE_GROUP
    API_VERSION = 3
    RESPONSE_TYPE = _Left
    SCHEMA = Schema(
        ("group", String("utf-8")),
        (
            "members",
            Array(("member_id", String("utf-8")), ("group_instance_id", String("utf-8"))),
        ),
    )


class _LeaveOf(Request[_Leave]):
    API_KEY = LEAVE_GROUP

    def __init__(self, group: str, instance: str) -> None:
        self._group, self._instance = group, instance

    def build(self, request_struct_class: type[_Leave]) -> _Leave:
        return request_struct_class(self._group, [("", self._instance)])


def group_of(settings: Settings) -> str:
    """The consumer group of a service."""
    return f"{settings.topic_prefix}{settings.service}"


def instance_of(settings: Settings, replica: int) -> str:
    """The name by which the broker knows a process of a service, however often it is started."""
    return f"{group_of(settings)}-{replica}"


async def dismiss(bootstrap: str, group: str, instance: str) -> bool:
    """Hands the partitions of a process to the others; False where the group has no such member.

    Raises KafkaError. A process that is still alive is fenced: it comes back as if it were started anew.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=TIMEOUT_MS)
    try:
        await admin.start()
        coordinator = await admin.find_coordinator(group)
        answer: Any = await admin._send_request_to_node(coordinator, _LeaveOf(group, instance))
    finally:
        await admin.close()
    codes = [answer.error_code, *(code for _, _, code in answer.members)]
    errors: list[type[KafkaError]] = [for_code(code) for code in codes if code]
    if not errors:
        return True
    if errors[0] is UnknownMemberIdError:
        return False
    raise errors[0](f"{instance} could not be dismissed from the group {group}")


async def dismiss_replica(settings: Settings, replica: int) -> str:
    """As `dismiss`, of a service's own process; returns what to tell the operator."""
    name = instance_of(settings, replica)
    if await dismiss(settings.kafka, group_of(settings), name):
        return f"{name} has left: its partitions go to the others"
    return f"{name} is no member of its group: nothing to do"
