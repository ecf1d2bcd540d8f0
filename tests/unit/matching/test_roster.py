from __future__ import annotations

import pytest

from services.matching.core.people import Reject
from services.matching.core.roster import read
from tests.unit.matching.builders import HEADER, ZONES, a_file, a_roster, a_row


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["Unix", "Windows"])
def test_a_file_is_read_in_utf8_with_or_without_a_mark(mark: bytes, end: bytes) -> None:
    content = mark + a_file(a_row(1, given_name="Zoë", family_name='"Núñez, Jr."')).replace(b"\n", end)
    roster = read(content, zones=ZONES)
    assert not roster.rejected
    assert (roster.rows[0].card.given_name, roster.rows[0].card.family_name) == ("Zoë", "Núñez, Jr.")


def test_columns_may_come_in_any_order_but_all_of_them_and_no_other() -> None:
    names = HEADER.split(",")
    turned = [",".join(reversed(line.split(","))) for line in (HEADER, a_row(1))]
    assert read("\n".join(turned).encode(), zones=ZONES).rows == a_roster(a_row(1)).rows
    wrong = read(",".join([*names[1:], "salary", "title"]).encode(), zones=ZONES)
    assert wrong.header == (
        ("employee_number", "the column is missing"),
        ("salary", "no such column"),
        ("title", "the column is there twice"),
    )
    assert wrong.rows == ()


def test_an_empty_file_lacks_every_column() -> None:
    assert len(read(b"", zones=ZONES).header) == 13


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"employee_number": ""}, "employee_number", "is empty"),
        ({"employee_number": "no 7"}, "employee_number", "letters, digits"),
        ({"user_name": ""}, "user_name", "is empty"),
        ({"given_name": ""}, "given_name", "is empty"),
        ({"work_email": "ana.example.org"}, "work_email", "no mail address"),
        ({"work_email": "ana@example.org <x>"}, "work_email", "no mail address"),
        ({"time_zone": "Madrid"}, "time_zone", "no time zone"),
        ({"time_zone": ""}, "time_zone", "is empty"),
        ({"manager_employee_number": "the boss"}, "manager_employee_number", "letters, digits"),
        ({"hire_date": "01/05/2019"}, "hire_date", "no date"),
        ({"hire_date": "2019-02-30"}, "hire_date", "no date"),
        ({"status": "retired"}, "status", "none of active"),
        ({"effective_date": "20260302"}, "effective_date", "no date"),
        ({"title": "x" * 201}, "title", "longer than 200"),
        ({"site": '"Mad\nrid"'}, "site", "line break"),
        ({"site": "Mad\x00rid"}, "site", "control character"),
    ],
)
def test_a_bad_cell_rejects_its_row_with_line_field_and_reason(
    changes: dict[str, str], field: str, reason: str
) -> None:
    roster = a_roster(a_row(1), a_row(2, **changes), a_row(3))
    assert [row.card.employee_number for row in roster.rows] == ["1", "3"]
    (rejected,) = roster.rejected
    assert (rejected.line, rejected.field) == (3, field)
    assert reason in rejected.reason


def test_every_mistake_of_a_row_is_named() -> None:
    roster = a_roster(a_row(1, status="gone", time_zone="Mars/Base"))
    assert [one.field for one in roster.rejected] == ["time_zone", "status"]


def test_a_row_with_a_cell_too_many_is_rejected_whole() -> None:
    roster = a_roster(a_row(1) + ",more", a_row(2))
    assert roster.rejected == (Reject(2, "row", "has 14 cells instead of 13"),)
    assert len(roster.rows) == 1


def test_bytes_that_are_no_utf8_reject_their_row_alone() -> None:
    content = a_file(a_row(1, given_name="Zoe"), a_row(2)).replace(b"Zoe", b"Zo\xeb")
    roster = read(content, zones=ZONES)
    assert roster.rejected == (Reject(2, "given_name", "is not UTF-8"),)
    assert len(roster.rows) == 1


def test_an_unclosed_quotation_mark_says_what_could_not_be_read() -> None:
    roster = a_roster(a_row(1), a_row(2, title='"Engineer'), a_row(3))
    assert len(roster.rows) == 1
    (rejected,) = roster.rejected
    assert rejected.line == 3
    assert "never closed" in rejected.reason


def test_lines_are_counted_across_line_breaks_inside_cells_and_blank_lines() -> None:
    roster = a_roster(a_row(1, site='"Mad\nrid"'), "", a_row(2, status="gone"))
    assert [one.line for one in roster.rejected] == [2, 5]


def test_optional_cells_may_be_empty() -> None:
    empty = {"family_name": "", "title": "", "department": "", "site": "", "hire_date": ""}
    (row,) = a_roster(a_row(1, **empty)).rows
    assert row.card.hire_date is None
    assert row.card.manager_employee_number is None
