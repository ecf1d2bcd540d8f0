"""SQL lives in store (4): a statement per function, `conn` first, columns named, never built from strings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.rules.source import Function, Source

SQL = re.compile(
    r"\b(SELECT\b.+\bFROM\b|INSERT\s+INTO\b|UPDATE\s+\w+(\s+\w+)?\s+SET\b|DELETE\s+FROM\b|TRUNCATE\s+\w)",
    re.DOTALL,
)
STAR = re.compile(r"\bSELECT\s+(DISTINCT\s+)?(\w+\.)?\*|\bRETURNING\s+\*", re.IGNORECASE)
STATEMENTS = frozenset(
    {"execute", "executemany", "fetch", "fetchrow", "fetchval", "cursor", "copy_records_to_table"}
)


def sql_only_in_store(source: Source) -> Iterator[str]:
    if source.area != "services" or source.room == "store":
        return
    said = _docstrings(source)
    for node in source.walk(ast.Constant):
        assert isinstance(node, ast.Constant)
        if isinstance(node.value, str) and node not in said and SQL.search(node.value):
            yield source.at(node, "SQL lives in store")
    for call in source.calls():
        if _is_statement(call) and _on_connection(call):
            yield source.at(call, "statements are sent by store")


def no_star(source: Source) -> Iterator[str]:
    if source.area == "tests":
        return
    for node in source.walk(ast.Constant):
        assert isinstance(node, ast.Constant)
        if isinstance(node.value, str) and STAR.search(node.value):
            yield source.at(node, "columns are named: no SELECT *")


def no_built_sql(source: Source) -> Iterator[str]:
    """What is sent is a text that stands in the source, not one put together at run time."""
    if source.area != "services":
        return
    for call in source.calls():
        if not _is_statement(call) or not _on_connection(call) or not call.args:
            continue
        if any(isinstance(part, ast.JoinedStr | ast.BinOp | ast.Call) for part in ast.walk(call.args[0])):
            yield source.at(call, "SQL is not built from strings")
    for node in source.walk(ast.JoinedStr, ast.BinOp):
        texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
        if any(isinstance(text, str) and SQL.search(text) for text in texts):
            yield source.at(node, "SQL is not built from strings")


def one_statement_per_function(source: Source) -> Iterator[str]:
    if source.room != "store":
        return
    for function in source.functions():
        statements = [call for call in _calls_of(function) if _is_statement(call) and _on_connection(call)]
        if len(statements) > 1:
            yield source.at(function, f"{function.name} sends {len(statements)} statements, not one")
        first = next((arg.arg for arg in (*function.args.posonlyargs, *function.args.args)), None)
        if statements and first != "conn":
            yield source.at(function, f"the first parameter of {function.name} is conn")


def _calls_of(function: Function) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def _is_statement(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in STATEMENTS


def _on_connection(call: ast.Call) -> bool:
    """`conn.fetch`, `tx.conn.execute`, `pool.fetch` …"""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return name in {"conn", "pool", "connection"}


def _docstrings(source: Source) -> set[ast.AST]:
    found: set[ast.AST] = set()
    for node in ast.walk(source.tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            found |= {line.value for line in body if isinstance(line, ast.Expr)}
    return found
