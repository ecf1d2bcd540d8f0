"""What every request body is built on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A request body: a field nobody knows is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
