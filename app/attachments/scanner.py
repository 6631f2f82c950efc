"""Looking for viruses: the hook, and clamd behind it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from models.workflow_codes import ScanState

_BLOCK = 64 * 1024
_LONGEST_REPLY = 4096


class ScannerDownError(Exception):
    """The scanner does not answer, or does not say what it found. Come again later."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``found``: what the scanner calls it."""

    state: ScanState
    found: str = ""


class Scanner(Protocol):
    """Says what is in a file."""

    async def scan(self, path: Path) -> Verdict:
        """ScannerDownError: nobody knows."""
        ...


class NoScanner:
    """Nobody looks."""

    async def scan(self, path: Path) -> Verdict:  # noqa: ARG002  (the hook's form)
        """Not scanned."""
        return Verdict(ScanState.NOT_SCANNED)


class Clamd:
    """ClamAV's daemon, by its INSTREAM command: works also where it cannot read our folder."""

    def __init__(self, address: str, timeout_s: float) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"tcp", "unix"} or not (parts.path if parts.scheme == "unix" else parts.port):
            raise ValueError("HOTLINE_ATTACHMENT_CLAMD 应为 unix:///路径 或 tcp://主机:端口")
        self._parts, self._timeout_s = parts, timeout_s

    async def scan(self, path: Path) -> Verdict:
        """ScannerDownError: nobody knows."""
        try:
            async with asyncio.timeout(self._timeout_s):
                reply = await self._ask(path)
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
            raise ScannerDownError(type(error).__name__) from error
        text = reply.decode("utf-8", "replace").strip("\0\n ").removeprefix("stream: ")
        if text == "OK":
            return Verdict(ScanState.CLEAN)
        if text.endswith(" FOUND"):
            return Verdict(ScanState.INFECTED, text.removesuffix(" FOUND"))
        raise ScannerDownError(text[:100])

    async def _ask(self, path: Path) -> bytes:
        reader, writer = await self._open()
        try:
            writer.write(b"zINSTREAM\0")
            with path.open("rb") as file:
                while block := await asyncio.to_thread(file.read, _BLOCK):
                    writer.write(len(block).to_bytes(4, "big") + block)
                    await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            return await reader.readuntil(b"\0")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._parts.scheme == "unix":
            return await asyncio.open_unix_connection(self._parts.path, limit=_LONGEST_REPLY)
        return await asyncio.open_connection(self._parts.hostname, self._parts.port, limit=_LONGEST_REPLY)


def scanner_of(address: str | None, timeout_s: float) -> Scanner:
    """ValueError: an address that is none."""
    return Clamd(address, timeout_s) if address else NoScanner()
