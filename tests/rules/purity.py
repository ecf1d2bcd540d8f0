"""core is pure (3): values in, values out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.rules.source import Source, dotted

IMPURE_MODULES = frozenset(
    {"asyncio", "asyncpg", "aiokafka", "aiosmtplib", "fastapi", "starlette", "httpx", "pydantic", "faust"}
    | {"random", "secrets", "time", "logging", "structlog", "os", "io", "socket", "subprocess", "threading"}
    | {"urllib.request", "uuid_utils", "jinja2", "shared.tx", "shared.log", "shared.clock", "shared.envelope"}
    | {"shared.api", "shared.auth", "shared.settings", "numpy.random"}
)
IMPURE_CALLS = frozenset(
    {"open", "print", "input", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    | {"uuid.uuid1", "uuid.uuid4", "uuid4", "uuid1", "np.random.default_rng", "datetime.datetime.now"}
)


def pure_core(source: Source) -> Iterator[str]:
    if source.room != "core":
        return
    for node, name in source.imports():
        if any(name == module or name.startswith(module + ".") for module in IMPURE_MODULES):
            yield source.at(node, f"core does not import {name}")
    for node in source.walk(ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith):
        yield source.at(node, "core is not async")
    for call in source.calls():
        if dotted(call.func) in IMPURE_CALLS:
            yield source.at(call, f"core does not call {dotted(call.func)}")
    yield from _thawed(source)


def _thawed(source: Source) -> Iterator[str]:
    """The dataclasses of core are values: frozen."""
    for node in source.walk(ast.ClassDef):
        assert isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list:
            name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            frozen = any(
                word.arg == "frozen" and isinstance(word.value, ast.Constant) and word.value.value is True
                for word in keywords
            )
            if name in {"dataclass", "dataclasses.dataclass"} and not frozen:
                yield source.at(node, f"the dataclass {node.name} of core is frozen")
