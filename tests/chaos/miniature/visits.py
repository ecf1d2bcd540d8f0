"""How a running pair is brought to each crash point, and what is done about it afterwards.

A visit names points of one role. `provoke` is what makes its process come there; a process that comes there
at its start is started anew for it, with `env` if that is what it takes.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from shared.breaker import RUN_MAX
from tests.chaos.miniature.declared import AROUND, WITHIN
from tests.chaos.miniature.pair import Pair, until
from tests.chaos.miniature.phrases import COMPLETED, ENDED
from tests.chaos.miniature.processes import WITHIN_S, Process

WAKE_AGAIN_S = 0.5

Provoke = Callable[[Pair], Awaitable[None]]


@dataclass(frozen=True)
class Visit:
    role: str
    points: tuple[str, ...]
    provoke: Provoke
    at_start: bool = False
    env: Mapping[str, str] = field(default_factory=dict)


def around(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}.{end}" for name in names for end in AROUND)


def within(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}.{end}" for name in names for end in WITHIN)


def transaction(work: str) -> tuple[str, ...]:
    return (*around(f"{work}.acquire", f"{work}.flush", f"{work}.release"), *within(f"{work}.tx"))


async def nothing(pair: Pair) -> None:
    """The process comes there by itself."""


async def talk(pair: Pair) -> None:
    pair.order_some()


async def wake(pair: Pair) -> None:
    """Talks until the relay is woken from a rest: while it carries nobody has to wake it."""
    speaker = pair.speaker
    assert speaker is not None
    while speaker.alive:
        pair.order_some(1)
        await asyncio.wait([speaker.ended], timeout=WAKE_AGAIN_S)


async def end(pair: Pair) -> None:
    """What listens is asked to end."""
    assert pair.listener is not None
    pair.listener.send(signal.SIGTERM)


async def end_speaker(pair: Pair) -> None:
    assert pair.speaker is not None
    pair.speaker.send(signal.SIGTERM)


async def follow(pair: Pair) -> None:
    """The relay's leadership goes to somebody else while a process still wants it."""
    assert pair.speaker is not None
    async with pair.another_leader():
        await asyncio.wait_for(asyncio.shield(pair.speaker.ended), WITHIN_S)


async def lose_the_leader(pair: Pair) -> None:
    await pair.cut_off("speaker")


async def trouble(pair: Pair) -> None:
    """An event that fails and one behind it, one that comes early, and a record that is none."""
    failing, early = pair.a_new_key(), pair.a_new_key()
    await pair.poison(failing)
    pair.order((ENDED, failing), (COMPLETED, early))
    pair.order((ENDED, failing), (COMPLETED, early))
    await pair.say_garbage()
    pair.order_some(1)


async def retry(pair: Pair) -> None:
    """A parked event is tried again in vain, then it goes well."""
    failing, good = pair.a_new_key(), pair.a_new_key()
    heard = pair.books.heard
    await pair.poison(failing, good)
    pair.order((ENDED, failing), (ENDED, good))
    both = "SELECT count(*) = 2 FROM parked WHERE key = ANY($1)"

    async def parked_or_over() -> bool:
        return _over(pair) or await heard.fetchval(both, [failing, good])

    await until(parked_or_over, "both are parked")
    await heard.execute("DELETE FROM poison WHERE key = $1", good)
    await pair.make_due()


async def rebalance(pair: Pair) -> None:
    """A guest comes, and the group shares its partitions anew; it leaves once the group has settled."""
    pair.guests.append(asyncio.create_task(pair.a_guest()))
    pair.order_some(1)


async def replay(pair: Pair) -> None:
    """Wished for until it is followed: a process that just begins takes an older wish as followed."""

    async def wished() -> bool:
        await pair.books.heard.execute("UPDATE consumer_state SET replay_requested_at = clock_timestamp()")
        return _over(pair)

    await until(wished, "the replay is followed")


async def bad_deploy(pair: Pair) -> None:
    """As many events fail, one after another, as the breaker bears."""
    keys = [pair.a_new_key() for _ in range(RUN_MAX + 5)]
    await pair.poison(*keys)
    pair.order(*((ENDED, key) for key in keys))


async def store_away(pair: Pair) -> None:
    """The listener's store lets nobody in while there is something to apply."""
    assert pair.listener is not None
    await pair.shut("listener", allowed=False)
    pair.order_some()
    try:
        await asyncio.wait_for(asyncio.shield(pair.listener.ended), WITHIN_S)
    finally:
        await pair.shut("listener", allowed=True)


