"""Every row of the table of targets, measured in one run: medians over repetitions, each with its bound."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from tests.bench import figures, job, memory
from tests.bench.figures import Row
from tests.bench.ground import Ground

Found = dict[str, Any]
WARM = 5
TOPIC_MORE = 1.25
"""A topic has more than is measured, so that nobody waits at its end."""
CLIENTS = 8
PEER_FAUST_SHARE = 4
"""Faust is measured with so many times fewer events: it is slow, not uneven."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    events: int = 60_000
    repeats: int = 5
    blocks: int = 24
    samples: int = 200
    memory_events: int = 1_000_000
    seed: int = 0

    @classmethod
    def around(cls, events: int, seed: int) -> Sizes:
        """The default sizes, or everything in proportion to `events`."""
        share = min(1.0, events / cls.events)
        return cls(
            events=events,
            repeats=max(1, min(5, round(5 * share + 1.4))),
            blocks=max(2, round(24 * min(1.0, share * 3))),
            samples=max(10, round(200 * min(1.0, share * 1.5))),
            memory_events=max(2 * events, round(1_000_000 * share)),
            seed=seed,
        )


def name() -> str:
    """A consumer group of its own, so that everybody reads from the beginning."""
    return f"bench-{uuid.uuid4().hex[:8]}"


async def on_a_store(stand: Ground, what: str, **spec: Any) -> Found:
    """One measurement with a database of its own."""
    store = await stand.store()
    try:
        work = stand.peer if what.startswith("peer_") else stand.work
        return await work(what, dsn=store.dsn, group=name(), **spec)
    finally:
        await stand.drop(store)


