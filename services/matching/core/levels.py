"""How high a job stands, read from its title. HR files carry no grade; a title is what everybody can check.

Used by the seniority rule and, where a goal speaks of a level, by the experience gap; never by default (S9).
"""

from __future__ import annotations

import re

# The first pattern that is found decides.
LEVELS: tuple[tuple[str, int], ...] = (
    (r"\b(intern|trainee|apprentice|junior)\b", 1),
    (r"\bassistant\b(?! (manager|director|vice|professor))", 1),
    (r"\b(chief|president of the|ceo|cfo|cto)\b", 7),
    (r"\b(vice president|vp|executive)\b", 6),
    (r"\b(director|head of)\b", 5),
    (r"\bmanager\b", 4),
    (r"\b(supervisor|lead|principal|master)\b", 3),
    (r"\bsenior\b", 3),
)
USUAL = 2


def level(title: str) -> int | None:
    """1 (learning the job) to 7 (the whole company); None without a title."""
    words = title.casefold()
    if not words.strip():
        return None
    return next((grade for pattern, grade in LEVELS if re.search(pattern, words)), USUAL)
