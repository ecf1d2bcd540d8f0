from __future__ import annotations

import pytest

from services.matching.core.roster import COLUMNS
from services.matching.core.tables import SLICE_BYTES, Reject, Unreadable, WrongHeader
from shared.errors import FieldError
from tests.unit.matching.builders import HEADER, a_file, a_row, a_wide_file, a_wide_row, cells, reading


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["Unix", "Windows", "old Mac"])
def test_a_file_is_read_in_utf8_with_or_without_a_mark(mark: bytes, end: bytes) -> None:
    content = mark + a_file(a_row(1, given_name="Zoë", family_name='"Núñez, Jr."')).replace(b"\n", end)
    (row,), rejects = reading(content)
    assert not rejects
    assert (cells(row)["given_name"], cells(row)["family_name"]) == ("Zoë", "Núñez, Jr.")


@pytest.mark.parametrize("encoding", ["windows-1252", "ISO-8859-15", "utf-16", "UTF-16-BE"])
def test_a_file_is_read_in_the_encoding_it_is_said_to_have(encoding: str) -> None:
    content = a_file(a_row(1, given_name="Zoë")).decode().encode(encoding)
    (row,), _ = reading(content, encoding=encoding)
    assert cells(row)["given_name"] == "Zoë"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_cells_may_stand_between_other_signs(separator: str) -> None:
    content = a_file(a_row(1, title='"Head; of\tit"')).replace(b",", separator.encode())
    (row,), rejects = reading(content)
    assert not rejects
    assert cells(row)["title"] == "Head; of it"


