"""Who is in a programme at one moment, as the market the engine solves.

Nothing but what is in the market decides, and ids are not in it: the same people give the same pairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import NamedTuple

from services.matching import engine
from services.matching.core import balance, fairness, flash, levels, matches, programmes
from services.matching.core.ids import ParticipationId, PersonId, Role
from services.matching.core.lessons import Learned
from services.matching.core.participations import Hours, Participation
from services.matching.core.people import Person
from services.matching.core.programmes import Programme
from services.matching.core.runs import Left, Proven
from shared.errors import Refused

DAY_S = 86_400.0
NO_FEEDBACK = engine.Feedback()
BALANCED = engine.Reason(
    "bonus", "The programme evens out who finds a mentor: groups that find fewer may gain up to 0.05."
)


class Paused(Refused):
    code = "paused"


@dataclass(frozen=True)
class Pool:
    """Everything a round looks at.

    `open_pairs` are the (mentee's, mentor's) participations of open proposals and active matches. `apart` are
    people who may not be paired, in either role. `ratings` are (1 to 5, when) by person and role. `managers`
    are everybody's, by employee number. `zones` has every time zone of `people`. `favourites` are mentors by
    mentee, the best first; `learned` is what an earlier "no" taught. `groups` are what mentees
    said of themselves: they never enter the market; `given` is what a balanced group's members get added, in
    weight units, and `waited` how many rounds found nobody for a mentee. `standing` are pairs that were found
    and not published, by (mentee's, mentor's) participations. `talks_taken` are the flash talks that mentors
    have given away.
    """

    programme: Programme
    participations: Sequence[Participation]
    people: Mapping[PersonId, Person]
    open_pairs: Sequence[tuple[ParticipationId, ParticipationId]]
    apart: Sequence[tuple[PersonId, PersonId]]
    ratings: Mapping[tuple[PersonId, Role], Sequence[tuple[float, datetime]]]
    managers: Mapping[str, str | None]
    topics: Mapping[str, engine.Topic]
    zones: Mapping[str, tzinfo]
    now: datetime
    favourites: Mapping[ParticipationId, Sequence[ParticipationId]] = field(default_factory=dict)
    learned: Mapping[ParticipationId, Learned] = field(default_factory=dict)
    groups: Mapping[str, Collection[ParticipationId]] = field(default_factory=dict)
    waited: Mapping[ParticipationId, int] = field(default_factory=dict)
    given: Mapping[str, int] = field(default_factory=dict)
    standing: Sequence[tuple[ParticipationId, ParticipationId]] = ()
    talks_taken: flash.Taken = field(default_factory=dict)

    def number(self, person_id: PersonId) -> str:
        return self.people[person_id].card.employee_number

    def paused_until(self, one: Participation) -> datetime | None:
        """Until when somebody is left in peace, by a "no" or by their own wish; None: may be proposed now."""
        wished = None if one.paused_until is None else matches.over_at(one.paused_until)
        ends = (wished, self.learned.get(one.id, Learned()).paused_until)
        return max((until for until in ends if until is not None and until > self.now), default=None)

    def members(self) -> dict[str, set[str]]:
        """The numbers of the mentees, or peers, of each group."""
        known = {one.id: self.number(one.person_id) for one in self.participations if one.role != "mentor"}
        return {code: {known[one] for one in ids if one in known} for code, ids in self.groups.items()}

    def by_number(self, role: Role) -> dict[str, Participation]:
        """Who stands on this side; peers stand on both."""
        return {self.number(one.person_id): one for one in self.participations if one.role in (role, "peer")}


def market(pool: Pool, before: tuple[Pool, engine.Market] | None = None) -> engine.Market:
    """Mentees who have nobody yet, mentors with the seats they have left, and the programme's rules.

    Who is left in peace for a while is not in it. `before` is an earlier pool of the programme and its
    market: who has not changed since is taken from there.
    """
    placed = {mentee for mentee, _ in pool.open_pairs}
    taken = placed | {mentor for _, mentor in pool.open_pairs}
    same = _unchanged(pool, before)
    known = _known(pool, same)
    there = [one for one in pool.participations if pool.paused_until(one) is None]
    peers = [one for one in there if one.role == "peer" and one.id not in taken]
    mentees = [one for one in there if one.role == "mentee" and one.id not in placed] + peers
    mentors = [one for one in there if one.role == "mentor"] + peers
    number = {id: person.card.employee_number for id, person in pool.people.items()}
    pairs = [(number[a], number[b]) for a, b in pool.apart]
    made = engine.Market(
        mentees=tuple(_mentee(pool, one, known[one.id], same.mentees.get(one.id)) for one in mentees),
        mentors=tuple(_mentor(pool, one, known[one.id], same.mentors.get(one.id)) for one in mentors),
        rules=rules_of(pool.programme, pool.now),
        managers=pool.managers,
        blocked=frozenset([*pairs, *((b, a) for a, b in pairs)]),
        topics=pool.topics,
        favourites=_favourites(pool, mentees, mentors),
        standing=_standing(pool, there),
        bonus=_bonus(pool, mentees),
    )
    return engine.normal(made)


def _favourites(
    pool: Pool, mentees: Sequence[Participation], mentors: Sequence[Participation]
) -> dict[str, tuple[str, ...]]:
    if not pool.favourites:
        return {}
    number = {one.id: pool.number(one.person_id) for one in mentors}
    named = {
        pool.number(one.person_id): tuple(number[id] for id in pool.favourites[one.id] if id in number)
        for one in mentees
        if one.id in pool.favourites
    }
    return {mentee: chosen for mentee, chosen in named.items() if chosen}


def _standing(pool: Pool, there: Sequence[Participation]) -> frozenset[tuple[str, str]]:
    if not pool.standing:
        return frozenset()
    number = {one.id: pool.number(one.person_id) for one in there}
    return frozenset((number[a], number[b]) for a, b in pool.standing if a in number and b in number)


def _bonus(pool: Pool, mentees: Sequence[Participation]) -> dict[str, int]:
    """What is added to all pairs of a mentee, by the programme's remedies."""
    if not pool.waited and not pool.given:
        return {}
    looking = {one.id: pool.number(one.person_id) for one in mentees}
    waited = {looking[one]: rounds for one, rounds in pool.waited.items() if one in looking}
    found = balance.bonus(waited, pool.programme.rules.ageing_bonus, pool.members(), pool.given)
    here = set(looking.values())
    return {number: amount for number, amount in found.items() if number in here}


