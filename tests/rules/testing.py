"""Tests use real things and wait for conditions (19)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.rules.source import Source, above, dotted, parents


def mocks(source: Source) -> Iterator[str]:
    for node, name in source.imports():
        if name.startswith(("unittest.mock", "mock", "pytest_mock")):
            yield source.at(node, "things are real or hand-written: no mock")


def naps(source: Source) -> Iterator[str]:
    """A nap of fixed length is a guess, unless it is part of a loop that asks for a condition.

    What stands in for slow work (a function inside a test) may be slow.
    """
    if source.area != "tests":
        return
    up = parents(source.tree)
    for call in source.calls():
        if dotted(call.func) not in {"time.sleep", "asyncio.sleep", "sleep"} or not _is_fixed(call):
            continue
        around = list(above(call, up))
        functions = [one for one in around if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        looping = any(isinstance(one, ast.While | ast.For | ast.AsyncFor) for one in around)
        if not looping and len(functions) < 2:
            yield source.at(call, "wait for a condition with a deadline: no sleep")


def _is_fixed(call: ast.Call) -> bool:
    """`asyncio.sleep(0)` only lets others run."""
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value != 0


def skips(source: Source) -> Iterator[str]:
    if source.area != "tests":
        return
    for node in source.walk(ast.Attribute):
        assert isinstance(node, ast.Attribute)
        if dotted(node) in {"pytest.skip", "pytest.importorskip", "pytest.xfail"} or dotted(node).startswith(
            ("pytest.mark.skip", "pytest.mark.xfail")
        ):
            yield source.at(node, "a test runs or fails, it is never skipped")
