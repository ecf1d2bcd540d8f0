"""What decisions about a run ask for together, and what they do to a proof."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

from services.matching.core import comparing, reviewing
from services.matching.core.ids import ParticipationId, PersonId, ProgrammeId, RunId
from services.matching.core.reviewing import Decision, Kind
from services.matching.core.runs import Found, Run

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SPACE = UUID(int=7)
RUN = RunId(SPACE)


def who(name: str) -> ParticipationId:
    return ParticipationId(uuid5(SPACE, name))


def decision(kind: Kind, mentee: str = "", mentor: str = "", *second: str) -> Decision:
    others = [who(name) for name in second] or [None, None]
    return Decision(
        RUN,
        1,
        kind,
        "organiser",
        "a reason",
        NOW,
        mentee=who(mentee) if mentee else None,
        mentor=who(mentor) if mentor else None,
        second_mentee=others[0],
        second_mentor=others[1],
    )


def pair(mentee: str, mentor: str, weight: int = 50_000) -> Found:
    people = PersonId(uuid5(SPACE, f"p{mentee}")), PersonId(uuid5(SPACE, f"p{mentor}"))
    return Found(who(mentee), who(mentor), *people, weight, {"reasons": []})


def test_a_later_decision_about_the_same_people_counts() -> None:
    asked = reviewing.demands([decision("reject", "a", "x"), decision("pin", "a", "x")])
    assert (asked.fixed, asked.banned) == ({who("a"): who("x")}, frozenset())
    asked = reviewing.demands([decision("approve", "a", "x"), decision("reject", "a", "x")])
    assert (asked.fixed, asked.banned) == ({}, frozenset({(who("a"), who("x"))}))


def test_a_swap_fixes_both_pairs_and_who_is_excluded_is_in_none() -> None:
    swap = decision("swap", "a", "y", "b", "x")
    assert reviewing.demands([swap]).fixed == {who("a"): who("y"), who("b"): who("x")}
    after = reviewing.demands([swap, decision("exclude", "", "y")])
    assert (after.fixed, after.out) == ({who("b"): who("x")}, frozenset({who("y")}))


def test_release_takes_back_everything_about_one_person_and_nothing_else() -> None:
    made = [decision("pin", "a", "x"), decision("reject", "a", "y"), decision("pin", "b", "y")]
    asked = reviewing.demands([*made, decision("release", "a")])
    assert (asked.fixed, asked.banned) == ({who("b"): who("y")}, frozenset())


def run(**changes: object) -> Run:
    plain = {"id": RUN, "programme_id": ProgrammeId(SPACE), "created_at": NOW, "state": "published"}
    return Run(**{**plain, **changes})  # type: ignore[arg-type]


def test_U4_two_runs_differ_by_pairs_by_rules_and_by_single_weights() -> None:
    before = {"seniority": 0, "mentee_weights": {"goals": 0.35, "values": 0.2}}
    after = {"seniority": 2, "mentee_weights": {"goals": 0.30, "values": 0.2}}
    here = comparing.Side(run(rules=before), [pair("a", "x"), pair("b", "y")], [])
    there = comparing.Side(run(rules=after), [pair("a", "y"), pair("b", "y")], [(PersonId(SPACE), "mentor")])
    found = comparing.compare(here, there)
    assert found.rules == {"seniority": (0, 2), "mentee_weights.goals": (0.35, 0.30)}
    assert ([*found.only_here], [*found.only_there], found.both) == ([pair("a", "x")], [pair("a", "y")], 1)
    assert found.waiting_only_there == [(PersonId(SPACE), "mentor")]
