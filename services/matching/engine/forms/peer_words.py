"""Why two peers fit, in words that call neither of them a mentor."""

from __future__ import annotations

from services.matching.engine import index as arrays
from services.matching.engine import market, reasons
from services.matching.engine.reasons import Reason

ALIKE_ON_BOTH_SIDES = ("values", "languages", "availability", "interests", "location")

FORBIDDEN = {
    "goals-missing": "One of the two has named no goals yet.",
    "skills-missing": "One of the two has named no skills to share yet.",
}


def forbidden(codes: tuple[str, ...]) -> tuple[Reason, ...]:
    """The rules that exclude a pair of peers."""
    return tuple(Reason(one.code, FORBIDDEN.get(one.code, one.sentence)) for one in reasons.forbidden(codes))


def why(index: arrays.Index, row: int, column: int) -> tuple[Reason, ...]:
    """What each can help the other with, then what they have in common."""
    there = reasons.why(index, row, column)
    back = {reason.code: reason for reason in reasons.why(index, column, row)}
    shared = {reason.code: reason for reason in there}
    found = [_exchange(index, row, column)]
    for code in ALIKE_ON_BOTH_SIDES:
        if code in shared:
            found.append(shared[code])
    if "style" in shared:
        found.append(_style(shared["style"], back["style"]))
    if "feedback" in shared:
        found.append(_feedback(shared["feedback"], back["feedback"]))
    return tuple(found)


def _exchange(index: arrays.Index, row: int, column: int) -> Reason:
    topics = index.whole.topics
    first = _helps(index.mentees[row], index.mentors[column])
    second = _helps(index.mentees[column], index.mentors[row])
    both = [skill for skill in first if skill in second]
    parts = [reasons.names(one, topics) for one in (first, second) if one]
    if not parts:
        return Reason("goals", "Neither has named a goal skill of the other.")
    if len(parts) == 1:
        return Reason("goals", f"One of you can help the other with {parts[0]}.")
    if first == second == both:
        return Reason("goals", f"You can help each other with {parts[0]}.")
    return Reason("goals", f"You can help each other: one with {parts[0]}, the other with {parts[1]}.")


def _helps(learner: market.Mentee, helper: market.Mentor) -> list[str]:
    """The goals of one that the other has a skill for, the most important first."""
    wanted = sorted(learner.goals, key=lambda goal: (-goal.importance, goal.skill))
    return [goal.skill for goal in wanted if goal.skill in arrays.shared(helper)]


def _style(there: Reason, back: Reason) -> Reason:
    if not (there.given and back.given):
        return Reason("style", "Working style: not given by both, so it counts as average.", given=False)
    return Reason("style", "How you like to work was compared in both directions.")


def _feedback(there: Reason, back: Reason) -> Reason:
    if there.given or back.given:
        return Reason("feedback", "Feedback after earlier sessions was taken into account.")
    return Reason("feedback", "Earlier feedback: not given yet, so it counts as average.", given=False)
