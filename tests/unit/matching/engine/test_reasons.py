from __future__ import annotations

from services.matching import engine
from services.matching.engine import reasons, rules, waiting
from tests.unit.matching.engine.builders import NEGOTIATION, SPEAKING, WRITING, a_market, a_mentee, a_mentor


def why(mentee: engine.Mentee, mentor: engine.Mentor) -> dict[str, engine.Reason]:
    (pair,) = engine.solve(a_market((mentee,), (mentor,))).pairs
    return {reason.code: reason for reason in pair.reasons}


def why_nobody(market: engine.Market, number: str) -> engine.Waiting:
    (found,) = (who for who in engine.solve(market).waiting if who.number == number)
    return found


def test_the_goal_skills_that_a_mentor_covers_are_named() -> None:
    goals = tuple(engine.Goal(skill) for skill in (NEGOTIATION, WRITING, "unlisted"))
    found = why(a_mentee(goals=goals), a_mentor(skills={NEGOTIATION: 5, SPEAKING: 4}))
    assert found["goals"].sentence == "The mentor has experience in Negotiation: 1 of the 3 goal skills."
    assert found["related"].sentence == "The mentor knows skills close to Writing."
    assert "teaches" not in found


def test_all_goals_covered_and_taught_are_said_so() -> None:
    goals = engine.Goal(NEGOTIATION), engine.Goal(WRITING)
    mentor = a_mentor(skills={NEGOTIATION: 5, WRITING: 4}, topics=frozenset({WRITING}))
    found = why(a_mentee(goals=goals), mentor)
    assert (
        found["goals"].sentence == "The mentor has experience in Writing and Negotiation: all 2 goal skills."
    )
    assert found["teaches"].sentence == "The mentor wants to teach Writing."
    assert why(a_mentee(), mentor)["goals"].sentence.endswith("Negotiation: the mentee's goal.")


def test_a_pair_without_any_goal_skill_is_told_so() -> None:
    found = why(a_mentee(), a_mentor(skills={WRITING: 5}))
    assert found["goals"].sentence == "The mentor has named none of the goal skills."


def test_S5_the_explanation_names_values_and_style() -> None:
    answers = {"growth": 5, "service": 1, "stability": 3}
    near = why(a_mentee(values=answers, style={"pace": 1}), a_mentor(values=answers, style={"pace": 2}))
    assert near["values"].sentence == "Their values at work are close: growth, service and stability."
    assert near["style"].sentence == "The mentor works the way the mentee likes to learn: pace."
    far = why(
        a_mentee(values={"growth": 5, "service": 1}, style={"pace": 1}),
        a_mentor(values={"growth": 5, "service": 5}, style={"pace": 5}),
    )
    assert far["values"].sentence == "Their values at work meet in growth and differ otherwise."
    assert far["style"].sentence == "The mentor's style differs from how the mentee likes to learn."


def test_what_both_share_is_named() -> None:
    shared = {
        "languages": frozenset({"en", "pt", "eo"}),
        "interests": frozenset({"board-games", "chess"}),
        "site": "Bothell",
        "level": 2,
    }
    found = why(a_mentee(goal_names_level=True, **shared), a_mentor(**(shared | {"level": 3})))
    assert found["languages"].sentence == "Both speak English, eo and Portuguese."
    assert found["interests"].sentence == "Both like board games and chess."
    assert found["location"].sentence == "Both work at Bothell."
    assert found["availability"].sentence == "Their weekly hours overlap by 40 hours."
    assert (
        found["experience"].sentence == "The goal names a level, and the mentor is 1 level above the mentee."
    )


def test_an_answer_that_is_missing_is_called_not_given() -> None:
    found = why(a_mentee(goal_names_level=True), a_mentor())
    missing = {code for code, reason in found.items() if not reason.given}
    assert missing == {"aims", "values", "style", "interests", "experience", "location", "feedback"}
    assert all("not given" in found[code].sentence for code in missing)


