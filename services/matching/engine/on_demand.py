"""Libraries that most processes never call, loaded by whoever calls them first.

OR-tools serves only until the kernels are compiled, SciPy's integer program only where circles come out too
small, and both stay in memory once they are there: so these two are not imported where all others are, at the
top. Two threads may come at once: the interpreter lets the second one wait until the import is done.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def min_cost_flow() -> ModuleType:
    return import_module("ortools.graph.python.min_cost_flow")


def optimize() -> ModuleType:
    return import_module("scipy.optimize")


def sparse() -> ModuleType:
    return import_module("scipy.sparse")