def balanced(pool: Pool, solve: balance.Solve) -> Pool:
    """The pool with what the programme's balanced groups are given; solves several times if there are any."""
    members = pool.members()
    chosen = {code: members.get(code, set()) for code in pool.programme.rules.balanced_groups}
    if not chosen:
        return pool
    given = balance.multipliers(lambda given: market(replace(pool, given=given)), chosen, solve)
    return replace(pool, given=given)


def ledger(pool: Pool, market: engine.Market, scores: Mapping[str, float]) -> tuple[fairness.Line, ...]:
    """What pairs do for each group of mentees, or peers: the score of each who has somebody."""
    return fairness.audit(
        [one.number for one in market.mentees],
        scores,
        pool.members(),
        {code: amount / engine.WEIGHT_OF_ONE for code, amount in pool.given.items()},
    )


def left_waiting(pool: Pool, solution: engine.Solution) -> list[Left]:
    """Who the engine found nobody for, and why."""
    roles: dict[str, dict[str, Participation]] = {
        "mentee": pool.by_number("mentee"),
        "mentor": pool.by_number("mentor"),
        "peer": pool.by_number("peer"),
    }
    found = []
    for one in solution.waiting:
        participation = roles[one.role][one.number]
        found.append(
            Left(participation.id, participation.person_id, participation.role, one.code, one.sentence)
        )
    return [*found, *_left_in_peace(pool)]


def _left_in_peace(pool: Pool) -> list[Left]:
    placed = {one for pair in pool.open_pairs for one in pair}
    found = []
    for one in pool.participations:
        until = pool.paused_until(one)
        if until is not None and one.id not in placed:
            sentence = f"Has no time at the moment, and is left in peace until {until:%-d %B %Y}."
            found.append(Left(one.id, one.person_id, one.role, "paused", sentence))
    return found


