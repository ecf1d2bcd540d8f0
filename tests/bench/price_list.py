"""The cost of every kind of event, shown: a table for people, JSON lines for machines."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from rich.console import Console
from rich.table import Table

from tests.bench import kinds
from tests.bench.ground import ROOT, Ground
from tests.bench.kinds import Cost, Heard

PAIRS = 500


async def measured(stand: Ground, pairs: int) -> list[Cost]:
    """On fresh databases of the four services, in a process of its own."""
    stores = {service: await stand.store(service, ROOT / "services" / service) for service in kinds.CONSUMERS}
    try:
        found = await stand.run_module(
            "kinds",
            stores={service: store.dsn for service, store in stores.items()},
            admin={service: _as_admin(stand.admin_dsn, store.name) for service, store in stores.items()},
            prefix=f"k{uuid.uuid4().hex[:8]}-",
            pairs=pairs,
            postgres_pid=stand.postgres_pid,
            broker_home=str(stand.broker_home),
        )
    finally:
        for store in stores.values():
            await stand.drop(store)
    return [_cost(row) for row in found["kinds"]]


def _as_admin(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


def _cost(row: Mapping[str, Any]) -> Cost:
    heard = {service: Heard(**one) for service, one in row["heard_by"].items()}
    return Cost(**{**row, "heard_by": heard})


def show(console: Console, costs: Sequence[Cost]) -> None:
    table = Table(title="One event of each kind: CPU in µs (service + its PostgreSQL), bytes that stay")
    for name in ("kind", "events", "say", "carry", "topic B", *kinds.CONSUMERS, "kept B", "CPU in all"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    for cost in costs:
        table.add_row(
            cost.kind,
            str(cost.events),
            f"{cost.say_us:.0f}",
            f"{cost.carry_us:.0f}",
            f"{cost.topic_bytes:.0f}",
            *(_heard(cost.heard_by.get(service)) for service in kinds.CONSUMERS),
            f"{sum(one.kept_bytes for one in cost.heard_by.values()):.0f}",
            f"{cost.cpu_us:.0f}",
        )
    console.print(table)


def _heard(one: Heard | None) -> str:
    return "–" if one is None else f"{one.cpu_us:.0f} + {one.store_cpu_us:.0f}"


def line(cost: Cost) -> str:
    return json.dumps(
        {
            "id": f"kind/{cost.kind}",
            "events": cost.events,
            "say_us": round(cost.say_us, 1),
            "carry_us": round(cost.carry_us, 1),
            "topic_bytes": round(cost.topic_bytes),
            "heard_by": {
                service: {name: round(value, 1) for name, value in vars(one).items()}
                for service, one in cost.heard_by.items()
            },
            "cpu_us": round(cost.cpu_us, 1),
        }
    )
