"""Why this pair, and why nobody: the model's reasons in words that both people and the organiser may read.

Sentences name answers and rules, never another person's rating or anything said in confidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.matching.engine import index as arrays
from services.matching.engine import market, scoring

LANGUAGES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "ja": "Japanese",
    "pt": "Portuguese",
    "zh": "Chinese",
}
ALIKE = 0.75
FORBIDDEN = {
    "not-eligible": "One of the two may not take part in this programme.",
    "consent-missing": "One of the two has not agreed to be matched.",
    "goals-missing": "The mentee has named no goals yet.",
    "skills-missing": "The mentor has named no skills to share yet.",
    "same-person": "They are the same person.",
    "reporting-line": "One of the two reports to the other.",
    "same-team": "They are in the same team.",
    "blocked": "This pair was ruled out, or was tried before.",
    "no-shared-language": "They have no language in common.",
    "no-shared-hours": "Their weekly hours overlap too little.",
    "seniority": "Their levels are not what this programme asks for.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words. `given` is false where an answer is missing and counts as average."""

    code: str
    sentence: str
    given: bool = True


def forbidden(codes: Iterable[str]) -> tuple[Reason, ...]:
    """The rules that exclude a pair, in words."""
    return tuple(Reason(code, FORBIDDEN[code]) for code in codes)


def why(index: arrays.Index, row: int, column: int) -> tuple[Reason, ...]:
    """Why these two fit, one reason per component that says something, the most important first."""
    return of_components(index, row, column, scoring.components(index, row, column))


def of_components(
    index: arrays.Index, row: int, column: int, components: Iterable[scoring.Component]
) -> tuple[Reason, ...]:
    """Why these two fit, one reason per component that says something, the most important first."""
    mentee, mentor = index.mentees[row], index.mentors[column]
    part = {component.code: component for component in components}
    found = [
        *_goals(mentee, mentor, index.whole.topics),
        _aims(mentee, mentor, index.whole.topics, part["aims"]),
        _values(mentee, mentor, part["values"]),
        _style(mentee, mentor, part["style"]),
        *_languages(mentee, mentor),
        _hours(mentee, mentor, index.whole.rules.form),
        _interests(mentee, mentor),
        *_experience(mentee, mentor, part["experience"]),
        _location(mentee, mentor, part["location"]),
        *_pool(mentee, mentor),
        _feedback(part["feedback"]),
        *_settings(index.whole, mentee.number, mentor.number),
    ]
    return tuple(found)


def _goals(mentee: market.Mentee, mentor: market.Mentor, topics: Mapping[str, market.Topic]) -> list[Reason]:
    wanted = [goal.skill for goal in sorted(mentee.goals, key=lambda goal: (-goal.importance, goal.skill))]
    known = [skill for skill in wanted if skill in arrays.shared(mentor)]
    families = {topics[skill].family for skill in arrays.shared(mentor) if skill in topics} - {""}
    near = [s for s in wanted if s not in known and s in topics and topics[s].family in families]
    reasons = [Reason("goals", _covered(wanted, known, topics))]
    if near:
        reasons.append(Reason("related", f"The mentor knows skills close to {names(near, topics)}."))
    taught = [skill for skill in wanted if skill in arrays.taught(mentor)]
    if mentor.topics and taught:
        reasons.append(Reason("teaches", f"The mentor wants to teach {names(taught, topics)}."))
    return reasons


def _covered(wanted: list[str], known: list[str], topics: Mapping[str, market.Topic]) -> str:
    if not known:
        return "The mentor has named none of the goal skills."
    share = "the mentee's goal" if len(wanted) == 1 else f"{len(known)} of the {len(wanted)} goal skills"
    if 1 < len(wanted) == len(known):
        share = f"all {len(wanted)} goal skills"
    return f"The mentor has experience in {names(known, topics)}: {share}."


def _aims(
    mentee: market.Mentee,
    mentor: market.Mentor,
    topics: Mapping[str, market.Topic],
    part: scoring.Component,
) -> Reason:
    if not part.given:
        sentence = "What the mentor wants to learn in turn: not given by both, so it counts as average."
        return Reason("aims", sentence, given=False)
    wanted = sorted(mentor.aims, key=lambda aim: (-aim.importance, aim.skill))
    served = [aim.skill for aim in wanted if aim.skill in arrays.shared(mentee)]
    if served:
        return Reason("aims", f"The mentor wants to learn {names(served, topics)}, which the mentee knows.")
    if part.v > 0:
        return Reason("aims", "The mentee knows skills close to what the mentor wants to learn.")
    return Reason("aims", "The mentee has named none of the skills that the mentor wants to learn.")


def _settings(whole: market.Market, mentee: str, mentor: str) -> list[Reason]:
    """What the two wished or the programme decided, beside how well they fit."""
    found = []
    if mentor in whole.favourites.get(mentee, ()):
        found.append(Reason("favourite", "The mentor is among the favourites that the mentee named."))
    if whole.bonus.get(mentee, 0):
        more = whole.bonus[mentee] / scoring.WEIGHT_OF_ONE
        found.append(Reason("bonus", f"The programme adds {more:g} to the score of all pairs of the mentee."))
    if whole.rules.hysteresis and (mentee, mentor) in whole.standing:
        found.append(Reason("standing", "They have been proposed to each other before, and that counts."))
    return found


