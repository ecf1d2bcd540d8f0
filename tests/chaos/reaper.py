"""Kills the processes of a company one after another while it lives, each when something is on its way."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import aiohttp

from deploy.local import programs
from deploy.local.databases import SERVICES
from deploy.local.demo import organiser
from deploy.local.demo.story import Story
from deploy.local.stack import Stack
from deploy.local.supervise import Part

ROUNDS = 2
FIRST_DAY, LAST_DAY = 0.3, 11.0
"""Days of the story in which processes are killed: between two mornings on which the organiser invites."""
DELAY_S_MAX = 0.03
BACK_WITHIN_S = 60.0
COMMANDS = 4
IN_FLIGHT = "urn:mentoring:problem:idempotency-key-in-flight"


@dataclass(eq=False)
class Reaper:
    """`plan` is who is killed, and from when on, in the story's time; `kills` counts what was done.

    `acknowledged` are the ids of programmes that matching said it had made while it was being killed.
    """

    company: Stack
    client: aiohttp.ClientSession
    chance: random.Random
    plan: list[tuple[datetime, str]] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    _at_work: asyncio.Task[None] | None = None

    def make_plan(self, begin: datetime) -> None:
        """Each part is killed ROUNDS times, never twice in a row, at moments drawn from the seed."""
        names = [*(programs.place(service, 0) for service in SERVICES), programs.LIVE]
        order = [name for _ in range(ROUNDS) for name in self.chance.sample(names, len(names))]
        days = sorted(self.chance.uniform(FIRST_DAY, LAST_DAY) for _ in order)
        self.plan = [(begin + timedelta(days=day), name) for day, name in zip(days, order, strict=True)]

    async def watch(self, tale: Story) -> None:
        """After each step of the story: the next one is killed in the course of what comes now."""
        if self._at_work is not None and self._at_work.done():
            self._at_work.result()
            self._at_work = None
        if self._at_work is None and self.plan and self.plan[0][0] <= tale.now:
            _, name = self.plan.pop(0)
            self._at_work = asyncio.create_task(self._kill_at_work(tale, self.company.parts[name]))

    async def kill_all_at_once(self, tale: Story) -> None:
        """The last fault, with a command just given. Returns when all are back."""
        await self._command("programmes", _programme(tale, "the last one"))
        if self._at_work is not None:
            await self._at_work
        invited = {"employee_numbers": [str(person.number) for person in tale.people]}
        await asyncio.gather(
            self._command(f"programmes/{self.acknowledged[-1]}/invitations", invited),
            *(self._kill(tale, self.company.part(service)) for service in SERVICES),
        )

    async def _kill_at_work(self, tale: Story, part: Part) -> None:
        await self._something_moves()
        await asyncio.sleep(self.chance.uniform(0.0, DELAY_S_MAX))
        told = [_programme(tale, f"circle {self.kills.total()}-{number}") for number in range(COMMANDS)]
        commands = told if part is self.company.part("matching") else []
        await asyncio.gather(
            self._kill(tale, part), *(self._command("programmes", programme) for programme in commands)
        )

    async def _kill(self, tale: Story, part: Part) -> None:
        killed = part.kill()
        self.kills[part.name] += 1
        await _until(lambda: part.child.pid not in (None, killed), f"{part.name} is started again")
        await part.ready()
        url = self._url(part)
        if url is not None:
            # People go on acting in the meantime, and who does not know the time lets nobody in.
            async with self.client.put(f"{url}/clock", json={"now": tale.now.isoformat()}) as answer:
                assert answer.status in (HTTPStatus.OK, HTTPStatus.CONFLICT), await answer.text()

    def _url(self, part: Part) -> str | None:
        service = part.name.rpartition("-")[0]
        return self.company.http[service][0] if part.name != programs.LIVE else None

    async def _something_moves(self) -> None:
        """Returns when a service has something in hand or in its outbox."""
        while True:
            for urls in self.company.http.values():
                quiet = await self._quiet(urls[0])
                if quiet["busy"] or quiet["outbox"]:
                    return

    async def _quiet(self, url: str) -> dict[str, Any]:
        async with self.client.get(f"{url}/quiet") as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def _command(self, path: str, body: Mapping[str, object]) -> None:
        """A client that tries again with the same key until it is told that what it wants is done."""
        url = f"{self.company.http['matching'][0]}/v1/{path}"
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        deadline = time.monotonic() + BACK_WITHIN_S
        while True:
            try:
                async with self.client.post(url, json=body, headers=headers) as answer:
                    said = await answer.json()
            except aiohttp.ClientError:
                said = {"type": "no answer"}
            else:
                if answer.ok:
                    self.acknowledged += [said["programme_id"]] if path == "programmes" else []
                    return
                again = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or said["type"] == IN_FLIGHT
                assert again, said
            assert time.monotonic() < deadline, f"nobody takes {body}: {said}"
            await asyncio.sleep(0.05)


def _programme(tale: Story, name: str) -> Mapping[str, object]:
    return {**organiser.growth(tale.now.date()), "name": name}


async def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + BACK_WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {BACK_WITHIN_S:g} s: {what}"
        await asyncio.sleep(0.02)
