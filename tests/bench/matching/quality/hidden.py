"""People whose true liking is known to the simulation alone, and what they tell the product about themselves.

The model shares nothing with the engine's score. Every person has traits on continuous scales: needs and
abilities in skills, joy of teaching them, six sides of character (the product asks about four), ways of
working, pastimes, drive, and as a mentor a knack for it. How much each thing counts is drawn for every person
anew (a flat Dirichlet), so nobody likes by the product's weights. The true liking of i for j is

    Σ weight_i · thing(i, j), standardised over the partners of i, + taste · a normal draw for the pair

with things of other shapes than the engine's curves: the cosine of need and ability, a bell over the distance
of characters, the product of ways of working, common pastimes, the logarithm of shared hours, the same site,
the knack or the drive of the other. `taste` is what no answer could foretell, in standard deviations of the
rest. Answers are rounded, incomplete, and wrong by `slip` standard deviations of a trait.

Somebody would say yes to the best `SAY_YES` of their possible partners, by true liking.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching import engine, taxonomy

SAY_YES = 0.3
MENTEES, MENTORS, SEATS = 200, 80, 2
CHARACTER, ASKED = 6, 4
STYLES, PASTIMES, SITES = 3, 12, 4
HALF_HOURS = tuple(day * 48 + half for day in range(5) for half in range(16, 36))
SKILLS = 20
RATINGS_SHARE = 0.4
ANSWERED = 0.85

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Traits:
    """One side of the market: [people, …]. `gift` is a mentor's knack or a mentee's drive."""

    need: Reals
    able: Reals
    joy: Reals
    character: Reals
    way: Reals
    pastimes: Flags
    free: Flags
    site: npt.NDArray[np.int64]
    gift: Reals
    counts: Reals


@dataclass(frozen=True, slots=True)
class World:
    """What the product is told, and the true likings [mentees, mentors] with -inf where a rule forbids."""

    market: engine.Market
    possible: Flags
    mentee_likes: Reals
    mentor_likes: Reals

    @property
    def mutual(self) -> Flags:
        """Both would say yes."""
        return would(self.mentee_likes) & would(self.mentor_likes.T).T


def world(seed: int, *, taste: float, slip: float) -> World:
    draw = np.random.default_rng(seed)
    codes = tuple(taxonomy.skills())[:SKILLS]
    mentees, mentors = traits(draw, MENTEES), traits(draw, MENTORS)
    market = engine.Market(
        mentees=tuple(_mentee(draw, mentees, row, slip=slip, codes=codes) for row in range(MENTEES)),
        mentors=tuple(_mentor(draw, mentors, row, slip=slip, codes=codes) for row in range(MENTORS)),
        topics={s.code: engine.Topic(s.name, s.family) for s in taxonomy.skills().values()},
    )
    shared = mentees.free.astype(np.int64) @ mentors.free.T.astype(np.int64)
    possible = shared >= market.rules.min_shared_half_hours
    hours = np.log1p(shared)
    return World(
        market=market,
        possible=possible,
        mentee_likes=_liking(draw, _for_mentee(mentees, mentors, hours), (mentees.counts, possible, taste)),
        mentor_likes=_liking(
            draw, _for_mentor(mentees, mentors, hours).transpose(0, 2, 1), (mentors.counts, possible.T, taste)
        ).T,
    )


def traits(draw: np.random.Generator, people: int) -> Traits:
    return Traits(
        need=draw.gamma(0.4, 1.0, (people, SKILLS)),
        able=draw.gamma(0.7, 1.0, (people, SKILLS)),
        joy=draw.random((people, SKILLS)),
        character=draw.normal(size=(people, CHARACTER)),
        way=draw.normal(size=(people, STYLES)),
        pastimes=draw.random((people, PASTIMES)) < 0.25,
        free=_free(draw, people),
        site=draw.integers(0, SITES, people),
        gift=draw.normal(size=people),
        counts=draw.dirichlet(np.ones(7), people),
    )


def would(likes: Reals) -> Flags:
    """[people, partners]: who is among the best `SAY_YES` of somebody's possible partners."""
    rank = (-likes).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    possible = np.isfinite(likes)
    return np.asarray(possible & (rank < np.ceil(SAY_YES * possible.sum(axis=1, keepdims=True))))


def _free(draw: np.random.Generator, people: int) -> Flags:
    """Seven stretches of one to three hours in the working week."""
    free = np.zeros((people, len(HALF_HOURS)), np.bool_)
    for row in range(people):
        for _ in range(7):
            first = draw.integers(0, len(HALF_HOURS) - 6)
            free[row, first : first + draw.integers(2, 7)] = True
    return free


