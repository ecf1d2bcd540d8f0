"""Which crash points the source declares, and which awaits have none: read from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests import infra

AROUND, WITHIN = ("before", "after"), ("before", "entered", "leaving", "after")
WHOLE = ("relay", "consumer", "apply")
PARTS: Mapping[str, frozenset[str]] = {"tx": frozenset({"transaction"})}
"""Of these modules only the parts that belong to the way of an event."""
NEVER_SUSPENDS = frozenset({"timeout", "timeout_at"})


def functions(module: str) -> Iterator[ast.AsyncFunctionDef]:
    tree = ast.parse((infra.ROOT / "shared" / f"{module}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and node.name in PARTS.get(module, {node.name}):
            yield node


def covered() -> list[tuple[str, ast.AsyncFunctionDef]]:
    return [(module, function) for module in (*WHOLE, *PARTS) for function in functions(module)]


def called(node: ast.expr) -> str:
    """The last name of what is called: `crash.around(…)` is around."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def waits(function: ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    """Everything at which the function can stand still."""
    for node in ast.walk(function):
        if isinstance(node, ast.Await):
            yield node.value
        elif isinstance(node, ast.AsyncWith):
            yield from (item.context_expr for item in node.items)
        elif isinstance(node, ast.AsyncFor):
            yield node.iter


def without_points() -> list[str]:
    """Awaits with no point before and after, unless they await a function whose own awaits have them."""
    own = {function.name for _, function in covered()}
    fine = own | {"around", "within"} | NEVER_SUSPENDS
    return [
        f"shared/{module}.py:{wait.lineno}: {ast.unparse(wait)} has no crash points"
        for module, function in covered()
        for wait in waits(function)
        if called(wait) not in fine
    ]


def points() -> set[str]:
    """All points there are; those of a transaction once for each kind of work that opens one."""
    found: set[str] = set()
    for _, function in covered():
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and called(node) in ("around", "within"):
                ends = AROUND if called(node) == "around" else WITHIN
                found |= {f"{name}.{end}" for name in names(node.args[0]) for end in ends}
    return found


def names(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.JoinedStr):
        tail = argument.values[-1]
        assert isinstance(tail, ast.Constant)
        yield from (f"{work}{tail.value}" for work in works())
    else:
        yield ast.literal_eval(argument)


def works() -> set[str]:
    """The names under which the way of an event opens transactions; `door` is everybody else's."""
    return {"door"} | {
        ast.literal_eval(node.args[1])
        for _, function in covered()
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and called(node) == "transaction" and len(node.args) == 2
    }


def one_line(path: Path, line: str) -> int:
    """Where the line stands in the file; it has to stand there exactly once."""
    found = [number for number, text in enumerate(path.read_text().splitlines()) if text == line]
    assert len(found) == 1, f"{path.name} has {len(found)} times: {line}"
    return found[0]
