"""Runs the processes of one node in the foreground: starts them in order, restarts what dies, stops them in reverse."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from app.embedded.logs import rotate
from app.embedded.users import as_user

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    """In the child: be told to stop when the supervisor is killed, so that nothing is left behind."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Service:
    """A process to keep running. ``ready`` waits until it serves; its output is appended to ``log_file``."""

    name: str
    command: Sequence[str]
    log_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    ready: Callable[[], Awaitable[None]] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_s: float = 15.0
    restarts: int = 0
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Fork it and wait until it is ready (errors of ``ready`` pass through)."""
        with self.log_file.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
                start_new_session=True,
                preexec_fn=_die_with_parent,
                **as_user(self.user),
            )
        if self.ready is not None:
            await self.ready()

    async def stop(self) -> None:
        """Ask it to stop; kill it when it doesn't within ``stop_s``."""
        process = self.process
        if process is None or process.returncode is not None:
            return
        process.send_signal(self.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.stop_s)
        except TimeoutError:
            log.warning("service_killed", service=self.name)
            process.kill()
            await process.wait()


class Supervisor:
    """Keeps services running until told to stop."""

    def __init__(
        self,
        *,
        first_delay_s: float = 0.1,
        longest_delay_s: float = 5.0,
        steady_s: float = 30.0,
        log_bytes: int = 20_000_000,
        log_check_s: float = 10.0,
    ) -> None:
        self._services: list[Service] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._first_delay_s = first_delay_s
        self._longest_delay_s = longest_delay_s
        self._steady_s = steady_s
        self._log_bytes = log_bytes
        self._log_check_s = log_check_s

    async def start(self, service: Service) -> None:
        """Start a service and keep it running from now on."""
        if not self._services:
            self._keepers.append(asyncio.create_task(self._keep_logs_small(), name="keep logs small"))
        rotate(service.log_file, self._log_bytes)
        self._services.append(service)  # before it is ready: one that never gets so must be stopped as well
        await service.start()
        log.info("service_started", service=service.name, pid=service.process.pid if service.process else None)
        self._keepers.append(asyncio.create_task(self._keep(service), name=f"keep {service.name}"))

    async def _keep(self, service: Service) -> None:
        delay = self._first_delay_s
        loop = asyncio.get_running_loop()
        while not self._stopping:
            started = loop.time()
            if service.process is None:
                return
            code = await service.process.wait()
            if self._stopping:
                return
            delay = self._first_delay_s if loop.time() - started > self._steady_s else delay
            log.warning("service_died", service=service.name, code=code, restart_in_s=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, self._longest_delay_s)
            service.restarts += 1
            try:
                await service.start()
            except Exception as error:  # noqa: BLE001  (whatever hinders a start, the next try may succeed)
                log.warning("service_not_ready", service=service.name, error=str(error))
            else:
                log.info("service_restarted", service=service.name, pid=service.process.pid)

    async def _keep_logs_small(self) -> None:
        while not self._stopping:
            await asyncio.sleep(self._log_check_s)
            for service in self._services:
                try:
                    await asyncio.to_thread(rotate, service.log_file, self._log_bytes)
                except OSError as error:  # the disk is full, perhaps: services go on
                    log.warning("log_not_rotated", service=service.name, error=type(error).__name__)

    async def stop(self) -> None:
        """Stop everything, last started first."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for service in reversed(self._services):
            await service.stop()
            log.info("service_stopped", service=service.name)
