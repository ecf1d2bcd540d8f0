"""A circle on a running stack: one mentor and two mentees, with a time for their first meeting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from deploy.local.demo import organiser
from tests.e2e.pairs import MENTEE, MENTOR, Pair, Someone, Town, as_csv

RULES = {"min_shared_hours": 2, "form": "circle", "group_size": 2}
GATHERED = timedelta(days=3, hours=1)
"""So long after its first match a circle has a time for its first meeting."""


@dataclass(frozen=True)
class Circle:
    mentor: Someone
    mentees: tuple[Someone, Someone]

    @property
    def all(self) -> tuple[Someone, ...]:
        return *self.mentees, self.mentor


async def gathered(town: Town, number: int) -> Circle:
    """Three people with employee numbers from `number` on: invited, matched, agreed, and booked."""
    circle = Circle(
        Someone(number, "Davi", "Lima", "Lead", "Recife", "America/Sao_Paulo"),
        (
            Someone(number + 1, "Ana", "Prado", "Buyer", "Madrid", "Europe/Madrid"),
            Someone(number + 2, "Eva", "Soto", "Buyer", "Madrid", "Europe/Madrid"),
        ),
    )
    programme_id = await _invite(town, circle)
    mentor = {name: answer for name, answer in MENTOR.items() if name != "capacity"}
    for person in circle.mentees:
        await town.fill(town.link(person, "join"), "role", MENTEE)
    await town.fill(town.link(circle.mentor, "join"), "role", mentor)
    await town.run(Pair(programme_id, circle.mentees[0], circle.mentor))
    await _answer_all(town, circle, "proposal", "answer", {"answer": "accept"})
    await _answer_all(town, circle, "agreement", "hours_per_month", {"focus": "career"})
    await town.until(town.stepper.now + GATHERED)
    return circle


async def _invite(town: Town, circle: Circle) -> str:
    await town.post("/v1/people/import", data=as_csv(circle.all), content_type="text/csv")
    opening = {**organiser.growth(town.stepper.now.date()), "name": "Circles", "rules": RULES}
    made = await town.post("/v1/programmes", json=opening)
    numbers = {"employee_numbers": [str(one.number) for one in circle.all]}
    await town.post(f"/v1/programmes/{made['programme_id']}/invitations", json=numbers)
    await town.settle()
    return str(made["programme_id"])


async def _answer_all(
    town: Town, circle: Circle, purpose: str, field_name: str, answers: dict[str, str]
) -> None:
    """Everybody follows every link of a purpose in their mail: the mentor has one for each mentee."""
    for person in circle.all:
        for letter in town.letters[person.email]:
            if purpose in letter.links:
                await town.fill(letter.links[purpose], field_name, {**answers})
    await town.settle()
