"""What matching needs to know before it starts."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared import settings


class Settings(settings.Settings):
    service: ClassVar[str] = "matching"
    solve_here_max: int = Field(
        300, ge=0, description="participations up to which a programme is solved inside the serving process"
    )
    file_bytes_max: int = Field(64 << 20, ge=1, description="size of a file of people")
    pages_matching: str = Field("", description="base URL of its own pages, as people reach them")
    my_data_days: int = Field(14, ge=1, le=90, description="days for which a link to one's own data is valid")
    erasure_wait_days: int = Field(
        7, ge=0, le=365, description="days between asking for an erasure and its being done; 0: at once"
    )
    facts_days_kept: int = Field(
        400,
        ge=0,
        description="days until what a fact from HR said goes, once it does not matter; 0: for ever",
    )
    requests_days_kept: int = Field(
        730, ge=0, description="days after a match's end until the words of its request go; 0: for ever"
    )
    audit_days_kept: int = Field(
        1100, ge=0, description="days until what an entry of the audit says goes, its seal stays; 0: for ever"
    )
    former_people_days_kept: int = Field(
        730, ge=0, description="days after a termination until the erasure is asked for; 0: never"
    )
    desk_session_hours: int = Field(12, ge=1, le=168, description="how long a session at /desk lasts")
    company_time_zone: str = Field(
        "UTC", description="IANA name: where people work of whom neither a zone nor a known site is said"
    )
    hris_requests_per_minute_max: int = Field(
        30_000, ge=1, description="per source, at each door of HR systems"
    )
