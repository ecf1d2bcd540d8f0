"""Libraries that most processes never call are not in their memory."""

from __future__ import annotations

import json
import subprocess
import sys

from tests import infra

SAY = """
import json, sys, threading
from concurrent.futures import ThreadPoolExecutor
import services.matching.service
from services.matching import engine
from services.matching.engine import on_demand
from services.matching.engine.market import Goal, Market, Mentee, Mentor

def loaded():
    return sorted({"ortools", "scipy.sparse", "scipy.optimize"} & set(sys.modules))

before, together = loaded(), threading.Barrier(2)
mentee = Mentee(number="1", hours=15, languages=frozenset({"en"}), goals=(Goal("a"),))
mentor = Mentor(number="2", hours=15, languages=frozenset({"en"}), skills={"a": 1})
market = Market(mentees=(mentee,), mentors=(mentor,), managers={"1": None, "2": None})

def solve(_):
    together.wait()
    return engine.solve(market, solver="flow").value

with ThreadPoolExecutor(2) as threads:
    values = list(threads.map(solve, range(2)))
after = loaded()
print(json.dumps([before, after, values, on_demand.optimize().__name__]))
"""


def test_a_process_loads_the_rare_solvers_when_they_are_first_called_and_two_threads_may_call_at_once() -> (
    None
):
    said = subprocess.run(
        [sys.executable, "-c", SAY], cwd=infra.ROOT, capture_output=True, text=True, check=True
    )
    before, after, values, name = json.loads(said.stdout.splitlines()[-1])
    assert (before, after, name) == ([], ["ortools"], "scipy.optimize")
    assert values[0] == values[1] > 0