def _over(pair: Pair) -> bool:
    return pair.listener is None or not pair.listener.alive


SMALL_ROUNDS = {"MENTORING_RELAY_ROWS_MAX": "4"}
"""A transaction of the talk says so many events: they are a full round."""
SPEAKER = (
    Visit("speaker", around("relay.connect", "relay.lock", "relay.producer-start"), nothing, at_start=True),
    Visit("speaker", (*transaction("door"), *around("relay.read")), talk),
    Visit("speaker", around("relay.rest"), wake),
    Visit("speaker", around("relay.partitions", "relay.give-way", "relay.send", "relay.ack"), talk),
    Visit("speaker", around("relay.delete"), talk),
    Visit("speaker", around("relay.read-ahead"), talk, at_start=True, env=SMALL_ROUNDS),
    Visit("speaker", around("relay.follow", "relay.ask", "relay.ask-close"), follow, at_start=True),
    Visit("speaker", around("relay.back-off"), lose_the_leader),
    Visit("speaker", around("client.stop"), end_speaker),
)
NOWHERE = {"MENTORING_KAFKA": "127.0.0.1:1"}
LISTENER = (
    Visit("listener", around("consumer.begin", "consumer.start"), nothing, at_start=True),
    Visit("listener", around("state.read"), nothing, at_start=True),
    Visit("listener", (*within("consumer.lock", "aside.lock"), *around("consumer.fetch")), talk),
    Visit("listener", around("aside.position"), nothing, at_start=True),
    Visit("listener", (*transaction("batch"), *around("batch.lock")), talk),
    Visit("listener", around("batch.admit", "batch.offsets", "offsets.commit"), talk),
    Visit("listener", around("handle.one", "handle.many", "handle.heard"), talk),
    Visit("listener", around("consumer.back-off"), nothing, at_start=True, env=NOWHERE),
    Visit("listener", around("consumer.stop", "client.stop"), end),
)
TROUBLED = (
    Visit("listener", transaction("careful"), trouble),
    Visit("listener", around("careful.lock", "careful.halted", "careful.known"), trouble),
    Visit("listener", around("careful.repeated", "careful.park"), trouble),
    Visit("listener", (*within("try"), *around("try.admit", "try.flush")), retry),
    Visit("listener", (*transaction("retry"), *around("retry.heads")), retry),
    Visit("listener", around("retry.unpark", "retry.postpone"), retry),
)
RARE = (
    Visit("listener", (*within("revoke.lock"), *around("revoke.offsets")), rebalance),
    Visit("listener", (*within("replay.lock"), *around("replay.seek")), replay),
    Visit("listener", (*transaction("stop"), *around("stop.write")), bad_deploy),
    Visit("listener", (*within("halt.lock"), *around("halt.fetch", "halt.pause")), bad_deploy),
    Visit("listener", around("store.again"), store_away),
)
ROUNDS: Mapping[str, tuple[Visit, ...]] = {
    "speaker": SPEAKER,
    "listener": LISTENER,
    "troubled": TROUBLED,
    "rare": RARE,
}


def visited() -> set[str]:
    return {point for visit in itertools.chain(*ROUNDS.values()) for point in visit.points}


async def die_at(pair: Pair, visit: Visit, point: str) -> list[str]:
    """The process is killed at the point and started again; returns what the checker finds."""
    doomed = await _doomed(pair, visit, point)
    provoking = asyncio.create_task(visit.provoke(pair))
    try:
        status = await asyncio.wait_for(asyncio.shield(doomed.ended), WITHIN_S)
    except TimeoutError:
        provoking.cancel()
        return [f"nobody came to {point}"]
    await provoking
    if status != -signal.SIGKILL or (doomed.points / point).exists():
        return [f"it ended by {status}, not at {point}"]
    ahead = await pair.wrong_already()
    await (pair.speak() if visit.role == "speaker" else pair.listen())
    await asyncio.gather(*pair.guests)
    pair.guests.clear()
    await pair.resume()
    found = ahead + await pair.findings()
    if visit.provoke in (trouble, retry, bad_deploy):
        await pair.mend()
    return found


async def _doomed(pair: Pair, visit: Visit, point: str) -> Process:
    """The living process of the role, or one that is just being born, with the point armed."""
    living = pair.speaker if visit.role == "speaker" else pair.listener
    assert living is not None
    if not visit.at_start:
        living.arm(point, "kill")
        return living
    await living.kill()
    begin = pair.speak if visit.role == "speaker" else pair.listen
    return await begin(point, **visit.env)
