"""What may come of a completed match: the mentee becomes a mentor of what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from services.matching.core.participations import LEVEL_MAX, Profile

USUAL_LEVEL = 3


def skills_learned(mentee: Profile) -> dict[str, int]:
    """Levels to begin with for somebody who becomes a mentor: what they could share before, and each goal of
    the match one level above where they stood when they joined (3 where they did not say). They correct it.
    """
    learned = {goal: _grown(mentee.current.get(goal)) for goal in mentee.goals}
    return {**learned, **{code: max(level, learned.get(code, 0)) for code, level in mentee.skills.items()}}


def _grown(level: int | None) -> int:
    return USUAL_LEVEL if level is None else min(LEVEL_MAX, level + 1)


def as_mentor(mentee: Profile, skills: Mapping[str, int]) -> Profile:
    """What a former mentee tells as a mentor: the same person, with skills instead of goals. How they like to
    be helped says nothing about how they help."""
    style = {scale: answer for scale, answer in mentee.style.items() if scale != "guidance"}
    return replace(mentee, goals=(), current={}, learning=(), skills=skills, style=style)
