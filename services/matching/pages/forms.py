"""A form as a browser sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

FIELDS_MAX = 500


async def read(request: Request) -> Mapping[str, Sequence[str]]:
    """The fields of the body, each with all its values; read before the transaction begins."""
    found: dict[str, list[str]] = {}
    async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
    return found


Form: TypeAlias = Annotated[Mapping[str, Sequence[str]], Depends(read)]


def last(form: Mapping[str, Sequence[str]], name: str) -> str:
    """The last value of a field, without space around it; nothing where it was not sent."""
    return form[name][-1].strip() if form.get(name) else ""