def _values(mentee: market.Mentee, mentor: market.Mentor, part: scoring.Component) -> Reason:
    if not part.given:
        return Reason("values", "Values: not given by both, so they count as average.", given=False)
    alike = _alike(mentee.values, mentor.values)
    if part.u >= ALIKE:
        return Reason("values", f"Their values at work are close: {alike}.")
    if alike:
        return Reason("values", f"Their values at work meet in {alike} and differ otherwise.")
    return Reason("values", "Their values at work differ.")


def _style(mentee: market.Mentee, mentor: market.Mentor, part: scoring.Component) -> Reason:
    if not part.given:
        return Reason("style", "Working style: not given by both, so it counts as average.", given=False)
    alike = _alike(mentee.style, mentor.style)
    if part.u >= ALIKE:
        return Reason("style", f"The mentor works the way the mentee likes to learn: {alike}.")
    if alike:
        return Reason("style", f"In {alike} the mentor works the way the mentee likes to learn.")
    return Reason("style", "The mentor's style differs from how the mentee likes to learn.")


def _alike(left: Mapping[str, int], right: Mapping[str, int]) -> str:
    """The scales on which two people are at most a point apart, in words."""
    alike = [s for s in sorted(left.keys() & right.keys()) if abs(left[s] - right[s]) <= 1]
    return _listed([_guidance(left[s] + right[s]) if s == "guidance" else _word(s) for s in alike])


def _guidance(both: int) -> str:
    """What the help looks like that both named between 1 (advice) and 5 (hands-on), from the sum."""
    return "hands-on help" if both > 6 else "advice" if both < 6 else "a mix of advice and hands-on help"


def _languages(mentee: market.Mentee, mentor: market.Mentor) -> list[Reason]:
    shared = [LANGUAGES.get(code, code) for code in sorted(mentee.languages & mentor.languages)]
    return [Reason("languages", f"Both speak {_listed(shared)}.")] if shared else []


def _hours(mentee: market.Mentee, mentor: market.Mentor, form: market.Form) -> Reason:
    shared = (mentee.hours & mentor.hours).bit_count()
    if form == "flash":
        return Reason("availability", f"Both have time at {shared} of the talks.")
    hours = shared / 2
    unit = "hour" if hours == 1 else "hours"
    return Reason("availability", f"Their weekly hours overlap by {hours:g} {unit}.")


def _interests(mentee: market.Mentee, mentor: market.Mentor) -> Reason:
    if not (mentee.interests and mentor.interests):
        return Reason("interests", "Interests: not given by both, so they count as average.", given=False)
    shared = [_word(code) for code in sorted(mentee.interests & mentor.interests)]
    return Reason(
        "interests", f"Both like {_listed(shared)}." if shared else "They named different interests."
    )


def _experience(mentee: market.Mentee, mentor: market.Mentor, part: scoring.Component) -> list[Reason]:
    if not mentee.goal_names_level:
        return []
    if not part.given or mentor.level is None or mentee.level is None:
        return [Reason("experience", "Level: not given by both, so it counts as average.", given=False)]
    gap = mentor.level - mentee.level
    levels = "1 level" if abs(gap) == 1 else f"{abs(gap)} levels"
    place = "at the same level as" if gap == 0 else f"{levels} {'above' if gap > 0 else 'below'}"
    return [Reason("experience", f"The goal names a level, and the mentor is {place} the mentee.")]


def _location(mentee: market.Mentee, mentor: market.Mentor, part: scoring.Component) -> Reason:
    if not part.given:
        return Reason("location", "Place: not given by both, so it counts as average.", given=False)
    if mentee.site and mentee.site == mentor.site:
        return Reason("location", f"Both work at {mentee.site}.")
    if mentee.city and mentee.city == mentor.city:
        return Reason("location", f"Both work in {mentee.city}.")
    return Reason("location", "They work at different places and would meet by video.")


def _pool(mentee: market.Mentee, mentor: market.Mentor) -> list[Reason]:
    """Said where one of the two is not from the company itself; it counts neither for nor against."""
    origins = {"workplace": "another workplace", "alumni": "the alumni", "association": "an association"}
    who = [("mentor", mentor.pool), ("mentee", mentee.pool)]
    return [Reason("pool", f"The {role} comes from {origins.get(pool, pool)}.") for role, pool in who if pool]


def _feedback(part: scoring.Component) -> Reason:
    if part.given:
        return Reason("feedback", "Feedback after the mentor's earlier sessions was taken into account.")
    return Reason("feedback", "Earlier feedback: not given yet, so it counts as average.", given=False)


def names(skills: Iterable[str], topics: Mapping[str, market.Topic]) -> str:
    """Skills by their names, as a list in words."""
    return _listed([topics[skill].name if skill in topics else skill for skill in skills])


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _word(code: str) -> str:
    return code.replace("-", " ").replace("_", " ")
