"""The story: what happens from the opening day on, step by step on the stepped clock.

async with stack.running(folder, clock="stepped", said_copy=True, fresh=True) as company:
    async with story.told(company, people, seed=1, weeks=26) as tale:
        await tale.until(tale.end)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

from aiohttp import ClientSession, ClientTimeout

from deploy.local.company.made_up import Person
from deploy.local.demo import organiser, proof
from deploy.local.demo.organiser import Organiser
from deploy.local.people.crowd import Crowd
from deploy.local.people.mailbox import Mailbox
from deploy.local.stack import Stack
from deploy.local.stepper import Listener, Stepper

OPENING = date(2026, 3, 2)
"""A Monday; clocks change in Seattle, Madrid and Sydney within the five weeks after it."""
TIMEOUT_S = 30.0
MARK = "(said in confidence: plum-{seed})"

Watch: TypeAlias = Callable[["Story"], Awaitable[None]]


@dataclass(eq=False)
class Story:
    """One telling. `invitations` are what the organiser still means to do, by when and for whom."""

    company: Stack
    people: Sequence[Person]
    seed: int
    begin: datetime
    end: datetime
    stepper: Stepper
    crowd: Crowd
    mailbox: Mailbox
    organiser: Organiser
    programmes: dict[str, str] = field(default_factory=dict)
    invitations: list[tuple[datetime, str, Sequence[Person]]] = field(default_factory=list)
    steps: int = 0

    @property
    def now(self) -> datetime:
        return self.stepper.now

    @property
    def databases(self) -> Mapping[str, str]:
        """The owner's address of each service's database."""
        return {service: store.owner_dsn for service, store in self.company.stores.items()}

    async def open(self) -> None:
        """The first morning: people are imported, both programmes opened, invitations planned."""
        await self.stepper.tell(self.begin)
        await self.stepper.settle()
        imported = await self.organiser.import_people(self.begin.date())
        if imported["rejected"]:
            raise organiser.Declined(f"the import rejected {len(imported['rejected'])} people")
        weeks = (self.end - self.begin).days // 7
        self.programmes = dict(await self.organiser.open_programmes(self.begin.date(), weeks))
        self.invitations = organiser.plan(self.people, self.begin, self.programmes, seed=self.seed)
        await self.stepper.settle()

    async def until(self, end: datetime, watch: Watch | None = None) -> None:
        """Tells on to `end`; `watch` is called after every step, when everybody is quiet."""
        while True:
            await self._act()
            if watch is not None:
                await watch(self)
            if self.now >= end:
                return
            dues = [self.crowd.next_due(), *(at for at, _, _ in self.invitations)]
            await self.stepper.tell(self.stepper.upcoming(dues, end))
            self.steps += 1
            await self.stepper.settle()

    async def _act(self) -> None:
        """Mail is handed out and people act until nobody wants to do anything more at this time."""
        acted = await self._invite()
        while True:
            if acted:
                await self.stepper.settle()
            self.crowd.deliver(self.mailbox.new(), self.now)
            acted = await self.crowd.act(self.now, self.stepper.settle) > 0
            if not acted:
                return

    async def _invite(self) -> bool:
        due = [one for one in self.invitations if one[0] <= self.now]
        self.invitations = [one for one in self.invitations if one[0] > self.now]
        for _, programme_id, people in due:
            await self.organiser.invite(programme_id, people)
        return bool(due)


@asynccontextmanager
async def told(
    company: Stack, people: Sequence[Person], *, seed: int, weeks: int, mark: str | None = None
) -> AsyncIterator[Story]:
    """A story that has been opened. `mark` is put in every private text, for the search for leaks."""
    bearer = {"authorization": f"Bearer {company.tokens.admin}"}
    begin = datetime.combine(OPENING, organiser.MORNING, UTC)
    async with AsyncExitStack() as ends:
        patience = ClientTimeout(total=TIMEOUT_S)
        teller = await ends.enter_async_context(ClientSession(headers=bearer, timeout=patience))
        base = company.http["matching"][0]
        desk = await ends.enter_async_context(ClientSession(base, headers=bearer, timeout=patience))
        browser = await ends.enter_async_context(ClientSession(timeout=patience))
        made = Story(
            company=company,
            people=people,
            seed=seed,
            begin=begin,
            end=begin + timedelta(weeks=weeks),
            stepper=Stepper(teller, listeners(company), now=begin),
            crowd=Crowd(people, browser, seed=seed, mark=MARK.format(seed=seed) if mark is None else mark),
            mailbox=Mailbox(company.mail_dir),
            organiser=Organiser(desk, people),
        )
        await made.open()
        yield made


def listeners(company: Stack) -> list[Listener]:
    """Every service with the full names of the topics it listens to."""
    prefix = company.topic_prefix
    return [
        Listener(name, urls, frozenset(f"{prefix}{topic}" for topic in proof.HEARD[name]))
        for name, urls in company.http.items()
    ]
