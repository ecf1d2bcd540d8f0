"""What every service needs to know before it starts, read once from MENTORING_* in the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Times are seconds, sizes bytes; subclasses add what one service needs."""

    model_config = SettingsConfigDict(env_prefix="MENTORING_", frozen=True, extra="ignore")

    service: ClassVar[str]

    dsn: SecretStr = Field(description="PostgreSQL, as the role that runs the service")
    owner_dsn: SecretStr = Field(SecretStr(""), description="PostgreSQL, as the role that migrates")
    app_role: str = Field("", description="the role that runs the service; empty: mentoring_<service>")
    kafka: str = Field(description="bootstrap servers")
    topic_prefix: str = Field("", description="put before topics and groups; isolates stacks on one broker")
    replica: int = Field(0, ge=0, description="ordinal of this process: its Kafka group instance id")
    http_host: str = "127.0.0.1"
    http_port: int = Field(8000, ge=0, le=65535)
    clock: Literal["wall", "stepped"] = "wall"
    stack_dir: Path | None = Field(None, description="the embedded stack's directory, where there is one")
    link_key: SecretStr = Field(SecretStr(""), description="signs the links in mails; one for all services")
    tokens_file: Path | None = Field(None, description="JSON list of {id, sha256, scopes}")
    my_data_next: str = Field(
        "", description="base URL of the service that has the next part of people's own data; empty: the last"
    )
    log_level: str = "INFO"
    crash_points: Path | None = Field(None, description="where a harness arms shared/crash.py")

    pool_size_max: int = Field(8, ge=2)
    batch_records_max: int = Field(500, ge=1)
    relay_rows_max: int = Field(2000, ge=1)
    poll_s: float = 0.05
    statement_timeout_s: float = 5.0
    drain_timeout_s: float = 6.0
    body_bytes_max: int = 1 << 20
    requests_per_minute_max: int = Field(30_000, ge=1, description="per caller, else per address")