def _for_mentee(mentees: Traits, mentors: Traits, hours: Reals) -> Reals:
    return np.stack(
        [_cosine(mentees.need, mentors.able), *_near(mentees, mentors, hours, mentors.gift[None])]
    )


def _for_mentor(mentees: Traits, mentors: Traits, hours: Reals) -> Reals:
    """[things, mentees, mentors]: a mentor looks at the joy of teaching what is needed."""
    teach = _cosine(mentees.need, mentors.joy * mentors.able)
    return np.stack([teach, *_near(mentees, mentors, hours, mentees.gift[:, None])])


def _near(mentees: Traits, mentors: Traits, hours: Reals, gift: Reals) -> list[Reals]:
    apart = ((mentees.character[:, None] - mentors.character[None]) ** 2).sum(axis=2)
    both = mentees.pastimes.astype(float) @ mentors.pastimes.T.astype(float)
    return [
        np.exp(-apart / CHARACTER),
        mentees.way @ mentors.way.T,
        np.sqrt(both),
        hours,
        (mentees.site[:, None] == mentors.site[None]).astype(float),
        np.broadcast_to(gift, hours.shape),
    ]


def _cosine(left: Reals, right: Reals) -> Reals:
    lengths = np.linalg.norm(left, axis=1)[:, None] * np.linalg.norm(right, axis=1)[None]
    return np.asarray(left @ right.T / lengths)


def _liking(draw: np.random.Generator, things: Reals, who: tuple[Reals, Flags, float]) -> Reals:
    """`things` [7, people, partners]; on one scale over everybody, weighed by each person's own counts."""
    counts, possible, taste = who
    scale = things.std(axis=(1, 2), keepdims=True)
    alike = (things - things.mean(axis=(1, 2), keepdims=True)) / scale
    known = np.einsum("kij,ik->ij", alike, counts)
    known = (known - known.mean(axis=1, keepdims=True)) / known.std(axis=1, keepdims=True)
    return np.where(possible, known + taste * draw.normal(size=known.shape), -np.inf)


def _mentee(draw: np.random.Generator, side: Traits, row: int, *, slip: float, codes: Codes) -> engine.Mentee:
    told = _told(draw, side.need[row], slip)
    best = np.argsort(-told, kind="stable")[: draw.integers(1, 4)]
    return engine.Mentee(
        number=str(row + 1),
        **_answers(draw, side, row, slip),
        goals=tuple(
            engine.Goal(codes[skill], 1.0 if place == 0 else 0.6) for place, skill in enumerate(best)
        ),
    )


def _mentor(draw: np.random.Generator, side: Traits, row: int, *, slip: float, codes: Codes) -> engine.Mentor:
    """Names the six skills they think they are best in, and the three they enjoy most of those."""
    told = _told(draw, side.able[row], slip)
    best = np.argsort(-told, kind="stable")[:6]
    liked = best[np.argsort(-_told(draw, side.joy[row], slip)[best], kind="stable")[:3]]
    return engine.Mentor(
        number=str(MENTEES + row + 1),
        **_answers(draw, side, row, slip),
        skills={codes[skill]: float(np.clip(np.rint(3 + told[skill]), 1, 7)) for skill in best},
        topics=frozenset(codes[skill] for skill in liked),
        capacity=SEATS,
        seats_left=SEATS,
    )


def _answers(draw: np.random.Generator, side: Traits, row: int, slip: float) -> dict[str, object]:
    site = f"site-{side.site[row]}"
    rated = draw.random() < RATINGS_SHARE
    rating = np.clip(0.75 + 0.1 * (side.gift[row] + (0.5 + slip) * draw.normal()), 0, 1)
    return {
        "hours": sum(1 << half for half, free in zip(HALF_HOURS, side.free[row], strict=True) if free),
        "languages": frozenset({"en"}),
        "values": _scales(draw, _told(draw, side.character[row, :ASKED], slip), "value"),
        "style": _scales(draw, _told(draw, side.way[row], slip), "style"),
        "interests": frozenset(
            f"pastime-{number}" for number in np.flatnonzero(side.pastimes[row]) if draw.random() < ANSWERED
        ),
        "site": site,
        "city": site,
        "feedback": engine.Feedback(float(np.rint(rating * 3 * 16) / 16), 3) if rated else engine.Feedback(),
    }


def _told(draw: np.random.Generator, trait: Reals, slip: float) -> Reals:
    """What somebody says of a trait: off by `slip` of its deviations."""
    return np.asarray(trait + slip * max(float(trait.std()), 1e-9) * draw.normal(size=trait.shape))


def _scales(draw: np.random.Generator, told: Reals, name: str) -> dict[str, int]:
    answers = np.clip(np.rint(3 + 1.2 * told), 1, 5).astype(int).tolist()
    return {f"{name}-{at}": answer for at, answer in enumerate(answers) if draw.random() < ANSWERED}
