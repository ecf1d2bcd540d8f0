"""An agreement holds once both sides confirmed the same terms."""

from __future__ import annotations

import pytest

from services.scheduling.core import agreements
from shared.errors import FieldError
from tests.unit.scheduling.builders import MENTEE, MENTOR, MONDAY, STRANGER, an_agreement

TERMS = agreements.Terms(3, "biweekly", "career")
OTHER = agreements.Terms(4, "weekly", "career")


def confirm(
    agreement: agreements.Agreement, who: object, terms: agreements.Terms, seen: int | None = None
) -> agreements.Agreement:
    version = agreement.version if seen is None else seen
    return agreements.confirm(agreement, who, terms, seen_version=version, now=MONDAY)  # type: ignore[arg-type]


def test_one_side_alone_agrees_on_nothing() -> None:
    half = confirm(an_agreement(), MENTEE, TERMS)
    assert (half.state, half.terms, half.version) == ("draft", TERMS, 1)
    assert half.confirmed_by(MENTEE)
    assert not half.confirmed_by(MENTOR)


def test_both_sides_confirming_the_same_terms_agree() -> None:
    both = confirm(confirm(an_agreement(), MENTOR, TERMS), MENTEE, TERMS)
    assert (both.state, both.confirmed_at, both.terms) == ("confirmed", MONDAY, TERMS)


def test_both_sides_sending_the_same_terms_agree_even_if_one_had_not_seen_them() -> None:
    both = confirm(confirm(an_agreement(), MENTOR, OTHER), MENTEE, OTHER, seen=1)
    assert both.state == "confirmed"


def test_other_terms_undo_the_partners_word() -> None:
    before = confirm(an_agreement(), MENTOR, TERMS)
    changed = confirm(before, MENTEE, OTHER)
    assert agreements.must_look_again(before, changed, MENTEE)
    assert not agreements.must_look_again(an_agreement(), confirm(an_agreement(), MENTEE, OTHER), MENTEE)
    assert (changed.state, changed.terms, changed.version) == ("draft", OTHER, 2)
    assert not changed.confirmed_by(MENTOR)
    assert confirm(changed, MENTOR, OTHER).state == "confirmed"


def test_other_terms_than_the_ones_seen_are_refused_when_the_partner_changed_them() -> None:
    changed = confirm(an_agreement(), MENTOR, OTHER)
    with pytest.raises(agreements.StaleTerms):
        confirm(changed, MENTEE, TERMS, seen=1)


def test_the_same_word_twice_changes_nothing() -> None:
    both = confirm(confirm(an_agreement(), MENTOR, TERMS), MENTEE, TERMS)
    assert confirm(both, MENTEE, TERMS) is both
    half = confirm(an_agreement(), MENTEE, TERMS)
    assert confirm(half, MENTEE, TERMS) == half


def test_what_both_agreed_on_is_not_changed_by_one() -> None:
    both = confirm(confirm(an_agreement(), MENTOR, TERMS), MENTEE, TERMS)
    with pytest.raises(agreements.AlreadyAgreed):
        confirm(both, MENTEE, OTHER)


def test_a_pair_that_has_ended_agrees_on_nothing() -> None:
    with pytest.raises(agreements.PairEnded):
        confirm(agreements.closed(an_agreement(), "withdrawn", MONDAY), MENTEE, TERMS)


def test_strangers_have_no_say() -> None:
    with pytest.raises(agreements.NotOfThisPair):
        confirm(an_agreement(), STRANGER, TERMS)


def test_S26_the_hours_per_month_are_required() -> None:
    with pytest.raises(agreements.TermsWrong) as wrong:
        agreements.terms_from("", "biweekly", "career")
    assert wrong.value.errors == (FieldError("hours_per_month", "Give the hours per month, from 1 to 20."),)


@pytest.mark.parametrize("hours", ["0", "21", "-3", "2.5", "many", "²"])
def test_hours_outside_1_to_20_are_wrong(hours: str) -> None:
    with pytest.raises(agreements.TermsWrong):
        agreements.terms_from(hours, "biweekly", "career")


def test_every_wrong_field_is_named() -> None:
    with pytest.raises(agreements.TermsWrong) as wrong:
        agreements.terms_from("x", "daily", "cooking")
    assert [error.pointer for error in wrong.value.errors] == ["hours_per_month", "cadence", "focus"]
