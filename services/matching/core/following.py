"""A programme's best pairs that follow what happens to it, to know at once whether somebody can be offered.

What is offered is found and proven by a run as always. This only tells, without writing anything, whether one
would offer anything: a newcomer costs one event and not a new solution.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from services.matching import engine

Numbers = tuple[str, str]


class Followed:
    """A market of one mentor per mentee, solved for welfare; for one thread at a time.

    Raises InvalidMarket for what cannot be computed; then it is of no more use.
    """

    def __init__(self, market: engine.Market) -> None:
        self._open(market)

    def _open(self, market: engine.Market) -> None:
        rules = replace(market.rules, hysteresis=0)
        self._market = market
        self._live = engine.LiveMarket(replace(market, rules=rules, standing=frozenset()))

    def follow(self, market: engine.Market) -> None:
        """The same programme's market later on: what has changed happens, in an order that always can.

        What skills count is frozen while it is followed, so it is opened anew where mentors came or went or
        share something else, and where everybody's line of managers or the rules changed.
        """
        before, self._market = self._market, market
        if _is_another(before, market):
            self._open(market)
            return
        self._leave(before, market)
        self._change(before, market)
        self._come(before, market)
        self._part(before, market)

    def scores(self) -> dict[str, int]:
        """What the pairs are worth now, by mentee, without what was added to the weights."""
        proof, bonus = self._live.proof(), self._market.bonus
        return {
            mentee: proof.profits[mentee] + proof.prices[mentor] - bonus.get(mentee, 0)
            for mentee, mentor in self._live.pairs().items()
        }

    def _leave(self, before: engine.Market, after: engine.Market) -> None:
        there = {one.number for one in after.mentees}
        for one in before.mentees:
            if one.number not in there:
                self._live.mentee_leaves(one.number)

    def _change(self, before: engine.Market, after: engine.Market) -> None:
        old = {one.number: one for one in before.mentors}
        for mentor in after.mentors:
            was = old[mentor.number]
            if mentor is was or mentor == was:
                continue
            if replace(was, seats_left=mentor.seats_left) == mentor:
                self._live.capacity(mentor.number, mentor.seats_left)
            else:
                self._live.mentor_changes(mentor)

    def _come(self, before: engine.Market, after: engine.Market) -> None:
        """Who is new, and who says something else or is given another bonus."""
        old = {one.number: one for one in before.mentees}
        apart = _by_mentee(after.blocked, {one.number for one in after.mentees} - old.keys())
        for mentee in after.mentees:
            number = mentee.number
            said = after.favourites.get(number, ()), after.bonus.get(number, 0)
            if number not in old:
                self._live.mentee_joins(
                    mentee, favourites=said[0], bonus=said[1], apart=apart.get(number, ())
                )
            elif (before.favourites.get(number, ()), before.bonus.get(number, 0)) != said or (
                mentee is not old[number] and mentee != old[number]
            ):
                self._live.mentee_changes(mentee, favourites=said[0], bonus=said[1])

    def _part(self, before: engine.Market, after: engine.Market) -> None:
        """Who may not be a pair any more, and who may be one again."""
        mentees, mentors = {one.number for one in after.mentees}, {one.number for one in after.mentors}
        known = {one.number for one in before.mentees}
        for mentee, mentor in sorted(after.blocked - before.blocked):
            if mentee in mentees & known and mentor in mentors:
                self._live.block(mentee, mentor)
        for mentee, mentor in sorted(before.blocked - after.blocked):
            if mentee in mentees and mentor in mentors:
                self._live.allow(mentee, mentor)


def _is_another(before: engine.Market, after: engine.Market) -> bool:
    """Whether more has changed than events can tell."""
    old = {one.number: one for one in before.mentors}
    if (before.rules, before.topics, before.managers) != (after.rules, after.topics, after.managers):
        return True
    if old.keys() != {one.number for one in after.mentors}:
        return True
    if any(
        (one.skills, one.topics) != (old[one.number].skills, old[one.number].topics)
        for one in after.mentors
        if one is not old[one.number]
    ):
        return True
    here = {one.number for one in after.mentees} | old.keys()
    return any(not {*pair} <= here for pair in before.blocked - after.blocked)


def _by_mentee(pairs: Iterable[Numbers], mentees: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {one: [] for one in mentees}
    for mentee, mentor in sorted(pairs):
        if mentee in found:
            found[mentee].append(mentor)
    return found
