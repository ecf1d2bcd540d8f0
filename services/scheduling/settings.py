"""What scheduling needs to know before it starts."""

from __future__ import annotations

from typing import ClassVar

from shared.settings import Settings as Shared


class Settings(Shared):
    service: ClassVar[str] = "scheduling"
