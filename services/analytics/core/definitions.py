"""The figures there are: what each is called, what it counts, what it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AGREEMENT_DUE_DAYS = 14
MET_WITHIN_CADENCES = 1.5
ANSWERS_MIN = 5

Kind = Literal["count", "rate", "days", "minutes", "rating"]
Scope = Literal["programme", "company"]


@dataclass(frozen=True)
class Definition:
    """One figure: its name for people, how its rows become a number, the target it is held against.

    `ranged` figures count what happened since a moment; the others tell how things stand. In the list behind
    it, `moment` is what the time of a row is, `label` what its code is; without a label rows carry none.
    """

    code: str
    title: str
    kind: Kind
    meaning: str
    ranged: bool = False
    target: float | None = None
    scope: Scope = "programme"
    moment: str = "When"
    label: str = ""


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "people",
        "People reached",
        "count",
        "Invited to the programme, or in it.",
        moment="First heard of",
    ),
    Definition(
        "joined",
        "Joined",
        "count",
        "People who joined, in one role or both.",
        moment="Joined",
    ),
    Definition(
        "matched",
        "Matched",
        "count",
        "People who joined and have ever had a match.",
        moment="First match",
    ),
    Definition(
        "met",
        "Met",
        "count",
        "Matched people whose pair has completed a session.",
        moment="First session",
    ),
    Definition(
        "gave-feedback",
        "Gave feedback",
        "count",
        "People who met and answered a feedback form.",
        moment="First feedback",
    ),
    Definition(
        "match-rate",
        "Match rate",
        "rate",
        "Active participants in an open match, of all active participants: at work, not left, and not paused"
        " unless they have a match.",
        target=0.70,
        moment="Joined",
        label="Role",
    ),
    Definition(
        "mentor-utilisation",
        "Mentor utilisation",
        "rate",
        "Mentors with at least one active match, of all enrolled mentors.",
        target=0.70,
        moment="Joined",
    ),
    Definition(
        "active-pairing",
        "Active pairing",
        "rate",
        "Active matches that met within one and a half cadences, of all active matches.",
        target=0.75,
        moment="Last contact",
    ),
    Definition(
        "session-completion",
        "Session completion",
        "rate",
        "Sessions completed, of all that were scheduled and whose date has passed.",
        ranged=True,
        target=0.80,
        moment="Planned for",
        label="State",
    ),
    Definition(
        "satisfaction",
        "Satisfaction",
        "rating",
        "Mean overall rating of sessions, of 5. Shown from five answers on, by whole months.",
        ranged=True,
        target=4.0,
    ),
    Definition(
        "days-to-match",
        "Time to match",
        "days",
        "From joining as a mentee to the first match: median.",
        ranged=True,
        moment="Matched",
    ),
    Definition(
        "days-to-first-session",
        "Time to first session",
        "days",
        "From the match to the first session the pair completed: median.",
        ranged=True,
        moment="First session",
    ),
    Definition(
        "proposals",
        "Proposals",
        "count",
        "Pairs proposed by a matching round.",
        ranged=True,
        moment="Proposed",
        label="Answer",
    ),
    Definition(
        "matches",
        "Matches made",
        "count",
        "Proposals both sides accepted.",
        ranged=True,
        moment="Matched",
        label="State",
    ),
    Definition(
        "active-pairs",
        "Active pairs",
        "count",
        "Matches made and not ended.",
        moment="Matched",
    ),
    Definition(
        "sessions-scheduled",
        "Sessions scheduled",
        "count",
        "By the time of booking.",
        ranged=True,
        moment="Booked",
        label="State",
    ),
    Definition(
        "sessions-completed",
        "Sessions completed",
        "count",
        "By the time they took place.",
        ranged=True,
        moment="Took place",
    ),
    Definition(
        "sessions-missed",
        "Sessions missed",
        "count",
        "By the time they were planned.",
        ranged=True,
        moment="Planned for",
    ),
    Definition(
        "sessions-cancelled",
        "Sessions cancelled",
        "count",
        "In time or late, by planned time.",
        ranged=True,
        moment="Planned for",
        label="State",
    ),
    Definition(
        "feedback",
        "Feedback forms",
        "count",
        "Forms answered by either side.",
        ranged=True,
        moment="Given",
        label="Role",
    ),
    Definition(
        "waiting",
        "People waiting",
        "count",
        "Without a partner after the last matching round, and still looking: who has left since then, is"
        " paused or not at work does not wait.",
        moment="Round",
        label="Reason",
    ),
    Definition(
        "paused",
        "Paused",
        "count",
        "Participations for which nobody is looked for at the moment: not now, on leave, or inactive.",
        moment="Since",
        label="Reason",
    ),
    Definition(
        "left",
        "Left",
        "count",
        "Participations that are over. Whoever comes back joins anew.",
        ranged=True,
        moment="Left",
        label="Reason",
    ),
    Definition(
        "matches-ended",
        "Matches ended",
        "count",
        "Matches that are over, by the reason.",
        ranged=True,
        moment="Ended",
        label="Reason",
    ),
    Definition(
        "flagged",
        "Pairs to look at",
        "count",
        "Active pairs that somebody has to look at, because one of the two now reports to the other.",
        moment="Flagged",
        label="Reason",
    ),
    Definition(
        "agreements-missing",
        "Agreements missing",
        "count",
        "Active pairs with no agreement confirmed by both, 14 days after the match.",
        moment="Matched",
    ),
    Definition(
        "messages-sent",
        "Messages sent",
        "minutes",
        "Mails handed over; median minutes after they were due.",
        ranged=True,
        scope="company",
        moment="Sent",
        label="Kind",
    ),
    Definition(
        "messages-failed",
        "Messages failed",
        "count",
        "Mails given up after all attempts.",
        ranged=True,
        scope="company",
        moment="Given up",
        label="Kind",
    ),
)

FUNNEL = ("people", "joined", "matched", "met", "gave-feedback")


def find_definition(code: str) -> Definition | None:
    return next((definition for definition in DEFINITIONS if definition.code == code), None)
