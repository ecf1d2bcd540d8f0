"""The words people read for our codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.scheduling import core
from services.scheduling.core.ids import Cadence

CADENCES: Final[Mapping[Cadence, str]] = {
    "weekly": "Every week",
    "biweekly": "Every two weeks",
    "monthly": "Every four weeks",
    "quarterly": "Every three months",
}
FOCUSES: Final[Mapping[core.agreements.Focus, tuple[str, str]]] = {
    "career": ("Career path", "Where to go next, and how to get there"),
    "skills": ("Skills", "Getting better at something particular"),
    "leadership": ("Leadership", "Leading people, projects or a trade"),
    "network": ("Network", "Knowing, and being known by, the right people"),
    "change": ("A change", "A new role, team, place or stage of life"),
}
STATES: Final[Mapping[core.sessions.State, str]] = {
    "scheduled": "Planned",
    "completed": "Took place",
    "missed": "Did not take place",
    "cancelled": "Cancelled",
}
FITS: Final[Mapping[core.feedback.Fit, tuple[str, str]]] = {
    "good": ("We fit well", ""),
    "unsure": ("I am not sure yet", ""),
    "not-good": ("We do not fit", "Then both of you can be matched with somebody else. Nobody is to blame."),
}
PROBLEMS: Final[Mapping[core.booking.Problem, str]] = {
    "no-common-hours": "We found no time at which both of you work, so no session can be booked. If your"
    " working hours have changed, tell the organiser of your programme. We try again every week.",
    "no-free-slot": "All the hours that you have in common are taken for the next weeks. We try again every"
    " day and book the first time that becomes free.",
    "away": "One of you is away at the moment. Your next session is booked when you are both back.",
}
PROBLEMS_IN_CIRCLE: Final[Mapping[core.booking.Problem, str]] = {
    **PROBLEMS,
    "no-free-slot": "All the hours that your circle has in common are taken for the next weeks. We try again"
    " every day and book the first time that becomes free.",
}
