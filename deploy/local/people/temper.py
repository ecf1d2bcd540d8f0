"""What the characters are like, and when a person gets round to things. All of it is made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from deploy.local import chance
from deploy.local.company.made_up import Character, Person

Hours = tuple[float, float]

MAIL_HOURS = (time(10), time(14))
"""Local wall time, inside everybody's working hours: a site reads its mail together."""


@dataclass(frozen=True)
class Temper:
    """Probabilities of doing what a letter asks for, and the hours it waits (from, to).

    `misses` is the probability of not coming to a meeting, `fades` what each further meeting adds to it;
    `picky` is the chemistry (0 to 1) under which a partner is "not a good fit"; `kindness` shifts ratings.
    """

    joins: float
    join_wait: Hours
    answers: float
    accepts: float
    wait: Hours
    moves: float
    cancels: float
    misses: float
    fades: float
    tells: float
    writes: float
    picky: float
    kindness: float


TEMPERS: Mapping[Character, Temper] = {
    "diligent": Temper(
        joins=0.95, join_wait=(4, 40), answers=0.99, accepts=0.94, wait=(2, 20), moves=0.05, cancels=0.02,
        misses=0.01, fades=0.0, tells=0.97, writes=0.93, picky=0.04, kindness=0.2,
    ),
    "busy": Temper(
        joins=0.82, join_wait=(30, 190), answers=0.92, accepts=0.86, wait=(14, 60), moves=0.18, cancels=0.06,
        misses=0.05, fades=0.005, tells=0.7, writes=0.55, picky=0.04, kindness=0.0,
    ),
    "fading": Temper(
        joins=0.88, join_wait=(8, 60), answers=0.95, accepts=0.92, wait=(6, 40), moves=0.08, cancels=0.06,
        misses=0.04, fades=0.10, tells=0.6, writes=0.45, picky=0.05, kindness=0.0,
    ),
    "silent": Temper(
        joins=0.4, join_wait=(60, 300), answers=0.5, accepts=0.9, wait=(20, 90), moves=0.01, cancels=0.01,
        misses=0.2, fades=0.03, tells=0.15, writes=0.1, picky=0.05, kindness=0.0,
    ),
    "over-eager": Temper(
        joins=1.0, join_wait=(0, 6), answers=1.0, accepts=0.99, wait=(0, 4), moves=0.06, cancels=0.01,
        misses=0.01, fades=0.0, tells=1.0, writes=0.99, picky=0.02, kindness=0.5,
    ),
    "unhappy": Temper(
        joins=0.85, join_wait=(12, 90), answers=0.95, accepts=0.72, wait=(4, 40), moves=0.07, cancels=0.10,
        misses=0.08, fades=0.02, tells=0.8, writes=0.85, picky=0.4, kindness=-1.0,
    ),
}  # fmt: skip


def of(person: Person) -> Temper:
    return TEMPERS[person.character]


def wait(hours: Hours, seed: int, *parts: object) -> timedelta:
    low, high = hours
    return timedelta(hours=low + (high - low) * chance.share(seed, *parts))


def mail_time(person: Person, after: datetime) -> datetime:
    """The next moment at which the person reads mail: twice on each of their working days."""
    zone = ZoneInfo(person.site.time_zone)
    day = after.astimezone(zone).date()
    while True:
        if day.weekday() in person.days:
            for hour in MAIL_HOURS:
                local = datetime.combine(day, hour, zone)
                if local.astimezone(after.tzinfo) >= after:
                    return local.astimezone(after.tzinfo)
        day += timedelta(days=1)


def chemistry(seed: int, one: int, other: int) -> float:
    """How well two people get on, 0 to 1: the same seen from both sides."""
    low, high = sorted((one, other))
    return (chance.share(seed, "chemistry", low, high) + chance.share(seed, "luck", low, high)) / 2


def comes(seed: int, person: Person, partner: int, ordinal: int) -> bool:
    """Whether the person comes to the pair's meeting number `ordinal`."""
    temper = of(person)
    missing = min(0.7, temper.misses + temper.fades * (ordinal - 1))
    return not chance.happens(missing, seed, person.number, partner, "comes", ordinal)
