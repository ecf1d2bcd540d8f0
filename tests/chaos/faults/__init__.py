"""The faults of the campaign, by kind: what each strikes, and how it is done and undone.

A fault is a coroutine that returns when it is over and whatever it struck can do its work again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tests.chaos.faults import poison, processes, servers
from tests.chaos.faults.scene import Scene

Strike: TypeAlias = Callable[[Scene], Awaitable[str]]
"""Does one fault; returns in words what exactly was done."""


@dataclass(frozen=True)
class Kind:
    """`claims` are the things of which only one fault at a time may have hold; `brief` ones end by themselves
    within seconds, the others go on while further faults strike."""

    strike: Strike
    claims: frozenset[str]
    brief: bool = True


def _kind(strike: Strike, *claims: str, brief: bool = True) -> Kind:
    return Kind(strike, frozenset(claims), brief)


KINDS: Mapping[str, Kind] = {
    "service killed": _kind(processes.kill_service, "killed"),
    "live worker killed": _kind(processes.kill_live, "live"),
    "service frozen and thawed": _kind(processes.freeze, "frozen", brief=False),
    "replica leaves and joins": _kind(processes.leave_and_join, "away", brief=False),
    "relay's connection ended": _kind(processes.end_relay, "postgres"),
    "Kafka killed": _kind(servers.kill_kafka, "kafka"),
    "broker refuses": _kind(servers.broker_refuses, "kafka"),
    "broker hangs": _kind(servers.broker_hangs, "kafka"),
    "broker's connections cut": _kind(servers.broker_cut, "kafka"),
    "PostgreSQL killed": _kind(servers.kill_postgres, "postgres"),
    "database refuses": _kind(servers.database_refuses, "postgres"),
    "database hangs": _kind(servers.database_hangs, "postgres"),
    "database's connections cut": _kind(servers.database_cut, "postgres"),
    "disk full": _kind(servers.disk_full, "postgres"),
    "mail server gone": _kind(servers.mail_gone, "mail"),
    "unreadable record": _kind(poison.unreadable, "poison", brief=False),
    "event nobody can apply": _kind(poison.unappliable, "poison", brief=False),
    "handler fails for one key": _kind(poison.sick_key, "poison", brief=False),
}
