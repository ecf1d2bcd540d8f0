"""Markets for the engine's tests: everybody alike unless a test says otherwise, and random ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from services.matching import engine

NEGOTIATION, WRITING, SPEAKING = "2.B.1.d", "2.A.1.c", "2.A.1.d"
TOPICS = {
    NEGOTIATION: engine.Topic("Negotiation", "2.B.1"),
    WRITING: engine.Topic("Writing", "2.A.1"),
    SPEAKING: engine.Topic("Speaking", "2.A.1"),
}
OFFICE_HOURS = sum(1 << day * 48 + half for day in range(5) for half in range(18, 34))


def a_mentee(number: str = "101", **changes: Any) -> engine.Mentee:
    """Someone who wants to learn to negotiate, Monday to Friday 09:00 to 17:00 UTC, in English."""
    usual: dict[str, Any] = {
        "number": number,
        "hours": OFFICE_HOURS,
        "languages": frozenset({"en"}),
        "goals": (engine.Goal(NEGOTIATION),),
    }
    return engine.Mentee(**(usual | changes))


def a_mentor(number: str = "201", **changes: Any) -> engine.Mentor:
    """Someone who negotiates well, in the same hours and language, with one seat."""
    usual: dict[str, Any] = {
        "number": number,
        "hours": OFFICE_HOURS,
        "languages": frozenset({"en"}),
        "skills": {NEGOTIATION: 5.0},
    }
    return engine.Mentor(**(usual | changes))


def a_market(
    mentees: tuple[engine.Mentee, ...] = (), mentors: tuple[engine.Mentor, ...] = (), **changes: Any
) -> engine.Market:
    return engine.Market(mentees=mentees, mentors=mentors, **({"topics": TOPICS} | changes))


def the_weight(market: engine.Market, mentee: str = "101", mentor: str = "201") -> int:
    return engine.explain(market, mentee, mentor).weight


ANSWERS = st.dictionaries(st.sampled_from(("pace", "growth", "service")), st.integers(1, 5))
SKILLS = st.sampled_from((NEGOTIATION, WRITING, SPEAKING, "unlisted"))
HOURS = st.sampled_from((0, 0b111, 0b1111, 0b11110, OFFICE_HOURS, (1 << 336) - 1))

OFFERED = st.dictionaries(SKILLS, st.integers(0, 7), max_size=3)
WISHES = st.lists(
    st.builds(engine.Goal, SKILLS, st.sampled_from((0.25, 0.5, 1.0))),
    max_size=3,
    unique_by=lambda goal: goal.skill,
).map(tuple)


def _answers(number: str) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "number": st.just(number),
        "hours": HOURS,
        "languages": st.frozensets(st.sampled_from(("en", "de", "fr")), max_size=2),
        "values": ANSWERS,
        "style": ANSWERS,
        "interests": st.frozensets(st.sampled_from(("chess", "hiking", "music")), max_size=2),
        "level": st.none() | st.integers(0, 4),
        "team": st.sampled_from(("", "sales", "tools")),
        "site": st.sampled_from(("", "Bothell", "Berlin")),
        "city": st.sampled_from(("", "Seattle", "Berlin")),
        "feedback": st.sampled_from((engine.Feedback(), engine.Feedback(1.5, 2), engine.Feedback(0, 3))),
        "eligible": st.sampled_from((True, True, True, False)),
        "consent": st.sampled_from((True, True, True, False)),
    }


@st.composite
def mentees(draw: st.DrawFn, number: str) -> engine.Mentee:
    return draw(
        st.builds(
            engine.Mentee,
            **_answers(number),
            goals=WISHES,
            goal_names_level=st.booleans(),
            skills=OFFERED,
        )
    )


@st.composite
def mentors(draw: st.DrawFn, number: str) -> engine.Mentor:
    capacity = draw(st.integers(0, 3))
    return draw(
        st.builds(
            engine.Mentor,
            **_answers(number),
            skills=OFFERED,
            aims=WISHES,
            topics=st.frozensets(SKILLS, max_size=2),
            capacity=st.just(capacity),
            seats_left=st.integers(0, capacity),
        )
    )


def _pairs_of(numbers: list[str]) -> st.SearchStrategy[frozenset[tuple[str, str]]]:
    return st.frozensets(st.tuples(st.sampled_from(numbers), st.sampled_from(numbers)), max_size=4)


@st.composite
def markets(draw: st.DrawFn, people: int = 5) -> engine.Market:
    """Up to `people` mentees and as many mentors among ten employees, some both, some managed in circles."""
    numbers = [str(number) for number in range(1, 11)]
    left = draw(st.lists(st.sampled_from(numbers), max_size=people, unique=True))
    right = draw(st.lists(st.sampled_from(numbers), max_size=people, unique=True))
    return engine.Market(
        mentees=tuple(draw(mentees(number)) for number in left),
        mentors=tuple(draw(mentors(number)) for number in right),
        rules=draw(
            st.builds(
                engine.ProgrammeRules,
                min_shared_hours=st.sampled_from((0, 1.5, 2)),
                seniority=st.integers(-2, 2),
                same_team=st.booleans(),
                preference=st.sampled_from((0, 0.1, 0.2)),
                hysteresis=st.sampled_from((0, 500, 30_000)),
            )
        ),
        managers=draw(st.dictionaries(st.sampled_from(numbers), st.none() | st.sampled_from(numbers))),
        blocked=draw(_pairs_of(numbers)),
        standing=draw(_pairs_of(numbers)),
        favourites=draw(
            st.dictionaries(
                st.sampled_from(numbers),
                st.lists(st.sampled_from(numbers), max_size=5, unique=True).map(tuple),
                max_size=3,
            )
        ),
        bonus=draw(st.dictionaries(st.sampled_from(numbers), st.integers(0, 5_000), max_size=3)),
        topics=TOPICS,
    )
