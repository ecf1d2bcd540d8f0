"""All people together: their mail is handed out, and they act one after another."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

import aiohttp

from deploy.local.company.made_up import Person
from deploy.local.people import habits, words
from deploy.local.people.habits import Diary, Plan
from deploy.local.people.letters import Letter
from deploy.local.people.visits import Browser, Visit


class Crowd:
    """The people of one story. `mark` is put into every private text they write.

    `outcomes` counts what came of their visits, by (deed, outcome).
    """

    def __init__(
        self, people: Sequence[Person], client: aiohttp.ClientSession, *, seed: int, mark: str = ""
    ) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self._people = {person.number: person for person in people}
        self._numbers = {person.email.lower(): person.number for person in people}
        self._names = {f"{person.given_name} {person.family_name}": person.number for person in people}
        self._named = re.compile(r"\b(" + "|".join(map(re.escape, self._names)) + r")\b")
        self._diaries = {person.number: Diary() for person in people}
        self._agenda: list[tuple[datetime, int, int, Plan]] = []
        self._planned = 0
        self._browser = Browser(client)
        self._seed = seed
        self._mark = mark

    def deliver(self, letters: Iterable[Letter], now: datetime) -> None:
        """Hands out new mail in an order that does not depend on when each mail happened to be sent."""
        known = [(self._numbers[letter.to], letter) for letter in letters if letter.to in self._numbers]
        for number, letter in sorted(known, key=lambda one: (one[0], one[1].gist)):
            partner = self._partner(number, letter)
            diary = self._diaries[number]
            person = self._people[number]
            for plan in habits.plans(person, diary, letter, now, seed=self._seed, partner=partner):
                self._planned += 1
                heapq.heappush(self._agenda, (plan.due, number, self._planned, plan))

    def partners(self) -> list[tuple[Person, Person]]:
        """Who meets whom, as far as they know: each pair from both sides, in the order of numbers."""
        return [
            (self._people[number], self._people[partner])
            for number, diary in sorted(self._diaries.items())
            for partner in sorted(diary.meetings)
            if partner in self._people
        ]

    def next_due(self) -> datetime | None:
        return self._agenda[0][0] if self._agenda else None

    async def act(self, now: datetime, settle: Callable[[], Awaitable[None]]) -> int:
        """Lets everybody do what they meant to do by now, in the order of employee numbers; returns how much.

        `settle` is awaited where a deed has effects in several services that a later deed could race with.
        """
        due: list[tuple[int, int, Plan]] = []
        while self._agenda and self._agenda[0][0] <= now:
            _, number, planned, plan = heapq.heappop(self._agenda)
            due.append((number, planned, plan))
        for _, _, plan in sorted(due, key=lambda one: one[:2]):
            await self._carry_out(plan)
            if self._ends_the_match(plan):
                await settle()
        return len(due)

    async def _carry_out(self, plan: Plan) -> None:
        happened = plan.deed == "tell" and habits.came(self._people, self._seed, plan)
        person = self._people[plan.number]
        visit = Visit(self._browser, person, plan, self._seed, happened, self._mark)
        self.outcomes[plan.deed, await visit.run()] += 1

    def _ends_the_match(self, plan: Plan) -> bool:
        if plan.deed != "write" or plan.ordinal != 1:
            return False
        return words.fit(self._people[plan.number], plan.partner, seed=self._seed) == "not-good"

    def _partner(self, number: int, letter: Letter) -> int:
        """The number in the company's directory of the colleague a letter names, 0 where it names none."""
        named = (self._names[name] for name in self._named.findall(letter.gist))
        return next((other for other in named if other != number), 0)