async def batches(stand: Ground, sizes: Sizes) -> list[Row]:
    """The batch consumer, its parts alone, and the peers where they are installed: on one topic, by turns."""
    prefix = await stand.topics()
    spec = {"prefix": prefix, "topic": f"{prefix}{job.SessionMeasured.topic()}"}
    await stand.work("fill", topic=spec["topic"], events=int(sizes.events * TOPIC_MORE) + job.BATCH)
    peers = PEERS if stand.peer_python else ()
    rounds: list[dict[str, Found]] = []
    for _ in range(sizes.repeats):
        found = {}
        for what in ("consume", "read", "decode", "sql", *(peer.id for peer in peers)):
            share = PEER_FAUST_SHARE if what == "peer_faust" else 1
            events = max(2 * job.BATCH, sizes.events // share)
            found[what] = await on_a_store(stand, what, events=events, **spec)
        rounds.append(found)
    return [_against_parts(rounds), *(_against_peer(rounds, peer) for peer in peers)]


def _against_parts(rounds: Sequence[Mapping[str, Found]]) -> Row:
    parts = {part: median(one[part]["us"] for one in rounds) for part in ("read", "decode", "sql")}
    ratio, spread = figures.of([_parts(one) / one["consume"]["us"] for one in rounds])
    ours = median(one["consume"]["us"] for one in rounds)
    cpu = median(one["consume"]["cpu_us"] for one in rounds)
    said = ", ".join(f"{part} {us:.1f}" for part, us in parts.items())
    rest = max(0.0, ours - sum(parts.values()))
    return Row(
        id="batch-consumer",
        what="Kafka → pydantic → inbox + aggregate → commit; bound: reading, decoding, SQL alone, added",
        unit="events/s",
        value=1e6 / ours,
        bound=1e6 / median(_parts(one) for one in rounds),
        ratio=ratio,
        goal=0.5,
        at_least=True,
        spread=spread,
        bounded_by=f"{ours:.1f} µs per event: {said}; parking, offsets, envelopes and log {rest:.1f}; "
        f"{cpu:.0f} µs of it are CPU of this process, which bounds it",
    )


def _parts(one: Mapping[str, Found]) -> float:
    return sum(float(one[part]["us"]) for part in ("read", "decode", "sql"))


@dataclass(frozen=True)
class Peer:
    """`goal` by how much we are to be ahead."""

    id: str
    what: str
    goal: float
    why: str


PEERS = (
    Peer(
        "peer_faststream",
        "the same job in FastStream, batches of 500, same SQL; ratio: how far we are ahead",
        1.2,
        "it parses headers and JSON of every record into objects of its own before pydantic sees them",
    ),
    Peer(
        "peer_faust",
        "the same job in Faust with a table, batches of 500, same SQL; ratio: how far we are ahead",
        4.0,
        "each event goes through streams and tasks, and each change of the table through a changelog record",
    ),
)


def _against_peer(rounds: Sequence[Mapping[str, Found]], peer: Peer) -> Row:
    ratio, spread = figures.of([one[peer.id]["us"] / one["consume"]["us"] for one in rounds])
    theirs = median(one[peer.id]["us"] for one in rounds)
    cpu = median(one[peer.id]["cpu_us"] for one in rounds)
    return Row(
        id=peer.id.replace("peer_", "ahead-of-"),
        what=peer.what,
        unit="events/s",
        value=1e6 / median(one["consume"]["us"] for one in rounds),
        bound=1e6 / theirs,
        ratio=ratio,
        goal=peer.goal,
        at_least=True,
        spread=spread,
        bounded_by=f"the peer takes {theirs:.0f} µs per event, {cpu:.0f} µs of them its own CPU: {peer.why}",
    )


async def handlers(stand: Ground, sizes: Sizes) -> list[Row]:
    """One-event handlers: a row lock, an update, an emit."""
    prefix = await stand.topics()
    events = max(2 * job.BATCH, sizes.events // 4)
    spec = {"prefix": prefix, "topic": f"{prefix}{job.SessionMeasured.topic()}", "events": events}
    await stand.work("fill", topic=spec["topic"], events=int(events * TOPIC_MORE) + job.BATCH)
    rounds = [
        {what: await on_a_store(stand, what, **spec) for what in ("handle", "statements")}
        for _ in range(sizes.repeats)
    ]
    ratio, spread = figures.of([one["statements"]["us"] / one["handle"]["us"] for one in rounds])
    ours, bound = (median(one[what]["us"] for one in rounds) for what in ("handle", "statements"))
    cpu, bound_cpu = (median(one[what]["cpu_us"] for one in rounds) for what in ("handle", "statements"))
    return [
        Row(
            id="one-event-handler",
            what="row lock, update and emit per event; bound: the same statements without Kafka",
            unit="events/s",
            value=1e6 / ours,
            bound=1e6 / bound,
            ratio=ratio,
            goal=0.5,
            at_least=True,
            spread=spread,
            bounded_by=f"{ours:.0f} µs per event: two round trips to PostgreSQL are {bound:.0f} of them "
            f"(CPU of this process {bound_cpu:.0f}); with all else it uses {cpu:.0f} µs of CPU",
        )
    ]


async def carrying(stand: Ground, sizes: Sizes) -> list[Row]:
    """The relay, from a full outbox to an empty one."""
    rounds = []
    for _ in range(sizes.repeats):
        spec = {"prefix": await stand.topics(), "events": sizes.events}
        rounds.append(
            {what: await on_a_store(stand, what, **spec) for what in ("carry", "select-and-delete")}
        )
    ours = [one["carry"]["us"] for one in rounds]
    ratio, spread = figures.of([one["select-and-delete"]["us"] / one["carry"]["us"] for one in rounds])
    us, us_spread = figures.of(ours)
    bound = median(one["select-and-delete"]["us"] for one in rounds)
    cpu = median(one["carry"]["cpu_us"] for one in rounds)
    said = (
        f"{us:.1f} µs per event: SELECT + DELETE {bound:.1f}, the rest is headers, record batches and the "
        f"wait for acknowledgements; {cpu:.1f} µs are CPU of this process"
    )
    return [
        Row(
            id="relay",
            what="outbox → Kafka; bound: SELECT + DELETE of the same rows",
            unit="events/s",
            value=1e6 / us,
            bound=1e6 / bound,
            ratio=ratio,
            goal=0.15,
            at_least=True,
            spread=spread,
            bounded_by=said,
        ),
        Row(
            id="relay-cost",
            what="outbox → Kafka, time per event",
            unit="µs",
            value=us,
            bound=None,
            ratio=None,
            goal=25.0,
            at_least=False,
            spread=us_spread,
            bounded_by=said,
        ),
    ]


async def commands(stand: Ground, sizes: Sizes) -> list[Row]:
    """Commands of one client, and of eight at a time."""
    rows = []
    for clients, called in ((1, "command"), (CLIENTS, "command-busy")):
        found = await on_a_store(stand, "command", prefix="", events=0, blocks=sizes.blocks, clients=clients)
        pairs = list(zip(found["without"], found["with"], strict=True))
        ratio, spread = figures.of([without / saying for without, saying in pairs])
        saying, without = median(found["with"]), median(found["without"])
        rows.append(
            Row(
                id=called,
                what=f"business row + outbox, {clients} at a time; bound: the same without outbox, "
                f"median of {len(pairs)} interleaved blocks",
                unit="commands/s",
                value=1e6 / saying,
                bound=1e6 / without,
                ratio=ratio,
                goal=0.8,
                at_least=True,
                spread=spread,
                bounded_by=f"{saying:.0f} µs per command: round trips and fsync take {without:.0f} "
                f"without an event; the outbox row is one statement of {saying - without:.0f} µs",
            )
        )
    return rows


async def travelling(stand: Ground, sizes: Sizes) -> list[Row]:
    """From a commit to the commit of the next service, both idle."""
    prefix = await stand.topics()
    told, heard = await stand.store(), await stand.store()
    async with memory.serving(stand, heard.dsn, prefix):
        found = await stand.work(
            "travel",
            dsn=told.dsn,
            heard_dsn=heard.dsn,
            prefix=prefix,
            group="bench",
            samples=sizes.samples,
            warm=WARM,
            seed=sizes.seed,
            events=0,
        )
    await stand.drop(told)
    await stand.drop(heard)
    times = sorted(found["ms"])
    p50, p99 = median(times), quantiles(times, n=100, method="inclusive")[98]
    said = (
        f"of {len(times)} events (seed {sizes.seed}): the wake-up after the commit, the relay's SELECT, "
        "Kafka's acknowledgement, the fetch, one transaction there with its fsync; no timer is waited for"
    )
    what = "commit → applied in the next service, another process, idle: "
    return [
        Row(
            id=f"travel-{label}",
            what=what + label,
            unit="ms",
            value=value,
            bound=None,
            ratio=None,
            goal=goal,
            at_least=False,
            spread=(times[0], times[-1]),
            bounded_by=said,
        )
        for label, value, goal in (("p50", p50, 25.0), ("p99", p99, 150.0))
    ]


async def flat_memory(stand: Ground, sizes: Sizes) -> list[Row]:
    """The whole process of a service, while it consumes: its memory after a tenth and after all."""
    few, many = sizes.memory_events // 10, sizes.memory_events
    early, late = await memory.while_consuming(stand, few, many)
    grown = late.own - early.own
    return [
        Row(
            id="memory",
            what=f"growth of a consuming service's memory from {few:,} to {many:,} events (USS)",
            unit="MB",
            value=grown / 1e6,
            bound=None,
            ratio=None,
            goal=10.0,
            at_least=False,
            spread=(early.own / 1e6, late.own / 1e6),
            bounded_by=f"USS {early.own / 1e6:.1f} MB, then {late.own / 1e6:.1f} MB "
            f"(RSS {early.rss / 1e6:.1f}, {late.rss / 1e6:.1f}), medians of samples around both marks; "
            "fetched records and one batch are "
            "all that is held",
        )
    ]


WITH_PEERS = "consumer and peers"
ALL: Mapping[str, Callable[[Ground, Sizes], Awaitable[list[Row]]]] = {
    WITH_PEERS: batches,
    "one-event handlers": handlers,
    "relay": carrying,
    "command": commands,
    "commit → applied": travelling,
    "memory": flat_memory,
}
