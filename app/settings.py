"""Settings of the ticket side: from ``hotline.toml`` ([app]) and HOTLINE_… environment variables."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
)

PROJECT = Path(__file__).resolve().parent.parent


class AppSettings(BaseSettings):
    """What the web app, the workers and the commands need to know."""

    model_config = SettingsConfigDict(
        env_prefix="HOTLINE_", env_ignore_empty=True, extra="ignore", pyproject_toml_table_header=("app",)
    )

    data_dir: Path = Path("var")
    """Recordings, secrets and, when embedded, the servers' data."""

    database_url: str | None = None
    """PostgreSQL; empty: the one of the running embedded instance in ``data_dir``."""

    valkey_url: str | None = None
    """Valkey/Redis; empty: as for ``database_url``."""

    http_host: str = "127.0.0.1"
    http_port: int = 8000

    city: str = "yinchuan"
    cities_dir: Path = PROJECT / "cities"

    build_dir: Path = PROJECT / "build"
    """Things made from our own sources: the trained classifier."""

    classifier: Path | None = None
    """A classifier trained on the city's own history: the file of ``hotline train``, or a folder with leaf.skops and
    type.skops; empty: the built one."""

    examples_dir: Path = PROJECT / "routing" / "examples"

    ticket_prefix: str = "YC"
    """City prefix of ticket numbers (domain.md §2); ``hotline up`` tells telephony the same."""

    session_hours: float = 12.0
    """A signed-in session ends after this long."""

    telephony_url: str | None = None
    """Where the front door takes orders to call somebody (http://…); empty: the unix socket in ``data_dir``."""

    secure_cookies: bool = False
    """Set behind TLS: the session cookie is then sent over HTTPS only."""

    worker_metrics_port: int = 0
    """The worker's Prometheus metrics are on this port of 127.0.0.1; 0: nowhere."""

    late_text_s: float = 600.0
    """A call whose text has not come by then gets a ticket for a person to listen to."""

    @property
    def city_dir(self) -> Path:
        """Folder of the city this instance serves."""
        return self.cities_dir / self.city

    @property
    def internal_secret_file(self) -> Path:
        """Secret of the door between telephony and app."""
        return self.data_dir / "secrets" / "internal"

    @property
    def recordings_dir(self) -> Path:
        """Where telephony puts its WAV files."""
        return self.data_dir / "recordings"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over ``hotline.toml``."""
        return init_settings, env_settings, PyprojectTomlConfigSettingsSource(settings_cls, Path("hotline.toml"))
