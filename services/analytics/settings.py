"""What analytics needs to know before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, SecretStr

from shared import settings


class Settings(settings.Settings):
    """The console's view of operations is told where each process answers; business is not asked there."""

    service: ClassVar[str] = "analytics"

    plumbing_urls: Mapping[str, tuple[str, ...]] = Field(
        {}, description="JSON: service → base URLs of its processes, for the console's page System"
    )
    plumbing_token: SecretStr = Field(SecretStr(""), description="a service token with the scope operate")
    plumbing_timeout_s: float = Field(1.5, gt=0)
    desk_url: str = Field(
        "", description="where a browser finds the desk of matching, like https://matching.example.org/desk"
    )
    console_session_hours: int = Field(12, ge=1, le=168)
    live_memory_s: int = Field(120, ge=30, description="how long the live worker keeps a window")
    event_log_months: int = Field(
        0, ge=0, description="months of the event log to keep; 0: all, for figures are rebuilt from it"
    )
