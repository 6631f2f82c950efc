"""Settings of intake: HOTLINE_INTAKE_…."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IntakeSettings(BaseSettings):
    """How much the public may send. Each web process counts for itself."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_INTAKE_", env_ignore_empty=True, extra="ignore")

    public_burst: int = Field(default=5, ge=1)
    """So many appeals in a row from one address."""

    public_per_hour: float = Field(default=20.0, gt=0)
    """So many an hour after that."""