def refuse_paused(pool: Pool, both: Iterable[Participation]) -> None:
    """Raises Paused for the first who is left in peace now."""
    for one in both:
        until = pool.paused_until(one)
        if until is not None:
            raise Paused(f"The {one.role} is not to be asked before {until:%-d %B %Y, %H:%M} UTC.")


def pauses(pool: Pool) -> list[datetime]:
    """When people who are left in peace may be proposed again."""
    ends = [pool.paused_until(one) for one in pool.participations]
    return [until for until in ends if until is not None]


def proven(pool: Pool, market: engine.Market, certificate: engine.Certificate) -> list[Proven]:
    """The certificate as it is kept, of everybody in the market; of a flash mentor the prices of all talks
    together."""
    mentees, mentors = pool.by_number("mentee"), pool.by_number("mentor")
    of_mentees = [
        Proven(mentees[one.number].id, certificate.profits.get(one.number, 0), 1) for one in market.mentees
    ]
    if pool.programme.rules.form == "peer":
        return of_mentees
    if pool.programme.rules.form == "flash":
        return of_mentees + [
            Proven(mentors[one.number].id, certificate.of_talks(one.number, market.rules.slots), 1)
            for one in market.mentors
        ]
    of_mentors = [
        Proven(mentors[one.number].id, certificate.prices.get(one.number, 0), one.seats_left)
        for one in market.mentors
    ]
    return of_mentees + of_mentors


def shown(pool: Pool, reasons: Sequence[engine.Reason]) -> tuple[engine.Reason, ...]:
    """Reasons that tell nobody who belongs to which group: where groups are balanced, the same is said of
    every pair instead of what this mentee was given."""
    if not pool.programme.rules.balanced_groups:
        return tuple(reasons)
    return (*(reason for reason in reasons if reason.code != BALANCED.code), BALANCED)


def why(reasons: Sequence[engine.Reason]) -> dict[str, list[str]]:
    """Reasons as they are kept: the sentences of what both gave, and of what was missing."""
    return {
        "reasons": [reason.sentence for reason in reasons if reason.given],
        "not_given": [reason.sentence for reason in reasons if not reason.given],
    }


def _mentee(pool: Pool, one: Participation, known: _Known, same: engine.Mentee | None) -> engine.Mentee:
    told, person = one.profile, pool.people[one.person_id]
    feedback, eligible = _feedback(pool, one), _eligible(pool, person)
    if same is not None and (same.feedback, same.eligible) == (feedback, eligible):
        return same
    return engine.Mentee(
        number=person.card.employee_number,
        hours=known.hours,
        languages=frozenset(told.languages),
        values=told.values,
        style=told.style,
        interests=frozenset(told.interests),
        level=known.level,
        team=person.card.manager_employee_number or "",
        site=person.card.site,
        feedback=feedback,
        eligible=eligible,
        pool=person.card.pool,
        consent=one.consent,
        goals=tuple(engine.Goal(code) for code in told.goals),
        skills=told.skills,
    )


def _mentor(pool: Pool, one: Participation, known: _Known, same: engine.Mentor | None) -> engine.Mentor:
    told, person = one.profile, pool.people[one.person_id]
    feedback, eligible, topics = _feedback(pool, one), _eligible(pool, person), _taught(pool, one)
    seats_left = max(0, one.capacity - known.taken)
    if same is not None and (same.feedback, same.eligible, same.topics) == (feedback, eligible, topics):
        return same if same.seats_left == seats_left else replace(same, seats_left=seats_left)
    return engine.Mentor(
        number=person.card.employee_number,
        hours=known.hours,
        languages=frozenset(told.languages),
        values=told.values,
        style=told.style,
        interests=frozenset(told.interests),
        level=known.level,
        team=person.card.manager_employee_number or "",
        site=person.card.site,
        feedback=feedback,
        eligible=eligible,
        pool=person.card.pool,
        consent=one.consent,
        skills=told.skills,
        topics=topics,
        aims=tuple(engine.Goal(code) for code in told.goals),
        capacity=one.capacity,
        seats_left=seats_left,
    )


def _eligible(pool: Pool, person: Person) -> bool:
    return person.card.status == "active" and programmes.is_open_to(pool.programme.rules, person.card.pool)


