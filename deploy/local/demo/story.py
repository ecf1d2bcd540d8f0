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

from deploy.local import chance
from deploy.local.company.made_up import Person
from deploy.local.demo import hr, organiser, proof
from deploy.local.demo.office import Office, Scim, Webhook
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
    """One telling. `invitations` are what the organiser still means to do, by when and for whom, `happenings`
    what HR has still to say."""

    company: Stack
    people: Sequence[Person]
    seed: int
    begin: datetime
    end: datetime
    stepper: Stepper
    crowd: Crowd
    mailbox: Mailbox
    organiser: Organiser
    office: Office
    programmes: dict[str, str] = field(default_factory=dict)
    invitations: list[tuple[datetime, str, Sequence[Person]]] = field(default_factory=list)
    happenings: list[hr.Happening] = field(default_factory=list)
    steps: int = 0

    @property
    def now(self) -> datetime:
        return self.stepper.now

    @property
    def databases(self) -> Mapping[str, str]:
        """The owner's address of each service's database."""
        return {service: store.owner_dsn for service, store in self.company.stores.items()}

    async def open(self) -> None:
        """The first morning: HR says who works here, both programmes are opened, invitations planned."""
        await self.stepper.tell(self.begin)
        await self.stepper.settle()
        await self.office.hire(self.people)
        await self.stepper.settle()
        self.happenings = hr.plan(self.people, self.begin, self.end, seed=self.seed)
        weeks = (self.end - self.begin).days // 7
        self.programmes = dict(await self.organiser.open_programmes(self.begin.date(), weeks))
        self.invitations = organiser.plan(self.people, self.begin, self.programmes, seed=self.seed)
        self.invitations += self._invitations_of_rehired()
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
            dues += [one.at for one in self.happenings]
            await self.stepper.tell(self.stepper.upcoming(dues, end))
            self.steps += 1
            await self.stepper.settle()

    async def _act(self) -> None:
        """Mail is handed out and people act until nobody wants to do anything more at this time."""
        await self._hear_from_hr()
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
            await self.organiser.invite(programme_id, [p for p in people if p.number not in self.office.gone])
        return bool(due)

    def _invitations_of_rehired(self) -> list[tuple[datetime, str, Sequence[Person]]]:
        """Who comes back is asked again: nobody is taken to take part as before."""
        growth = self.programmes[organiser.GROWTH]
        back = {one.number: one.at for one in self.happenings if one.kind == "rehire"}
        return [(back[p.number] + timedelta(days=1), growth, [p]) for p in self.people if p.number in back]

    async def _hear_from_hr(self) -> None:
        """One fact after another, each with all that follows from it."""
        due = [one for one in self.happenings if one.at <= self.now]
        self.happenings = [one for one in self.happenings if one.at > self.now]
        for one in due:
            known = one if one.number else self._into_line(one.at)
            if known is not None:
                await self.office.say(known)
                await self.stepper.settle()

    def _into_line(self, at: datetime) -> hr.Happening | None:
        """Some mentee is to report to their mentor; None where nobody has met anybody yet."""
        pairs = [
            (one, partner)
            for one, partner in self.crowd.partners()
            if (one.wish, partner.wish) == ("mentee", "mentor")
            and not self.office.gone & {one.number, partner.number}
        ]
        return hr.into_line(*chance.among(pairs, self.seed, "into line"), at) if pairs else None


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
        if company.hris is None:
            raise ValueError("the stack has opened no doors for an HR system")
        doors = company.hris.described(base)
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
            office=Office(
                Scim(browser, doors["scim"]["url"], doors["scim"]["token"]),
                Webhook(browser, doors["webhook"]["url"], doors["webhook"]["secret"]),
            ),
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
