"""Rows as columns: a statement for any number of facts takes one array for each column (`unnest`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def columns(rows: Iterable[Sequence[Any]]) -> tuple[list[Any], ...]:
    """One list for each column. Empty without rows: then there is nothing to execute."""
    return tuple(list(column) for column in zip(*rows, strict=True))
