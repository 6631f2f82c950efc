"""The worker's handler of ``send_message``, made of this process' settings."""

from __future__ import annotations

import asyncio
from functools import cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.clock import utc_now
from app.instance import ensure_secret
from app.jobs.drafting import router
from app.messages.file_gateway import FileGateway
from app.messages.gateway import Gateway
from app.messages.http_gateway import HttpGateway
from app.messages.resting import Resting
from app.messages.sending import Sender
from app.messages.settings import MessageSettings
from app.settings import AppSettings


def gateway_of(settings: MessageSettings, data_dir: Path) -> Gateway:
    """The one the settings name."""
    if settings.gateway == "http":
        assert settings.url is not None  # see the settings' own check
        assert settings.key_id is not None
        assert settings.key is not None
        key = settings.key.get_secret_value().encode()
        return _http_gateway(settings.url, settings.key_id, key, settings.timeout_s)
    return _file_gateway(settings.file or data_dir / "messages" / "sent.jsonl")


@cache
def _file_gateway(path: Path) -> FileGateway:
    """One a file: it remembers what it has read."""
    return FileGateway(path)


@cache
def _http_gateway(url: str, key_id: str, key: bytes, timeout_s: float) -> Resting:
    """One a gateway: it remembers whether it answers."""
    return Resting(HttpGateway(url, key_id, key, timeout_s), utc_now)


def link_secret(settings: AppSettings) -> str:
    """What makes the links' tokens; made when missing."""
    return ensure_secret(settings.data_dir / "secrets" / "links")


async def send_message(sessions: async_sessionmaker[AsyncSession], payload: dict[str, Any]) -> None:
    """See :class:`app.messages.sending.Sender`."""
    settings, ours = AppSettings(), MessageSettings()
    judge = await asyncio.to_thread(router)
    sender = Sender(
        gateway_of(ours, settings.data_dir),
        lambda: judge.book.city.messages,
        ours,
        partial(link_secret, settings),
        utc_now,
    )
    await sender(sessions, payload)
