"""What a file says that its source has not said before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.matching.core import foreseeing, snapshots
from services.matching.core.facts import Fact, Taken
from services.matching.core.people import Card
from services.matching.core.snapshots import Before, Known, Said, Stands
from tests.unit.matching.builders import a_wide_file, a_wide_row, reading

A_CARD = Card(
    employee_number="1",
    user_name="user1",
    given_name="Ana",
    family_name="Number1",
    work_email="user1@example.org",
    title="Design Engineer",
    department="Engineering",
    site="Madrid",
    time_zone="Europe/Madrid",
    manager_employee_number=None,
    hire_date=date(2019, 5, 1),
    status="active",
)
ACTIVE = Stands("active")
MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
MAY_TO_JUNE = {"leave_from": "2026-05-01", "leave_until": "2026-06-01"}


def said(before: Stands | None, card: Card | None = A_CARD, **cells: str) -> Said:
    ((row,), rejects) = reading(a_wide_file(a_wide_row(1, **cells)))
    assert not rejects
    last = None if before is None else Before("another row", 4, before)
    return snapshots.of_row("hr", row, Known(last, card))


def kinds(one: Said) -> list[tuple[str, date | None, date | None]]:
    return [(fact.kind, fact.effective_on, fact.until) for fact in one.facts]


def test_somebody_new_is_hired_with_everything_the_row_says() -> None:
    one = said(None, None, effective_date="2026-05-01", manager_employee_number="7")
    (fact,) = one.facts
    assert (fact.kind, fact.effective_on, fact.source) == ("hire", MAY, "hr")
    assert fact.who.employee_number == "1"
    assert fact.fields["manager_employee_number"] == "7"
    assert fact.fields["hire_date"] == "2019-05-01"
    assert fact.fields["pool"] == ""
    assert "status" not in fact.fields


def test_the_same_row_again_says_nothing_and_is_still_remembered() -> None:
    ((row,), _) = reading(a_wide_file(a_wide_row(1)))
    before = Before(row.digest, 4, ACTIVE)
    one = snapshots.of_row("hr", row, Known(before, A_CARD))
    assert (one.facts, one.after) == ((), before)


def test_a_row_that_comes_back_to_what_it_was_is_news_again() -> None:
    first, second = said(ACTIVE, title="Buyer"), said(ACTIVE, title="Buyer")
    assert first == second
    ((row,), _) = reading(a_wide_file(a_wide_row(1, title="Buyer")))
    again = snapshots.of_row("hr", row, Known(Before("another row", 6, ACTIVE), A_CARD))
    assert again.facts[0].event_id != first.facts[0].event_id


def test_another_manager_alone_is_a_fact_of_its_own() -> None:
    assert kinds(said(ACTIVE, manager_employee_number="7")) == [("manager", None, None)]
    assert kinds(said(ACTIVE, manager_employee_number="7", title="Buyer")) == [("change", None, None)]


@pytest.mark.parametrize(
    ("before", "cells", "told"),
    [
        (ACTIVE, {"status": "leave", **MAY_TO_JUNE}, [("leave", MAY, JUNE)]),
        (ACTIVE, {"status": "leave", "effective_date": "2026-05-01"}, [("leave", MAY, None)]),
        (ACTIVE, MAY_TO_JUNE, [("leave", MAY, JUNE)]),
        (Stands("leave", MAY, JUNE), {"status": "leave", **MAY_TO_JUNE}, []),
        (Stands("leave", MAY), {"status": "leave", **MAY_TO_JUNE}, [("leave", MAY, JUNE)]),
        (Stands("leave", MAY, JUNE), {}, [("return", MAY, None)]),
        (Stands("leave", MAY), {"leave_from": "2026-06-01"}, [("return", MAY, None), ("leave", JUNE, None)]),
        (ACTIVE, {"status": "inactive"}, [("inactive", None, None)]),
        (Stands("inactive"), {}, [("return", None, None)]),
        (Stands("missing"), {}, [("return", None, None)]),
        (Stands("missing"), {"status": "terminated"}, [("termination", None, None)]),
        (ACTIVE, {"termination_date": "2026-06-01"}, [("termination", JUNE, None)]),
        (ACTIVE, {"status": "terminated", "effective_date": "2026-05-01"}, [("termination", MAY, None)]),
        (Stands("active", ends_on=JUNE), {}, [("termination-cancelled", None, None)]),
        (Stands("active", ends_on=JUNE), {"termination_date": "2026-05-01"},
         [("termination-cancelled", None, None), ("termination", MAY, None)]),
        (Stands("active", ends_on=JUNE), {"status": "terminated", "termination_date": "2026-06-01"}, []),
    ],
)  # fmt: skip
def test_what_is_said_of_being_there_is_the_difference_to_what_was_said_before(
    before: Stands, cells: dict[str, str], told: list[tuple[str, Any, Any]]
) -> None:
    assert kinds(said(before, **cells))[1:] == told


def test_somebody_who_had_left_and_is_there_again_is_a_rehire() -> None:
    gone = replace(A_CARD, status="terminated")
    assert kinds(said(Stands("terminated", ends_on=MAY), gone)) == [("rehire", None, None)]
    assert kinds(said(None, gone, hire_date="2026-05-01")) == [("rehire", None, None)]


def test_a_source_that_has_not_heard_of_a_leaver_yet_brings_nobody_back() -> None:
    gone = replace(A_CARD, status="terminated")
    assert kinds(said(ACTIVE, gone, title="Buyer")) == [("change", None, None)]
    assert kinds(said(None, gone)) == [("change", None, None)]


def test_whoever_has_left_and_was_never_here_is_not_taken_in() -> None:
    one = said(None, None, status="terminated", termination_date="2020-01-01")
    assert (one.facts, one.leaver) == ((), True)


def test_whom_a_full_file_lacks_is_inactive_once_and_unknown_people_are_nobody() -> None:
    before = Before("a row", 4, Stands("active", ends_on=JUNE))
    one = snapshots.of_missing("hr", "1", Known(before, A_CARD))
    assert kinds(one) == [("inactive", None, None)]
    assert one.after == Before("a row", 5, Stands("missing", ends_on=JUNE))
    assert snapshots.of_missing("hr", "1", Known(before, None)).facts == ()


def test_a_row_that_was_not_taken_over_is_news_the_next_time() -> None:
    one = said(Stands("leave", MAY), title="Buyer")
    taken = [Taken(one.facts[0], "rejected", None, "belongs to employee 2", "user_name")]
    taken += [Taken(fact, "applied", None) for fact in one.facts[1:]]
    known = {"1": Known(Before("a row", 4, Stands("leave", MAY)), A_CARD)}
    piece = foreseeing.piece([one], taken, known)
    assert piece.remembered["1"] == Before("", 5, Stands("leave", MAY))
    assert [tuple(each) for each in piece.rejects] == [("1", (2, "user_name", "belongs to employee 2"))]
    assert (piece.rows, piece.kinds) == ({"rejected": 1}, {"return": 1})


@pytest.mark.parametrize(("people", "free"), [(0, 5), (12, 5), (100, 5), (119, 5), (120, 6), (1000, 50)])
def test_more_than_five_people_and_a_twentieth_do_not_end_without_a_look(people: int, free: int) -> None:
    def told(ended: int) -> str:
        part = foreseeing.Foreseen({"inactive": ended}, {}, tuple(map(str, range(ended))), 0)
        return foreseeing.report([part], people=people, missing=None, not_reconciled="", dry=False).holds

    assert not told(free)
    assert f"It would end {free + 1} of {people} people" in told(free + 1)


def test_only_people_who_are_there_count_as_ended() -> None:
    facts = [Fact("hr", str(n), "termination", snapshots.Identity(str(n))) for n in range(3)]
    rows = [Said(str(n), n, (facts[n],), Before("", 1, ACTIVE)) for n in range(3)]
    known = {"0": Known(None, A_CARD), "1": Known(None, replace(A_CARD, status="terminated")), "2": Known()}
    assert foreseeing.of_rows(rows, known).ended == ("0",)
