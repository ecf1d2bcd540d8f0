"""Feedback has three parts, is concrete where it is harsh, and is read by those on its list alone."""

from __future__ import annotations

import pytest

from services.scheduling.core import feedback
from tests.unit.scheduling.builders import MENTEE, MENTOR


def a_form(**changes: str) -> dict[str, str]:
    return {
        "went_well": "You listened.",
        "to_improve": "",
        "encouragement": "Go on!",
        "rating_overall": "4",
        "rating_usefulness": "5",
        "rating_listening": "3",
        "fit": "good",
        "share": "partner",
        **changes,
    }


def wrong_fields(form: dict[str, str], ordinal: int = 2) -> list[str]:
    with pytest.raises(feedback.FeedbackWrong) as wrong:
        feedback.read_form(form, ordinal=ordinal)
    return [error.pointer for error in wrong.value.errors]


def test_S66_feedback_has_three_parts() -> None:
    given = feedback.read_form(a_form(), ordinal=1)
    assert (given.went_well, given.to_improve, given.encouragement) == ("You listened.", "", "Go on!")
    assert given.ratings == {"overall": 4, "usefulness": 5, "listening": 3}


@pytest.mark.parametrize("text", ["", "  ", "bad", "not good"])
def test_S66_a_low_rating_without_anything_concrete_asks_for_it(text: str) -> None:
    assert wrong_fields(a_form(rating_overall="2", to_improve=text)) == ["to_improve"]


def test_S66_a_low_rating_with_a_suggestion_is_taken() -> None:
    given = feedback.read_form(a_form(rating_overall="1", to_improve="Please be on time."), ordinal=2)
    assert given.ratings["overall"] == 1


def test_the_fit_is_asked_after_the_first_session_only() -> None:
    assert wrong_fields(a_form(fit=""), ordinal=1) == ["fit"]
    assert feedback.read_form(a_form(fit=""), ordinal=2).fit is None
    assert feedback.read_form(a_form(fit="not-good"), ordinal=2).fit is None
    assert feedback.read_form(a_form(fit="not-good"), ordinal=1).fit == "not-good"


def test_every_wrong_field_is_named() -> None:
    form = {"went_well": "x" * 2001, "rating_overall": "6", "rating_usefulness": "1.0", "share": "everybody"}
    assert wrong_fields(form) == [
        "went_well",
        "rating_overall",
        "rating_usefulness",
        "rating_listening",
        "share",
    ]


def test_a_browsers_line_ends_do_not_count_twice() -> None:
    text = "a\r\n" * 1000
    assert feedback.read_form(a_form(encouragement=text), ordinal=2).encouragement.count("\n") == 999


def test_S68_private_feedback_is_read_by_its_author_alone() -> None:
    private = feedback.read_form(a_form(share="private"), ordinal=2)
    assert feedback.readers(private, MENTEE, MENTOR) == (MENTEE,)


def test_S68_shared_feedback_is_read_by_both() -> None:
    shared = feedback.read_form(a_form(share="partner"), ordinal=2)
    assert feedback.readers(shared, MENTEE, MENTOR) == (MENTEE, MENTOR)
