"""A source file as the rules see it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """`path` is relative to the project: "services/matching/store/people.py"."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def area(self) -> str:
        """services, shared, deploy or tests."""
        return self.path.split("/", maxsplit=1)[0]

    @property
    def room(self) -> str | None:
        """The room of a service that this file is, or belongs to: core, store, api …"""
        parts = self.path.removesuffix(".py").split("/")
        return parts[2] if self.area == "services" and len(parts) > 2 else None

    def walk(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def calls(self) -> Iterator[ast.Call]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node

    def imports(self) -> Iterator[tuple[ast.stmt, str]]:
        """Every imported module by its full name; `from a import b` gives "a" and "a.b"."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node, node.module
                yield from ((node, f"{node.module}.{name.name}") for name in node.names)

    def at(self, node: ast.AST, sentence: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {sentence}"


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an expression; an unnamed part is "?"."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def above(node: ast.AST, up: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    while node in up:
        node = up[node]
        yield node


def sources(root: Path) -> list[Source]:
    """The project's own Python files."""
    found = []
    for area in ("services", "shared", "deploy", "tests"):
        for file in sorted((root / area).rglob("*.py")):
            found.append(Source(str(file.relative_to(root)), file.read_text()))
    return found
