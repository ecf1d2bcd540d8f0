"""The file of people that HR systems export: what is a row, what is wrong with it, and what it says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import NamedTuple

from services.matching.core import tables
from services.matching.core.people import COMPANY, POOLS, STATUSES, name_key
from services.matching.core.tables import Reject

COLUMNS = (
    "employee_number",
    "user_name",
    "given_name",
    "family_name",
    "work_email",
    "title",
    "department",
    "site",
    "time_zone",
    "manager_employee_number",
    "hire_date",
    "status",
    "effective_date",
)
OPTIONAL = ("leave_from", "leave_until", "termination_date", "pool")
"""Columns a file may leave out: `pool` is company (or empty), workplace, alumni or association."""
ALL = (*COLUMNS, *OPTIONAL)
REQUIRED = frozenset({"employee_number", "user_name", "given_name", "work_email", "time_zone", "status"})
DATES = frozenset({"hire_date", "effective_date", "leave_from", "leave_until", "termination_date"})
FORMED = frozenset(
    {"employee_number", "manager_employee_number", "work_email", "time_zone", "status", "pool"}
)
BESIDE = ("time_zone", "leave_from", "leave_until", "termination_date")
EMPTY = "is empty"
BEGINS = {"leave_until": "leave_from", "termination_date": "hire_date"}
CELL_CHARACTERS_MAX = 200
YEARS = (1900, 2200)

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_BREAK = re.compile(r"\s*[\r\n\t]\s*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Row(NamedTuple):
    """A well-formed row: its cells in the order of ALL, a column that the file does not have as None.

    `digest` is the same for rows that say the same."""

    line: int
    cells: tuple[str | None, ...]
    digest: str

    @property
    def employee_number(self) -> str:
        return self.cells[0] or ""

    @property
    def user_name_key(self) -> str:
        return name_key(self.cells[1] or "")

    @property
    def ends(self) -> bool:
        """Whether it may end somebody, or make them inactive."""
        return self.cells[11] in ("inactive", "terminated") or bool(self.cells[15])

    @property
    def work_email_key(self) -> str:
        return name_key(self.cells[4] or "")


class Bad(NamedTuple):
    """A row that is not applied, with everything that is wrong with it; the number is "" where it cannot be
    read: then nobody knows who the row is about."""

    employee_number: str
    rejects: tuple[Reject, ...]


@dataclass(frozen=True)
class Places:
    """`zones` are the time zones the machine knows; `of_site` has the zone of a site by its `site_key`."""

    zones: Set[str]
    of_site: Mapping[str, str]


def site_key(site: str) -> str:
    """Sites are the same when they differ in case or blanks alone."""
    return " ".join(site.split()).casefold()


def read(content: bytes, places: Places, *, encoding: str = tables.UTF8) -> Iterator[Row | Bad]:
    """The rows of a file of people, one by one. Raises WrongHeader and Unreadable, see `tables.read`."""
    for found in tables.read(content, COLUMNS, OPTIONAL, encoding=encoding):
        yield Bad("", (found,)) if isinstance(found, Reject) else _row(found.line, found.cells, places)


def _row(line: int, said: Mapping[str, str], places: Places) -> Row | Bad:
    cells = {name: cell if cell.isprintable() else _BREAK.sub(" ", cell) for name, cell in said.items()}
    if not cells["time_zone"]:
        cells["time_zone"] = places.of_site.get(site_key(cells["site"]), "")
    wrong = _wrong_cells(cells, places.zones)
    if wrong:
        number = cells["employee_number"]
        rejects = tuple(Reject(line, name, reason) for name, reason in wrong.items())
        return Bad(number if _NUMBER.fullmatch(number) else "", rejects)
    cells["status"] = cells["status"].lower()
    if "pool" in cells:
        cells["pool"] = pool(cells["pool"])
    kept = tuple(map(cells.get, ALL))
    return Row(line, kept, _digest(kept))


def _wrong_cells(cells: Mapping[str, str], zones: Set[str]) -> Mapping[str, str]:
    """What is wrong with each cell, in the order of the columns."""
    wrong = {
        name: reason for name, cell in cells.items() if (reason := problem(name, cell, zones)) is not None
    }
    for name in BESIDE:
        reason = _problem_beside(name, cells)
        if reason is not None and wrong.get(name, EMPTY) == EMPTY:
            wrong[name] = reason
    return wrong


def _digest(cells: tuple[str | None, ...]) -> str:
    text = "\x1f".join("\x1e" if cell is None else cell for cell in cells)
    return blake2b(text.encode(), digest_size=12).hexdigest()


def problem(name: str, cell: str, zones: Collection[str]) -> str | None:
    """What is wrong with a cell by itself, or None."""
    if not cell:
        return EMPTY if name in REQUIRED else None
    if not cell.isprintable() and _CONTROL.search(cell):
        return "holds a control character"
    if len(cell) > CELL_CHARACTERS_MAX:
        return f"is longer than {CELL_CHARACTERS_MAX} characters"
    if name in DATES:
        return _problem_of_day(cell)
    return _problem_of_form(name, cell, zones) if name in FORMED else None


def _problem_of_form(name: str, cell: str, zones: Collection[str]) -> str | None:
    if name in ("employee_number", "manager_employee_number") and not _NUMBER.fullmatch(cell):
        return "may have up to 40 letters, digits and . _ - / only"
    if name == "work_email" and not _EMAIL.fullmatch(cell):
        return "is no mail address"
    if name == "time_zone" and cell not in zones:
        return "is no time zone of the IANA list, such as Europe/Madrid"
    if name == "status" and cell.lower() not in STATUSES:
        return f"is none of {', '.join(STATUSES)}"
    if name == "pool" and pool(cell) not in POOLS:
        return f"is none of {', '.join([COMPANY, *filter(None, POOLS)])}"
    return None


def _problem_of_day(cell: str) -> str | None:
    on = day(cell)
    if on is None:
        return "is no date of the form 2026-03-31"
    if not YEARS[0] <= on.year <= YEARS[1]:
        return f"is not between {YEARS[0]} and {YEARS[1]}"
    return None


def _problem_beside(name: str, row: Mapping[str, str]) -> str | None:
    """What is wrong with a cell beside the others of its row."""
    cell, site = row.get(name, ""), row["site"][:CELL_CHARACTERS_MAX]
    if not cell and name == "time_zone" and site:
        return f"is empty, and the site {site} has no time zone here"
    if not cell and name == "leave_from" and row.get("leave_until") and row["status"].lower() == "active":
        return "is empty, while leave_until is not"
    since = day(row.get(BEGINS.get(name, ""), ""))
    ends = day(cell) if since is not None else None
    if since is not None and ends is not None and ends < since:
        return f"is before {BEGINS[name]}"
    return None


def pool(cell: str) -> str:
    """Where somebody comes from, as `people.POOLS` has it."""
    return "" if cell.lower() == COMPANY else cell.lower()


def day(cell: str) -> date | None:
    """A date like 2026-03-31; None for anything else."""
    try:
        return date.fromisoformat(cell) if cell and _DAY.fullmatch(cell) else None
    except ValueError:
        return None
