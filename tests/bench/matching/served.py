"""The goals of the service around the engine: the projection of a programme, its publication, its answers."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.figures import Row
from tests.bench.ground import Failed
from tests.bench.matching.stage import Stage
from tests.bench.matching.worker import Found

PROJECTED_MAX_S = 5.0
AGAIN_MAX = 0.5
PUBLISHED_MAX_S = 2.0
PUBLISHED = 12_000
ANSWER_P99_MAX_MS = 50.0
ALONE_S = 5.0


def service(stage: Stage) -> list[Row]:
    """A programme read whole and again, and published; and answers while one is solved."""
    run = stage.ours("projected", mentees=stage.sizes.projected)
    asked = stage.ours("answering", mentees=stage.sizes.people, alone_s=ALONE_S)
    if not asked["published"]:
        raise Failed("the round of the programme that was to be solved meanwhile was not published")
    return [_whole(run), _again(run), _published(run), _answers(asked, stage.sizes.people)]


def _whole(run: Found) -> Row:
    read, prepared = run["read"], run["prepared"]
    seconds = read["seconds"] + prepared["seconds"]
    return _row(
        "projection",
        f"{run['people']:,} participations read whole and made a market, with its arrays and its hash",
        (seconds, None, PROJECTED_MAX_S),
        f"read and market {read['seconds']:.2g} s, arrays and hash {prepared['seconds']:.2g} s; "
        f"{read['cpu_s'] + prepared['cpu_s']:.2g} s of CPU: a Python value for every answer",
    )


def _again(run: Found) -> Row:
    again, read = run["again"], run["read"]
    return _row(
        "projection-again",
        "read again after one change, by processor time / read whole",
        (again["cpu_s"], read["cpu_s"], AGAIN_MAX),
        "the versions of all rows, and everybody in the market looked at once",
    )


def _published(run: Found) -> Row:
    share = PUBLISHED / max(1, run["pairs"])
    seconds = run["published"]["seconds"] * share
    return _row(
        "publishing",
        f"{run['pairs']:,} pairs published under the programme's lock, reckoned for {PUBLISHED:,}",
        (seconds, None, PUBLISHED_MAX_S),
        "six foreign keys and nine indexes of each match, an event each; before the lock "
        f"{run['noted']['seconds']:.2g} s for all that was found",
    )


def _answers(asked: Found, mentees: int) -> Row:
    alone, meanwhile = sorted(asked["alone"]), sorted(asked["meanwhile"])
    p99 = 1e3 * _percentile(meanwhile, 0.99)
    return Row(
        id="api-p99",
        what=f"answers while a programme of {mentees:,} mentees is solved, p99 (range: p50 to most)",
        unit="ms",
        value=p99,
        bound=1e3 * _percentile(alone, 0.99),
        ratio=None,
        goal=ANSWER_P99_MAX_MS,
        at_least=False,
        spread=(1e3 * _percentile(meanwhile, 0.5), 1e3 * meanwhile[-1]),
        bounded_by=f"cores shared with the solving process; {len(meanwhile)} answers, each counted from when "
        f"it was due; {1e3 * _percentile(alone, 0.99):.3g} ms while nothing is solved",
    )


def _row(called: str, what: str, found: tuple[float, float | None, float], bounded_by: str) -> Row:
    """`found` is the value, what it is a ratio of where it is one, and the goal."""
    value, bound, goal = found
    ratio = None if bound is None else value / bound
    judged = value if ratio is None else ratio
    return Row(
        id=called,
        what=what,
        unit="s",
        value=value,
        bound=bound,
        ratio=ratio,
        goal=goal,
        at_least=False,
        spread=(judged, judged),
        bounded_by=bounded_by,
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
