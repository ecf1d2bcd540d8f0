"""What a campaign reports: figures for machines, a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.campaign import Fought
from tests.chaos.checker.evidence import HEARD, Stores
from tests.chaos.checker.finding import Stated

HEARD_AT = "SELECT event_id, at FROM witness_heard"
SAID_AT = "SELECT event_id, committed_at FROM witness_said"
KINDS = {"lost": "lost", "doubled": "doubled", "out of order": "out_of_order", "wrong": "wrong"}


async def of(fought: Fought, stores: Stores, verdict: Sequence[Stated]) -> dict[str, Any]:
    """Everything that is known about the campaign, as JSON takes it."""
    events = {
        service: await conn.fetchval("SELECT count(*) FROM witness_said") for service, conn in stores.items()
    }
    records = sum(map(len, fought.tail.records.values()))
    ids = Counter(one.event_id for some in fought.tail.records.values() for one in some)
    totals = Counter(dict.fromkeys(KINDS.values(), 0))
    for one in verdict:
        for finding in one.findings:
            totals[KINDS[finding.kind]] += finding.many
    struck = fought.schedule.struck
    return {
        "seed": fought.wanted.seed,
        "minutes": round(fought.took_s / 60, 1),
        "faults": len(struck),
        "faults_by_kind": dict(sorted(fought.schedule.by_kind.items())),
        "commits": sum(events.values()),
        "commits_by_service": events,
        "commits_by_topic": await _by_topic(stores),
        "deliveries": await _deliveries(fought),
        "records": records,
        "redeliveries": sum(many - 1 for event_id, many in ids.items() if event_id is not None),
        "parked": await _parked(stores),
        "acknowledged": len(fought.evidence.acknowledged),
        "commands": fought.crowd.desk.ledger.commands,
        "requests": dict(fought.crowd.desk.tries),
        "lives": dict(fought.crowd.ends),
        "troubles_of_clients": fought.crowd.troubles[:50],
        **totals,
        "outbox_empty_s": round(fought.outbox_s, 2),
        "lag_gone_s": round(fought.lag_s, 2),
        "latency_ms": await _latency(stores),
        "copies_of_mails": sum(many - 1 for many in fought.crowd.post.wire.ids.values()),
        "invariants": [
            {"name": one.name, "looked_at": one.looked_at, "holds": one.holds,
             "findings": [str(finding) for finding in one.findings]}
            for one in verdict
        ],
        "struck": [vars(one) for one in struck],
    }  # fmt: skip


async def _by_topic(stores: Stores) -> dict[str, int]:
    found: Counter[str] = Counter()
    for conn in stores.values():
        for topic, many in await conn.fetch("SELECT topic, count(*) FROM witness_said GROUP BY 1"):
            found[topic] += many
    return dict(sorted(found.items()))


async def _deliveries(fought: Fought) -> int:
    """Records times listeners: each service reads each record of its topics at least once."""
    return sum(
        len(records)
        for (topic, _), records in fought.tail.records.items()
        for topics in HEARD.values()
        if topic in topics
    )


async def _parked(stores: Stores) -> dict[str, int]:
    found = {}
    for service, conn in stores.items():
        for state, many in await conn.fetch("SELECT state, count(*) FROM parked GROUP BY 1"):
            found[f"{service} {state}"] = many
    return found


async def _latency(stores: Stores) -> Mapping[str, float]:
    """Milliseconds from the commit in one service to the commit in the next, faults included."""
    said = {row[0]: row[1] for conn in stores.values() for row in await conn.fetch(SAID_AT)}
    heard = [row for conn in stores.values() for row in await conn.fetch(HEARD_AT)]
    took = sorted((at - said[one]).total_seconds() * 1000 for one, at in heard if one in said)
    if not took:
        return {}
    return {
        name: round(took[int(share * (len(took) - 1))], 1) for name, share in (("p50", 0.5), ("p99", 0.99))
    }


def show(report: Mapping[str, Any], console: Console) -> None:
    """The tables people read."""
    figures = Table(title=f"Campaign, seed {report['seed']}, {report['minutes']} minutes", show_header=False)
    for name in (
        "faults", "commits", "deliveries", "redeliveries", "acknowledged", "lost", "doubled", "out_of_order",
        "wrong", "outbox_empty_s", "lag_gone_s", "copies_of_mails",
    ):  # fmt: skip
        figures.add_row(name.replace("_", " "), f"{report[name]:,}")
    figures.add_row(
        "parked", ", ".join(f"{name}: {many}" for name, many in report["parked"].items()) or "none"
    )
    latency = report["latency_ms"]
    figures.add_row("commit → applied", f"p50 {latency.get('p50')} ms, p99 {latency.get('p99')} ms")
    console.print(figures)
    faults = Table("fault", "times", title="Faults by kind")
    for kind, many in report["faults_by_kind"].items():
        faults.add_row(kind, str(many))
    console.print(faults)
    table = Table("invariant", "looked at", "holds", "found", title="Invariants")
    for one in report["invariants"]:
        holds = "[green]yes[/]" if one["holds"] else "[red]no[/]"
        table.add_row(one["name"], f"{one['looked_at']:,}", holds, "\n".join(one["findings"]))
    console.print(table)
