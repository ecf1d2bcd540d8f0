"""Reads the sample company: people, made-up names, what titles are and want to be, what occupations need."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from deploy.local import chance

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Employee:
    """One person as the company knows them; `manager` is the employee number of theirs, None at the top."""

    number: int
    login: str
    title: str
    department: str
    division: str
    manager: int | None
    hire_date: date


@dataclass(frozen=True)
class Career:
    """The O*NET codes of what a title does and of what its holder would like to do next."""

    occupation: str
    aspired: str


@dataclass(frozen=True)
class Need:
    """How much an occupation needs a skill: importance 1 to 5, level 0 to 7 (O*NET scales)."""

    importance: float
    level: float


@dataclass(frozen=True)
class Company:
    """`employees` in the order of their numbers; `occupations` by code, with needs by skill code."""

    employees: tuple[Employee, ...]
    careers: Mapping[str, Career]
    occupations: Mapping[str, Mapping[str, Need]]
    skills: Mapping[str, str]
    given_names: tuple[str, ...]
    family_names: tuple[str, ...]

    @cached_property
    def managers(self) -> Mapping[int, int | None]:
        return {employee.number: employee.manager for employee in self.employees}

    @cached_property
    def leads(self) -> frozenset[int]:
        """Numbers of those to whom somebody reports."""
        return frozenset(manager for manager in self.managers.values() if manager is not None)

    def chain(self, number: int) -> tuple[int, ...]:
        """The managers above a person, nearest first."""
        above: list[int] = []
        manager = self.managers[number]
        while manager is not None:
            above.append(manager)
            manager = self.managers[manager]
        return tuple(above)


def load() -> Company:
    skills, occupations = _occupations()
    return Company(
        employees=tuple(sorted((_employee(row) for row in _rows("people.csv")), key=lambda e: e.number)),
        careers={row["title"]: Career(row["occupation"], row["aspired"]) for row in _rows("titles.csv")},
        occupations=occupations,
        skills=skills,
        given_names=tuple(row["given"] for row in _rows("names.csv") if row["given"]),
        family_names=tuple(row["family"] for row in _rows("names.csv") if row["family"]),
    )


def smaller(company: Company, people: int, *, seed: int) -> Company:
    """About `people` of the company, chosen by seed, each with all managers above them."""
    kept: set[int] = set()
    for employee in sorted(company.employees, key=lambda e: chance.share(seed, "smaller", e.number)):
        wanted = {employee.number, *company.chain(employee.number)} | kept
        if len(wanted) <= people:
            kept = wanted
    return replace(company, employees=tuple(e for e in company.employees if e.number in kept))


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _employee(row: Mapping[str, str]) -> Employee:
    return Employee(
        number=int(row["employee_number"]),
        login=row["login"],
        title=row["title"],
        department=row["department"],
        division=row["division"],
        manager=int(row["manager"]) if row["manager"] else None,
        hire_date=date.fromisoformat(row["hire_date"]),
    )


def _occupations() -> tuple[Mapping[str, str], Mapping[str, Mapping[str, Need]]]:
    rows = _rows("occupations.csv")
    columns = [name for name in rows[0] if name not in ("code", "title")]
    skills = {column.split(" ", 1)[0]: column.split(" ", 1)[1] for column in columns}
    needs = {row["code"]: {column.split(" ", 1)[0]: _need(row[column]) for column in columns} for row in rows}
    return skills, needs


def _need(cell: str) -> Need:
    importance, level = cell.split("/")
    return Need(float(importance), float(level))
