"""What matching needs to know before it starts."""

from __future__ import annotations

from typing import ClassVar

from shared import settings


class Settings(settings.Settings):
    service: ClassVar[str] = "matching"
