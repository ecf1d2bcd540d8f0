"""Reading the file of people that HR systems export: what is a row, and what is wrong with it."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from services.matching.core.people import COMPANY, POOLS, STATUSES, Card, Reject, Row

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
OPTIONAL = ("pool",)
"""Columns a file may leave out: `pool` is company (or empty), workplace, alumni or association."""
REQUIRED = frozenset({"employee_number", "user_name", "given_name", "work_email", "time_zone", "status"})
CELL_CHARACTERS_MAX = 200

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_NOT_UTF8 = re.compile(r"[\udc80-\udcff]")


@dataclass(frozen=True)
class Roster:
    """A file as read. `header` lists (column, what is wrong); with any of those no row was read."""

    rows: tuple[Row, ...]
    rejected: tuple[Reject, ...]
    header: tuple[tuple[str, str], ...] = ()


def read(content: bytes, *, zones: Set[str]) -> Roster:
    """The rows of a comma-separated file in UTF-8, with or without a byte order mark, and the bad ones.

    `zones` are the time zones the machine knows. A row with bytes that are no UTF-8 is rejected alone.
    """
    cells_of = table(content, COLUMNS, OPTIONAL)
    if cells_of.header:
        return Roster((), (), cells_of.header)
    rows: list[Row] = []
    rejected: list[Reject] = list(cells_of.rejected)
    for line, cells in cells_of.rows:
        found = _row(line, cells, zones)
        if isinstance(found, Row):
            rows.append(found)
        else:
            rejected += found
    rejected.sort(key=lambda reject: reject.line)
    return Roster(tuple(rows), tuple(rejected))


@dataclass(frozen=True)
class Table:
    """The cells of a file, stripped, by line and column; and rows that could not be read at all."""

    rows: tuple[tuple[int, Mapping[str, str]], ...]
    rejected: tuple[Reject, ...]
    header: tuple[tuple[str, str], ...] = ()


def table(content: bytes, columns: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """The rows of a comma-separated file in UTF-8, with or without a byte order mark, that has these columns
    in any order, and perhaps the optional ones. With a wrong header no row is read."""
    text = content.decode("utf-8-sig", errors="surrogateescape")
    records = _records(text)
    names = [cell.strip() for cell in next(records, _Record(1, [], None)).cells]
    wrong = _wrong_header(names, columns, optional)
    if wrong:
        return Table((), (), wrong)
    rows: list[tuple[int, Mapping[str, str]]] = []
    rejected: list[Reject] = []
    for record in records:
        if record.problem is not None:
            rejected.append(Reject(record.line, "row", record.problem))
        elif len(record.cells) != len(names):
            problem = f"has {len(record.cells)} cells instead of {len(names)}"
            rejected.append(Reject(record.line, "row", problem))
        else:
            cells = {name: cell.strip() for name, cell in zip(names, record.cells, strict=True)}
            rows.append((record.line, cells))
    return Table(tuple(rows), tuple(rejected))


@dataclass(frozen=True)
class _Record:
    line: int
    cells: list[str]
    problem: str | None


def _records(text: str) -> Iterator[_Record]:
    """The non-empty records and where each begins; a record the reader stumbles over carries the problem."""
    reader = csv.reader((line + "\n" for line in text.split("\n")), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Record(line, [], _in_words(str(error)))
            continue
        if any(cell.strip() for cell in cells):
            yield _Record(line, cells, None)


def _in_words(problem: str) -> str:
    if "unexpected end of data" in problem:
        return "a quotation mark opened in this row is never closed, so nothing after it could be read"
    return f"the row cannot be read: {problem}"


def _wrong_header(
    names: Sequence[str], columns: Sequence[str], optional: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    missing = [(name, "the column is missing") for name in columns if name not in names]
    allowed = (*columns, *optional)
    extra = [(name or "(empty)", "no such column") for name in names if name not in allowed]
    twice = [(name, "the column is there twice") for name in allowed if names.count(name) > 1]
    return (*missing, *extra, *twice)


def _row(line: int, cells: Mapping[str, str], zones: Set[str]) -> Row | list[Reject]:
    wrong = [(name, problem(name, cells[name], zones)) for name in COLUMNS + OPTIONAL if name in cells]
    found = [Reject(line, name, reason) for name, reason in wrong if reason is not None]
    return found or Row(line, _card(cells), day(cells["effective_date"]), "pool" in cells)


def problem(name: str, cell: str, zones: Collection[str]) -> str | None:
    """What is wrong with a cell, or None."""
    if _NOT_UTF8.search(cell):
        return "is not UTF-8"
    if _CONTROL.search(cell):
        return "holds a control character or a line break"
    if len(cell) > CELL_CHARACTERS_MAX:
        return f"is longer than {CELL_CHARACTERS_MAX} characters"
    if not cell:
        return "is empty" if name in REQUIRED else None
    return _wrong_form(name, cell, zones)


def _wrong_form(name: str, cell: str, zones: Collection[str]) -> str | None:
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
    if name in ("hire_date", "effective_date") and day(cell) is None:
        return "is no date of the form 2026-03-31"
    return None


def pool(cell: str) -> str:
    """A pool as it is kept: the company itself is empty."""
    return "" if cell.lower() == COMPANY else cell.lower()


def day(cell: str) -> date | None:
    """A date like 2026-03-31; None for anything else."""
    try:
        return date.fromisoformat(cell) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell) else None
    except ValueError:
        return None


def _card(cells: Mapping[str, str]) -> Card:
    return Card(
        employee_number=cells["employee_number"],
        user_name=cells["user_name"],
        given_name=cells["given_name"],
        family_name=cells["family_name"],
        work_email=cells["work_email"],
        title=cells["title"],
        department=cells["department"],
        site=cells["site"],
        time_zone=cells["time_zone"],
        manager_employee_number=cells["manager_employee_number"] or None,
        hire_date=day(cells["hire_date"]),
        status=cells["status"].lower(),
        pool=pool(cells.get("pool", "")),
    )
