"""What scheduling needs to know before it starts."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.settings import Settings as Shared


class Settings(Shared):
    service: ClassVar[str] = "scheduling"

    words_days_kept: int = Field(
        730, ge=0, description="days after a pair's end until the words of its feedback go; 0: for ever"
    )
