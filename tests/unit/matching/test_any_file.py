"""Files nobody thought of: any rows, in any order, in one file or two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.matching.core.people import Person, numbers_in, plan
from tests.unit.matching.builders import NOW, ZONES, a_file, a_roster, a_row, after, an_id, read

NUMBERS = st.integers(1, 6)


@st.composite
def rows(draw: st.DrawFn, *, crowded: bool = False) -> list[str]:
    """Up to six employees whose managers may be unknown, themselves or in a circle; names may clash."""
    found = []
    for number in draw(st.lists(NUMBERS, max_size=8, unique=not crowded)):
        changes = {"manager_employee_number": str(draw(st.one_of(NUMBERS, st.just(""))))}
        if crowded:
            changes["user_name"] = draw(st.sampled_from("ABCabc"))
            changes["work_email"] = f"{draw(st.sampled_from('xyz'))}@example.org"
        found.append(a_row(number, **changes))
    return found


def run(known: tuple[Person, ...], file: list[str]) -> tuple[Person, ...]:
    """Everybody after an import that knows only what the store would be asked for."""
    roster = a_roster(*file)
    numbers = numbers_in(roster.rows)
    names = {row.card.user_name.casefold() for row in roster.rows}
    emails = {row.card.work_email for row in roster.rows}
    asked = [
        person
        for person in known
        if person.card.employee_number in numbers
        or person.card.user_name.casefold() in names
        or person.card.work_email in emails
        or (person.manager_id is None and person.card.manager_employee_number in numbers)
    ]
    ids = {number: an_id(number) for number in numbers}
    return after(known, plan(roster.rows, asked, ids, now=NOW))


def told(people: tuple[Person, ...]) -> dict[str, object]:
    return {p.card.employee_number: (p.card, p.manager_id) for p in people}


@given(rows(), st.randoms(use_true_random=False), st.integers(0, 6))
def test_the_order_of_rows_and_files_does_not_matter(file: list[str], chance: object, cut: int) -> None:
    turned = list(file)
    chance.shuffle(turned)  # type: ignore[attr-defined]
    assert told(run(run((), turned[:cut]), turned[cut:])) == told(run((), file))


@given(rows(crowded=True), rows(crowded=True))
def test_importing_a_file_twice_is_importing_it_once(first: list[str], second: list[str]) -> None:
    known = run((), first)
    once = run(known, second)
    assert run(once, second) == once
    assert run(known, first) == known


@given(rows(crowded=True), rows(crowded=True))
def test_nobody_ever_shares_a_user_name_or_an_address(first: list[str], second: list[str]) -> None:
    people = run(run((), first), second)
    assert len({p.card.user_name.casefold() for p in people}) == len(people)
    assert len({p.card.work_email for p in people}) == len(people)


@given(st.binary(max_size=200))
def test_no_bytes_at_all_break_the_reading(noise: bytes) -> None:
    for content in (noise, a_file(a_row(1)) + noise, noise.join([a_file(a_row(1))] * 2)):
        read(content, zones=ZONES)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_good_row_after_any_text_in_quotation_marks_is_still_read(text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    roster = a_roster(a_row(1, title=quoted), a_row(2))
    assert roster.rows[-1].card.employee_number == "2"
