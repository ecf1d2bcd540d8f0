"""How the solver's inner loops become machine code: at their first call, kept on disk for the next process.

What is kept is known by the text of the kernel's file and of all files of the engine that this one imports,
directly or not: a constant changed anywhere is compiled in. Where the code is kept: in NUMBA_CACHE_DIR, else
beside the source, else in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.core import caching
from numba.extending import intrinsic

IMPORTED = re.compile(r"^from services\.matching\.engine(?:\.(\w+))? import (\([^)]*\)|.*)$", re.MULTILINE)

F = TypeVar("F", bound=Callable[..., Any])

# Options that numba's own stub does not list.
NO_DOOR: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


class _OfAllSources:
    """Says how fresh a kernel is: numba's own places would look at the kernel's file alone."""

    _py_file: str

    def get_source_stamp(self) -> str:
        return stamp(Path(self._py_file))


class InGivenFolder(_OfAllSources, caching.UserProvidedCacheLocator):
    pass


class BesideSource(_OfAllSources, caching.InTreeCacheLocator):
    pass


class InUsersFolder(_OfAllSources, caching.UserWideCacheLocator):
    pass


FOLDERS = ",".join(f"{one.__module__}.{one.__name__}" for one in (InGivenFolder, BesideSource, InUsersFolder))


def stamp(source: Path) -> str:
    """The digest of a file of the engine and of all that it imports from the engine."""
    digest = hashlib.sha256()
    for path in sorted(_imported({}, source)):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _imported(known: dict[Path, None], source: Path) -> dict[Path, None]:
    known[source] = None
    for module, names in IMPORTED.findall(source.read_text()):
        for name in [module] if module else re.findall(r"(\w+)(?: as \w+)?", names):
            path = source.parent / f"{name}.py"
            if path.exists() and path not in known:
                _imported(known, path)
    return known


def kernel(function: F) -> F:
    """Compiles a function of numbers and arrays; it runs without holding the interpreter's lock."""
    settings: Any = numba.config
    before, settings.CACHE_LOCATOR_CLASSES = settings.CACHE_LOCATOR_CLASSES, FOLDERS
    try:
        return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:
        # No folder can be written to: the code lives as long as the process.
        return cast(F, numba.njit(nogil=True, error_model="numpy")(function))
    finally:
        settings.CACHE_LOCATOR_CLASSES = before


def part(function: F) -> F:
    """Compiles a function that only kernels call: it has no door from Python, which saves compile time."""
    return cast(F, numba.njit(nogil=True, error_model="numpy", **NO_DOOR)(function))


def can_compile() -> bool:
    settings: Any = numba.config
    return not settings.DISABLE_JIT


def is_ready(function: Callable[..., Any]) -> bool:
    """Whether a kernel has been compiled, or loaded, in this process. Never, where nothing compiles."""
    return bool(getattr(function, "signatures", ()))


def _popcount(_: Any, word: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint32(types.uint32), code


def _stay_apart(_: Any) -> Any:
    def code(context: Any, builder: Any, _: Any, __: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), code


# How many bits of a word of 32 are set, by one instruction where there is one. Only in kernels.
POPCOUNT = cast(Callable[[Any], Any], intrinsic(_popcount))
# Keeps the compiler from copying a loop into its caller, where it would not see how to vectorise it.
STAY_APART = cast(Callable[[], None], intrinsic(_stay_apart))
