"""What notifications needs to know, besides what every service needs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from shared import settings


class Settings(settings.Settings):
    service: ClassVar[str] = "notifications"

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_timeout_s: float = Field(6.0, gt=0)
    mail_from: str = Field(
        "mentoring@localhost.localdomain",
        pattern=r"^[^@\s<>]+@[^@\s<>]+$",
        description="sender and organizer; its domain ends Message-IDs and calendar UIDs",
    )
    pages_matching: str = Field(description="base URL of the pages of matching, as people reach them")
    pages_scheduling: str = Field(description="base URL of the pages of scheduling, as people reach them")
    lease_s: float = Field(30.0, gt=0)
    lease_rows_max: int = Field(50, ge=1, le=500)
    attempts_max: int = Field(10, ge=1, description="after so many refusals for now, a message has failed")
    messages_days_kept: int = Field(
        400, ge=0, description="days after its cause until a message that is settled goes; 0: for ever"
    )
