"""Settings of messages to citizens: from ``hotline.toml`` ([messages]) and HOTLINE_MESSAGES_… environment variables."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
)

from app.jobs.outbox import LEASE


class MessageSettings(BaseSettings):
    """Which gateway, how it is spoken to, how often a message is tried."""

    model_config = SettingsConfigDict(
        env_prefix="HOTLINE_MESSAGES_",
        env_ignore_empty=True,
        extra="ignore",
        pyproject_toml_table_header=("messages",),
    )

    gateway: Literal["file", "http"] = "file"
    """``file``: nothing is sent, messages are lines of a file (demonstration, tests). ``http``: the city's gateway."""

    file: Path | None = None
    """Of the file gateway; empty: ``<data_dir>/messages/sent.jsonl``."""

    url: str | None = None
    """Of the HTTP gateway: where messages are POSTed."""

    key_id: str | None = None
    """Names the key of the signature to the gateway."""

    key: SecretStr | None = None
    """The key: HMAC-SHA256 over time, nonce and body."""

    timeout_s: float = Field(default=10.0, gt=0, lt=LEASE.total_seconds() - 5)
    """A request that takes longer has failed for now; shorter than the lease of a job, so that none is sent by two."""

    attempts: int = Field(default=14, ge=1, le=50)
    """After so many in vain (with these delays: five hours) a message is dead, until a person sends it again."""

    first_delay_s: float = Field(default=10.0, gt=0)
    """Before the second attempt; each further one waits twice as long."""

    longest_delay_s: float = Field(default=3600.0, gt=0)

    public_url: str = "http://127.0.0.1:8000"
    """Beginning of the links that citizens get, as their phones reach it; no slash at its end."""

    @model_validator(mode="after")
    def _whole(self) -> MessageSettings:
        if self.gateway == "http" and not (self.url and self.key_id and self.key):
            raise ValueError("短信网关为 http 时须设置 url、key_id 和 key")
        return self

    def delay(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts (1, 2 …) in vain."""
        doublings = min(attempts - 1, 32)
        return timedelta(seconds=min(self.first_delay_s * 2**doublings, self.longest_delay_s))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic-settings' signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over ``hotline.toml``."""
        return init_settings, env_settings, PyprojectTomlConfigSettingsSource(settings_cls, Path("hotline.toml"))
