"""Scenes in which one wrong line of the plumbing shows for certain, and the right one never does.

Each brings a quiet pair into the one order of steps that matters, by points at which somebody is killed or
held. What the checker then has to find of the wrong line is beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests import infra
from tests.chaos.miniature.pair import KEYS, Pair, until
from tests.chaos.miniature.phrases import COMPLETED, ENDED, MADE, a_match
from tests.chaos.miniature.processes import WITHIN_S, Process

RELAY_READS = """
SELECT count(*) > 0 FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE '%FROM outbox ORDER BY id%' AND pid <> pg_backend_pid()
  AND query_start > $1
"""


@dataclass(frozen=True)
class Scene:
    """`shows` is how a finding begins that the wrong line leads to."""

    play: Callable[[Pair], Awaitable[None]]
    shows: str


async def killed_at(pair: Pair, process: Process, point: str) -> None:
    """Some events are said, and the process is killed where they bring it; it is not started again."""
    process.arm(point, "kill")
    pair.order_some()
    await asyncio.wait_for(asyncio.shield(process.ended), WITHIN_S)


async def held_at(pair: Pair, process: Process, point: str, *events: tuple[str, str]) -> None:
    """The events are said, and the process has somebody held at the point."""
    process.arm(point, "hold")
    pair.order(*events, aside=True)
    await process.held(point)


def listener(pair: Pair) -> Process:
    assert pair.listener is not None
    return pair.listener


def speaker(pair: Pair) -> Process:
    assert pair.speaker is not None
    return pair.speaker


async def heard_again(pair: Pair) -> None:
    """What is applied comes again, because its offset was not committed."""
    await killed_at(pair, listener(pair), "batch.offsets.before")
    await pair.listen()


async def killed_before_apply(pair: Pair) -> None:
    await killed_at(pair, listener(pair), "batch.acquire.before")
    await pair.listen()


async def killed_before_commit(pair: Pair) -> None:
    """The speaker dies with everything written and nothing committed; it obeys again."""
    await killed_at(pair, speaker(pair), "door.tx.leaving")
    await pair.speak()


async def a_second_relay(pair: Pair) -> None:
    """While one relay holds what it has read, another one is there for a round of its own."""
    first = speaker(pair)
    await held_at(pair, first, "relay.send.before", *((ENDED, a_match(one)) for one in range(KEYS)))
    second = await pair.born("speaker", MENTORING_REPLICA="1")
    second.arm("relay.follow.before", "hold")
    second.arm("relay.rest.before", "hold")
    ways = [second.points / f"relay.{name}.before.held" for name in ("follow", "rest")]
    await infra.eventually(lambda: any(way.exists() for way in ways), "the second relay had its turn")
    first.let_go("relay.send.before")
    await pair.findings(within_s=3.0)
    await second.kill()


async def a_rebalance_while_waiting(pair: Pair) -> None:
    """Records come to a listener that began to wait for them before the group was shared anew."""
    here = listener(pair)
    await held_at(pair, here, "consumer.fetch.before", (MADE, a_match(0)))
    here.let_go("consumer.fetch.before")
    await pair.a_guest()
    for _ in range(2):
        pair.order(*((ENDED, a_match(one)) for one in range(KEYS)))
        await pair.findings(within_s=3.0)


async def a_rebalance_with_records_in_hand(pair: Pair) -> None:
    """Partitions are revoked while a batch is read and not applied; then the process dies."""
    here = listener(pair)
    await held_at(pair, here, "consumer.fetch.after", *((ENDED, a_match(one)) for one in range(KEYS)))
    guest = asyncio.create_task(pair.a_guest())
    done, _ = await asyncio.wait({guest}, timeout=WITHIN_S)
    await here.kill()
    assert done, "the guest came and went"
    await pair.listen()


async def the_earlier_commits_later(pair: Pair) -> None:
    """Two transactions: the one that began first is committed when the other one was heard."""
    early, late = a_match(1), a_match(2)
    await held_at(pair, speaker(pair), "door.tx.leaving", (ENDED, early))
    pair.order((ENDED, late))

    async def heard() -> bool:
        return await pair.books.heard.fetchval("SELECT count(*) > 0 FROM effect WHERE topic = $1", ENDED)

    await until(heard, "the later one is heard")
    speaker(pair).let_go("door.tx.leaving")


async def the_second_after_a_park(pair: Pair) -> None:
    """An event fails and is parked; the next one of its key would go well."""
    key, heard = pair.a_new_key(), pair.books.heard
    await pair.poison(key)
    pair.order((ENDED, key))

    async def parked() -> bool:
        return await heard.fetchval("SELECT count(*) > 0 FROM parked WHERE key = $1", key)

    await until(parked, "it is parked")
    await heard.execute("UPDATE parked SET next_attempt_at = 'infinity'")
    await heard.execute("DELETE FROM poison")
    pair.order((ENDED, key), (COMPLETED, a_match(0)))
    await pair.findings(within_s=3.0)
    await pair.make_due()

    async def applied() -> bool:
        return await heard.fetchval("SELECT count(*) = 0 FROM parked")

    await until(applied, "both are applied")


async def woken_too_early(pair: Pair) -> None:
    """A relay that rests for an hour would look once before the commit, and then not again."""
    await speaker(pair).kill()
    await pair.speak(MENTORING_POLL_S="3600")
    speaker(pair).arm("relay.rest.before", "hold")
    await speaker(pair).held("relay.rest.before")
    speaker(pair).let_go("relay.rest.before")
    now = await pair.books.said.fetchval("SELECT clock_timestamp()")
    await held_at(pair, speaker(pair), "door.tx.leaving", (ENDED, a_match(1)))

    async def looked() -> bool:
        return await pair.books.said.fetchval(RELAY_READS, now)

    with contextlib.suppress(AssertionError):  # whoever is woken by the commit alone does not look yet
        await until(looked, "the relay looks into the outbox", within_s=3.0)
    speaker(pair).let_go("door.tx.leaving")


SCENES: Mapping[str, Scene] = {
    "inbox off": Scene(heard_again, "D5"),
    "offset committed before apply": Scene(killed_before_apply, "D2 lost"),
    "publish before commit": Scene(killed_before_commit, "D5"),
    "two relays without the lock": Scene(a_second_relay, "R1"),
    "epoch-drop": Scene(a_rebalance_while_waiting, "D2 lost"),
    "commit without offsets": Scene(a_rebalance_with_records_in_hand, "D2 lost"),
    "dedupe by highest id": Scene(the_earlier_commits_later, "D2 lost"),
    "order of a key lost after a park": Scene(the_second_after_a_park, "D5"),
    "wake-up before the commit": Scene(woken_too_early, "D7"),
}
