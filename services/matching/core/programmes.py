"""Programmes: what they ask of a pair, and when their rounds are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from services.matching.core import people
from services.matching.core.ids import Cadence, PersonId, ProgrammeId, Role

Kind = Literal["evergreen", "cohort"]
State = Literal["open", "closed"]
Form = Literal["one-to-one", "peer", "circle", "reverse", "flash"]
Mode = Literal["welfare", "stable"]

ROUND_AT = time(6, tzinfo=UTC)
ANSWER_DAYS = 3
LAPSED_BLOCK_DAYS = 30
INVITATION_DAYS = 30
LOOK_AGAIN_DAYS = 7
OFFER_MINUTES = 10
"""Time for whoever joins to name a mentor first, or favourites."""
TALK_MINUTES = 30
TALK_NOTICE = timedelta(days=2)
"""What somebody is told of a talk ahead at least: a day to answer, and a day to prepare."""
TALKS_WITHIN = timedelta(days=7)
OFFERING = ("one-to-one", "reverse")


@dataclass(frozen=True)
class Rules:
    """What a pair of this programme has to fulfil, and what its fit is made of.

    `seniority`: by how many levels the mentor has to be above the mentee at least (negative: below).
    `target_gap`: the distance in levels that fits best where a goal names one. `match_days`: how long a match
    lasts where the programme has no end. `review`: an administrator looks at a run's pairs before they are
    proposed; `hysteresis` is what a pair that stands already is worth more, in score, when that run is held
    again. `pools` are those open to it (`people.pool_code`); empty: all. Weights by component, each side
    adding up to 1; empty: the defaults.
    `reserve`: the score from which a pair is proposed minutes after somebody joined an evergreen programme;
    what is less waits for the morning, 1 means all do.
    `ageing_bonus`: what a mentee's pairs gain in score per round waited. `group_names`: the groups people may
    say they belong to, as they are asked; `balanced_groups`: those of them that a bonus of at most .05 brings
    near the others' match rate.

    `form`: one mentor per mentee; peers, two equals at most `seniority` levels apart (0: any); circles of one
    mentor and `group_size_min` to `group_size` mentees; or reverse, where the junior one mentors and
    `seniority` and `target_gap` are levels below; or flash, one talk of half an hour per mentee, which begins
    at one of `talks_at` (UTC, in order, within a week). `mode`: the best for all together, or stable pairs of
    whom no two would rather have each other.
    """

    min_shared_hours: float = 2.0
    seniority: int = 0
    same_team: bool = False
    target_gap: float = 3.0
    match_days: int = 182
    review: bool = False
    hysteresis: float = 0.0
    pools: Sequence[str] = ()
    mentee_weights: Mapping[str, float] = field(default_factory=dict)
    mentor_weights: Mapping[str, float] = field(default_factory=dict)
    ageing_bonus: float = 0.0
    group_names: Mapping[str, str] = field(default_factory=dict)
    balanced_groups: Sequence[str] = ()
    form: Form = "one-to-one"
    mode: Mode = "welfare"
    group_size: int = 4
    group_size_min: int = 2
    reserve: float = 0.5
    talks_at: Sequence[datetime] = ()


def is_open_to(rules: Rules, pool: str) -> bool:
    """Whether people from there may take part."""
    return not rules.pools or people.pool_code(pool) in rules.pools


@dataclass(frozen=True)
class Programme:
    """`match_on` is the day of a cohort's first round. `next_round_at` is empty while nothing changed."""

    id: ProgrammeId
    name: str
    kind: Kind
    state: State
    starts_on: date
    ends_on: date | None
    match_on: date | None
    cadence: Cadence
    hours_per_month: int
    session_minutes: int
    rules: Rules
    organiser_id: PersonId | None
    next_round_at: datetime | None
    version: int
    created_at: datetime


def seats(programme: Programme, role: Role, asked: int) -> int:
    """The seats of who joins: those they ask for; in circles as many as a circle has, in flash one for each
    talk."""
    fixed = {"circle": programme.rules.group_size, "flash": len(programme.rules.talks_at)}
    return fixed.get(programme.rules.form, asked) if role == "mentor" else asked


def roles(programme: Programme) -> Sequence[Role]:
    """How people can take part."""
    return ("peer",) if programme.rules.form == "peer" else ("mentee", "mentor")


