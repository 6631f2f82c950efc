"""Settings of attachments: HOTLINE_ATTACHMENT_…."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 1024 * 1024


class AttachmentSettings(BaseSettings):
    """What may be attached, and who looks for viruses in it."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_ATTACHMENT_", env_ignore_empty=True, extra="ignore")

    max_mb: int = Field(default=10, ge=1, le=200)
    """A file may have so many MiB."""

    max_megapixels: int = Field(default=200, ge=1)
    """A picture may have so many million pixels, whatever its file's size; today's telephones make 200."""

    public_burst: int = Field(default=10, ge=1)
    """So many files in a row from one address without signing in."""

    public_per_hour: float = Field(default=40.0, gt=0)
    """So many an hour after that."""

    clamd: str | None = None
    """``unix:///run/clamav/clamd.ctl`` or ``tcp://127.0.0.1:3310``; empty: files are kept unscanned."""

    clamd_timeout_s: float = Field(default=20.0, gt=0)

    @property
    def max_bytes(self) -> int:
        """Of one file."""
        return self.max_mb * MEBIBYTE

    @property
    def max_pixels(self) -> int:
        """Of one picture."""
        return self.max_megapixels * 1_000_000
