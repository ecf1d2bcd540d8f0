"""From a termination to the end of all access, in all services, while facts keep coming in.

A leaver is out when their signed links are refused by matching and by scheduling, and notifications knows
that they left and has nothing more for them. The clock starts before the delivery is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg

from deploy.local import stack
from deploy.local.hris import WEBHOOK
from deploy.local.stack import Stack
from shared import auth, envelope
from tests.bench.figures import Row
from tests.bench.ground import Failed
from tests.bench.hris import staff, webhook
from tests.bench.hris.clients import Clients
from tests.bench.hris.house import House
from tests.integration.matching.world import a_participation, a_programme

OUT_MAX_S = 5.0
AT_ONCE = 400
HIRED_WITHIN_S = 600.0
EVERY_S = 0.3
POLL_S = 0.05
PATIENCE_S = 60.0
PATH = f"/v1/hris/events?source={WEBHOOK}"
KNOWN = "SELECT count(*) FROM person"
LEFT = """
SELECT EXISTS (SELECT FROM person WHERE person_id = $1 AND status = 'terminated')
       AND NOT EXISTS (SELECT FROM message WHERE recipient_id = $1 AND state = 'waiting')
"""


class Leavers:
    """A company on a whole stack, and in it pairs of a mentee, who will leave, and a mentor."""

    def __init__(self, company: Stack, session: aiohttp.ClientSession) -> None:
        self.company, self.session = company, session
        self.headers = {"authorization": f"Bearer {company.tokens.admin}"}
        assert company.hris is not None
        self.secret = company.hris.webhook_secret

    async def ask(self, method: str, path: str, body: Any = None, *, service: str = "matching") -> Any:
        url = self.company.http[service][0] + path
        async with self.session.request(method, url, json=body, headers=self.headers) as answer:
            said = await answer.json()
            if answer.status >= 400:
                raise Failed(f"{method} {path}: {said}")
            return said

    async def deliver(self, events: Any) -> None:
        (request,) = webhook.deliveries(self.secret, [events])
        url = self.company.http["matching"][0] + PATH
        async with self.session.post(url, data=request.body, headers=request.headers) as answer:
            if answer.status != 202:
                raise Failed(f"a delivery was answered with {answer.status}: {await answer.text()}")

    async def hire(self, people: int) -> None:
        """Everybody, until each service knows of them."""
        for first in range(0, people, AT_ONCE):
            some = range(first, min(people, first + AT_ONCE))
            await self.deliver([staff.a_hire_event(place) for place in some])
        for service, made in self.company.stores.items():
            await _known(service, made.owner_dsn, people)

    async def pair_up(self, pairs: int) -> list[Leaver]:
        """Enrols and pairs the first of them; the mentee of each pair will leave."""
        programme = (await self.ask("POST", "/v1/programmes", a_programme()))["programme_id"]
        found = []
        for place in range(pairs):
            mentee, mentor = [await self._person(one) for one in (2 * place, 2 * place + 1)]
            for one, role in ((2 * place, "mentee"), (2 * place + 1, "mentor")):
                told = a_participation(staff.number(one), role)
                await self.ask("POST", f"/v1/programmes/{programme}/participations", told)
            body = {"programme_id": programme, "mentee_id": mentee, "mentor_id": mentor}
            match = (await self.ask("POST", "/v1/matches", body))["match_id"]
            found.append(Leaver(self, 2 * place, UUID(mentee), UUID(match)))
        return found

    async def _person(self, place: int) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = (await self.ask("GET", f"/v1/people?employee_number={staff.number(place)}"))["items"]
            if found:
                return str(found[0]["person_id"])
            await asyncio.sleep(POLL_S)
        raise Failed(f"{staff.number(place)} was not taken over")


class Leaver:
    def __init__(self, all_: Leavers, place: int, person_id: UUID, match_id: UUID) -> None:
        self.all, self.place, self.person_id = all_, place, person_id
        until = datetime.now(UTC) + timedelta(days=3)
        http, key = all_.company.http, all_.company.wiring.link_key
        self.links = []
        for service, purpose in (("matching", "match"), ("scheduling", "pair")):
            link = auth.SignedLink(purpose, match_id, person_id, until, envelope.new_id())
            self.links.append(f"{http[service][0]}/{purpose}/{auth.mint(key, link)}")

    async def is_in(self) -> bool:
        return await self._statuses() == [200, 200]

    async def is_out(self, mails: asyncpg.Pool[asyncpg.Record]) -> bool:
        return await self._statuses() == [410, 410] and bool(await mails.fetchval(LEFT, self.person_id))

    async def _statuses(self) -> list[int]:
        found = []
        for link in self.links:
            async with self.all.session.get(link) as answer:
                found.append(answer.status)
        return found

    async def leaves(self, turn: int, mails: asyncpg.Pool[asyncpg.Record]) -> float:
        """Seconds from the delivery until nothing of them is left open."""
        began = time.monotonic()
        await self.all.deliver(staff.a_termination(self.place, turn + 1))
        await _until(lambda: self.is_out(mails), f"the leaver {self.place} is out")
        return time.monotonic() - began


async def rows(house: House) -> list[Row]:
    home = house.ground.home / "leaving"
    many, people = house.sizes.leavers, house.sizes.people
    async with (
        stack.running(home, fresh=True, keep=False, tell=house.tell) as company,
        aiohttp.ClientSession() as session,
    ):
        found = await _measured(company, session, many, people)
    ordered = sorted(found)
    middle, last = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return [
        Row(
            id="leaver-out",
            what=f"from the delivery to no access in any service, 99 % of {many} leavers while facts come in,"
            f" {people:,} people; half within {middle:.2f} s",
            unit="s",
            value=last,
            bound=None,
            ratio=None,
            goal=OUT_MAX_S,
            at_least=False,
            spread=(ordered[0], ordered[-1]),
            bounded_by="the wait for a batch, its turn, the relay, and the consumers of the other services",
        )
    ]


async def _measured(
    company: Stack, session: aiohttp.ClientSession, many: int, people: int
) -> Sequence[float]:
    everybody = Leavers(company, session)
    await everybody.hire(people)
    leavers = await everybody.pair_up(many)
    for one in leavers:
        await _until(one.is_in, f"the links of {one.place} are open")
    stopping = asyncio.Event()
    mails = await asyncpg.create_pool(company.stores["notifications"].owner_dsn, min_size=1, max_size=4)
    load = asyncio.create_task(_load(company, everybody.secret, range(2 * many, people), stopping))
    try:
        leaving = []
        for turn, one in enumerate(leavers):
            leaving.append(asyncio.create_task(one.leaves(turn, mails)))
            await asyncio.sleep(EVERY_S)
        return await asyncio.gather(*leaving)
    finally:
        stopping.set()
        await load
        await mails.close()


async def _load(company: Stack, secret: str, staying: range, stopping: asyncio.Event) -> None:
    """Changes of people who stay, by eight clients, until told to stop."""
    turn = 0
    async with Clients.of(company.http["matching"][0], 8) as clients:
        while not stopping.is_set():
            changes = [
                staff.a_change(staying[(turn + place) % len(staying)], turn + place) for place in range(80)
            ]
            sent = webhook.deliveries(secret, changes)
            (await clients.drive([one.at(PATH) for one in sent])).all_are(202)
            turn += len(sent)


async def _known(service: str, dsn: str, people: int) -> None:
    """Waits until a service has heard of everybody."""
    conn = await asyncpg.connect(dsn)

    async def everybody() -> bool:
        return bool(await conn.fetchval(KNOWN) == people)

    try:
        await _until(everybody, f"{service} knows {people} people", within_s=HIRED_WITHIN_S)
    finally:
        await conn.close()


async def _until(true: Any, what: str, *, within_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + within_s
    while not await true():
        if time.monotonic() > deadline:
            raise Failed(f"not within {within_s:.0f} s: {what}")
        await asyncio.sleep(POLL_S)
