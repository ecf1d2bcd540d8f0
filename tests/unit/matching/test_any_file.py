"""Files nobody thought of."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from services.matching.core import bringing, tables
from services.matching.core.tables import Unreadable, WrongHeader
from tests.unit.matching.builders import NOW, a_file, a_row, cells, reading


@given(st.binary(max_size=300), st.sampled_from(sorted(tables.ENCODINGS)))
def test_no_bytes_at_all_break_the_reading(noise: bytes, encoding: str) -> None:
    for content in (noise, a_file(a_row(1)) + noise, noise.join([a_file(a_row(1))] * 2)):
        with suppress(Unreadable, WrongHeader):
            reading(content, encoding=encoding)
        with suppress(Unreadable, WrongHeader):
            bringing.read(content, today=NOW.date())


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_good_row_after_any_text_in_quotation_marks_is_still_read(text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    rows, _ = reading(a_file(a_row(1, title=quoted), a_row(2)))
    assert rows[-1].employee_number == "2"


@given(st.integers(0, 400), st.integers(0, 3))
def test_a_file_cut_anywhere_never_says_something_else(at: int, rows: int) -> None:
    """It is refused, or its last row is rejected, or what is left of it says what the whole file says."""
    whole = a_file(*[a_row(number, site='"Berlin, ""Mitte"""') for number in range(1, rows + 2)])
    known = {row.employee_number: row.cells for row in reading(whole)[0]}
    with suppress(Unreadable, WrongHeader):
        found, _ = reading(whole[: len(whole) - at])
        for row in found:
            wanted = dict(zip(cells(row), known[row.employee_number], strict=True))
            cut = {name: cell for name, cell in cells(row).items() if cell != wanted[name]}
            assert set(cut) <= {"effective_date"}
