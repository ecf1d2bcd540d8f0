"""Three kinds of trouble (7): the business says no, try again, or a bug that rises."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.rules.source import Source, dotted

EVERYTHING = frozenset({"Exception", "BaseException"})


def catches_everything(source: Source) -> Iterator[str]:
    """Only plumbing may catch what it does not know; the rest lets bugs rise."""
    if source.area == "shared":
        return
    for node in source.walk(ast.ExceptHandler):
        assert isinstance(node, ast.ExceptHandler)
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        if any(one is None or dotted(one) in EVERYTHING for one in caught):
            yield source.at(node, "nothing outside shared catches every exception")
    for call in source.calls():
        if dotted(call.func).endswith("suppress") and any(dotted(arg) in EVERYTHING for arg in call.args):
            yield source.at(call, "nothing outside shared swallows every exception")


def nameless_refusal(source: Source) -> Iterator[str]:
    """A refusal is a named subclass, so that its code says what was refused."""
    if source.area == "tests":
        return
    for node in source.walk(ast.Raise):
        assert isinstance(node, ast.Raise)
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if raised is not None and dotted(raised) in {"Refused", "errors.Refused"}:
            yield source.at(node, "a refusal has a name of its own")


def refusals_without_code(source: Source) -> Iterator[str]:
    """Each named refusal says its code; its status is 409 unless it says another."""
    if source.area == "tests":
        return
    for node in source.walk(ast.ClassDef):
        assert isinstance(node, ast.ClassDef)
        if any(dotted(parent) in {"Refused", "errors.Refused"} for parent in node.bases):
            own = {_target(line) for line in node.body}
            if "code" not in own:
                yield source.at(node, f"the refusal {node.name} has a code")


def _target(line: ast.stmt) -> str:
    if isinstance(line, ast.Assign):
        return dotted(line.targets[0])
    return dotted(line.target) if isinstance(line, ast.AnnAssign) else ""
