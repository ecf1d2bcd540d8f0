from __future__ import annotations

from typing import Any

import pytest

from services.matching import taxonomy
from services.matching.core import joining
from services.matching.core.ids import Role
from services.matching.core.participations import Hours
from services.matching.pages.join import GROUPS
from tests.unit.matching.builders import a_form

BOTH: tuple[Role, ...] = ("mentee", "mentor")
SKILLS = frozenset(taxonomy.skills())


def wrong(*, open_roles: tuple[Role, ...] = BOTH, **changes: Any) -> dict[str, str]:
    return joining.wrong(joining.read(a_form(**changes)), skills=SKILLS, open_roles=open_roles)


def test_a_form_without_a_mistake_says_what_was_filled_in() -> None:
    assert wrong() == {}
    told = joining.joining(joining.read(a_form()))
    assert told.roles == ("mentee", "mentor")
    assert told.profile.goals == ("2.B.1.d", "2.A.1.d")
    assert told.profile.skills == {"2.A.1.b": 5}
    assert told.profile.values == {"growth": 4}
    assert told.profile.hours == (Hours(0, "09:00", "17:30"), Hours(2, "09:00", "17:30"))
    assert told.capacity == 2


def test_each_role_takes_what_is_its_own() -> None:
    more = {"now_2.B.1.d": ["2"], "learning": ["reading"]}
    told = joining.joining(joining.read(a_form(**more)))
    mentee, seats = told.for_role("mentee")
    assert (mentee.current, mentee.learning, seats) == ({"2.B.1.d": 2}, ("reading",), 1)
    mentor, seats = told.for_role("mentor")
    assert (mentor.current, mentor.learning, seats) == ({}, (), 2)
    for both in (mentee, mentor):
        assert (both.goals, both.skills) == (("2.B.1.d", "2.A.1.d"), {"2.A.1.b": 5})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": ["boss"]}, "role"),
        ({"role": []}, "role"),
        ({"goal": []}, "goal"),
        ({"goal": ["2.A.1.a", "2.A.1.b", "2.A.1.c", "2.A.1.d", "2.A.1.e", "2.A.1.f"]}, "goal"),
        ({"goal": ["2.Z"]}, "goal"),
        ({"now_2.B.1.d": ["8"]}, "current"),
        ({"learning": ["osmosis"]}, "learning"),
        ({"level_2.A.1.b": ["0"]}, "skills"),
        ({"level_2.A.1.b": ["8"]}, "skills"),
        ({"level_2.A.1.b": ["-1"]}, "skills"),
        ({"level_2.Z": ["3"]}, "skills"),
        ({"capacity": []}, "capacity"),
        ({"capacity": ["6"]}, "capacity"),
        ({"capacity": ["٢"]}, "capacity"),
        ({"language": []}, "language"),
        ({"language": ["tlh"]}, "language"),
        ({"day": []}, "day"),
        ({"day": ["7"]}, "day"),
        ({"starts": ["9 o'clock"]}, "starts"),
        ({"ends": ["25:00"]}, "ends"),
        ({"ends": ["09:30"]}, "ends"),
        ({"starts": ["18:00"]}, "ends"),
        ({"value_growth": ["6"]}, "value_growth"),
        ({"style_pace": ["fast"]}, "style_pace"),
        ({"interest": ["<script>"]}, "interest"),
        ({"consent": []}, "consent"),
    ],
)
def test_a_wrong_answer_is_said_beside_its_field(changes: dict[str, list[str]], field: str) -> None:
    assert list(wrong(**changes)) == [field]


def test_S2_a_mentee_without_goals_cannot_join_through_the_page() -> None:
    assert list(wrong(role=["mentee"], goal=[])) == ["goal"]


def test_S3_a_mentor_without_skills_cannot_join_through_the_page() -> None:
    assert list(wrong(role=["mentor"], **{"level_2.A.1.b": ["0"]})) == ["skills"]


def test_a_role_asks_only_for_what_it_needs() -> None:
    assert wrong(role=["mentee"], capacity=[], **{"level_2.A.1.b": []}) == {}
    assert wrong(role=["mentor"], goal=[]) == {}


def test_S1_who_is_a_mentee_already_can_join_as_a_mentor_only() -> None:
    assert wrong(role=["mentor"], open_roles=("mentor",)) == {}
    assert list(wrong(role=["both"], open_roles=("mentor",))) == ["role"]


def test_a_form_can_be_shown_again_as_it_was() -> None:
    filled = joining.read(a_form(starts=["9"], goal=["2.B.1.d"]))
    assert (filled.starts, filled.goals, filled.levels) == ("9", ("2.B.1.d",), {"2.A.1.b": "5"})


def test_only_what_is_known_is_filled_in_before() -> None:
    assert joining.known([], role="") == joining.Filled()
    told = joining.joining(joining.read(a_form())).for_role("mentee")[0]
    known = joining.known([told], role="mentor")
    assert (known.role, known.languages, known.days) == ("mentor", ("en", "es"), ("0", "2"))
    assert known.consent is False


def test_every_skill_is_on_the_page_once() -> None:
    shown = [
        skill.code
        for _, families in GROUPS
        for skill in taxonomy.skills().values()
        if skill.family in families
    ]
    assert sorted(shown) == sorted(taxonomy.skills())
