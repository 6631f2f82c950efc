"""Settings of the citizen's own routes: HOTLINE_CITIZENS_…."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CitizenSettings(BaseSettings):
    """How often one address may ask and act. Each web process counts for itself."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_CITIZENS_", env_ignore_empty=True, extra="ignore")

    burst: int = Field(default=30, ge=1)
    """So many requests in a row."""

    per_hour: float = Field(default=300.0, gt=0)
    """So many an hour after that."""
