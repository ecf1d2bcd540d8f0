"""What came of solving a pool: everything a run keeps and publishes, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from services.matching import engine
from services.matching.core import flash
from services.matching.core import pool as pools
from services.matching.core.fairness import Line
from services.matching.core.pool import Pool
from services.matching.core.runs import Found, Left, Proven, Run

NOT_YET = "not-good-enough-yet"
NOT_GOOD_ENOUGH = (
    "Somebody would be possible, but somebody who fits better may still come: the next round decides."
)


@dataclass(frozen=True)
class Outcome:
    """The pairs in the order of the mentees' numbers, who is left and why, and the proof."""

    market: engine.Market
    mentees: int
    mentors: int
    feasible_pairs: int
    value: int
    inputs_hash: str
    bound: int
    blocking: Mapping[str, int]
    solver: engine.Solver
    pairs: tuple[Found, ...]
    left: tuple[Left, ...]
    proven: tuple[Proven, ...]
    rules: Mapping[str, Any]
    ledger: tuple[Line, ...] = ()
    dropped: int = 0

    @property
    def waits_for_round(self) -> bool:
        """Whether somebody has a possible partner whom only the next round may propose."""
        return any(one.reason == NOT_YET for one in self.left)


def _scores(market: engine.Market, solution: engine.Solution) -> dict[str, float]:
    """Of every mentee who has somebody, and of both where they are peers."""
    scores = {pair.mentee: pair.score for pair in solution.pairs}
    if market.rules.form == "peer":
        scores |= {pair.mentor: pair.score for pair in solution.pairs}
    return scores


def of(pool: Pool, market: engine.Market, solution: engine.Solution) -> Outcome:
    return Outcome(
        market=market,
        mentees=len(market.mentees),
        mentors=len(market.mentors),
        feasible_pairs=solution.feasible_pairs,
        value=solution.value,
        inputs_hash=solution.inputs_hash,
        bound=solution.certificate.bound,
        blocking={f"{one.margin:.2f}": one.pairs for one in solution.blocking},
        solver=solution.solver,
        pairs=tuple(_found(pool, solution)),
        left=tuple(pools.left_waiting(pool, solution)),
        proven=tuple(pools.proven(pool, market, solution.certificate)),
        rules=asdict(market.rules),
        ledger=pools.ledger(pool, market, _scores(market, solution)),
    )


def ledger(pool: Pool, market: engine.Market, pairs: Sequence[Found]) -> tuple[Line, ...]:
    """What these pairs do for each group."""
    scores = {pool.number(one.mentee_id): one.weight / engine.WEIGHT_OF_ONE for one in pairs}
    if market.rules.form == "peer":
        scores |= {pool.number(one.mentor_id): one.weight / engine.WEIGHT_OF_ONE for one in pairs}
    return pools.ledger(pool, market, scores)


def _found(pool: Pool, solution: engine.Solution) -> list[Found]:
    mentees, mentors = pool.by_number("mentee"), pool.by_number("mentor")
    talks = flash.talks(pool.programme, pool.now)
    found = []
    for pair in solution.pairs:
        mentee, mentor = mentees[pair.mentee], mentors[pair.mentor]
        found.append(
            Found(
                mentee_participation_id=mentee.id,
                mentor_participation_id=mentor.id,
                mentee_id=mentee.person_id,
                mentor_id=mentor.person_id,
                weight=pair.weight - pair.added,
                added=pair.added,
                explanation=pools.why(pools.shown(pool, pair.reasons)),
                talk_at=None if pair.slot is None else talks[pair.slot],
            )
        )
    return found


def still_possible(outcome: Outcome, now: Pool, market: engine.Market) -> Outcome:
    """Without the pairs of whom one has changed or is gone, who are kept apart now, or who find no seat.

    The rest is published as it was found; who lost their pair is looked at by the next round.
    """
    asked = {one.number: one for one in outcome.market.mentees}
    offered = {one.number: one for one in outcome.market.mentors}
    mentees = {one.number: one for one in market.mentees}
    mentors = {one.number: one for one in market.mentors}
    seats = Counter({number: one.seats_left for number, one in mentors.items()})
    kept = []
    for pair in outcome.pairs:
        if pair.mentee_id not in now.people or pair.mentor_id not in now.people:
            continue
        mentee, mentor = now.number(pair.mentee_id), now.number(pair.mentor_id)
        if mentees.get(mentee) != asked.get(mentee) or mentor not in mentors:
            continue
        same = replace(mentors[mentor], seats_left=offered[mentor].seats_left) == offered[mentor]
        if not same or seats[mentor] < 1 or (mentee, mentor) in market.blocked:
            continue
        seats[mentor] -= 1
        kept.append(pair)
    return replace(
        outcome,
        pairs=tuple(kept),
        value=sum(one.worth for one in kept),
        ledger=ledger(now, outcome.market, kept),
        dropped=len(outcome.pairs) - len(kept),
    )


def offered(outcome: Outcome, now: Pool) -> Outcome:
    """Only the pairs that need not wait for the next round, because they reach the programme's reserve.

    It is the score that counts and not what is left of it after the price of the seat: where several wait
    for one seat the price is all the score, and nobody would be offered what is the best for all.
    """
    least = now.programme.rules.reserve * engine.WEIGHT_OF_ONE
    kept = tuple(one for one in outcome.pairs if one.weight >= least)
    there = {one.mentee_participation_id for one in kept}
    wait = [
        Left(one.mentee_participation_id, one.mentee_id, "mentee", NOT_YET, NOT_GOOD_ENOUGH)
        for one in outcome.pairs
        if one.mentee_participation_id not in there
    ]
    return replace(
        outcome,
        pairs=kept,
        left=(*outcome.left, *wait),
        value=sum(one.worth for one in kept),
        ledger=ledger(now, outcome.market, kept),
    )


def possible(pairs: Sequence[Found], now: Pool, market: engine.Market) -> list[Found]:
    """Those of the pairs that today's rules allow, whose mentees have nobody, and for whom a seat is left."""
    looking = {one.number for one in market.mentees}
    hours = {one.number: one.hours for one in market.mentors}
    seats = Counter({one.number: one.seats_left for one in market.mentors})
    there = [
        (pair, (now.number(pair.mentee_id), now.number(pair.mentor_id)))
        for pair in pairs
        if pair.mentee_id in now.people and pair.mentor_id in now.people
    ]
    there = [(pair, names) for pair, names in there if names[0] in looking and names[1] in seats]
    kept = []
    looked_at = engine.explain_all(market, [names for _, names in there])
    for (pair, (_, mentor)), pairing in zip(there, looked_at, strict=True):
        is_taken = pair.talk_at is not None and not flash.has_time(hours[mentor], pair.talk_at)
        if not pairing.forbidden and seats[mentor] > 0 and not is_taken:
            seats[mentor] -= 1
            kept.append(pair)
    return kept


def noted(run: Run, outcome: Outcome) -> Run:
    """The run with what came of it."""
    return replace(
        run,
        mentees=outcome.mentees,
        mentors=outcome.mentors,
        feasible_pairs=outcome.feasible_pairs,
        proposed=len(outcome.pairs),
        value=outcome.value,
        inputs_hash=outcome.inputs_hash,
        bound=outcome.bound,
        blocking=outcome.blocking,
        solver=outcome.solver,
        rules=outcome.rules,
        dropped=outcome.dropped,
    )
