"""Small (10): functions, files, parameters."""

from __future__ import annotations

from collections.abc import Iterator

from tests.rules.source import Function, Source

FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 400
PARAMETERS_MAX = 4


def long_functions(source: Source) -> Iterator[str]:
    if source.area == "tests":
        return
    for function in source.functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield source.at(function, f"{function.name} has {lines} lines, at most {FUNCTION_LINES_MAX}")


def long_files(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{source.path}: {lines} lines, at most {FILE_LINES_MAX}"


def many_parameters(source: Source) -> Iterator[str]:
    """More than four are named by the caller: they stand after the star. Routes are called by name anyway."""
    if source.area == "tests":
        return
    for function in source.functions():
        names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
        many = len([name for name in names if name not in {"self", "cls"}])
        if many > PARAMETERS_MAX and not _is_route(source, function):
            yield source.at(function, f"{function.name} takes {many} parameters by position")


def _is_route(source: Source, function: Function) -> bool:
    """Routes live in api and pages, commands in deploy/cli; the framework fills their parameters in."""
    public = not function.name.startswith("_")
    return public and (source.room in {"api", "pages"} or source.path.startswith("deploy/cli/"))
