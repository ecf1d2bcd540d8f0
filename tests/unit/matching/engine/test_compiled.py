"""What is compiled is kept on disk, and never used once any source it was made of has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from services.matching.engine import compiled

ENGINE = Path(compiled.__file__).parent
PROGRAM = """
import numpy as np
from services.matching.engine import auction, state
s = state.of_graph(np.array([0, 1]), np.zeros(1, np.int32), np.ones(1, np.int64), np.ones(1, np.int64))
auction.seat_owners(s)
print(int(s.mate[0]), sum(auction.seat_owners.stats.cache_hits.values()))
"""
WITHOUT = """
from services.matching import engine
from tests.unit.matching.engine.builders import a_market, a_mentee, a_mentor
market = a_market((a_mentee(),), (a_mentor(),))
engine.warm()
solution = engine.solve(market)
print(len(solution.pairs), solution.solver, engine.is_warm())
try:
    engine.LiveMarket(market)
except engine.InvalidMarket:
    print("refused")
"""


def test_a_constant_changed_in_another_file_is_compiled_anew(tmp_path: Path) -> None:
    root = tmp_path / "product"
    kept = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
    shutil.copytree(ENGINE, root / "services" / "matching" / "engine", ignore=kept)
    for package in ("services", "services/matching"):
        (root / package / "__init__.py").touch()
    assert _run(root) == "-1 0"
    assert _run(root) == "-1 1", "taken from disk"
    state = root / "services" / "matching" / "engine" / "state.py"
    state.write_text(state.read_text().replace("NOBODY = -1", "NOBODY = -7"))
    assert _run(root) == "-7 0"


def test_where_nothing_can_be_compiled_the_flow_pairs_and_events_are_refused() -> None:
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["1", "flow", "False", "refused"], said.stderr


def test_words_for_people_leave_the_kernels_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "engine"
    shutil.copytree(ENGINE, folder)
    for name in ("pack.py", "scoring.py", "weigh.py", "index.py", "sides.py", "compiled.py"):
        before = compiled.stamp(folder / "scan.py")
        with (folder / name).open("a") as file:
            file.write("\n")
        assert compiled.stamp(folder / "scan.py") != before, name
    before = compiled.stamp(folder / "scan.py")
    with (folder / "reasons.py").open("a") as file:
        file.write("\n")
    assert compiled.stamp(folder / "scan.py") == before


def _run(root: Path) -> str:
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "NUMBA_CACHE_DIR": str(root / "kept")},
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout.strip()