def _taught(pool: Pool, one: Participation) -> frozenset[str]:
    """What a mentor wants to teach: all of it (empty) until a "no" said which goals not."""
    refused = pool.learned.get(one.id, Learned()).not_taught
    return frozenset(one.profile.skills) - refused if refused & one.profile.skills.keys() else frozenset()


class _Known(NamedTuple):
    """What is worked out of an answer, a title and the open pairs."""

    hours: int
    level: int | None
    taken: int


class _Unchanged(NamedTuple):
    """An earlier market's values, by participation, of those who told nothing new and whom HR left alone.

    What others say of them (feedback, seats, lessons) may be new.
    """

    mentees: Mapping[ParticipationId, engine.Mentee]
    mentors: Mapping[ParticipationId, engine.Mentor]


def _unchanged(pool: Pool, before: tuple[Pool, engine.Market] | None) -> _Unchanged:
    """Nobody in another week, in which clocks may differ, among peers, whose levels are not their own, or in
    flash, where hours are those of talks that are left."""
    if before is None or pool.programme.rules.form in ("peer", "flash"):
        return _Unchanged({}, {})
    old, made = before
    if old.now.isocalendar()[:2] != pool.now.isocalendar()[:2]:
        return _Unchanged({}, {})
    told = {one.id: one for one in old.participations}
    whom = {one.person_id: pool.people[one.person_id] for one in pool.participations}
    there = [
        (one, whom[one.person_id].card.employee_number)
        for one in pool.participations
        if told.get(one.id) is one and old.people.get(one.person_id) is whom[one.person_id]
    ]
    mentees = {one.number: one for one in made.mentees}
    mentors = {one.number: one for one in made.mentors}
    return _Unchanged(
        {one.id: mentees[number] for one, number in there if one.role == "mentee" and number in mentees},
        {one.id: mentors[number] for one, number in there if one.role == "mentor" and number in mentors},
    )


def _known(pool: Pool, same: _Unchanged) -> dict[ParticipationId, _Known]:
    """Of everybody. The same hours in the same zone and the same title are worked out once."""
    hours: dict[tuple[tuple[Hours, ...], str], int] = {}
    ranks = {title: levels.level(title) for title in {one.card.title for one in pool.people.values()}}
    taken = Counter(mentor for _, mentor in pool.open_pairs)
    week = min(pool.programme.rules.talks_at, default=pool.now).date()
    found = {}
    for one in pool.participations:
        worked_out = same.mentees.get(one.id) or same.mentors.get(one.id)
        if worked_out is not None:
            found[one.id] = _Known(worked_out.hours, worked_out.level, taken[one.id])
            continue
        card = pool.people[one.person_id].card
        told = one.profile.hours, card.time_zone
        if told not in hours:
            zone = pool.zones[card.time_zone]
            hours[told] = engine.half_hours(one.profile.hours, zone, week)
        free = flash.left(hours[told], pool.talks_taken.get(one.id, ()))
        found[one.id] = _Known(free, ranks[card.title], taken[one.id])
    return found


def _feedback(pool: Pool, one: Participation) -> engine.Feedback:
    roles: Sequence[Role] = ("mentee", "mentor") if one.role == "peer" else (one.role,)
    ratings = [given for role in roles for given in pool.ratings.get((one.person_id, role), ())]
    if not ratings:
        return NO_FEEDBACK
    return engine.feedback((rating, (pool.now - at).total_seconds() / DAY_S) for rating, at in ratings)


def rules_of(programme: Programme, now: datetime) -> engine.ProgrammeRules:
    rules, usual = programme.rules, engine.ProgrammeRules()
    return engine.ProgrammeRules(
        min_shared_hours=rules.min_shared_hours,
        seniority=rules.seniority,
        same_team=rules.same_team,
        target_gap=rules.target_gap,
        hysteresis=round(rules.hysteresis * engine.WEIGHT_OF_ONE),
        form=rules.form,
        mode=rules.mode,
        group_size=rules.group_size,
        group_size_min=rules.group_size_min,
        slots=tuple(sorted(flash.talks(programme, now))),
        mentee_weights=rules.mentee_weights or usual.mentee_weights,
        mentor_weights=rules.mentor_weights or usual.mentor_weights,
    )
