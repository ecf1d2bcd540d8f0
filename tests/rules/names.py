"""Speak the domain (1), handlers named after their event, what may and may not answer None (7)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.rules.source import Source

EMPTY_WORDS = frozenset(
    {"util", "utils", "helper", "helpers", "common", "base", "manager", "managers", "processor", "processors"}
    | {"misc", "data", "info"}
)


def empty_names(source: Source) -> Iterator[str]:
    """No module and no class is called by a word that says nothing."""
    path = PurePosixPath(source.path)
    for part in (*path.parts[:-1], path.stem):
        for word in EMPTY_WORDS & set(part.lower().split("_")):
            yield f"{source.path}: a module is not called {word}"
    for node in source.walk(ast.ClassDef):
        assert isinstance(node, ast.ClassDef)
        words = {word.lower() for word in re.findall(r"[A-Z][a-z]*|[A-Z]+(?![a-z])", node.name)}
        for word in EMPTY_WORDS & words:
            yield source.at(node, f"the class {node.name} is not called {word}")


def handler_names(source: Source) -> Iterator[str]:
    """In the table of consumers a handler is called on_ and the name of its event."""
    if source.room != "consumers":
        return
    for table in _tables(source):
        for key, value in zip(table.keys, table.values, strict=True):
            event, handler = _last_name(key), _last_name(value)
            wanted = "on_" + re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()
            in_batches = isinstance(value, ast.Call) and _is_plural(handler, wanted)
            if handler != wanted and not in_batches:
                yield source.at(value, f"the handler of {event} is called {wanted}, not {handler}")


def _tables(source: Source) -> Iterator[ast.Dict]:
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if _last_name(target) == "CONSUMERS":
                yield node.value


def _is_plural(name: str, wanted: str) -> bool:
    """on_session_completed → on_sessions_completed: the verb stays, what it happened to is many."""
    return name.startswith("on_") and name.rpartition("_")[2] == wanted.rpartition("_")[2]


def _last_name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Call) and node.args:
        return _last_name(node.args[0])
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else "?"


def get_or_find(source: Source) -> Iterator[str]:
    """`get_x` raises where there is none; what may answer None is called `find_x`."""
    for function in source.functions():
        if source.area == "tests" or not function.name.startswith("get_") or function.returns is None:
            continue
        parts = {ast.unparse(part) for part in ast.walk(function.returns)}
        if not isinstance(function.returns, ast.Constant) and parts & {"None", "Optional"}:
            yield source.at(function, f"{function.name} may return None: call it find_…")
