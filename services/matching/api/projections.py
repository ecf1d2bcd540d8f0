"""How a route gets at the projections of its process."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from services.matching.commands.projection import Projections


def _of_application(request: Request) -> Projections:
    kept: Projections = request.app.state.projections
    return kept


Kept: TypeAlias = Annotated[Projections, Depends(_of_application)]
