"""Two people on a running stack, brought as far as a test needs them: by mail and forms sent over HTTP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from deploy.local import home as homes
from deploy.local import stack
from deploy.local.demo import organiser, story
from deploy.local.people.forms import Answer, Page
from deploy.local.people.letters import Letter
from deploy.local.people.mailbox import Mailbox
from deploy.local.people.visits import Browser
from deploy.local.stack import Stack
from deploy.local.stepper import Stepper

BEGINNING = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
"""A Monday, in the working hours of both Madrid and São Paulo."""
A_GOAL, ANOTHER_GOAL = "2.A.1.d", "2.B.1.d"
HOURS: dict[str, Answer] = {
    "language": "en",
    "day": ("0", "1", "2", "3", "4"),
    "starts": "09:00",
    "ends": "17:00",
    "consent": "yes",
}
MENTEE: dict[str, Answer] = {**HOURS, "role": "mentee", "goal": (A_GOAL, ANOTHER_GOAL)}
MENTOR: dict[str, Answer] = {
    **HOURS,
    "role": "mentor",
    "capacity": "1",
    f"level_{A_GOAL}": "6",
    f"level_{ANOTHER_GOAL}": "6",
}
FEEDBACK: dict[str, Answer] = {
    "rating_overall": "5",
    "rating_usefulness": "4",
    "rating_listening": "5",
    "went_well": "You asked one question at a time.",
    "fit": "good",
    "share": "partner",
}


@dataclass(frozen=True)
class Someone:
    """A person of the company."""

    number: int
    given_name: str
    family_name: str
    title: str
    site: str
    time_zone: str
    login: str = ""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def email(self) -> str:
        return f"{self.user_name}@adventure-works.example"

    @property
    def user_name(self) -> str:
        return self.login or f"person{self.number}"

    def as_row(self) -> str:
        who = f"{self.number},{self.user_name},{self.given_name},{self.family_name},{self.email}"
        return f"{who},{self.title},Sales,{self.site},{self.time_zone},,2020-01-01,active,2026-03-02"


@dataclass(frozen=True)
class Pair:
    """Two people who are alone in a programme of their own, so that only they can be matched."""

    programme_id: str
    mentee: Someone
    mentor: Someone

    @property
    def both(self) -> tuple[Someone, Someone]:
        return self.mentee, self.mentor


@dataclass(eq=False)
class Town:
    """A company on a stepped stack. `letters` are the mails of each address, in their order."""

    company: Stack
    desk: aiohttp.ClientSession
    browser: Browser
    stepper: Stepper
    mailbox: Mailbox
    letters: dict[str, list[Letter]] = field(default_factory=lambda: defaultdict(list))
    arrived: int = 0

    async def settle(self) -> None:
        """Everybody finishes their work, and the mail is handed out."""
        await self.stepper.settle()
        for letter in self.mailbox.new():
            self.letters[letter.to].append(letter)

    async def until(self, when: datetime) -> None:
        """Time goes on to `when`, with a stop wherever a service has something to do."""
        while self.stepper.now < when:
            await self.stepper.tell(self.stepper.upcoming([], when))
            await self.settle()

    def link(self, person: Someone, purpose: str) -> str:
        """The newest link of a purpose in a person's mail."""
        found = [one.links[purpose] for one in self.letters[person.email] if purpose in one.links]
        subjects = [one.subject for one in self.letters[person.email]]
        assert found, f"{person.name} has no {purpose} link in {subjects}"
        return found[-1]

    def links(self, pair: Pair, purpose: str) -> tuple[str, str]:
        return self.link(pair.mentee, purpose), self.link(pair.mentor, purpose)

    async def send(self, link: str, field_name: str, answers: dict[str, Answer]) -> tuple[int, Page]:
        """Fills in the form that has a field of that name, and sends it."""
        status, page = await self.browser.get(link)
        form = page.form(field_name)
        assert form is not None, f"{link} shows {status} and no form with {field_name}: {page.words[:300]}"
        return await self.browser.post(link, form, answers)

    async def fill(self, link: str, field_name: str, answers: dict[str, Answer]) -> None:
        status, page = await self.send(link, field_name, answers)
        assert status == HTTPStatus.OK, f"{status}: {page.words[:300]}"

    async def newcomers(self, *both: Someone) -> Pair:
        """Two new people, imported and invited, at a time when neither sleeps."""
        await self.until(_working_hour(self.stepper.now))
        pair = await self.invite(*both)
        await self.settle()
        return pair

    async def invite(self, *both: Someone) -> Pair:
        """Three commands of the organiser, whose effects nobody waits for."""
        self.arrived += 2
        mentee, mentor = both or _made_up(self.arrived)
        await self.post("/v1/people/import", data=as_csv([mentee, mentor]), content_type="text/csv")
        opening = {**organiser.growth(self.stepper.now.date()), "cadence": "weekly"}
        made = await self.post("/v1/programmes", json={**opening, "name": f"Career growth {self.arrived}"})
        pair = Pair(made["programme_id"], mentee, mentor)
        numbers = {"employee_numbers": [str(one.number) for one in pair.both]}
        await self.post(f"/v1/programmes/{pair.programme_id}/invitations", json=numbers)
        return pair

    async def propose(self, *pairs: Pair) -> None:
        """Both join and are proposed to each other."""
        for pair in pairs:
            await self.fill(self.link(pair.mentee, "join"), "role", MENTEE)
            await self.fill(self.link(pair.mentor, "join"), "role", MENTOR)
            await self.run(pair)

    async def run(self, pair: Pair) -> None:
        """Holds a matching run without waiting for the morning."""
        await self.post(f"/v1/programmes/{pair.programme_id}/runs")
        await self.settle()

    async def match(self, *pairs: Pair) -> None:
        """Both say yes and are asked to agree on terms."""
        for link in [link for pair in pairs for link in self.links(pair, "proposal")]:
            await self.fill(link, "answer", {"answer": "accept"})
        await self.settle()

    async def agree(self, *pairs: Pair) -> None:
        """Both confirm the same terms, and the first session gets a time."""
        for link in [link for pair in pairs for link in self.links(pair, "agreement")]:
            await self.fill(link, "hours_per_month", {"focus": "career"})
        await self.wait_for_the_booking()

    async def wait_for_the_booking(self) -> None:
        """First sessions are booked at the next full quarter of an hour after both have confirmed."""
        await self.settle()
        await self.until(self.stepper.now + timedelta(hours=1))

    async def meet(self, *pairs: Pair) -> None:
        """The session passes; both are asked whether it took place."""
        await self.until(max(self.session_ends_at(pair) for pair in pairs) + timedelta(hours=1))

    async def report(self, *pairs: Pair) -> None:
        """The mentee says that it took place; both are asked for feedback."""
        for pair in pairs:
            await self.fill(self.link(pair.mentee, "pair"), "action", {"action": "happened"})
        await self.settle()
        await self.until(_working_hour(self.stepper.now + timedelta(hours=1)))

    def session_ends_at(self, pair: Pair) -> datetime:
        """The end of the pair's newest session, as the mentee's calendar has it."""
        meetings = [one.meeting for one in self.letters[pair.mentee.email] if one.meeting is not None]
        return meetings[-1].ends_at

    async def post(self, path: str, *, content_type: str = "application/json", **body: Any) -> dict[str, Any]:
        """A command to matching by the organiser."""
        headers = {"content-type": content_type} if body else {}
        async with self.desk.post(path, headers=headers, **body) as answer:
            assert answer.ok, f"{path} answered {answer.status}: {await answer.text()}"
            found: dict[str, Any] = await answer.json()
            return found


