"""The driver, with services played by a few lines that answer its requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from deploy.local.stepper import Listener, NotQuiet, Stepper
from tests.unit.deploy.builders import MONDAY


@dataclass
class Played:
    """A service that answers /clock and /quiet; `state` is its answer, `asked` counts."""

    state: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    asked: int = 0
    on_ask: Callable[[Played], None] = lambda _: None

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            self.told.append(json.loads(request.content)["now"])
            return httpx.Response(200, json={"now": self.told[-1]})
        self.asked += 1
        self.on_ask(self)
        empty = {"busy": 0, "outbox": 0, "sent": {}, "done": {}, "next_due": None}
        return httpx.Response(200, json=empty | {"now": self.told[-1] if self.told else None} | self.state)


def a_stepper(**services: Played) -> Stepper:
    def answer(request: httpx.Request) -> httpx.Response:
        return services[request.url.host].answer(request)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    listeners = [Listener(name, [f"http://{name}"], frozenset({"match-made"})) for name in services]
    return Stepper(client, listeners, now=MONDAY)


async def test_everybody_is_told_before_anybody_is_told_to_go_on() -> None:
    one, two = Played(), Played()
    stepper = a_stepper(one=one, two=two)
    await stepper.tell(MONDAY)
    assert one.told == two.told == [MONDAY.isoformat()] * 2
    await stepper.settle()
    assert (one.asked, two.asked) == (1, 1)


async def test_it_waits_until_every_listener_has_applied_what_anybody_sent() -> None:
    def catch_up(service: Played) -> None:
        service.state["done"] = {"match-made/3": min(service.asked, 4)}

    speaker = Played(state={"sent": {"match-made/3": 4, "person-changed/0": 9}, "done": {"match-made/3": 4}})
    listener = Played(on_ask=catch_up)
    stepper = a_stepper(speaker=speaker, listener=listener)
    await stepper.tell(MONDAY)
    await stepper.settle()
    assert listener.asked == 4


async def test_what_was_sent_is_remembered_when_the_sender_is_started_again() -> None:
    speaker = Played(state={"sent": {"match-made/3": 2}, "done": {"match-made/3": 2}, "busy": 1})

    def forget(service: Played) -> None:
        if service.asked == 2:
            service.state = {"done": {"match-made/3": 2}}

    speaker.on_ask = forget
    listener = Played(state={"done": {"match-made/3": 1}})
    stepper = a_stepper(speaker=speaker, listener=listener)
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
    state: dict[str, Any], reason: str
) -> None:
    stepper = a_stepper(slow=Played(state=state), fast=Played())
    await stepper.tell(MONDAY)
    with pytest.raises(NotQuiet, match=reason):
        await stepper.settle(timeout_s=0.05)


async def test_a_service_that_was_started_again_is_told_the_time() -> None:
    service = Played()
    stepper = a_stepper(one=service)
    await stepper.tell(MONDAY)
    service.told.clear()
    await stepper.settle(timeout_s=1)
    assert service.told == [MONDAY.isoformat()]


def minutes(at: datetime) -> float:
    return (at - MONDAY).total_seconds() / 60


async def test_it_steps_to_the_earliest_work_rounded_up_to_the_grid() -> None:
    service = Played(state={"next_due": (MONDAY + timedelta(minutes=61)).isoformat()})
    stepper = a_stepper(one=service)
    await stepper.tell(MONDAY)
    await stepper.settle()
    end = MONDAY + timedelta(days=1)
    assert minutes(stepper.upcoming([None], end)) == 120
    assert minutes(stepper.upcoming([MONDAY + timedelta(minutes=10)], end)) == 60
    assert minutes(stepper.upcoming([MONDAY], end)) == 60
    assert minutes(stepper.upcoming([None], MONDAY + timedelta(minutes=90))) == 90
