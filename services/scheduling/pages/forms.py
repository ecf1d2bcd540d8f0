"""What comes in from a page's form, and what goes back beside its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from shared.errors import Refused

FIELDS_MAX = 40


async def _filled_in(request: Request) -> dict[str, str]:
    """The text fields of a form, the last value of each. A file is no answer to anything we ask."""
    form = await request.form(max_files=0, max_fields=FIELDS_MAX)
    return {name: value for name, value in form.items() if isinstance(value, str)}


FilledIn: TypeAlias = Annotated[dict[str, str], Depends(_filled_in)]


def errors_of(refused: Refused) -> Mapping[str, str]:
    """Sentences by the name of their field."""
    return {error.pointer: error.detail for error in refused.errors}
