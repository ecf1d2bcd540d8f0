"""The driver, with services played by a few lines that answer its requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from deploy.local.stepper import Listener, NotQuiet, Stepper
from tests.unit.deploy.builders import MONDAY


@dataclass
class Played:
    """A service that answers /clock and /quiet; `state` is its answer, `asked` counts."""

    state: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    asked: int = 0
    on_ask: Callable[[Played], None] = lambda _: None

    async def clock(self, request: web.Request) -> web.Response:
        self.told.append((await request.json())["now"])
        return web.json_response({"now": self.told[-1]})

    async def quiet(self, _: web.Request) -> web.Response:
        self.asked += 1
        self.on_ask(self)
        empty = {"busy": 0, "outbox": 0, "sent": {}, "done": {}, "next_due": None}
        return web.json_response(empty | {"now": self.told[-1] if self.told else None} | self.state)


MakeStepper: TypeAlias = Callable[..., Awaitable[Stepper]]


@pytest_asyncio.fixture
async def a_stepper() -> AsyncIterator[MakeStepper]:
    """`await a_stepper(matching=Played(), …)`: a driver of these services, each behind a port of its own."""
    async with AsyncExitStack() as ends:

        async def make(**services: Played) -> Stepper:
            client = await ends.enter_async_context(ClientSession())
            listeners = []
            for name, played in services.items():
                app = web.Application()
                app.add_routes([web.put("/clock", played.clock), web.get("/quiet", played.quiet)])
                server = await ends.enter_async_context(TestServer(app))
                listeners.append(Listener(name, [str(server.make_url(""))], frozenset({"match-made"})))
            return Stepper(client, listeners, now=MONDAY)

        yield make


async def test_everybody_is_told_before_anybody_is_told_to_go_on(a_stepper: MakeStepper) -> None:
    one, two = Played(), Played()
    stepper = await a_stepper(one=one, two=two)
    await stepper.tell(MONDAY)
    assert one.told == two.told == [MONDAY.isoformat()] * 2
    await stepper.settle()
    assert (one.asked, two.asked) == (1, 1)


async def test_it_waits_until_every_listener_has_applied_what_anybody_sent(a_stepper: MakeStepper) -> None:
    def catch_up(service: Played) -> None:
        service.state["done"] = {"match-made/3": min(service.asked, 4)}

    speaker = Played(state={"sent": {"match-made/3": 4, "person-changed/0": 9}, "done": {"match-made/3": 4}})
    listener = Played(on_ask=catch_up)
    stepper = await a_stepper(speaker=speaker, listener=listener)
    await stepper.tell(MONDAY)
    await stepper.settle()
    assert (listener.asked, speaker.asked) == (5, 2), "who is quiet is not asked again and again"


async def test_what_was_sent_is_remembered_when_the_sender_is_started_again(a_stepper: MakeStepper) -> None:
    speaker = Played(state={"sent": {"match-made/3": 2}, "done": {"match-made/3": 2}, "busy": 1})

    def forget(service: Played) -> None:
        if service.asked == 2:
            service.state = {"done": {"match-made/3": 2}}

    speaker.on_ask = forget
    listener = Played(state={"done": {"match-made/3": 1}})
    stepper = await a_stepper(speaker=speaker, listener=listener)
    await stepper.tell(MONDAY)
    with pytest.raises(NotQuiet, match="listener has applied 1 of 2 at match-made/3"):
        await stepper.settle(timeout_s=0.2)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"busy": 2}, "slow has 2 things in hand"),
        ({"outbox": 3}, "slow has 3 events in its outbox"),
        ({"next_due": MONDAY.isoformat()}, "slow has work due since 2026-03-02T09:00:00"),
    ],
)
async def test_when_patience_ends_it_says_who_is_not_quiet_and_why(
    a_stepper: MakeStepper, state: dict[str, Any], reason: str
) -> None:
    stepper = await a_stepper(slow=Played(state=state), fast=Played())
    await stepper.tell(MONDAY)
    with pytest.raises(NotQuiet, match=reason):
        await stepper.settle(timeout_s=0.05)


async def test_a_service_that_was_started_again_is_told_the_time(a_stepper: MakeStepper) -> None:
    service = Played()
    stepper = await a_stepper(one=service)
    await stepper.tell(MONDAY)
    service.told.clear()
    await stepper.settle(timeout_s=1)
    assert service.told == [MONDAY.isoformat()]


def minutes(at: datetime) -> float:
    return (at - MONDAY).total_seconds() / 60


async def test_it_steps_to_the_earliest_work_rounded_up_to_the_grid(a_stepper: MakeStepper) -> None:
    service = Played(state={"next_due": (MONDAY + timedelta(minutes=61)).isoformat()})
    stepper = await a_stepper(one=service)
    await stepper.tell(MONDAY)
    await stepper.settle()
    end = MONDAY + timedelta(days=1)
    assert minutes(stepper.upcoming([None], end)) == 120
    assert minutes(stepper.upcoming([MONDAY + timedelta(minutes=10)], end)) == 60
    assert minutes(stepper.upcoming([MONDAY], end)) == 60
    assert minutes(stepper.upcoming([None], MONDAY + timedelta(minutes=90))) == 90


async def test_only_those_with_work_are_told_to_go_on(a_stepper: MakeStepper) -> None:
    soon = (MONDAY + timedelta(hours=1)).isoformat()
    busy, idle = Played(state={"next_due": soon}), Played()
    stepper = await a_stepper(busy=busy, idle=idle)
    await stepper.tell(MONDAY)
    await stepper.settle()
    await stepper.tell(MONDAY + timedelta(hours=1))
    assert (busy.told[2:], idle.told[2:]) == ([soon, soon], [soon])
