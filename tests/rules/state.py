"""No module-level state (12): constants, types, functions; importing does nothing. Imports on top (13)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.rules.source import Source, above, dotted, parents

CONSTANT = re.compile(r"^_?[A-Z][A-Z0-9_]*$|^__\w+__$")
TYPE_NAME = re.compile(r"^_?[A-Z]\w*$")
CHANGES = frozenset(
    {
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "popitem",
        "clear",
        "update",
        "add",
        "discard",
        "setdefault",
    }
    | {"sort", "reverse"}
)
ROUTE_TABLE_MAKERS = frozenset({"APIRouter", "router", "Typer", "typer.Typer", "api.router"})
STATEFUL = frozenset(
    {"deque", "defaultdict", "Counter", "Lock", "Event", "Queue", "Semaphore", "open"}
    | {"connect", "create_pool", "FastAPI", "App", "CollectorRegistry", "getLogger", "get_logger", "getenv"}
    | {"Environment", "Settings", "Random", "default_rng", "Console", "Gauge", "Histogram", "local"}
)
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)


def module_level_state(source: Source) -> Iterator[str]:
    for node in source.tree.body:
        if isinstance(node, DEFINITIONS) or _is_text(node) or _is_guard(node):
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign):
            yield from _assignment(source, node)
        elif not source.path.endswith("/__main__.py"):
            yield source.at(node, "importing a module does nothing")
    for node in source.walk(ast.Global):
        yield source.at(node, "there are no globals to change")


def _assignment(source: Source, node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    value = node.value
    if isinstance(value, ast.Call) and dotted(value.func) in ROUTE_TABLE_MAKERS:
        return
    if isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in STATEFUL:
        yield source.at(node, f"{dotted(value.func)} at module level is state")
    for name in _names(node):
        if not CONSTANT.match(name) and not TYPE_NAME.match(name) and name != "pytestmark":
            yield source.at(node, f"{name} at module level is no constant")


def _names(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        for part in target.elts if isinstance(target, ast.Tuple) else [target]:
            yield dotted(part)


def changed_constants(source: Source) -> Iterator[str]:
    """What has the name of a constant is never changed: not by an index, not by a method."""
    for node in source.walk(ast.Subscript):
        assert isinstance(node, ast.Subscript)
        if isinstance(node.ctx, ast.Store | ast.Del) and _is_constant(node.value):
            yield source.at(node, f"{dotted(node.value)} is a constant")
    for call in source.calls():
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr in CHANGES
            and _is_constant(call.func.value)
        ):
            yield source.at(call, f"{dotted(call.func.value)} is a constant")
    for node in source.walk(ast.AugAssign):
        assert isinstance(node, ast.AugAssign)
        if _is_constant(node.target):
            yield source.at(node, f"{dotted(node.target)} is a constant")


def _is_constant(node: ast.AST) -> bool:
    return re.fullmatch(r"_?[A-Z][A-Z0-9_]+", dotted(node).rpartition(".")[2]) is not None


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_guard(node: ast.stmt) -> bool:
    """`if __name__ == "__main__"` or `if TYPE_CHECKING`."""
    if isinstance(node, ast.If):
        return "__name__" in ast.unparse(node.test) or "TYPE_CHECKING" in ast.unparse(node.test)
    return False


def hidden_imports(source: Source) -> Iterator[str]:
    up = parents(source.tree)
    for node in source.walk(ast.Import, ast.ImportFrom):
        if any(isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) for one in above(node, up)):
            yield source.at(node, "imports stand at the top")