def is_reshaped(before: Rules, after: Rules) -> bool:
    """Whether the form changes: people have joined for the form they were told of."""
    return _shape(before) != _shape(after)


def _shape(rules: Rules) -> tuple[Form, int, tuple[datetime, ...]]:
    return rules.form, rules.group_size, tuple(rules.talks_at)


def wrong_dates(programme: Programme) -> Sequence[tuple[str, str]]:
    """(field, what is wrong) for dates that do not fit each other or the kind."""
    wrong = []
    if programme.ends_on is not None and programme.ends_on <= programme.starts_on:
        wrong.append(("ends_on", "must be after starts_on"))
    if programme.kind == "cohort" and programme.ends_on is None:
        wrong.append(("ends_on", "a cohort has an end"))
    if programme.kind == "cohort" and programme.match_on is None:
        wrong.append(("match_on", "a cohort is matched on a day"))
    if programme.kind == "evergreen" and programme.match_on is not None:
        wrong.append(("match_on", "an evergreen programme is matched all the time"))
    if programme.match_on and programme.ends_on and programme.match_on >= programme.ends_on:
        wrong.append(("match_on", "must be before ends_on"))
    return [*wrong, *_wrong_talks(programme)]


def _wrong_talks(programme: Programme) -> Sequence[tuple[str, str]]:
    talks = programme.rules.talks_at
    if not talks:
        return ()
    wrong = []
    if programme.kind != "cohort":
        wrong.append(("kind", "flash talks are those of a cohort: they are given away on its day"))
    if programme.session_minutes != TALK_MINUTES:
        wrong.append(("session_minutes", f"a flash talk takes {TALK_MINUTES} minutes"))
    if talks[0].date() < programme.starts_on:
        wrong.append(("rules/talks_at", "must not be before starts_on"))
    if programme.ends_on is not None and talks[-1].date() > programme.ends_on:
        wrong.append(("rules/talks_at", "must not be after ends_on"))
    if programme.match_on and datetime.combine(programme.match_on, ROUND_AT) + TALK_NOTICE > talks[0]:
        wrong.append(("match_on", f"must be at least {TALK_NOTICE.days} days before the first talk"))
    return wrong


def round_after(programme: Programme, now: datetime) -> datetime | None:
    """When a change of the pool that happens `now` is looked at: the next 06:00 UTC of an open programme.

    A cohort waits for its day, and nobody is matched on the last day or later, or when it is too late for the
    last flash talk.
    """
    if programme.state != "open":
        return None
    first = programme.starts_on if programme.match_on is None else programme.match_on
    morning = datetime.combine(now.astimezone(UTC).date(), ROUND_AT)
    if morning <= now:
        morning += timedelta(days=1)
    at = max(morning, datetime.combine(first, ROUND_AT))
    if programme.ends_on is not None and at.date() >= programme.ends_on:
        return None
    talks = programme.rules.talks_at
    return None if talks and at + TALK_NOTICE > talks[-1] else at


def offers_soon(programme: Programme) -> bool:
    """Whether somebody may be offered to whoever joins before the next round.

    An evergreen programme does where one pair does not decide about others, and nobody has to look first.
    """
    rules = programme.rules
    if rules.review or rules.reserve >= 1:
        return False
    return programme.kind == "evergreen" and rules.form in OFFERING and rules.mode == "welfare"


def offer_at(programme: Programme, now: datetime) -> datetime | None:
    """When the programme looks whether it can offer somebody to whoever joins `now`; None: not before its
    round."""
    if not offers_soon(programme) or round_after(programme, now) is None or now.date() < programme.starts_on:
        return None
    return now + timedelta(minutes=OFFER_MINUTES)


def look_again_at(programme: Programme, now: datetime) -> datetime | None:
    """When an evergreen programme looks again for those who wait though nobody came or went: a week later.
    A cohort is matched once."""
    if programme.kind != "evergreen":
        return None
    return round_after(programme, now + timedelta(days=LOOK_AGAIN_DAYS, seconds=-1))


def match_ends_on(programme: Programme, made_on: date) -> date:
    """The last day of a match: half a year by default, and never after the programme; of a flash talk the day
    after the last one."""
    if programme.rules.talks_at:
        return programme.rules.talks_at[-1].date() + timedelta(days=1)
    natural = made_on + timedelta(days=programme.rules.match_days)
    return natural if programme.ends_on is None else min(natural, programme.ends_on)
