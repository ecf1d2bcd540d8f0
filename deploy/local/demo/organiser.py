"""What the organiser of the programmes does over HTTP: imports people, opens programmes, invites."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import aiohttp

from deploy.local import chance
from deploy.local.company.made_up import Person

GROWTH = "Career growth"
MANAGERS = "New managers"
CSV_COLUMNS = (
    "employee_number", "user_name", "given_name", "family_name", "work_email", "title", "department", "site",
    "time_zone", "manager_employee_number", "hire_date", "status", "effective_date",
)  # fmt: skip
TRIES = 60
TRY_AGAIN_S = 0.5
LOOK_AGAIN_S = 0.25
LOOKS = 480
IN_HAND = "idempotency-key-in-flight"
"""The type of the answer while an earlier request with this key is being worked on."""
MORNING = time(5)
"""UTC: an hour before the first matching round of the day."""
WAVES = ((timedelta(hours=4), 93), (timedelta(days=15, hours=4), 32), (timedelta(days=43, hours=4), 20))
"""When the evergreen programme invites, after its opening, and how many people each time; a programme that
starts does not invite a large company at once."""
TITLES_OF_A_COHORT = ("Supervisor", "Manager", "Vice President")


class Declined(Exception):
    """The product did not do what the organiser asked for; the text has its answer."""


@dataclass(frozen=True)
class Organiser:
    """`client` has the base URL of matching and the organiser's token."""

    client: aiohttp.ClientSession
    people: Sequence[Person]

    async def import_people(self, effective: date) -> Mapping[str, Any]:
        """Sends everybody as one CSV file; returns the import's report."""
        text = as_csv(self.people, effective)
        headers = {"content-type": "text/csv; charset=utf-8"}
        return await self._post("/v1/people/import", data=text.encode(), headers=headers)

    async def open_programmes(self, opening: date, weeks: int) -> Mapping[str, str]:
        """Opens both programmes; returns their ids by name."""
        head = next((p for p in self.people if p.employee.title == "Human Resources Manager"), self.people[0])
        organiser = {"organiser_employee_number": str(head.number)}
        opened = {}
        for programme in (growth(opening), managers(opening, weeks)):
            answer = await self._post("/v1/programmes", json={**programme, **organiser})
            opened[str(programme["name"])] = str(answer["programme_id"])
        return opened

    async def invite(self, programme_id: str, people: Sequence[Person]) -> None:
        numbers = [str(person.number) for person in people]
        await self._post(f"/v1/programmes/{programme_id}/invitations", json={"employee_numbers": numbers})

    async def match_now(self, programme_id: str) -> int:
        """Holds a matching run without waiting for its time; returns how many proposals it made."""
        run = await self._post(f"/v1/programmes/{programme_id}/runs")
        for _ in range(LOOKS):
            if run["state"] not in ("queued", "solving"):
                return int(run["proposed"])
            await asyncio.sleep(LOOK_AGAIN_S)
            async with self.client.get(f"/v1/runs/{run['run_id']}") as answer:
                run = await answer.json() if answer.ok else run
        raise Declined(f"the run {run['run_id']} is still {run['state']}")

    async def _post(self, path: str, **request: Any) -> Mapping[str, Any]:
        """Asks again with the same key when no answer came: it has one effect. Raises Declined."""
        headers = {**request.pop("headers", {}), "idempotency-key": uuid4().hex}
        for left in reversed(range(TRIES)):
            try:
                async with self.client.post(path, headers=headers, **request) as answer:
                    if answer.ok:
                        return dict(await answer.json())
                    refused = f"{path} answered {answer.status}: {(await answer.text())[:500]}"
                    if not left or not (
                        answer.status == HTTPStatus.SERVICE_UNAVAILABLE or IN_HAND in refused
                    ):
                        raise Declined(refused)
            except (aiohttp.ClientConnectionError, TimeoutError) as error:
                if not left:
                    raise Declined(f"{path} did not answer: {error!r}") from error
            await asyncio.sleep(TRY_AGAIN_S)
        raise AssertionError("the last try returns or raises")


def growth(opening: date) -> Mapping[str, object]:
    return {
        "name": GROWTH,
        "kind": "evergreen",
        "starts_on": opening.isoformat(),
        "cadence": "monthly",
        "hours_per_month": 2,
        "session_minutes": 45,
        "rules": {"min_shared_hours": 2},
    }


def managers(opening: date, weeks: int) -> Mapping[str, object]:
    """A cohort that is matched after two weeks and ends a little before the story does."""
    return {
        "name": MANAGERS,
        "kind": "cohort",
        "starts_on": opening.isoformat(),
        "match_on": (opening + timedelta(days=min(14, 3 * weeks))).isoformat(),
        "ends_on": (opening + timedelta(days=7 * weeks - min(14, 2 * weeks))).isoformat(),
        "cadence": "biweekly",
        "hours_per_month": 3,
        "session_minutes": 60,
        "rules": {"min_shared_hours": 2},
    }


def wave(people: Sequence[Person], number: int, *, seed: int) -> list[Person]:
    """Who is invited to the evergreen programme in the wave `number`; nobody is in two."""
    drawn = sorted(people, key=lambda person: chance.share(seed, person.number, "wave"))
    first = sum(many for _, many in WAVES[:number])
    return sorted(drawn[first : first + WAVES[number][1]], key=lambda person: person.number)


def new_managers(people: Sequence[Person]) -> list[Person]:
    """Supervisors, and managers who can tell them how it was."""
    return [p for p in people if any(word in p.employee.title for word in TITLES_OF_A_COHORT)]


def as_csv(people: Sequence[Person], effective: date) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows(_row(person, effective) for person in people)
    return text.getvalue()


def _row(person: Person, effective: date) -> tuple[object, ...]:
    one = person.employee
    return (
        one.number, one.login, person.given_name, person.family_name, person.email, one.title, one.department,
        person.site.name, person.site.time_zone, one.manager or "", one.hire_date, "active", effective,
    )  # fmt: skip


def plan(
    people: Sequence[Person], begin: datetime, programmes: Mapping[str, str], *, seed: int
) -> list[tuple[datetime, str, Sequence[Person]]]:
    """Who is invited to what (programme id), and when."""
    waves = [
        (begin + after, programmes[GROWTH], wave(people, number, seed=seed))
        for number, (after, _) in enumerate(WAVES)
    ]
    return [one for one in ((begin, programmes[MANAGERS], new_managers(people)), *waves) if one[2]]
