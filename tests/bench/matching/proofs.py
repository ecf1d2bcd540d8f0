"""The goals about whole markets: proof, time and memory, against one bare look at all pairs and the peers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.figures import Row, of
from tests.bench.ground import Failed
from tests.bench.matching.stage import Side, Stage, same_value, side
from tests.bench.matching.worker import Found

SCANS_MAX = 8.0
EARLY = SCANS_MAX / 3
EARLY_MIN = 0.995
SECONDS_MAX = 60.0
MEMORY_MAX_MB = 750.0
DENSE_FASTER, DENSE_LEANER = 8.0, 15.0
FLOW_FASTER, SPARSE_FASTER = 2.0, 30.0
FULL_MENTEES = 100_000


def company(stage: Stage, mentees: int, mentors: int | None = None) -> Path:
    """The arrays of the company of that size, made once."""
    path = stage.home / f"company-{mentees}-{mentors}.pickle"
    if not path.exists():
        stage.ours("market", mentees=mentees, mentors=mentors, seed=stage.sizes.seed, index=path)
    return path


def proof(stage: Stage) -> list[Row]:
    """Proven over all pairs, in bare looks at all pairs; the seconds and megabytes are goals at full size."""
    spec = {"index": company(stage, stage.sizes.people), "early": EARLY}
    runs = [stage.ours("proven", **spec) for _ in range(stage.sizes.repeats)]
    ours = side(runs)
    if any(run["gap"] for run in runs):
        raise Failed(f"not proven: {[run['gap'] for run in runs]} are missing")
    called = "G1" if stage.sizes.people >= FULL_MENTEES else "G1-small"
    rows = [_in_looks(called, runs, ours), _early(called, runs)]
    if stage.sizes.people >= FULL_MENTEES:
        rows += [_at_most(f"{called}-seconds", "s", ours), _at_most(f"{called}-memory", "MB", ours)]
    return rows


def _in_looks(called: str, runs: Sequence[Found], ours: Side) -> Row:
    ratio, spread = of([run["seconds"] / run["bare"] for run in runs])
    run = runs[0]
    return Row(
        id=called,
        what=f"proven over {run['pairs']:.3g} pairs ({run['feasible']:.1%} feasible), in bare looks at them",
        unit="s",
        value=ours.seconds,
        bound=of([run["bare"] for run in runs])[0],
        ratio=ratio,
        goal=SCANS_MAX,
        at_least=False,
        spread=spread,
        bounded_by=f"{run['looks']} looks at all pairs and the solver; {ours.cpu_s:.3g} s of CPU, "
        f"at most {ours.peak_mb:.0f} MB",
    )


def _early(called: str, runs: Sequence[Found]) -> Row:
    share, spread = of([run["early"] for run in runs])
    return Row(
        id=f"{called}-early",
        what=f"share of the proven value when stopped after {EARLY:.2f} bare looks",
        unit="share",
        value=share,
        bound=None,
        ratio=None,
        goal=EARLY_MIN,
        at_least=True,
        spread=spread,
        bounded_by="the first look, which lists the best of both sides, and the auction on these lists",
    )


def _at_most(called: str, unit: str, ours: Side) -> Row:
    seconds = unit == "s"
    value = ours.seconds if seconds else ours.peak_mb
    return Row(
        id=called,
        what="the same in seconds" if seconds else "the process at its largest",
        unit=unit,
        value=value,
        bound=None,
        ratio=None,
        goal=SECONDS_MAX if seconds else MEMORY_MAX_MB,
        at_least=False,
        spread=ours.spread if seconds else (value, value),
        bounded_by="the looks at all pairs"
        if seconds
        else "the arrays of people and the lists of both sides",
    )


def dense(stage: Stage) -> list[Row]:
    """SciPy's assignment on the finished matrix: our time has the scores and the proof in it, theirs not."""
    if stage.peer_python is None:
        return []
    index = company(stage, stage.sizes.dense)
    files = {"weights": stage.home / "all.npy", "capacity": stage.home / "seats.npy"}
    stage.ours("matrix", index=index, **files)
    repeats = range(stage.sizes.repeats)
    ours = side([stage.ours("proven", index=index, early=0) for _ in repeats])
    runs = [stage.peer("peer_scipy", "dense", **files) for _ in repeats]
    theirs = side(runs)
    files["weights"].unlink()
    same_value("SciPy, dense", ours.value, theirs.value)
    return [
        _faster("G2", "SciPy's dense assignment", (ours, theirs), DENSE_FASTER),
        _leaner(ours, theirs, runs[0]["matrix_mb"]),
    ]


def sparse(stage: Stage) -> list[Row]:
    """The solver's stage on the graph it starts from, against the peers on the same graph."""
    if stage.peer_python is None:
        return []
    rows = []
    for mentees in sorted({stage.sizes.dense, stage.sizes.people}):
        rows += _on_lists(stage, mentees)
    return rows


def _on_lists(stage: Stage, mentees: int) -> list[Row]:
    graph, repeats = stage.home / f"lists-{mentees}.npz", stage.sizes.repeats
    stage.ours("lists", graph=graph, index=company(stage, mentees))
    ours = side(stage.ours("solver", graphs={"it": graph}, repeats=repeats)["it"])
    flow = side([stage.peer("peer_ortools", "flow", graph=graph) for _ in range(repeats)])
    same_value("OR-tools", ours.value, flow.value)
    size = f"{mentees / 1000:g}k"
    rows = [_faster(f"G3-{size}", "OR-tools' solve() on the lists", (ours, flow), FLOW_FASTER)]
    if mentees == stage.sizes.dense:
        theirs = side([stage.peer("peer_scipy", "sparse", graph=graph)])
        same_value("SciPy, sparse", ours.value, theirs.value)
        rows.append(
            _faster(f"G3-{size}-sparse", "SciPy's sparse assignment on them", (ours, theirs), SPARSE_FASTER)
        )
    return rows


def _faster(called: str, whom: str, sides: tuple[Side, Side], goal: float) -> Row:
    ours, theirs = sides
    bound = "ours: the looks at all pairs" if called == "G2" else "ours: the auction's passes over edges"
    return Row(
        id=called,
        what=f"{whom} against ours, the same value: their seconds / ours",
        unit="s",
        value=ours.seconds,
        bound=theirs.seconds,
        ratio=theirs.seconds / ours.seconds,
        goal=goal,
        at_least=True,
        spread=(theirs.spread[0] / ours.spread[1], theirs.spread[1] / ours.spread[0]),
        bounded_by=f"{bound}; CPU {ours.cpu_s:.3g} s, theirs {theirs.cpu_s:.3g} s",
    )


def _leaner(ours: Side, theirs: Side, matrix_mb: float) -> Row:
    ratio = theirs.peak_mb / ours.peak_mb
    return Row(
        id="G2-memory",
        what="the largest process of both: their megabytes / ours",
        unit="MB",
        value=ours.peak_mb,
        bound=theirs.peak_mb,
        ratio=ratio,
        goal=DENSE_LEANER,
        at_least=True,
        spread=(ratio, ratio),
        bounded_by="ours: Python, numba and the arrays of people; theirs: the matrix with a column per seat "
        f"({matrix_mb:.0f} MB, alone {matrix_mb / ours.peak_mb:.1f} times ours) and copies of it",
    )