def test_places_and_levels_have_words_for_every_case() -> None:
    def place(site: str, city: str) -> str:
        mentee = a_mentee(site="North", city="Berlin")
        return why(mentee, a_mentor(site=site, city=city))["location"].sentence

    def level(mentor_level: int) -> str:
        mentee = a_mentee(goal_names_level=True, level=3)
        return why(mentee, a_mentor(level=mentor_level))["experience"].sentence

    assert place("South", "Berlin") == "Both work in Berlin."
    assert place("South", "Ulm") == "They work at different places and would meet by video."
    assert level(3).endswith("at the same level as the mentee.")
    assert level(1).endswith("2 levels below the mentee.")


def test_S40_feedback_is_mentioned_without_its_value() -> None:
    found = why(a_mentee(), a_mentor(feedback=engine.Feedback(0.25, 1)))
    assert (
        found["feedback"].sentence == "Feedback after the mentor's earlier sessions was taken into account."
    )


def test_every_rule_has_its_words() -> None:
    codes = {rule.code for rule in rules.RULES}
    assert codes == set(reasons.FORBIDDEN)
    assert codes | {"nothing-in-common"} == set(waiting.EXCLUDED)


def test_S2_a_mentee_without_a_goal_is_not_ready_goals_missing() -> None:
    found = why_nobody(a_market((a_mentee(goals=()),), (a_mentor(),)), "101")
    assert (found.code, found.sentence) == ("goals-missing", "Not ready: goals missing.")


def test_S3_a_mentor_without_skills_gets_no_mentee_and_the_reason_is_recorded() -> None:
    found = why_nobody(a_market((a_mentee(),), (a_mentor(skills={}),)), "201")
    assert (found.role, found.code) == ("mentor", "skills-missing")


def test_a_mentor_who_offers_no_seats_is_told_so() -> None:
    market = a_market((a_mentee(),), (a_mentor(capacity=0, seats_left=0),))
    assert why_nobody(market, "201").code == "no-seats-offered"
    assert why_nobody(market, "101").code == "no-mentors"


def test_a_mentor_with_a_mentee_from_before_is_not_waiting() -> None:
    market = a_market((), (a_mentor(capacity=2, seats_left=1),))
    assert engine.solve(market).waiting == ()


def test_why_nobody_counts_the_mentors_each_rule_excludes() -> None:
    mentors = (
        *(a_mentor(str(number), languages=frozenset({"de"})) for number in (201, 202)),
        a_mentor("203", languages=frozenset({"de"}), hours=1),
        a_mentor("204", hours=1),
        a_mentor("205", skills={}),
    )
    found = why_nobody(a_market((a_mentee(),), mentors), "101")
    assert found.code == "no-shared-language"
    assert found.excluded == (
        engine.Exclusion("no-shared-language", people=3, alone=2),
        engine.Exclusion("no-shared-hours", people=2, alone=1),
    )
    assert found.sentence == (
        "Of 4 mentors none is possible: no shared language (3), too few shared hours (2)."
    )


def test_a_mentor_nobody_can_meet_has_a_reason_too() -> None:
    found = why_nobody(a_market((a_mentee(),), (a_mentor(hours=0),)), "201")
    assert (found.role, found.code) == ("mentor", "no-shared-hours")
    assert found.sentence == "Of 1 mentee none is possible: too few shared hours (1)."


def test_a_mentor_whose_mentees_all_found_another_is_told_so() -> None:
    found = why_nobody(a_market((a_mentee(),), (a_mentor(), a_mentor("202", skills={NEGOTIATION: 1}))), "202")
    assert found.code == "all-mentees-placed"
    assert found.sentence == "1 mentee would fit, but found a mentor elsewhere."


def test_a_pair_of_no_worth_is_not_made_and_says_so() -> None:
    rules_of_goals = engine.ProgrammeRules(mentee_weights={"goals": 1.0}, mentor_weights={"goals": 1.0})
    market = a_market((a_mentee(),), (a_mentor(skills={WRITING: 5}),), rules=rules_of_goals)
    assert engine.solve(market).pairs == ()
    assert why_nobody(market, "101").code == "nothing-in-common"
