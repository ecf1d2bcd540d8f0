"""A market that changes: people come, go and change, and the pairs are the best again after every event.

    live = engine.LiveMarket(market)
    live.pairs()                                   # {"17": "3"}: the same as engine.solve(market)
    changed = live.mentee_joins(mentee)            # whose pairs this made and parted
    live.capacity("3", 0)                          # a pause; live.capacity("3", 2) ends it
    live.pair_leaves("17")                         # they have said yes: the pair and its seat are settled
    live.market()                                  # everything as it is now, with its pairs as `standing`

What skills count, and the priors, are frozen at the start, so nobody's coming changes what two others are
worth. Up to `EDGES_MAX` feasible pairs all of them are known and the pairs are exactly the best after each
event. Above, those that matter are known, and the gap over all pairs is watched: before it could exceed
`GAP_MAX` a look at all pairs brings it back to 0, as `prove` does whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np

from services.matching.engine import arrivals, checking, compiled, extend, forms, opening, watching
from services.matching.engine import index as arrays
from services.matching.engine.arrivals import Wishes
from services.matching.engine.live import WEIGHT_MAX, Changed, Proof
from services.matching.engine.market import InvalidMarket, Market, Mentee, Mentor
from services.matching.engine.opening import EDGES_MAX
from services.matching.engine.pack import BLOCK, Table
from services.matching.engine.sides import Integers
from services.matching.engine.state import Ids, State, Wide
from services.matching.engine.watching import Watch

FORMS = ("one-to-one", "reverse")
LISTED = 32
NOTHING = Changed((), ())


class LiveMarket:
    """The best pairs of a market of one mentor per mentee, solved for welfare; for one thread at a time.

    Its `standing` pairs are kept where they are among the best, and with a hysteresis where others are not
    better by more than that; the pairs of every event are standing pairs for the next.

    Raises InvalidMarket, with nothing changed, for whoever is not here or is already, and for what the market
    would refuse.
    """

    def __init__(self, market: Market, *, edges_max: int = EDGES_MAX) -> None:
        if not compiled.can_compile():
            raise InvalidMarket(
                "live", "only compiled kernels follow events, and nothing can be compiled here"
            )
        if market.rules.form not in FORMS or market.rules.mode != "welfare":
            raise InvalidMarket(
                "rules.form",
                f"{market.rules.form}, {market.rules.mode}: solved anew at every change"
                f"{', or followed as talks' if market.rules.form == 'flash' else ''}",
            )
        self._edges_max = edges_max
        self._begin(forms.normal(market), None)

    def _begin(self, whole: Market, before: arrays.Frame | None) -> None:
        frame = arrays.frame(whole, more=whole.topics, before=before)
        opened = opening.of_index(arrays.build(whole, frame), edges_max=self._edges_max)
        self._rules = replace(
            whole, mentees=(), mentors=(), blocked=frozenset(), favourites={}, bonus={}, standing=frozenset()
        )
        self._mentees = {one.number: one for one in whole.mentees}
        self._mentors = {one.number: one for one in whole.mentors}
        self._bonus = dict(whole.bonus)
        self._wishes = Wishes()
        for pair in whole.blocked:
            self._wishes.keep_apart(*pair)
        for mentee, mentors in whole.favourites.items():
            self._wishes.prefer(mentee, mentors)
        self._frame, self._packed, self._live = frame, opened.packed, opened.live
        self._watch = None if opened.whole else Watch.of(opened.live)

    def mentee_joins(
        self,
        mentee: Mentee,
        *,
        favourites: tuple[str, ...] = (),
        apart: Collection[str] = (),
        bonus: int = 0,
    ) -> Changed:
        """A mentee who has nobody; `apart` are mentors they may not be paired with."""
        _new(self._mentees, mentee.number)
        self._check(mentee, favourites, bonus)
        self._mentees[mentee.number] = mentee
        self._say(mentee.number, favourites, bonus)
        for mentor in apart:
            self._wishes.keep_apart(mentee.number, mentor)
        return self._place_mentee(mentee)

    def mentor_joins(self, mentor: Mentor, *, apart: Collection[str] = ()) -> Changed:
        """A mentor with so many `seats_left`; `apart` are mentees they may not be paired with."""
        _new(self._mentors, mentor.number)
        checking.check(replace(self._rules, mentors=(mentor,)))
        self._mentors[mentor.number] = mentor
        for mentee in apart:
            self._wishes.keep_apart(mentee, mentor.number)
        return self._place_mentor(mentor)

    def mentee_leaves(self, mentee: str) -> Changed:
        _known(self._mentees, mentee)
        changed = self._take_mentee(mentee)
        self._forget(mentee)
        return changed

    def pair_leaves(self, mentee: str) -> Changed:
        """A mentee and the mentor they have are agreed: both leave with this seat, nobody else is moved."""
        mentor = self.mentor_of(mentee)
        if mentor is None:
            raise InvalidMarket(f"live[{mentee}]", "has no mentor")
        changed = self._take_mentee(mentee, paired=True)
        self._forget(mentee)
        left = self._mentors[mentor].seats_left - 1
        self._mentors[mentor] = replace(self._mentors[mentor], seats_left=left)
        return changed

    def mentor_leaves(self, mentor: str) -> Changed:
        _known(self._mentors, mentor)
        changed = self._take_mentor(mentor)
        del self._mentors[mentor]
        return changed

    def mentee_changes(
        self, mentee: Mentee, *, favourites: tuple[str, ...] | None = None, bonus: int | None = None
    ) -> Changed:
        """What a mentee says, in place of what they said before; what is None stays."""
        _known(self._mentees, mentee.number)
        named = self._wishes.favourites.get(mentee.number, ()) if favourites is None else favourites
        added = self._bonus.get(mentee.number, 0) if bonus is None else bonus
        self._check(mentee, named, added)
        self._mentees[mentee.number] = mentee
        self._say(mentee.number, named, added)
        return self._place_mentee(mentee)

    def mentor_changes(self, mentor: Mentor) -> Changed:
        """What a mentor says and how many seats are left, in place of what was before."""
        _known(self._mentors, mentor.number)
        checking.check(replace(self._rules, mentors=(mentor,)))
        self._mentors[mentor.number] = mentor
        return self._place_mentor(mentor)

    def capacity(self, mentor: str, seats_left: int) -> Changed:
        """More or fewer free seats; 0 is a pause."""
        _known(self._mentors, mentor)
        before = self._mentors[mentor]
        after = replace(before, seats_left=seats_left, capacity=max(before.capacity, seats_left))
        checking.check(replace(self._rules, mentors=(after,)))
        self._mentors[mentor] = after
        column = self._live.column(mentor)
        if column is None:
            return NOTHING
        if self._watch is not None and before.seats_left == 0:
            return self._place_mentor(after)
        if seats_left > 0:
            extend.open_block(self._packed, column)
        return self._after(self._live.capacity(mentor, seats_left))

    def block(self, mentee: str, mentor: str) -> Changed:
        """These two may not be a pair any more."""
        _known(self._mentees, mentee)
        _known(self._mentors, mentor)
        self._wishes.keep_apart(mentee, mentor)
        if self._live.row(mentee) is None or self._live.column(mentor) is None:
            return NOTHING
        return self._after(self._live.block(mentee, mentor))

    def allow(self, mentee: str, mentor: str) -> Changed:
        """These two may be a pair again."""
        _known(self._mentees, mentee)
        _known(self._mentors, mentor)
        self._wishes.allow(mentee, mentor)
        return self._place_mentee(self._mentees[mentee])

    def reporting(self, managers: Mapping[str, str | None]) -> Changed:
        """The manager tree has changed: the market is opened again with the pairs that stand."""
        self._rules = replace(self._rules, managers=managers)
        return self._again()

    @property
    def state(self) -> State:
        """What it works on: to be read, until the next event."""
        return self._live.state

    def pairs(self) -> dict[str, str]:
        """The mentor of every mentee who has one."""
        return self._live.pairs()

    def mentor_of(self, mentee: str) -> str | None:
        _known(self._mentees, mentee)
        return None if self._live.row(mentee) is None else self._live.mentor_of(mentee)

    def market(self) -> Market:
        """Everything as it is now. To open it again is to go on from here."""
        return replace(
            self._rules,
            mentees=tuple(self._mentees.values()),
            mentors=tuple(self._mentors.values()),
            blocked=frozenset(self._wishes.apart),
            favourites=dict(self._wishes.favourites),
            bonus=dict(self._bonus),
            standing=frozenset(self.pairs().items()),
        )

    def proof(self) -> Proof:
        """Prices and profits that cover all feasible pairs, those that stand with their hysteresis."""
        known = self._live.proof()
        return known if self._watch is None else self._watch.proof(self._live, known)

    def gap(self) -> float:
        """How much better other pairs could be at most, as a share of what these are worth."""
        proof = self.proof()
        return (proof.bound - proof.value) / max(1, proof.value)

    def prove(self) -> Changed:
        """Makes the pairs the best of all feasible ones, by looks at all of them."""
        if self._watch is None:
            return NOTHING
        shape = len(self._packed.row), len(self._packed.column)
        packed = self._packed._replace(**self._said(self._wishes.of_all(), shape))
        changes = watching.prove(self._live, packed)
        self._watch = Watch.of(self._live)
        return self._net(changes)

    def _place_mentee(self, mentee: Mentee) -> Changed:
        number = mentee.number
        if not arrivals.fits(self._frame, mentee):
            return self._again()
        one = arrivals.alone(self._rules, self._frame, mentee, self._bonus.get(number, 0))
        if one is None:
            return self._take_mentee(number)
        odd = self._said(self._wishes.of_mentee(number), (1, len(self._packed.column)), row=0)
        weights = arrivals.of_mentee(self._packed, one, odd)
        s = self._live.state
        columns = self._listed(weights, np.where(s.seats > 0, s.price, WEIGHT_MAX))
        worth = weights[columns].astype(np.int64)
        row = self._live.row(number)
        if row is None:
            row, changed = self._live.row_joins(number, columns, worth)
        else:
            changed = self._live.row_changes(number, columns, worth)
        self._packed = extend.with_mentee(self._packed, row, one)
        if self._watch is not None:
            self._watch.mentee(self._live, row, weights)
        return self._after(changed)

    def _place_mentor(self, mentor: Mentor) -> Changed:
        number, seats = mentor.number, mentor.seats_left
        if not arrivals.fits(self._frame, mentor):
            return self._again()
        one = arrivals.alone(self._rules, self._frame, mentor)
        if one is None:
            return self._take_mentor(number)
        odd = self._said(self._wishes.of_mentor(number), (len(self._packed.row), BLOCK), place=0)
        weights = arrivals.of_mentor(self._packed, one, odd)
        rows = self._listed(weights, self._live.state.profit)
        worth = weights[rows].astype(np.int64)
        column = self._live.column(number)
        if column is None:
            column, changed = self._live.column_joins(number, rows, worth, capacity=seats)
        else:
            changed = self._live.column_changes(number, rows, worth, capacity=seats)
        self._packed = extend.with_mentor(self._packed, column, one, seats=seats > 0)
        if self._watch is not None and seats > 0:
            self._watch.mentor(self._live, column, weights)
        return self._after(changed)

    def _take_mentee(self, mentee: str, *, paired: bool = False) -> Changed:
        """A mentee is in no pair any more, with the seat or without."""
        row = self._live.row(mentee)
        if row is None:
            return NOTHING
        changed = (self._live.pair_leaves if paired else self._live.mentee_leaves)(mentee)
        extend.without_mentee(self._packed, row)
        if self._watch is not None:
            self._watch.gone(row)
        return self._after(changed)

    def _take_mentor(self, mentor: str) -> Changed:
        column = self._live.column(mentor)
        if column is None:
            return NOTHING
        changed = self._live.mentor_leaves(mentor)
        self._packed = extend.without_mentor(self._packed, column)
        return self._after(changed)

    def _after(self, changed: Changed) -> Changed:
        """Keeps watch of what an event changed; where too little would be proven, all pairs are looked at."""
        if self._watch is None:
            return changed
        self._watch.follow(self._live, changed)
        if not self._watch.is_wide(self._live):
            return changed
        for row in sorted(self._watch.loose):
            number = self._live.name_of_row(row)
            odd = self._said(self._wishes.of_mentee(number), (1, len(self._packed.column)), row=0)
            self._watch.mentee(self._live, row, arrivals.of_row(self._packed, row, odd))
        return self._net([changed, self.prove()]) if self._watch.is_wide(self._live) else changed

    def _again(self) -> Changed:
        """All is opened again, with what does not fit into the frame; what skills count stays."""
        before = self.pairs()
        self._begin(self.market(), self._frame)
        after = self.pairs()
        return Changed(
            parted=tuple(sorted(before.items() - after.items())),
            made=tuple(sorted(after.items() - before.items())),
        )

    def _net(self, changes: Iterable[Changed]) -> Changed:
        """Several changes, one after the other, as one."""
        had: dict[str, str | None] = {}
        for one in changes:
            for mentee, mentor in one.parted:
                had.setdefault(mentee, mentor)
            for mentee, _ in one.made:
                had.setdefault(mentee, None)
        now = {one: self.mentor_of(one) if one in self._mentees else None for one in had}
        moved = sorted(one for one in had if had[one] != now[one])
        return Changed(
            parted=tuple((one, old) for one in moved if (old := had[one]) is not None),
            made=tuple((one, new) for one in moved if (new := now[one]) is not None),
        )

    def _listed(self, weights: Integers, amounts: Wide) -> Ids:
        """The pairs to know of whoever comes: all feasible ones, or the best with and without the amounts."""
        possible = np.flatnonzero(weights > 0)
        if self._watch is not None and len(possible) > LISTED:
            worth = weights[possible].astype(np.int64)
            best = (np.argpartition(-one, LISTED - 1)[:LISTED] for one in (worth, worth - amounts[possible]))
            possible = possible[np.unique(np.concatenate(list(best)))]
        return possible.astype(np.int32)

    def _said(
        self,
        pairs: Collection[tuple[str, str]],
        shape: tuple[int, int],
        *,
        row: int | None = None,
        place: int | None = None,
    ) -> dict[str, Table]:
        """What is said of pairs, packed; `row` or `place` is that of whoever is packed alone."""
        found = []
        for pair in sorted(pairs):
            i = self._live.row(pair[0]) if row is None else row
            j = self._live.column(pair[1]) if place is None else place
            if i is not None and j is not None:
                lift = self._wishes.lift(pair, self._rules.rules.preference)
                found.append((i, j, lift, pair in self._wishes.apart))
        return arrivals.said(found, shape)

    def _forget(self, mentee: str) -> None:
        del self._mentees[mentee]
        self._say(mentee, (), 0)

    def _check(self, mentee: Mentee, favourites: tuple[str, ...], bonus: int) -> None:
        number = mentee.number
        said = replace(self._rules, favourites={number: favourites}, bonus={number: bonus})
        checking.check(replace(said, mentees=(mentee,)))

    def _say(self, mentee: str, favourites: tuple[str, ...], bonus: int) -> None:
        self._wishes.prefer(mentee, favourites)
        self._bonus.pop(mentee, None)
        if bonus:
            self._bonus[mentee] = bonus


def _new(people: Mapping[str, Mentee | Mentor], number: str) -> None:
    if number in people:
        raise InvalidMarket(f"live[{number}]", "has joined already")


def _known(people: Mapping[str, Mentee | Mentor], number: str) -> None:
    if number not in people:
        raise InvalidMarket(f"live[{number}]", "has not joined")
