"""Flash talks that follow every event: the seat of a mentor in a slot is a column of a live graph.

    live = engine.LiveTalks(market)
    live.talks()                         # {"17": ("3", 20)}: worth as much as those of engine.solve(market)
    changed = live.mentee_joins(mentee)  # whose talks this made and parted
    live.talk_is_given("17")             # both have said yes: the talk is settled
    live.market()                        # everything as it is now

All feasible seats are known, so the talks are exactly the best after every event. What skills count is frozen
at the start. An event weighs one person against all others: a day of talks has hundreds, not thousands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from services.matching.engine import arrivals, compiled, forms, scoring
from services.matching.engine import index as arrays
from services.matching.engine.forms import flash
from services.matching.engine.live import Changed, Live, Proof
from services.matching.engine.market import InvalidMarket, Market, Mentee, Mentor

Side = TypeVar("Side", Mentee, Mentor)


class LiveTalks:
    """The best talks of a flash market; for one thread at a time.

    In what an event changed, and in its proof, a seat is called by the mentor's number and the slot.

    Raises InvalidMarket, with nothing changed, for whoever is not here or is already, and for what the market
    would refuse.
    """

    def __init__(self, market: Market) -> None:
        if not compiled.can_compile():
            raise InvalidMarket(
                "live", "only compiled kernels follow events, and nothing can be compiled here"
            )
        if market.rules.form != "flash":
            raise InvalidMarket("rules.form", f"{market.rules.form} has no talks")
        self._open(forms.normal(market), None)

    def _open(self, whole: Market, before: arrays.Frame | None) -> None:
        frame = arrays.frame(whole, more=whole.topics, before=before)
        worth = _worth(whole, frame)
        live = Live()
        for mentor in whole.mentors:
            for seat in _seats(mentor, whole):
                live.mentor_joins(seat, {}, capacity=1)
        for mentee in whole.mentees:
            live.mentee_joins(mentee.number, worth[mentee.number])
        self._market, self._frame, self._live = whole, frame, live

    def mentee_joins(self, mentee: Mentee) -> Changed:
        """A mentee without a talk; whom the market's favourites and blocks name is known already."""
        _new(self._market.mentees, mentee.number)
        return self._with(mentees=(*self._market.mentees, mentee), newcomer=mentee)

    def mentor_joins(self, mentor: Mentor) -> Changed:
        """A mentor; without `seats_left` they give no talks."""
        _new(self._market.mentors, mentor.number)
        return self._with(mentors=(*self._market.mentors, mentor), newcomer=mentor)

    def mentee_leaves(self, mentee: str) -> Changed:
        """Also a pause."""
        before = self._live.pairs()
        self._market = replace(self._market, mentees=_without(self._market.mentees, mentee))
        self._live.mentee_leaves(mentee)
        return self._since(before)

    def mentor_leaves(self, mentor: str) -> Changed:
        """Also a pause."""
        before = self._live.pairs()
        rest = _without(self._market.mentors, mentor)
        for seat in forms.talk_names((mentor,), self._market.rules.slots):
            if self._live.column(seat) is not None:
                self._live.mentor_leaves(seat)
        self._market = replace(self._market, mentors=rest)
        return self._since(before)

    def mentee_changes(self, mentee: Mentee) -> Changed:
        """What a mentee says, in place of what they said before."""
        rest = _without(self._market.mentees, mentee.number)
        return self._with(mentees=(*rest, mentee), newcomer=mentee)

    def mentor_changes(self, mentor: Mentor) -> Changed:
        """What a mentor says, in place of what they said before; fewer hours are fewer talks."""
        rest = _without(self._market.mentors, mentor.number)
        return self._with(mentors=(*rest, mentor), newcomer=mentor)

    def block(self, mentee: str, mentor: str) -> Changed:
        """These two may have no talk any more."""
        before = self._live.pairs()
        _without(self._market.mentees, mentee)
        _without(self._market.mentors, mentor)
        self._market = replace(self._market, blocked=self._market.blocked | {(mentee, mentor)})
        for seat in forms.talk_names((mentor,), self._market.rules.slots):
            if self._live.column(seat) is not None:
                self._live.block(mentee, seat)
        return self._since(before)

    def talk_is_given(self, mentee: str) -> Changed:
        """Both have said yes: the mentee leaves with the talk, the mentor has no time then any more."""
        before = self._live.pairs()
        if mentee not in before:
            raise InvalidMarket(f"live[{mentee}]", "has no talk")
        number, slot = _parts(before[mentee])
        self._live.pair_leaves(mentee)
        self._live.mentor_leaves(before[mentee])
        self._market = replace(
            self._market,
            mentees=_without(self._market.mentees, mentee),
            mentors=tuple(
                replace(one, hours=one.hours & ~(1 << slot)) if one.number == number else one
                for one in self._market.mentors
            ),
        )
        # The mentor has fewer times to choose from, which is part of what they are worth to others.
        self._place_mentor(self._market, number)
        return self._since(before)

    def talks(self) -> dict[str, tuple[str, int]]:
        """The mentor and the slot of every mentee who has a talk."""
        return {mentee: _parts(seat) for mentee, seat in self._live.pairs().items()}

    def market(self) -> Market:
        """Everything as it is now. To open it again is to go on from here."""
        return self._market

    def proof(self) -> Proof:
        """Prices of seats and profits of mentees that cover every pair of the two."""
        return self._live.proof()

    def _with(
        self,
        *,
        newcomer: Mentee | Mentor,
        mentees: tuple[Mentee, ...] | None = None,
        mentors: tuple[Mentor, ...] | None = None,
    ) -> Changed:
        """The market with somebody new or different; opened again where they say what nobody has said."""
        before, now = self._live.pairs(), self._market
        whole = forms.normal(replace(now, mentees=mentees or now.mentees, mentors=mentors or now.mentors))
        if not arrivals.fits(self._frame, newcomer):
            self._open(whole, self._frame)
        elif isinstance(newcomer, Mentee):
            self._place_mentee(whole, newcomer.number)
        else:
            self._place_mentor(whole, newcomer.number)
        self._market = whole
        return self._since(before)

    def _place_mentee(self, whole: Market, number: str) -> None:
        (one,) = (mentee for mentee in whole.mentees if mentee.number == number)
        worth = _worth(replace(whole, mentees=(one,)), self._frame)[number]
        if self._live.row(number) is None:
            self._live.mentee_joins(number, worth)
        else:
            self._live.mentee_changes(number, worth)

    def _place_mentor(self, whole: Market, number: str) -> None:
        (one,) = (mentor for mentor in whole.mentors if mentor.number == number)
        worth = _worth(replace(whole, mentors=(one,)), self._frame)
        for seat in _seats(one, whole):
            rows = {mentee: by_seat[seat] for mentee, by_seat in worth.items() if seat in by_seat}
            if self._live.column(seat) is None:
                self._live.mentor_joins(seat, rows, capacity=1)
            else:
                self._live.mentor_changes(seat, rows)

    def _since(self, before: dict[str, str]) -> Changed:
        after = self._live.pairs()
        return Changed(
            parted=tuple(sorted(before.items() - after.items())),
            made=tuple(sorted(after.items() - before.items())),
        )


