"""Settings of the telephony half: from ``hotline.toml`` ([telephony]) and HOTLINE_TELEPHONY_… variables."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
)

_TRUNK = re.compile(r"sip:(?P<host>[0-9.]+)(?::(?P<port>[0-9]{1,5}))?(?:;transport=udp)?")


class TelephonySettings(BaseSettings):
    """One node's telephony. Paths are made below ``data_dir`` unless set."""

    model_config = SettingsConfigDict(
        env_prefix="HOTLINE_TELEPHONY_", extra="ignore", pyproject_toml_table_header=("telephony",)
    )

    data_dir: Path = Path("var")
    """Where recordings, spool, journal and sockets of this node live."""

    run_dir_override: Path | None = Field(default=None, validation_alias="HOTLINE_TELEPHONY_RUN_DIR")
    """Where the unix sockets are when ``<data_dir>/run`` would be too long a path."""

    node: str = "n1"
    """Name of this machine in call events."""

    node_digit: int = Field(default=1, ge=1, le=9)
    """First digit of the ticket numbers this node reserves; 0 is the web side's. Unique among the nodes."""

    ticket_prefix: str = "YC"
    """City prefix of ticket numbers (domain.md §2)."""

    host: str = "127.0.0.1"
    """Public SIP address."""

    sip_port: int = 5060

    line_host: str = "127.0.0.1"
    """Address of the lines' inner SIP and of their RTP: RTP runs straight between the trunk and the line."""

    rtp_port_base: int = 20000
    rtp_port_span: int = 20000
    """RTP ports of the lines: [base, base + span)."""

    allow: list[IPv4Network] = [IPv4Network("127.0.0.0/8")]
    """Source networks that may talk SIP to us; everything else is dropped silently."""

    digest_user: str | None = None
    digest_password: SecretStr | None = None
    """When set, INVITEs must authenticate (digest MD5 or SHA-256)."""

    digest_realm: str = "hotline"

    hotline_number: str = Field(default="12345", pattern="^[0-9]{3,20}$")
    """What citizens we call are shown."""

    trunk_uri: str | None = None
    """Where calls of ours go, e.g. ``sip:10.0.0.5:5060`` (UDP, by address: no names are looked up). None: we place
    none."""

    trunk_user: str | None = None
    trunk_password: SecretStr | None = None
    """For a trunk that asks for digest authentication."""

    ring_s: float = Field(default=30.0, gt=0, le=30)
    """So long we let it ring. No longer: a line gives up 32 s after it has offered its session (64·T1, RFC 3261)."""

    no_progress_s: float = Field(default=8.0, gt=0)
    """A trunk that has answered nothing by then is not there."""

    max_placed: int = Field(default=20, ge=0)
    """Calls of ours at once: citizens who call in need the other lines."""

    orders_host: str = "127.0.0.1"
    orders_port: int | None = None
    """Where orders of a ticket side on another machine come in (TCP); besides, always on the unix socket."""

    max_lines: int = 120
    """Conversations at once; one more INVITE gets 503 with Retry-After."""

    spare_lines: int = 4
    """Lines kept ready before they are needed."""

    rate_per_source: float = 100.0
    """New requests a second one source may send before it is answered 503 / dropped."""

    max_call_s: float = 3600.0
    """A call longer than this is ended by us."""

    rtp_silence_s: float = 30.0
    """A citizen whose RTP has stopped for this long is taken as gone."""

    held_silence_s: float = 600.0
    """The same for a citizen who has put us on hold: then no RTP need come."""

    prompts_dir: Path = Path(__file__).resolve().parent.parent / "cities" / "yinchuan" / "prompts"
    """The city's spoken prompts (WAV, 8 kHz 16-bit mono)."""

    app_url: str = "http://127.0.0.1:8000"
    """Where call events are delivered."""

    app_secret_file: Path | None = None
    """File with the secret of the internal door; default ``<data_dir>/secrets/internal``."""

    scribe_workers: int = 1
    """Recogniser workers (one thread each)."""

    scribe_model: str = "embedded"
    """"embedded" (the base model from the wheels), or a CTranslate2 Whisper by path or name."""

    phrases: list[Path] = [
        Path(__file__).resolve().parent.parent / "routing" / "examples",
        Path(__file__).resolve().parent.parent / "cities" / "yinchuan" / "places.csv",
    ]
    """CSV files (or folders of them) with sentences and names as people here say them (columns ``text``, ``name``):
    misheard characters are put right by them. Empty: texts stay as recognised."""

    build_dir: Path = Path(__file__).resolve().parent.parent / "build"
    """Where the embedded speech model is put together."""

    @field_validator("trunk_uri")
    @classmethod
    def _is_trunk(cls, value: str | None) -> str | None:
        found = None if not value else _TRUNK.fullmatch(value)
        if value and (found is None or not 0 < int(found["port"] or 5060) < 65536):
            raise ValueError("应为 sip:IPv4地址[:端口]")
        if found is not None:
            IPv4Address(found["host"])
        return value or None

    @property
    def trunk(self) -> tuple[str, int] | None:
        """Address and port of ``trunk_uri``."""
        found = _TRUNK.fullmatch(self.trunk_uri or "")
        return None if found is None else (found["host"], int(found["port"] or 5060))

    @property
    def recogniser_prompt_file(self) -> Path:
        """What the recogniser is told of the city (optional): beside the spoken prompts."""
        return self.prompts_dir.parent / "recogniser_prompt.txt"

    @property
    def guarded_words_file(self) -> Path:
        """Words of danger (column ``phrase``, optional): never put into a text by correction."""
        return self.prompts_dir.parent / "emergency_words.csv"

    @property
    def recordings_dir(self) -> Path:
        return self.data_dir / "recordings"

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"

    @property
    def journal_dir(self) -> Path:
        return self.data_dir / "journal"

    @property
    def run_dir(self) -> Path:
        """Unix sockets; ``HOTLINE_TELEPHONY_RUN_DIR`` moves them, as their paths are limited to 107 bytes."""
        return self.run_dir_override or self.data_dir / "run"

    @property
    def secret_file(self) -> Path:
        return self.app_secret_file or self.data_dir / "secrets" / "internal"

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