def _made_up(number: int) -> tuple[Someone, Someone]:
    return (
        Someone(number, "Ana", f"Moreno{number}", "Buyer", "Madrid", "Europe/Madrid"),
        Someone(number + 1, "Davi", f"Rocha{number}", "Lead", "Recife", "America/Sao_Paulo"),
    )


def _working_hour(at: datetime) -> datetime:
    """`at`, or the next time after it when people in both places are at work."""
    if at.weekday() < 5 and BEGINNING.hour <= at.hour < 15:
        return at
    morning = at.replace(hour=BEGINNING.hour, minute=0, second=0, microsecond=0)
    days = 1 if at.hour >= BEGINNING.hour else 0
    while (morning + timedelta(days=days)).weekday() >= 5:
        days += 1
    return morning + timedelta(days=days)


def as_csv(people: Iterable[Someone]) -> str:
    rows = [",".join(organiser.CSV_COLUMNS), *(person.as_row() for person in people)]
    return "\r\n".join(rows) + "\r\n"


@asynccontextmanager
async def town(directory: Path) -> AsyncIterator[Town]:
    """A small stack of its own on the stepped clock, at BEGINNING, with nobody in it."""
    told: list[str] = []
    async with (
        stack.running(directory, clock="stepped", fresh=True, tell=told.append) as company,
        aiohttp.ClientSession(headers=_bearer(company)) as teller,
        aiohttp.ClientSession(company.http["matching"][0], headers=_bearer(company)) as desk,
        aiohttp.ClientSession() as browser,
    ):
        stepper = Stepper(teller, story.listeners(company), now=BEGINNING)
        made = Town(company, desk, Browser(browser), stepper, Mailbox(company.mail_dir))
        await stepper.tell(BEGINNING)
        await made.settle()
        yield made
    homes.forget(homes.Home(directory))


def _bearer(company: Stack) -> dict[str, str]:
    return {"authorization": f"Bearer {company.tokens.admin}"}