def _worth(whole: Market, frame: arrays.Frame) -> dict[str, dict[str, int]]:
    """What each mentee of a market is worth at each seat that is possible."""
    index = arrays.build(replace(whole, standing=frozenset()), frame)
    spread = flash.seats(index, scoring.matrix(index)[0], whole.rules.slots)
    seats = forms.talk_names(index.right.numbers, whole.rules.slots)
    return {
        mentee: {seats[column]: int(row[column]) for column in np.flatnonzero(row).tolist()}
        for mentee, row in zip(index.left.numbers, spread, strict=True)
    }


def _seats(mentor: Mentor, whole: Market) -> tuple[str, ...]:
    return forms.talk_names((mentor.number,), whole.rules.slots)


def _parts(seat: str) -> tuple[str, int]:
    number, _, slot = seat.rpartition(" ")
    return number, int(slot)


def _new(there: Iterable[Mentee | Mentor], number: str) -> None:
    if any(one.number == number for one in there):
        raise InvalidMarket(f"live[{number}]", "has joined already")


def _without(there: tuple[Side, ...], number: str) -> tuple[Side, ...]:
    """The others. Raises InvalidMarket for whoever is not there."""
    rest = tuple(one for one in there if one.number != number)
    if len(rest) == len(there):
        raise InvalidMarket(f"live[{number}]", "has not joined")
    return rest