def test_columns_may_come_in_any_order_and_case_but_all_of_them_and_no_other() -> None:
    names = HEADER.split(",")
    turned = [",".join(reversed(line.split(","))) for line in (HEADER.upper(), a_row(1))]
    assert reading("\n".join(turned).encode()) == reading(a_file(a_row(1)))
    with pytest.raises(WrongHeader) as wrong:
        reading(",".join([*names[1:], "salary", "title", ""]).encode())
    assert wrong.value.errors == (
        FieldError("employee_number", "the column is missing"),
        FieldError("salary", "no such column"),
        FieldError("(empty)", "no such column"),
        FieldError("title", "the column is there twice"),
    )
    assert "employee_number (the column is missing)" in wrong.value.detail


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (HEADER.encode(), "has no rows"),
        (a_file(a_row(1), a_row(2))[:-9], "cut off: its last row, line 3, has 11 cells instead of 13"),
        (a_file(a_row(1), a_row(2, title='"Engineer'), a_row(3)), "row of line 3 is never closed"),
        (a_file(a_row(1), a_row(2, title='"Engineer'), *[a_row(3)] * 3000), "row of line 3 is never closed"),
        (a_file(a_row(1), a_row(2, title="Zoë")).replace("ë".encode(), b"\xeb"), "Line 3 has the byte 0xEB"),
        (a_file(a_row(1)).decode().encode("utf-16"), "not UTF-8 but utf-16"),
        (a_file() + b"x" * (2 << 20), "does not end"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_whole_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        reading(content)
    assert said in refused.value.detail


def test_a_wrong_byte_far_down_is_named_with_its_line_in_any_encoding() -> None:
    rows = [a_row(number) for number in range(1, SLICE_BYTES // 50)]
    wrong = a_file(*rows[:-1], rows[-1].replace("Madrid", "Ma\ufffedrid"))
    for encoding, byte in (("utf-8", b"\xff"), ("utf-16-be", b"\xd8\x00")):
        content = wrong.decode().encode(encoding)
        content = content.replace("\ufffe".encode(encoding), byte)
        with pytest.raises(Unreadable) as refused:
            reading(content, encoding=encoding)
        assert f"Line {len(rows) + 1} has the byte" in refused.value.detail


@pytest.mark.parametrize("encoding", ["", "klingon", "idna", "unicode_escape", "base64", "utf-7\x00"])
def test_an_encoding_nobody_can_read_is_refused(encoding: str) -> None:
    with pytest.raises(Unreadable, match="no encoding"):
        reading(a_file(a_row(1)), encoding=encoding)


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
        ({"time_zone": ""}, "time_zone", "the site Madrid has no time zone here"),
        ({"time_zone": "", "site": ""}, "time_zone", "is empty"),
        ({"manager_employee_number": "the boss"}, "manager_employee_number", "letters, digits"),
        ({"hire_date": "01/05/2019"}, "hire_date", "no date"),
        ({"hire_date": "2019-02-30"}, "hire_date", "no date"),
        ({"hire_date": "9999-12-31"}, "hire_date", "not between 1900 and 2200"),
        ({"status": "retired"}, "status", "none of active, leave, inactive, terminated"),
        ({"effective_date": "20260302"}, "effective_date", "no date"),
        ({"title": "x" * 201}, "title", "longer than 200"),
        ({"site": "Mad\x00rid"}, "site", "control character"),
        ({"leave_until": "2026-03-01"}, "leave_from", "is empty, while leave_until is not"),
        ({"leave_from": "2026-03-02", "leave_until": "2026-03-01"}, "leave_until", "is before leave_from"),
        ({"termination_date": "2019-04-30"}, "termination_date", "is before hire_date"),
        ({"pool": "elsewhere"}, "pool", "none of company"),
    ],
)
def test_a_bad_cell_rejects_its_row_with_line_field_and_reason(
    changes: dict[str, str], field: str, reason: str
) -> None:
    rows, rejects = reading(a_wide_file(a_wide_row(1), a_wide_row(2, **changes), a_wide_row(3)))
    assert [row.employee_number for row in rows] == ["1", "3"]
    (rejected,) = rejects
    assert (rejected.line, rejected.field) == (3, field)
    assert reason in rejected.reason


def test_every_mistake_of_a_row_is_named() -> None:
    _, rejects = reading(a_file(a_row(1, status="gone", time_zone="Mars/Base")))
    assert [one.field for one in rejects] == ["time_zone", "status"]


def test_a_row_with_a_cell_too_many_or_too_few_is_rejected_whole() -> None:
    rows, rejects = reading(a_file(a_row(1) + ",more", a_row(2)[:-1], a_row(3)))
    assert rejects == [
        Reject(2, "row", "has 14 cells instead of 13"),
        Reject(3, "row", "has 12 cells instead of 13"),
    ]
    assert len(rows) == 1


def test_a_stray_quotation_mark_rejects_its_row_alone() -> None:
    rows, rejects = reading(a_file(a_row(1, title='"Head"s'), a_row(2)))
    assert [(one.line, one.field) for one in rejects] == [(2, "row")]
    assert [row.employee_number for row in rows] == ["2"]


def test_line_breaks_and_tabs_in_a_cell_are_blanks_and_lines_are_counted_across_them() -> None:
    rows, rejects = reading(
        a_file(a_row(1, title='"Head\r\n of\tit"'), "", a_row(2, status="gone"), a_row(3))
    )
    assert cells(rows[0])["title"] == "Head of it"
    assert [one.line for one in rejects] == [5]
    assert [row.line for row in rows] == [2, 6]


def test_a_row_without_a_time_zone_has_that_of_its_site() -> None:
    content = a_file(a_row(1, site=" new  YORK ", time_zone=""))
    (row,), _ = reading(content, {"new york": "America/New_York"})
    assert cells(row)["time_zone"] == "America/New_York"
    (moved,), _ = reading(content, {"new york": "Asia/Tokyo"})
    assert moved.digest != row.digest


def test_optional_cells_may_be_empty_and_optional_columns_absent() -> None:
    empty = {"family_name": "", "title": "", "department": "", "site": "", "hire_date": ""}
    (row,), _ = reading(a_file(a_row(1, **empty)))
    assert {cells(row)[name] for name in empty} == {""}
    assert cells(row)["pool"] is None
    assert len(COLUMNS) == 13


def test_rows_that_say_the_same_have_one_digest_wherever_they_stand() -> None:
    rows, _ = reading(a_file(a_row(1), a_row(2), a_row(1), a_row(1, title="")))
    assert rows[0].digest == rows[2].digest
    assert len({row.digest for row in rows}) == 3
