from __future__ import annotations

from datetime import timedelta

from tests.unit.matching.builders import NOW, a_row, after, an_id, imported


def test_the_same_file_again_changes_nothing() -> None:
    rows = (a_row(1), a_row(2, manager_employee_number="1"))
    first = imported((), *rows)
    assert (first.applied, first.unchanged) == (2, 0)
    again = imported(first.changed, *rows, now=NOW + timedelta(days=9))
    assert (again.applied, again.unchanged, again.changed, again.touched) == (0, 2, (), ())


def test_a_manager_may_come_after_the_report() -> None:
    done = imported((), a_row(10, manager_employee_number="2"), a_row(2))
    assert [person.card.employee_number for person in done.changed] == ["2", "10"]
    assert done.changed[1].manager_id == an_id("2")


def test_an_unknown_manager_is_kept_and_resolved_when_known() -> None:
    first = imported((), a_row(1, manager_employee_number="77"))
    assert first.changed[0].manager_id is None
    later = imported(first.changed, a_row(77))
    assert {person.card.employee_number: person.manager_id for person in later.changed} == {
        "1": an_id("77"),
        "77": None,
    }
    assert later.applied == 1
    assert next(p for p in later.changed if p.card.employee_number == "1").version == 2


def test_managers_who_are_not_in_the_file_stay_managers() -> None:
    first = imported((), a_row(1), a_row(2, manager_employee_number="1"), a_row(3))
    without_boss = tuple(p for p in first.changed if p.card.employee_number != "1")
    done = imported(without_boss, a_row(3, title="Buyer"))
    assert [p.card.employee_number for p in done.changed] == ["3"]


def test_circles_of_managers_are_tolerated() -> None:
    rows = (a_row(1, manager_employee_number="2"), a_row(2, manager_employee_number="1"))
    done = imported((), *rows, a_row(3, manager_employee_number="3"))
    assert [p.manager_id for p in done.changed] == [an_id("2"), an_id("1"), an_id("3")]
    assert imported(done.changed, *rows).changed == ()


def test_an_employee_twice_in_a_file_is_taken_once_and_said() -> None:
    done = imported((), a_row(1), a_row(2), a_row(1, title="Buyer"))
    assert done.applied == 2
    (rejected,) = done.rejected
    assert (rejected.line, rejected.field) == (4, "employee_number")
    assert "line 2" in rejected.reason


def test_a_change_counts_the_version_up() -> None:
    first = imported((), a_row(1))
    changed = imported(first.changed, a_row(1, department="Sales")).changed
    assert [(p.version, p.card.department) for p in changed] == [(2, "Sales")]


def test_a_name_or_address_of_somebody_else_is_refused() -> None:
    known = imported((), a_row(1)).changed
    done = imported(known, a_row(2, user_name="USER1"), a_row(3, work_email="user1@example.org"))
    assert [(one.line, one.field) for one in done.rejected] == [(2, "user_name"), (3, "work_email")]
    assert done.changed == ()


def test_two_people_can_swap_names_in_one_file() -> None:
    known = imported((), a_row(1), a_row(2)).changed
    done = imported(known, a_row(1, user_name="user2"), a_row(2, user_name="user1"))
    assert not done.rejected
    assert [p.card.user_name for p in done.changed] == ["user2", "user1"]


def test_who_keeps_a_name_because_a_row_was_refused_still_holds_it() -> None:
    """3 cannot have 1's name, so it keeps its own, so 2 cannot have that."""
    known = imported((), a_row(1), a_row(2), a_row(3)).changed
    done = imported(known, a_row(2, user_name="user3"), a_row(3, user_name="user1"))
    assert [(one.line, one.field) for one in done.rejected] == [(2, "user_name"), (3, "user_name")]
    assert done.changed == ()


def test_what_holds_later_is_not_applied_now() -> None:
    done = imported((), a_row(1, effective_date="2026-03-03"), a_row(2, effective_date="2026-03-02"))
    assert [(one.line, one.field) for one in done.rejected] == [(2, "effective_date")]
    assert done.applied == 1


def test_older_facts_do_not_overwrite_newer_ones() -> None:
    known = imported((), a_row(1, effective_date="2026-02-01", title="Buyer")).changed
    same = imported(known, a_row(1, effective_date="2026-02-20", title="Buyer"))
    assert (same.applied, same.unchanged, len(same.touched)) == (0, 1, 1)
    late = imported(after(known, same), a_row(1, effective_date="2026-02-10", title="Clerk"))
    assert [one.field for one in late.rejected] == ["effective_date"]
