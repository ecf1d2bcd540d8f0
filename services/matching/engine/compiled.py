"""How the solver's inner loops become machine code: at their first call, kept on disk for the next process.

Kernels that call each other stand in one file, because what is kept is known by the text of one file alone.
Where the code is kept: in NUMBA_CACHE_DIR, else beside the source, else in the user's cache folder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

# Options that numba's own stub does not list.
NO_DOOR: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def kernel(function: F) -> F:
    """Compiles a function of numbers and arrays; it runs without holding the interpreter's lock."""
    try:
        return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:
        # No folder can be written to: the code lives as long as the process.
        return cast(F, numba.njit(nogil=True, error_model="numpy")(function))


def part(function: F) -> F:
    """Compiles a function that only kernels call: it has no door from Python, which saves compile time."""
    return cast(F, numba.njit(nogil=True, error_model="numpy", **NO_DOOR)(function))


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
